package reference

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// reduce applies a statistic to the values of a group, a window or several streams
// (language.md 5.4). Size counts the missing ones too.
func reduce(f graph.Reduce, arg float64, values []Value) Value {
	numbers := present(values)
	n := float64(len(numbers))
	switch {
	case f == graph.Size:
		return number(float64(len(values)))
	case anyUnsure(values...):
		return unsure
	case f == graph.Count:
		return number(n)
	case n == 0:
		return none
	}
	slices.SortFunc(numbers, func(a, b Value) int { return cmp.Compare(a.X, b.X) })
	total := sum(numbers...)
	switch f {
	case graph.Sum:
		return total
	case graph.Mean:
		return divide(total, number(n))
	case graph.Min:
		return widest(numbers, 0)
	case graph.Max:
		return widest(numbers, len(numbers)-1)
	case graph.Median:
		half := len(numbers) / 2
		if len(numbers)%2 == 1 {
			return widest(numbers, half)
		}
		return divide(sum(widest(numbers, half-1), widest(numbers, half)), number(2))
	case graph.Percentile:
		rank := math.Floor(n*arg/100 + 1e-9)
		return widest(numbers, int(min(n-1, rank)))
	case graph.Variance:
		return variance(numbers, n)
	case graph.SampleVariance, graph.SampleStddev:
		if n < 2 {
			return none
		}
		if f == graph.SampleVariance {
			return variance(numbers, n-1)
		}
		return root(variance(numbers, n-1))
	case graph.Stddev:
		return root(variance(numbers, n))
	case graph.MeanPlusStddev:
		mean, deviation := divide(total, number(n)), root(variance(numbers, n))
		for _, v := range numbers {
			mean.Err += precision * math.Abs(v.X) / n // a mean that is kept with the variance is never exact
		}
		return sum(mean, Value{arg * deviation.X, math.Abs(arg) * deviation.Err, Number})
	}
	return none
}

// widest returns the value of a rank with the largest error of all: errors can change ranks.
func widest(sorted []Value, rank int) Value {
	v := sorted[rank]
	for _, w := range sorted {
		v.Err = max(v.Err, w.Err)
	}
	return v
}

// variance is the sum of squared distances from the mean, divided.
func variance(numbers []Value, divisor float64) Value {
	mean := divide(sum(numbers...), number(float64(len(numbers))))
	total, err := 0.0, 0.0
	for _, v := range numbers {
		d := v.X - mean.X
		total += d * d
		err += precision*v.X*v.X + 2*math.Abs(d)*(v.Err+mean.Err) + (v.Err+mean.Err)*(v.Err+mean.Err)
	}
	return approximate(total/divisor, err/divisor)
}

// root of a number that an error may have made 0, or not quite 0.
func root(v Value) Value {
	x := math.Sqrt(v.X)
	if v.Err == 0 {
		return number(x)
	}
	return approximate(x, min(math.Sqrt(v.Err), v.Err/max(x, 1e-300))+precision*x)
}

// group is some series of a stream.
type group struct {
	key     Labels
	members []row
}

// groups divides a stream (language.md 5.0). A series is grouped by what it has when it joins.
func (r *run) groups(in *table, by, allowMissing []string) []*group {
	found := map[string]*group{}
	for _, x := range in.rows {
		if x.joins >= r.slots {
			continue
		}
		key := Labels{}
		lacks := false
		for _, name := range by {
			value, ok := x.metas[x.joins][name]
			if name == series.MetricKey {
				value, ok = x.metric, x.metric != ""
			}
			if ok {
				key[name] = value
			} else if !slices.Contains(allowMissing, name) {
				lacks = true
			}
		}
		if lacks {
			continue
		}
		id := fmt.Sprintf("%q", key) // in the order of the names
		if found[id] == nil {
			found[id] = &group{key: key}
		}
		found[id].members = append(found[id].members, x)
	}
	var list []*group
	for _, id := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[id])
	}
	return list
}

// gather returns an empty series for a group, with the pairs and the metric that all its
// members share.
func (r *run) gather(g *group, source string) row {
	joins := r.slots
	for _, m := range g.members {
		joins = min(joins, m.joins)
	}
	x := r.empty(g.key, "", joins)
	for slot := joins; slot < r.slots; slot++ {
		var meta Labels
		for _, m := range g.members {
			if m.joins <= slot && meta == nil {
				meta, x.metric = m.metas[slot], m.metric
			} else if m.joins <= slot {
				meta = shared(meta, m.metas[slot])
				if m.metric != x.metric {
					x.metric = source
				}
			}
		}
		x.metas[slot] = union(g.key, meta)
	}
	return x
}

