package engine

import (
	"slices"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// outerJoin keeps the tuples of an operator inside combine(): a series that matches none of
// another stream stands in a tuple without it (language.md 5.2, OQ-23). They are made anew
// whenever a series comes or goes; an output whose key stays the same keeps its column, so that
// it is the same series with a partner and without.
type outerJoin struct {
	ids []string // by output column
}

// partial is a tuple that is being made.
type partial struct {
	series []int32
	key    series.Labels
}

func (j *outerJoin) renew(t *tuples, in []*stream, out *stream) {
	if !slices.ContainsFunc(in, func(s *stream) bool { return len(s.left)+len(s.joined) > 0 }) {
		return
	}
	kept := make(map[string]int32)
	out.live.each(func(o int) { kept[j.ids[o]] = int32(o) })
	twins := make(map[string]int)
	var fresh [][]int32
	var ids []string
	for _, p := range j.enumerate(t, in) {
		m := t.member(in, p.series)
		id := string(m.key.AppendKey([]byte(m.metric + "\x00")))
		twins[id]++
		id += "\x00" + strconv.Itoa(twins[id])
		o, ok := kept[id]
		if !ok {
			fresh, ids = append(fresh, p.series), append(ids, id)
			continue
		}
		delete(kept, id)
		t.dissolve(o)
		t.compose(o, p.series)
		t.update(o, in, out)
	}
	out.live.each(func(o int) {
		if _, gone := kept[j.ids[o]]; gone {
			out.leave(int32(o))
			t.dissolve(int32(o))
		}
	})
	for i, chosen := range fresh {
		o := out.join(t.member(in, chosen))
		t.compose(o, chosen)
		j.ids = grow(j.ids, int(o)+1)
		j.ids[o] = ids[i]
	}
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
