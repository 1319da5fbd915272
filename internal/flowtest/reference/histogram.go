package reference

import (
	"fmt"
	"math"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// histograms reads the series of a histogram() call, whose values are kept for some ms. What they have in
// a slot are all of its points, as they came.
func (r *run) histograms(op *graph.HistogramFetch, shift, hold int64) *table {
	q := series.Query{Kind: series.Histograms, Metric: op.Metric, Filter: op.Filter}
	t := r.stream()
	t.source = op.Metric
	for _, s := range r.order {
		if !q.Matches(s) {
			continue
		}
		lives, bySlot := r.lives(s, r.origin-shift, hold)
		for _, l := range lives {
			x := r.empty(pairs(s.Dimensions), s.Metric, l.joins)
			x.leaves = l.leaves
			x.metas = slices.Repeat([]Labels{pairs(s.Metadata())}, r.slots)
			x.points = bySlot
			t.rows = append(t.rows, x)
		}
	}
	return t
}

// mergeHistograms takes a number from all the points of a group, or of a series, in a window
// (language.md 5.7).
func (r *run) mergeHistograms(op *graph.HistogramReduce, in *table) *table {
	out := r.stream()
	out.source = in.source
	n := r.slotsOf(op.Over)
	if len(op.By) == 0 && op.Over > 0 { // each series is on its own
		for _, x := range in.rows {
			y := x
			y.values = make([]Value, r.slots)
			for slot := x.joins; slot < x.leaves; slot++ {
				y.values[slot] = evaluate(op, pointsOf([]row{x}, max(x.joins, slot-n+1), slot))
			}
			out.rows = append(out.rows, y)
		}
		return out
	}
	groups := r.groups(in, op.By, op.AllowMissing)
	permanent := len(op.By) == 0 && op.Func == graph.Count
	if len(groups) == 0 && permanent {
		groups = append(groups, &group{key: Labels{}}) // a count of nothing is 0 (OQ-25)
	}
	for _, g := range groups {
		for _, x := range r.gather(g, in.source, permanent) {
			for slot := x.joins; slot < x.leaves; slot++ {
				x.values[slot] = evaluate(op, pointsOf(g.members, max(x.joins, slot-n+1), slot))
			}
			out.rows = append(out.rows, x)
		}
	}
	return out
}

// pointsOf returns the points of some series from one slot to another, both included, that hold
// anything.
func pointsOf(members []row, from, to int) (points []*series.Distribution) {
	for _, m := range members {
		for slot := from; slot <= to; slot++ {
			if !m.member(slot) {
				continue
			}
			for _, p := range m.points[slot] {
				if p.Distribution.Count() > 0 {
					points = append(points, p.Distribution)
				}
			}
		}
	}
	return points
}

// evaluate computes what is asked of histograms together.
func evaluate(op *graph.HistogramReduce, points []*series.Distribution) Value {
	count, least, most := 0.0, math.Inf(1), math.Inf(-1)
	var sums []Value
	for _, p := range points {
		count += p.Count()
		sums = append(sums, number(p.Sum))
		least, most = min(least, p.Min), max(most, p.Max)
	}
	switch {
	case op.Func == graph.Count:
		return number(count)
	case count == 0:
		return none
	}
	switch op.Func {
	case graph.Sum:
		return sum(sums...)
	case graph.Mean:
		return divide(sum(sums...), number(count))
	case graph.Min:
		return number(least)
	case graph.Max:
		return number(most)
	}
	upTo := upToOf(points)
	if op.Func == graph.CDF {
		switch {
		case op.Arg < least:
			return number(0)
		case op.Arg >= most:
			return number(1)
		}
		return approximate(upTo(op.Arg)/count, precision)
	}
	// Where next to the rank nothing lies, rounding decides between what is before and behind.
	rank, blur := op.Arg/100*count, 4e-9*count
	x, y := reach(upTo, rank-blur, least, most), reach(upTo, rank+blur, least, most)
	if y-x > 1e-5*(most-least) {
		return unsure
	}
	return approximate(reach(upTo, rank, least, most), y-x+precision*(math.Abs(least)+math.Abs(most)))
}

// reach returns the least number up to which so many observations lie, between the least and the
// most of them.
func reach(upTo func(x float64) float64, rank, least, most float64) float64 {
	if upTo(least) >= rank {
		return least
	}
	for range 200 {
		if middle := least + (most-least)/2; upTo(middle) >= rank {
			most = middle
		} else {
			least = middle
		}
	}
	return most
}

// upToOf returns the function that tells how many observations are not above a number, each bucket
// being spread evenly. Those of equal bounds are one histogram, which begins at its smallest and ends
// at its largest observation.
func upToOf(points []*series.Distribution) func(x float64) float64 {
	merged := map[string]*series.Distribution{}
	for _, p := range points {
		id := fmt.Sprint(p.Bounds)
		m := merged[id]
		if m == nil {
			m = &series.Distribution{Bounds: p.Bounds, Counts: make([]float64, len(p.Counts)), Min: p.Min, Max: p.Max}
			merged[id] = m
		}
		for i, c := range p.Counts {
			m.Counts[i] += c
		}
		m.Min, m.Max = min(m.Min, p.Min), max(m.Max, p.Max)
	}
	return func(x float64) (total float64) {
		for _, m := range merged {
			for i, c := range m.Counts {
				low, high := m.Min, m.Max
				if i > 0 {
					low = m.Bounds[i-1]
				}
				if i < len(m.Bounds) {
					high = m.Bounds[i]
				}
				switch {
				case c == 0 || x < low:
				case x >= high:
					total += c
				default:
					total += c * (x - low) / (high - low)
				}
			}
		}
		return total
	}
}
