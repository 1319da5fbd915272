package engine

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// fetch is the source operator: it turns raw points into slots (language.md 4.4, 4.5, 4.7).
//
// Its columns are its tracks, one for each series that it knows of. A track is a member of
// the stream from the job's start, or from its first point if it appears later, until it has
// been silent for the time of inactivity; a point brings it back.
//
// Slots are made in blocks: many at once from history, one at a time from live points. Both
// ways end in fill.
type fetch struct {
	op       *graph.Fetch
	kind     series.Kind
	source   Source
	clock    Clock
	grid     grid
	inactive int64 // ms
	limit    int   // most tracks; 0: no limit
	path     *path // what makes dimensions of the metric's name; nil: nothing
	rates    bool  // the default rollup of counters is their rate
	offset   int64 // ms by which it lies back in time; all of its times are its own
	first    int64 // the first slot that is read, ms
	sent     int64 // the first slot that is sent, ms

	tracks  []track
	index   map[uint64]int32 // series ID to track
	free    []int32          // tracks to use again
	matched int              // how many series matched, beyond the limit too
	met     int64            // all series with points before this time are known, ms

	rediscovers bool // it looks for series with each block, so it need not keep those that have left

	falls int64 // no member falls silent in a block that ends before this time, ms

	out     *stream
	extra   *filling // nil: nothing is extrapolated
	block   block
	cells   *cells // of histograms; nil: of numbers
	points  int    // raw points rolled up; the job counts from 0 for each live slot
	gate    *Turn
	unasked int // points read since the last look whether another job wants the turn
	changes []change
	live    liveInput
}

// track is what a fetch knows of one series. It is small, for each slot of a live job goes
// through all of them; the points that wait are elsewhere, in liveInput.
type track struct {
	series   *series.Series
	prev     memory // the point before the block
	last     int64  // time of the newest point in a block, or of its joining
	seen     int64  // time of the newest point known, in a block or not, that is not ahead of its time
	roll     rollup
	member   bool
	expected bool // known from the start without an earlier point, and not yet a member
	spilled  bool // its open slots are in the source, not in the live input
}

// known reports whether a slot waits for the track.
func (tr *track) known() bool { return tr.member || tr.expected }

// change is a track that joins or leaves the stream at a slot.
type change struct {
	slot  int64
	track int32
	joins bool
}

// historySlots is how many slots of history are read at once, as many as a word has bits: enough
// to make the visit of a series cheap for each slot, few enough for the block to stay small.
const historySlots = 64

func newFetch(op *graph.Fetch, o *Options, g grid, at *placed, out *stream) *fetch {
	f := &fetch{
		op:     op,
		source: o.Source,
		clock:  o.Clock,
		grid:   g,
		limit:  o.MaxSeries,
		offset: at.offset,
		rates:  o.RateOfCounters,
		gate:   o.Turn,
		index:  make(map[uint64]int32),
		out:    out,
		extra:  extrapolation(op),
	}
	// A slot with a point must not outlast the point's activity, hence two slots at least.
	f.inactive = max(o.Inactivity.Milliseconds(), at.hold, 2*g.step)
	out.source = op.Metric
	return f
}

func (f *fetch) query(from, to int64) series.Query {
	return series.Query{Kind: f.kind, Metric: f.op.Metric, Filter: f.op.Filter, From: from, To: to, Limit: f.limit}
}

// call returns the call of the program.
func (f *fetch) call() string {
	if f.path != nil {
		return f.path.op.String()
	}
	q := f.query(0, 0)
	return q.String()
}

// prime finds the series that are active before t, the first slot of the job, or have points
// until end. The former are members from slot t on; the latter from their first point, but
// no later than from the first slot that is sent.
func (f *fetch) prime(ctx context.Context, t, sent, end int64) error {
	if err := f.discover(ctx, t, end); err != nil {
		return err
	}
	f.first, f.sent = t, sent
	for i := range f.tracks {
		tr := &f.tracks[i]
		tr.expected = true
		if tr.last == math.MinInt64 {
			continue
		}
		tr.last = max(tr.last, t-f.inactive+f.grid.step+1) // it stays for the first slot at least
		f.join(i, t)
	}
	return nil
}

// join makes a track a member from a slot on.
func (f *fetch) join(i int, slot int64) {
	tr := &f.tracks[i]
	tr.member, tr.expected = true, false
	f.falls = min(f.falls, tr.last+f.inactive)
	f.changes = append(f.changes, change{slot, int32(i), true})
}

