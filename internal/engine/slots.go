package engine

import "time"

const day = int64(24 * time.Hour / time.Millisecond)

// grid divides time into slots of equal length. Slots begin at multiples of their length
// from the epoch; those of a day or more at midnight of the job's time zone, as it was
// when the job began (language.md 4.2). A slot is named by its start, and holds the points
// with start <= time < start + step.
type grid struct {
	step   int64 // ms
	offset int64 // ms by which slots begin earlier than multiples of step
}

func newGrid(step int64, zone *time.Location, at time.Time) grid {
	g := grid{step: step}
	if zone != nil && step >= day {
		_, seconds := at.In(zone).Zone()
		g.offset = int64(seconds) * 1000
	}
	return g
}

// floor returns the start of the slot that holds t.
func (g grid) floor(t int64) int64 {
	shifted := t + g.offset
	r := shifted % g.step
	if r < 0 {
		r += g.step
	}
	return t - r
}

// ceil returns the first slot start that is not before t.
func (g grid) ceil(t int64) int64 {
	f := g.floor(t)
	if f < t {
		f += g.step
	}
	return f
}

// number returns the serial number of a slot, counted from the epoch.
func (g grid) number(slot int64) int64 { return (slot + g.offset) / g.step }

// ceilDiv returns a / b rounded up, for positive numbers.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
