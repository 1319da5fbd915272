package reference

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// fixed names are part of a key on the wire but never used to match (language.md 2.6).
var fixed = []string{"computationId", "jobId", "programId", "sf_metric", "sf_originatingMetric"}

// matches reports whether the names of the smaller key all stand in the other one, with the
// same values (language.md 2.7).
func matches(a, b Labels) bool {
	if names(a) > names(b) {
		a, b = b, a
	}
	for name, v := range a {
		if w, ok := b[name]; !slices.Contains(fixed, name) && (!ok || v != w) {
			return false
		}
	}
	return true
}

// names counts those that take part in matching.
func names(key Labels) (n int) {
	for name := range key {
		if !slices.Contains(fixed, name) {
			n++
		}
	}
	return n
}

// tuple is one series of each input that match one another; nil: the one that is not there.
type tuple []*row

func (t tuple) accepts(x *row) bool {
	return !slices.ContainsFunc(t, func(y *row) bool { return y != nil && !matches(y.key, x.key) })
}

// static reports whether a tuple has nothing but static values, which every tuple has.
func (t tuple) static() bool {
	return !slices.ContainsFunc(t, func(y *row) bool { return y != nil && !y.static })
}

// join matches the series of several streams and computes each slot of each match.
func (r *run) join(in []*table, outer bool, f func([]Value) Value) *table {
	out := &table{literal: true, absent: make([]Value, r.slots)}
	for _, t := range in {
		out.literal = out.literal && t.literal
		out.source = cmp.Or(out.source, t.source)
	}
	values := func(slot int, value func(i int) Value) Value {
		v := make([]Value, len(in))
		for i := range in {
			v[i] = value(i)
		}
		return f(v)
	}
	for slot := range r.slots {
		out.absent[slot] = values(slot, func(i int) Value { return in[i].absent[slot] })
	}
	if outer {
		out.rows = r.joinOuter(in, values)
		return out
	}
	for _, t := range matching(in, false, func(*row) bool { return true }) {
		x := r.combine(t)
		if x.joins >= x.leaves {
			continue
		}
		for slot := x.joins; slot < x.leaves; slot++ {
			x.values[slot] = values(slot, func(i int) Value { return t[i].values[slot] })
		}
		out.rows = append(out.rows, x)
	}
	return out
}

// matching returns the tuples of the series that take part.
func matching(in []*table, outer bool, takesPart func(*row) bool) []tuple {
	tuples := []tuple{{}}
	for i, t := range in {
		tuples = extend(tuples, i, t, outer && i > 0, takesPart)
	}
	return tuples
}

// joinOuter matches the series that are there in each slot. What has the same key as in the slot before
// is the same series, with other partners or without.
func (r *run) joinOuter(in []*table, values func(slot int, value func(i int) Value) Value) (rows []row) {
	var open map[string]*row
	var tuples []tuple
	for slot := range r.slots {
		if slot == 0 || changes(in, slot) {
			tuples = matching(in, true, func(x *row) bool { return x.member(slot) })
		}
		count := map[string]int{}
		next := map[string]*row{}
		for _, t := range tuples {
			key, meta, metric := t.describe(slot)
			id := fmt.Sprintf("%q", key)
			count[id]++
			twin := id + strconv.Itoa(count[id])
			x := open[twin]
			if x == nil {
				fresh := r.empty(key, metric, slot)
				fresh.metrics = make([]string, r.slots)
				x = &fresh
			}
			x.metas[slot], x.metrics[slot], x.leaves = meta, metric, slot+1
			x.values[slot] = values(slot, func(i int) Value {
				if t[i] == nil {
					return in[i].absent[slot]
				}
				return t[i].values[slot]
			})
			for _, y := range t {
				x.vague = x.vague || y != nil && y.vague
			}
			if next[twin] = x; count[id] > 1 {
				x.vague, next[id+"1"].vague = true, true // which of them goes on as which is not told
			}
		}
		for _, twin := range slices.Sorted(maps.Keys(open)) {
			if next[twin] == nil {
				rows = append(rows, *open[twin])
			}
		}
		open = next
	}
	for _, twin := range slices.Sorted(maps.Keys(open)) {
		rows = append(rows, *open[twin])
	}
	return rows
}

