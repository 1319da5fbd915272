// Package graph is the compiled form of a SignalFlow program: plain data that the
// evaluator builds, that the engine runs, and that prints itself.
//
// A graph is a list of nodes in dependency order: the inputs of a node stand before it.
// It holds no closures and no references to the program's syntax tree; each node keeps
// the span of source text that it came from, so that a message about it can point there.
// Operators that are equal over equal inputs are one node.
package graph

// Graph is a compiled program.
type Graph struct {
	Nodes []Node
}

// NodeID is the index of a node in Graph.Nodes.
type NodeID int

// Span is a range of source text: 1-based lines and columns (in characters), the end exclusive.
type Span struct {
	Line, Column       int
	EndLine, EndColumn int
	File               string // the module that it lies in; empty: the program itself
}

// A Node is one operator and the nodes it reads.
type Node struct {
	Op     Op
	Inputs []NodeID
	Span   Span // of several equal expressions the first
	Kind   Kind // of what it makes
	Key    Key  // the dimensions that identify the series of it
	Called bool // a function or method made it, not an operator: it counts for the limit of calls
}

// Op is one of the operator types of this package.
type Op interface {
	// String returns the operator in the stable text form, without its inputs. It holds
	// all of the fields: equal texts mean equal operators.
	String() string
	op()
}

// Kind is what flows out of a node (language.md 2.2).
type Kind uint8

const (
	Numbers Kind = iota
	Booleans
	Histograms
	Events // of events() and alerts()
	Alerts // of detect()
)

// String returns the kind in the words of error messages.
func (k Kind) String() string {
	switch k {
	case Numbers:
		return "stream"
	case Booleans:
		return "boolean stream"
	case Histograms:
		return "histogram stream"
	case Events:
		return "event stream"
	case Alerts:
		return "detect block"
	}
	return "unknown"
}

// kind returns what an operator makes of inputs of these kinds.
func kind(op Op, inputs []Kind) Kind {
	switch op := op.(type) {
	case *HistogramFetch:
		return Histograms
	case *EventFetch, *AlertFetch:
		return Events
	case *Detect:
		return Alerts
	case *Is, *When:
		return Booleans
	case *Map:
		if op.Booleans {
			return Booleans
		}
	case *Scalar:
		if op.Boolean {
			return Booleans
		}
	case *Param:
		if op.Booleans {
			return Booleans
		}
	case *Binary:
		if op.Op.Compares() {
			return Booleans
		}
	case *Unary:
		if op.Op == Not {
			return Booleans
		}
	case *Conditional:
		// A branch of None says nothing.
		for _, k := range inputs[1:] {
			if k == Booleans {
				return Booleans
			}
		}
	case *Publish, *Fill, *Union, *Promote, *Dimensions, *Timeshift:
		return inputs[0]
	}
	return Numbers
}
