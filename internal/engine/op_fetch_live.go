package engine

import (
	"context"
	"math"

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
type liveInput struct {
	feed   *series.Feed
	spare  []series.Sample
	cursor int64 // the slot being waited for, ms
	native int64 // distance between points, ms; 0: not known, one point for each slot is assumed
	hint   int32 // where the next sample's track is, if samples come in the usual order

	reported int   // known series that have reported for the slot
	known    int   // known series in all
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
	for i := range f.tracks {
		f.tracks[i].spilled = f.tracks[i].series != nil
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
	if from := l.reportedFrom(f.grid.step); tr.seen < from && s.Time >= from && tr.known() {
		l.reported++
	}
	tr.seen = max(tr.seen, s.Time)
	switch {
	case tr.spilled:
	case len(tr.pending) == maxPending:
		tr.spilled, tr.pending = true, tr.pending[:0]
	default:
		tr.insert(rawPoint{s.Time, s.Value, int32(max(0, min(s.Arrival-s.Time, math.MaxInt32)))})
	}
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
func (f *fetch) locate(s *series.Series) (int32, bool) {
	l := &f.live
	at := l.hint
	if int(at) >= len(f.tracks) || f.tracks[at].series != s {
		var known bool
		if at, known = f.index[s.ID]; !known {
			if f.full() {
				return 0, false
			}
			at = f.add(s)
		}
		f.tracks[at].series = s // the source may have dropped and made it anew
	}
	l.hint = at + 1
	return at, true
}

// insert keeps the pending points in order of time; of two with the same time the later
// arrival stays.
func (tr *track) insert(p rawPoint) {
	i := len(tr.pending)
	for i > 0 && tr.pending[i-1].time > p.time {
		i--
	}
	if i > 0 && tr.pending[i-1].time == p.time {
		tr.pending[i-1] = p
		return
	}
	tr.pending = append(tr.pending, rawPoint{})
	copy(tr.pending[i+1:], tr.pending[i:])
	tr.pending[i] = p
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

// loadLive makes the block of the slot at the cursor and moves the cursor on.
func (f *fetch) loadLive(ctx context.Context) error {
	l := &f.live
	end := l.cursor + f.grid.step
	f.open(l.cursor, 1)
	if err := f.loadSpilled(ctx, end); err != nil {
		return err
	}
	for i := range f.tracks {
		if tr := &f.tracks[i]; len(tr.pending) > 0 {
			f.fill(i, l.take(tr, end))
		}
	}
	f.settle()
	l.cursor = end
	err := f.refill(ctx)
	f.tally()
	return err
}

// take removes the pending points before end from a track and returns them as columns.
func (l *liveInput) take(tr *track, end int64) series.Points {
	c := &l.columns
	c.Times, c.Values, c.Lags = c.Times[:0], c.Values[:0], c.Lags[:0]
	n := 0
	for n < len(tr.pending) && tr.pending[n].time < end {
		p := tr.pending[n]
		c.Times = append(c.Times, p.time)
		c.Values = append(c.Values, p.value)
		c.Lags = append(c.Lags, p.lag)
		n++
	}
	tr.pending = tr.pending[:copy(tr.pending, tr.pending[n:])]
	return *c
}

// spilled lists the tracks whose points are in the source.
func (f *fetch) spilled() []*series.Series {
	l := &f.live
	l.list, l.at = l.list[:0], l.at[:0]
	for i := range f.tracks {
		if f.tracks[i].spilled {
			l.list = append(l.list, f.tracks[i].series)
			l.at = append(l.at, int32(i))
		}
	}
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
	for _, at := range f.live.at {
		f.tracks[at].spilled = false
		f.tracks[at].pending = f.tracks[at].pending[:0]
	}
	ahead := series.Range{From: f.live.cursor, To: math.MaxInt64}
	return f.source.Read(ctx, list, ahead, func(i int, p series.Points) error {
		tr := &f.tracks[f.live.at[i]]
		tr.seen = max(tr.seen, p.Times[p.Len()-1])
		if p.Len() > maxPending {
			tr.spilled = true
			return nil
		}
		for k, t := range p.Times {
			raw := rawPoint{time: t, value: p.Values[k]}
			if p.Lags != nil {
				raw.lag = p.Lags[k]
			}
			tr.pending = append(tr.pending, raw)
		}
		return nil
	})
}

// forget frees a track that is no member and has nothing waiting. History keeps its tracks,
// since a later block may hold points of theirs.
func (f *fetch) forget(at int32) {
	tr := &f.tracks[at]
	if f.live.feed == nil && !f.rediscovers || tr.series == nil || tr.known() || tr.spilled || len(tr.pending) > 0 {
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
