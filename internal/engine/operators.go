package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// maker makes the operators of a plan.
type maker struct {
	plan    *plan
	options *Options
	grid    grid
}

// operator returns the operator of a node that check has passed.
func (m *maker) operator(at *placed, n *node) operator {
	switch op := at.Op.(type) {
	case *graph.Fetch:
		f := newFetch(op, m.options, m.grid, at.hold, &n.out)
		m.plan.fetches = append(m.plan.fetches, located[*fetch]{f, at.id, at.Span})
		return f
	case *graph.Scalar:
		return &scalar{value: op.Value}
	case *graph.Unary:
		return &unary{op.Op}
	case *graph.Binary:
		return newBinary(op.Op)
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
		c, _ := newCalendar(op, m.options.Timezone) // reach has found no fault
		return newCycles(op, c, m.grid)
	case *graph.Publish:
		if op.Enabled {
			out := &publish{op: op, serial: at.serial, jobID: m.options.JobID, taken: make(map[uint64]bool)}
			m.plan.outputs = append(m.plan.outputs, located[*publish]{out, at.id, at.Span})
			return out
		}
	}
	return &same{}
}

// group makes a grouping known, for what it has to say.
func (m *maker) group(g *grouping, at *placed) {
	m.plan.groupings = append(m.plan.groupings, located[*grouping]{g, at.id, at.Span})
}

// runs reports whether there is an operator for a node, and how many inputs that takes.
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
	case *graph.Select:
		return 1, op.Count > 0 || op.Share > 0
	case *graph.Window:
		return 1, reduces(op.Func) && op.Over > 0
	case *graph.Calendar:
		return 1, cyclic(op)
	case *graph.Publish:
		return 1, true
	}
	return 0, false
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
