package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// constant is series whose values never change. A number in place of a stream is one whose key
// is empty, so that it matches every other; None is one that never has a value.
type constant struct {
	members []member
	values  []float64 // by member; nil: None
	known   bool
}

// newScalar returns one series without a key, of a value or of None.
func newScalar(values ...float64) *constant {
	return &constant{members: make([]member, 1), values: values}
}

func newConst(op *graph.Const) *constant {
	c := &constant{}
	for _, s := range op.Series {
		c.members = append(c.members, member{key: s.Key, meta: s.Key})
		c.values = append(c.values, s.Value)
	}
	return c
}

func (c *constant) Bind(_ []*stream, out *stream) {
	out.begin()
	if c.known {
		return
	}
	c.known = true
	for _, m := range c.members {
		out.join(m)
	}
}

func (c *constant) Step(_ int64, _ []*vector, out *vector) {
	out.resize(len(c.members))
	for i, x := range c.values {
		out.set(i, x)
	}
}

// same is its input.
type same struct{}

func (*same) Bind(in []*stream, out *stream)          { out.follow(in[0]) }
func (*same) Step(_ int64, in []*vector, out *vector) { *out = *in[0] }
