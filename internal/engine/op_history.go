package engine

import (
	"math"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// fill is fill(): it acts where it stands, on computed streams as well (language.md 5.5).
type fill struct {
	filling
	live bitmap
}

func newFill(op *graph.Fill, step int64) *fill {
	f := &fill{filling: filling{constant: op.Value, limit: -1}}
	if op.For > 0 {
		f.limit = int(op.For.Milliseconds() / step)
	}
	if op.Slots > 0 && (f.limit < 0 || op.Slots < f.limit) {
		f.limit = op.Slots
	}
	return f
}

func (f *fill) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	f.live = out.live
	for _, col := range out.joined {
		f.reset(int(col))
	}
}

func (f *fill) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(f.live) * 64)
	copy(out.values, in[0].values)
	copy(out.present, in[0].present)
	f.filling.fill(out, f.live)
}

// delta is the difference to the slot before, None when one of the two has no value
// (language.md 5.4, OQ-28).
type delta struct {
	divisor  float64
	previous vector
}

func newDelta(op *graph.Delta, seconds float64) *delta {
	if op.PerSecond {
		return &delta{divisor: seconds}
	}
	return &delta{divisor: 1}
}

func (d *delta) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	d.previous.resize(len(out.members))
	for _, col := range out.left {
		d.previous.drop(int(col))
	}
}

func (d *delta) Step(_ int64, in []*vector, out *vector) {
	x, p := in[0], &d.previous
	out.resize(len(p.values))
	for w := range p.present {
		lo, now := w*64, x.present[w]
		word := now & p.present[w]
		values, before, results := x.values[lo:lo+64], p.values[lo:lo+64], out.values[lo:lo+64]
		for i, v := range values {
			results[i] = (v - before[i]) / d.divisor
			before[i] = v
		}
		out.present[w] = word & finiteBits(results)
		p.present[w] = now
	}
}

// smoothing returns the weight of a new value in an average over a length of time (language.md
// 5.4, OQ-29).
func smoothing(over time.Duration, step int64) float64 {
	return 2 / (float64(windowSlots(over, step)) + 1)
}

// doubleEWMA is the exponentially weighted moving average with a trend: Holt's method with
// damping (language.md 5.4). Without a trend, beta 0, it is the single one.
type doubleEWMA struct {
	alpha, beta, damping float64
	ahead                float64 // by how many trends the result lies ahead of the level

	levels, trends []float64
	known          bitmap // columns that have had a value
}

func newEWMA(op *graph.EWMA, step int64) *doubleEWMA {
	e := &doubleEWMA{alpha: op.Alpha}
	if op.Over > 0 {
		e.alpha = smoothing(op.Over, step)
	}
	return e
}

func newDoubleEWMA(op *graph.DoubleEWMA, step int64) *doubleEWMA {
	e := &doubleEWMA{alpha: op.Alpha, beta: op.Beta, damping: op.Damping}
	if op.Over > 0 {
		e.alpha, e.beta = smoothing(op.Over, step), smoothing(op.TrendOver, step)
	}
	h := math.Round(float64(op.Forecast.Milliseconds()) / float64(step))
	switch d := op.Damping; {
	case d == 1:
		e.ahead = h
	default: // the sum of d to the powers 1 to h
		e.ahead = d * (1 - math.Pow(d, h)) / (1 - d)
	}
	return e
}

func (e *doubleEWMA) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	width := wordsFor(len(out.members)) * 64
	e.levels, e.trends, e.known = grow(e.levels, width), grow(e.trends, width), grow(e.known, width/64)
	for _, col := range out.left {
		e.known.clear(int(col))
	}
}

func (e *doubleEWMA) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(e.levels))
	clear(out.present)
	for w, word := range in[0].present {
		for ; word != 0; word &= word - 1 {
			col := w<<6 + trailing(word)
			out.set(col, e.next(col, in[0].values[col]))
		}
	}
}

// next takes a value in and returns the average with it.
func (e *doubleEWMA) next(col int, x float64) float64 {
	level, trend := x, 0.0
	if e.known.has(col) {
		before, slope := e.levels[col], e.damping*e.trends[col]
		level = e.alpha*x + (1-e.alpha)*(before+slope)
		trend = e.beta*(level-before) + (1-e.beta)*slope
	}
	result := level + e.ahead*trend
	if !finite(level) || !finite(trend) { // begin anew, or it would stay so for ever
		e.known.clear(col)
		return inf
	}
	e.known.set(col)
	e.levels[col], e.trends[col] = level, trend
	return result
}
