package graph

import "time"

// The operators of this file need more than the present slot.

// Delta is the difference to the slot before, for each series: delta(), and per second
// rateofchange() (language.md 5.4).
type Delta struct{ PerSecond bool }

// EWMA is the exponentially weighted moving average of each series (language.md 5.4).
type EWMA struct {
	Alpha float64
	Over  time.Duration // in place of Alpha, when not 0
}

// DoubleEWMA is the double one, with a trend and a forecast (language.md 5.4).
type DoubleEWMA struct {
	Alpha, Beta     float64
	Over, TrendOver time.Duration // in place of Alpha and Beta, when not 0
	Forecast        time.Duration
	Damping         float64
}

// KPSS is a test of each series for being stationary over a window (language.md 5.4).
type KPSS struct {
	Over  time.Duration
	Trend bool // around a line, not around a level
}

// Timeshift is its input as it was some time ago (language.md 4.9).
type Timeshift struct{ Offset time.Duration }

func (*Delta) op()      {}
func (*EWMA) op()       {}
func (*DoubleEWMA) op() {}
func (*KPSS) op()       {}
func (*Timeshift) op()  {}
