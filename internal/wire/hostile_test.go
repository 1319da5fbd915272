package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// batch is a data message of 17 KB.
func batch(ms int64) *messages.DataMessage {
	return messages.NewData(ms, make([]messages.DataPayload, 1000))
}

// sending is a computation that sends some batches and ends, or never ends if n is 0.
func sending(n int64) funcBackend {
	return func(_ context.Context, out *Output) error {
		for ms := int64(1); n == 0 || ms <= n; ms++ {
			m := batch(ms)
			for i := range m.Payloads {
				m.Payloads[i] = messages.LongPayload(1, ms)
			}
			if err := out.Send(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// gatedBackend decides about tokens and preparation as a test wants.
type gatedBackend struct {
	funcBackend
	auth    func(ctx context.Context, token string) (Identity, error)
	prepare func(ctx context.Context) error
}

func (b gatedBackend) Authenticate(ctx context.Context, token string) (Identity, error) {
	if b.auth == nil {
		return Identity{}, nil
	}
	return b.auth(ctx, token)
}

func (b gatedBackend) Prepare(ctx context.Context, _ Identity, _ *Request) (Computation, error) {
	if b.prepare != nil {
		if err := b.prepare(ctx); err != nil {
			return nil, err
		}
	}
	return b.funcBackend, nil
}

func executeOn(channel string) string {
	return fmt.Sprintf(`{"type":"execute","channel":%q,"program":"p"}`, channel)
}

// waiting returns the bytes that wait in the queues of all channels of a server.
func waiting(s *Server) (sum int) {
	for _, l := range s.snapshot() {
		var box *outbox
		switch l := l.(type) {
		case *conn:
			box = l.box
		case *response:
			box = l.box
		}
		box.mu.Lock()
		for _, q := range box.ready {
			sum += q.bytes
		}
		box.mu.Unlock()
	}
	return sum
}

// As long as the last word of a computation waits to be written, its channel is in use: the
// next one would get its messages in between.
func TestNameIsFreeOnceTheEndIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, sending(100), Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		synctest.Wait() // it is over, and most of it waits
		say(t, ws, execute)
		synctest.Wait()
		var order []string
		for range 104 {
			kind, text, err := ws.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			for _, mark := range []string{"STREAM_START", "JOB_START", "END_OF_CHANNEL", "in use"} {
				if kind == websocket.TextMessage && bytes.Contains(text, []byte(mark)) {
					order = append(order, mark)
				}
			}
		}
		if got := strings.Join(order, " "); got != "STREAM_START JOB_START in use END_OF_CHANNEL" {
			t.Errorf("order on the channel: %s", got)
		}
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
	})
}

// A client that starts one computation after the other and reads nothing costs a bounded
// amount of memory, also by those that are over.
func TestBacklogOfAConnectionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 2 << 20
		server, l := serve(t, sending(50), Options{MaxQueueBytes: 1 << 20, MaxConnectionBytes: limit, MaxChannels: 20})
		ws := dial(t, l)
		for range 3 {
			for i := range 20 {
				say(t, ws, executeOn(fmt.Sprint("ch-", i)))
			}
			synctest.Wait()
			if n := waiting(server); n > limit+20*20<<10 {
				t.Errorf("%d bytes wait, the limit is %d", n, limit)
			}
			time.Sleep(6 * time.Second)
		}
	})
}

// A reader that is slow but reads is not a slow consumer, be its channels ever so many that
// each gets its turn only now and then.
func TestManyBusyChannelsAreNotSlowConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, sending(0), Options{MaxQueueBytes: 128 << 10})
		ws := dial(t, l)
		for i := range 100 {
			say(t, ws, executeOn(fmt.Sprint("ch-", i)))
		}
		buf := make([]byte, 64<<10)
		for range 300 { // a round of all channels takes 10 s
			if _, err := io.ReadFull(ws.NetConn(), buf); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(buf, []byte("slow consumer")) {
				t.Fatal("a channel was aborted although its client reads")
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// A client that never reads is cut off in the end, and delays no other connection.
func TestStuckConnectionHurtsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var floods atomic.Int32
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			if floods.Add(1) == 1 {
				return sending(0)(ctx, out)
			}
			return out.Send(batch(1))
		}), Options{})
		stuck, other := dial(t, l), dial(t, l)
		say(t, stuck, execute)
		synctest.Wait()
		begin := time.Now()
		for range 10 {
			say(t, other, execute)
			hear(t, other, "STREAM_START")
			hear(t, other, "JOB_START")
			if _, _, err := other.ReadMessage(); err != nil {
				t.Fatal(err)
			}
			hear(t, other, "END_OF_CHANNEL")
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("the other connection was delayed by %v", took)
		}
		time.Sleep(31 * time.Second)
		if list := server.Connections(); len(list) != 1 {
			t.Errorf("after the write timeout there are %v", list)
		}
	})
}

