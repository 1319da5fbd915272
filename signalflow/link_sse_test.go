package signalflow

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// linkSink keeps its link.
type linkSink struct {
	link     link
	received atomic.Int32
}

func (s *linkSink) bind(l link)                   { s.link = l }
func (s *linkSink) receive(messages.Message, int) { s.received.Add(1) }
func (s *linkSink) gap(*messages.DecodeError)     { s.received.Add(1) }
func (s *linkSink) lost(error)                    { s.received.Add(1) }

// A channel that is released is not heard of any more, and its response ends at once.
func TestSSERelease(t *testing.T) {
	for name, release := range map[string]func(l link) error{
		"release": func(l link) error { l.release(); return nil },
		"send":    func(l link) error { return l.send(context.Background(), detachRequest("ch", "")) },
		"begin":   func(l link) error { return l.begin(detachRequest("ch", ""))(context.Background()) },
	} {
		var gone chan struct{}
		onHTTP(t, func(c *httpExchange) {
			c.start()
			c.hang()
			c.data(1, 1)
			close(gone)
		}, func(t *testing.T, s *httpScript) {
			gone = make(chan struct{})
			client, sink := s.client(), new(linkSink)
			r := openRequest{request: request{kind: kindExecute, fields: []field{{fieldProgram, "p"}}}}
			if err := client.transport.open(t.Context(), r, sink); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			n := sink.received.Load()
			if err := release(sink.link); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			<-gone
			<-sink.link.down()
			synctest.Wait()
			if sink.received.Load() != n {
				t.Errorf("%s: the sink heard more", name)
			}
		})
	}
}

// A request in the background is made, and its fate can be waited for.
func TestSSEBegin(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		if c.number == 1 {
			c.start()
			c.hang()
			return
		}
		pass(time.Second)
		c.status(404, `{"message":"unknown"}`)
	}, func(t *testing.T, s *httpScript) {
		client, sink := s.client(), new(linkSink)
		if err := client.transport.open(t.Context(), openRequest{request: request{kind: kindExecute}}, sink); err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		wait := sink.link.begin(stopRequest("GzExampleAA", ""))
		if err := wait(ended); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := wait(t.Context()); !errors.As(err, new(*ComputationError)) {
			t.Error(err)
		}
		client.Close()
		if err := sink.link.begin(stopRequest("GzExampleAA", ""))(t.Context()); err != ErrClosed {
			t.Error(err)
		}
		if sink.received.Load() == 0 {
			t.Error("the sink does not know that its response has ended")
		}
	})
}

// A request that fails leaves nothing behind.
func TestSSEFailedOpen(t *testing.T) {
	onHTTP(t, func(c *httpExchange) { c.status(401, "") }, func(t *testing.T, s *httpScript) {
		sink := new(linkSink)
		err := s.client().transport.open(t.Context(), openRequest{request: request{kind: kindExecute}}, sink)
		checkAuthError(t, err)
		<-sink.link.down()
		if sink.received.Load() != 0 {
			t.Error("the sink of a failed call heard something")
		}
	})
}
