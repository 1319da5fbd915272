package engine

import (
	"fmt"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
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
	offset int64 // ms by which its slots lie back in time
	in     []*stream
	values []*vector
	out    stream
	vector vector
}

// plan is the part of a graph that enabled publish nodes need, in dependency order.
type plan struct {
	nodes     []*node
	fetches   []located[*fetch]
	present   []located[*fetch] // those of fetches without an offset
	shifted   []located[*fetch] // and the others
	groupings []located[*grouping]
	outputs   []located[*publish]
	windows   *budget
	inputs    int   // most series of all fetches
	derived   int   // most series of all nodes
	preroll   int64 // slots to compute before the first one wanted
	series    int   // of all nodes
}

// located is an operator with its place in the program.
type located[T any] struct {
	op   T
	node int
	span graph.Span
}

// newPlan builds the operators of a layout, for a slot length and the first slot to send.
func newPlan(l layout, o *Options, gr grid, start int64) (*plan, error) {
	p := &plan{windows: &budget{limit: o.MaxWindowPoints}, inputs: o.MaxInputs, derived: o.MaxDerived}
	if err := l.align(gr.step); err != nil {
		return nil, err
	}
	if err := l.reach(gr, start, o.Timezone); err != nil {
		return nil, err
	}
	m := maker{plan: p, layout: l, options: o, grid: gr}
	for i := range l {
		at := &l[i]
		p.preroll = max(p.preroll, at.before)
		n := &node{offset: at.offset}
		for _, in := range at.in {
			n.in = append(n.in, &p.nodes[in].out)
			n.values = append(n.values, &p.nodes[in].vector)
		}
		p.nodes = append(p.nodes, n)
		m.absent = append(m.absent, m.ofAbsent(at))
		n.op = m.operator(at, n)
	}
	for _, f := range p.fetches {
		if f.op.offset > 0 {
			p.shifted = append(p.shifted, f)
		} else {
			p.present = append(p.present, f)
		}
	}
	return p, nil
}

// bind settles the series of every stream.
func (p *plan) bind() error {
	for _, n := range p.nodes {
		n.op.Bind(n.in, &n.out)
	}
	if err := p.windows.err(); err != nil {
		return err
	}
	return p.bounded()
}

// bounded returns an error if the streams have more series than they may (language.md 6).
func (p *plan) bounded() error {
	inputs, derived := 0, 0
	for _, f := range p.fetches {
		inputs += f.op.out.live.count()
	}
	p.series = 0
	for _, n := range p.nodes {
		count := n.out.live.count()
		p.series += count
		if _, out := n.op.(*publish); !out {
			derived += count
		}
	}
	switch {
	case inputs > p.inputs:
		return &LimitError{What: fmt.Sprintf("the program reads %d series", inputs), Limit: int64(p.inputs), Remedy: "select fewer"}
	case derived > p.derived:
		return &LimitError{
			What:  fmt.Sprintf("the streams of the program have %d series in all", derived),
			Limit: int64(p.derived), Remedy: "select fewer, or aggregate earlier",
		}
	}
	return nil
}

// step computes one slot.
func (p *plan) step(slot int64) {
	for _, n := range p.nodes {
		n.op.Step(slot-n.offset, n.values, &n.vector)
	}
}

// LimitError ends a job that needs more than Options allow it (language.md 6).
type LimitError struct {
	What   string // for example "the program reads 300000 series"
	Limit  int64
	Remedy string
}

// Error returns "engine: the program reads 300000 series, the limit is 250000; select fewer".
func (e *LimitError) Error() string {
	return fmt.Sprintf("engine: %s, the limit is %d; %s", e.What, e.Limit, e.Remedy)
}

// PlaceError is what makes a program impossible to run as it was asked for, which only the
// range, the slots or the time zone of the job can tell.
type PlaceError struct {
	Span graph.Span // of what is at fault
	Text string     // what is wrong, and what to do
}

// Error returns "engine: line L:C: text".
func (e *PlaceError) Error() string { return fmt.Sprintf("engine: line %s: %s", e.Span, e.Text) }

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
		if err := badPattern(n.Op); err != nil {
			return &PlaceError{n.Span, err.Error()}
		}
		want, ok := runs(n.Op)
		if !ok {
			return &UnsupportedError{What: graph.Name(n.Op), Span: n.Span}
		}
		if want < 0 && len(n.Inputs) > 0 {
			want = len(n.Inputs)
		}
		if len(n.Inputs) != want {
			return fmt.Errorf("engine: node %d (%s) has %d inputs, needs %d", i, n.Op, len(n.Inputs), want)
		}
		for _, in := range n.Inputs {
			if in < 0 || int(in) >= i {
				return fmt.Errorf("engine: node %d (%s) reads node %d, which does not stand before it", i, n.Op, in)
			}
			if merges(n.Op) != (kindOf(g.Nodes[in].Op) == series.Histograms) {
				return fmt.Errorf("engine: node %d (%s) cannot read node %d (%s): histograms are for histogram methods", i, n.Op, in, g.Nodes[in].Op)
			}
		}
	}
	return nil
}
