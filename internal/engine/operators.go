package engine

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// maker makes the operators of a plan.
type maker struct {
	plan    *plan
	layout  layout
	options *Options
	grid    grid
	absent  []*float64 // by place in the layout: what it is of a series that is not there
}

// operator returns the operator of a node that check has passed.
func (m *maker) operator(at *placed, n *node) operator {
	seconds := float64(m.grid.step) / 1000
	switch op := at.Op.(type) {
	case *graph.Fetch, *graph.PathFetch, *graph.HistogramFetch:
		call, path := fetchOf(op)
		f := newFetch(call, m.options, m.grid, at, &n.out)
		f.path, f.kind = path, kindOf(op)
		if path != nil {
			n.out.source = path.op.Fetch.Metric // as the program has it
		}
		if f.kind == series.Histograms {
			f.cells = &cells{windows: m.plan.windows}
		}
		m.plan.fetches = append(m.plan.fetches, located[*fetch]{f, at.id, at.Span})
		return f
	case *graph.Scalar:
		return newScalar(op.Value)
	case *graph.None:
		return newScalar()
	case *graph.Const:
		return newConst(op)
	case *graph.Binary, *graph.Conditional, *graph.Across:
		return m.join(at)
	case *graph.Unary, *graph.Is, *graph.Math, *graph.Limit, *graph.Equals:
		return &slotwise{kernel: kernelOf(op, seconds)}
	case *graph.Map:
		return newMapping(op)
	case *graph.Fill:
		return newFill(op, m.grid.step)
	case *graph.Delta:
		return newDelta(op, seconds)
	case *graph.EWMA:
		return newEWMA(op, m.grid.step)
	case *graph.DoubleEWMA:
		return newDoubleEWMA(op, m.grid.step)
	case *graph.When:
		if op.Lasting == 0 {
			return &same{}
		}
		return newWhen(op, m.grid, m.plan.windows)
	case *graph.BucketPercentile:
		return newBucketPercentile(op)
	case *graph.HistogramReduce:
		h := newHistogramReduce(op, m.grid, m.plan.windows)
		if !h.alone {
			m.group(&h.grouping, at)
		}
		return h
	case *graph.KPSS:
		return newKPSS(op, m.grid, m.plan.windows)
	case *graph.Union:
		return &union{}
	case *graph.Promote:
		return promote(op)
	case *graph.Dimensions:
		return dimensions(op)
	case *graph.Aggregate:
		a := newAggregate(op)
		m.group(&a.grouping, at)
		return a
	case *graph.Select:
		if op.Func == graph.Random {
			r := newRandom(op)
			m.group(&r.grouping, at)
			return r
		}
		e := newExtremes(op)
		m.group(&e.grouping, at)
		return e
	case *graph.Window:
		return newWindow(op, m.grid, m.plan.windows)
	case *graph.Calendar:
		c, _ := newCalendar(op, m.options.Timezone, m.grid) // reach has found no fault
		return newCycles(op, c, m.grid)
	case *graph.Publish:
		if op.Enabled {
			out := newPublish(op, at.serial, m.options.JobID)
			m.plan.outputs = append(m.plan.outputs, located[*publish]{out, at.id, at.Span})
			return out
		}
	}
	return &same{} // threshold(), and what is published but hidden
}

// join returns an operator over several streams, or over one alone.
func (m *maker) join(at *placed) operator {
	if len(at.in) == 1 {
		return &slotwise{kernel: kernelOf(at.Op, 1)}
	}
	j := newJoined(at.Op, len(at.in))
	for i, in := range at.in {
		j.literal[i] = literal(m.layout[in].Op)
		j.sides[i].absent = m.absent[in]
	}
	if outer(at.Op) {
		j.outer = &outerJoin{}
	}
	return j
}

// outer reports whether an operator pairs a series without a partner with None.
func outer(op graph.Op) bool {
	switch op := op.(type) {
	case *graph.Binary:
		return op.Outer
	case *graph.Conditional:
		return op.Outer
	case *graph.Across:
		return op.Outer
	}
	return false
}

