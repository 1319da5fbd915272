package graph

import (
	"fmt"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// RollupFact tells how the raw points of a slot become one value, and why so.
type RollupFact struct {
	Name   string            // empty: by metric type
	ByType map[string]Rollup // metric type → rollup, where there is no Name
	Why    string            // "explicit", "metric type", or "histogram"
}

// String returns "max, as rollup= says".
func (r RollupFact) String() string {
	switch r.Why {
	case "explicit":
		return r.Name + ", as rollup= says"
	case "histogram":
		return "the histograms of a slot are merged"
	}
	return "by metric type, as no rollup= is given: gauge average, counter sum, cumulative counter delta"
}

// RollupOf returns the rollup of a source; ok is false for other operators (language.md 4.4).
func RollupOf(op Op) (fact RollupFact, ok bool) {
	switch op := op.(type) {
	case *PathFetch:
		return RollupOf(&op.Fetch)
	case *HistogramFetch:
		return RollupFact{Name: "histogram", Why: "histogram"}, true
	case *Fetch:
		if op.Rollup != RollupDefault {
			return RollupFact{Name: string(op.Rollup), Why: "explicit"}, true
		}
		return RollupFact{Why: "metric type", ByType: map[string]Rollup{
			series.Gauge.String(): RollupAverage, series.Counter.String(): RollupSum, series.CumulativeCounter.String(): RollupDelta,
		}}, true
	}
	return RollupFact{}, false
}

// Gaps says what a source has in a slot without a point; "" for other operators
// (language.md 4.5).
func Gaps(op Op) string {
	var f *Fetch
	switch op := op.(type) {
	case *Fetch:
		f = op
	case *PathFetch:
		f = &op.Fetch
	default:
		return ""
	}
	bound := ""
	if f.MaxExtrapolations >= 0 {
		bound = fmt.Sprintf(", for at most %d slots in a row", f.MaxExtrapolations)
	}
	switch {
	case f.MaxExtrapolations == 0, f.Extrapolation == ExtrapolateNull, f.Extrapolation == "":
		return "stay without a value"
	case f.Extrapolation == ExtrapolateZero:
		return "become 0" + bound
	}
	return "become the last value" + bound
}

// WindowFact is the time that an operator works on or looks back by.
type WindowFact struct {
	What   string        // the argument: "over", "cycle", "lasting", "offset"
	Text   string        // as a program says it
	Length time.Duration // of a cycle the longest that it can be
}

// String returns "over 1h".
func (w WindowFact) String() string { return w.What + " " + w.Text }

// WindowOf returns the window of an operator; ok is false where there is none.
func WindowOf(op Op) (fact WindowFact, ok bool) {
	length := func(what string, d time.Duration) (WindowFact, bool) {
		return WindowFact{what, Duration(d), d}, d != 0
	}
	switch op := op.(type) {
	case *Window:
		return length("over", op.Over)
	case *HistogramReduce:
		return length("over", op.Over)
	case *EWMA:
		return length("over", op.Over)
	case *DoubleEWMA:
		return length("over", op.Over)
	case *KPSS:
		return length("over", op.Over)
	case *When:
		return length("lasting", op.Lasting)
	case *Timeshift:
		return length("offset", op.Offset)
	case *Calendar:
		return WindowFact{"cycle", string(op.Cycle), op.Cycle.longest()}, true
	}
	return WindowFact{}, false
}
