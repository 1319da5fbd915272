package signalflow

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces the attempts to connect (protocol.md 6.1): each wait is uniform between
// half of a cap and the cap, which doubles from attempt to attempt.
type backoff struct{ cap time.Duration }

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
	// healthyAfter is how long a connection must have lived to start over.
	healthyAfter = time.Minute
)

// next returns the next wait, after a connection that lived for the time given; 0 for an
// attempt that failed.
func (b *backoff) next(lived time.Duration) time.Duration {
	if b.cap == 0 || lived >= healthyAfter {
		b.cap = firstBackoff
	} else {
		b.cap = min(2*b.cap, maxBackoff)
	}
	return b.cap/2 + rand.N(b.cap/2)
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
