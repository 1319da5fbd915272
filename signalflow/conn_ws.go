package signalflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	keptReadBuffer  = 4 << 20 // a message buffer larger than this is not kept for the next message
	waitingRequests = 64      // requests that wait for the writer of a connection
	silenceTicks    = 8       // parts of the read timeout in which silence is measured
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
	gone    chan struct{} // closed by the first shut
	heard   atomic.Bool   // something came since the last tick
	waiting atomic.Bool   // the reader waits for an exclusive sink, so silence is our own

	mu     sync.Mutex
	routes map[string]*route // by channel; nil once the sinks were told that it is gone
	cause  error             // of the first shut
	closer *time.Timer       // closes the socket if the writer cannot
	notice string            // the last error message without a channel: likely why the server closes
}

// route leads from a channel to its sink.
type route struct {
	sink   sink
	opened bool // its request was written: from then on it is told when the connection is lost
}

// dialWebSocket connects and authenticates, within the connect timeout.
func dialWebSocket(ctx context.Context, conf *config, report func(error)) (*wsConn, error) {
	ctx, cancel := context.WithTimeout(ctx, conf.connectTimeout)
	defer cancel()
	dialer := websocket.Dialer{
		NetDialContext:   conf.dial,
		Proxy:            conf.proxy,
		TLSClientConfig:  conf.tls,
		ReadBufferSize:   readBuffer,
		HandshakeTimeout: conf.connectTimeout,
	}
	ws, resp, err := dialer.DialContext(ctx, conf.url.JoinPath("connect").String(), conf.header)
	if err != nil {
		return nil, handshakeError(conf, resp, err)
	}
	conn := &wsConn{
		ws:      ws,
		conf:    conf,
		report:  report,
		decoder: messages.Decoder{},
		out:     make(chan *writeRequest, waitingRequests),
		gone:    make(chan struct{}),
		routes:  make(map[string]*route),
	}
	ws.SetReadLimit(conf.readLimit)
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	err = conn.authenticate(ctx)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		ws.Close()
		return nil, err
	}
	return conn, nil
}

func handshakeError(conf *config, resp *http.Response, err error) error {
	if resp == nil {
		if errors.As(err, new(*net.OpError)) { // names the address itself
			return fmt.Errorf("signalflow: %w", err)
		}
		return fmt.Errorf("signalflow: dial %s: %w", conf.url.Host, err)
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return &AuthError{Code: resp.StatusCode, Reason: http.StatusText(resp.StatusCode), Realm: realmOf(conf.url), Err: err}
	}
	return fmt.Errorf("signalflow: %s answers %s instead of a WebSocket; is the stream URL right? %w", conf.url.Redacted(), resp.Status, err)
}

// authenticate sends the token and waits for the answer (protocol.md 1.5).
func (c *wsConn) authenticate(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	c.ws.SetWriteDeadline(deadline)
	request := marshal(AuthRequest{Token: c.conf.token(), UserAgent: c.conf.userAgent})
	if err := c.ws.WriteMessage(websocket.TextMessage, request); err != nil {
		return fmt.Errorf("signalflow: authenticating: %w", err)
	}
	c.ws.SetReadDeadline(deadline)
	for {
		kind, frame, err := c.ws.ReadMessage()
		if err != nil {
			return c.authReadError(ctx, err)
		}
		m, err := c.decoder.Decode(frame, kind == websocket.TextMessage)
		if err != nil {
			c.report(err)
			continue
		}
		switch m := m.(type) {
		case *messages.AuthenticatedMessage:
			c.ws.SetReadDeadline(time.Time{})
			return nil
		case *messages.ErrorMessage:
			return c.authRefused(m)
		}
	}
}

func (c *wsConn) authReadError(ctx context.Context, err error) error {
	if err := c.readError(err); errors.As(err, new(*AuthError)) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("signalflow: no answer to authenticate: %w", ctx.Err())
	}
	return fmt.Errorf("signalflow: authenticating: %w", err)
}

// authRefused reads an error that comes before the connection is authenticated: a refused
// token, unless its code says that the server cannot serve now.
func (c *wsConn) authRefused(m *messages.ErrorMessage) error {
	e := newComputationError(m, "")
	e.Message = c.conf.redact(e.Message)
	if e.Code == http.StatusTooManyRequests || e.Code >= 500 {
		return fmt.Errorf("signalflow: authenticating: %w", e)
	}
	return &AuthError{Code: e.Code, Reason: e.Message, Realm: realmOf(c.conf.url), Err: e}
}

// load returns how many channels the connection carries.
func (c *wsConn) load() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.routes)
}

