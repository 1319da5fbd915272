// Package resolve checks the names of a program before it is evaluated: that each is bound
// before its use, and only once (language.md 2.12).
//
// It reports what is wrong on every path through the program. In a branch that may not be
// taken, in a function that may not be called, a wrong name is no error until evaluation
// comes to it; the evaluator then reports it in the same words.
package resolve

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// Check returns the mistakes of a file in the order of its text; none is nil. The names of
// builtins are bound outside the file and may be bound again inside.
func Check(file *syntax.File, builtins []string) syntax.Errors {
	r := &resolver{src: file.Source, builtins: builtins, bound: map[string]*syntax.Ident{}, perhaps: map[string]bool{}, later: map[string]*syntax.Ident{}}
	for _, s := range file.Stmts {
		for _, id := range Binds(s) {
			if _, ok := r.later[id.Name]; !ok {
				r.later[id.Name] = id
			}
		}
	}
	for _, s := range file.Stmts {
		r.stmt(s)
	}
	return r.errs
}

// Undefined returns the error for a name that is not bound; known are the names that are.
func Undefined(src *syntax.Source, id *syntax.Ident, known []string) *syntax.Error {
	err := src.Errorf(syntax.NameError, id.Span, "name '%s' is not defined", id.Name)
	if habit := syntax.Habit(id.Name); habit != "" {
		return err.WithHint("%s", habit)
	}
	if near := spell.Nearest(id.Name, append(known, "True", "False", "None")); near != "" {
		err = err.WithHint("did you mean '%s'?", near)
	}
	return err
}

// Rebound returns the error for a name that was bound before, by first.
func Rebound(src *syntax.Source, id, first *syntax.Ident) *syntax.Error {
	return src.Errorf(syntax.NameError, id.Span, "name '%s' is already bound", id.Name).
		WithHint("on line %d; a name is bound once", src.Position(first.From).Line)
}

type resolver struct {
	src      *syntax.Source
	builtins []string
	bound    map[string]*syntax.Ident // bound so far on every path
	perhaps  map[string]bool          // bound so far on some path
	later    map[string]*syntax.Ident // first binding of a name anywhere at the top level
	anything bool                     // an "import *" may have bound any name
	errs     syntax.Errors
}

// stmt checks a statement that is surely evaluated.
func (r *resolver) stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.ExprStmt:
		r.expr(s.X)
	case *syntax.Assign:
		r.expr(s.Value)
	case *syntax.Return:
		r.expr(s.Value)
	case *syntax.Assert:
		r.expr(s.Cond)
	case *syntax.FromImport:
		r.anything = r.anything || s.Star
	case *syntax.If:
		r.branches(s)
		return
	case *syntax.Def:
		r.def(s)
	}
	for _, id := range Binds(s) {
		r.bind(id)
	}
}

// branches checks what an if statement surely evaluates, and notes what it may bind.
func (r *resolver) branches(s *syntax.If) {
	r.expr(s.Branches[0].Cond)
	note := func(n syntax.Node) bool {
		if stmt, ok := n.(syntax.Stmt); ok {
			for _, id := range Binds(stmt) {
				r.perhaps[id.Name] = true
			}
			if from, ok := stmt.(*syntax.FromImport); ok && from.Star {
				r.anything = true
			}
		}
		_, def := n.(*syntax.Def)
		return !def // its body is a scope of its own
	}
	for _, b := range s.Branches {
		for _, stmt := range b.Body {
			syntax.Walk(stmt, note)
		}
	}
	for _, stmt := range s.Else {
		syntax.Walk(stmt, note)
	}
}

// def checks what a definition evaluates at once: decorators and defaults.
func (r *resolver) def(d *syntax.Def) {
	for _, dec := range d.Decorators {
		r.use(dec.Name.Parts[0])
		r.args(dec.Args)
	}
	seen := map[string]*syntax.Ident{}
	for _, p := range d.Params {
		r.expr(p.Default)
		if p.Name == nil {
			continue
		}
		if first, ok := seen[p.Name.Name]; ok {
			r.errs = append(r.errs, Rebound(r.src, p.Name, first))
			continue
		}
		seen[p.Name.Name] = p.Name
	}
}

// expr checks the parts of an expression that are surely evaluated; nil is none.
func (r *resolver) expr(x syntax.Expr) {
	switch x := x.(type) {
	case *syntax.Ident:
		r.use(x)
	case *syntax.Paren:
		r.expr(x.X)
	case *syntax.List:
		r.exprs(x.Elems)
	case *syntax.Tuple:
		r.exprs(x.Elems)
	case *syntax.Dict:
		for _, e := range x.Entries {
			r.expr(e.Key)
			r.expr(e.Value)
		}
	case *syntax.Comprehension:
		r.expr(x.Clauses[0].X)
	case *syntax.Unary:
		r.expr(x.X)
	case *syntax.Binary:
		r.expr(x.X)
		if x.Op != syntax.AND && x.Op != syntax.OR {
			r.expr(x.Y)
		}
	case *syntax.Compare:
		r.expr(x.X)
		r.expr(x.Rest[0].Y)
	case *syntax.Conditional:
		r.expr(x.Cond)
	case *syntax.Call:
		r.expr(x.Func)
		r.args(x.Args)
	case *syntax.Index:
		r.expr(x.X)
		r.expr(x.I)
	case *syntax.Slice:
		r.expr(x.X)
		r.expr(x.Lo)
		r.expr(x.Hi)
	case *syntax.Attribute:
		r.expr(x.X)
	}
}

func (r *resolver) exprs(list []syntax.Expr) {
	for _, x := range list {
		r.expr(x)
	}
}

func (r *resolver) args(list []*syntax.Arg) {
	for _, a := range list {
		r.expr(a.Value)
	}
}

func (r *resolver) use(id *syntax.Ident) {
	if r.bound[id.Name] != nil || r.perhaps[id.Name] || r.anything || slices.Contains(r.builtins, id.Name) {
		return
	}
	known := slices.Clone(r.builtins)
	for name := range r.bound {
		known = append(known, name)
	}
	slices.Sort(known)
	err := Undefined(r.src, id, known)
	if first := r.later[id.Name]; first != nil && first.From > id.From {
		err = err.WithHint("it is bound only later, on line %d", r.src.Position(first.From).Line)
	} else if first != nil {
		err = err.WithHint("it is bound by this very statement")
	}
	r.errs = append(r.errs, err)
}

func (r *resolver) bind(id *syntax.Ident) {
	if first := r.bound[id.Name]; first != nil {
		r.errs = append(r.errs, Rebound(r.src, id, first))
		return
	}
	r.bound[id.Name] = id
}

// Binds returns the names that a statement binds, without those of the blocks in it.
func Binds(s syntax.Stmt) []*syntax.Ident {
	switch s := s.(type) {
	case *syntax.Assign:
		return s.Names
	case *syntax.Def:
		return []*syntax.Ident{s.Name}
	case *syntax.Import:
		return imported(s.Modules)
	case *syntax.FromImport:
		return imported(s.Names)
	}
	return nil
}

func imported(names []*syntax.ImportName) []*syntax.Ident {
	var ids []*syntax.Ident
	for _, n := range names {
		if n.As != nil {
			ids = append(ids, n.As)
		} else {
			ids = append(ids, n.Path.Parts[0])
		}
	}
	return ids
}
