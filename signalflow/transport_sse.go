package signalflow

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// sseTransport speaks HTTP: one POST for each computation, whose response is its stream of
// events, and short requests for all else (protocol.md 1.2, 1.3 and 5). There is no state
// between two requests but the token that was refused, so nothing is dialled in advance.
//
// Goroutines: one reads each response; close waits for all of them. They share connections
// where the server speaks HTTP/2.
type sseTransport struct {
	conf   *config
	report func(error)
	base   *url.URL
	http   *http.Transport
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	conns   map[*trackedConn]bool // open, whoever of net/http holds them
	refused *AuthError            // the token is bad: no more requests until there is another
}

const (
	idleConnections = 32 // kept for the next requests
	idleTimeout     = 90 * time.Second
	maxHeader       = 64 << 10 // bytes of a response's header
)

func newSSETransport(conf *config, report func(error)) *sseTransport {
	t := &sseTransport{conf: conf, report: report, base: conf.httpURL(), conns: make(map[*trackedConn]bool)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.http = &http.Transport{
		DialContext:            t.dial,
		Proxy:                  conf.proxy,
		TLSClientConfig:        conf.tls,
		TLSHandshakeTimeout:    conf.connectTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: conf.readTimeout / 2, PingTimeout: conf.readTimeout / 2},
		DisableCompression:     !conf.compress,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
	return t
}

// dial opens a network connection that ends with the transport, as a task that close waits
// for.
func (t *sseTransport) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil, ErrClosed
	}
	t.tasks.Add(1)
	t.mu.Unlock()
	defer t.tasks.Done()
	ctx, cancel := context.WithTimeout(ctx, t.conf.connectTimeout)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	dial := t.conf.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext // its keep-alives tell a dead peer of a silent response
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		conn.Close()
		return nil, ErrClosed
	}
	tracked := &trackedConn{conn, t}
	t.conns[tracked] = true
	return tracked, nil
}

// trackedConn is known to its transport, which closes it below TLS: that would wait for a
// peer that does not read.
type trackedConn struct {
	net.Conn
	t *sseTransport
}

func (c *trackedConn) Close() error {
	err := c.Conn.Close()
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	delete(c.t.conns, c)
	return err
}

// connect asks for the header of the base path, with the token. Any answer but 401 will do,
// since only our own server is known to have something there; a gateway that has nothing
// behind it (5xx) is tried again.
func (t *sseTransport) connect(ctx context.Context) error {
	_, err := t.call(ctx, t.ctx, call{request: request{kind: kindConnect}})
	return err
}

func (t *sseTransport) open(ctx context.Context, r openRequest, s sink) error {
	stream := newSSEStream(t, r.kind, s)
	s.bind(stream)
	a, err := t.call(ctx, stream.ctx, call{request: r.request, after: r.after, stream: r.kind != kindStart})
	if err != nil {
		stream.cancel(errReleased)
	}
	var said *serverError
	switch {
	case errors.As(err, &said):
		s.receive(said.message, said.size)
		return nil
	case err != nil:
		return err
	case r.kind == kindStart:
		return t.started(a.body, r.channel, s)
	case !t.goTask(func() { stream.serve(a.resp) }):
		a.resp.Body.Close()
		return ErrClosed
	}
	return nil
}

// started hands over the answer to start in the form of the other transport.
func (t *sseTransport) started(body []byte, channel string, s sink) error {
	id, err := startedID(body)
	if err != nil {
		return err
	}
	m := &messages.ComputationStartedMessage{ComputationID: id}
	m.Typ, m.Chan = messages.ComputationStartedType, channel
	s.receive(m, len(body))
	return nil
}

func (t *sseTransport) send(ctx context.Context, r request) error {
	if r.kind == kindDetach { // closing the response is all there is (protocol.md 1.2)
		return nil
	}
	_, err := t.ask(ctx, r)
	return err
}

// ask sends a request that is answered once, and returns the body of the answer. What the
// server says against it is a *ComputationError.
func (t *sseTransport) ask(ctx context.Context, r request) ([]byte, error) {
	a, err := t.call(ctx, t.ctx, call{request: r})
	var said *serverError
	if errors.As(err, &said) {
		return nil, t.conf.computationError(said.message, "")
	}
	return a.body, err
}

// authenticate lets requests go out again: the next one presents the token.
func (t *sseTransport) authenticate(context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = nil
	if t.closed {
		return ErrClosed
	}
	return nil
}

// refuse notes that a token was refused, unless the client has another by now.
func (t *sseTransport) refuse(err *AuthError, token string) {
	t.mu.Lock()
	first := t.refused == nil && t.conf.token() == token
	if first {
		t.refused = err
	}
	t.mu.Unlock()
	if first {
		t.report(err)
	}
}

// final returns why no request can be sent at all, nil when one can.
func (t *sseTransport) final() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return ErrClosed
	case t.refused != nil:
		return t.refused
	}
	return nil
}

// goTask runs f as a goroutine that close waits for; false when the transport is closed.
func (t *sseTransport) goTask(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.tasks.Go(f)
	return true
}

func (t *sseTransport) close() {
	t.cancel()
	t.mu.Lock()
	t.closed = true // from here on nobody begins a task, or dials
	for c := range t.conns {
		t.tasks.Go(func() { c.Close() })
	}
	t.mu.Unlock()
	waitFor(&t.tasks, closeGrace)
	t.http.CloseIdleConnections()
}
