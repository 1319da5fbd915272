package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// kernel computes one slot of an operator that needs no other slot, over operands with equal
// columns. It writes all columns of out; those outside live are None.
type kernel func(in []*vector, out *vector, live bitmap)

// kernelOf returns the kernel of an operator in slots of so many seconds, nil if it has none.
func kernelOf(op graph.Op, seconds float64) kernel {
	switch op := op.(type) {
	case *graph.Unary:
		switch op.Op {
		case graph.Negate:
			return elementwise(negate)
		case graph.Not:
			return not
		}
	case *graph.Binary:
		return kernelFor(op.Op)
	case *graph.Conditional:
		return choose
	case *graph.Is:
		return is(op)
	case *graph.Across:
		return across(op)
	case *graph.Math:
		return mathKernel(op.Func, seconds)
	case *graph.Limit:
		return limit(op)
	case *graph.Equals:
		return equals(op)
	}
	return nil
}

// operands returns how many inputs an operator with a kernel takes; -1: one or more.
func operands(op graph.Op) int {
	switch op.(type) {
	case *graph.Binary:
		return 2
	case *graph.Conditional:
		return 3
	case *graph.Across:
		return -1
	}
	return 1
}

// slotwise is an operator over one stream.
type slotwise struct {
	kernel kernel
	live   bitmap
}

func (s *slotwise) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	s.live = out.live
}

func (s *slotwise) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(s.live) * 64)
	s.kernel(in, out, s.live)
}

// mapping computes each value, a missing one too, by a function: its body is a small program of
// kernels (language.md 5.5).
type mapping struct {
	body   []step
	result int
	live   bitmap
}

// step is one node of the body of a mapping.
type step struct {
	kernel   kernel // nil: the parameter, or a constant
	in       []int
	operands []*vector
	vector   vector
	param    bool
	constant *float64 // nil: None
}

func newMapping(op *graph.Map) *mapping {
	m := &mapping{body: make([]step, len(op.Body)), result: len(op.Body) - 1}
	for i, n := range op.Body {
		s := &m.body[i]
		switch op := n.Op.(type) {
		case *graph.Param:
			s.param = true
		case *graph.Scalar:
			s.constant = &op.Value
		case *graph.None:
		default:
			s.kernel = kernelOf(op, 1)
			for _, in := range n.Inputs {
				s.in = append(s.in, int(in))
			}
			s.operands = make([]*vector, len(s.in))
		}
	}
	return m
}

func (m *mapping) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	m.live = out.live
}

func (m *mapping) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(m.live) * 64)
	m.kernel(in, out, m.live)
}

// kernel runs the body.
func (m *mapping) kernel(in []*vector, out *vector, live bitmap) {
	for i := range m.body {
		s := &m.body[i]
		switch {
		case s.param:
			s.vector = *in[0]
		case s.vector.resize(len(live) * 64):
			s.vector.fill(s.constant)
		}
		if s.kernel == nil {
			continue
		}
		for k, at := range s.in {
			s.operands[k] = &m.body[at].vector
		}
		s.kernel(s.operands, &s.vector, live)
	}
	result := &m.body[m.result].vector
	copy(out.values, result.values)
	for w := range live { // a body that is a constant has it in every column
		out.present[w] = result.present[w] & live[w]
	}
}

// fill gives all columns a value, or None.
func (v *vector) fill(x *float64) {
	clear(v.present)
	if x == nil || !finite(*x) {
		return
	}
	for w := range v.present {
		v.present[w] = ^uint64(0)
	}
	for i := range v.values {
		v.values[i] = *x
	}
}
