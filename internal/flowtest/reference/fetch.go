package reference

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// fetch reads the series of a data() call (language.md 4.4, 4.5, 5.2).
func (r *run) fetch(op *graph.Fetch, shift int64) *table {
	t := r.stream()
	t.source = op.Metric
	q := series.Query{Metric: op.Metric, Filter: op.Filter}
	for _, s := range r.order {
		if q.Matches(s) {
			if x, ok := r.read(op, s, shift); ok {
				t.rows = append(t.rows, x)
			}
		}
	}
	return t
}

// read makes a series of raw points. It is a member from the first slot if there is a point
// before it, else from its first point, and no later than from the first slot that is sent.
func (r *run) read(op *graph.Fetch, s *series.Series, shift int64) (row, bool) {
	origin := r.origin - shift
	x := r.empty(pairs(s.Dimensions), s.Metric, r.sent)
	x.metas = slices.Repeat([]Labels{pairs(s.Metadata())}, r.slots)
	bySlot := make([][]float64, r.slots)
	before := none
	found := false
	for _, p := range r.data[s] {
		slot := int((p.Time - origin) / r.step)
		switch {
		case p.Time < origin:
			before, x.joins, found = number(p.Value), 0, true
		case slot < r.slots:
			bySlot[slot] = append(bySlot[slot], p.Value)
			x.joins = min(x.joins, slot)
			found = true
		}
	}
	for slot, values := range bySlot {
		x.values[slot] = r.roll(op.Rollup, s.Type, values, before)
		if len(values) > 0 {
			before = number(values[len(values)-1])
		} else if op.Rollup == graph.RollupCount && slot >= x.joins {
			x.values[slot] = number(0)
		}
	}
	extrapolate(op, &x)
	return x, found
}

// roll makes one value of the points of a slot (language.md 4.4).
func (r *run) roll(f graph.Rollup, kind series.Type, points []float64, before Value) Value {
	if len(points) == 0 {
		return none
	}
	if f == graph.RollupDefault {
		f = map[series.Type]graph.Rollup{series.Gauge: graph.RollupAverage, series.Counter: graph.RollupSum,
			series.CumulativeCounter: graph.RollupDelta}[kind]
	}
	values := make([]Value, len(points))
	for i, p := range points {
		values[i] = number(p)
	}
	last := values[len(values)-1]
	switch f {
	case graph.RollupAverage:
		return reduce(graph.Mean, 0, values)
	case graph.RollupSum:
		return sum(values...)
	case graph.RollupMin:
		return number(slices.Min(points))
	case graph.RollupMax:
		return number(slices.Max(points))
	case graph.RollupCount:
		return number(float64(len(points)))
	case graph.RollupLatest:
		return last
	case graph.RollupRate:
		total := sum(values...)
		if kind == series.CumulativeCounter {
			total = increments(before, values)
		}
		return binary(graph.Divide, total, number(r.seconds()))
	case graph.RollupDelta:
		switch kind {
		case series.CumulativeCounter:
			return increments(before, values)
		case series.Counter:
			return sum(values...)
		}
		return binary(graph.Subtract, last, before)
	}
	return unsure // lag: points of history tell nothing of it
}

// increments adds up the steps of a running total; one down is a new start from zero.
func increments(before Value, values []Value) Value {
	total := none
	for _, v := range values {
		if before.State == Number {
			step := v.X - before.X
			if step < 0 {
				step = max(v.X, 0)
			}
			if total.State == None {
				total = number(0)
			}
			total = sum(total, rounded(step, 0))
		}
		before = v
	}
	return total
}

// extrapolate fills slots without a value (language.md 4.5).
func extrapolate(op *graph.Fetch, x *row) {
	last, filled := none, 0
	for slot := x.joins; slot < len(x.values); slot++ {
		v := &x.values[slot]
		switch {
		case v.State != None:
			last, filled = *v, 0
		case op.MaxExtrapolations >= 0 && filled >= op.MaxExtrapolations:
		case op.Extrapolation == graph.ExtrapolateZero:
			*v = number(0)
			filled++
		case op.Extrapolation == graph.ExtrapolateLastValue && last.State != None:
			*v = last
			filled++
		}
	}
}
