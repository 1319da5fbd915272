package lint

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is found into testdata")

// program reads a program whose first line may tell its surroundings:
//
//	# detector: CRIT=Critical, MAJ=Major
//	# chart: cpu
//	# slo: good, total
//
// A label "?" is one that is not known, and "..." tells that there may be more. A value
// <name=text> in the program is a guess.
func program(text string) Program {
	p := Program{AllLabels: true}
	first, _, _ := strings.Cut(text, "\n")
	kind, labels, ok := strings.Cut(strings.TrimPrefix(first, "# "), ":")
	kinds := map[string]Kind{"detector": Detector, "chart": Chart, "slo": SLO}
	if k, known := kinds[kind]; ok && known {
		p.Kind = k
		for part := range strings.SplitSeq(labels, ",") {
			label, severity, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch label {
			case "":
			case "...":
				p.AllLabels = false
			default:
				p.Labels = append(p.Labels, Label{Text: label, Known: label != "?", Severity: severity})
			}
		}
	}
	p.Text = text
	p.guess()
	return p
}

// guess takes the marks of guesses out of the text.
func (p *Program) guess() {
	for {
		before, rest, ok := strings.Cut(p.Text, "<<")
		mark, after, closed := strings.Cut(rest, ">>")
		name, value, named := strings.Cut(mark, "=")
		if !ok || !closed || !named {
			return
		}
		g := Guess{Name: name}
		g.From = pos(len(before))
		g.To = pos(len(before) + len(value))
		p.Guesses = append(p.Guesses, g)
		p.Text = before + value + after
	}
}

// chunks returns the programs of a file, with lines of three dashes between them.
func chunks(t testing.TB, path string) (head string, list []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(data), "---\n")
	return head, strings.Split(strings.TrimSuffix(rest, "\n"), "\n---\n")
}

// annotate writes the findings below the lines that they are about, those about labels at
// the end.
func annotate(text string) string {
	var out []string
	p := program(text)
	findings := Check(p, Options{})
	c := &check{}
	c.src = newSource(p.Text)
	for n, line := range strings.Split(text, "\n") {
		out = append(out, line)
		for _, f := range findings {
			if at := c.src.Position(f.At.From); f.Label < 0 && at.Line == n+1 {
				out = append(out, fmt.Sprintf("#~ %d %s: %s [%s]", at.Column, f.Severity, f.Message(), f.Rule))
			}
		}
	}
	for _, f := range findings {
		if f.Label >= 0 {
			out = append(out, fmt.Sprintf("#~ label %d %s: %s [%s]", f.Label+1, f.Severity, f.Message(), f.Rule))
		}
	}
	return strings.Join(out, "\n")
}

func TestFindings(t *testing.T) {
	const path = "testdata/findings.flow"
	head, list := chunks(t, path)
	var texts []string
	for _, want := range list {
		var lines []string
		for line := range strings.SplitSeq(want, "\n") {
			if !strings.HasPrefix(line, "#~ ") {
				lines = append(lines, line)
			}
		}
		got := annotate(strings.Join(lines, "\n"))
		if got != want && !*update {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		texts = append(texts, got)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+"---\n"+strings.Join(texts, "\n---\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Programs that look like mistakes and are none, at least one for each rule: the line
// "#= RULE, RULE" tells for which.
func TestNoFalsePositives(t *testing.T) {
	_, list := chunks(t, "testdata/fine.flow")
	covered := map[string]bool{}
	defer func() {
		for _, r := range Rules {
			if !covered[r.Name] && r.Name != "file" {
				t.Errorf("no program looks like a mistake to %s and is none", r.Name)
			}
		}
	}()
	for _, text := range list {
		var lines []string
		for line := range strings.SplitSeq(text, "\n") {
			if names, ok := strings.CutPrefix(line, "#= "); ok {
				for name := range strings.SplitSeq(names, ", ") {
					covered[name] = true
				}
				continue
			}
			lines = append(lines, line)
		}
		p := program(strings.Join(lines, "\n"))
		for _, f := range Check(p, Options{}) {
			if f.Severity > Info {
				t.Errorf("%s\n%s: %s [%s]", text, f.Severity, f.Message(), f.Rule)
			}
		}
	}
}
