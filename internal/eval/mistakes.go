package eval

import (
	"errors"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// mistake is the value of a name whose statement had a mistake. What uses it says nothing
// more: the mistake is told already.
type mistake struct{}

func (mistake) typeName() string { return "mistake" }

// compileAll compiles a program as Compile does, but goes on behind a mistake, with the
// statements that do not depend on it. It returns all mistakes; then there is no graph.
func compileAll(program string, o Options) (*graph.Graph, []Diagnostic, []error) {
	file, err := parse(program, o)
	if err != nil {
		return nil, nil, []error{err}
	}
	var failures []error
	names := resolve.Check(file, builtinNames())
	if len(names) > 0 {
		failures = append(failures, names)
	}
	ev := newEvaluator(file.Source, o)
	for _, s := range file.Stmts {
		ev.spoiled = false
		_, err := ev.stmt(s)
		if err == nil {
			continue
		}
		if !ev.spoiled && !told(names, err) {
			failures = append(failures, ev.failure(err))
		}
		spent := ev.fault.budget
		ev.fault = fault{}
		if spent || !ev.spoil(s) || len(failures) >= syntax.MaxErrors {
			break
		}
	}
	if len(failures) > 0 {
		return nil, ev.warnings, failures
	}
	g, err := ev.finish(o)
	if err != nil {
		return nil, ev.warnings, []error{err}
	}
	return g, ev.warnings, nil
}

// told reports whether a mistake has been found before evaluation.
func told(names syntax.Errors, err *syntax.Error) bool {
	for _, e := range names {
		if e.File == err.File && e.Start == err.Start {
			return true
		}
	}
	return false
}

// spoil marks the names that a statement would have bound. It reports false when they are
// not known.
func (ev *evaluator) spoil(s syntax.Stmt) (known bool) {
	known = true
	syntax.Walk(s, func(n syntax.Node) bool {
		stmt, ok := n.(syntax.Stmt)
		if !ok {
			_, branch := n.(*syntax.Branch)
			return branch
		}
		for _, id := range resolve.Binds(stmt) {
			ev.scope.set(id, mistake{})
		}
		if from, ok := stmt.(*syntax.FromImport); ok && from.Star {
			known = false
		}
		_, def := n.(*syntax.Def)
		return !def // its body is a scope of its own
	})
	return known
}

// diagnose returns the mistakes of a failed compilation, each once: what a function of the
// program or a module has wrong is wrong in all its calls and imports, what a function of a module
// does not take is wrong in each call.
func diagnose(failures []error, o Options) (all []Diagnostic) {
	type place struct {
		file, msg string
		at, call  syntax.Position
	}
	seen := map[place]bool{}
	for _, err := range failures {
		var errs syntax.Errors
		var traced *Error
		if errors.As(err, &traced) {
			errs = traced.Errs
		} else {
			errors.As(err, &errs)
		}
		for i, e := range errs {
			d := Diagnostic{Error: e, Rule: e.Kind.String()}
			key := place{file: e.File, msg: e.Msg, at: e.Start}
			if traced != nil && i == 0 {
				d.Calls = traced.Calls
				if e.File != o.Name && len(d.Calls) > 0 && !strings.HasPrefix(d.Calls[0].Name, "import ") {
					key.call = d.Calls[0].At
				}
			}
			if !seen[key] {
				seen[key] = true
				all = append(all, d)
			}
		}
	}
	return all
}
