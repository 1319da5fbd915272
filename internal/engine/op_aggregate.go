package engine

import (
	"math/bits"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// aggregate reduces the series of its input, in groups, to one value for each slot and group.
type aggregate struct {
	grouping
	statistic groupStatistic
}

// groupStatistic is one way to reduce the values of groups.
type groupStatistic interface {
	// bind makes room for the groups, and lays out what it needs of them.
	bind(g *grouping)
	// reduce stores one value for each group, or None, in the columns of out.
	reduce(in *vector, g *grouping, out *vector)
}

func newAggregate(op *graph.Aggregate) *aggregate {
	a := &aggregate{grouping: newGrouping(op.By, op.AllowMissing)}
	switch op.Func {
	case graph.Count, graph.Size:
		a.statistic = &tally{size: op.Func == graph.Size}
		a.permanent = a.whole() // a count of nothing is 0 (OQ-25)
	case graph.Median, graph.Percentile:
		a.statistic = &ranks{rank: rankOf(op.Func, op.Arg)}
	case graph.Sum, graph.Mean, graph.Min, graph.Max:
		a.statistic = &totals{reduction: op.Func}
	default:
		a.statistic = &deviations{spread: spread{op.Func, op.Arg}, sums: totals{reduction: graph.Mean}}
	}
	return a
}

func (a *aggregate) Bind(in []*stream, out *stream) {
	a.grouping.Bind(in, out)
	a.statistic.bind(&a.grouping)
}

func (a *aggregate) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(a.groups))
	a.statistic.reduce(in[0], &a.grouping, out)
}

// tally counts the values of each group, or its members.
type tally struct {
	size   bool
	counts []int32 // by group plus 1; at 0 those of no group
}

func (t *tally) bind(g *grouping) { t.counts = grow(t.counts, len(g.groups)+1) }

func (t *tally) reduce(in *vector, g *grouping, out *vector) {
	clear(t.counts)
	switch {
	case t.size:
		for at, of := range g.groups {
			t.counts[at+1] = int32(of.members)
		}
	case g.whole() && len(g.groups) > 0:
		t.counts[1] = int32(in.present.count())
	default:
		in.present.each(func(col int) { t.counts[g.groupOf[col]]++ })
	}
	for at, of := range g.groups {
		if of.members == 0 && !g.permanent {
			out.drop(at)
			continue
		}
		out.set(at, float64(t.counts[at+1]))
	}
}

// totals is sum, mean, min and max.
type totals struct {
	reduction graph.Reduce
	totals    []float64 // by group plus 1; at 0 gathers what belongs to no group
	counts    []int32
}

func (t *totals) bind(g *grouping) {
	t.totals = grow(t.totals, len(g.groups)+1)
	t.counts = grow(t.counts, len(g.groups)+1)
}

func (t *totals) reduce(in *vector, g *grouping, out *vector) {
	t.gather(in, g)
	for at := range g.groups {
		total, count := t.totals[at+1], t.counts[at+1]
		switch {
		case count == 0:
			out.drop(at)
		case t.reduction == graph.Mean:
			out.set(at, total/float64(count))
		default:
			out.set(at, total)
		}
	}
}

// gather reduces the values of each group.
func (t *totals) gather(in *vector, g *grouping) {
	if g.whole() && len(g.groups) > 0 {
		t.totals[1], t.counts[1] = reduceAll(t.reduction, in)
		return
	}
	totals, counts, groupOf := t.totals, t.counts, g.groupOf
	clear(counts)
	start, add := identityOf(t.reduction)
	for i := range totals {
		totals[i] = start
	}
	for w, word := range in.present {
		lo := w * 64
		if word == ^uint64(0) {
			values, groups := in.values[lo:lo+64], groupOf[lo:lo+64]
			add(totals, counts, groups, values)
			continue
		}
		for ; word != 0; word &= word - 1 {
			col := lo + trailing(word)
			add(totals, counts, groupOf[col:col+1], in.values[col:col+1])
		}
	}
}

// identityOf returns the value that a reduction starts from, and the loop that adds columns
// to their groups.
func identityOf(r graph.Reduce) (float64, func(totals []float64, counts, groups []int32, values []float64)) {
	switch r {
	case graph.Min:
		return inf, func(totals []float64, counts, groups []int32, values []float64) {
			for i, g := range groups {
				totals[g] = min(totals[g], values[i])
				counts[g]++
			}
		}
	case graph.Max:
		return -inf, func(totals []float64, counts, groups []int32, values []float64) {
			for i, g := range groups {
				totals[g] = max(totals[g], values[i])
				counts[g]++
			}
		}
	}
	return 0, func(totals []float64, counts, groups []int32, values []float64) {
		for i, g := range groups {
			totals[g] += values[i]
			counts[g]++
		}
	}
}

// reduceAll reduces all values of a slot to one.
func reduceAll(r graph.Reduce, in *vector) (total float64, count int32) {
	switch r {
	case graph.Min:
		total = inf
	case graph.Max:
		total = -inf
	}
	for w, word := range in.present {
		count += int32(bits.OnesCount64(word))
		lo := w * 64
		if word == ^uint64(0) {
			total = reduceRun(r, total, in.values[lo:lo+64])
			continue
		}
		for ; word != 0; word &= word - 1 {
			col := lo + trailing(word)
			total = reduceRun(r, total, in.values[col:col+1])
		}
	}
	return total, count
}

// reduceRun reduces a run of values into total.
func reduceRun(r graph.Reduce, total float64, values []float64) float64 {
	switch r {
	case graph.Min:
		for _, x := range values {
			total = min(total, x)
		}
	case graph.Max:
		for _, x := range values {
			total = max(total, x)
		}
	default:
		total += sumOf(values)
	}
	return total
}

// deviations is variance, stddev and their kin: the mean first, then the squares of the
// distances from it, so that large values with small differences lose nothing. What the distances
// add up to makes good that the mean is rounded: equal values have no deviation at all.
type deviations struct {
	spread  spread
	sums    totals
	rests   []float64 // by group plus 1
	squares []float64
}

func (d *deviations) bind(g *grouping) {
	d.sums.bind(g)
	d.rests = grow(d.rests, len(g.groups)+1)
	d.squares = grow(d.squares, len(g.groups)+1)
}

func (d *deviations) reduce(in *vector, g *grouping, out *vector) {
	d.sums.gather(in, g)
	means, counts := d.sums.totals, d.sums.counts
	for at, n := range counts {
		means[at] /= float64(n)
	}
	clear(d.rests)
	clear(d.squares)
	if g.whole() && len(g.groups) > 0 {
		d.rests[1], d.squares[1] = distancesOf(in, means[1])
	} else {
		in.present.each(func(col int) {
			of := g.groupOf[col]
			x := in.values[col] - means[of]
			d.rests[of] += x
			d.squares[of] += x * x
		})
	}
	for at := range g.groups {
		n, rest := counts[at+1], d.rests[at+1]
		off := rest / float64(n) // by which the mean is too small
		x, ok := d.spread.of(n, means[at+1]+off, max(0, d.squares[at+1]-rest*off))
		if !ok {
			x = inf // None
		}
		out.set(at, x)
	}
}

// distancesOf adds up the distances of all values from their mean, and the squares of these.
func distancesOf(in *vector, mean float64) (rest, squares float64) {
	for w, word := range in.present {
		for ; word != 0; word &= word - 1 {
			x := in.values[w<<6+trailing(word)] - mean
			rest += x
			squares += x * x
		}
	}
	return rest, squares
}