// A refused token ends all that was sent on the connection, also what is persistent
// (protocol.md 6.4).
func TestRefusedTokenEndsPersistentComputations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		_, l := serve(t, gatedBackend{
			funcBackend: func(ctx context.Context, _ *Output) error {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return nil
			},
			auth: func(_ context.Context, token string) (Identity, error) {
				if token != "good" {
					return Identity{}, errors.New("no")
				}
				return Identity{}, nil
			},
		}, Options{})
		ws := dial(t, l)
		say(t, ws, `{"type":"execute","channel":"ch-1","program":"p","persistent":true}`)
		hear(t, ws, "STREAM_START")
		hear(t, ws, "JOB_START")
		say(t, ws, `{"type":"authenticate","token":"bad"}`)
		begin := time.Now()
		if cause := <-ended; cause != ErrDisconnected || time.Since(begin) > time.Second {
			t.Errorf("ended after %v with %v", time.Since(begin), cause)
		}
	})
}

// The end of the server does not wait for a decision about a token.
func TestCloseInterruptsAuthentication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, gatedBackend{auth: func(ctx context.Context, _ string) (Identity, error) {
			<-ctx.Done()
			return Identity{}, ctx.Err()
		}}, Options{AuthTimeout: time.Minute})
		say(t, connect(t, l), `{"type":"authenticate","token":"t"}`)
		synctest.Wait()
		begin := time.Now()
		if err := server.Close(); err != nil || time.Since(begin) > time.Second {
			t.Errorf("Close took %v: %v", time.Since(begin), err)
		}
	})
}

// A backend that panics over a token loses that connection and nothing else.
func TestPanicInAuthenticate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, gatedBackend{auth: func(context.Context, string) (Identity, error) { panic("no") }}, Options{})
		ws := connect(t, l)
		say(t, ws, `{"type":"authenticate","token":"t"}`)
		if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
			t.Errorf("the connection ends with %v", err)
		}
		time.Sleep(closeGrace)
		if list := server.Connections(); len(list) != 0 {
			t.Errorf("left over: %v", list)
		}
	})
}

// However a backend ends, its channel gets a terminal message and its name is free again.
func TestEveryEndIsTold(t *testing.T) {
	cases := map[string]funcBackend{
		"exit":  func(context.Context, *Output) error { runtime.Goexit(); return nil },
		"panic": func(context.Context, *Output) error { panic("bad") },
		"not encodable": func(context.Context, *Output) error {
			return &Error{Code: 400, Message: "m", Context: &messages.ErrorContext{Traceback: func() {}}}
		},
		"plain control message": func(_ context.Context, out *Output) error {
			out.Send(messages.NewControl(messages.EndOfChannelEvent, 1))
			if err := out.Send(messages.NewJobProgress(1, 1)); err != ErrEnded {
				t.Errorf("a message after the end: %v", err)
			}
			return nil
		},
	}
	for name, backend := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, l := serve(t, backend, Options{})
				ws := dial(t, l)
				ws.SetReadDeadline(time.Now().Add(time.Second))
				for range 2 {
					say(t, ws, execute)
					hear(t, ws, "STREAM_START")
					hear(t, ws, "JOB_START")
					if text := hear(t, ws, `"channel":"ch-1"`); !strings.Contains(text, `"error":500`) && !strings.Contains(text, "END_OF_CHANNEL") {
						t.Errorf("the end is %s", text)
					}
				}
			})
		})
	}
}

// What Prepare has made is always run, so that Run can clean up.
func TestPreparedIsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := make(chan error, 1)
		_, l := serve(t, gatedBackend{
			funcBackend: func(ctx context.Context, _ *Output) error { ran <- context.Cause(ctx); return nil },
			prepare:     func(ctx context.Context) error { <-ctx.Done(); return nil },
		}, Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		say(t, ws, `{"type":"detach","channel":"ch-1"}`)
		synctest.Wait()
		select {
		case cause := <-ran:
			if cause != ErrDetached {
				t.Errorf("it ran with cause %v", cause)
			}
		default:
			t.Error("it did not run")
		}
	})
}

// Detaching makes room for other channels, but not for ever more computations that take
// their time to end.
func TestDetachedComputationsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		release := make(chan struct{})
		_, l := serve(t, gatedBackend{funcBackend: untilEnd, prepare: func(context.Context) error {
			started.Add(1)
			<-release
			return nil
		}}, Options{MaxChannels: 2})
		ws := dial(t, l)
		for range 20 {
			say(t, ws, execute)
			say(t, ws, `{"type":"detach","channel":"ch-1"}`)
		}
		synctest.Wait()
		if n := started.Load(); n > 4 {
			t.Errorf("%d computations run with a limit of 2 channels", n)
		}
		close(release)
		synctest.Wait()
		for range 16 {
			hear(t, ws, "Too many channels in this connection")
		}
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
	})
}

// An answer is not much longer than the request, whatever that holds.
func TestAnswersAreShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, funcBackend(untilEnd), Options{})
		ws := dial(t, l)
		name := strings.Repeat(`\u0001`, 100_000)
		for range 2 {
			say(t, ws, `{"type":"execute","program":"p","channel":"`+name+`"}`)
			if text := hear(t, ws, "100000 bytes"); len(text) > len(name)+1000 {
				t.Errorf("an answer of %d bytes", len(text))
			}
		}
	})
}
