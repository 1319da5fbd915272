package eval

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// testLibrary returns the modules of testdata.
func testLibrary() *Library { return NewLibrary(os.DirFS("testdata/library")) }

// run evaluates a program and returns the evaluator, whose scope has the names of it.
func run(program string, o Options) (*evaluator, error) {
	file, err := syntax.Parse(o.Name, program)
	if err != nil {
		return nil, err
	}
	ev := newEvaluator(file.Source, o)
	if _, err := ev.block(file.Stmts); err != nil {
		return nil, ev.failure(err)
	}
	return ev, nil
}

// What the names of a program are bound to, static values and all.
func TestValues(t *testing.T) {
	golden(t, "testdata/values.flow", func(t *testing.T, program string) string {
		ev, err := run(program, Options{Library: testLibrary()})
		if err != nil {
			t.Errorf("%s\n%v", program, err)
			return program
		}
		var shown []string
		file, _ := syntax.Parse("", program)
		note := func(n syntax.Node) bool {
			if s, ok := n.(*syntax.Assign); ok {
				for _, id := range s.Names {
					if b, ok := ev.scope.names[id.Name]; ok && b.by.From == id.From {
						shown = append(shown, "#= "+id.Name+" = "+show(b.value))
					}
				}
			}
			_, def := n.(*syntax.Def)
			return !def
		}
		syntax.Walk(file, note)
		return strings.Join(append([]string{program}, shown...), "\n")
	})
}

// Graphs of programs with functions, conditions and modules.
func TestCoreGraphs(t *testing.T) {
	golden(t, "testdata/core_graphs.flow", func(t *testing.T, program string) string {
		g, err := Compile(program, Options{Library: testLibrary()})
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

// Errors of functions, conditions and modules. What is wrong in a module, and the calls
// that led to an error, stand below the program.
func TestCoreErrors(t *testing.T) {
	golden(t, "testdata/core_errors.flow", func(t *testing.T, program string) string {
		_, err := Compile(program, Options{Library: testLibrary()})
		var all syntax.Errors
		if !errors.As(err, &all) {
			t.Errorf("%s\nis accepted", program)
		}
		var lines, below []string
		for n, l := range strings.Split(program, "\n") {
			lines = append(lines, l)
			for _, e := range all {
				if e.File == "" && e.Start.Line == n+1 {
					lines = append(lines, fmt.Sprintf("#~ %d %s: %s", e.Start.Column, e.Kind, e.Message()))
				}
			}
		}
		for _, e := range all {
			if e.File != "" {
				below = append(below, fmt.Sprintf("#~ %s:%d:%d %s: %s", e.File, e.Start.Line, e.Start.Column, e.Kind, e.Message()))
			}
		}
		var trace *Error
		if errors.As(err, &trace) {
			for i, c := range trace.Calls {
				switch more := len(trace.Calls) - 6; {
				case more <= 0 || i < 3 || i >= 3+more:
					below = append(below, "#~ in "+c.String())
				case i == 3:
					below = append(below, fmt.Sprintf("#~ in %d more", more))
				}
			}
		}
		return strings.Join(append(lines, below...), "\n")
	})
}

// An assert with a dict tells people what is wrong and programs with which values.
func TestReference(t *testing.T) {
	_, err := Compile(strings.Join([]string{
		"def checked(low, high):",
		"  assert low < high, {'sfui_errorTemplate': 'low ({{{low}}}) is not below high ({{{ high }}}), see {{{other}}} {{{',",
		"    'sfui_errorKeys': ['low', 'high'], 'low': low, 'high': high, 'd': duration('90m'), 'no': None, 'yes': True,",
		"    'x': 0.5, 'nested': {1: ('a',)}, 's': data('m')}",
		"checked(5, 2.5)",
	}, "\n"), Options{})
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v", err)
	}
	const want = "line 2:10: low (5) is not below high (2.5), see {{{other}}} {{{ (in checked() at line 5:1)"
	if e.Error() != want {
		t.Errorf("got %s\nwant %s", e, want)
	}
	got := fmt.Sprintf("%#v", e.Reference)
	for _, part := range []string{
		`"low":5`, `"high":2.5`, `"d":"1h30m"`, `"no":interface {}(nil)`, `"yes":true`, `"x":0.5`, `"s":"<stream>"`,
		`"nested":map[string]interface {}{"1":[]interface {}{"a"}}`, `"sfui_errorKeys":[]interface {}{"low", "high"}`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("the reference has no %s: %s", part, got)
		}
	}
	if errors.Is(err, ErrBudget) {
		t.Error("an assertion is taken for the budget")
	}
}

// A chain of many calls is told in a few words.
func TestLongTrace(t *testing.T) {
	_, err := Compile("def f(n):\n  return nothing if n == 0 else f(n - 1)\nf(30)", Options{Name: "p.flow"})
	const step = "f() at p.flow line 2:33, in "
	want := "p.flow: line 2:10: name 'nothing' is not defined (in " + strings.Repeat(step, 5) + "25 more, in f() at p.flow line 3:1)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %v", err, want)
	}
}

