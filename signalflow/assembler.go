package signalflow

import (
	"fmt"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// assembler makes the items of a stream from the messages of its runs: it puts the data of
// one timestamp together, joins them with their metadata, and keeps everything in order. The
// stream's mutex guards it.
//
// On its way an item may wait in two places: behind a batch that is still open, and behind a
// batch whose metadata is missing. From there it goes to the stream's queue.
type assembler struct {
	stream  *Stream
	options Options
	batches batcher
	catalog catalog
	alerts  alerts
	position

	behind   []entry    // came after the first part of the open batch
	unjoined []unjoined // wait for metadata
	held     int        // bytes of the open batch and of behind
	pending  int        // bytes of unjoined
	gapped   bool       // a message was lost: the next batch may lack its data
	wentBack bool       // the server did in this run, and it was reported

	batchTimer timer // gives up waiting for the rest of the open batch
	batchMeant int   // the one that it is for
	metaTimer  timer // gives up waiting for metadata
}

// unjoined is an entry that waits for the metadata of its series, or for one that does.
type unjoined struct {
	entry
	missing map[idtool.ID]struct{}
	until   time.Time
}

// timer is a time.AfterFunc that knows whether it runs.
type timer struct {
	t    *time.Timer
	runs bool
}

func (t *timer) start(d time.Duration, f func()) {
	t.runs = true
	if t.t == nil {
		t.t = time.AfterFunc(d, f)
	} else {
		t.t.Reset(d)
	}
}

func (t *timer) stop() {
	t.runs = false
	if t.t != nil {
		t.t.Stop()
	}
}

func (a *assembler) init(s *Stream, o Options) {
	a.stream, a.options = s, o
	a.batches.emit = a.closeBatch
	a.catalog.table = make(map[idtool.ID]*tracked)
	a.alerts.last = make(map[string]alert)
}

// restart begins another run and returns where it has to begin. The open batch comes again
// with it, and so does what is behind.
func (a *assembler) restart() resumePoint {
	a.joinAll()
	a.batches.restart()
	a.catalog.restart(a.since())
	a.alerts.restart()
	a.behind, a.held, a.gapped, a.wentBack = nil, 0, false, false
	a.caughtUp, a.progress = false, 0
	return resumePoint{
		batch: a.batch, hasBatch: a.hasBatch, event: a.alerts.newest, hasEvent: a.alerts.any,
		origin: a.origin, resolution: a.resolution, interval: a.interval(),
	}
}

// finish ends the last run: what waits goes to the queue as it is. cut says that it was not
// the normal end.
func (a *assembler) finish(cut bool) {
	a.batches.finish(cut)
	a.joinAll()
}

// stop ends the timers.
func (a *assembler) stop() {
	a.batchTimer.stop()
	a.metaTimer.stop()
}

// take takes a message of a run that began at the given point.
func (a *assembler) take(from resumePoint, m messages.Message, size int) {
	switch m := m.(type) {
	case *messages.DataMessage:
		a.data(from, m)
	case *messages.MetadataMessage:
		a.describe(m)
	case *messages.EventMessage:
		a.pass(entry{&Event{EventMessage: m, Series: a.catalog.series(m.TSID)}, jsonCost(size)})
	case *messages.InfoMessage:
		a.learn(m)
		a.batches.info(int64(m.LogicalTimestampMillis))
		a.pass(entry{&Info{m}, jsonCost(size)})
		a.checkPresent()
	case *messages.ExpiredTSIDMessage:
		if id, err := messages.ParseTSID(m.TSID); err == nil {
			a.pass(entry{&Expired{a.catalog.series(id)}, jsonCost(size)})
		}
	case *messages.JobStartControlMessage:
		a.started(int64(m.TimestampMillis))
	case *messages.JobProgressControlMessage:
		a.progress = m.Progress
	}
}

// data takes a data message, unless the run before has delivered its timestamp.
func (a *assembler) data(from resumePoint, m *messages.DataMessage) {
	if from.hasBatch && int64(m.TimestampMillis) <= from.batch {
		return
	}
	if len(a.batches.open) > 0 && int64(m.TimestampMillis) == a.batches.at { // a later one closes it anyhow
		a.makeRoom(dataCost(m))
	}
	a.batches.data(m)
	if n := len(a.batches.open); n > 0 && a.batches.open[n-1] == m {
		a.held += dataCost(m)
		a.watchBatch()
	}
}

// makeRoom lets what waits go as it is when there would be more of it than the queue may
// hold: more messages for one timestamp, or without metadata, than a server has reason for.
func (a *assembler) makeRoom(cost int) {
	if a.held+a.pending+cost > a.stream.queue.limit {
		a.batches.giveUp(a.batches.begun)
		a.joinAll()
	}
}

// watchBatch has a timer close the open batch if nothing else does. The first batch of a
// stream has all the time that it needs: how many messages it has is not known yet.
func (a *assembler) watchBatch() {
	if a.batches.steps == 0 || a.batchTimer.runs {
		return
	}
	a.batchMeant = a.batches.begun
	a.batchTimer.start(a.batchWait(), a.batchOverdue)
}

// batchWait returns how long a batch may stay open.
func (a *assembler) batchWait() time.Duration {
	if a.options.BatchWait > 0 {
		return a.options.BatchWait
	}
	if r := a.interval(); r > 0 {
		return min(r, maxBatchWait)
	}
	return maxBatchWait
}

// batchOverdue is called by the timer.
func (a *assembler) batchOverdue() {
	a.stream.mu.Lock()
	defer a.stream.mu.Unlock()
	a.batchTimer.runs = false
	if a.stream.run == nil {
		return
	}
	if a.stream.queue.holdsUp(a.batchWait()) {
		a.watchBatch()
		return
	}
	a.batches.giveUp(a.batchMeant)
	if len(a.batches.open) > 0 {
		a.watchBatch() // one that began since then
	}
	a.stream.queue.fit()
}

// closeBatch takes a closed step from the batcher.
func (a *assembler) closeBatch(s step) {
	b := &Batch{Time: time.UnixMilli(s.at).UTC(), Incomplete: s.incomplete || a.gapped, Late: s.late, msgs: s.msgs}
	for _, m := range s.msgs {
		if m.HasMaxDelay {
			b.MaxDelay = time.Duration(m.MaxDelayMillis) * time.Millisecond
			a.maxDelay = b.MaxDelay
		}
	}
	a.gapped = false
	if s.late && s.at != a.batches.closed && !a.wentBack {
		a.wentBack = true
		a.stream.client.reports.report(fmt.Errorf("signalflow: the server went back in time: data of %v came after that of %v, and is delivered as late", b.Time, time.UnixMilli(a.batch).UTC()))
	}
	if a.advance(s.at) {
		a.stream.tries = 0
	}
	if len(a.batches.open) > 0 { // this is a late one: what is behind the open batch stays there
		a.join(b)
		return
	}
	behind := a.behind
	a.behind, a.held = nil, 0
	a.join(b)
	for _, e := range behind {
		a.settle(e)
	}
	a.checkPresent()
}

// join looks up the series of a batch and sends it on its way.
func (a *assembler) join(b *Batch) {
	before := a.catalog.layout
	u := unjoined{entry: entry{b, b.cost()}, missing: a.catalog.join(b)}
	if b.layout == nil || b.layout != before { // one of its own
		u.cost += b.layoutCost()
	}
	a.forward(u)
}

// pass takes an item that is no batch.
func (a *assembler) pass(e entry) {
	if len(a.batches.open) == 0 {
		a.settle(e)
		return
	}
	a.behind = append(a.behind, e)
	a.held += e.cost
	a.makeRoom(0)
}

// settle takes an item that nothing can undo any more: it will reach the queue. Only now an
// event counts as told, since what is behind an open batch is lost with it.
func (a *assembler) settle(e entry) {
	if event, ok := e.item.(*Event); ok {
		event.Restated = a.alerts.restates(event)
		if !event.Restated {
			a.stream.tries = 0
		}
	}
	a.forward(unjoined{entry: e})
}

// forward hands an item on to the queue, or has it wait for metadata.
func (a *assembler) forward(u unjoined) {
	if len(u.missing) == 0 && len(a.unjoined) == 0 {
		a.enqueue(u.entry)
		return
	}
	u.until = time.Now().Add(a.options.MetadataWait)
	a.unjoined = append(a.unjoined, u)
	a.pending += u.cost
	if a.held+a.pending > a.stream.queue.limit {
		a.joinAll()
	} else if !a.metaTimer.runs {
		a.metaTimer.start(a.options.MetadataWait, a.metadataOverdue)
	}
}

// enqueue hands an item to the loop. A series expires here and not before, so that batches
// that wait in front keep its metadata.
func (a *assembler) enqueue(e entry) {
	switch it := e.item.(type) {
	case *Batch:
		a.catalog.remember(it)
	case *Expired:
		a.catalog.expire(it.Series)
	}
	a.stream.queue.push(e)
}

// describe takes metadata, and lets the batches go that waited for it.
func (a *assembler) describe(m *messages.MetadataMessage) {
	properties := m.Properties // a copy, which does not hold on to the message
	a.catalog.describe(newSeries(m.TSID, &properties))
	for _, u := range a.unjoined {
		delete(u.missing, m.TSID)
	}
	a.joinUntil(func(u unjoined) bool { return len(u.missing) == 0 })
}

// metadataOverdue is called by the timer.
func (a *assembler) metadataOverdue() {
	a.stream.mu.Lock()
	defer a.stream.mu.Unlock()
	a.metaTimer.runs = false
	if a.stream.over {
		return
	}
	if a.stream.queue.holdsUp(a.options.MetadataWait) {
		a.metaTimer.start(a.options.MetadataWait, a.metadataOverdue)
		return
	}
	now := time.Now()
	a.joinUntil(func(u unjoined) bool { return len(u.missing) == 0 || !u.until.After(now) })
	if len(a.unjoined) > 0 {
		a.metaTimer.start(a.unjoined[0].until.Sub(now), a.metadataOverdue)
	}
	a.stream.queue.fit()
}

func (a *assembler) joinAll() { a.joinUntil(func(unjoined) bool { return true }) }

// joinUntil lets entries go as long as ok accepts them, with the metadata that there is.
func (a *assembler) joinUntil(ok func(unjoined) bool) {
	n := 0
	for ; n < len(a.unjoined) && ok(a.unjoined[n]); n++ {
		u := a.unjoined[n]
		a.pending -= u.cost
		if b, isBatch := u.item.(*Batch); isBatch && b.layout == nil {
			a.giveUpOn(a.catalog.joinAnyway(b), n+1)
		}
		a.enqueue(u.entry)
	}
	a.unjoined = append(a.unjoined[:0], a.unjoined[n:]...)
}

// giveUpOn has the entries from a place on wait no more for some series.
func (a *assembler) giveUpOn(ids []idtool.ID, from int) {
	for _, u := range a.unjoined[from:] {
		for _, id := range ids {
			delete(u.missing, id)
		}
	}
}

// announce says that the program was begun anew.
func (a *assembler) announce(r *Resumed) { a.forward(unjoined{entry: entry{r, 256}}) }
