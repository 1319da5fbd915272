package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// soleRow is the points of the series that have sent just one for the open slot, by track.
type soleRow struct {
	points  []rawPoint
	present bitmap
}

// room makes columns for so many tracks, at least one.
func (l *liveInput) room(tracks int) {
	words := wordsFor(max(1, tracks))
	if words <= len(l.queued) {
		return
	}
	l.queued = grow(l.queued, words)
	l.waiting = grow(l.waiting, words*64)
	l.next = grow(l.next, words*64)
	r := &l.sole
	r.points, r.present = grow(r.points, words*64), grow(r.present, words)
}

// holds reports whether points of a track wait for a slot.
func (l *liveInput) holds(at int) bool {
	return at < len(l.waiting) && (l.queued.has(at) || l.sole.present.has(at))
}

// set takes a sample in, unless the track has a point already.
func (r *soleRow) set(at int, s *series.Sample) bool {
	if r.present.has(at) {
		return false
	}
	r.present.set(at)
	r.points[at] = rawPoint{s.Time, s.Value, lagOf(s)}
	return true
}

// take removes the point of a track, if it has one.
func (r *soleRow) take(at int) (rawPoint, bool) {
	if !r.present.has(at) {
		return rawPoint{}, false
	}
	r.present.clear(at)
	return r.points[at], true
}

// fillSole fills the slot at the cursor from the sole points, and empties their row. It does
// what fill does, at once where that is only to take a value over.
func (f *fetch) fillSole() {
	r, b := &f.live.sole, &f.block
	stays := f.live.cursor + f.grid.step - f.inactive // who has been heard of since is a member still
	for w, word := range r.present {
		r.present[w] = 0
		for ; word != 0; word &= word - 1 {
			at := w<<6 + trailing(word)
			tr, p := &f.tracks[at], &r.points[at]
			if !tr.member || tr.last < stays || !tr.roll.single() || !finite(p.value) {
				f.fill(at, f.live.columnsOf(r.points[at:at+1]))
				continue
			}
			tr.last = p.time
			b.own[at] = p.value // of a block of one row
			b.slots[at] = 1
		}
	}
}

// columnsOf returns points as columns, which are used again.
func (l *liveInput) columnsOf(points []rawPoint) series.Points {
	c := &l.columns
	c.Times, c.Values, c.Lags = c.Times[:0], c.Values[:0], c.Lags[:0]
	for _, p := range points {
		c.Times = append(c.Times, p.time)
		c.Values = append(c.Values, p.value)
		c.Lags = append(c.Lags, p.lag)
	}
	return *c
}

// lagOf returns by how much a sample came later than its time, in ms.
func lagOf(s *series.Sample) int32 {
	return int32(max(0, min(s.Arrival-s.Time, math.MaxInt32)))
}
