package engine

import (
	"cmp"
	"math"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// quota is how many series of a group pass: a number of them, or a share.
type quota struct {
	count int
	share float64
}

// of returns the quota of a group of n series.
func (q quota) of(n int) int {
	if q.count > 0 {
		return min(q.count, n)
	}
	// The small subtraction makes good for shares that binary numbers cannot hold.
	return min(n, max(1, int(math.Ceil(q.share*float64(n)-1e-9))))
}

// identities holds of each column a hash of the series, which is the same in every job.
type identities []uint64

func (ids *identities) learn(in *stream) {
	*ids = grow(*ids, len(in.members))
	for _, col := range in.joined {
		m := &in.members[col]
		(*ids)[col] = series.Hash(m.metric, m.key)
	}
}

// extremes is top and bottom: in each slot it passes the largest or smallest values of each
// group (language.md 5.4). Of equal values at the edge those of the lower hash pass.
type extremes struct {
	grouping
	quota  quota
	bottom bool

	groupStream stream
	ids         identities
	scratch     []float64
	tied        []uint64
}

func newExtremes(op *graph.Select) *extremes {
	return &extremes{grouping: newGrouping(op.By, nil), quota: quota{op.Count, op.Share}, bottom: op.Func == graph.Bottom}
}

func (e *extremes) Bind(in []*stream, out *stream) {
	e.grouping.Bind(in, &e.groupStream)
	e.list()
	e.ids.learn(in[0])
	out.restrict(in[0], func(col int32) bool { return e.groupOf[col] > 0 })
}

func (e *extremes) Step(_ int64, in []*vector, out *vector) {
	x := in[0]
	out.resize(len(x.values))
	copy(out.values, x.values)
	clear(out.present)
	for at := range e.groups {
		e.scratch = e.gather(e.scratch[:0], at, x)
		if n := len(e.scratch); n > 0 {
			e.pass(e.of(at), e.quota.of(n), x, out)
		}
	}
}

// pass passes k of the columns of a group, whose values are in scratch.
func (e *extremes) pass(columns []int32, k int, in, out *vector) {
	n := len(e.scratch)
	edge := e.edge(k)
	e.tied = e.tied[:0]
	for _, col := range columns {
		if !in.present.has(int(col)) {
			continue
		}
		switch v := in.values[col]; {
		case v == edge:
			e.tied = append(e.tied, e.ids[col])
		case v > edge != e.bottom:
			out.present.set(int(col))
			k--
		}
	}
	if k == len(e.tied) {
		k = n // all of them
	}
	e.passTied(columns, k, edge, in, out)
}

// edge returns the last value that passes when k of those in scratch do. It uses scratch up.
func (e *extremes) edge(k int) float64 {
	if !e.bottom {
		return kthLargest(e.scratch, k)
	}
	for i, v := range e.scratch {
		e.scratch[i] = -v
	}
	return -kthLargest(e.scratch, k)
}

// passTied passes k of the columns whose value is the edge.
func (e *extremes) passTied(columns []int32, k int, edge float64, in, out *vector) {
	last := uint64(math.MaxUint64)
	if k < len(e.tied) {
		last = selectNth(e.tied, k-1)
		for _, id := range e.tied[:k-1] {
			if id < last {
				k--
			}
		}
	}
	// k is now how many may pass of those that have the same hash as the last one.
	for _, col := range columns {
		if !in.present.has(int(col)) || in.values[col] != edge || e.ids[col] > last {
			continue
		}
		if e.ids[col] == last {
			if k == 0 {
				continue
			}
			k--
		}
		out.present.set(int(col))
	}
}

// random passes some series of each group, chosen once by a hash so that a chart does not
// flicker; new ones enter when there is room (language.md 5.4).
type random struct {
	grouping
	quota       quota
	groupStream stream
	ids         identities
	chosen      bitmap
}

func newRandom(op *graph.Select) *random {
	return &random{grouping: newGrouping(op.By, nil), quota: quota{op.Count, op.Share}}
}

func (r *random) Bind(in []*stream, out *stream) {
	r.grouping.Bind(in, &r.groupStream)
	r.list()
	r.ids.learn(in[0])
	r.chosen = grow(r.chosen, wordsFor(len(in[0].members)))
	for _, col := range in[0].left {
		r.chosen.clear(int(col))
	}
	var waiting []int32
	for at, g := range r.groups {
		room := r.quota.of(g.members)
		waiting = waiting[:0]
		for _, col := range r.of(at) {
			if r.chosen.has(int(col)) {
				room--
			} else {
				waiting = append(waiting, col)
			}
		}
		slices.SortStableFunc(waiting, func(a, b int32) int { return cmp.Compare(r.ids[a], r.ids[b]) })
		for _, col := range waiting[:max(0, min(room, len(waiting)))] {
			r.chosen.set(int(col))
		}
	}
	out.restrict(in[0], func(col int32) bool { return r.groupOf[col] > 0 })
}

func (r *random) Step(_ int64, in []*vector, out *vector) {
	x := in[0]
	out.resize(len(x.values))
	copy(out.values, x.values)
	for w, present := range x.present {
		out.present[w] = present & r.chosen[w]
	}
}
