package reference

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// longestCycle is how long a cycle may be: the day that clocks are put back has an hour more.
var longestCycle = map[graph.Cycle]time.Duration{
	graph.Hour: time.Hour, graph.Day: 25 * time.Hour, graph.Week: (7*24 + 1) * time.Hour,
	graph.Month: (31*24 + 1) * time.Hour, graph.Quarter: (92*24 + 1) * time.Hour,
}

// calendar computes a slot of a calendar window (language.md 4.10).
func (r *run) calendar(op *graph.Calendar, x row, slot int, shift int64) Value {
	zone := r.zone(op)
	origin := r.origin - shift
	now := origin + int64(slot)*r.step
	begun := cycleStart(op, zone, now+r.step-1, 0) // of the cycle at the end of the slot
	if op.Partial {
		return reduce(op.Func, 0, r.between(x, begun-origin, now+r.step-origin))
	}
	if begun < now {
		return none // no cycle begins in this slot
	}
	ended := cycleStart(op, zone, begun, -op.Shift)
	if ended < origin+r.step {
		return none // no slot of that cycle has been read
	}
	from := cycleStart(op, zone, ended-1, 0)
	return reduce(op.Func, 0, r.between(x, from-origin, ended-origin))
}

// between returns the values of the slots that end in a stretch of time, ms since slot 0: a slot that holds
// the boundary of a cycle is the first one of that cycle.
func (r *run) between(x row, from, to int64) (values []Value) {
	first := max(x.joins, int(from/r.step))
	for slot := first; slot < x.leaves && int64(slot+1)*r.step <= to; slot++ {
		values = append(values, x.values[slot])
	}
	return values
}

func (r *run) zone(op *graph.Calendar) *time.Location {
	zone := r.Timezone
	if op.Timezone != "" {
		zone = r.zones[op.Timezone]
		if zone == nil {
			zone, _ = time.LoadLocation(op.Timezone) // the compiler has refused what is none
			r.zones[op.Timezone] = zone
		}
	}
	if zone == nil {
		return time.UTC
	}
	if r.Timezone != nil && zone.String() == r.Timezone.String() && r.step >= 24*time.Hour.Milliseconds() {
		_, ahead := r.Start.In(zone).Zone() // its slots do not follow the clocks
		return time.FixedZone("", ahead)
	}
	return zone
}

// calendarLookback returns how many slots lie between the start of the first cycle that counts
// and the first slot that is needed: the cycle of that slot, or the one that ends there or
// later, less those of the shift.
func (r *run) calendarLookback(op *graph.Calendar, needed int, shift int64) int {
	first := r.Start.UnixMilli() - shift - int64(needed)*r.step
	at := first + r.step - 1
	if !op.Partial {
		at = first - 1
	}
	from := cycleStart(op, r.zone(op), at, -op.Shift)
	return int((first - from + r.step - 1) / r.step)
}

// cycleStart returns when the cycle that holds a time begins, or one some cycles later.
func cycleStart(op *graph.Calendar, zone *time.Location, at int64, later int) int64 {
	t := time.UnixMilli(at).In(zone)
	y, m, d := t.Date()
	var start func(n int) time.Time // of the cycle n after one around t
	switch op.Cycle {
	case graph.Hour:
		hour := t.Truncate(time.Hour)
		_, offset := t.Zone()
		hour = hour.Add(-time.Duration(offset%3600) * time.Second)
		for hour.After(t) {
			hour = hour.Add(-time.Hour)
		}
		for !hour.Add(time.Hour).After(t) {
			hour = hour.Add(time.Hour)
		}
		start = func(n int) time.Time { return hour.Add(time.Duration(n) * time.Hour) }
	case graph.Day:
		start = func(n int) time.Time { return clock(zone, y, m, d+n, op.Start) }
	case graph.Week:
		monday := d - (int(t.Weekday())+6)%7
		start = func(n int) time.Time { return clock(zone, y, m, monday+op.Start+7*n, 0) }
	case graph.Month:
		start = func(n int) time.Time { return clock(zone, y, m+time.Month(n), 1+op.Start, 0) }
	default:
		first := m - (m-1)%3 + time.Month(op.Start)
		start = func(n int) time.Time { return clock(zone, y, first+time.Month(3*n), 1, 0) }
	}
	n := -2
	for !start(n + 1).After(t) {
		n++
	}
	return start(n + later).UnixMilli()
}

// clock returns the first moment at which the clocks of a zone show a time or a later one: it
// looks at every quarter of an hour.
func clock(zone *time.Location, y int, m time.Month, d, h int) time.Time {
	shown := time.Date(y, m, d, h, 0, 0, 0, time.UTC)
	for t := shown.Add(-15 * time.Hour); ; t = t.Add(15 * time.Minute) {
		_, ahead := t.In(zone).Zone()
		if !t.Add(time.Duration(ahead) * time.Second).Before(shown) {
			return t
		}
	}
}
