package eval

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// Programs that compile, with the warnings that Check gives.
func TestWarnings(t *testing.T) {
	rules := map[string]bool{}
	golden(t, "testdata/warnings.flow", func(t *testing.T, program string) string {
		g, all := Check(program, Options{MaxLength: -1})
		if g == nil {
			t.Errorf("%s\n%v", program, all)
		}
		var lines []string
		for n, l := range strings.Split(program, "\n") {
			lines = append(lines, l)
			for _, d := range all {
				if d.Start.Line == n+1 {
					rules[d.Rule] = true
					lines = append(lines, fmt.Sprintf("#~ %d %s: %s", d.Start.Column, d.Rule, d.Message()))
				}
				if !d.Warning || d.End == (syntax.Position{}) || d.Text != strings.Split(program, "\n")[d.Start.Line-1] {
					t.Errorf("%s\n%+v", program, d)
				}
			}
		}
		return strings.Join(lines, "\n")
	})
	for _, rule := range Rules {
		if !rules[rule] {
			t.Errorf("no program breaks the rule %s", rule)
		}
	}
}

// With StrictLimits the warnings of limits are errors, and only these.
func TestStrictLimits(t *testing.T) {
	_, list := chunks(t, "testdata/warnings.flow")
	limits := 0
	for _, c := range list {
		_, err := Compile(c.program, Options{StrictLimits: true})
		var e *syntax.Error
		if limited := strings.Contains(c.text, " limit: "); limited != errors.As(err, &e) {
			t.Errorf("line %d: %v", c.line, err)
		} else if limited {
			limits++
			if g, all := Check(c.program, Options{StrictLimits: true}); g != nil || all[0].Warning || all[0].Rule != "limit" || e.Kind != syntax.LimitError {
				t.Errorf("line %d: %v", c.line, all)
			}
		}
	}
	if limits < 5 {
		t.Errorf("only %d programs exceed a limit", limits)
	}
}

// A program longer than the service takes is refused, and with no limit on its length
// warned of.
func TestLength(t *testing.T) {
	program := strings.Repeat("#", DefaultMaxLength+1)
	if _, err := Compile(program, Options{}); err == nil {
		t.Error("a long program is accepted")
	}
	g, all := Check(program, Options{MaxLength: -1})
	if g == nil || len(all) != 1 || all[0].Rule != RuleLimit || !strings.Contains(all[0].Msg, "50001 characters") {
		t.Errorf("%v %v", g, all)
	}
}

// Check returns errors and warnings in the order of the text.
func TestCheckOrder(t *testing.T) {
	g, all := Check("data('m').stream('a')\ndata('m').avg()\n", Options{Name: "p.flow"})
	if g != nil || len(all) != 2 || !all[0].Warning || all[0].Rule != RuleDeprecated || all[1].Warning || all[1].Rule != "name" || all[1].File != "p.flow" {
		t.Errorf("%v %v", g, all)
	}
	if _, all = Check("data('m'\nx = = 5", Options{}); len(all) == 0 || all[0].Rule != "syntax" {
		t.Errorf("%v", all)
	}
}
