package signalflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// streamRun is one run of the program of a stream, and the tap of its computation.
type streamRun struct {
	stream *Stream
	resume *Resumed // to announce with the first message; nil in the first run
	began  time.Time
	state  resumePoint

	// The stream's mutex guards the rest.
	comp   *Computation // nil until it is open
	early  bool         // it ended before that,
	endErr error        // for this reason
}

// newRun prepares a run; resume is nil for the first one.
func (s *Stream) newRun(resume *Resumed) *streamRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &streamRun{stream: s, resume: resume, began: time.Now(), state: s.assembler.restart()}
	if !s.over {
		s.run = r
	}
	return r
}

// begin opens a run. One that cannot be opened has never begun: end is not called for it.
func (s *Stream) begin(r *streamRun) error {
	request := s.requestFrom(r.state)
	encoded, err := request.encode(s.kind)
	if err != nil {
		return err
	}
	comp, err := s.client.open(s.ctx, opening{
		request: encoded, program: request.Program, overflow: s.queue.policy, after: request.ResumeAfter, tap: r,
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	r.comp = comp
	current, early := s.run == r, r.early
	s.mu.Unlock()
	switch {
	case !current:
		comp.abandon()
	case early:
		s.runEnded(r, r.endErr)
	}
	return nil
}

// requestFrom returns the request of a run that goes on where the one before was: shortly
// before the last batch. What was delivered is dropped when it comes again. It does without
// the Last-Event-ID of HTTP: that names data, and would cost the events of the last timestamp
// that had not come yet.
func (s *Stream) requestFrom(p resumePoint) ExecuteRequest {
	r := s.request
	if at, ok := p.start(timeMs(r.Start, r.StartMs)); ok {
		if stop := timeMs(r.Stop, r.StopMs); stop > 0 {
			at = min(at, stop-1) // an empty range is refused
		}
		r.Start = time.UnixMilli(at)
	}
	if p.resolution > time.Duration(durationMs(r.Resolution, r.ResolutionMs))*time.Millisecond {
		r.Resolution = p.resolution // a shorter range must not get a finer one
	}
	return r
}

// deliver takes a message of the computation (tap).
func (r *streamRun) deliver(m messages.Message, size int, abandoned <-chan struct{}) error {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waitForRoom(r, abandoned) {
		return nil
	}
	if r.resume != nil {
		s.stats.Resumes++
		r.resume.Gap += time.Since(r.began)
		s.assembler.announce(r.resume)
		r.resume = nil
	}
	s.assembler.take(r.state, m, size)
	if s.queue.fit() {
		return nil
	}
	s.queue.trim()
	return &OverflowError{Channel: streamChannel, Dropped: s.queue.dropped}
}

// waitForRoom waits under the policy Block, and reports whether the run goes on.
func (s *Stream) waitForRoom(r *streamRun, abandoned <-chan struct{}) bool {
	for s.run == r && s.queue.full() {
		if s.queue.room == nil {
			s.queue.room = make(chan struct{}, 1)
		}
		room := s.queue.room
		s.queue.blocked = true
		s.mu.Unlock()
		gone := false
		select {
		case <-room:
		case <-abandoned:
			gone = true
		case <-s.ctx.Done():
			gone = true
		}
		s.mu.Lock()
		s.queue.blocked, s.queue.freed = false, time.Now()
		if gone {
			return false
		}
	}
	return s.run == r
}

// gap says that a message could not be decoded (tap).
func (r *streamRun) gap() {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == r {
		s.stats.Gaps++
		s.assembler.gapped = true
	}
}

// ended says that the computation is over (tap).
func (r *streamRun) ended(err error) {
	s := r.stream
	s.mu.Lock()
	opening := r.comp == nil
	if opening {
		r.early, r.endErr = true, err
	}
	s.mu.Unlock()
	if !opening {
		s.runEnded(r, err)
	}
}

// runEnded ends the stream with its run, or begins the program anew.
func (s *Stream) runEnded(r *streamRun, err error) {
	s.mu.Lock()
	if s.run != r {
		s.mu.Unlock()
		return
	}
	s.run = nil
	complete := s.isComplete()
	resumable := isResumable(err) && s.options.Tries > 0 && !complete
	if !resumable {
		s.assembler.finish(err != nil)
	}
	lived := time.Since(r.began)
	resume := &Resumed{Cause: err}
	if s.assembler.hasBatch {
		resume.After = time.UnixMilli(s.assembler.batch).UTC()
	}
	s.mu.Unlock()
	if complete && isResumable(err) {
		err = nil // all that was asked for is there: only the word that it was the end is missing
	}
	if !resumable {
		s.end(err, true)
		return
	}
	if !s.client.goFeed(func() { s.resume(resume, lived) }) {
		s.finish(ErrClosed)
	}
}

// isComplete reports whether the last timestamp of a bounded range has been delivered, and
// with it all that there is. Where events come, some may follow on the last batch.
func (s *Stream) isComplete() bool {
	a, stop := &s.assembler, timeMs(s.request.Stop, s.request.StopMs)
	return stop > 0 && a.hasBatch && a.batch >= stop && !a.alerts.any && s.kind == kindExecute
}

// isResumable reports whether a run that ended so may be begun anew (protocol.md 6.6).
func isResumable(err error) bool {
	return errors.As(err, new(*ConnectionLostError)) || errors.As(err, new(*ThrottledError))
}

// resume begins the program anew, until that succeeds, is pointless, or was tried often
// enough.
func (s *Stream) resume(resume *Resumed, lived time.Duration) {
	lost := time.Now()
	var last error // of the tries; the cause is no try
	for {
		s.mu.Lock()
		if lived >= healthyAfter {
			s.tries = 0
		}
		s.tries++
		tries := s.tries
		pause := s.wait.next(lived)
		s.mu.Unlock()
		if tries > s.options.Tries {
			s.end(gaveUp(s.options.Tries, resume.Cause, last), true)
			return
		}
		if !sleep(s.ctx, pause) {
			return // whoever ended the context has ended the stream
		}
		lived = 0
		attempt := *resume
		attempt.Tries, attempt.Gap = tries, time.Since(lost)
		r := s.newRun(&attempt)
		last = s.begin(r)
		if last == nil {
			return
		}
		if s.ctx.Err() != nil {
			s.finish(context.Cause(s.ctx)) // unless who ended it has done so
			return
		}
		if errors.Is(last, ErrClosed) || errors.As(last, new(*AuthError)) {
			s.end(last, true)
			return
		}
		s.client.reports.report(fmt.Errorf("signalflow: resuming a stream: %w", last))
	}
}

// gaveUp returns why a stream is not resumed any more.
func gaveUp(tries int, cause, last error) error {
	if last == nil {
		return fmt.Errorf("signalflow: gave up after %d tries: %w", tries, cause)
	}
	return fmt.Errorf("signalflow: gave up after %d tries: %w; last try: %w", tries, cause, last)
}

// abandon ends the run from this side.
func (r *streamRun) abandon() {
	if comp := r.computation(); comp != nil {
		comp.abandon()
	}
}

func (r *streamRun) computation() *Computation {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	return r.comp
}
