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
		if deviation.State != Number {
			return deviation
		}
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
	if v.State != Number {
		return v
	}
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
				value, ok = x.metricIn(x.joins), x.metricIn(x.joins) != ""
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

// gather returns empty series for a group: one for each stretch of slots in which it has a member, or
// one for all slots.
func (r *run) gather(g *group, source string, permanent bool) (lives []row) {
	for slot := 0; slot < r.slots; slot++ {
		if !permanent && !g.has(slot) {
			continue
		}
		x := r.empty(g.key, "", slot)
		for slot < r.slots && (permanent || g.has(slot)) {
			slot++
		}
		x.leaves = slot
		r.describe(&x, g, source)
		lives = append(lives, x)
	}
	return lives
}

// has reports whether a group has a member in a slot.
func (g *group) has(slot int) bool {
	return slices.ContainsFunc(g.members, func(m row) bool { return m.member(slot) })
}

// describe gives a group the pairs and the metric that all its members share. What one of them did
// not share stays unknown when it leaves, until there is but one member and that one is new.
func (r *run) describe(x *row, g *group, source string) {
	x.metrics = make([]string, r.slots)
	meta, metric := Labels{}, ""
	for slot := x.joins; slot < x.leaves; slot++ {
		members := 0
		var fresh, changed []row
		for _, m := range g.members {
			switch {
			case !m.member(slot):
			case slot == m.joins || slot == x.joins:
				fresh = append(fresh, m)
			default:
				members++
				if m.metricIn(slot) != m.metricIn(slot-1) || !maps.Equal(m.metas[slot], m.metas[slot-1]) {
					changed = append(changed, m)
				}
			}
		}
		for _, m := range fresh {
			members++
			meta, metric = share(members == 1, meta, metric, m, slot, source)
		}
		for _, m := range changed {
			meta, metric = share(members == 1, meta, metric, m, slot, source)
		}
		x.metas[slot], x.metrics[slot] = union(g.key, meta), metric
	}
	x.metric = x.metrics[x.joins]
}

// share returns what is known of a group after a member has become known, or known anew.
func share(alone bool, meta Labels, metric string, m row, slot int, source string) (Labels, string) {
	if alone {
		return m.metas[slot], m.metricIn(slot)
	}
	if metric != m.metricIn(slot) {
		metric = source
	}
	return shared(meta, m.metas[slot]), metric
}

