package signalflow

import (
	"context"
	"errors"
	"sync"
	"time"
)

// wsTransport keeps one shared WebSocket connection alive and opens further ones for
// requests that it has no room for, or that want one of their own.
//
// Goroutines: supervise owns the shared connection and is the only one that dials and
// replaces it; each further connection has one that reads it. Each connection has one
// writer, which its reader waits for. close waits for all of them.
type wsTransport struct {
	conf   *config
	report func(error)
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	shared  *wsConn          // nil while there is none
	further map[*wsConn]bool // beyond the shared one; the value tells an exclusive one
	refused *AuthError       // the token is bad: no more attempts until there is another
	idle    bool             // supervise has ended for that reason
	last    error            // of the last attempt to connect
	changed chan struct{}    // closed when any of the above changes

	dialling chan struct{} // held while dialling a further connection that others may share
	renewing chan struct{} // held while another token is presented
}

func newWebSocketTransport(conf *config, report func(error)) *wsTransport {
	ctx, cancel := context.WithCancel(context.Background())
	t := &wsTransport{
		conf:    conf,
		report:  report,
		ctx:     ctx,
		cancel:  cancel,
		further: make(map[*wsConn]bool),
		changed: make(chan struct{}),

		dialling: make(chan struct{}, 1),
		renewing: make(chan struct{}, 1),
	}
	t.tasks.Go(t.supervise)
	return t
}

// supervise connects, serves the connection until it is lost, and connects again, until
// the transport is closed or the token refused.
func (t *wsTransport) supervise() {
	var wait backoff
	for t.ctx.Err() == nil {
		lived, token, err := t.connectOnce()
		if t.ctx.Err() != nil {
			return
		}
		t.report(err)
		if t.refuse(err, token, true) {
			return
		}
		if !sleep(t.ctx, wait.next(lived)) {
			return
		}
	}
}

// refuse notes that a token was refused, if err says so and the client has no other by now.
func (t *wsTransport) refuse(err error, token string, supervisor bool) bool {
	var refused *AuthError
	if !errors.As(err, &refused) {
		return false
	}
	same := false
	t.update(func() { // so that it is before or after authenticate, and not in between
		if same = t.conf.token() == token; same {
			t.refused = refused
			t.idle = t.idle || supervisor
		}
	})
	return same
}

// connectOnce makes the shared connection and serves it. It returns when that failed or
// the connection is lost, with how long it lived and the last token that was presented.
func (t *wsTransport) connectOnce() (lived time.Duration, token string, err error) {
	token = t.conf.token()
	conn, err := dialWebSocket(t.ctx, t.conf, t.report)
	if err != nil {
		t.update(func() { t.last = err })
		return 0, token, err
	}
	start := time.Now()
	t.conf.logger.Debug("signalflow: connected", "url", shown(t.conf.url))
	t.update(func() {
		if t.closed {
			conn.shut(ErrClosed)
		} else {
			t.shared, t.last = conn, nil
		}
	})
	err = conn.serve(func() { t.update(func() { t.shared = nil }) })
	t.update(func() { t.last = err })
	return time.Since(start), conn.presented(), err
}

// update changes the state that waiting calls look at, and wakes them.
func (t *wsTransport) update(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	close(t.changed)
	t.changed = make(chan struct{})
}

// state returns the shared connection, or why there will be none, or a channel to wait on.
func (t *wsTransport) state() (conn *wsConn, last, final error, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		final = ErrClosed
	case t.refused != nil:
		final = t.refused
	}
	return t.shared, t.last, final, t.changed
}

func (t *wsTransport) connect(ctx context.Context) error {
	_, err := t.ready(ctx, t.deadline())
	return err
}

func (t *wsTransport) deadline() time.Time { return time.Now().Add(t.conf.connectTimeout) }

// ready waits for the shared connection.
func (t *wsTransport) ready(ctx context.Context, deadline time.Time) (*wsConn, error) {
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	for {
		conn, last, final, changed := t.state()
		if final != nil {
			return nil, final
		}
		if conn != nil && !conn.isGone() {
			return conn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, t.notConnected(last, ctx.Err())
		case <-timeout.C:
			return nil, t.notConnected(last, nil)
		}
	}
}

func (t *wsTransport) notConnected(last, cause error) error {
	return &ConnectError{URL: shown(t.conf.url), Last: last, Err: cause}
}

func (t *wsTransport) open(ctx context.Context, r openRequest, s sink) error {
	deadline := t.deadline()
	for wait := (backoff{}); ; {
		lost, err := t.openOnce(ctx, r, s, deadline)
		if lost == nil {
			return err
		}
		// A further connection could not be made, or dropped at once: it has no supervisor
		// that waits between two attempts.
		pause := wait.next(0)
		if ctx.Err() != nil || time.Until(deadline) < pause || !sleep(ctx, pause) {
			return t.notConnected(lost, ctx.Err())
		}
	}
}