// discover makes tracks for series with points in [t - inactivity, end) that have none, and
// reads their last point before t.
func (f *fetch) discover(ctx context.Context, t, end int64) error {
	found, err := f.source.Select(ctx, f.query(t-f.inactive, end))
	if err != nil {
		return err
	}
	f.matched = max(f.matched, found.Matched)
	slices.SortFunc(found.Series, func(a, b *series.Series) int { return cmp.Compare(a.ID, b.ID) })
	f.tracks = slices.Grow(f.tracks, len(found.Series))
	f.out.members = slices.Grow(f.out.members, len(found.Series))
	var added []*series.Series
	var at []int32
	for _, s := range found.Series {
		if _, known := f.index[s.ID]; known || f.full() {
			continue
		}
		added = append(added, s)
		at = append(at, f.add(s))
	}
	before := series.Range{From: t, To: t, Lookback: f.inactive}
	return f.source.Read(ctx, added, before, func(i int, p series.Points) error {
		tr := &f.tracks[at[i]]
		tr.prev = memory{p.Values[0], true}
		tr.last, tr.seen = p.Times[0], p.Times[0]
		return nil
	})
}

// meet looks for series that have appeared meanwhile, if the slots from t up to end can hold points
// of them. Until settled, no more points come.
func (f *fetch) meet(ctx context.Context, t, end, settled int64) error {
	if end <= f.met {
		return nil
	}
	err := f.discover(ctx, t, max(end, settled))
	f.adopt(t)
	f.met = settled
	return err
}

// adopt makes members, from a slot on, of tracks that were not known and have an earlier point.
func (f *fetch) adopt(slot int64) {
	for i := range f.tracks {
		if tr := &f.tracks[i]; tr.series != nil && !tr.known() && tr.last > slot+f.grid.step-f.inactive {
			f.join(i, slot)
		}
	}
}

func (f *fetch) full() bool { return f.limit > 0 && len(f.index) >= f.limit }

// add makes a track for a series. It is not yet a member of the stream.
func (f *fetch) add(s *series.Series) int32 {
	roll := f.op.Rollup
	if f.rates && roll == graph.RollupDefault && s.Type != series.Gauge {
		roll = graph.RollupRate
	}
	tr := track{series: s, roll: rollupFor(roll, s.Type), last: math.MinInt64, seen: math.MinInt64}
	m := member{key: s.Dimensions, meta: s.Metadata(), metric: s.Metric}
	if f.path != nil {
		f.path.rename(&m)
	}
	var at int32
	if n := len(f.free); n > 0 {
		at = f.free[n-1]
		f.free = f.free[:n-1]
		f.tracks[at], f.out.members[at] = tr, m
	} else {
		at = int32(len(f.tracks))
		f.tracks = append(f.tracks, tr)
		f.out.members = append(f.out.members, m)
		f.out.live = grow(f.out.live, wordsFor(len(f.tracks)))
	}
	f.index[s.ID] = at
	return at
}

// open clears the block for n slots from t.
func (f *fetch) open(t int64, n int) {
	f.block.open(t, n, f.grid.step, len(f.tracks))
	if f.cells != nil {
		f.cells.open(n * f.block.stride)
	}
}

// longestBlock returns how many slots a block may have at most, so that within it a series
// can leave and come back only once.
func (f *fetch) longestBlock() int { return int(max(1, f.inactive/f.grid.step-1)) }

// loadHistory makes a block of n slots from what the source has stored.
func (f *fetch) loadHistory(ctx context.Context, t int64, n int) error {
	if err := f.cells.err(); err != nil {
		return err
	}
	f.open(t, n)
	list := make([]*series.Series, 0, len(f.tracks))
	at := make([]int, 0, len(f.tracks))
	for i := range f.tracks {
		if s := f.tracks[i].series; s != nil {
			list, at = append(list, s), append(at, i)
		}
	}
	err := f.source.Read(ctx, list, series.Range{From: t, To: f.block.end}, func(i int, p series.Points) error {
		f.fill(at[i], p)
		return f.pause(ctx, p.Len())
	})
	f.settle()
	return err
}

// pause lets other jobs have their turn within a long read, of which n points are done.
func (f *fetch) pause(ctx context.Context, n int) error {
	if f.unasked += n; f.unasked < 1<<16 {
		return nil
	}
	f.unasked = 0
	return f.gate.pause(ctx)
}

// fill rolls the points of a track, all of those in the block, up into its column.
func (f *fetch) fill(i int, p series.Points) {
	tr, b, step := &f.tracks[i], &f.block, f.grid.step
	n := p.Len()
	if n == 0 {
		return
	}
	f.points += n
	f.admit(i, p.Start())
	tr.last = p.End()
	tr.seen = max(tr.seen, tr.last)
	row := int((p.Start() - b.start) / step)
	regular := p.Every > 0 && p.Every%step == 0 && f.cells == nil
	switch {
	case regular && tr.roll.single():
		b.setRun(row, i, int(p.Every/step), p.Values)
	case regular && tr.roll.compares():
		f.rollSteps(i, row, int(p.Every/step), p.Values)
	default:
		f.roll(i, row, p)
	}
}

