package syntax_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

var update = flag.Bool("update", false, "write the expectations of testdata")

// chunk is one program of a file, with the lines "#~ ..." that stood in it.
type chunk struct {
	line    int    // of the file, from 1
	label   string // behind the dashes: the productions of language.md 1.9 that it is about
	program string
	want    []string // behind "#~ ", each with the line of the program before it
}

// chunks reads a file of programs. A line of three dashes, with a label or without, stands
// before each; what stands before the first of them is a comment.
func chunks(t testing.TB, path string) (head string, list []chunk) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var program []string
	end := func() {
		if len(list) > 0 {
			list[len(list)-1].program = strings.Join(program, "\n")
		} else {
			head = strings.Join(program, "\n")
		}
		program = nil
	}
	for i, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if label, ok := strings.CutPrefix(l, "---"); ok {
			end()
			list = append(list, chunk{line: i + 2, label: strings.TrimSpace(label)})
		} else if want, ok := strings.CutPrefix(l, "#~ "); ok {
			c := &list[len(list)-1]
			c.want = append(c.want, fmt.Sprintf("%d:%s", len(program), want))
		} else {
			program = append(program, l)
		}
	}
	end()
	return head, list
}

// expectation returns an error in the form of chunk.want.
func expectation(e *syntax.Error) string {
	return fmt.Sprintf("%d:%d %s", e.Start.Line, e.Start.Column, e.Message())
}

// updated returns the text of a file with the expectations given for each chunk.
func updated(head string, list []chunk, want [][]string) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i, c := range list {
		b.WriteString(strings.TrimSpace("--- "+c.label) + "\n")
		for n, l := range strings.Split(c.program, "\n") {
			b.WriteString(l + "\n")
			for _, w := range want[i] {
				if rest, ok := strings.CutPrefix(w, fmt.Sprintf("%d:", n+1)); ok {
					b.WriteString("#~ " + rest + "\n")
				}
			}
		}
	}
	return b.String()
}

// Every production of language.md 1.9 has programs that break it and programs that use it.
func TestEveryProduction(t *testing.T) {
	data, err := os.ReadFile("../docs/spec/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n### 1.9 ")
	_, grammar, _ := strings.Cut(section, "\n```\n")
	grammar, _, _ = strings.Cut(grammar, "\n```\n")
	known := map[string]bool{}
	for _, l := range strings.Split(grammar, "\n") {
		if name, _, ok := strings.Cut(l, "="); ok && name != "" && name[0] != ' ' {
			known[strings.TrimSpace(name)] = true
		}
	}
	if len(known) != 55 {
		t.Errorf("the grammar has %d productions, not 55: is it read right?", len(known))
	}
	for _, path := range []string{"testdata/errors.flow", "testdata/accepted.flow"} {
		missing := maps.Clone(known)
		_, list := chunks(t, path)
		for _, c := range list {
			for _, name := range strings.Fields(c.label) {
				delete(missing, name)
				if !known[name] && !strings.HasPrefix(name, "1.") {
					t.Errorf("%s:%d: there is no production %s", path, c.line, name)
				}
			}
		}
		for name := range missing {
			t.Errorf("%s has no program for the production %s", path, name)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, path := range []string{"testdata/errors.flow", "testdata/recover.flow"} {
		head, list := chunks(t, path)
		got := make([][]string, len(list))
		for i, c := range list {
			file, err := syntax.Parse("", c.program)
			if c.label == "expression_unit" {
				_, err = syntax.ParseExpr("", c.program)
			}
			var all syntax.Errors
			if !errors.As(err, &all) {
				t.Errorf("%s:%d: accepted", path, c.line)
				continue
			}
			checkSpans(t, file)
			for _, e := range all {
				got[i] = append(got[i], expectation(e))
				if e.Kind != syntax.SyntaxError {
					t.Errorf("%s:%d: %s is a %s error", path, c.line, e, e.Kind)
				}
			}
			if !*update && strings.Join(got[i], "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s:%d: got\n%s\nwant\n%s", path, c.line, strings.Join(got[i], "\n"), strings.Join(c.want, "\n"))
			}
		}
		if *update {
			if err := os.WriteFile(path, []byte(updated(head, list, got)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAccepted(t *testing.T) {
	const path = "testdata/accepted.flow"
	_, list := chunks(t, path)
	for _, c := range list {
		for _, end := range []string{"", "\n"} {
			for _, terminator := range []string{"\n", "\r", "\r\n"} {
				program := strings.ReplaceAll(c.program+end, "\n", terminator)
				file, err := syntax.Parse("", program)
				if err != nil {
					t.Errorf("%s:%d, line ends %q: %v", path, c.line, terminator, err)
					break
				}
				checkSpans(t, file)
			}
		}
	}
}
