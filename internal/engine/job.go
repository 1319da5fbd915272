package engine

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// job is one run of a plan.
type job struct {
	plan  *plan
	sink  Sink
	clock Clock
	turn  *Turn
	grid  grid

	first     int64 // first slot computed, so that windows are full at start; ms
	start     int64 // first slot sent
	stop      int64 // exclusive
	maxDelay  int64 // ms
	minDelay  int64 // ms; at most maxDelay
	autoDelay bool  // maxDelay was chosen by the lag seen
	past      bool  // the whole range lay in the past when the job began

	wake     chan struct{}
	ready    int64 // slots before this one are in the fetches' blocks
	isLive   bool
	started  bool // the first slot has been sent
	progress int
	lag      int64 // the largest lag reported, ms
	asked    int64 // the resolution that was asked for, ms; 0: none
	native   int64 // the coarsest native one that was seen, ms
	coarse   []uint64
	limited  []bool
	silent   []silence // by fetch
}

func newJob(ctx context.Context, g *graph.Graph, o Options, sink Sink) (*job, error) {
	if err := check(g); err != nil {
		return nil, err
	}
	o.setDefaults()
	now := o.Clock.Now()
	if o.Start.IsZero() {
		o.Start = now
	}
	l, err := newLayout(g)
	if err != nil {
		return nil, err
	}
	seen, err := look(ctx, l, &o, o.Start.UnixMilli(), now.UnixMilli())
	if err != nil {
		return nil, err
	}
	j := &job{sink: sink, clock: o.Clock, turn: o.Turn, wake: make(chan struct{}, 1), maxDelay: o.MaxDelay.Milliseconds()}
	if j.maxDelay <= 0 {
		j.maxDelay, j.autoDelay = seen.maxDelay(), true
	}
	j.minDelay = max(0, o.MinDelay.Milliseconds())
	j.maxDelay = max(j.maxDelay, j.minDelay)
	j.grid = newGrid(seen.resolution(o.Resolution), o.Timezone, o.Start)
	j.setRange(&o, now.UnixMilli())
	if j.plan, err = newPlan(l, &o, j.grid, j.start); err != nil {
		return nil, err
	}
	j.first = j.start - j.plan.preroll*j.grid.step
	j.ready = j.first
	j.asked, j.native, j.coarse = o.Resolution.Milliseconds(), seen.found, seen.coarse
	j.limited = make([]bool, len(j.plan.fetches))
	j.silent = make([]silence, len(j.plan.fetches))
	for i, f := range j.plan.fetches {
		f.op.live.native = seen.native[i]
	}
	return j, nil
}

func (o *Options) setDefaults() {
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	switch {
	case o.MaxSeries == 0:
		o.MaxSeries = defaultMaxSeries
	case o.MaxSeries < 0:
		o.MaxSeries = 0
	}
	for limit, standard := range map[*int]int{&o.MaxInputs: defaultMaxInputs, &o.MaxDerived: defaultMaxDerived} {
		switch {
		case *limit == 0:
			*limit = standard
		case *limit < 0:
			*limit = math.MaxInt
		}
	}
	switch {
	case o.MaxWindowPoints == 0:
		o.MaxWindowPoints = defaultMaxWindowPoints
	case o.MaxWindowPoints < 0:
		o.MaxWindowPoints = math.MaxInt64
	}
	if o.Inactivity <= 0 {
		o.Inactivity = defaultInactivity
	}
	o.MaxDelay, o.MinDelay = min(o.MaxDelay, maxMaxDelay), min(o.MinDelay, maxMaxDelay)
}

// setRange sets start and stop: start rounded down and stop up to a slot, and for an
// immediate job stop no later than the data that need not be waited for.
func (j *job) setRange(o *Options, now int64) {
	j.start = j.grid.floor(o.Start.UnixMilli())
	j.stop = math.MaxInt64
	if !o.Stop.IsZero() {
		j.stop = j.grid.ceil(o.Stop.UnixMilli())
	}
	if o.Immediate {
		j.stop = min(j.stop, j.grid.floor(now-j.maxDelay))
	}
	j.past = j.stop <= now
}

func (j *job) close() {
	for _, f := range j.plan.fetches {
		f.op.close()
	}
}

