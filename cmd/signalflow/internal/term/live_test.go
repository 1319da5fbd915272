package term

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// screen is an output that can be looked at while it is written to.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// run shows a table while use changes it, and returns what went to the terminal.
func run(t *testing.T, environ []string, use func(l *Live)) (*Live, string, error) {
	t.Helper()
	var out screen
	l := NewLive(Options{Out: &out, Environ: environ, Title: "this machine's metrics"})
	ended := make(chan error)
	go func() { ended <- l.Run() }()
	use(l)
	err := <-ended
	return l, out.String(), err
}

var colour = regexp.MustCompile(`\x1b\[[0-9;]*(3[0-7]|38;[25])[0-9;]*m`)

func TestLive(t *testing.T) {
	cpu := &Series{Label: "cpu", Dimensions: "host=web-1"}
	use := func(l *Live) {
		l.Notice("one of the inputs is limited")
		for i := range 5 {
			l.Points([]Point{{cpu, start.Add(0), float64(i)}, {&Series{Label: "gone", Dimensions: ""}, start, 1}})
		}
		l.Stop()
	}
	for name, tt := range map[string]struct {
		environ  []string
		coloured bool
	}{
		"colours":  {[]string{"TERM=xterm-256color", "CLICOLOR_FORCE=1"}, true},
		"NO_COLOR": {[]string{"TERM=xterm-256color", "NO_COLOR=1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l, frame, err := run(t, tt.environ, use)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"this machine's metrics", "cpu", "host=web-1", "one of the inputs", "6 series"} {
				if !strings.Contains(frame, want) {
					t.Errorf("%q is not on the screen: %q", want, frame)
				}
			}
			if got := colour.MatchString(frame); got != tt.coloured {
				t.Errorf("colours: %v, want %v in %q", got, tt.coloured, frame)
			}
			final := l.Final(40, 10)
			if !strings.Contains(final, "cpu") || strings.Contains(final, "\x1b") {
				t.Errorf("the table that stays is %q", final)
			}
		})
	}
}

func TestLiveKeys(t *testing.T) {
	key := func(l *Live, code rune, mod tea.KeyMod) {
		l.program.Send(tea.KeyPressMsg{Code: code, Text: string(code), Mod: mod})
	}
	_, _, err := run(t, []string{"TERM=xterm"}, func(l *Live) { key(l, 'q', 0) })
	if err != nil {
		t.Errorf("q: %v", err)
	}
	_, _, err = run(t, []string{"TERM=xterm"}, func(l *Live) {
		l.program.Send(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
	})
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("Ctrl-C: %v, want ErrInterrupted", err)
	}
}

// A paused table stands still, takes a new size, and goes on with all values.
func TestPause(t *testing.T) {
	m := &model{table: newTable(), title: "t", width: 80, height: 24, keys: true}
	cpu := &Series{Label: "cpu", Dimensions: ""}
	m.Update([]Point{{cpu, start, 1}})
	m.key("p")
	before := m.View().Content
	if !strings.Contains(before, "paused") {
		t.Errorf("a paused table does not say so:\n%s", before)
	}
	m.Update([]Point{{cpu, start, 42}})
	if got := m.View().Content; got != before {
		t.Errorf("a paused table moves:\n%s", got)
	}
	m.Update(tea.WindowSizeMsg{Width: 40, Height: 10})
	checkFits(t, m.View().Content, 40, 10)
	m.key("p")
	if got := m.View().Content; !strings.Contains(got, "42") {
		t.Errorf("the value that came meanwhile is missing:\n%s", got)
	}
}

// Nothing blocks on a table that has ended.
func TestChangesAfterTheEnd(t *testing.T) {
	l, _, err := run(t, []string{"TERM=xterm"}, func(l *Live) { l.Stop() })
	if err != nil {
		t.Fatal(err)
	}
	l.Points([]Point{{&Series{Label: "cpu", Dimensions: ""}, start, 1}})
	l.Notice("late")
	l.Expired(&Series{})
	l.Stop()
}