// The library calls some functions hundreds of times; equal expressions are one node.
func TestRepeatedCallsAreMerged(t *testing.T) {
	program := "def shifted(s, n):\n" +
		"  if n == 0:\n    return s.mean(over='1h')\n" +
		"  return shifted(s, n - 1) + s.max(over=n * duration('1m'))\n" +
		"s = data('m')\n" +
		"all = [shifted(s, i) for i in [1, 2, 3, 4, 5, 6, 7, 8]]\n" +
		"[x.publish() for x in all]"
	g, err := Compile(program, Options{})
	if err != nil {
		t.Fatal(err)
	}
	publishes := 0
	for _, n := range g.Nodes {
		if _, ok := n.Op.(*graph.Publish); ok {
			publishes++
		}
	}
	// data, mean, 8 max, 8 sums; the calls make 44 means and maxima.
	if publishes != 8 || len(g.Nodes)-publishes != 18 {
		t.Errorf("%d nodes, %d of them publish:\n%s", len(g.Nodes), publishes, g)
	}
}

// A filter that None leaves out is warned of once, however often the code runs.
func TestNoFilterWarning(t *testing.T) {
	const program = "def merged(scope, f): return scope and filter('a', 'b') and f\n" +
		"[merged(None, filter('c', 'd')) for i in [1, 2]]\n" +
		"f = filter('a', 'b')\na = None and not f\nb = f and f\nc = None and 5\nd = None or f"
	_, all := Check(program, Options{})
	var got []string
	for _, d := range all {
		got = append(got, fmt.Sprintf("%s [%s]", d.Error, d.Rule))
	}
	const text = "None and a filter is None, which filters nothing (write: f if scope is None else scope and f) [no-filter]"
	if want := "line 1:36: " + text + "; line 4:10: " + text; strings.Join(got, "; ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "; "), want)
	}
}

// What a decided logic does not evaluate does not publish either.
func TestDecidedDoesNothing(t *testing.T) {
	for _, x := range []string{
		"False and (s.publish('no') > 1)",
		"False and (s > f())",
		"True or (s.mean().publish('no') > 1)",
		"2 > 3 > f() > s",
		"False and (s.sum(over=f()) > 1)",
	} {
		program := "s = data('m')\ndef f(): return data('n').publish('no')\na = " + x
		ev, err := run(program, Options{})
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if g := ev.graph.Graph(); strings.Contains(g.String(), "publish") {
			t.Errorf("%s\n%s", x, g)
		}
		if v, _ := ev.scope.find("a"); v.typeName() != "boolean" {
			t.Errorf("%s is a %s", x, v.typeName())
		}
	}
}

// BenchmarkCompile compiles the programs that call the test library of detectors.
func BenchmarkCompile(b *testing.B) {
	_, programs := chunks(b, "testdata/acceptance.flow")
	library := testLibrary()
	length := 0
	for _, c := range programs {
		length += len(c.program)
	}
	b.SetBytes(int64(length))
	for b.Loop() {
		for _, c := range programs {
			if _, err := Compile(c.program, Options{Library: library}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(programs)), "µs/program")
}
