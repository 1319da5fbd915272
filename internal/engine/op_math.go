package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// single computes 64 columns of one operand.
type single func(out, x []float64)

// elementwise gives a value where there is one and the result is finite: the logarithm of 0
// is None (language.md 2.7).
func elementwise(f single) kernel {
	return func(in []*vector, out *vector, live bitmap) {
		for w := range live {
			word := in[0].present[w] & live[w]
			if word != 0 {
				lo := w * 64
				x := out.values[lo : lo+64]
				f(x, in[0].values[lo:lo+64])
				word &= finiteBits(x)
			}
			out.present[w] = word
		}
	}
}

// mathKernel returns the kernel of a function of one number, nil for one that does not exist.
// A slot has so many seconds.
func mathKernel(f graph.MathFunc, seconds float64) kernel {
	switch f {
	case graph.Abs:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = math.Abs(x[i])
			}
		})
	case graph.Ceil:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = math.Ceil(x[i])
			}
		})
	case graph.Floor:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = math.Floor(x[i])
			}
		})
	case graph.Sqrt:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = math.Sqrt(x[i])
			}
		})
	case graph.Log:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = math.Log(x[i])
			}
		})
	case graph.Log10:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = math.Log10(x[i])
			}
		})
	case graph.Integrate:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = x[i] * seconds
			}
		})
	case graph.PerSecond:
		return elementwise(func(out, x []float64) {
			for i := range out {
				out[i] = x[i] / seconds
			}
		})
	}
	return nil
}

func negate(out, x []float64) {
	for i := range out {
		out[i] = 0 - x[i]
	}
}

// limit passes the values in a range, or with not_between those outside of one (language.md 5.5).
func limit(op *graph.Limit) kernel {
	low, high := -inf, inf
	if op.Func != graph.Below {
		low = op.Low
	}
	if op.Func != graph.Above {
		high = op.High
	}
	// An open end becomes a closed one at the next number. Outside, it is the other way around.
	within := op.Func != graph.NotBetween
	if op.LowInclusive != within {
		low = math.Nextafter(low, inf)
	}
	if op.HighInclusive != within {
		high = math.Nextafter(high, -inf)
	}
	if !within {
		return elementwise(func(out, x []float64) {
			for i, v := range x[:len(out)] {
				if v >= low && v <= high {
					v = inf // None
				}
				out[i] = v
			}
		})
	}
	under, over := inf, inf // None
	if op.Clamp {
		under, over = op.Low, op.High
	}
	return elementwise(func(out, x []float64) {
		for i, v := range x[:len(out)] {
			if v < low {
				v = under
			} else if v > high {
				v = over
			}
			out[i] = v
		}
	})
}

// equals passes the values that equal one, or all others (language.md 5.5).
func equals(op *graph.Equals) kernel {
	other := inf // None
	if op.Replacement != nil {
		other = *op.Replacement
	}
	return elementwise(func(out, x []float64) {
		for i, v := range x[:len(out)] {
			if (v == op.Value) == op.Not {
				v = other
			}
			out[i] = v
		}
	})
}