// rollSteps is fill for one point in every so many-th slot, which is compared with the one before.
func (f *fetch) rollSteps(i, row, every int, values []float64) {
	tr := &f.tracks[i]
	seconds := float64(f.grid.step) / 1000
	for k := range values {
		if x, ok := tr.roll.of(values[k:k+1], nil, seconds, &tr.prev); ok {
			f.block.set(row, i, x)
		}
		row += every
	}
}

// roll is fill for any other points, of which several may lie in a slot. The first lies in a row.
func (f *fetch) roll(i, row int, p series.Points) {
	tr, b, step := &f.tracks[i], &f.block, f.grid.step
	seconds := float64(step) / 1000
	end := b.start + int64(row+1)*step
	for j, n := 0, p.Len(); j < n; {
		if p.Times[j] >= end {
			skip := (p.Times[j]-end)/step + 1
			end += skip * step
			row += int(skip)
		}
		first := j
		for j < n && p.Times[j] < end {
			j++
		}
		switch {
		case f.cells != nil:
			f.cells.roll(row*b.stride+i, p.Distributions[first:j])
			b.set(row, i, 0)
		case j-first == 1 && tr.roll.single():
			b.set(row, i, p.Values[first])
		default:
			var lags []int32
			if p.Lags != nil {
				lags = p.Lags[first:j]
			}
			if x, ok := tr.roll.of(p.Values[first:j], lags, seconds, &tr.prev); ok {
				b.set(row, i, x)
			}
		}
		end += step
		row++
	}
}

// admit notes that a track with a point at time t is a member, and that it was not one
// in between if its silence was too long.
func (f *fetch) admit(i int, t int64) {
	tr := &f.tracks[i]
	slot := f.grid.floor(t)
	if gone := f.gone(tr); tr.member && gone < slot {
		f.changes = append(f.changes, change{gone, int32(i), false})
		tr.member = false
	}
	if tr.member {
		return
	}
	if tr.last == math.MinInt64 || t-tr.last >= f.inactive {
		tr.prev = memory{}
	}
	if tr.expected {
		slot = min(slot, f.sent)
	}
	f.join(i, slot)
}

// gone returns the first slot at whose end a track has been silent for too long, if it has no
// point after its last.
func (f *fetch) gone(tr *track) int64 { return f.grid.ceil(tr.last+f.inactive) - f.grid.step }

// settle is the last step of a block: it tells which values are there, makes members of the tracks that are expected, ends
// the membership of those that have fallen silent, and puts the changes of the block in order.
func (f *fetch) settle() {
	if begins := f.sent >= f.block.start && f.sent < f.block.end; begins || f.block.end >= f.falls {
		f.survey(begins)
	}
	f.block.settle()
	slices.SortStableFunc(f.changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), cmp.Compare(a.track, b.track))
	})
}

// survey goes through all tracks for settle.
func (f *fetch) survey(begins bool) {
	f.falls = math.MaxInt64
	for i := range f.tracks {
		tr := &f.tracks[i]
		if begins && tr.expected {
			tr.last = f.sent
			f.join(i, f.sent)
		}
		if !tr.member {
			continue
		}
		if tr.last <= f.block.end-f.inactive {
			f.changes = append(f.changes, change{f.gone(tr), int32(i), false})
			tr.member = false
			continue
		}
		f.falls = min(f.falls, tr.last+f.inactive)
	}
}

// turn applies what changes at slot t, which lies in the block, and reports whether anything
// does.
func (f *fetch) turn(t int64) bool {
	f.out.begin()
	n := 0
	for n < len(f.changes) && f.changes[n].slot <= t {
		c := f.changes[n]
		if c.joins {
			if f.extra != nil {
				f.extra.reset(int(c.track))
			}
			f.out.joinAt(c.track)
		} else {
			f.out.leave(c.track)
			f.forget(c.track)
		}
		n++
	}
	f.changes = slices.Delete(f.changes, 0, n)
	return n > 0
}

// census returns how many series are members, and the identities of some.
func (f *fetch) census() (n int, some []uint64) {
	f.out.live.each(func(i int) {
		if n++; n <= maxNamed {
			some = append(some, f.tracks[i].series.ID)
		}
	})
	return n, some
}

// Bind has nothing to do: a fetch has no inputs, and turn has settled its series.
func (f *fetch) Bind([]*stream, *stream) {}

// Step makes the block's row of a slot the output.
func (f *fetch) Step(slot int64, _ []*vector, out *vector) {
	b := &f.block
	row := int((slot - b.start) / f.grid.step)
	out.values, out.present = b.row(row)
	if f.cells != nil {
		out.cells = f.cells.rows[row*b.stride : (row+1)*b.stride]
	}
	if f.op.Rollup == graph.RollupCount {
		for w, live := range f.out.live {
			for missing := live &^ out.present[w]; missing != 0; missing &= missing - 1 {
				col := w<<6 + trailing(missing)
				out.values[col] = 0
			}
			out.present[w] |= live
		}
	}
	if f.extra != nil {
		f.extra.fill(out, f.out.live)
	}
}
