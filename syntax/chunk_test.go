package syntax_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

var update = flag.Bool("update", false, "write the expectations of testdata")

// chunk is one program of a file, with the lines "#~ ..." that stood in it.
type chunk struct {
	line    int // of the file, from 1
	program string
	want    []string // behind "#~ ", each with the line of the program before it
}

// chunks reads a file of programs with lines "---" between them. What stands before the
// first of these lines is a comment, and returned as such.
func chunks(t testing.TB, path string) (head string, list []chunk) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(data), "---\n")
	line := 2 + strings.Count(head, "\n")
	for _, part := range strings.Split(strings.TrimSuffix(rest, "\n"), "\n---\n") {
		c := chunk{line: line}
		var program []string
		for _, l := range strings.Split(part, "\n") {
			if want, ok := strings.CutPrefix(l, "#~ "); ok {
				c.want = append(c.want, fmt.Sprintf("%d:%s", len(program), want))
			} else {
				program = append(program, l)
			}
		}
		c.program = strings.Join(program, "\n")
		list = append(list, c)
		line += 2 + strings.Count(part, "\n")
	}
	return head, list
}

// expectation returns an error in the form of chunk.want.
func expectation(e *syntax.Error) string {
	return fmt.Sprintf("%d:%d %s", e.Start.Line, e.Start.Column, e.Message())
}

// updated returns the text of a file with the expectations given for each chunk.
func updated(head string, list []chunk, want [][]string) string {
	var parts []string
	for i, c := range list {
		var lines []string
		for n, l := range strings.Split(c.program, "\n") {
			lines = append(lines, l)
			for _, w := range want[i] {
				if rest, ok := strings.CutPrefix(w, fmt.Sprintf("%d:", n+1)); ok {
					lines = append(lines, "#~ "+rest)
				}
			}
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	return head + "---\n" + strings.Join(parts, "\n---\n") + "\n"
}

func TestErrors(t *testing.T) {
	const path = "testdata/errors.flow"
	head, list := chunks(t, path)
	got := make([][]string, len(list))
	for i, c := range list {
		_, err := syntax.Parse("", c.program)
		var all syntax.Errors
		if !errors.As(err, &all) {
			t.Errorf("%s:%d: accepted", path, c.line)
			continue
		}
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
