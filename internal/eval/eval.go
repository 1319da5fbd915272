// Package eval compiles a program: it evaluates the text once, from top to bottom. Static
// values are computed; a stream expression adds nodes to the graph that the engine runs
// (language.md 2.1).
//
// What belongs to the language and is not built yet is refused by name, so that nobody
// takes it for a mistake of theirs.
package eval

import (
	"slices"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/syntax"
)

const (
	// DefaultMaxLength is the longest program in characters (language.md 6).
	DefaultMaxLength = 50_000

	// maxSteps bounds the work of one compilation. A step is one expression, one element
	// of a list, one term of a filter: what a program can double with every line.
	maxSteps = 1_000_000

	// maxText bounds the bytes of one text.
	maxText = 1 << 20
)

// Options adjusts a compilation. The zero value works.
type Options struct {
	Name      string // of the program, for messages; empty: none
	MaxLength int    // characters of program text; 0: DefaultMaxLength, negative: no limit
}

// Compile compiles a program. A program that publishes nothing is accepted.
//
// Any error is syntax.Errors, in which errors.As finds the first *syntax.Error.
func Compile(program string, o Options) (*graph.Graph, error) {
	most := o.MaxLength
	if most == 0 {
		most = DefaultMaxLength
	}
	if n := utf8.RuneCountInString(program); most > 0 && n > most {
		err := syntax.NewSource(o.Name, program).Errorf(syntax.LimitError, syntax.Span{},
			"the program has %d characters, more than %d", n, most)
		return nil, syntax.Errors{err}
	}
	file, err := syntax.Parse(o.Name, program)
	if err != nil {
		return nil, err
	}
	if errs := resolve.Check(file, builtinNames()); errs != nil {
		return nil, errs
	}
	ev := &evaluator{src: file.Source, names: map[string]binding{}}
	for _, s := range file.Stmts {
		if err := ev.stmt(s); err != nil {
			return nil, syntax.Errors{err}
		}
	}
	return ev.graph.Graph(), nil
}

// evaluator evaluates one program.
type evaluator struct {
	src   *syntax.Source
	graph graph.Builder
	names map[string]binding
	steps int
}

// binding is a name with the place that bound it.
type binding struct {
	value value
	by    *syntax.Ident
}

func (ev *evaluator) errorf(kind syntax.ErrorKind, at syntax.Node, format string, args ...any) *syntax.Error {
	return ev.src.Errorf(kind, at.Range(), format, args...)
}

// notYet returns the error for a part of the language that is not built.
func (ev *evaluator) notYet(at syntax.Node, what string) *syntax.Error {
	return ev.errorf(syntax.UnsupportedError, at, "%s is not supported yet", what)
}

// spend counts steps of work.
func (ev *evaluator) spend(n int, at syntax.Node) *syntax.Error {
	if ev.steps += n; ev.steps > maxSteps {
		return ev.errorf(syntax.LimitError, at, "the program takes more than %d steps to compile", maxSteps)
	}
	return nil
}

// span returns the place of a node of the tree for a node of the graph.
func (ev *evaluator) span(at syntax.Node) graph.Span {
	r := at.Range()
	from, to := ev.src.Position(r.From), ev.src.Position(r.To)
	return graph.Span{Line: from.Line, Column: from.Column, EndLine: to.Line, EndColumn: to.Column}
}

func (ev *evaluator) stmt(s syntax.Stmt) *syntax.Error {
	switch s := s.(type) {
	case *syntax.ExprStmt:
		_, err := ev.expr(s.X)
		return err
	case *syntax.Assign:
		return ev.assign(s)
	case *syntax.Return:
		return ev.errorf(syntax.SyntaxError, s, "'return' outside a function")
	case *syntax.If:
		return ev.notYet(keyword(s, "if"), "'if'")
	case *syntax.Def:
		if len(s.Decorators) > 0 {
			return ev.notYet(s.Decorators[0], "a decorator")
		}
		return ev.notYet(keyword(s, "def"), "'def'")
	case *syntax.Assert:
		return ev.notYet(keyword(s, "assert"), "'assert'")
	case *syntax.Import:
		return ev.notYet(keyword(s, "import"), "'import'")
	case *syntax.FromImport:
		return ev.notYet(keyword(s, "from"), "'import'")
	}
	return ev.notYet(s, "this statement")
}

// keyword returns the place of the word that a statement begins with.
func keyword(s syntax.Stmt, word string) syntax.Span {
	from := s.Range().From
	return syntax.Span{From: from, To: from + syntax.Pos(len(word))}
}

func (ev *evaluator) assign(s *syntax.Assign) *syntax.Error {
	v, err := ev.expr(s.Value)
	if err != nil {
		return err
	}
	if !s.Unpack {
		return ev.bind(s.Names[0], v)
	}
	elems, ok := elements(v)
	if !ok {
		return ev.errorf(syntax.TypeError, s.Value, "a %s cannot be unpacked into names", v.typeName())
	}
	if len(elems) != len(s.Names) {
		return ev.errorf(syntax.ArgumentError, s.Value, "%s for %s", count(len(elems), "value"), count(len(s.Names), "name"))
	}
	for i, id := range s.Names {
		if err := ev.bind(id, elems[i]); err != nil {
			return err
		}
	}
	return nil
}

func (ev *evaluator) bind(id *syntax.Ident, v value) *syntax.Error {
	if b, ok := ev.names[id.Name]; ok {
		return resolve.Rebound(ev.src, id, b.by)
	}
	ev.names[id.Name] = binding{v, id}
	return nil
}

// lookup returns the value of a name: bound by the program, or built in.
func (ev *evaluator) lookup(id *syntax.Ident) (value, *syntax.Error) {
	if b, ok := ev.names[id.Name]; ok {
		return b.value, nil
	}
	if f, ok := functions[id.Name]; ok {
		return function{builtin: f}, nil
	}
	if why, ok := functionsNotBuilt[id.Name]; ok {
		what := id.Name
		if what != "Args" { // the one that is no function
			what += "()"
		}
		return nil, ev.notBuilt(id, what, why)
	}
	known := builtinNames()
	for name := range ev.names {
		known = append(known, name)
	}
	slices.Sort(known)
	return nil, resolve.Undefined(ev.src, id, known)
}
