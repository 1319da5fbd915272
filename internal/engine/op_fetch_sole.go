package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// soleRow is the points of the series that have sent just one for the open slot, as columns by
// track.
type soleRow struct {
	times   []int64
	values  []float64
	lags    []int32
	present bitmap
}

// room makes columns for so many tracks.
func (l *liveInput) room(tracks int) {
	words := wordsFor(tracks)
	if words <= len(l.queued) {
		return
	}
	l.queued = grow(l.queued, words)
	l.waiting = grow(l.waiting, words*64)
	r := &l.sole
	r.times, r.values, r.lags = grow(r.times, words*64), grow(r.values, words*64), grow(r.lags, words*64)
	r.present = grow(r.present, words)
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
	r.times[at], r.values[at], r.lags[at] = s.Time, s.Value, lagOf(s)
	return true
}

// take removes the point of a track, if it has one.
func (r *soleRow) take(at int) (rawPoint, bool) {
	if !r.present.has(at) {
		return rawPoint{}, false
	}
	r.present.clear(at)
	return rawPoint{r.times[at], r.values[at], r.lags[at]}, true
}

// points returns the point of a track.
func (r *soleRow) points(at int) series.Points {
	return series.Points{Times: r.times[at : at+1], Values: r.values[at : at+1], Lags: r.lags[at : at+1]}
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
			tr := &f.tracks[at]
			if !tr.member || tr.last < stays || !tr.roll.single() || !finite(r.values[at]) {
				f.fill(at, r.points(at))
				continue
			}
			tr.last = r.times[at]
			b.values[at] = r.values[at]
			b.present.set(at)
		}
	}
}

// lagOf returns by how much a sample came later than its time, in ms.
func lagOf(s *series.Sample) int32 {
	return int32(max(0, min(s.Arrival-s.Time, math.MaxInt32)))
}
