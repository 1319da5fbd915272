package signalflow

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// limited serves a backend with limits of its own, in a bubble.
func limited(t *testing.T, b wire.Backend, o wire.Options, test func(t *testing.T, c func(options ...ClientParam) *Client, listener *memnet.Listener)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := memnet.Listen("limited")
		server := wire.NewServer(b, o)
		web := &http.Server{Handler: server}
		served := make(chan struct{})
		go func() {
			defer close(served)
			web.Serve(listener)
		}()
		defer func() { server.Close(); web.Close(); <-served }()
		n := &cuttable{listener: listener}
		test(t, func(options ...ClientParam) *Client { return n.client(t, options...) }, listener)
	})
}

// A server that takes fewer computations on a connection than the client thinks: Execute says
// so, a further try gets a further connection, and streams do that by themselves.
func TestTooManyChannels(t *testing.T) {
	back := &runBackend{play: func(_ int, ctx context.Context, out *wire.Output, _ *wire.Request) error { return live(ctx, out) }}
	limited(t, back, wire.Options{MaxChannels: 10}, func(t *testing.T, client func(...ClientParam) *Client, _ *memnet.Listener) {
		c := client()
		for range 10 {
			execute(t, c)
		}
		comp := execute(t, c)
		drainData(comp)
		var full *ThrottledError
		if err := comp.Err(); !errors.As(err, &full) || !full.TooManyChannels || !errors.As(err, new(*ComputationError)) {
			t.Fatalf("%v (%T)", err, err)
		}
		if next := execute(t, c); next.Err() != nil {
			t.Error(next.Err())
		}
		for range 40 {
			go drainStream(stream(t, c, Options{}))
		}
		pass(time.Minute)
		tr := c.transport.(*wsTransport)
		tr.mu.Lock()
		further := len(tr.further)
		tr.mu.Unlock()
		if further < 5 || further > 6 {
			t.Errorf("%d further connections for 51 computations of 10 each", further)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for s := range c.streams {
			if st := s.Stats(); !st.Running || s.Err() != nil {
				t.Errorf("%v, %+v", s.Err(), st)
			}
		}
		if len(c.streams) != 40 {
			t.Errorf("%d streams", len(c.streams))
		}
	})
}

// 429: typed for Execute, and a reason for streams and queries to wait.
func TestThrottled(t *testing.T) {
	for transport, choose := range transports {
		t.Run(transport, func(t *testing.T) {
			refuse := 0
			back := &runBackend{play: func(n int, ctx context.Context, out *wire.Output, _ *wire.Request) error {
				if n <= refuse {
					return out.Send(messages.NewError(429, "LIMIT", "too many jobs", nil))
				}
				out.Send(messages.NewData(1000, nil))
				return nil
			}}
			limited(t, back, wire.Options{}, func(t *testing.T, client func(...ClientParam) *Client, _ *memnet.Listener) {
				c := client(choose...)
				refuse = 1
				comp := execute(t, c)
				drainData(comp)
				var throttled *ThrottledError
				if err := comp.Err(); !errors.As(err, &throttled) || throttled.TooManyChannels || throttled.Err.Code != 429 {
					t.Errorf("%v", err)
				}
				refuse = len(back.runs()) + 5
				began := time.Now()
				if items, err := drainStream(stream(t, c, Options{})); err != nil || len(items) == 0 {
					t.Errorf("%q, %v", items, err)
				}
				if took := time.Since(began); took < 5*time.Second {
					t.Errorf("5 refusals took %v: too fast", took)
				}
				refuse = len(back.runs()) + 2
				if r, err := c.Query(t.Context(), "p", Options{}); err != nil || r.First.IsZero() {
					t.Errorf("%v, %v", r, err)
				}
				refuse = len(back.runs()) + 100
				if _, err := c.Query(t.Context(), "p", Options{Tries: 2}); !errors.As(err, new(*ThrottledError)) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}
