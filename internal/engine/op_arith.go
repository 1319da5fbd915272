package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// kernelFor returns the kernel of a binary operator, nil for one that does not exist.
func kernelFor(op graph.BinaryOp) kernel {
	switch op {
	case graph.Add:
		return arithmetic(func(out, a, b []float64) {
			for i := range out {
				out[i] = a[i] + b[i]
			}
		})
	case graph.Subtract:
		return arithmetic(func(out, a, b []float64) {
			for i := range out {
				out[i] = a[i] - b[i]
			}
		})
	case graph.Multiply:
		return arithmetic(func(out, a, b []float64) {
			for i := range out {
				out[i] = a[i] * b[i]
			}
		})
	case graph.Divide:
		return arithmetic(func(out, a, b []float64) {
			for i := range out {
				out[i] = a[i] / b[i]
			}
		})
	case graph.Less:
		return comparison(func(out, a, b []float64) {
			for i := range out {
				out[i] = number(a[i] < b[i])
			}
		})
	case graph.LessEqual:
		return comparison(func(out, a, b []float64) {
			for i := range out {
				out[i] = number(a[i] <= b[i])
			}
		})
	case graph.Greater:
		return comparison(func(out, a, b []float64) {
			for i := range out {
				out[i] = number(a[i] > b[i])
			}
		})
	case graph.GreaterEqual:
		return comparison(func(out, a, b []float64) {
			for i := range out {
				out[i] = number(a[i] >= b[i])
			}
		})
	case graph.Equal:
		return comparison(func(out, a, b []float64) {
			for i := range out {
				out[i] = number(a[i] == b[i])
			}
		})
	case graph.NotEqual:
		return comparison(func(out, a, b []float64) {
			for i := range out {
				out[i] = number(a[i] != b[i])
			}
		})
	case graph.Power:
		return power
	case graph.And:
		return and
	case graph.Or:
		return or
	}
	return nil
}

// lanes computes 64 columns; those without a value compute too, and are dropped later.
type lanes func(out, a, b []float64)

// arithmetic gives a value where both sides have one and the result is finite: a division
// by zero and an overflow are None (language.md 2.7).
func arithmetic(f lanes) kernel {
	return func(in []*vector, out *vector, live bitmap) {
		a, b := in[0], in[1]
		for w := range live {
			both := a.present[w] & b.present[w] & live[w]
			if both != 0 {
				lo := w * 64
				x := out.values[lo : lo+64]
				f(x, a.values[lo:lo+64], b.values[lo:lo+64])
				both &= finiteBits(x)
			}
			out.present[w] = both
		}
	}
}

// comparison gives 1 or 0 where both sides have a value.
func comparison(f lanes) kernel {
	return func(in []*vector, out *vector, live bitmap) {
		a, b := in[0], in[1]
		for w := range live {
			both := a.present[w] & b.present[w] & live[w]
			if both != 0 {
				lo := w * 64
				f(out.values[lo:lo+64], a.values[lo:lo+64], b.values[lo:lo+64])
			}
			out.present[w] = both
		}
	}
}

// power is arithmetic, one column at a time: it is too dear for those without a value.
func power(in []*vector, out *vector, live bitmap) {
	a, b := in[0], in[1]
	for w := range live {
		both := a.present[w] & b.present[w] & live[w]
		out.present[w] = 0
		for ; both != 0; both &= both - 1 {
			col := w<<6 + trailing(both)
			out.set(col, math.Pow(a.values[col], b.values[col]))
		}
	}
}

// number returns 1 for true and 0 for false.
func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
