package eval

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// scope holds the names of a program or module, of one call of a function, or of one turn
// of a comprehension (language.md 2.12). A name is bound once in a scope; an inner scope
// sees the names of the outer ones, and may bind them anew.
type scope struct {
	names map[string]binding
	outer *scope // nil: outside are the built-ins
}

// binding is a name with the place that bound it.
type binding struct {
	value value
	by    *syntax.Ident
}

func newScope(outer *scope) *scope { return &scope{outer: outer} }

// find returns the value of a name that the program has bound.
func (s *scope) find(name string) (value, bool) {
	for ; s != nil; s = s.outer {
		if b, ok := s.names[name]; ok {
			return b.value, true
		}
	}
	return nil, false
}

// set binds a name, unless it is bound in this scope: then it returns the place that did.
func (s *scope) set(id *syntax.Ident, v value) (first *syntax.Ident) {
	if b, ok := s.names[id.Name]; ok {
		return b.by
	}
	if s.names == nil {
		s.names = map[string]binding{}
	}
	s.names[id.Name] = binding{v, id}
	return nil
}

// visible returns the names that can be used in a scope, those of built-ins left out.
func (s *scope) visible() []string {
	var names []string
	for ; s != nil; s = s.outer {
		for name := range s.names {
			names = append(names, name)
		}
	}
	return names
}

func (ev *evaluator) bind(id *syntax.Ident, v value) *syntax.Error {
	if first := ev.scope.set(id, v); first != nil {
		return resolve.Rebound(ev.src, id, first)
	}
	return nil
}

// lookup returns the value of a name: bound by the program, or built in.
func (ev *evaluator) lookup(id *syntax.Ident) (value, *syntax.Error) {
	if v, ok := ev.scope.find(id.Name); ok {
		if _, wrong := v.(mistake); wrong {
			ev.spoiled = true
			return nil, ev.errorf(syntax.NameError, id, "the statement that binds '%s' has a mistake", id.Name)
		}
		return v, nil
	}
	if v, err := ev.global(id); v != nil || err != nil {
		return v, err
	}
	known := append(builtinNames(), ev.scope.visible()...)
	slices.Sort(known)
	return nil, resolve.Undefined(ev.src, id, known)
}