// changes reports whether a series joins or leaves one of several streams in a slot.
func changes(in []*table, slot int) bool {
	return slices.ContainsFunc(in, func(t *table) bool {
		return slices.ContainsFunc(t.rows, func(x row) bool { return x.joins == slot || x.leaves == slot })
	})
}

// extend adds the series of one more stream to tuples of n. In an outer join what has no partner
// is kept, on both sides; a static value has every key and is no partner to wait for.
func extend(tuples []tuple, n int, t *table, outer bool, takesPart func(*row) bool) (longer []tuple) {
	matched := make([]bool, len(t.rows))
	for _, tu := range tuples {
		found := false
		for i := range t.rows {
			if x := &t.rows[i]; takesPart(x) && tu.accepts(x) {
				longer = append(longer, append(slices.Clone(tu), x))
				matched[i], found = true, true
			}
		}
		if outer && !found && !tu.static() {
			longer = append(longer, append(slices.Clone(tu), nil))
		}
	}
	if outer && !t.literal {
		for i := range t.rows {
			if !matched[i] && takesPart(&t.rows[i]) {
				longer = append(longer, append(make(tuple, n), &t.rows[i]))
			}
		}
	}
	return longer
}

// combine returns the series that a tuple makes, without its values: it is a member where all are.
func (r *run) combine(t tuple) row {
	key, _, _ := t.describe(0)
	made := r.empty(key, "", 0)
	made.metrics = make([]string, r.slots)
	for _, y := range t {
		made.joins, made.leaves = max(made.joins, y.joins), min(made.leaves, y.leaves)
		made.vague = made.vague || y.vague
	}
	for slot := made.joins; slot < made.leaves; slot++ {
		_, made.metas[slot], made.metrics[slot] = t.describe(slot)
	}
	if made.joins < made.leaves {
		made.metric = made.metrics[made.joins]
	}
	return made
}

// describe returns the union of the keys of a tuple, the metadata of the largest one that is no static value,
// and the metric of the first.
func (t tuple) describe(slot int) (key, meta Labels, metric string) {
	key = Labels{}
	var largest *row
	for _, y := range t {
		if y == nil {
			continue
		}
		key = union(key, y.key)
		metric = cmp.Or(metric, y.metricIn(slot))
		if largest == nil || names(y.key) > names(largest.key) || largest.static {
			largest = y
		}
	}
	return key, union(key, largest.metas[slot]), metric
}

// union holds all series of all streams, each as it is (language.md 5.2).
func (r *run) union(in []*table) *table {
	out := r.stream()
	for _, t := range in {
		out.rows = append(out.rows, t.rows...)
		out.source = cmp.Or(out.source, t.source)
	}
	return out
}

// promote adds properties to the key (language.md 5.6).
func (r *run) promote(op *graph.Promote, in *table) *table {
	return r.rename(in, op.AllowMissing, nil, func(known, key Labels) (complete bool) {
		complete = true
		for _, name := range op.Names {
			value, ok := known[name]
			if ok {
				key[name] = value
			}
			complete = complete && ok
		}
		return complete
	})
}

// dimensions adds pairs to the key, and renames others (language.md 5.6).
func (r *run) dimensions(op *graph.Dimensions, in *table) *table {
	return r.rename(in, op.AllowMissing, op.Renames, func(known, key Labels) (complete bool) {
		complete = true
		for _, l := range slices.Concat(op.Aliases, op.Renames) {
			value, ok := known[l.Value]
			if ok {
				key[l.Name] = value
			}
			complete = complete && ok
		}
		return complete
	})
}

// rename makes a new key of each series from what is known of it when it joins. What is
// renamed is no longer known under the old name.
func (r *run) rename(in *table, allowMissing bool, renamed series.Labels, f func(known, key Labels) (complete bool)) *table {
	out := r.stream()
	out.source = in.source
	for _, x := range in.rows {
		if x.joins >= r.slots {
			continue
		}
		y := x
		y.key = union(x.key, nil)
		for _, l := range renamed {
			delete(y.key, l.Value)
		}
		if !f(x.metas[x.joins], y.key) && !allowMissing {
			continue
		}
		y.metas = slices.Clone(x.metas)
		for slot, meta := range y.metas {
			meta = union(meta, nil)
			for _, l := range renamed {
				delete(meta, l.Value)
			}
			y.metas[slot] = union(y.key, meta)
		}
		out.rows = append(out.rows, y)
	}
	return out
}
