// Package eval compiles a program: it evaluates the text once, from top to bottom. Static
// values are computed; a stream expression adds nodes to the graph that the engine runs
// (language.md 2.1).
//
// What belongs to the language and is not built yet is refused by name, so that nobody
// takes it for a mistake of theirs.
package eval

import (
	"fmt"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// DefaultMaxLength is the longest program in characters (language.md 6).
const DefaultMaxLength = 50_000

// Options adjusts a compilation. The zero value works.
type Options struct {
	Name      string   // of the program, for messages; empty: none
	MaxLength int      // characters of program text; 0: DefaultMaxLength, negative: no limit
	MaxSteps  int      // of work; 0: DefaultMaxSteps
	Library   *Library // the modules that can be imported; nil: none

	Args map[string]string // what Args.get() finds, by name (language.md 4.11)

	// StrictLimits makes an error of what Check warns of: the limits of the service
	// (language.md 6).
	StrictLimits bool
}

// Compile compiles a program. A program that publishes nothing is accepted.
//
// In any error, errors.As finds syntax.Errors and the first *syntax.Error of it. A mistake
// inside a called function or an imported module, or of an assert with a dict for a
// message, is an *Error as well, which tells how the program came there.
func Compile(program string, o Options) (*graph.Graph, error) {
	file, err := parse(program, o)
	if err != nil {
		return nil, err
	}
	if errs := resolve.Check(file, builtinNames()); errs != nil {
		return nil, errs
	}
	ev := newEvaluator(file.Source, o)
	if _, err := ev.block(file.Stmts); err != nil {
		return nil, ev.failure(err)
	}
	return ev.finish(o)
}

// parse reads a program that is not too long.
func parse(program string, o Options) (*syntax.File, error) {
	most := o.MaxLength
	if most == 0 {
		most = DefaultMaxLength
	}
	if n := utf8.RuneCountInString(program); most > 0 && n > most {
		err := syntax.NewSource(o.Name, program).Errorf(syntax.LimitError, syntax.Span{},
			"the program has %d characters, more than %d", n, most)
		return nil, syntax.Errors{err}
	}
	return syntax.Parse(o.Name, program)
}

// finish returns the graph of a program that has been evaluated.
func (ev *evaluator) finish(o Options) (*graph.Graph, error) {
	g := ev.graph.Graph()
	if err := ev.limits(g, o); err != nil {
		return nil, err
	}
	ev.correlations(g)
	return g, nil
}

// compilation is what all the code of one program shares, that of modules included.
type compilation struct {
	library  *Library
	maxSteps int
	steps    int // so far
	graph    graph.Builder
	args     map[string]string
	warnings []Diagnostic
	warned   map[warnedAt]bool
	sources  map[string]*syntax.Source // by the name that spans of the graph have
	program  *syntax.Source
	modules  map[place]*module // by the place of the file
	loading  []*module         // those whose import is going on, outermost first
	fault    fault
	spoiled  bool // a mistake has been used: see compileAll
}

// evaluator evaluates the code of one scope: that of a program or module, of one call of a
// function, or of one turn of a comprehension.
type evaluator struct {
	*compilation
	src   *syntax.Source
	scope *scope
	depth int  // of calls
	body  bool // of a function: return is allowed
}

func newEvaluator(src *syntax.Source, o Options) *evaluator {
	c := &compilation{library: o.Library, maxSteps: o.MaxSteps, args: o.Args, program: src,
		modules: map[place]*module{}, sources: map[string]*syntax.Source{}}
	if c.maxSteps == 0 {
		c.maxSteps = DefaultMaxSteps
	}
	return &evaluator{compilation: c, src: src, scope: newScope(nil)}
}

// inner returns an evaluator for a scope inside this one.
func (ev *evaluator) inner() *evaluator {
	in := *ev
	in.scope = newScope(ev.scope)
	return &in
}

func (ev *evaluator) errorf(kind syntax.ErrorKind, at syntax.Node, format string, args ...any) *syntax.Error {
	return ev.src.Errorf(kind, at.Range(), "%s", oneLine(fmt.Sprintf(format, args...)))
}

// notYet returns the error for a part of the language that is not built.
func (ev *evaluator) notYet(at syntax.Node, what string) *syntax.Error {
	return ev.errorf(syntax.UnsupportedError, at, "%s is not supported yet", what)
}

// span returns the place of a node of the tree for a node of the graph.
func (ev *evaluator) span(at syntax.Node) graph.Span {
	r := at.Range()
	from, to := ev.src.Position(r.From), ev.src.Position(r.To)
	s := graph.Span{Line: from.Line, Column: from.Column, EndLine: to.Line, EndColumn: to.Column}
	if ev.src != ev.program {
		s.File = ev.src.Name
		ev.sources[s.File] = ev.src
	}
	return s
}
