package signalflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// sseStream is the response of one computation: serve reads it, and it is the way back to
// the server (link).
type sseStream struct {
	t      *sseTransport
	sink   sink
	ctx    context.Context // of the response
	cancel context.CancelCauseFunc
	over   atomic.Bool // the last message came

	// The rest belongs to serve.

	body   io.Reader
	events *messages.SSEReader
	quiet  *time.Timer // runs while a read waits; gives the response up
	due    bool        // the first bytes are: a program that was accepted says so at once
	alive  bool        // a keep-alive came as an event
}

var (
	// errReleased ends a response that nobody reads any more.
	errReleased = errors.New("signalflow: response not needed any more")
	errQuiet    = errors.New("nothing came for the time of ReadTimeout, no keep-alive either")
	errCut      = errors.New("the response ended before the computation did")
)

const (
	restGrace = time.Second // for a response to end after its last message
	restLimit = 4 << 10     // bytes that may follow the last message
)

func newSSEStream(t *sseTransport, kind requestKind, s sink) *sseStream {
	stream := &sseStream{t: t, sink: s, due: kind != kindAttach}
	stream.ctx, stream.cancel = context.WithCancelCause(t.ctx)
	return stream
}

// serve reads a response until the computation ends, or it is lost or not needed any more.
func (s *sseStream) serve(resp *http.Response) {
	defer resp.Body.Close()
	defer s.cancel(errReleased)
	limit := int(min(s.t.conf.readLimit, math.MaxInt32))
	s.body, s.events = resp.Body, messages.NewSSEReader(s, limit)
	s.quiet = time.AfterFunc(s.t.conf.readTimeout, func() { s.cancel(errQuiet) })
	s.quiet.Stop()
	err := s.read()
	switch {
	case err == nil:
		s.finish()
	case s.t.ctx.Err() != nil:
		s.sink.lost(ErrClosed)
	case context.Cause(s.ctx) == errReleased:
	default:
		err := s.lostBy(err)
		s.sink.lost(err)
		s.t.report(err)
	}
}

// read hands over messages until the last one of the computation.
func (s *sseStream) read() error {
	var decoder messages.Decoder
	read := 0 // bytes since others could run for sure
	for {
		event, err := s.events.Next()
		if err != nil {
			return err
		}
		m, err := decoder.DecodeSSE(event)
		switch {
		case err != nil:
			s.undecodable(err)
		case s.receive(m, len(event.Data)):
			return nil
		}
		if read += len(event.Data); read >= readSlice {
			read = 0
			runtime.Gosched()
		}
	}
}

// receive hands a message over and reports whether it is the last one.
func (s *sseStream) receive(m messages.Message, size int) bool {
	if _, ok := m.(*messages.KeepAliveControlMessage); ok {
		s.alive = true
		return false
	}
	over := last(m)
	s.over.Store(over)
	s.sink.receive(m, size)
	return over
}

func (s *sseStream) undecodable(err error) {
	if bad := (*messages.DecodeError)(nil); errors.As(err, &bad) {
		s.sink.gap(bad)
	}
	s.t.report(fmt.Errorf("signalflow: message not understood: %w", err))
}

// Read reads the response and watches for silence: at its beginning, and then only where the
// server has shown that it breaks it. Nothing says that a quiet response has died otherwise,
// except TCP keep-alives and the pings of HTTP/2. The time that the sink takes is not silence.
func (s *sseStream) Read(p []byte) (int, error) {
	if s.due || s.alive || s.events.Comments() > 0 {
		s.quiet.Reset(s.t.conf.readTimeout)
		defer s.quiet.Stop()
	}
	n, err := s.body.Read(p)
	s.due = s.due && n == 0
	return n, err
}

// finish gives the response a moment to end, so that its connection can be used again.
func (s *sseStream) finish() {
	giveUp := time.AfterFunc(restGrace, func() { s.cancel(errReleased) })
	defer giveUp.Stop()
	io.CopyN(io.Discard, s.body, restLimit)
}

// lostBy turns the error that ended reading into that of the computation.
func (s *sseStream) lostBy(err error) error {
	switch {
	case context.Cause(s.ctx) == errQuiet:
		err = errQuiet
	case err == io.EOF:
		err = errCut
	case errors.Is(err, messages.ErrSSETooLong):
		return lostError(websocket.CloseMessageTooBig, fmt.Sprintf("a message is longer than ReadLimit (%d bytes)", s.t.conf.readLimit), err)
	default:
		err = fmt.Errorf("reading the response: %w", err)
	}
	return lostError(websocket.CloseAbnormalClosure, "", err)
}

// send makes a further request (link). To stop a computation that has ended is no error.
func (s *sseStream) send(ctx context.Context, r request) error {
	if r.kind == kindDetach {
		s.cancel(errReleased)
		return nil
	}
	err := s.t.send(ctx, r)
	var said *ComputationError
	if errors.As(err, &said) && said.Code == http.StatusNotFound && (s.over.Load() || s.ctx.Err() != nil) {
		return nil
	}
	return err
}

// begin ends the response for a detach, and makes any other request in the background
// (link).
func (s *sseStream) begin(r request) (wait func(context.Context) error) {
	done := make(chan error, 1)
	if r.kind == kindDetach {
		s.cancel(errReleased)
		done <- nil
	} else if !s.t.goTask(func() { done <- s.t.send(s.t.ctx, r) }) {
		done <- ErrClosed
	}
	return func(ctx context.Context) error {
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return &requestError{cause: ctx.Err()}
		}
	}
}

// release ends the response (link); after the last message it ends by itself.
func (s *sseStream) release() {
	if !s.over.Load() {
		s.cancel(errReleased)
	}
}

func (s *sseStream) down() <-chan struct{} { return s.ctx.Done() }
