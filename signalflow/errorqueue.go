package signalflow

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// errorQueue hands errors to the OnError function, one at a time and in order, from a
// goroutine that lives only while there is something to hand over.
type errorQueue struct {
	call   OnErrorFunc
	logger *slog.Logger

	mu      sync.Mutex
	waiting []error
	dropped int
	running bool
	closed  bool
	worker  sync.WaitGroup
}

// maxErrors is how many errors wait for a slow OnError function; the oldest give way.
const maxErrors = 256

func newErrorQueue(call OnErrorFunc, logger *slog.Logger) *errorQueue {
	return &errorQueue{call: call, logger: logger}
}

// report queues an error. It never blocks.
func (q *errorQueue) report(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if len(q.waiting) == maxErrors {
		q.waiting = q.waiting[1:]
		q.dropped++
	}
	q.waiting = append(q.waiting, err)
	if !q.running {
		q.running = true
		q.worker.Go(q.run)
	}
}

func (q *errorQueue) run() {
	for {
		err := q.next()
		if err == nil {
			return
		}
		q.logger.Warn("signalflow client", "error", err)
		if q.call != nil {
			q.call(err)
		}
	}
}

// next returns the next error, or nil when there is none and the worker ends.
func (q *errorQueue) next() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.waiting) == 0 {
		q.running = false
		return nil
	}
	if n := q.dropped; n > 0 {
		q.dropped = 0
		return fmt.Errorf("signalflow: %d errors were dropped because OnError was busy", n)
	}
	err := q.waiting[0]
	q.waiting = q.waiting[1:]
	return err
}

// close drops what waits and waits, for a bounded time, for a call under way: OnError may
// itself be waiting for Close.
func (q *errorQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.waiting = nil
	q.mu.Unlock()
	waitFor(&q.worker, errorGrace)
}

// errorGrace is how long Close waits for an OnError call under way.
const errorGrace = 100 * time.Millisecond
