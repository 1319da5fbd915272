package signalflow

import (
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// position is how far a stream has come, and what the server said about its pace. Times are
// milliseconds since the Unix epoch.
type position struct {
	count    int   // batches so far
	batch    int64 // timestamp of the newest
	hasBatch bool
	arrived  time.Time // when it came

	origin     int64         // server's clock when the first run began
	skew       time.Duration // of the server's clock against ours
	resolution time.Duration // as the server chose it; 0 until it has said so
	step       time.Duration // between the last two batches
	maxDelay   time.Duration
	progress   float64
	caughtUp   bool
}

// resumePoint is where a run begins, with what the runs before have delivered.
type resumePoint struct {
	batch      int64
	hasBatch   bool
	event      int64
	hasEvent   bool
	origin     int64
	resolution time.Duration
}

// start returns the start of the run; false for the start that the caller asked for.
func (p resumePoint) start(asked bool) (at int64, ok bool) {
	switch {
	case p.hasBatch:
		return p.batch, true
	case p.hasEvent:
		return p.event, true
	case !asked && p.origin > 0: // from now: from when the server first heard of it
		return p.origin, true
	}
	return 0, false
}

// advance notes a closed batch.
func (p *position) advance(at int64) {
	p.count++
	p.arrived = time.Now()
	if p.hasBatch && at <= p.batch {
		return
	}
	if p.hasBatch {
		p.step = time.Duration(at-p.batch) * time.Millisecond
	}
	p.batch, p.hasBatch = at, true
}

// started notes the server's clock at the start of a run.
func (p *position) started(at int64) {
	p.skew = time.Until(time.UnixMilli(at))
	if p.origin == 0 {
		p.origin = at
	}
}

// learn notes what an information message says about the pace.
func (p *position) learn(m *messages.InfoMessage) {
	switch contents := m.Contents.(type) {
	case messages.JobRunningResolutionContents:
		if ms, ok := contents.Resolution(); ok && ms > 0 {
			p.resolution = time.Duration(ms) * time.Millisecond
		}
	case messages.JobInitialMaxDelayContents:
		if ms, ok := contents.MaxDelay(); ok && ms >= 0 {
			p.maxDelay = time.Duration(ms) * time.Millisecond
		}
	}
}

// interval returns the resolution, or the best guess at it; 0 for none.
func (p *position) interval() time.Duration {
	if p.resolution > 0 {
		return p.resolution
	}
	return p.step
}

// presentSlack is what a batch of the present may take beyond what the server waits for.
const presentSlack = time.Second

// checkPresent notes when the batches have come as close to now as live ones can be: a slot
// and the max delay late, with one slot to spare.
func (a *assembler) checkPresent() {
	r := a.interval()
	if a.caughtUp || !a.hasBatch || r == 0 {
		return
	}
	late := time.Since(time.UnixMilli(a.batch)) + a.skew
	if late <= a.maxDelay+2*r+presentSlack {
		a.caughtUp = true
		a.pass(entry{&CaughtUp{time.UnixMilli(a.batch).UTC()}, 128})
	}
}

// latest returns the newest value of each series. ended says that nothing more will come, so
// that values do not go stale any more.
func (a *assembler) latest(ended bool) map[idtool.ID]Sample {
	expiry := a.options.Expiry
	if expiry == 0 {
		expiry = expiryResolutions * a.interval()
	}
	since := int64(0)
	if expiry > 0 {
		if !ended && time.Since(a.arrived) > expiry {
			return map[idtool.ID]Sample{}
		}
		since = a.batch - expiry.Milliseconds()
	}
	return a.catalog.snapshot(since)
}