// openOnce opens a request on the next connection that takes it. lost is set when a further
// connection was in the way and the request has certainly not reached the server.
func (t *wsTransport) openOnce(ctx context.Context, r openRequest, s sink, deadline time.Time) (lost, err error) {
	for {
		conn, err := t.acquire(ctx, r, deadline)
		var failed *dialFailure
		if errors.As(err, &failed) {
			return failed.err, nil
		}
		if err != nil {
			return nil, err
		}
		rt := conn.register(r, s, t.room(r))
		if rt == nil { // filled up, or lost, in between
			if conn.transient && conn.isGone() {
				return conn.goneError(), nil
			}
			continue
		}
		err = conn.send(ctx, r.body())
		if err == nil {
			conn.written(rt)
			return nil, nil
		}
		rt.release()
		if errors.As(err, new(*ConnectionLostError)) {
			if conn.transient {
				return err, nil
			}
			continue
		}
		var stopped *requestError
		if errors.As(err, &stopped) && stopped.begun { // nobody will read the answer
			detach := detachRequest(r.channel, "")
			conn.begin(detach.body())
		}
		return nil, err
	}
}

// dialFailure is a further connection that could not be made, for another reason than the
// token or the end of the client.
type dialFailure struct{ err error }

func (e *dialFailure) Error() string { return e.err.Error() }

// room is how many requests a connection may carry that takes this one.
func (t *wsTransport) room(r openRequest) int {
	if r.exclusive {
		return 1
	}
	return t.conf.maxChannels
}

// acquire returns a connection for a request, dialling a further one when the shared one
// is full or not allowed.
func (t *wsTransport) acquire(ctx context.Context, r openRequest, deadline time.Time) (*wsConn, error) {
	shared, err := t.ready(ctx, deadline) // also for a further one: no second dial while the first fails
	if err != nil {
		return nil, err
	}
	if r.exclusive {
		return t.dialFurther(ctx, true, deadline)
	}
	if shared.takes(r, t.conf.maxChannels) {
		return shared, nil
	}
	select {
	case t.dialling <- struct{}{}: // one dials, the others then share what it got
		defer func() { <-t.dialling }()
	case <-ctx.Done():
		return nil, t.notConnected(nil, ctx.Err())
	}
	if conn := t.furtherFor(r); conn != nil {
		return conn, nil
	}
	return t.dialFurther(ctx, false, deadline)
}

// furtherFor returns a further connection that takes a request, or nil.
func (t *wsTransport) furtherFor(r openRequest) *wsConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	for conn, exclusive := range t.further {
		if !exclusive && conn.takes(r, t.conf.maxChannels) {
			return conn
		}
	}
	return nil
}

// dialFurther opens a connection that lives as long as it carries something.
func (t *wsTransport) dialFurther(ctx context.Context, exclusive bool, deadline time.Time) (*wsConn, error) {
	token := t.conf.token()
	dialCtx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	conn, err := dialWebSocket(dialCtx, t.conf, t.report)
	if err != nil {
		return nil, t.dialError(err, token)
	}
	conn.transient, conn.exclusive = true, exclusive
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		conn.close()
		return nil, ErrClosed
	}
	t.further[conn] = exclusive
	t.tasks.Go(func() {
		err := conn.serve(func() { t.update(func() { delete(t.further, conn) }) })
		if err != nil && t.ctx.Err() == nil {
			t.report(err)
			t.refuse(err, conn.presented(), false)
		}
	})
	return conn, nil
}

// dialError tells everybody about a further connection that could not be made. A token that
// is refused there is refused for all: what is connected stays, nothing new begins.
func (t *wsTransport) dialError(err error, token string) error {
	if t.ctx.Err() != nil {
		return ErrClosed
	}
	t.report(err)
	if t.refuse(err, token, false) {
		return err
	}
	return &dialFailure{err}
}

func (t *wsTransport) send(ctx context.Context, r request) error {
	body := r.body()
	deadline := t.deadline()
	for {
		conn, err := t.ready(ctx, deadline)
		if err != nil {
			return err
		}
		if err = conn.send(ctx, body); !errors.As(err, new(*ConnectionLostError)) {
			return err
		}
	}
}

// authenticate presents the configuration's token on every connection, one caller at a time.
func (t *wsTransport) authenticate(ctx context.Context) error {
	select {
	case t.renewing <- struct{}{}:
		defer func() { <-t.renewing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t.mu.Lock()
	conns := t.connectionsLocked()
	if t.refused != nil {
		t.refused = nil
		if t.idle && !t.closed {
			t.idle = false
			t.tasks.Go(t.supervise)
		}
	}
	t.mu.Unlock()
	for _, conn := range conns {
		err := conn.authenticateAgain(ctx)
		if err != nil && !errors.As(err, new(*ConnectionLostError)) {
			return err
		}
	}
	return t.connect(ctx)
}

func (t *wsTransport) connectionsLocked() []*wsConn {
	conns := make([]*wsConn, 0, 1+len(t.further))
	if t.shared != nil {
		conns = append(conns, t.shared)
	}
	for conn := range t.further {
		conns = append(conns, conn)
	}
	return conns
}

func (t *wsTransport) close() {
	t.mu.Lock()
	conns := t.connectionsLocked()
	t.closed = true // from here on nobody publishes a connection
	t.mu.Unlock()
	t.update(func() {})
	t.cancel()
	for _, conn := range conns {
		conn.shut(ErrClosed)
	}
	waitFor(&t.tasks, closeGrace)
}

// lostError is what the computations of a lost connection end with.
func lostError(code int, reason string, err error) *ConnectionLostError {
	if reason == "" && err != nil {
		reason = err.Error()
	}
	return &ConnectionLostError{Code: code, Reason: reason, Err: err}
}

var errSilent = errors.New("the server did not answer a ping")
