package signalflow

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Start runs a program in the background, without output, and returns the handle of its
// computation once the server has started it (protocol.md 2.7): for [Client.Attach],
// [Client.KeepAlive], [Client.Feedback] and [Client.Stop]. A program that the server refuses
// is a *[ComputationError]; ctx bounds the wait.
func (c *Client) Start(ctx context.Context, req *ExecuteRequest) (handle string, err error) {
	if err := req.validate(); err != nil {
		return "", err
	}
	started := &startTap{done: make(chan struct{})}
	r, err := req.encode(kindStart)
	if err != nil {
		return "", err
	}
	comp, err := c.open(ctx, opening{
		request: r, channel: req.Channel, program: req.Program, overflow: FailComputation, after: req.ResumeAfter, tap: started,
	})
	if err != nil {
		return "", err
	}
	select {
	case <-started.done:
		comp.end(nil) // the channel is done with its one answer
		return started.handle, started.err
	case <-ctx.Done():
		comp.end(nil)
		return "", fmt.Errorf("signalflow: no answer to start: %w", ctx.Err())
	}
}

// startTap waits for the answer to a start request.
type startTap struct {
	once   sync.Once
	done   chan struct{} // closed when there is one
	handle string
	err    error
}

func (t *startTap) deliver(m messages.Message, _ int, _ <-chan struct{}) error {
	if m, ok := m.(*messages.ComputationStartedMessage); ok {
		t.answer(m.ComputationID, nil)
	}
	return nil
}

func (t *startTap) gap() {}

func (t *startTap) ended(err error) {
	if err == nil {
		err = errors.New("signalflow: the server ended the channel of a start request without an answer")
	}
	t.answer("", err)
}

func (t *startTap) answer(handle string, err error) {
	t.once.Do(func() {
		t.handle, t.err = handle, err
		close(t.done)
	})
}

// Stop asks the server to end a computation for everybody. It returns when the request is
// written and does not wait for the end.
func (c *Client) Stop(ctx context.Context, req *StopRequest) error {
	if req == nil || req.Handle == "" {
		return errors.New("signalflow: stop request has no handle")
	}
	if c.isClosed() {
		return ErrClosed
	}
	for _, comp := range c.all() {
		if comp.runsAs(req.Handle) {
			return comp.StopWithReason(ctx, req.Reason)
		}
	}
	return c.transport.send(ctx, stopRequest(req.Handle, req.Reason))
}

// Detach ends the output of a channel; the computation behind it goes on if others read
// it. A computation of this client on that channel ends at once.
func (c *Client) Detach(ctx context.Context, req *DetachRequest) error {
	if req == nil || req.Channel == "" {
		return errors.New("signalflow: detach request has no channel")
	}
	c.mu.Lock()
	comp, closed := c.comps[req.Channel], c.closed
	c.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if comp != nil && !comp.isOpen() {
		return fmt.Errorf("signalflow: channel %q is not open yet: end the context of its Execute instead", req.Channel)
	}
	if comp != nil {
		return comp.DetachWithReason(ctx, req.Reason)
	}
	return c.transport.send(ctx, detachRequest(req.Channel, req.Reason))
}

// KeepAlive keeps a computation alive that nobody reads, such as one made by [Client.Start]
// or with Persistent set. It returns when the request is written: over WebSocket there is no
// answer, not even for a handle that nobody knows.
//
// Experimental: how long the service keeps an unread computation, and so how often this
// must be called, is not documented (protocol.md 2.11).
func (c *Client) KeepAlive(ctx context.Context, handle string) error {
	if handle == "" {
		return errors.New("signalflow: keepalive needs a handle")
	}
	if c.isClosed() {
		return ErrClosed
	}
	return c.transport.send(ctx, keepAliveRequest(handle))
}
