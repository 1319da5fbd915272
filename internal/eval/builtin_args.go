package eval

import (
	"fmt"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// together checks the arguments that exclude or need one another.
func (a *args) together() *syntax.Error {
	for _, pair := range a.fn.excludes {
		if !a.says(pair[0]) || !a.says(pair[1]) {
			continue
		}
		at := a.get(pair[0]).at
		if other := a.get(pair[1]).at; other.Range().From > at.Range().From {
			at = other
		}
		return a.ev.errorf(syntax.ArgumentError, at, "'%s' and '%s' cannot be combined in %s()", pair[0], pair[1], a.fn.name)
	}
	for _, pair := range a.fn.needs {
		if a.says(pair[0]) && !a.says(pair[1]) {
			return a.ev.errorf(syntax.ArgumentError, a.get(pair[0]).at, "argument '%s' of %s() needs '%s'", pair[0], a.fn.name, pair[1])
		}
	}
	for _, pair := range a.fn.either {
		if !a.has(pair[0]) && !a.has(pair[1]) {
			return a.ev.errorf(syntax.ArgumentError, a.at, "%s() needs '%s' or '%s'", a.fn.name, pair[0], pair[1])
		}
	}
	return nil
}

// says reports whether an argument is given and asks for something: the default does not,
// nor does an empty list of names to group by.
func (a *args) says(name string) bool {
	v := a.get(name).value
	if l, ok := v.(list); ok && len(l) == 0 || v == nil {
		return false
	}
	for _, p := range a.fn.params {
		if p.name == name && (p.def == "False" && v == boolean(false) || p.def == "0" && v == integer(0)) {
			return false
		}
	}
	return true
}

// takes reports whether there is a parameter of a name.
func (a *args) takes(name string) bool {
	return slices.ContainsFunc(a.fn.params, func(p param) bool { return p.name == name })
}

// node adds an operator to the graph, at the place of the call.
func (a *args) node(op graph.Op, inputs ...graph.NodeID) graph.NodeID {
	id := a.ev.graph.Add(op, a.ev.span(a.at), inputs...)
	a.ev.graph.Call(id)
	return id
}

// input returns the node of the stream that a method is called on.
func (a *args) input() graph.NodeID {
	id, _ := nodeOf(a.fn.on)
	return id
}

// given returns an argument as the Go type that its parameter's want makes of it, and the
// default when it is not given.
func given[T value](a *args, name string, def T) T {
	if v, ok := a.get(name).value.(T); ok {
		return v
	}
	return def
}

// count writes a number of things: 1 name, 2 names.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// length returns a duration argument; 0 when it is not given.
func (a *args) length(name string) time.Duration {
	return time.Duration(given(a, name, duration(0)))
}

// text returns a text argument; empty when it is not given.
func (a *args) text(name string) string { return string(given(a, name, text(""))) }

// yes returns a boolean argument; False when it is not given.
func (a *args) yes(name string) bool { return bool(given(a, name, boolean(false))) }

// number returns a number argument, and def when it is not given.
func (a *args) number(name string, def float64) float64 {
	if n, ok := number(a.get(name).value); ok {
		return n
	}
	return def
}

// pointer returns a number argument; nil when it is not given.
func (a *args) pointer(name string) *float64 {
	if !a.has(name) {
		return nil
	}
	n := a.number(name, 0)
	return &n
}

// names returns a list of names without repetitions; nil when it is not given or empty.
func (a *args) names(name string) []string { return distinct(names(given(a, name, list(nil)))) }

// has reports whether an argument is given, and not as None.
func (a *args) has(name string) bool { return a.get(name).value != nil }
