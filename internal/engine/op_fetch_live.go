package engine

import (
	"context"
	"math"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// rawPoint is a live point that waits for its slot.
type rawPoint struct {
	time  int64
	value float64
	lag   int32
}

// maxPending is the most points that one track keeps for its open slots. A series that has
// more, as in a job of coarse slots over fine data, is read from the source when its slot
// closes; the same helps against far future times and against samples that a feed has lost.
const maxPending = 32

// liveInput is what a fetch knows of the points that arrive while it runs.
//
// A series that has sent one point for the open slot, and one for the next at most, as nearly all
// have at nearly all times, has them in sole. Any other has its points in waiting, or in the source,
// and every histogram has them there.
type liveInput struct {
	sole    [2]soleRow   // of the open slot and the next one
	waiting [][]rawPoint // by track, in order of time
	queued  bitmap       // the tracks that have points in waiting, or are spilled

	feed   *series.Feed
	spare  []series.Sample
	cursor int64   // the slot being waited for, ms
	native int64   // distance between points, ms; 0: not known, one point for each slot is assumed
	former int32   // the track of the sample before
	next   []int32 // by track: that of the sample which came after its last one

	reported int   // known series that have reported for the slot
	known    int   // known series in all
	ahead    int64 // as untilAhead says for the samples being taken over
	late     int64 // largest lag of a point that came too late, since the last report; ms
	refused  int   // samples of series beyond the limit

	list    []*series.Series // scratch
	at      []int32          // scratch: tracks of list
	columns series.Points    // scratch
}

// goLive subscribes, finds series that have appeared meanwhile, and takes over from the
// source what is there for the slots from t on.
func (f *fetch) goLive(ctx context.Context, t int64, wake chan<- struct{}) error {
	feed, err := f.source.Subscribe(f.query(0, 0), wake)
	if err != nil {
		return err
	}
	l := &f.live
	l.feed, l.cursor = feed, t
	f.block = block{}
	for i := range f.tracks {
		f.forget(int32(i))
	}
	return f.recover(ctx)
}

// recover makes good for missed samples: it looks for new series and reads again what the
// source has for the open slots.
func (f *fetch) recover(ctx context.Context) error {
	if err := f.discover(ctx, f.live.cursor, math.MaxInt64); err != nil {
		return err
	}
	f.live.room(len(f.tracks))
	for i := range f.tracks {
		if f.tracks[i].series != nil {
			f.spill(int32(i))
		}
		f.welcome(i)
	}
	err := f.refill(ctx)
	f.tally()
	return err
}

// drain takes over the samples that have arrived, and reports whether some were lost, for which
// recover makes good.
func (f *fetch) drain() (lost bool) {
	l := &f.live
	samples, lost := l.feed.Take(l.spare)
	l.ahead = f.untilAhead()
	for i := range samples {
		f.accept(&samples[i])
	}
	clear(samples) // so that no series is kept alive
	l.spare = samples
	return lost
}

// accept puts a sample where its slot will find it.
func (f *fetch) accept(s *series.Sample) {
	l := &f.live
	at, ok := f.locate(s.Series)
	if !ok {
		l.refused++
		return
	}
	tr := &f.tracks[at]
	if s.Time < l.cursor {
		f.missed(at, s)
		return
	}
	if from := l.reportedFrom(f.grid.step); tr.seen < from && s.Time >= from && s.Time < l.ahead && tr.known() {
		l.reported++
	}
	if s.Time < l.ahead {
		tr.seen = max(tr.seen, s.Time)
	}
	if f.cells == nil && !l.queued.has(int(at)) {
		if row := l.soleFor(s.Time, f.grid.step); row != nil && row.set(int(at), s) {
			return
		}
	}
	f.queue(at, s)
}

// untilAhead returns the time from which on a point is ahead of the clock by more than a slot.
// Such a point, of a sender whose clock is wrong, waits for its slot as all do; until that is open
// it does not show that the series has nothing more for the slots before.
func (f *fetch) untilAhead() int64 { return f.clock.Now().UnixMilli() + f.grid.step + 1 }

// queue puts a sample behind others of its series, or where it waits for a later slot.
func (f *fetch) queue(at int32, s *series.Sample) {
	l := &f.live
	if f.tracks[at].spilled {
		return
	}
	for i := range l.sole {
		if p, ok := l.sole[i].take(int(at)); ok {
			l.waiting[at] = append(l.waiting[at], p)
		}
	}
	if len(l.waiting[at]) == maxPending || f.cells != nil {
		f.spill(at)
		return
	}
	l.queued.set(int(at))
	l.waiting[at] = inOrder(l.waiting[at], rawPoint{s.Time, s.Value, lagOf(s)})
}

// spill leaves the open slots of a track to the source.
func (f *fetch) spill(at int32) {
	l := &f.live
	f.tracks[at].spilled = true
	l.waiting[at] = l.waiting[at][:0]
	l.sole[0].present.clear(int(at))
	l.sole[1].present.clear(int(at))
	l.queued.set(int(at))
}

// missed handles a sample for a slot that is closed, or that lies before the range. It is not
// late in a range that it is not in; and it may be what the next point is compared with.
func (f *fetch) missed(at int32, s *series.Sample) {
	tr := &f.tracks[at]
	if s.Time > tr.last { // else recover has read it, and it comes by the feed as well
		if s.Time >= f.first {
			f.live.late = max(f.live.late, s.Arrival-s.Time)
		}
		if s.Time < f.first || !tr.known() {
			tr.prev, tr.last = memory{s.Value, true}, s.Time
			tr.seen = max(tr.seen, s.Time)
		}
		f.welcome(int(at))
	}
	f.forget(at)
}

// welcome makes a series a member that is active (language.md 4.7), and has not been one.
func (f *fetch) welcome(i int) {
	l := &f.live
	if tr := &f.tracks[i]; tr.series != nil && !tr.known() && tr.last > l.cursor+f.grid.step-f.inactive {
		f.join(i, l.cursor)
		l.known++
	}
}

// locate returns the track of a series, a new one if need be and if the limit allows it.
//
// Series tend to come in the same order each time, so the track that came next the last time is
// looked at first.
func (f *fetch) locate(s *series.Series) (int32, bool) {
	l := &f.live
	at := l.next[l.former]
	if int(at) >= len(f.tracks) || f.tracks[at].series != s {
		var known bool
		if at, known = f.index[s.ID]; !known {
			if f.full() {
				return 0, false
			}
			at = f.add(s)
			l.room(len(f.tracks))
		}
		f.tracks[at].series = s // the source may have dropped and made it anew
		l.next[l.former] = at
	}
	l.former = at
	return at, true
}

// inOrder adds a point to others in order of time; of two with the same time the later
// arrival stays.
func inOrder(points []rawPoint, p rawPoint) []rawPoint {
	i := len(points)
	for i > 0 && points[i-1].time > p.time {
		i--
	}
	if i > 0 && points[i-1].time == p.time {
		points[i-1] = p
		return points
	}
	return slices.Insert(points, i, p)
}

// reportedFrom returns the time of the earliest point that shows that a series has nothing
// more for the slot at the cursor.
func (l *liveInput) reportedFrom(step int64) int64 {
	if l.native == 0 || l.native > step {
		return l.cursor
	}
	return l.cursor + step - l.native
}

// tally counts who has reported for the slot at the cursor.
func (f *fetch) tally() {
	l := &f.live
	from := l.reportedFrom(f.grid.step)
	l.reported, l.known = 0, 0
	for i := range f.tracks {
		if !f.tracks[i].known() {
			continue
		}
		l.known++
		if f.tracks[i].seen >= from {
			l.reported++
		}
	}
}

// tallyEarly does the same when the slot before was just made and nobody has joined or left: then
// only who has points that wait can have reported.
func (f *fetch) tallyEarly() {
	l := &f.live
	from := l.reportedFrom(f.grid.step)
	l.reported = 0
	count := func(i int) {
		if tr := &f.tracks[i]; tr.known() && tr.seen >= from {
			l.reported++
		}
	}
	for w, queued := range l.queued {
		bitmap{queued | l.sole[0].present[w] | l.sole[1].present[w]}.each(func(i int) { count(w<<6 + i) })
	}
}

// loadLive makes the block of the slot at the cursor and moves the cursor on.
func (f *fetch) loadLive(ctx context.Context) error {
	if err := f.cells.err(); err != nil {
		return err
	}
	l := &f.live
	end := l.cursor + f.grid.step
	f.open(l.cursor, 1)
	if err := f.loadSpilled(ctx, end); err != nil {
		return err
	}
	f.fillSole()
	l.queued.each(func(i int) {
		if !f.tracks[i].spilled {
			f.fill(i, l.take(i, end))
		}
	})
	f.settle()
	l.cursor = end
	if err := f.refill(ctx); err != nil {
		return err
	}
	if f.cells == nil {
		l.queued.each(func(i int) { l.relax(i, f.grid.step) })
	}
	f.seeEarly()
	if len(f.changes) > 0 {
		f.tally()
	} else {
		f.tallyEarly()
	}
	return nil
}

// seeEarly takes notice of the points that were ahead of the clock when they came and are not any
// more: now they count for their slot.
func (f *fetch) seeEarly() {
	l := &f.live
	ahead := f.untilAhead()
	see := func(i int, p *rawPoint) {
		if tr := &f.tracks[i]; p.time < ahead {
			tr.seen = max(tr.seen, p.time)
		}
	}
	l.queued.each(func(i int) {
		for k := range l.waiting[i] {
			see(i, &l.waiting[i][k])
		}
	})
	for k := range l.sole {
		r := &l.sole[k]
		r.present.each(func(i int) { see(i, &r.points[i]) })
	}
}

// take removes the points before end that wait for a track and returns them.
func (l *liveInput) take(at int, end int64) series.Points {
	points := l.waiting[at]
	n := 0
	for n < len(points) && points[n].time < end {
		n++
	}
	taken := l.columnsOf(points[:n])
	if l.waiting[at] = slices.Delete(points, 0, n); n == len(points) {
		l.queued.clear(at)
	}
	return taken
}

// spilled lists the tracks whose points are in the source.
func (f *fetch) spilled() []*series.Series {
	l := &f.live
	l.list, l.at = l.list[:0], l.at[:0]
	l.queued.each(func(i int) {
		if f.tracks[i].spilled {
			l.list = append(l.list, f.tracks[i].series)
			l.at = append(l.at, int32(i))
		}
	})
	return l.list
}

// loadSpilled fills the slot at the cursor from the source for the tracks that need it.
func (f *fetch) loadSpilled(ctx context.Context, end int64) error {
	list := f.spilled()
	if len(list) == 0 {
		return nil
	}
	return f.source.Read(ctx, list, series.Range{From: f.live.cursor, To: end}, func(i int, p series.Points) error {
		f.fill(int(f.live.at[i]), p)
		return f.pause(ctx, p.Len())
	})
}

// refill reads what the source has from the cursor on for the tracks that are spilled, and
// ends that state where it is little enough to keep.
func (f *fetch) refill(ctx context.Context) error {
	list := f.spilled()
	if len(list) == 0 {
		return nil
	}
	l := &f.live
	for _, at := range l.at {
		f.tracks[at].spilled = false
		l.queued.clear(int(at))
	}
	ahead := f.untilAhead()
	open := series.Range{From: l.cursor, To: math.MaxInt64}
	return f.source.Read(ctx, list, open, func(i int, p series.Points) error {
		at := l.at[i]
		tr := &f.tracks[at]
		if n, _ := slices.BinarySearch(p.Times, ahead); n > 0 {
			tr.seen = max(tr.seen, p.Times[n-1])
		}
		l.queued.set(int(at))
		if p.Len() > maxPending || f.cells != nil {
			tr.spilled = true
			return nil
		}
		for k, t := range p.Times {
			raw := rawPoint{time: t, value: p.Values[k]}
			if p.Lags != nil {
				raw.lag = p.Lags[k]
			}
			l.waiting[at] = append(l.waiting[at], raw)
		}
		return nil
	})
}

// forget frees a track that is no member and has nothing waiting. History keeps its tracks,
// since a later block may hold points of theirs.
func (f *fetch) forget(at int32) {
	tr := &f.tracks[at]
	if f.live.feed == nil && !f.rediscovers || tr.series == nil || tr.known() || f.live.holds(int(at)) {
		return
	}
	delete(f.index, tr.series.ID)
	tr.series = nil
	f.free = append(f.free, at)
}

// close ends the feed.
func (f *fetch) close() {
	if f.live.feed != nil {
		f.live.feed.Close()
	}
}
