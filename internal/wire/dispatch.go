package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// closeBadToken is the WebSocket close code of everything that is wrong with
// authentication (protocol.md 1.5).
const closeBadToken = 4401

// request acts on one frame of the client.
func (c *conn) request(kind int, text []byte) {
	req, err := &Request{}, error(nil)
	if kind == websocket.TextMessage {
		req, err = ParseRequest(text)
	} else {
		err = badRequest("requests are JSON objects in text frames, this was a binary frame")
	}
	if c.server.opt.Observe != nil {
		c.server.opt.Observe(c.info(), req, err)
	}
	switch {
	case req.Type == authenticateRequest && err == nil:
		c.authenticate(req, text)
	case !c.authenticated.Load():
		c.close(closeBadToken, "Authentication required: the first message must be a valid authenticate")
	case err != nil:
		c.refuse(req, err)
	default:
		c.dispatch(req)
	}
}

func (c *conn) dispatch(req *Request) {
	switch req.Type {
	case executeRequest:
		if err := c.execute(req); err != nil {
			c.refuse(req, err)
		}
	case detachRequest:
		c.detach(req.Channel)
	// An unknown handle is no fault: the computation may have ended while the request was
	// on its way.
	case stopRequest:
		if j := c.server.job(req.Handle, c.org()); j != nil {
			j.cancel(&StopError{Reason: req.Reason})
		}
	case keepaliveRequest:
		if j := c.server.job(req.Handle, c.org()); j != nil {
			j.touch()
		}
	default:
		c.refuse(req, badRequest("requests of type %s are not supported; supported are authenticate, execute, stop, detach, keepalive", clip(req.Type)))
	}
}

// authenticate decides about a token, at the start or on a live connection. A refused one
// ends the connection and the programs sent on it (protocol.md 1.5).
func (c *conn) authenticate(req *Request, text []byte) {
	token, err := tokenOf(text)
	var id Identity
	if err == nil {
		ctx, cancel := context.WithTimeout(c.ctx, c.server.opt.AuthTimeout)
		id, err = c.server.backend.Authenticate(ctx, token)
		cancel()
	}
	if err != nil {
		c.server.opt.Logger.Warn("authentication refused", "connection", c.id)
		c.close(closeBadToken, refusal(err, token))
		for _, j := range c.takeJobs() { // persistent ones too
			j.cancel(ErrDisconnected)
		}
		return
	}
	c.mu.Lock()
	c.identity, c.userAgent = id, req.UserAgent
	c.mu.Unlock()
	c.authenticated.Store(true)
	c.send(messages.NewAuthenticated(id.OrgID, id.UserID))
	c.send(messages.NewKeepAlive(c.nowMs()))
}

// refusal is the close reason for a bad token. Only an *Error speaks to the client, and
// never with the token in it.
func refusal(err error, token string) string {
	const reason = "Invalid authentication token"
	var e *Error
	if !errors.As(err, &e) || e.Message == "" || token != "" && strings.Contains(e.Message, token) {
		return reason
	}
	return reason + ": " + e.Message
}

// execute starts a computation on a channel that is free.
func (c *conn) execute(req *Request) error {
	if err := req.checkRange(c.server.opt.Now()); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, live := c.jobs[req.Channel]; live {
		return badRequest("channel is in use by a running computation")
	}
	// Detached computations have left their channel, but not yet the processor.
	if most := c.server.opt.MaxChannels; most > 0 && (len(c.jobs) >= most || c.running >= 2*most) {
		return &Error{Code: 429, Type: TypeTooManyChannels, Message: fmt.Sprintf("Too many channels in this connection (limit %d)", most)}
	}
	j := newJob(c, c.identity, req)
	if !c.server.start(j) {
		return &Error{Code: 503, Type: TypeInternalError, Message: ErrShutdown.Error()}
	}
	c.jobs[req.Channel] = j
	c.running++
	return nil
}

// detach ends the output of a channel at once. There is no reply (protocol.md 2.9).
func (c *conn) detach(channel string) {
	c.mu.Lock()
	j := c.jobs[channel]
	delete(c.jobs, channel)
	c.mu.Unlock()
	if j != nil {
		j.loseReader(ErrDetached)
	}
}

// refuse answers a request that cannot be served, on its channel. If a computation runs on
// that channel the answer goes to the connection instead: an error on a channel is terminal
// (protocol.md 3.9), and the computation goes on.
func (c *conn) refuse(req *Request, err error) {
	m := asMessage(err)
	c.mu.Lock()
	_, live := c.jobs[req.Channel]
	c.mu.Unlock()
	if !live {
		c.sendOn(req.Channel, m)
		return
	}
	m.Message = fmt.Sprintf("request %s for channel %q: %s", clip(req.Type), req.Channel, m.Message)
	c.send(m)
}

func (c *conn) org() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.identity.OrgID
}