// run runs the job to its end. What ends with ctx ends with its cause, also where a source
// returned only that it has ended.
func (j *job) run(ctx context.Context) error {
	err := j.slots(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return err
}

func (j *job) slots(ctx context.Context) error {
	if j.start >= j.stop {
		return j.runEmpty(ctx)
	}
	if err := j.reach(ctx, j.first); err != nil {
		return err
	}
	if err := j.prime(ctx); err != nil {
		return err
	}
	for slot := j.first; slot < j.stop; slot += j.grid.step {
		if err := j.advance(ctx, slot); err != nil {
			return err
		}
	}
	return nil
}

// runEmpty is the run of a range without a slot: it tells what there is.
func (j *job) runEmpty(ctx context.Context) error {
	if err := j.prime(ctx); err != nil {
		return err
	}
	for _, f := range j.plan.fetches {
		f.op.turn(j.first - f.op.offset)
	}
	if err := j.plan.bind(); err != nil {
		return err
	}
	return j.introduce(j.start)
}

// reach waits until a time, ms. A job that begins in the future then knows what came before.
func (j *job) reach(ctx context.Context, t int64) error {
	for {
		now := j.clock.Now().UnixMilli()
		if now >= t {
			return nil
		}
		if err := j.sleep(ctx, t-now); err != nil {
			return err
		}
	}
}

// prime finds the series that the job begins with.
func (j *job) prime(ctx context.Context) error {
	now := j.clock.Now().UnixMilli()
	for _, f := range j.plan.fetches {
		if err := j.turn.take(ctx); err != nil {
			return err
		}
		back := f.op.offset
		if err := f.op.prime(ctx, j.first-back, j.start-back, min(j.stop-back, now+1)); err != nil {
			return err
		}
		if f.op.met = now - j.maxDelay; j.past { // it is what is stored now
			f.op.met = j.stop
		}
	}
	return nil
}

// advance computes a slot as soon as it can be, and sends it if it is wanted.
func (j *job) advance(ctx context.Context, slot int64) error {
	if err := j.load(ctx, slot); err != nil {
		return err
	}
	moved := slot == j.first
	for _, f := range j.plan.fetches {
		moved = f.op.turn(slot-f.op.offset) || moved
	}
	if moved {
		if err := j.plan.bind(); err != nil {
			return err
		}
	}
	j.plan.step(slot)
	if slot < j.start {
		return j.report(slot)
	}
	return j.emit(ctx, slot, moved)
}

// load brings the data of a slot into the fetches: from history if it lies far enough in the
// past, else live.
func (j *job) load(ctx context.Context, slot int64) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if slot < j.ready {
		return j.turn.take(ctx)
	}
	if !j.isLive {
		if n := j.settled(slot); n > 0 {
			return j.loadHistory(ctx, slot, n)
		}
		if err := j.goLive(ctx, slot); err != nil {
			return err
		}
	}
	if err := j.await(ctx, slot); err != nil {
		return err
	}
	return j.loadLive(ctx, slot)
}

// goLive subscribes to what arrives from now on.
func (j *job) goLive(ctx context.Context, slot int64) error {
	j.isLive = true
	for _, f := range j.plan.present {
		if err := j.turn.take(ctx); err != nil {
			return err
		}
		if err := f.op.goLive(ctx, slot, j.wake); err != nil {
			return err
		}
	}
	return nil
}

// loadLive takes what has arrived for a slot that is complete.
func (j *job) loadLive(ctx context.Context, slot int64) error {
	if j.weight(slot) <= lightWeight && !j.late(slot) {
		j.turn.Yield()
	} else if err := j.turn.take(ctx); err != nil {
		return err
	}
	for _, f := range j.plan.fetches {
		f.op.points = 0
	}
	for _, f := range j.plan.present {
		if err := f.op.loadLive(ctx); err != nil {
			return err
		}
	}
	settled := j.clock.Now().UnixMilli() - j.maxDelay
	for _, f := range j.plan.shifted {
		if err := f.op.follow(ctx, slot-f.op.offset, settled); err != nil {
			return err
		}
	}
	j.ready = slot + j.grid.step
	if j.weight(slot) > lightWeight { // as is known now
		return j.turn.take(ctx)
	}
	return nil
}

// lightWeight is the most values that a live slot may have to deal with, in all of its streams
// and as points, for its job to be light: some milliseconds of work.
const lightWeight = 100_000

// joinWeight is what a series that joins or leaves counts for: its metadata are as much work as
// so many values.
const joinWeight = 100

// weight estimates how many values a live slot has to deal with: those of all streams, the points
// rolled up (while it is not loaded, those of the slot before), series that come and go, and the
// history that is due for streams that are shifted.
func (j *job) weight(slot int64) int {
	n := j.plan.series
	for _, f := range j.plan.fetches {
		n += len(f.op.changes) * joinWeight
	}
	for _, f := range j.plan.present {
		n += f.op.points
	}
	for _, f := range j.plan.shifted {
		if slot-f.op.offset >= f.op.block.end {
			n += len(f.op.tracks) * historySlots
		}
	}
	return n
}

