package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// kpss is the statistic of Kwiatkowski, Phillips, Schmidt and Shin for the window of each
// series: large when its level, or its distance from a line, wanders (language.md 5.4). It
// looks at the whole window in each slot.
type kpss struct {
	frame
	trend  bool
	values []float64 // over of each column, by place of the slot
	window []float64 // scratch: the values of one window, in order of time
	times  []float64 // scratch: the slots that they stand in
}

func newKPSS(op *graph.KPSS, g grid, b *budget) *kpss {
	return &kpss{frame: newFrame(op.Over, g, b), trend: op.Trend}
}

func (k *kpss) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	k.live = out.live
	if k.widen(len(out.members)) {
		k.values = grow(k.values, k.width*k.over)
		k.window, k.times = make([]float64, 0, k.over), make([]float64, 0, k.over)
	}
	if k.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		k.forget(int(col))
	}
}

func (k *kpss) Step(slot int64, in []*vector, out *vector) {
	at := k.place(slot)
	out.resize(k.width)
	k.tally(at, in[0].present)
	in[0].present.each(func(col int) { k.values[col*k.over+at] = in[0].values[col] })
	clear(out.present)
	k.live.each(func(col int) {
		if k.counts[col] >= 3 {
			out.set(col, k.statistic(col, at))
		}
	})
}

// statistic computes the window of a column that ends at a place.
func (k *kpss) statistic(col, at int) float64 {
	k.window, k.times = k.window[:0], k.times[:0]
	for i := range k.over {
		if place := (at + 1 + i) % k.over; k.row(place).has(col) {
			k.window, k.times = append(k.window, k.values[col*k.over+place]), append(k.times, float64(i))
		}
	}
	lags := int(4 * math.Pow(float64(len(k.window))/100, 0.25))
	if !k.trend {
		return stationarity(k.window, nil, lags)
	}
	return stationarity(k.window, k.times, lags)
}

// stationarity returns the statistic of at least two values around their level, or around a
// line over their times, and something that is not finite if there is none. The values become
// residuals.
func stationarity(e, times []float64, lags int) float64 {
	n, size := float64(len(e)), 0.0
	for _, x := range e {
		size += x * x
	}
	mean := sumOf(e) / n
	for i := range e {
		e[i] -= mean
	}
	if times != nil {
		detrend(e, times)
	}
	partial, squares := 0.0, 0.0
	for _, x := range e {
		partial += x
		squares += partial * partial
	}
	variance := autocovariance(e, 0)
	for lag := 1; lag <= lags; lag++ {
		variance += 2 * (1 - float64(lag)/float64(lags+1)) * autocovariance(e, lag)
	}
	if variance <= 1e-24*size/n { // nothing but rounding is left
		return inf
	}
	return squares / (n * n * variance)
}

// detrend takes the line over the times that fits best off values whose mean is 0.
func detrend(e, times []float64) {
	middle := sumOf(times) / float64(len(times))
	var products, squares float64
	for i, t := range times {
		products += (t - middle) * e[i]
		squares += (t - middle) * (t - middle)
	}
	for i, t := range times {
		e[i] -= products / squares * (t - middle)
	}
}

func autocovariance(e []float64, lag int) (total float64) {
	for i := lag; i < len(e); i++ {
		total += e[i] * e[i-lag]
	}
	return total / float64(len(e))
}
