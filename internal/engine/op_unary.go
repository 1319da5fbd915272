package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// unary negates: -x is 0 - x, not x swaps true and false. None stays None.
type unary struct{ op graph.UnaryOp }

func (u *unary) Bind(in []*stream, out *stream) { out.follow(in[0]) }

func (u *unary) Step(_ int64, in []*vector, out *vector) {
	x := in[0]
	out.resize(len(x.values))
	copy(out.present, x.present)
	if u.op == graph.Not {
		for w := range x.present {
			yes, no := truth(x, w)
			setTruth(out, w, no, yes, ^uint64(0))
		}
		return
	}
	for i, v := range x.values {
		out.values[i] = 0 - v
	}
}

// scalar is a number as a stream: one series whose key is empty, so that it matches
// every other, with the same value in every slot.
type scalar struct {
	value float64
	known bool
}

func (s *scalar) Bind(_ []*stream, out *stream) {
	out.begin()
	if !s.known {
		s.known = true
		out.join(member{})
	}
}

func (s *scalar) Step(_ int64, _ []*vector, out *vector) {
	out.resize(1)
	out.set(0, s.value)
}

// same is its input.
type same struct{}

func (*same) Bind(in []*stream, out *stream)          { out.follow(in[0]) }
func (*same) Step(_ int64, in []*vector, out *vector) { *out = *in[0] }
