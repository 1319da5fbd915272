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
	var err error
	switch req.Type {
	case ExecuteRequest, PreflightRequest, ExplainRequest, StartRequest:
		err = c.open(req)
	case attachRequest:
		err = c.attach(req)
	case detachRequest:
		c.detach(req.Channel)
	// An unknown handle is no fault: the computation may have ended while the request was
	// on its way.
	case stopRequest:
		if j := c.server.job(req.Handle, c.who().OrgID); j != nil {
			j.cancel(&StopError{Reason: req.Reason})
		}
	case keepaliveRequest:
		if j := c.server.job(req.Handle, c.who().OrgID); j != nil {
			j.touch()
		}
	case "registerlivetail", "stoplivetail":
		err = badRequest("%s: log tail is not served, only computations are", req.Type)
	default:
		err = badRequest("requests of type %s are not supported; supported are authenticate, execute, preflight, start, attach, explain, stop, detach, keepalive", clip(req.Type))
	}
	if err != nil {
		c.refuse(req, err)
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
		c.server.endOrigin(c.id)
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

// open starts a computation on a channel that is free. That of a start request only gets
// the answer, and may be absent.
func (c *conn) open(req *Request) error {
	if err := req.checkRange(c.server.opt.Now()); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.checkRoom(req.Channel); err != nil {
		return err
	}
	j := c.server.newJob(c.identity, req, c.id)
	r := c.newReader(j, req)
	if req.Type == StartRequest { // what is left behind is counted by its organization
		j.prepared = r.answerStart
	} else {
		j.firstReader(r)
		j.onEnd = c.ended
		c.running++
	}
	if err := c.server.start(j); err != nil {
		if j.onEnd != nil {
			c.running--
		}
		return err
	}
	if req.Channel != "" {
		c.readers[req.Channel] = r
	}
	return nil
}

// checkRoom refuses a channel name in use, and more computations than are allowed. Callers
// hold mu.
func (c *conn) checkRoom(channel string) error {
	if _, live := c.readers[channel]; live {
		return badRequest("channel is in use by a running computation")
	}
	// Detached computations have left their channel, but not yet the processor.
	if most := c.server.opt.MaxChannels; most > 0 && (len(c.readers) >= most || c.running >= 2*most) {
		return &Error{Code: 429, Type: TypeTooManyChannels, Message: fmt.Sprintf("Too many channels in this connection (limit %d)", most)}
	}
	return nil
}

func (c *conn) newReader(j *job, req *Request) *reader {
	r := &reader{job: j, channel: req.Channel, form: textForm}
	if req.Compress {
		r.form = binaryForm
	}
	r.q = c.box.newQueue(c.server.opt.MaxQueueBytes, func() { c.release(r) })
	return r
}

// answerStart is the one message for the channel of a start request (protocol.md 2.7).
func (r *reader) answerStart(err error) {
	var m messages.Message = &messages.ComputationStartedMessage{ComputationID: r.job.handle}
	if err != nil {
		m = asMessage(err)
	}
	if r.channel == "" {
		return
	}
	op, payload, err := r.encode(m)
	if err != nil {
		r.job.server.opt.Logger.Error("cannot encode the answer to start", "error", err)
		op, payload, _ = r.encode(asMessage(errComputation))
	}
	r.q.push(op, payload, true) // whoever has gone does not get it
}

// attach joins a channel to a running computation.
func (c *conn) attach(req *Request) error {
	id := c.who()
	j := c.server.job(req.Handle, id.OrgID)
	if j == nil {
		return notFound(req.Handle)
	}
	r := c.newReader(j, req)
	if err := c.server.filter(c.ctx, id, req, r); err != nil {
		return err
	}
	c.mu.Lock()
	err := c.checkRoom(req.Channel)
	if err == nil {
		c.readers[req.Channel] = r
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := j.out.join(r); err != nil {
		c.release(r)
		return err
	}
	return nil
}

// detach ends the output of a channel at once. There is no reply (protocol.md 2.9).
func (c *conn) detach(channel string) {
	c.mu.Lock()
	r := c.readers[channel]
	delete(c.readers, channel)
	c.mu.Unlock()
	if r != nil {
		r.lose(ErrDetached)
	}
}

// refuse answers a request that cannot be served, on its channel. If a computation runs on
// that channel the answer goes to the connection instead: an error on a channel is terminal
// (protocol.md 3.9), and the computation goes on. A server that ends does not answer: the
// connection ends with it.
func (c *conn) refuse(req *Request, err error) {
	if err == errClosed {
		return
	}
	m := asMessage(err)
	c.mu.Lock()
	_, live := c.readers[req.Channel]
	c.mu.Unlock()
	if !live {
		c.sendOn(req.Channel, m)
		return
	}
	m.Message = fmt.Sprintf("request %s for channel %q: %s", clip(req.Type), req.Channel, m.Message)
	c.send(m)
}

func (c *conn) who() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.identity
}