// register routes a channel to s. It reports false when the connection is gone or carries
// limit channels already.
func (c *wsConn) register(channel string, s sink, limit int) bool {
	s.bind(&wsLink{conn: c, channel: channel})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil || len(c.routes) >= limit {
		return false
	}
	c.routes[channel] = &route{sink: s}
	return true
}

// opened says that the request of a channel was written. When the connection was lost in
// the meantime, the sink is told now.
func (c *wsConn) opened(channel string, s sink) {
	c.mu.Lock()
	told := c.routes == nil
	if r := c.routes[channel]; r != nil {
		r.opened = true
	}
	c.mu.Unlock()
	if told {
		s.lost(c.goneError())
	}
}

// sinkOf returns the sink of a channel, or nil.
func (c *wsConn) sinkOf(channel string) sink {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.routes[channel]; r != nil {
		return r.sink
	}
	return nil
}

func (c *wsConn) unregister(channel string) {
	c.mu.Lock()
	delete(c.routes, channel)
	idle := c.transient && len(c.routes) == 0
	c.mu.Unlock()
	if idle {
		c.shut(errIdle)
	}
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
	c.mu.Lock()
	routes := c.routes
	c.routes = nil
	c.mu.Unlock()
	for _, r := range routes {
		if r.opened {
			r.sink.lost(err)
		}
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
		c.closer = time.AfterFunc(shutGrace, func() { c.ws.Close() })
		close(c.gone)
	}
	return c.cause
}

// read dispatches messages until the connection breaks.
func (c *wsConn) read() error {
	c.ws.SetPongHandler(func(string) error { c.heard.Store(true); return nil })
	var buf []byte
	for {
		kind, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		if buf, err = readInto(buf[:0], r); err != nil {
			return err
		}
		c.heard.Store(true)
		m, err := c.decoder.Decode(buf, kind == websocket.TextMessage)
		if err != nil {
			c.undecodable(err)
		} else {
			c.dispatch(m, len(buf))
		}
		if cap(buf) > keptReadBuffer {
			buf = nil
		}
	}
}

// readInto reads all of r into buf, which grows as needed.
func readInto(buf []byte, r io.Reader) ([]byte, error) {
	if buf == nil {
		buf = make([]byte, 0, 4<<10)
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
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
	s := c.sinkOf(cm.Channel())
	if s == nil {
		return
	}
	if c.exclusive {
		c.waiting.Store(true)
		defer c.waiting.Store(false)
	}
	s.receive(m, size)
}

// connectionMessage handles what concerns the connection: only errors say something.
func (c *wsConn) connectionMessage(m messages.Message) {
	if m, ok := m.(*messages.ErrorMessage); ok {
		e := newComputationError(m, "")
		e.Message = c.conf.redact(e.Message)
		c.mu.Lock()
		c.notice = e.Error()
		c.mu.Unlock()
		c.report(fmt.Errorf("signalflow: the server reports: %w", e))
	}
}

func (c *wsConn) undecodable(err error) {
	var bad *messages.DecodeError
	if errors.As(err, &bad) && bad.Channel != "" {
		if s := c.sinkOf(bad.Channel); s != nil {
			s.gap(bad)
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

// send writes a request and waits for that. When ctx ends first it returns an error that
// wraps the context's; the request may still go out then if the writer had begun it.
func (c *wsConn) send(ctx context.Context, body []byte) error {
	if ctx.Err() != nil {
		return requestError(ctx.Err())
	}
	w := &writeRequest{body: body, done: make(chan error, 1)}
	select {
	case c.out <- w:
	case <-c.gone:
		return c.goneError()
	case <-ctx.Done():
		return requestError(ctx.Err())
	}
	select {
	case err := <-w.done:
		return err
	case <-c.gone:
		if w.state.CompareAndSwap(0, abandoned) {
			return c.goneError()
		}
		return <-w.done // the writer is at it, with shutGrace left
	case <-ctx.Done():
		w.state.CompareAndSwap(0, abandoned)
		return requestError(ctx.Err())
	}
}

// post leaves a request for the writer if there is room.
func (c *wsConn) post(body []byte) {
	select {
	case c.out <- &writeRequest{body: body}:
	default:
	}
}

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
			if !c.writeOne(w) {
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

// wsLink is the way back from a channel.
type wsLink struct {
	conn    *wsConn
	channel string
}

func (l *wsLink) send(ctx context.Context, body []byte) error { return l.conn.send(ctx, body) }
func (l *wsLink) post(body []byte)                            { l.conn.post(body) }
func (l *wsLink) release()                                    { l.conn.unregister(l.channel) }
func (l *wsLink) down() <-chan struct{}                       { return l.conn.gone }
