package graph

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// History is how far the values that an operator needs lie before the slot that it
// computes. What depends on the calendar or on the length of a slot is the most that it
// can be.
type History struct {
	Time    time.Duration
	Slots   int  // of the job, beyond Time
	Endless bool // and the last value before that, or all of them: however old
}

// IsZero reports whether nothing but the slot itself is needed.
func (h History) IsZero() bool { return h == History{} }

// String returns "1h", "1h and 2 slots", "1h and what is before", "none".
func (h History) String() string {
	var parts []string
	if h.Time != 0 {
		parts = append(parts, Duration(h.Time))
	}
	switch {
	case h.Slots == 1:
		parts = append(parts, "1 slot")
	case h.Slots != 0:
		parts = append(parts, strconv.Itoa(h.Slots)+" slots")
	}
	if h.Endless {
		parts = append(parts, "what is before")
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, " and ")
}

// then returns the history of an operator over the result of another.
func (h History) then(o History) History {
	return History{plus(h.Time, o.Time, math.MaxInt64), plus(h.Slots, o.Slots, math.MaxInt), h.Endless || o.Endless}
}

// plus adds two numbers that are not negative; the sum is at most the largest one.
func plus[N int | time.Duration](a, b, largest N) N { return a + min(b, largest-a) }

// times is a multiple of a duration, or the longest one.
func times(n int, d time.Duration) time.Duration {
	if int64(n) > int64(math.MaxInt64/d) {
		return math.MaxInt64
	}
	return time.Duration(n) * d
}

// or returns the history that suffices for both.
func (h History) or(o History) History {
	return History{max(h.Time, o.Time), max(h.Slots, o.Slots), h.Endless || o.Endless}
}

// Lookback returns the history that one operator needs of its inputs, and of a source what
// it needs of the raw data.
func Lookback(op Op) History {
	switch op := op.(type) {
	case *Fetch:
		return op.lookback()
	case *PathFetch:
		return op.Fetch.lookback()
	case *Window:
		return History{Time: op.Over}
	case *Calendar:
		return History{Time: times(op.Shift+1, op.Cycle.longest())}
	case *HistogramReduce:
		return History{Time: op.Over}
	case *Delta:
		return History{Slots: 1}
	case *EWMA, *DoubleEWMA:
		return History{Endless: true}
	case *KPSS:
		return History{Time: op.Over}
	case *Timeshift:
		return History{Time: op.Offset}
	case *Fill:
		switch {
		case op.For != 0 || op.Slots != 0:
			return History{Time: op.For, Slots: op.Slots}
		case op.Value == nil:
			return History{Endless: true}
		}
	case *When:
		return History{Time: op.Lasting}
	}
	return History{}
}

// lookback is that of extrapolation (language.md 4.5).
func (f *Fetch) lookback() History {
	switch {
	case f.Extrapolation == ExtrapolateNull || f.Extrapolation == "" || f.MaxExtrapolations == 0:
		return History{}
	case f.MaxExtrapolations > 0:
		return History{Slots: f.MaxExtrapolations}
	}
	return History{Endless: f.Extrapolation == ExtrapolateLastValue}
}

// longest is the length of the longest cycle: a clock may be put back by an hour in it.
func (c Cycle) longest() time.Duration {
	const day = 24 * time.Hour
	switch c {
	case Day:
		return day + time.Hour
	case Week:
		return 7*day + time.Hour
	case Month:
		return 31*day + time.Hour
	case Quarter:
		return 92*day + time.Hour
	}
	return time.Hour
}

// Histories returns for each node how far before the first slot that is published its
// values are needed: by the windows over it and what is over them (language.md 4.8). Of a
// source it is what is read; what nothing published needs has none.
func (g *Graph) Histories() []History {
	before := make([]History, len(g.Nodes))
	published := g.Published()
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if !published[i] {
			continue
		}
		n := &g.Nodes[i]
		want := before[i].then(Lookback(n.Op))
		for _, in := range n.Inputs {
			before[in] = before[in].or(want)
		}
		if len(n.Inputs) == 0 {
			before[i] = want
		}
	}
	return before
}

// Published returns for each node whether something that the program publishes needs it,
// hidden streams included. What nothing needs is not computed (language.md 3.1).
func (g *Graph) Published() []bool {
	needed := make([]bool, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if _, ok := g.Nodes[i].Op.(*Publish); ok {
			needed[i] = true
		}
		if needed[i] {
			for _, in := range g.Nodes[i].Inputs {
				needed[in] = true
			}
		}
	}
	return needed
}
