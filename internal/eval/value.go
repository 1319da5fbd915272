package eval

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A value is what an expression evaluates to at compile time (language.md 2.2). A stream
// is one too: not its points, but the node of the graph that will make them.
type value interface {
	// typeName returns the type in the words of error messages.
	typeName() string
}

type (
	none     struct{}
	boolean  bool
	integer  int64 // a number that is known to be whole (language.md 2.3)
	float    float64
	text     string
	duration time.Duration
	list     []value
	tuple    []value

	// filter is a predicate, with the steps that it takes to write it out.
	filter struct {
		pred series.Predicate
		cost int
	}

	stream struct {
		node    graph.NodeID
		boolean bool
	}

	// function is a built-in, and for a method the value that it is called on.
	function struct {
		*builtin
		on value
	}
)

func (none) typeName() string     { return "None" }
func (boolean) typeName() string  { return "boolean" }
func (integer) typeName() string  { return "number" }
func (float) typeName() string    { return "number" }
func (text) typeName() string     { return "string" }
func (duration) typeName() string { return "duration" }
func (list) typeName() string     { return "list" }
func (tuple) typeName() string    { return "tuple" }
func (filter) typeName() string   { return "filter" }
func (function) typeName() string { return "function" }
func (*dict) typeName() string    { return "dict" }
func (*closure) typeName() string { return "function" }
func (*module) typeName() string  { return "module" }

func (s stream) typeName() string {
	if s.boolean {
		return "boolean stream"
	}
	return "stream"
}

// newFilter returns the filter of a key with terms.
func newFilter(key string, terms []string, missing bool) filter {
	cost := len(key) / 16
	for _, t := range terms {
		cost += 1 + len(t)/16
	}
	return filter{series.NewMatch(key, terms, missing), cost}
}

// number returns the value of a number.
func number(v value) (float64, bool) {
	switch v := v.(type) {
	case integer:
		return float64(v), true
	case float:
		return float64(v), true
	}
	return 0, false
}

// elements returns what a list or tuple holds.
func elements(v value) ([]value, bool) {
	switch v := v.(type) {
	case list:
		return v, true
	case tuple:
		return v, true
	}
	return nil, false
}

// truth returns the static truth of a value, and whether it has one: streams, filters,
// functions and durations have none (language.md 2.10).
func truth(v value) (yes, ok bool) {
	switch v := v.(type) {
	case none:
		return false, true
	case boolean:
		return bool(v), true
	case integer:
		return v != 0, true
	case float:
		return v != 0, true
	case text:
		return v != "", true
	case list:
		return len(v) > 0, true
	case tuple:
		return len(v) > 0, true
	case *dict:
		return len(v.entries) > 0, true
	}
	return false, false
}
