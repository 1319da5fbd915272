package signalflow

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/signalfx/signalfx-go/idtool"
)

// Stream is a program that goes on running when its connection does not: after a loss the
// client begins the program anew from the last batch, so that every logical timestamp comes
// exactly once, in order (protocol.md 6.5 and 6.6). [Client.Stream] makes it.
//
// The results are read with a loop over [Stream.Batches], [Stream.Events] or [Stream.All].
// [Stream.Latest] is a snapshot that needs no loop, except under the policy Block, which
// stands still without one. All methods may be called concurrently, but a stream has one loop
// at a time.
//
// What the loop has not taken yet is bounded in bytes, see [QueueSize]; Options.Overflow
// says what happens at the bound. As long as no loop has begun the oldest items are dropped
// there, except under the policy Block.
type Stream struct {
	client  *Client
	options Options
	request ExecuteRequest // of the first run
	kind    requestKind
	ctx     context.Context // ends with the stream
	cancel  context.CancelFunc

	mu        sync.Mutex
	unwatch   func() bool // stops watching the caller's context
	over      bool
	err       error      // why it is over
	run       *streamRun // the present one; nil while there is none
	tries     int        // since the last batch
	wait      backoff    // between them
	assembler assembler
	queue     streamQueue
	looping   bool // somebody iterates
	stats     StreamStats
}

// StreamStats say how a stream is doing.
type StreamStats struct {
	Running  bool // the program runs; false while the connection is lost, and after the end
	CaughtUp bool // the batches have reached the present, see [CaughtUp]
	Resumes  int  // how often the program was begun anew
	Dropped  int  // items that the loop did not get, see [QueueSize]
	Gaps     int  // messages that could not be decoded; each was reported to OnError
	// Progress is how much of the history that the program needs the server has read, from 0
	// to 100.
	Progress float64
	// Resolution and MaxDelay are what the server chose; 0 until it has said so.
	Resolution, MaxDelay time.Duration
}

// ErrLoop is what a second loop over a stream gets while the first one runs.
var ErrLoop = errors.New("signalflow: another loop reads this stream; a stream has one at a time, see Stream.All")

// Stream starts a program that survives lost connections. It returns once the first request
// is written, with the errors of [Client.Execute]. The end of ctx ends the stream, as
// [Stream.Close] does.
//
// The program is begun anew after a lost connection, and when the server has no room for it
// (*[ThrottledError]), with the pauses of a reconnecting client and at most Options.Tries
// times in a row. It never is after a refused token, an error of the program, or an abort:
// those end the stream, and its loop, with their error.
func (c *Client) Stream(ctx context.Context, program string, o Options) (*Stream, error) {
	request, err := o.prepare(program)
	if err != nil {
		return nil, err
	}
	s := &Stream{client: c, options: o, request: request, kind: kindExecute}
	if o.Preflight {
		s.kind = kindPreflight
	}
	policy := o.Overflow
	if policy == 0 {
		policy = c.conf.overflow
	}
	s.queue = streamQueue{limit: c.conf.queueSize, policy: policy, wake: make(chan struct{}, 1)}
	s.assembler.init(s, o)
	s.ctx, s.cancel = context.WithCancel(ctx)
	if !c.own(s) {
		s.cancel()
		return nil, ErrClosed
	}
	s.watch(ctx)
	if err := s.begin(s.newRun(nil)); err != nil {
		s.finish(err)
		if s.Err() == ErrClosed {
			err = ErrClosed // which has ended the context
		}
		return nil, err
	}
	return s, nil
}

// watch has the end of the caller's context end the stream.
func (s *Stream) watch(ctx context.Context) {
	unwatch := context.AfterFunc(ctx, func() { s.finish(context.Cause(ctx)) })
	s.mu.Lock()
	s.unwatch = unwatch
	over := s.over
	s.mu.Unlock()
	if over {
		unwatch()
	}
}

