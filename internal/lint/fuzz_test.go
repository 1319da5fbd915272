package lint

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// No text makes a check panic or point outside of it, and what is fixed stays what it was.
func FuzzCheck(f *testing.F) {
	for _, path := range []string{"testdata/findings.flow", "testdata/fine.flow"} {
		_, list := chunks(f, path)
		for _, text := range list {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := program(text)
		for _, g := range p.Guesses {
			if int(g.To) > len(p.Text) {
				return // one mark in another
			}
		}
		fixes := 0
		for _, finding := range Check(p, Options{}) {
			if at := finding.At; at.From < 0 || at.To < at.From || int(at.To) > len(p.Text) || finding.Label >= len(p.Labels) {
				t.Errorf("%s is at %+v of %d bytes", finding.Rule, at, len(p.Text))
			}
			if _, ok := severities[finding.Rule]; !ok {
				t.Errorf("there is no rule %s", finding.Rule)
			}
			fixes += len(finding.Fix)
		}
		if fixes == 0 || len(p.Guesses) > 0 {
			return
		}
		if before, after := meaning(text), meaning(fixed(text)); before != after {
			t.Errorf("%s\nmeans\n%s\nfixed it is\n%s", text, before, after)
		}
	})
}

// Conditions that share their parts are read once, and long ones in time.
func TestHostileConditions(t *testing.T) {
	doubling := "c0 = data('m') > 5\nd0 = data('m') is None\n"
	for i := range 60 {
		doubling += fmt.Sprintf("c%d = c%d and c%d\nd%d = d%d and not d%d or d%d\n", i+1, i, i, i+1, i, i, i)
	}
	doubling += "detect(c60, off=d60).publish('a')\ndetect(d60).publish('b')\n"
	wide := "s = data('m')\ndetect(" + strings.Repeat("s > 1 and s < 5 and ", 900) + "s > 2).publish('a')\n"
	many := "s = data('m')\n"
	for i := range 300 {
		many += fmt.Sprintf("detect(when(s > %d, '%dm')).publish('%d critical')\n", i, i+1, i)
	}
	for name, text := range map[string]string{"doubling": doubling, "wide": wide, "many": many} {
		began := time.Now()
		Check(Program{Text: text}, Options{})
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s takes %v", name, took)
		}
	}
}
