package signalflow

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Execute starts a program. It returns once the request is written on an authenticated
// connection; what the server says to it comes through the computation.
//
// The context bounds only this call: ending it later does not end the computation. While
// there is no connection the call waits for one, until ctx ends or the connect timeout has
// passed ([ConnectTimeout]), and returns a *[ConnectError] then; an *[AuthError] at once
// when the token is refused; [ErrClosed] after Close. req is not written to.
func (c *Client) Execute(ctx context.Context, req *ExecuteRequest) (*Computation, error) {
	if err := req.validate(); err != nil {
		return nil, err
	}
	return c.execute(ctx, kindExecute, req, nil)
}

// Preflight runs a detector program over a past range, to see which alerts it would have
// raised (protocol.md 2.5). The request needs a Start and a Stop, and the program published
// detect() outputs; the alerts come as [Computation.Events]. It returns as Execute does.
func (c *Client) Preflight(ctx context.Context, req *ExecuteRequest) (*Computation, error) {
	if err := req.validate(); err != nil {
		return nil, err
	}
	if err := req.validateRange(); err != nil {
		return nil, err
	}
	return c.execute(ctx, kindPreflight, req, nil)
}

// Explain replays the computation behind an incident. options may be nil; its Program is
// not used.
//
// Experimental: one other client sends this request, no document describes it, and over
// HTTP its path is a guess (protocol.md 2.6).
func (c *Client) Explain(ctx context.Context, incidentID string, options *ExecuteRequest) (*Computation, error) {
	if incidentID == "" {
		return nil, errors.New("signalflow: explain needs the id of an incident")
	}
	req := ExecuteRequest{}
	if options != nil {
		req = *options
	}
	req.Program = ""
	if err := req.validateOptions(); err != nil {
		return nil, err
	}
	return c.execute(ctx, kindExplain, &req, []field{{"incidentId", incidentID}})
}

// Attach joins a computation that runs already and returns its output from now on. Stop
// ends it for every reader, Detach only for this one.
//
// Experimental: two other clients have this request, the service's reference does not
// (protocol.md 2.8).
func (c *Client) Attach(ctx context.Context, req *AttachRequest) (*Computation, error) {
	if err := req.validate(); err != nil {
		return nil, err
	}
	r, err := req.encode()
	if err != nil {
		return nil, err
	}
	return c.open(ctx, opening{request: r, channel: req.Channel, overflow: req.Overflow})
}

// execute runs a request of the family of execute.
func (c *Client) execute(ctx context.Context, kind requestKind, req *ExecuteRequest, more []field) (*Computation, error) {
	r, err := req.encode(kind)
	if err != nil {
		return nil, err
	}
	r.fields = append(r.fields, more...)
	return c.open(ctx, opening{
		request: r, channel: req.Channel, program: req.Program, overflow: req.Overflow, after: req.ResumeAfter,
	})
}

// opening is what a computation begins with.
type opening struct {
	request  request // without its channel
	channel  string  // "" has one chosen
	program  string  // for the snippets of errors
	overflow OverflowPolicy
	after    time.Time
	tap      tap // takes the messages in place of the queue; nil for the queue
}

// open opens a computation on a channel that no live one of the client has.
func (c *Client) open(ctx context.Context, o opening) (*Computation, error) {
	if o.overflow == 0 {
		o.overflow = c.conf.overflow
	}
	comp, err := c.register(o)
	if err != nil {
		return nil, err
	}
	r := o.request.on(comp.channel)
	r.add(fieldCompress, c.conf.compress)
	err = c.transport.open(ctx, openRequest{
		request:   r,
		channel:   comp.channel,
		named:     o.channel != "",
		exclusive: o.overflow == Block,
		after:     o.after,
	}, comp)
	if err != nil {
		comp.end(err)
		comp.mail.drop()
		return nil, err
	}
	comp.learn(func() { comp.open = true })
	return comp, nil
}

// register makes a computation under a channel name that no live one has.
func (c *Client) register(o opening) (*Computation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	name := o.channel
	for name == "" || o.channel == "" && c.comps[name] != nil {
		c.nextChannel++
		name = "ch-" + strconv.Itoa(c.nextChannel)
	}
	if c.comps[name] != nil {
		return nil, fmt.Errorf("signalflow: channel %q is in use by another computation of this client; leave Channel empty to have one chosen", name)
	}
	comp := newComputation(c, name, o)
	c.comps[name] = comp
	c.unread[comp] = true
	return comp, nil
}
