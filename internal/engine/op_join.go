package engine

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// joined is an operator over several streams: its series are the tuples of those that
// correlate (language.md 2.7), its values those of kernel.
type joined struct {
	tuples
	kernel  kernel
	sides   []operand
	aligned []*vector
}

func newJoined(op graph.Op, sides int) *joined {
	j := &joined{kernel: kernelOf(op, 1), sides: make([]operand, sides), aligned: make([]*vector, sides)}
	j.tuples = newTuples(sides)
	if _, ok := op.(*graph.Conditional); ok {
		j.order = []int{1, 0, 2} // as it is written: the value stands before the condition
	}
	return j
}

func (j *joined) Bind(in []*stream, out *stream) {
	j.tuples.Bind(in, out)
	for i := range j.sides {
		j.sides[i].plan(j.columns[i], out.live, len(in[i].members))
	}
}

func (j *joined) Step(_ int64, in []*vector, out *vector) {
	words := len(j.live)
	out.resize(words * 64)
	for i := range j.sides {
		j.aligned[i] = j.sides[i].align(in[i], j.columns[i], words)
	}
	j.kernel(j.aligned, out, j.live)
}

// tuples keeps which series of several streams belong together. In each tuple any two match;
// in an outer join a stream may have no series in it.
type tuples struct {
	join    correlator
	outer   *outerJoin
	order   []int       // of the streams, as the program names them
	literal []bool      // by side: a static value, which matches every series and tells of none
	columns [][]int32   // by side, by output column: the series, -1 for none
	of      [][][]int32 // by side, by input column: its output columns
	chosen  []int32     // scratch
	live    bitmap
}

func newTuples(sides int) tuples {
	t := tuples{
		join: newCorrelator(sides), columns: make([][]int32, sides), of: make([][][]int32, sides),
		chosen: make([]int32, sides), literal: make([]bool, sides),
	}
	for i := range sides {
		t.order = append(t.order, i)
	}
	return t
}

func (t *tuples) Bind(in []*stream, out *stream) {
	out.begin()
	out.source = ""
	for _, i := range t.order {
		if out.source == "" {
			out.source = in[i].source
		}
	}
	for i := range in {
		for _, col := range in[i].left {
			t.join.remove(i, col)
			if t.outer == nil {
				t.part(i, col, out)
			}
		}
	}
	// The last side is made known first, so that tuples come in the order of the first one.
	for i := len(in) - 1; i >= 0; i-- {
		for _, col := range in[i].joined {
			if t.outer == nil {
				t.chosen[i] = col
				t.match(in, out, i, 0)
			}
			t.join.add(i, col, in[i].members[col].key)
		}
	}
	if t.outer != nil {
		t.outer.renew(t, in, out)
	}
	t.rename(in, out)
	out.release()
	t.live = out.live
}

// part ends the tuples of a series that has left.
func (t *tuples) part(side int, col int32, out *stream) {
	if int(col) >= len(t.of[side]) {
		return
	}
	for _, o := range slices.Clone(t.of[side][col]) {
		out.leave(o)
		t.dissolve(o)
	}
}

// dissolve takes the series of a tuple out of it.
func (t *tuples) dissolve(o int32) {
	for i := range t.columns {
		if col := t.columns[i][o]; col >= 0 {
			t.of[i][col] = slices.DeleteFunc(t.of[i][col], func(x int32) bool { return x == o })
		}
	}
}

// match makes all tuples that have the series chosen so far, of sides before the next one and
// of the side given.
func (t *tuples) match(in []*stream, out *stream, side, next int) {
	switch {
	case next == len(in):
		o := out.join(t.member(in, t.chosen))
		t.compose(o, t.chosen)
		return
	case next == side:
		t.match(in, out, side, next+1)
		return
	}
	for _, col := range t.join.partners(nil, next, in[side].members[t.chosen[side]].key) {
		if t.matchesAll(in, side, next, col) {
			t.chosen[next] = col
			t.match(in, out, side, next+1)
		}
	}
}

// matchesAll reports whether a series of a side matches all that are chosen before it.
func (t *tuples) matchesAll(in []*stream, side, next int, col int32) bool {
	key := in[next].members[col].key
	for i := range next {
		if i != side && !matches(key, in[i].members[t.chosen[i]].key) {
			return false
		}
	}
	return true
}

// compose makes a tuple of some series the one of an output column.
func (t *tuples) compose(o int32, series []int32) {
	for i, col := range series {
		t.columns[i] = grow(t.columns[i], int(o)+1)
		t.columns[i][o] = col
		if col >= 0 {
			t.of[i] = grow(t.of[i], int(col)+1)
			t.of[i][col] = append(t.of[i][col], o)
		}
	}
}

// rename takes over new metadata of the inputs.
func (t *tuples) rename(in []*stream, out *stream) {
	for i := range in {
		for _, col := range in[i].changed {
			if int(col) >= len(t.of[i]) {
				continue
			}
			for _, o := range t.of[i][col] {
				t.update(o, in, out)
			}
		}
	}
}

// update gives an output series the metadata that its tuple has now.
func (t *tuples) update(o int32, in []*stream, out *stream) {
	series := make([]int32, len(in))
	for i := range in {
		series[i] = t.columns[i][o]
	}
	m := t.member(in, series)
	changed := m.metric != out.members[o].metric || !m.meta.Equal(out.members[o].meta)
	if changed && !slices.Contains(out.joined, o) && !slices.Contains(out.changed, o) {
		out.changed = append(out.changed, o)
	}
	out.members[o] = m
}

// member returns the series that a tuple makes.
func (t *tuples) member(in []*stream, series []int32) member {
	var m *member
	for _, i := range t.order {
		if series[i] < 0 || t.literal[i] {
			continue
		}
		next := &in[i].members[series[i]]
		if m == nil {
			m = next
			continue
		}
		both := merge(m, next)
		m = &both
	}
	if m == nil { // static values alone
		return member{}
	}
	return *m
}

// merge returns the series that a pair makes: the keys of both, the metadata of the one with
// the larger key (those that both share are among them), the metric of the left one.
func merge(l, r *member) member {
	m := member{key: l.key.Union(r.key), meta: l.meta, metric: l.metric}
	if len(matchKey(r.key)) > len(matchKey(l.key)) {
		m.meta = r.meta
	}
	m.meta = m.key.Union(m.meta)
	if m.metric == "" {
		m.metric = r.metric
	}
	return m
}
