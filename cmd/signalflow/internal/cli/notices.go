package cli

import (
	"fmt"
	"io"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/term"
)

// notices tells a person what is not data. They are for one goroutine.
type notices struct {
	w     io.Writer
	quiet bool
	live  *term.Live // shows them while it runs
	held  []string   // said meanwhile; printed when it has ended
	said  map[string]bool
}

// maxNotices bounds what is remembered: beyond it nothing more is said.
const maxNotices = 200

// warn says what may be wrong.
func (n *notices) warn(text string) { n.say("warning: " + text) }

// say prints a line, once: information is repeated on the wire.
func (n *notices) say(text string) {
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

// resume prints what was said while a live table ran.
func (n *notices) resume() {
	n.live = nil
	for _, text := range n.held {
		fmt.Fprintln(n.w, text)
	}
	n.held = nil
}
