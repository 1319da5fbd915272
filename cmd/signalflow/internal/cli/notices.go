package cli

import (
	"fmt"
	"io"
	"sync"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/term"
)

// notices tells a person what is not data. Its methods may be called concurrently.
type notices struct {
	w     io.Writer
	quiet bool

	mu   sync.Mutex
	live *term.Live // shows them while it runs
	held []string   // said meanwhile; printed when it has ended
	said map[string]bool
}

// maxNotices bounds what is remembered: beyond it nothing more is said.
const maxNotices = 200

// warn says what may be wrong.
func (n *notices) warn(text string) { n.say("warning: " + text) }

// say prints a line, once: information is repeated on the wire.
func (n *notices) say(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.quiet || n.said[text] || len(n.said) >= maxNotices {
		return
	}
	if n.said == nil {
		n.said = make(map[string]bool)
	}
	n.said[text] = true
	text = printable(text)
	if n.live != nil {
		n.live.Notice(text)
		n.held = append(n.held, text)
		return
	}
	fmt.Fprintln(n.w, text)
}

// showIn sends what is said to a live table that is about to run, until resume.
func (n *notices) showIn(live *term.Live) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live = live
}

// resume prints what was said while a live table ran.
func (n *notices) resume() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live = nil
	for _, text := range n.held {
		fmt.Fprintln(n.w, text)
	}
	n.held = nil
}
