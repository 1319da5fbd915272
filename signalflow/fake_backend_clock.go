package signalflow

import (
	"sync"
	"time"
)

// FakeClock is a clock that stands still until it is advanced. A [FakeBackend] that has one
// sends the data of a time when the clock comes there, so that a test of an hour takes no
// time and always goes the same way. The zero value shows the beginning of 1970.
type FakeClock struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{} // closed by the next Advance; nil if nobody waits
}

// NewFakeClock returns a clock that shows now.
func NewFakeClock(now time.Time) *FakeClock { return &FakeClock{now: now} }

// Now returns what the clock shows.
func (c *FakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

// read is Now for who holds mu.
func (c *FakeClock) read() time.Time {
	if c.now.IsZero() {
		return time.UnixMilli(0)
	}
	return c.now
}

// Advance moves the clock on. Everything that was due until then happens, soon after
// Advance has returned.
func (c *FakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.read().Add(d)
	if c.moved != nil {
		close(c.moved)
		c.moved = nil
	}
}

// moves returns a channel that the next Advance closes.
func (c *FakeClock) moves() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved == nil {
		c.moved = make(chan struct{})
	}
	return c.moved
}

// SetClock sets the clock that computations started from now on follow; nil is the real
// one, which is the default. Timeouts of connections and KEEP_ALIVE follow the real one in
// any case.
func (f *FakeBackend) SetClock(c *FakeClock) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = c
}

func (f *FakeBackend) now() time.Time {
	f.mu.Lock()
	clock := f.clock
	f.mu.Unlock()
	if clock != nil {
		return clock.Now()
	}
	return time.Now()
}
