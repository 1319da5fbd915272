package engine

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// outerJoin keeps the tuples of an operator inside combine(): a series that matches none of
// another stream stands in a tuple without it (language.md 5.2, OQ-23). They are made anew
// whenever a series comes or goes; an output whose key stays the same keeps its column, so that
// it is the same series with a partner and without.
type outerJoin struct{}

// partial is a tuple that is being made.
type partial struct {
	series []int32
	key    series.Labels
}

func (j *outerJoin) renew(t *tuples, in []*stream, out *stream) {
	if !slices.ContainsFunc(in, func(s *stream) bool { return len(s.left)+len(s.joined) > 0 }) {
		return
	}
	kept := make(map[string][]int32) // output columns by key
	out.live.each(func(o int) {
		id := keyID(&out.members[o])
		kept[id] = append(kept[id], int32(o))
	})
	all := j.enumerate(t, in)
	// Of several with one key each takes the column of its metric first.
	all = slices.DeleteFunc(all, func(p partial) bool { return j.keep(t, in, out, p, kept, true) })
	all = slices.DeleteFunc(all, func(p partial) bool { return j.keep(t, in, out, p, kept, false) })
	out.live.each(func(o int) {
		if slices.Contains(kept[keyID(&out.members[o])], int32(o)) {
			out.leave(int32(o))
			t.dissolve(int32(o))
		}
	})
	for _, p := range all {
		t.compose(out.join(t.member(in, p.series)), p.series)
	}
}

func keyID(m *member) string { return string(m.key.AppendKey(nil)) }

// keep gives a tuple a column that has been kept for its key, and perhaps its metric.
func (j *outerJoin) keep(t *tuples, in []*stream, out *stream, p partial, kept map[string][]int32, exactly bool) bool {
	m := t.member(in, p.series)
	id := keyID(&m)
	at := slices.IndexFunc(kept[id], func(o int32) bool { return !exactly || out.members[o].metric == m.metric })
	if at < 0 {
		return false
	}
	o := kept[id][at]
	kept[id] = slices.Delete(kept[id], at, at+1)
	t.dissolve(o)
	t.compose(o, p.series)
	t.update(o, in, out)
	return true
}

// enumerate returns all tuples: stream by stream, each tuple so far with all that match it, or
// as it is, and what has matched none.
func (j *outerJoin) enumerate(t *tuples, in []*stream) (all []partial) {
	for side := range in {
		if t.literal[side] {
			continue
		}
		var next []partial
		matched := make(bitmap, len(in[side].live))
		for _, p := range all {
			found := false
			for _, col := range t.join.partners(nil, side, p.key) {
				if key := in[side].members[col].key; p.matches(in, key) {
					matched.set(int(col))
					found = true
					next = append(next, p.with(side, col, key))
				}
			}
			if !found {
				next = append(next, p)
			}
		}
		in[side].live.each(func(col int) {
			if !matched.has(col) {
				lone := partial{series: slices.Repeat([]int32{-1}, len(in))}
				next = append(next, lone.with(side, int32(col), in[side].members[col].key))
			}
		})
		all = next
	}
	for side, literal := range t.literal {
		for i := range all {
			if literal {
				all[i].series[side] = 0
			}
		}
	}
	return all
}

// with returns the tuple with one series more.
func (p partial) with(side int, col int32, key series.Labels) partial {
	more := partial{slices.Clone(p.series), p.key.Union(key)}
	more.series[side] = col
	return more
}

// matches reports whether a key matches those of all series of the tuple.
func (p partial) matches(in []*stream, key series.Labels) bool {
	for side, col := range p.series {
		if col >= 0 && !matches(key, in[side].members[col].key) {
			return false
		}
	}
	return true
}
