package engine

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// calendar cuts time into cycles, in a time zone: a day may have 23 or 25 hours, and months
// have their lengths (language.md 4.10). Times are ms since the epoch.
type calendar struct {
	cycle graph.Cycle
	start int // where a cycle begins, as graph.Calendar has it
	zone  *time.Location
}

// newCalendar returns the calendar of an operator for the slots of a job; zone is that of the job.
// Slots of a day or more do not follow its changes of clocks, and its cycles not either: what
// begins an hour before the end of such a slot would take the whole of it.
func newCalendar(op *graph.Calendar, zone *time.Location, g grid) (calendar, error) {
	if zone == nil {
		zone = time.UTC
	}
	own := op.Timezone == "" || op.Timezone == zone.String()
	if !own {
		var err error
		if zone, err = time.LoadLocation(op.Timezone); err != nil {
			return calendar{}, err
		}
	}
	if own && g.step >= day {
		zone = time.FixedZone(zone.String(), int(g.offset/1000))
	}
	return calendar{op.Cycle, op.Start, zone}, nil
}

// longest returns the most time that a cycle takes, a change of clocks included: in one zone
// they are put back by two hours.
func (c calendar) longest() time.Duration {
	const day, change = 24 * time.Hour, 2 * time.Hour
	switch c.cycle {
	case graph.Hour:
		return time.Hour
	case graph.Day:
		return day + change
	case graph.Week:
		return 7*day + change
	case graph.Month:
		return 31*day + change
	}
	return 92*day + change
}

// begin returns when the cycle of a time began.
func (c calendar) begin(t int64) int64 {
	local := time.UnixMilli(t).In(c.zone)
	if c.cycle == graph.Hour {
		begin, _ := hourOf(local)
		return begin
	}
	for n := 1; ; n-- {
		if b := c.boundary(local, n); b <= t {
			return b
		}
	}
}

// end returns when the cycle that began at a time is over.
func (c calendar) end(begin int64) int64 {
	local := time.UnixMilli(begin).In(c.zone)
	if c.cycle == graph.Hour {
		_, end := hourOf(local)
		return end
	}
	for n := 0; ; n++ {
		if b := c.boundary(local, n); b > begin {
			return b
		}
	}
}

// hourOf returns the hour of the day that a time lies in. One that is passed twice is two, and
// where the clocks change by half an hour there is a shorter one.
func hourOf(local time.Time) (begin, end int64) {
	_, offset := local.Zone()
	begin = grid{step: time.Hour.Milliseconds(), offset: int64(offset) * 1000}.floor(local.UnixMilli())
	end = begin + time.Hour.Milliseconds()
	from, to := local.ZoneBounds()
	if !from.IsZero() {
		begin = max(begin, from.UnixMilli())
	}
	if !to.IsZero() {
		end = min(end, to.UnixMilli())
	}
	return begin, end
}

// boundary returns where the cycle begins that is n after the one that begins next to a time.
func (c calendar) boundary(at time.Time, n int) int64 {
	year, month, day := at.Date()
	hour := 0
	switch c.cycle {
	case graph.Day:
		day, hour = day+n, c.start
	case graph.Week:
		sinceMonday := (int(at.Weekday()) + 6) % 7
		day += c.start - sinceMonday + 7*n
	case graph.Month:
		month, day = month+time.Month(n), c.start+1
	default:
		month, day = month-(month-1)%3+time.Month(c.start+3*n), 1
	}
	return firstAt(time.Date(year, month, day, hour, 0, 0, 0, time.UTC), c.zone).UnixMilli()
}

// firstAt returns the first moment at which the clocks of a zone show a time, here given as that
// of UTC, or a later one. Where they are put forward over it that is when they are; where they
// show it twice, the first of the two. time.Date promises neither.
func firstAt(shown time.Time, zone *time.Location) time.Time {
	before := shown.Add(-24 * time.Hour).In(zone) // in every zone before the moment asked for
	at := shown.Add(-offsetAt(before))
	_, change := before.ZoneBounds()
	if change.IsZero() || at.Before(change) {
		return at
	}
	if at = shown.Add(-offsetAt(change)); at.Before(change) {
		return change
	}
	return at
}

// offsetAt returns how far the clocks are ahead of UTC at a time of a zone.
func offsetAt(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
