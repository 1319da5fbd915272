package engine

import (
	"math/bits"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// aggregate reduces the series of its input, in groups, to one value for each slot and group
// (language.md 5.0). Which group a series belongs to is settled when it joins.
type aggregate struct {
	reduce  graph.Reduce
	by      []string // sorted
	allowed []string // names of by that a series may lack

	groupOf  []int32 // by input column: its group plus 1; 0: it belongs to none
	groups   []group // by output column
	byKey    map[string]int32
	missing  []string // names that series lacked, not yet reported
	reported []string // those that have been

	totals []float64 // by group plus 1; at 0 gathers what belongs to no group
	counts []int32
}

type group struct {
	id      string
	members int
}

func newAggregate(op *graph.Aggregate) *aggregate {
	by := slices.Clone(op.By)
	slices.Sort(by)
	return &aggregate{
		reduce:  op.Func,
		by:      slices.Compact(by),
		allowed: op.AllowMissing,
		byKey:   make(map[string]int32),
	}
}

func (a *aggregate) Bind(in []*stream, out *stream) {
	out.begin()
	out.source = in[0].source
	if a.permanent() && len(a.groups) == 0 {
		a.create("", member{}, out)
	}
	a.groupOf = grow(a.groupOf, len(in[0].members))
	for _, col := range in[0].left {
		if g := a.groupOf[col]; g > 0 {
			a.groups[g-1].members--
		}
		a.groupOf[col] = 0
	}
	for _, col := range in[0].joined {
		a.groupOf[col] = a.admit(&in[0].members[col], out)
	}
	for _, col := range in[0].changed {
		if g := a.groupOf[col]; g > 0 {
			a.share(g-1, &in[0].members[col], out)
		}
	}
	if len(in[0].left) > 0 {
		a.settle(out)
	}
	out.release()
	a.totals = grow(a.totals, len(a.groups)+1)
	a.counts = grow(a.counts, len(a.groups)+1)
}

// permanent reports whether the one group exists even without any series: a count of
// nothing is 0 (OQ-25).
func (a *aggregate) permanent() bool { return a.reduce == graph.Count && len(a.by) == 0 }

// admit puts a series into its group, a new one if need be, and returns the group plus 1.
func (a *aggregate) admit(m *member, out *stream) int32 {
	key, ok := a.groupKey(m)
	if !ok {
		return 0
	}
	id := string(key.AppendKey(nil))
	g, ok := a.byKey[id]
	if !ok {
		g = a.create(id, member{key: key, meta: key.Union(m.meta), metric: m.metric}, out)
	}
	a.groups[g].members++
	a.share(g, m, out)
	return g + 1
}

// groupKey returns the key of a series' group. It is not ok if the series lacks a name.
func (a *aggregate) groupKey(m *member) (series.Labels, bool) {
	key := make(series.Labels, 0, len(a.by))
	complete := true
	for _, name := range a.by {
		value, ok := m.property(name)
		switch {
		case ok:
			key = append(key, series.Label{Name: name, Value: value})
		case !slices.Contains(a.allowed, name):
			complete = false
			if !slices.Contains(a.missing, name) && !slices.Contains(a.reported, name) {
				a.missing = append(a.missing, name)
			}
		}
	}
	return key, complete
}

func (a *aggregate) create(id string, m member, out *stream) int32 {
	col := out.join(m)
	a.groups = grow(a.groups, int(col)+1)
	a.groups[col] = group{id: id}
	a.byKey[id] = col
	return col
}

// share takes from the metadata of a group what a member of it does not have as well.
func (a *aggregate) share(g int32, m *member, out *stream) {
	of := &out.members[g]
	meta, metric := of.key.Union(of.meta.Intersect(m.meta)), of.metric
	if a.groups[g].members == 1 {
		meta, metric = of.key.Union(m.meta), m.metric
	}
	if metric != m.metric {
		metric = out.source
	}
	if meta.Equal(of.meta) && metric == of.metric {
		return
	}
	of.meta, of.metric = meta, metric
	if !slices.Contains(out.joined, g) && !slices.Contains(out.changed, g) {
		out.changed = append(out.changed, g)
	}
}

// settle ends the groups that have lost their last member.
func (a *aggregate) settle(out *stream) {
	out.live.each(func(g int) {
		if a.groups[g].members > 0 || a.permanent() {
			return
		}
		delete(a.byKey, a.groups[g].id)
		out.leave(int32(g))
	})
}

func (a *aggregate) Step(_ int64, in []*vector, out *vector) {
	n := len(a.groups)
	out.resize(n)
	switch {
	case a.reduce == graph.Count:
		a.count(in[0])
	case n == 1 && len(a.by) == 0:
		a.totals[1], a.counts[1] = reduceAll(a.reduce, in[0])
	default:
		a.gather(in[0])
	}
	for g := range n {
		a.emit(out, g)
	}
}

// emit stores the result of a group.
func (a *aggregate) emit(out *vector, g int) {
	total, count := a.totals[g+1], a.counts[g+1]
	switch {
	case a.reduce == graph.Count:
		if a.groups[g].members == 0 && !a.permanent() {
			out.drop(g)
			return
		}
		out.set(g, float64(count))
	case count == 0:
		out.drop(g)
	case a.reduce == graph.Mean:
		out.set(g, total/float64(count))
	default:
		out.set(g, total)
	}
}

// count counts the values of each group.
func (a *aggregate) count(in *vector) {
	clear(a.counts)
	if len(a.by) == 0 {
		a.counts[1] = int32(in.present.count())
		return
	}
	in.present.each(func(col int) { a.counts[a.groupOf[col]]++ })
}

// gather reduces the values of each group.
func (a *aggregate) gather(in *vector) {
	totals, counts, groupOf := a.totals, a.counts, a.groupOf
	clear(counts)
	start, add := identityOf(a.reduce)
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
