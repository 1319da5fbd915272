package engine

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// binary is an operator between two streams: its series are the pairs that correlate, its
// values those of kernel.
type binary struct {
	kernel kernel
	join   correlator
	pairs  [2][]int32   // by side, by output column: the column of the partner
	of     [2][][]int32 // by side, by input column: its output columns
	sides  [2]operand
	live   bitmap
}

// kernel computes one slot of an operator over aligned columns. Columns outside live are None.
type kernel func(a, b, out *vector, live bitmap)

func newBinary(op graph.BinaryOp) *binary { return &binary{kernel: kernelFor(op)} }

func (b *binary) Bind(in []*stream, out *stream) {
	out.begin()
	out.source = in[left].source
	if out.source == "" {
		out.source = in[right].source
	}
	for which := range in {
		for _, col := range in[which].left {
			b.part(which, col, out)
		}
	}
	// The right side is made known first, so that pairs come in the order of the left one.
	for _, col := range in[right].joined {
		for _, l := range b.join.partners(nil, left, in[right].members[col].key) {
			b.pair(in, out, l, col)
		}
		b.join.add(right, col, in[right].members[col].key)
	}
	for _, col := range in[left].joined {
		for _, r := range b.join.partners(nil, right, in[left].members[col].key) {
			b.pair(in, out, col, r)
		}
		b.join.add(left, col, in[left].members[col].key)
	}
	b.rename(in, out)
	out.release()
	b.live = out.live
	for which := range b.sides {
		b.sides[which].plan(b.pairs[which], out.live, len(in[which].members))
	}
}

// part ends the pairs of a series that has left.
func (b *binary) part(which int, col int32, out *stream) {
	b.join.remove(which, col)
	if int(col) >= len(b.of[which]) {
		return
	}
	other := 1 - which
	for _, o := range b.of[which][col] {
		out.leave(o)
		partner := b.pairs[other][o]
		b.of[other][partner] = slices.DeleteFunc(b.of[other][partner], func(x int32) bool { return x == o })
	}
	b.of[which][col] = b.of[which][col][:0]
}

// pair makes an output series of two that match.
func (b *binary) pair(in []*stream, out *stream, l, r int32) {
	o := out.join(merge(&in[left].members[l], &in[right].members[r]))
	for which, col := range [2]int32{l, r} {
		b.pairs[which] = grow(b.pairs[which], int(o)+1)
		b.pairs[which][o] = col
		b.of[which] = grow(b.of[which], int(col)+1)
		b.of[which][col] = append(b.of[which][col], o)
	}
}

// rename takes over new metadata of the inputs.
func (b *binary) rename(in []*stream, out *stream) {
	for which := range in {
		for _, col := range in[which].changed {
			if int(col) >= len(b.of[which]) {
				continue
			}
			for _, o := range b.of[which][col] {
				m := merge(&in[left].members[b.pairs[left][o]], &in[right].members[b.pairs[right][o]])
				if !m.meta.Equal(out.members[o].meta) && !slices.Contains(out.changed, o) {
					out.changed = append(out.changed, o)
				}
				out.members[o] = m
			}
		}
	}
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

func (b *binary) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(b.live) * 64)
	l := b.sides[left].align(in[left], b.pairs[left], len(b.live))
	r := b.sides[right].align(in[right], b.pairs[right], len(b.live))
	b.kernel(l, r, out, b.live)
}

// operand brings the columns of one input into the order of the pairs.
type operand struct {
	how     alignment
	column  int // of the input, for constant
	aligned vector
	filled  bool // all of aligned.values hold value
	value   float64
}

type alignment uint8

const (
	asIs     alignment = iota // every pair's column is its own number
	scatter                   // each pair names its column
	constant                  // all pairs name the same column
)

// plan chooses the cheapest way to align an input of some width.
func (o *operand) plan(columns []int32, live bitmap, width int) {
	same, one, first := len(columns) <= width, true, int32(-1)
	live.each(func(i int) {
		if first < 0 {
			first = columns[i]
		}
		same = same && columns[i] == int32(i)
		one = one && columns[i] == first
	})
	o.filled = false
	switch {
	case first < 0: // no pairs
		o.how = scatter
	case same:
		o.how = asIs
	case one:
		o.how, o.column = constant, int(first)
	default:
		o.how = scatter
	}
}

// align returns the input with its columns in the order of the pairs.
func (o *operand) align(in *vector, columns []int32, words int) *vector {
	if o.how == asIs {
		return in
	}
	v := &o.aligned
	if len(v.present) < words {
		v.resize(words * 64)
		o.filled = false
	}
	if o.how == constant {
		o.repeat(in)
		return v
	}
	for w := range words {
		var word uint64
		lo := w * 64
		for i, col := range columns[lo:min(lo+64, len(columns))] {
			v.values[lo+i] = in.values[col]
			word |= (in.present[col>>6] >> (col & 63) & 1) << i
		}
		v.present[w] = word
	}
	return v
}

// repeat gives every column the value of one.
func (o *operand) repeat(in *vector) {
	x, ok := in.get(o.column)
	v := &o.aligned
	all := uint64(0)
	if ok {
		all = ^all
	}
	for w := range v.present {
		v.present[w] = all
	}
	if !ok || o.filled && o.value == x {
		return
	}
	for i := range v.values {
		v.values[i] = x
	}
	o.filled, o.value = true, x
}
