package reference

import (
	"cmp"
	"slices"

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
	tuples := []tuple{{}}
	for i, t := range in {
		tuples = extend(tuples, i, t, outer && i > 0)
	}
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
	for _, t := range tuples {
		x := r.combine(t)
		for slot := x.joins; slot < r.slots; slot++ {
			x.values[slot] = values(slot, func(i int) Value {
				if t[i] == nil {
					return in[i].absent[slot]
				}
				return t[i].values[slot]
			})
		}
		out.rows = append(out.rows, x)
	}
	return out
}

// extend adds the series of one more stream to tuples of n. In an outer join what has no partner
// is kept, on both sides; a static value has every key and is no partner to wait for.
func extend(tuples []tuple, n int, t *table, outer bool) (longer []tuple) {
	matched := make([]bool, len(t.rows))
	for _, tu := range tuples {
		found := false
		for i := range t.rows {
			if x := &t.rows[i]; tu.accepts(x) {
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
			if !matched[i] {
				longer = append(longer, append(make(tuple, n), &t.rows[i]))
			}
		}
	}
	return longer
}

// combine returns the series that a tuple makes, without its values: the union of the keys,
// the metadata of the largest one that is no static value, the metric of the first.
func (r *run) combine(t tuple) row {
	var largest *row
	x := row{key: Labels{}}
	for _, y := range t {
		if y == nil {
			continue
		}
		x.key = union(x.key, y.key)
		x.metric = cmp.Or(x.metric, y.metric)
		x.joins = max(x.joins, y.joins)
		if largest == nil || names(y.key) > names(largest.key) || largest.static {
			largest = y
		}
	}
	made := r.empty(x.key, x.metric, x.joins)
	for slot := range made.metas {
		made.metas[slot] = union(x.key, largest.metas[slot])
	}
	return made
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