// All iterates over everything that the stream has to say, in order. The loop ends when the
// program has ended; if that was not its normal end, the last turn has the error, see
// [Stream.Err]. Leaving the loop does not end the stream: a further loop goes on,
// and what waits for it is bounded as if the first one still ran.
func (s *Stream) All() iter.Seq2[Item, error] {
	return loop(s, func(it Item) (Item, bool) { return it, true })
}

// Batches iterates as [Stream.All] does and skips what is no batch.
func (s *Stream) Batches() iter.Seq2[*Batch, error] {
	return loop(s, func(it Item) (*Batch, bool) { b, ok := it.(*Batch); return b, ok })
}

// Events iterates as [Stream.All] does and skips what is no event.
func (s *Stream) Events() iter.Seq2[*Event, error] {
	return loop(s, func(it Item) (*Event, bool) { e, ok := it.(*Event); return e, ok })
}

// loop iterates over the items that pick accepts.
func loop[T any](s *Stream, pick func(Item) (T, bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if !s.enterLoop() {
			yield(none, ErrLoop)
			return
		}
		defer s.leaveLoop()
		for {
			it, ok, err := s.next()
			if !ok {
				if err != nil {
					yield(none, err)
				}
				return
			}
			if v, ok := pick(it); ok && !yield(v, nil) {
				return
			}
		}
	}
}

func (s *Stream) enterLoop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looping {
		return false
	}
	s.looping, s.queue.asked = true, true
	return true
}

func (s *Stream) leaveLoop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looping = false
}

// next waits for the next item; ok is false when there will be none.
func (s *Stream) next() (it Item, ok bool, err error) {
	for {
		s.mu.Lock()
		it, ok := s.queue.pop()
		over, err := s.over, s.err
		s.mu.Unlock()
		if ok {
			return it, true, nil
		}
		if over {
			return nil, false, err
		}
		<-s.queue.wake
	}
}

// Latest returns the newest value of each series that has one, by the series' id. A series
// is in it from its first point until it expires, has had no value for Options.Expiry, or the
// stream has heard nothing of the server for as long. After the normal end of the program it
// stays as it is.
func (s *Stream) Latest() map[idtool.ID]Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.assembler.latest(s.over && s.err == nil)
}

// Sample is the newest value of a series.
type Sample struct {
	Series *Series
	Time   time.Time // the logical timestamp, in UTC
	Value  Value
}

// Stats returns the state of the stream.
func (s *Stream) Stats() StreamStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Running = s.run != nil && s.run.comp != nil
	stats.Dropped = s.queue.dropped
	stats.CaughtUp = s.assembler.caughtUp
	stats.Progress = s.assembler.progress
	stats.Resolution, stats.MaxDelay = s.assembler.resolution, s.assembler.maxDelay
	return stats
}

// Handle returns the handle of the present run, "" when there is none yet. It changes with
// each resume.
func (s *Stream) Handle() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == nil || s.run.comp == nil {
		return ""
	}
	return s.run.comp.handle()
}

// Err returns why the stream ended: nil while it runs, after the normal end of the program
// and after [Stream.Close]; the error of the context; *[ComputationError], *[AuthError],
// *[AbortError], *[OverflowError]; *[ConnectionLostError] or *[ThrottledError], wrapped, when
// it gave up; [ErrClosed].
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the stream: the server is asked to stop the program, and the loop, if there is
// one, ends without an error. It does not wait for the server. Further calls do nothing.
func (s *Stream) Close() { s.finish(nil) }

// finish ends the stream; the first call decides what Err returns.
func (s *Stream) finish(err error) { s.end(err, false) }

// end ends the stream. What waits for the loop stays there if drain is set.
func (s *Stream) end(err error, drain bool) {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.over, s.err = true, err
	s.assembler.stop()
	if !drain {
		s.queue.clear()
	}
	run, unwatch := s.run, s.unwatch
	s.run = nil
	s.queue.signal()
	s.mu.Unlock()
	s.cancel()
	if unwatch != nil {
		unwatch()
	}
	if run != nil {
		run.abandon()
	}
	s.client.disown(s)
}
