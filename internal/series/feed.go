package series

import "sync"

// A Feed is a bounded queue of live samples from a store to one reader.
//
// The store never waits for the reader: a feed that is full forgets what it holds and says
// so at the next Take. The reader then reads the store again, which lost nothing.
type Feed struct {
	limit   int
	wake    chan<- struct{}
	release func(*Feed)

	mu     sync.Mutex
	queue  []Sample
	lost   bool
	closed bool
}

// NewFeed returns a feed of at most limit samples. After each Offer one signal goes to
// wake, unless one already waits there; wake must have a buffer, and several feeds may
// share it. Close calls release once; it may be nil.
func NewFeed(limit int, wake chan<- struct{}, release func(*Feed)) *Feed {
	return &Feed{limit: limit, wake: wake, release: release}
}

// Offer adds samples. The store calls it, after it has stored them. It never blocks.
func (f *Feed) Offer(samples []Sample) {
	f.mu.Lock()
	switch {
	case f.closed:
		f.mu.Unlock()
		return
	case f.lost:
	case len(f.queue)+len(samples) > f.limit:
		f.lost = true
		f.queue = f.queue[:0]
	default:
		f.queue = append(f.queue, samples...)
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Take returns what has come since the last call, and whether samples were lost. The
// feed keeps spare, the result of the call before, for its own use.
func (f *Feed) Take(spare []Sample) (samples []Sample, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	samples, lost = f.queue, f.lost
	f.queue, f.lost = spare[:0], false
	return samples, lost
}

// Close ends the feed: later offers are dropped. It may be called more than once.
func (f *Feed) Close() {
	f.mu.Lock()
	first := !f.closed
	f.closed, f.queue = true, nil
	f.mu.Unlock()
	if first && f.release != nil {
		f.release(f)
	}
}
