package engine

import (
	"fmt"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// operator is one step of a plan. It has no state that others see.
//
// Bind is called before the first Step, and again whenever a series has joined or left
// anywhere. It takes over the changes of its input streams and leaves its own in out. Step
// computes one slot: it writes every column of out and only reads in. Slots come in order,
// without a gap.
type operator interface {
	Bind(in []*stream, out *stream)
	Step(slot int64, in []*vector, out *vector)
}

// node is an operator in its place in the plan.
type node struct {
	op     operator
	in     []*stream
	values []*vector
	out    stream
	vector vector
}

// plan is the part of a graph that enabled publish nodes need, in dependency order.
type plan struct {
	nodes      []*node
	fetches    []located[*fetch]
	aggregates []located[*aggregate]
	outputs    []located[*publish]
	windows    *budget
	preroll    int64 // slots to compute before the first one wanted
}

// located is an operator with its place in the program.
type located[T any] struct {
	op   T
	node int
	span graph.Span
}

// newPlan builds the operators of a graph, which check has passed, for a slot length.
func newPlan(g *graph.Graph, o *Options, gr grid) *plan {
	needed := reach(g)
	before := history(g, needed, gr.step)
	p := &plan{windows: &budget{limit: o.MaxWindowPoints}}
	made := make([]*node, len(g.Nodes))
	published := 0
	for i, gn := range g.Nodes {
		n := &node{}
		made[i] = n
		for _, in := range gn.Inputs {
			n.in = append(n.in, &made[in].out)
			n.values = append(n.values, &made[in].vector)
		}
		if op, ok := gn.Op.(*graph.Publish); ok {
			published++
			if op.Enabled {
				out := &publish{op: op, serial: published - 1, jobID: o.JobID, taken: make(map[uint64]bool)}
				p.outputs = append(p.outputs, located[*publish]{out, i, gn.Span})
				n.op = out
			}
		}
		if !needed[i] {
			continue
		}
		p.nodes = append(p.nodes, n)
		switch op := gn.Op.(type) {
		case *graph.Fetch:
			f := newFetch(op, o, gr, before[i]*gr.step, &n.out)
			p.fetches = append(p.fetches, located[*fetch]{f, i, gn.Span})
			p.preroll = max(p.preroll, before[i])
			n.op = f
		case *graph.Scalar:
			n.op = &scalar{value: op.Value}
		case *graph.Unary:
			n.op = &unary{op.Op}
		case *graph.Binary:
			n.op = newBinary(op.Op)
		case *graph.Aggregate:
			a := newAggregate(op)
			p.aggregates = append(p.aggregates, located[*aggregate]{a, i, gn.Span})
			n.op = a
		case *graph.Window:
			n.op = newWindow(op, gr, p.windows)
		}
	}
	return p
}

// bind settles the series of every stream.
func (p *plan) bind() error {
	for _, n := range p.nodes {
		n.op.Bind(n.in, &n.out)
	}
	if w := p.windows; w.exceeded() {
		return fmt.Errorf("engine: the windows of the program would hold %d points, the limit is %d; "+
			"shorten them, run at a coarser resolution or select fewer series", w.needed(), w.limit)
	}
	return nil
}

// step computes one slot.
func (p *plan) step(slot int64) {
	for _, n := range p.nodes {
		n.op.Step(slot, n.values, &n.vector)
	}
}

// reach returns which nodes an enabled publish node depends on (language.md 3.1).
func reach(g *graph.Graph) []bool {
	needed := make([]bool, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if p, ok := g.Nodes[i].Op.(*graph.Publish); ok && p.Enabled {
			needed[i] = true
		}
		if needed[i] {
			for _, in := range g.Nodes[i].Inputs {
				needed[in] = true
			}
		}
	}
	return needed
}

// history returns for each node how many slots before the first one wanted its values must
// begin, so that the windows after it are full (language.md 4.8).
func history(g *graph.Graph, needed []bool, step int64) []int64 {
	before := make([]int64, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if !needed[i] {
			continue
		}
		want := before[i]
		if w, ok := g.Nodes[i].Op.(*graph.Window); ok {
			want += windowSlots(w, step) - 1
		}
		for _, in := range g.Nodes[i].Inputs {
			before[in] = max(before[in], want)
		}
	}
	return before
}

// UnsupportedError is a part of a program that compiles and is not run by this engine.
type UnsupportedError struct {
	What string     // in the words of a program
	Span graph.Span // of the first place that needs it
}

// Error returns "engine: line L:C: percentile() is not run yet".
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("engine: line %s: %s is not run yet", e.Span, e.What)
}

// Check reports whether Run can run a graph; if not, the error is an *UnsupportedError, or
// tells what is wrong with a graph that was not made by the compiler.
func Check(g *graph.Graph) error { return check(g) }

// check reports what no plan can be built from.
func check(g *graph.Graph) error {
	for i, n := range g.Nodes {
		want, ok := runs(n.Op)
		if !ok {
			return &UnsupportedError{What: graph.Name(n.Op), Span: n.Span}
		}
		if len(n.Inputs) != want {
			return fmt.Errorf("engine: node %d (%s) has %d inputs, needs %d", i, n.Op, len(n.Inputs), want)
		}
		for _, in := range n.Inputs {
			if in < 0 || int(in) >= i {
				return fmt.Errorf("engine: node %d (%s) reads node %d, which does not stand before it", i, n.Op, in)
			}
		}
	}
	return nil
}

// runs reports whether newPlan has an operator for a node, and how many inputs that takes.
func runs(op graph.Op) (inputs int, ok bool) {
	switch op := op.(type) {
	case *graph.Fetch, *graph.Scalar:
		return 0, true
	case *graph.Unary:
		return 1, op.Op == graph.Negate || op.Op == graph.Not
	case *graph.Binary:
		return 2, kernelFor(op.Op) != nil && !op.Outer
	case *graph.Aggregate:
		return 1, reduces(op.Func)
	case *graph.Window:
		return 1, reduces(op.Func) && op.Over > 0
	case *graph.Publish:
		return 1, true
	}
	return 0, false
}

func reduces(r graph.Reduce) bool {
	switch r {
	case graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Count:
		return true
	}
	return false
}