// late reports whether a live slot should have been sent before the one after it was over: the
// job was held up, and catches up.
func (j *job) late(slot int64) bool {
	return j.clock.Now().UnixMilli()-slot >= 2*j.grid.step+j.maxDelay
}

// settled returns how many slots from this one on need no waiting, as many as one block
// may have at most. When the whole range lies in the past that is all of them.
func (j *job) settled(slot int64) int {
	end := j.stop
	if !j.past {
		end = min(end, j.grid.floor(j.clock.Now().UnixMilli()-j.maxDelay))
	}
	return int(max(0, min((end-slot)/j.grid.step, historySlots)))
}

func (j *job) loadHistory(ctx context.Context, slot int64, n int) error {
	for _, f := range j.plan.fetches {
		n = min(n, f.op.longestBlock(), f.op.affordableBlock())
	}
	j.turn.Yield() // whoever waits for one comes between the blocks
	for _, f := range j.plan.fetches {
		if err := j.turn.take(ctx); err != nil {
			return err
		}
		t := slot - f.op.offset
		if err := f.op.meet(ctx, t, t+int64(n)*j.grid.step, j.clock.Now().UnixMilli()-j.maxDelay); err != nil {
			return err
		}
		if err := f.op.loadHistory(ctx, t, n); err != nil {
			return err
		}
	}
	j.ready = slot + int64(n)*j.grid.step
	return nil
}

// await waits until a slot may be computed: when it is over and every known series has
// reported for it, or the max delay has passed (language.md 4.6).
func (j *job) await(ctx context.Context, slot int64) error {
	end := slot + j.grid.step
	for {
		for _, f := range j.plan.present {
			if !f.op.drain() {
				continue
			}
			if err := j.turn.take(ctx); err != nil {
				return err
			}
			if err := f.op.recover(ctx); err != nil {
				return err
			}
		}
		now := j.clock.Now().UnixMilli()
		until := end + j.minDelay
		if now >= until {
			until = end + j.maxDelay
			if now >= until || j.complete(now-end) {
				return nil
			}
		}
		if err := j.sleep(ctx, until-now); err != nil {
			return err
		}
	}
}

// sleep waits for some milliseconds, a day at most, for new samples, or for the end of ctx.
func (j *job) sleep(ctx context.Context, ms int64) error {
	j.turn.Yield()
	timer, stop := j.clock.Timer(time.Duration(min(ms, day)) * time.Millisecond)
	defer stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-j.wake:
	case <-timer:
	}
	return nil
}

// complete reports whether every series has reported for the slot that is waited for, which was
// over some ms ago. A job that reads data but knows no series yet gives them the max delay to
// appear; not in its first slot, so that whoever has mistaken a name learns it soon. What is
// shifted has been waited for when its offset is longer than the max delay.
func (j *job) complete(since int64) bool {
	if len(j.plan.present) == 0 {
		for _, f := range j.plan.shifted {
			if since+f.op.offset < j.maxDelay {
				return false
			}
		}
		return true
	}
	known := 0
	for _, f := range j.plan.present {
		l := &f.op.live
		if l.reported < l.known {
			return false
		}
		known += l.known
	}
	return known > 0 || !j.started
}

// emit sends a slot in the order that Sink states.
func (j *job) emit(ctx context.Context, slot int64, moved bool) error {
	if moved || !j.started {
		for _, p := range j.plan.outputs {
			if err := p.op.announce(j.grid.step, j.sink, func() error { return j.turn.pause(ctx) }); err != nil {
				return err
			}
		}
	}
	for _, p := range j.plan.outputs {
		if err := p.op.send(slot, j.maxDelay, j.sink); err != nil {
			return err
		}
	}
	for _, p := range j.plan.outputs {
		if err := p.op.expire(j.sink); err != nil {
			return err
		}
	}
	if !j.started {
		return j.introduce(slot)
	}
	return j.inform(slot)
}

// report says how far the windows have been filled with history, in steps of a tenth.
func (j *job) report(slot int64) error {
	percent := int((slot - j.first + j.grid.step) * 100 / (j.start - j.first))
	if percent < j.progress+10 && percent < 100 {
		return nil
	}
	j.progress = percent
	return j.sink.Progress(percent)
}
