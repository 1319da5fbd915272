package signalflow

import (
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// position is how far a stream has come, and what the server said about its pace. Times are
// milliseconds since the Unix epoch.
type position struct {
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
	interval   time.Duration // the resolution, or the best guess at it
}

// stepsBack is how many intervals before the last batch a run begins. No source says whether
// the start belongs to the range (protocol.md 9.1), and a detector that is begun anew speaks
// only of changes: with the step before the last batch it notices the change whose event the
// lost connection still owed.
const stepsBack = 2

// start returns the start of the run, given the one that the caller asked for, 0 for none;
// false for just that.
func (p resumePoint) start(asked int64) (at int64, ok bool) {
	first := asked
	if first == 0 {
		first = p.origin // from now is from when the server first heard of it
	}
	switch {
	case p.hasBatch:
		return max(p.batch-stepsBack*p.interval.Milliseconds(), first), true
	case p.hasEvent:
		return max(p.event-stepsBack*p.interval.Milliseconds(), first), true
	}
	return first, asked == 0 && first > 0
}

// advance notes a closed batch, and reports whether the stream has come further with it.
func (p *position) advance(at int64) bool {
	p.arrived = time.Now()
	if p.hasBatch && at <= p.batch {
		return false
	}
	if p.hasBatch {
		p.step = time.Duration(at-p.batch) * time.Millisecond
	}
	p.batch, p.hasBatch = at, true
	return true
}

// started notes the server's clock at the start of a run.
func (p *position) started(at int64) {
	if at <= 0 { // it does not say
		return
	}
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
	if expiry := a.expiry(); expiry > 0 && !ended && time.Since(a.arrived) > expiry {
		return map[idtool.ID]Sample{}
	}
	return a.catalog.snapshot(a.since())
}

// expiry returns how long a value counts; 0 for ever, as long as the resolution is not known.
func (a *assembler) expiry() time.Duration {
	if a.options.Expiry > 0 {
		return a.options.Expiry
	}
	return expiryResolutions * a.interval()
}

// since returns the timestamp of the oldest value that counts.
func (a *assembler) since() int64 {
	if expiry := a.expiry(); expiry > 0 {
		return a.batch - expiry.Milliseconds()
	}
	return 0
}