// at returns the values that members have in a slot.
func (g *group) at(slot int) (values []Value) {
	for _, m := range g.members {
		if m.joins <= slot {
			values = append(values, m.values[slot])
		}
	}
	return values
}

func (r *run) aggregate(op *graph.Aggregate, in *table) *table {
	out := r.stream()
	out.source = in.source
	groups := r.groups(in, op.By, op.AllowMissing)
	permanent := len(op.By) == 0 && (op.Func == graph.Count || op.Func == graph.Size)
	if len(groups) == 0 && permanent {
		groups = append(groups, &group{key: Labels{}}) // a count of nothing is 0 (OQ-25)
	}
	for _, g := range groups {
		x := r.gather(g, in.source)
		if permanent {
			x.joins = 0
		}
		for slot := x.joins; slot < r.slots; slot++ {
			x.values[slot] = reduce(op.Func, op.Arg, g.at(slot))
		}
		out.rows = append(out.rows, x)
	}
	return out
}

// selectRows passes the largest or smallest values of each slot (language.md 5.4). Of equal
// values at the border any may pass.
func (r *run) selectRows(op *graph.Select, in *table) (*table, error) {
	if op.Func == graph.Random {
		return nil, fmt.Errorf("random() may choose as it likes")
	}
	out := r.stream()
	out.source = in.source
	for _, g := range r.groups(in, op.By, nil) {
		for _, m := range g.members {
			x := m
			x.values = make([]Value, r.slots)
			for slot := m.joins; slot < r.slots; slot++ {
				x.values[slot] = choose(op, m.values[slot], g.at(slot))
			}
			out.rows = append(out.rows, x)
		}
	}
	return out, nil
}

// choose returns a value if it is among the first of all.
func choose(op *graph.Select, v Value, all []Value) Value {
	numbers := present(all)
	take := op.Count
	if take == 0 {
		take = max(1, int(math.Ceil(op.Share*float64(len(numbers))-1e-9)))
	}
	better, ties := 0, 0
	for _, w := range numbers {
		order, open := compare(w, v)
		switch {
		case open || order == 0:
			ties++ // v is one of them
		case (order > 0) == (op.Func == graph.Top):
			better++
		}
	}
	switch {
	case v.State == None:
		return none
	case anyUnsure(all...):
		return unsure
	case better+ties <= take:
		return v
	case better >= take:
		return none
	}
	return unsure
}

// bucketPercentile estimates a percentile from cumulative counters (language.md 5.7).
func (r *run) bucketPercentile(op *graph.BucketPercentile, in *table) *table {
	out := r.stream()
	out.source = in.source
	groups := map[string]*group{}
	for _, x := range in.rows {
		if _, ok := x.key[op.Bucket]; !ok || x.joins >= r.slots {
			continue
		}
		key := maps.Clone(x.key)
		delete(key, op.Bucket)
		id := fmt.Sprintf("%q", key)
		if groups[id] == nil {
			groups[id] = &group{key: key}
		}
		groups[id].members = append(groups[id].members, x)
	}
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		x := r.gather(groups[id], in.source)
		for slot := x.joins; slot < r.slots; slot++ {
			x.values[slot] = bucketRank(op, groups[id], slot)
		}
		out.rows = append(out.rows, x)
	}
	return out
}

// bucketRank interpolates in the bucket that the rank falls into.
func bucketRank(op *graph.BucketPercentile, g *group, slot int) Value {
	counts := map[float64]float64{}
	for _, m := range g.members {
		v := m.values[slot]
		if v.State == Unsure {
			return unsure
		}
		bound, err := strconv.ParseFloat(m.key[op.Bucket], 64)
		if m.key[op.Bucket] == op.Infinity {
			bound, err = math.Inf(1), nil
		}
		if err == nil && v.State == Number {
			counts[bound] += v.X
		}
	}
	bounds := slices.Sorted(maps.Keys(counts))
	n := len(bounds)
	if n == 0 || !math.IsInf(bounds[n-1], 1) || counts[bounds[n-1]] <= 0 {
		return none
	}
	rank := op.Percent / 100 * counts[bounds[n-1]]
	for i, bound := range bounds {
		if counts[bound] < rank {
			continue
		}
		switch {
		case math.IsInf(bound, 1) && n == 1:
			return none
		case math.IsInf(bound, 1):
			return number(bounds[n-2])
		case i == 0 && bound <= 0:
			return number(bound)
		}
		low, below := 0.0, 0.0
		if i > 0 {
			low, below = bounds[i-1], counts[bounds[i-1]]
		}
		if counts[bound] == below {
			return number(bound)
		}
		return rounded(low+(rank-below)/(counts[bound]-below)*(bound-low), precision)
	}
	return none
}