// at returns the values that members have in a slot.
func (g *group) at(slot int) (values []Value) {
	for _, m := range g.members {
		if m.member(slot) {
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
		for _, x := range r.gather(g, in.source, permanent) {
			for slot := x.joins; slot < x.leaves; slot++ {
				x.values[slot] = reduce(op.Func, op.Arg, g.at(slot))
			}
			out.rows = append(out.rows, x)
		}
	}
	return out
}

// selectRows passes some values of each slot (language.md 5.4).
func (r *run) selectRows(op *graph.Select, in *table) *table {
	out := r.stream()
	out.source = in.source
	for _, g := range r.groups(in, op.By, nil) {
		var chosen [][]Value // by member and slot: whether random has drawn it
		if op.Func == graph.Random {
			chosen = r.draw(op, g)
		}
		for i, m := range g.members {
			x := m
			x.values = make([]Value, r.slots)
			for slot := m.joins; slot < m.leaves; slot++ {
				if chosen != nil {
					x.values[slot] = conditional([]Value{chosen[i][slot], m.values[slot], none})
				} else {
					x.values[slot] = choose(op, &m, g.members, slot)
				}
			}
			out.rows = append(out.rows, x)
		}
	}
	return out
}

// quota is how many of n pass.
func quota(op *graph.Select, n int) int {
	if op.Count > 0 {
		return min(op.Count, n)
	}
	return min(n, max(1, int(math.Ceil(op.Share*float64(n)-1e-9))))
}

// draw tells for each member of a group in which slots it is among those that random() passes: those of the
// lowest hashes when there is room; who has been drawn stays.
func (r *run) draw(op *graph.Select, g *group) [][]Value {
	drawn := make([]bool, len(g.members))
	result := make([][]Value, len(g.members))
	for i := range result {
		result[i] = make([]Value, r.slots)
	}
	for slot := range r.slots {
		var members, waiting []int
		room := 0
		for i := range g.members {
			if drawn[i] = drawn[i] && g.members[i].member(slot); drawn[i] {
				room--
			}
			if g.members[i].member(slot) {
				if members = append(members, i); !drawn[i] {
					waiting = append(waiting, i)
				}
			}
		}
		room = max(0, min(room+quota(op, len(members)), len(waiting)))
		slices.SortFunc(waiting, func(a, b int) int { return cmp.Compare(g.members[a].hash(), g.members[b].hash()) })
		for _, i := range waiting[:room] {
			drawn[i] = true
		}
		for _, i := range members {
			result[i][slot] = truth(drawn[i])
			for _, k := range members {
				if i != k && g.members[i].hash() == g.members[k].hash() {
					result[i][slot] = unsure // which of the two comes first is not told
				}
			}
		}
	}
	return result
}

// hash decides between series that are equal otherwise.
func (x *row) hash() uint64 { return series.Hash(x.metric, series.NewLabels(x.key)) }

// choose returns a value if it is among the first of its group; of equal ones those of the lower hash
// come first.
func choose(op *graph.Select, m *row, group []row, slot int) Value {
	v := m.values[slot]
	numbers, better, open := 0, 0, 0
	for i := range group {
		w := &group[i]
		if !w.member(slot) || w.values[slot].State == None {
			continue
		}
		if w.values[slot].State == Unsure {
			return unsure
		}
		numbers++
		if w.joins == m.joins && w.hash() == m.hash() && w.values[slot] == v && maps.Equal(w.key, m.key) {
			open++ // m itself, or its twin
			continue
		}
		order, near := compare(w.values[slot], v)
		switch {
		case near || order == 0 && w.hash() == m.hash():
			open++
		case order == 0 && w.hash() < m.hash(), order > 0 && op.Func == graph.Top, order < 0 && op.Func == graph.Bottom:
			better++
		}
	}
	take := quota(op, numbers)
	switch {
	case v.State == None:
		return none
	case better+open <= take:
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
		for _, x := range r.gather(groups[id], in.source, false) {
			for slot := x.joins; slot < x.leaves; slot++ {
				x.values[slot] = bucketRank(op, groups[id], slot)
			}
			out.rows = append(out.rows, x)
		}
	}
	return out
}

// bucketRank interpolates in the bucket that the rank falls into. A count that is below the one of a
// smaller bound is taken for that one.
func bucketRank(op *graph.BucketPercentile, g *group, slot int) Value {
	counts := map[float64]float64{}
	for _, m := range g.members {
		if !m.member(slot) {
			continue
		}
		v := m.values[slot]
		bound, err := strconv.ParseFloat(m.key[op.Bucket], 64)
		switch {
		case v.State == Unsure || v.Err > 0:
			return unsure
		case m.key[op.Bucket] == op.Infinity:
			bound = math.Inf(1)
		case err != nil || math.IsInf(bound, 0) || math.IsNaN(bound):
			continue
		}
		if before, ok := counts[bound]; v.State == Number && (!ok || v.X > before) {
			counts[bound] = v.X
		}
	}
	total := counts[math.Inf(1)]
	delete(counts, math.Inf(1))
	bounds := slices.Sorted(maps.Keys(counts))
	if total <= 0 || len(bounds) == 0 {
		return none
	}
	rank := op.Percent / 100 * total
	low, below := min(0, bounds[0]), 0.0
	for _, bound := range bounds {
		if count := counts[bound]; count >= rank && count > below {
			return rounded(low+(rank-below)/(count-below)*(bound-low), precision)
		}
		low, below = bound, max(below, counts[bound])
	}
	return number(low) // beyond all bounds
}
