package signalflow

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// writeRequest is a request on its way to the writer. Whoever waits for it may give it up
// as long as the writer has not begun it.
type writeRequest struct {
	body []byte
	done chan error // buffered; nil when nobody waits
	// state goes from 0 to claimed or abandoned, once.
	state atomic.Int32
}

const (
	claimed   = 1
	abandoned = 2
)

// send writes a request and waits for that. When ctx ends first it returns a *requestError.
func (c *wsConn) send(ctx context.Context, body []byte) error {
	if ctx.Err() != nil {
		return &requestError{cause: ctx.Err()}
	}
	w := &writeRequest{body: body, done: make(chan error, 1)}
	select {
	case c.out <- w:
		return c.wait(ctx, w)
	case <-c.gone:
		return c.goneError()
	case <-ctx.Done():
		return &requestError{cause: ctx.Err()}
	}
}

// begin queues a request and returns at once; wait then does what is left of send. There is
// room for the ends of all computations that a connection carries, so that none runs on at
// the server because many end at the same time.
func (c *wsConn) begin(body []byte) (wait func(context.Context) error) {
	w := &writeRequest{body: body, done: make(chan error, 1)}
	c.mu.Lock()
	full := len(c.begun) >= maxBegun
	if !full {
		c.begun = append(c.begun, w)
	}
	c.mu.Unlock()
	if full {
		return func(context.Context) error { return &requestError{cause: errBusy} }
	}
	select {
	case c.some <- struct{}{}:
	default:
	}
	return func(ctx context.Context) error { return c.finish(ctx, w) }
}

// writeBegun writes what begin has queued; false when the connection broke.
func (c *wsConn) writeBegun() bool {
	c.mu.Lock()
	begun := c.begun
	c.begun = nil
	c.mu.Unlock()
	for _, w := range begun {
		if !c.writeOne(w) {
			return false
		}
	}
	return true
}

var errBusy = fmt.Errorf("%d others wait for the connection", maxBegun)

// wait waits for a queued request, and gives it up if it can when ctx ends.
func (c *wsConn) wait(ctx context.Context, w *writeRequest) error {
	err := c.finish(ctx, w)
	var stopped *requestError
	if errors.As(err, &stopped) {
		stopped.begun = !w.state.CompareAndSwap(0, abandoned)
	}
	return err
}

// finish waits for a queued request.
func (c *wsConn) finish(ctx context.Context, w *writeRequest) error {
	select {
	case err := <-w.done:
		return err
	case <-c.gone:
		if w.state.CompareAndSwap(0, abandoned) {
			return c.goneError()
		}
		return <-w.done // the writer is at it, with shutGrace left
	case <-ctx.Done():
		return &requestError{cause: ctx.Err()}
	}
}

// requestError says that a call stopped waiting for its request to be written.
type requestError struct {
	cause error
	begun bool // the server may get it all the same
}

func (e *requestError) Error() string { return "signalflow: request not written: " + e.cause.Error() }
func (e *requestError) Unwrap() error { return e.cause }

// goneError returns why the connection is gone, as a *ConnectionLostError unless the
// client was closed or the token refused.
func (c *wsConn) goneError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == errIdle {
		return lostError(websocket.CloseNormalClosure, "", errIdle)
	}
	return c.cause
}

// write is the one writer of the connection. It also pings when half of the read timeout
// has passed in silence, and gives the connection up when the other half has, too.
func (c *wsConn) write() {
	defer c.goodbye()
	tick := time.NewTicker(max(c.conf.readTimeout/silenceTicks, 1))
	defer tick.Stop()
	silent := 0
	for {
		select {
		case w := <-c.out:
			if !c.writeBegun() || !c.writeOne(w) { // what was begun before it goes first
				return
			}
		case <-c.some:
			if !c.writeBegun() {
				return
			}
		case <-tick.C:
			if silent++; c.heard.Swap(false) || c.waiting.Load() {
				silent = 0
			}
			if silent == silenceTicks/2 {
				c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.conf.writeTimeout))
			}
			if silent >= silenceTicks {
				c.shut(lostError(websocket.CloseAbnormalClosure, "", errSilent))
				return
			}
		case <-c.gone:
			return
		}
	}
}

// writeOne writes a request that nobody has given up; false when the connection broke.
func (c *wsConn) writeOne(w *writeRequest) bool {
	if !w.state.CompareAndSwap(0, claimed) {
		return true
	}
	c.ws.SetWriteDeadline(time.Now().Add(c.conf.writeTimeout))
	err := c.ws.WriteMessage(websocket.TextMessage, w.body)
	if err != nil {
		err = c.shut(lostError(websocket.CloseAbnormalClosure, "", fmt.Errorf("writing a request: %w", err)))
	}
	if w.done != nil {
		w.done <- err
	}
	return err == nil
}

// goodbye sends a close frame, as far as that is possible, and closes the socket, which
// ends the reader.
func (c *wsConn) goodbye() {
	frame := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	c.ws.WriteControl(websocket.CloseMessage, frame, time.Now().Add(shutGrace))
	c.ws.Close()
	c.closer.Stop()
}
