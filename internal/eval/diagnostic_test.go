package eval

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

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

// Check goes on behind a mistake with what does not depend on it, and tells each once.
func TestCheckGoesOn(t *testing.T) {
	library := NewLibrary(fstest.MapFS{
		"m.flow":   {Data: []byte("def f(x):\n    assert x > 5, 'too small'\n    return x.nope()")},
		"bad.flow": {Data: []byte("a = 1 +\nb = (")},
	})
	for _, tc := range []struct{ program, want string }{
		{"a = data('a').maen()\nb = a.sum().nope()\nc = [b]\ndata('d').maen()", "1:15 4:11"},
		{"a, b = data('a').maen()\nx = a\ny = b + x\ndata(5)", "1:18 4:6"},
		{"if len(5) > 1:\n    a = 1\nelse:\n    b = 2\na + b + 'x'\ndata(5)", "1:8 6:6"},
		{"def f(x=len(5)): return x\nf()\nf(1)\ndata(5)", "1:13 4:6"},
		{"def f(): return data('a').maen()\nf()\nf()\ndata(5)", "1:27 4:6"},
		{"def f(): return a\na = len(5)\nf()\ndata(5)", "2:9 4:6"},
		{"a = unknown\nb = a.nope()\na2 = 1\na2 = 2\na2.nope()", "1:5 4:1 5:4"},
		{"x = later\nlater = 1\ndata(x)\ndata(later)", "1:5 4:6"},
		{"from m import f\nf(1)\nf(2)\nf(6)\nf(6)", "m.flow 2:12 m.flow 2:12 m.flow 3:14 m.flow 3:14"},
		{"from bad import a\nimport bad\na + 'x'\ndata(5)", "4:6 bad.flow 1:8 bad.flow 2:6"},
		{"from nowhere import *\ndata(anything)\ndata(5)", "1:6"},
		{"import nowhere as n\nn.f().g()\ndata(5)", "1:8 3:6"},
		{"[i for i in range(100000) for j in range(100000)]\ndata(5)", "1:1"},
		{"False and unknown1\nTrue or a\na = len(5)\nx = True or a.b\ny = x.nope()", "3:9 5:7"},
		{"return 5\ndata(5)", "1:1 2:6"},
	} {
		g, all := Check(tc.program, Options{Library: library})
		var got []string
		for _, d := range all {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d:%d", d.File, d.Start.Line, d.Start.Column)))
			if d.Warning || d.Msg == "" {
				t.Errorf("%s\n%+v", tc.program, d)
			}
		}
		if g != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%s\ngot  %s\nwant %s", tc.program, strings.Join(got, " "), tc.want)
		}
		// The first mistake is the one that ends a compilation.
		if _, err := Compile(tc.program, Options{Library: library}); err == nil {
			t.Errorf("%s: it compiles", tc.program)
		}
	}
}

func TestCheckEnds(t *testing.T) {
	if _, all := Check(strings.Repeat("len(5);", 1000), Options{}); len(all) != syntax.MaxErrors {
		t.Errorf("%d mistakes, want %d", len(all), syntax.MaxErrors)
	}
}
