package eval

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

var update = flag.Bool("update", false, "write the expectations of testdata and of docs/language.md")

// chunk is one program of a file, without the lines that begin with "#~ " or "#= ".
type chunk struct {
	line    int // of the file, from 1
	text    string
	program string
}

// chunks reads a file of programs with lines "---" between them, and what stands before
// the first of these lines.
func chunks(t testing.TB, path string) (head string, list []chunk) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(data), "---\n")
	line := 2 + strings.Count(head, "\n")
	for _, part := range strings.Split(strings.TrimSuffix(rest, "\n"), "\n---\n") {
		var program []string
		for _, l := range strings.Split(part, "\n") {
			if !strings.HasPrefix(l, "#~ ") && !strings.HasPrefix(l, "#= ") {
				program = append(program, l)
			}
		}
		list = append(list, chunk{line, part, strings.Join(program, "\n")})
		line += 2 + strings.Count(part, "\n")
	}
	return head, list
}

// golden compares each chunk of a file with what write makes of its program.
func golden(t *testing.T, path string, write func(t *testing.T, program string) string) {
	head, list := chunks(t, path)
	var texts []string
	for _, c := range list {
		got := write(t, c.program)
		if !*update && got != c.text {
			t.Errorf("%s:%d: got\n%s\nwant\n%s", path, c.line, got, c.text)
		}
		texts = append(texts, got)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+"---\n"+strings.Join(texts, "\n---\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGraphs(t *testing.T) {
	golden(t, "testdata/graphs.flow", func(t *testing.T, program string) string {
		g, err := Compile(program, Options{})
		if err != nil {
			t.Errorf("%s\n%v", program, err)
			return program
		}
		text := program
		for line := range strings.Lines(g.String()) {
			text += "\n#= " + strings.TrimSuffix(line, "\n")
		}
		return text
	})
}

func TestErrors(t *testing.T) {
	golden(t, "testdata/errors.flow", func(t *testing.T, program string) string {
		_, err := Compile(program, Options{})
		var all syntax.Errors
		if !errors.As(err, &all) {
			t.Errorf("%s\nis accepted", program)
		}
		var lines []string
		for n, l := range strings.Split(program, "\n") {
			lines = append(lines, l)
			for _, e := range all {
				if e.Start.Line == n+1 {
					lines = append(lines, fmt.Sprintf("#~ %d %s: %s", e.Start.Column, e.Kind, e.Message()))
				}
			}
		}
		return strings.Join(lines, "\n")
	})
}
