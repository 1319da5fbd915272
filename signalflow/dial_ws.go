package signalflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

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
		some:    make(chan struct{}, 1),
		gone:    make(chan struct{}),
		routes:  make(map[string]*route),
		stale:   make(map[string]bool),
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
	hint := "; is the stream URL right?"
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		hint = "" // it is, and the server has trouble
	}
	return fmt.Errorf("signalflow: %s answers %s instead of a WebSocket%s (%w)", shown(conf.url), resp.Status, hint, err)
}

// authenticate sends the token and waits for the answer (protocol.md 1.5).
func (c *wsConn) authenticate(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	c.ws.SetWriteDeadline(deadline)
	if err := c.ws.WriteMessage(websocket.TextMessage, c.authRequest()); err != nil {
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

// authRequest returns the request that presents the token of the moment.
func (c *wsConn) authRequest() []byte {
	token := c.conf.token()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = func() string { return token }
	return marshal(AuthRequest{Token: token, UserAgent: c.conf.userAgent})
}

// presented returns the last token that was presented.
func (c *wsConn) presented() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token()
}

// authenticateAgain presents another token on a connection in use, and waits for the answer:
// a refusal closes the connection. One call at a time.
func (c *wsConn) authenticateAgain(ctx context.Context) error {
	accepted := make(chan struct{})
	c.mu.Lock()
	c.accepted = accepted
	c.asked++
	c.mu.Unlock()
	if err := c.send(ctx, c.authRequest()); err != nil {
		if stopped := (*requestError)(nil); !errors.As(err, &stopped) || !stopped.begun {
			c.mu.Lock()
			c.asked-- // there will be no answer
			c.mu.Unlock()
		}
		return err
	}
	select {
	case <-accepted:
		return nil
	case <-c.gone:
		return c.goneError()
	case <-ctx.Done():
		return fmt.Errorf("signalflow: no answer to authenticate: %w", ctx.Err())
	}
}

func (c *wsConn) authReadError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("signalflow: no answer to authenticate: %w", ctx.Err())
	}
	if err = c.readError(err); errors.As(err, new(*AuthError)) {
		return err
	}
	return fmt.Errorf("signalflow: authenticating: %w", err)
}

// authRefused reads an error that comes before the connection is authenticated: a refused
// token, unless its code says that the server cannot serve now.
func (c *wsConn) authRefused(m *messages.ErrorMessage) error {
	e := c.conf.computationError(m, "")
	if e.Code == http.StatusTooManyRequests || e.Code >= 500 {
		return fmt.Errorf("signalflow: authenticating: %w", e)
	}
	return &AuthError{Code: e.Code, Reason: e.Message, Realm: realmOf(c.conf.url), Err: e}
}
