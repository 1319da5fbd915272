package engine

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Turns keep the work that is behind from taking all processors. History, preroll, catching up,
// and live slots that are heavy are done in turns: at most so many jobs at once have one, the
// others wait in the order in which they came. A live slot of a light job never waits for one.
//
// A turn lasts for one block of history, or one live slot, at most; a block that takes long is
// interrupted. It ends whenever the job waits for something: for its time, or for its reader.
type Turns struct {
	mu      sync.Mutex
	free    int
	waiting []chan struct{} // closed when its turn has come; the first is next
}

// NewTurns returns turns of which so many are taken at once. 0: one less than there are
// processors to use, and at least one.
func NewTurns(atOnce int) *Turns {
	if atOnce <= 0 {
		atOnce = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &Turns{free: atOnce}
}

// Turn returns the part of one job.
func (t *Turns) Turn() *Turn { return &Turn{turns: t} }

func (t *Turns) acquire(ctx context.Context) error {
	t.mu.Lock()
	if t.free > 0 { // so nobody waits
		t.free--
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	if !t.leave(mine) {
		t.release() // it came at the same time
	}
	return context.Cause(ctx)
}

// leave takes a waiting job out of the queue; false: it has its turn already.
func (t *Turns) leave(waiting chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.Index(t.waiting, waiting)
	if at < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, at, at+1)
	return true
}

func (t *Turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	close(t.waiting[0])
	t.waiting = slices.Delete(t.waiting, 0, 1)
}

// turnLength is after how long a job looks whether others wait.
const turnLength = 5 * time.Millisecond

// Turn is what one job has of the turns. Its methods are called on the goroutine of the job. A
// job without one, nil, never waits.
type Turn struct {
	turns *Turns
	taken bool
	since time.Time
}

// Yield gives the turn back, if the job has it; before its next piece of work the job waits for
// another. A Sink that has to wait for its reader calls it first.
func (t *Turn) Yield() {
	if t != nil && t.taken {
		t.taken = false
		t.turns.release()
	}
}

// pause is take in the middle of some work, which goes on without a turn if it began without.
func (t *Turn) pause(ctx context.Context) error {
	if t == nil || !t.taken {
		return nil
	}
	return t.take(ctx)
}

// take waits for a turn. If the job has had one for a while, it goes to the end of the queue.
func (t *Turn) take(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if t.taken {
		if time.Since(t.since) < turnLength {
			return nil
		}
		t.Yield()
	}
	if err := t.turns.acquire(ctx); err != nil {
		return err
	}
	t.taken, t.since = true, time.Now()
	return nil
}