// literal reports whether an operator is a static value of the program.
func literal(op graph.Op) bool {
	switch op.(type) {
	case *graph.Scalar, *graph.None:
		return true
	}
	return false
}

// ofAbsent returns what a node is of a series that is not there, which is None in every slot:
// of x is None it is True. Nil is None.
func (m *maker) ofAbsent(at *placed) *float64 {
	switch op := at.Op.(type) {
	case *graph.Scalar:
		return &op.Value
	case *graph.Threshold:
		return m.absent[at.in[0]]
	}
	var kernel kernel
	if f, ok := at.Op.(*graph.Map); ok {
		kernel = newMapping(f).kernel
	} else if kernel = kernelOf(at.Op, float64(m.grid.step)/1000); kernel == nil {
		return nil
	}
	operands := make([]*vector, len(at.in))
	for i, in := range at.in {
		operands[i] = &vector{}
		operands[i].resize(1)
		operands[i].fill(m.absent[in])
	}
	var out vector
	out.resize(1)
	kernel(operands, &out, bitmap{1})
	if x, ok := out.get(0); ok {
		return &x
	}
	return nil
}

// group makes a grouping known, for what it has to say.
func (m *maker) group(g *grouping, at *placed) {
	m.plan.groupings = append(m.plan.groupings, located[*grouping]{g, at.id, at.Span})
}

// runs reports whether there is an operator for a node, and how many inputs that takes; -1:
// one or more.
func runs(op graph.Op) (inputs int, ok bool) {
	switch op := op.(type) {
	case *graph.Fetch, *graph.PathFetch, *graph.HistogramFetch, *graph.Scalar, *graph.None, *graph.Const:
		return 0, true
	case *graph.HistogramReduce:
		return 1, mergeable(op)
	case *graph.When:
		return 1, op.Lasting >= 0 && op.AtLeast >= 0 && op.AtLeast <= 1
	case *graph.Map:
		return 1, maps(op)
	case *graph.Timeshift:
		return 1, op.Offset >= 0
	case *graph.Aggregate:
		return 1, reduces(op.Func)
	case *graph.Select:
		return 1, op.Count > 0 || op.Share > 0
	case *graph.Window:
		return 1, reduces(op.Func) && op.Over > 0
	case *graph.Calendar:
		return 1, cyclic(op)
	case *graph.KPSS:
		return 1, op.Over > 0
	case *graph.Union:
		return -1, true
	case *graph.Fill, *graph.Delta, *graph.EWMA, *graph.DoubleEWMA, *graph.BucketPercentile, *graph.Promote, *graph.Dimensions, *graph.Threshold, *graph.Publish:
		return 1, true
	}
	return operands(op), kernelOf(op, 1) != nil
}

// maps reports whether the body of a function is one that can be run.
func maps(op *graph.Map) bool {
	for i, n := range op.Body {
		switch n.Op.(type) {
		case *graph.Param, *graph.Scalar, *graph.None:
			continue
		}
		want := operands(n.Op)
		if kernelOf(n.Op, 1) == nil || len(n.Inputs) != want && (want >= 0 || len(n.Inputs) == 0) {
			return false
		}
		for _, in := range n.Inputs {
			if in < 0 || int(in) >= i {
				return false
			}
		}
	}
	return len(op.Body) > 0
}

// cyclic reports whether a calendar window is one that the compiler makes.
func cyclic(op *graph.Calendar) bool {
	switch op.Cycle {
	case graph.Hour, graph.Day, graph.Week, graph.Month, graph.Quarter:
	default:
		return false
	}
	switch op.Func {
	case graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Count:
		return op.Shift >= 0 && !(op.Partial && op.Shift > 0)
	}
	return false
}

func reduces(r graph.Reduce) bool {
	switch r {
	case graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Count, graph.Size, graph.Median, graph.Percentile,
		graph.MeanPlusStddev, graph.Variance, graph.Stddev, graph.SampleVariance, graph.SampleStddev:
		return true
	}
	return false
}
