package eval

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// hang is what a compilation may take at most: the budget is spent in a third of a second on
// an idle machine. Fuzzing leaves none idle, so what is slow gets two more goes.
const hang = time.Second

// FuzzEval compiles a program and a module that the program can import: whatever they are,
// there is a graph or an error that can be shown, within the budget.
func FuzzEval(f *testing.F) {
	for _, path := range []string{"testdata/graphs.flow", "testdata/errors.flow", "testdata/values.flow", "testdata/core_graphs.flow", "testdata/core_errors.flow"} {
		_, list := chunks(f, path)
		for _, c := range list {
			f.Add(c.program, "a = 1")
		}
	}
	library := os.DirFS("testdata/library")
	err := fs.WalkDir(library, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(library, path)
		f.Add("from m import *\nimport acme.limits\nfrom p import m", string(text))
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, program, module string) {
		given := NewLibrary(fstest.MapFS{
			"m.flow":          {Data: []byte(module)},
			"p/__init__.flow": {},
			"p/m.flow":        {Data: []byte(module)},
		}, library)
		var before, after runtime.MemStats
		var g *graph.Graph
		var err error
		took := hang
		for n := 0; n < 3 && took >= hang; n++ {
			runtime.ReadMemStats(&before)
			start := time.Now()
			g, err = Compile(program, Options{Library: given})
			took = time.Since(start)
			runtime.ReadMemStats(&after)
		}
		if took >= hang {
			t.Fatalf("takes %v", took)
		}
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 256 {
			t.Fatalf("allocates %d MB", allocated)
		}
		if err != nil {
			var all syntax.Errors
			if !errors.As(err, &all) || len(all) == 0 || all.Render() == "" || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %#v", err)
			}
			return
		}
		for i, n := range g.Nodes {
			for _, in := range n.Inputs {
				if int(in) >= i || in < 0 {
					t.Fatalf("node %d reads node %d", i, in)
				}
			}
			if n.Span.Line < 1 || n.Span.Column < 1 {
				t.Fatalf("node %d is at %v", i, n.Span)
			}
		}
		text := g.String()
		if len(g.Nodes) > 0 && !strings.HasPrefix(text, "n0 = ") {
			t.Fatalf("text\n%s", text)
		}
		again, err := Compile(program, Options{Library: given})
		if err != nil || again.String() != text {
			t.Fatalf("the second time %v\n%s\nthe first time\n%s", err, again, text)
		}
	})
}
