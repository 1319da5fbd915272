package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signalfx/signalflow-client-go/internal/eval"
)

// fixed returns a program with all fixes made.
func fixed(text string) string {
	var edits []Edit
	for _, f := range Check(program(text), Options{}) {
		edits = append(edits, f.Fix...)
	}
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Or(int(b.From-a.From), int(a.To-b.To)) })
	end := pos(len(text))
	for _, e := range edits {
		if e.To > end {
			continue // one in another
		}
		end = e.From
		text = text[:e.From] + e.New + text[e.To:]
	}
	return text
}

// meaning returns the graph of a program without the places.
func meaning(text string) string {
	g, err := eval.Compile(text, eval.Options{})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for line := range strings.Lines(g.String()) {
		line, _, _ = strings.Cut(line, "  # ")
		b.WriteString(line + "\n")
	}
	return b.String()
}

func TestFixes(t *testing.T) {
	for before, after := range map[string]string{
		"data('m').stream('a')":                                        "data('m').publish('a')",
		"data('m') . stream (label='a')":                               "data('m') . publish (label='a')",
		"def f(s):\n    return s.stream()\nf(data('m'))\nf(data('n'))": "def f(s):\n    return s.publish()\nf(data('m'))\nf(data('n'))",
		"data('m').map(lambda x: 0 < x < 5).publish()":                 "data('m').map(lambda x: 0 < x and x < 5).publish()",
		"data('m').map(lambda x: 1 if 0 < x <= 5 else 2).publish()":    "data('m').map(lambda x: 1 if (0 < x and x <= 5) else 2).publish()",
		"s = data('m')\n(not 0 < s < 5 < 7).publish()":                 "s = data('m')\n(not (0 < s and s < 5 and 5 < 7)).publish()",
		"s = data('m')\n(0 < s.stream('a') < 5).publish()":             "s = data('m')\n(0 < s.publish('a') < 5).publish()",
		// What would be written twice is not simple, or a comment could be lost.
		"(0 < data('m') < 5).publish()":           "(0 < data('m') < 5).publish()",
		"s = data('m')\n(0 <\n  s < 5).publish()": "s = data('m')\n(0 <\n  s < 5).publish()",
	} {
		got := fixed(before)
		if got != after {
			t.Errorf("%s\nfixed is\n%s\nwant\n%s", before, got, after)
		}
		if _, err := eval.Compile(got, eval.Options{}); err != nil {
			t.Errorf("%s\n%v", got, err)
		}
		if a, b := meaning(before), meaning(got); a != b {
			t.Errorf("%s\nmeans\n%s\nfixed it is\n%s", before, a, b)
		}
	}
}

// What is wrong with a module is said where the program comes to it; what a module does is
// its own business.
func TestModules(t *testing.T) {
	library := eval.NewLibrary(fstest.MapFS{
		"acme/__init__.flow": {},
		"acme/bad.flow":      {Data: []byte("def f(s):\n    return s.maen()\n")},
		"acme/broken.flow":   {Data: []byte("x = (1\n")},
		"acme/good.flow":     {Data: []byte("def f(s):\n    u = s.mean(over=5)\n    detect(s > 5)\n    return s.stream('x')\n")},
	})
	for text, want := range map[string]string{
		"from acme import bad\nbad.f(data('m')).publish()": "2:5 error: stream has no method 'maen', in acme/bad.flow line 2:14 (did you mean 'mean'?) [name]",
		"from acme import broken\nbroken.x":                "1:18 error: ",
		"from acme import good\ngood.f(data('m'))":         "",
		"from acme import god\ngod.f(data('m'))":           "1:18 error: module 'acme' has no name 'god' (did you mean 'good'?) [name]",
	} {
		got := ""
		p := Program{Text: text, AllLabels: true}
		for _, f := range Check(p, Options{Library: library}) {
			at := newSource(text).Position(f.At.From)
			got += fmt.Sprintf("%d:%d %s: %s [%s]\n", at.Line, at.Column, f.Severity, f.Message(), f.Rule)
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" || strings.Count(got, "\n") > 1 {
			t.Errorf("%s\ngot\n%s\nwant\n%s", text, got, want)
		}
	}
}

// The limits of the service are warnings, and errors when they are to be kept.
func TestLimits(t *testing.T) {
	for _, text := range []string{
		"[data('m').scale(i).publish() for i in range(501)]",
		"data('m').publish()\n# " + strings.Repeat("x", 50_000),
	} {
		for strict, severity := range map[bool]Severity{false: Warning, true: Error} {
			list := Check(Program{Text: text}, Options{StrictLimits: strict})
			if len(list) != 1 || list[0].Rule != "limit" || list[0].Severity != severity {
				t.Errorf("%.40s… strict %v: %v", text, strict, list)
			}
		}
	}
}
