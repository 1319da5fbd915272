package signalflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Feedback is what a server says about a computation that it runs.
type Feedback struct {
	// State and Messages are what our own servers say; "" and nil when the answer has another
	// form.
	State    string                  // running, for example
	Messages []*messages.InfoMessage // the information messages so far
	// Raw is the whole answer.
	Raw json.RawMessage
}

// Feedback asks for the state and the information messages of a computation, by its handle
// (protocol.md 1.2). It is an HTTP request with either transport, to the host of the stream
// URL. A handle that the server does not know is a *[ComputationError] with code 404.
//
// Experimental: the service's reference names the request, but not the form of the answer.
func (c *Client) Feedback(ctx context.Context, handle string) (*Feedback, error) {
	if handle == "" {
		return nil, errors.New("signalflow: feedback needs a handle")
	}
	web, err := c.web()
	if err != nil {
		return nil, err
	}
	r := request{kind: kindFeedback}
	r.add(fieldHandle, handle)
	body, err := web.ask(ctx, r)
	if err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		return nil, fmt.Errorf("signalflow: the answer to feedback is no JSON")
	}
	f := &Feedback{Raw: body}
	var ours struct {
		State    string
		Messages []json.RawMessage
	}
	if json.Unmarshal(body, &ours) != nil {
		return f, nil
	}
	f.State = ours.State
	for _, text := range ours.Messages {
		m := new(messages.InfoMessage)
		if m.UnmarshalJSON(text) == nil {
			f.Messages = append(f.Messages, m)
		}
	}
	return f, nil
}

// web returns the HTTP transport, which is made for the first call that needs it when the
// client speaks WebSocket.
func (c *Client) web() (*sseTransport, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if t, ok := c.transport.(*sseTransport); ok {
		return t, nil
	}
	if c.beside == nil {
		c.beside = newSSETransport(&c.conf, c.reports.report)
	}
	return c.beside, nil
}
