package engine

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// rollup is how the points of one series in one slot become one value: a rollup of the
// language with the metric type taken into account (language.md 4.4).
type rollup uint8

const (
	rollAverage rollup = iota
	rollSum
	rollMin
	rollMax
	rollLatest
	rollCount
	rollRate            // sum per second
	rollIncrements      // of a running total
	rollIncrementRate   // the same per second
	rollGaugeDifference // from the last point of an earlier slot
	rollLag
)

// rollupFor returns the rollup of a series of some type. The default of a counter is sum and
// that of a cumulative counter is delta, as the current documents have it (OQ-18).
func rollupFor(r graph.Rollup, t series.Type) rollup {
	cumulative := t == series.CumulativeCounter
	switch r {
	case graph.RollupSum:
		return rollSum
	case graph.RollupMin:
		return rollMin
	case graph.RollupMax:
		return rollMax
	case graph.RollupLatest:
		return rollLatest
	case graph.RollupCount:
		return rollCount
	case graph.RollupLag:
		return rollLag
	case graph.RollupAverage:
		return rollAverage
	case graph.RollupRate:
		if cumulative {
			return rollIncrementRate
		}
		return rollRate
	case graph.RollupDelta:
		switch t {
		case series.CumulativeCounter:
			return rollIncrements
		case series.Counter:
			return rollSum // each point of a counter is an increment already
		}
		return rollGaugeDifference
	}
	switch t {
	case series.Counter:
		return rollSum
	case series.CumulativeCounter:
		return rollIncrements
	}
	return rollAverage
}

// single reports whether the value of a slot with one point is that point.
func (r rollup) single() bool { return r <= rollLatest }

// compares reports whether a slot's value depends on the point before it.
func (r rollup) compares() bool {
	return r == rollIncrements || r == rollIncrementRate || r == rollGaugeDifference
}

// memory is the last point that a rollup has seen of one series.
type memory struct {
	value float64
	set   bool
}

// of returns the value of the points of one slot, at least one, and whether there is one. Lags may
// be missing.
func (r rollup) of(values []float64, lags []int32, seconds float64, prev *memory) (float64, bool) {
	n := float64(len(values))
	switch r {
	case rollAverage:
		return sumOf(values) / n, true
	case rollSum:
		return sumOf(values), true
	case rollRate:
		return sumOf(values) / seconds, true
	case rollMin:
		x := values[0]
		for _, v := range values[1:] {
			x = min(x, v)
		}
		return x, true
	case rollMax:
		x := values[0]
		for _, v := range values[1:] {
			x = max(x, v)
		}
		return x, true
	case rollLatest:
		return values[len(values)-1], true
	case rollCount:
		return n, true
	case rollIncrements:
		return increments(values, prev)
	case rollIncrementRate:
		x, ok := increments(values, prev)
		return x / seconds, ok
	case rollGaugeDifference:
		last := memory{values[len(values)-1], true}
		before := *prev
		*prev = last
		return last.value - before.value, before.set
	}
	if lags == nil {
		return 0, false
	}
	total := 0.0
	for _, lag := range lags {
		total += float64(lag)
	}
	return total / n, true
}

// increments adds up the steps between successive points of a running total. A step down
// means that the total began anew, so the new total is the step, unless it is negative.
func increments(values []float64, prev *memory) (total float64, any bool) {
	for _, v := range values {
		if prev.set {
			if v < prev.value {
				total += max(v, 0)
			} else {
				total += v - prev.value
			}
			any = true
		}
		*prev = memory{v, true}
	}
	return total, any
}

func sumOf(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
