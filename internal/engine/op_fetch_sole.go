package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// soleRow is the points of the series that have sent just one for a slot, by track.
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
	for i := range l.sole {
		r := &l.sole[i]
		r.points, r.present = grow(r.points, words*64), grow(r.present, words)
	}
}

// holds reports whether points of a track wait for a slot.
func (l *liveInput) holds(at int) bool {
	return at < len(l.waiting) && (l.queued.has(at) || l.sole[0].present.has(at) || l.sole[1].present.has(at))
}

// soleFor returns the row for a time that is not before the cursor; nil: there is none.
func (l *liveInput) soleFor(t, step int64) *soleRow {
	switch t -= l.cursor; {
	case t < step:
		return &l.sole[0]
	case t < 2*step:
		return &l.sole[1]
	}
	return nil
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

// relax moves the points that wait for a track to the sole rows, if these are for all of them.
func (l *liveInput) relax(at int, step int64) {
	points := l.waiting[at]
	if n := len(points); n == 0 || n > len(l.sole) {
		return
	}
	var rows [2]*soleRow
	for i, p := range points {
		if rows[i] = l.soleFor(p.time, step); rows[i] == nil || i > 0 && rows[i] == rows[i-1] {
			return
		}
	}
	for i, p := range points {
		rows[i].present.set(at)
		rows[i].points[at] = p
	}
	l.waiting[at] = points[:0]
	l.queued.clear(at)
}

// take removes the point of a track, if it has one.
func (r *soleRow) take(at int) (rawPoint, bool) {
	if !r.present.has(at) {
		return rawPoint{}, false
	}
	r.present.clear(at)
	return r.points[at], true
}

// fillSole fills the slot at the cursor from the sole points, whose row then is that of the slot
// after the next. It does what fill does, without looking for the slots of points.
func (f *fetch) fillSole() {
	r, b := &f.live.sole[0], &f.block
	seconds := float64(f.grid.step) / 1000
	stays := f.live.cursor + f.grid.step - f.inactive // who has been heard of since is a member still
	for w, word := range r.present {
		r.present[w] = 0
		for ; word != 0; word &= word - 1 {
			at := w<<6 + trailing(word)
			tr, p := &f.tracks[at], &r.points[at]
			if !tr.member || tr.last < stays {
				f.fill(at, f.live.columnsOf(r.points[at:at+1]))
				continue
			}
			tr.last = p.time
			x, ok := p.value, true
			if !tr.roll.single() {
				x, ok = tr.roll.of([]float64{p.value}, []int32{p.lag}, seconds, &tr.prev)
			}
			if ok {
				b.set(0, at, x)
			}
		}
	}
	f.live.sole[0], f.live.sole[1] = f.live.sole[1], f.live.sole[0]
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
