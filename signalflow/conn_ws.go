package signalflow

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

const (
	closeCodeAuth   = 4401                   // the server refuses the token (protocol.md 1.5)
	shutGrace       = 100 * time.Millisecond // for the close frame
	readBuffer      = 64 << 10
	keptReadBuffer  = 4 << 20    // a message buffer larger than this is not kept for the next message
	waitingRequests = 64         // requests that wait for the writer of a connection
	maxBegun        = 64 << 10   // requests that nobody waits for, such as those that end computations
	readSlice       = readBuffer // bytes after which readers get a turn, or one processor would only fill their queues
	silenceTicks    = 8          // parts of the read timeout in which silence is measured
)

// wsConn is one authenticated connection. serve reads it; a writer goroutine of its own
// writes it and watches for silence.
type wsConn struct {
	ws      *websocket.Conn
	conf    *config
	report  func(error)
	decoder messages.Decoder

	transient bool // shut when it carries nothing any more
	exclusive bool // its one sink may block

	out     chan *writeRequest
	some    chan struct{} // signals the writer that something was begun
	gone    chan struct{} // closed by the first shut
	heard   atomic.Bool   // something came since the last tick
	waiting atomic.Bool   // the reader waits for an exclusive sink, so silence is our own

	mu     sync.Mutex
	begun  []*writeRequest   // queued by begin
	routes map[string]*route // by channel; nil once the sinks were told that it is gone
	stale  map[string]bool   // names whose last run on this connection may still send
	limit  int               // routes that the server takes, as it has said; 0 until then
	cause  error             // of the first shut
	closer *time.Timer       // closes the socket if the writer cannot
	token  func() string     // the last one presented, behind a function as in config
	asked  int               // answers to authenticate that are still to come
	// accepted is closed and forgotten when all of them have come; nil when nobody waits.
	accepted chan struct{}
	notice   string // the last error message without a channel: likely why the server closes
}

// errIdle ends a further connection that is not needed any more.
var errIdle = errors.New("signalflow: connection not needed any more")

// serve runs the connection until it is gone. It calls unpublish before it tells the
// sinks, so that whoever starts anew at once does not get this connection again. It
// returns nil for a connection that was not needed any more.
func (c *wsConn) serve(unpublish func()) error {
	var writer sync.WaitGroup
	writer.Go(c.write)
	err := c.shut(c.readError(c.read()))
	unpublish()
	for _, s := range c.openSinks() {
		s.lost(err)
	}
	writer.Wait()
	if err == errIdle {
		return nil
	}
	return err
}

// shut ends the connection and returns the cause, which is that of the first call. The
// writer says goodbye and closes the socket; a write that blocks gets only a moment for it.
func (c *wsConn) shut(cause error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil {
		c.cause = cause
		c.closer = time.AfterFunc(shutGrace, c.close)
		close(c.gone)
	}
	return c.cause
}

// read dispatches messages until the connection breaks.
func (c *wsConn) read() error {
	c.ws.SetPongHandler(func(string) error { c.heard.Store(true); return nil })
	var buf []byte
	read := 0 // bytes since others could run for sure
	for {
		kind, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		if buf, err = c.readInto(buf[:0], r); err != nil {
			return err
		}
		m, err := c.decoder.Decode(buf, kind == websocket.TextMessage)
		if err != nil {
			c.undecodable(err)
		} else {
			c.dispatch(m, len(buf))
		}
		if read += len(buf); read >= readSlice {
			read = 0
			runtime.Gosched()
		}
		if cap(buf) > keptReadBuffer {
			buf = nil
		}
	}
}

// readInto reads all of r into buf, which grows as needed.
func (c *wsConn) readInto(buf []byte, r io.Reader) ([]byte, error) {
	if buf == nil {
		buf = make([]byte, 0, 4<<10)
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		c.heard.Store(true)
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// dispatch hands a message to the sink of its channel. One whose channel is not known any
// more is late, and dropped.
func (c *wsConn) dispatch(m messages.Message, size int) {
	cm, ok := m.(messages.ChannelMessage)
	if !ok || cm.Channel() == "" {
		c.connectionMessage(m)
		return
	}
	s := c.sinkFor(cm.Channel(), m)
	if s == nil {
		return
	}
	if c.exclusive {
		c.waiting.Store(true)
		defer c.waiting.Store(false)
	}
	s.receive(m, size)
}

// connectionMessage handles what concerns the connection.
func (c *wsConn) connectionMessage(m messages.Message) {
	switch m := m.(type) {
	case *messages.AuthenticatedMessage:
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.asked--; c.asked <= 0 && c.accepted != nil {
			close(c.accepted)
			c.accepted = nil
		}
	case *messages.ErrorMessage:
		e := c.conf.computationError(m, "")
		c.mu.Lock()
		c.notice = e.Error()
		c.mu.Unlock()
		c.report(fmt.Errorf("signalflow: the server reports: %w", e))
	}
}

func (c *wsConn) undecodable(err error) {
	var bad *messages.DecodeError
	if errors.As(err, &bad) && bad.Channel != "" {
		c.mu.Lock()
		rt := c.routes[bad.Channel]
		c.mu.Unlock()
		if rt != nil {
			rt.sink.gap(bad)
		}
	}
	c.report(fmt.Errorf("signalflow: message not understood: %w", err))
}

// readError turns the error that ended reading into that of the computations.
func (c *wsConn) readError(err error) error {
	c.mu.Lock()
	notice := c.notice
	c.mu.Unlock()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		reason := c.conf.redact(closed.Text)
		err = &websocket.CloseError{Code: closed.Code, Text: reason}
		if closed.Code == closeCodeAuth {
			return &AuthError{Code: closed.Code, Reason: reason, Realm: realmOf(c.conf.url)}
		}
		if reason == "" || closed.Code == websocket.CloseAbnormalClosure && notice != "" {
			reason = strings.TrimPrefix(reason+"; "+notice, "; ")
		}
		return lostError(closed.Code, strings.TrimSuffix(reason, "; "), err)
	case errors.Is(err, websocket.ErrReadLimit):
		return lostError(websocket.CloseMessageTooBig, fmt.Sprintf("a message is longer than ReadLimit (%d bytes)", c.conf.readLimit), err)
	}
	return lostError(websocket.CloseAbnormalClosure, notice, err)
}

// isGone reports whether the connection was shut.
func (c *wsConn) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// close closes the socket without a word. That of TLS would wait up to 5 seconds for a
// peer that does not read.
func (c *wsConn) close() {
	if t, ok := c.ws.NetConn().(*tls.Conn); ok {
		t.NetConn().Close()
	}
	c.ws.Close()
}
