package flowtest

import (
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// clock is a time that moves only when the job waits, and then at once: to the next arrival
// of a sample, which it stores, or to what the job waits for. All happens on the goroutine of
// the job, so a run gives the same each time.
type clock struct {
	now   int64 // ms since the epoch
	queue []series.Sample
	store *memstore.Store
}

// newClock returns a clock that has reached a time, with what had arrived until then.
func newClock(at time.Time, load []series.Sample, store *memstore.Store) *clock {
	c := &clock{queue: slices.Clone(load), store: store}
	slices.SortStableFunc(c.queue, func(a, b series.Sample) int { return int(a.Arrival - b.Arrival) })
	c.advance(at.UnixMilli())
	return c
}

// advance moves to a time.
func (c *clock) advance(to int64) {
	n := 0
	for n < len(c.queue) && c.queue[n].Arrival <= to {
		n++
	}
	c.now = to
	if n > 0 {
		c.store.Append(c.queue[:n]...)
		c.queue = c.queue[n:]
	}
}

// Now implements engine.Clock.
func (c *clock) Now() time.Time { return time.UnixMilli(c.now) }

// Timer implements engine.Clock. The timer has fired when it is returned, perhaps before its
// time: the job looks at the clock again and waits for the rest.
func (c *clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	to := c.now + max(1, d.Milliseconds())
	if len(c.queue) > 0 {
		to = min(to, max(c.now, c.queue[0].Arrival))
	}
	c.advance(to)
	fired := make(chan time.Time, 1)
	fired <- c.Now()
	return fired, func() {}
}
