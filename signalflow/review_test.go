package signalflow

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Orderings that the tests by feature do not reach, grouped by promise.

// --- cannot hang ---

// A queue smaller than what a view hands over in advance still moves under Block.
func TestBlockWithASmallQueue(t *testing.T) {
	for _, size := range []int{1, 10 << 10, 50 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			onScript(t, flood(200), func(t *testing.T, s *scriptServer) {
				client := s.client(QueueSize(size), OnOverflow(Block))
				comp := execute(t, client)
				data := comp.Data()
				n := 0
				for timeout := time.After(10 * time.Minute); n < 200; {
					select {
					case _, ok := <-data:
						if !ok {
							t.Fatalf("closed after %d messages: %v", n, comp.Err())
						}
						n++
					case <-timeout:
						t.Fatalf("hangs after %d messages", n)
					}
				}
			})
		})
	}
}

// A peer that stopped reading does not delay the notice of the loss, over TLS neither.
func TestStuckTLSConnectionIsLostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTLSServer(t, func(c *scriptConn) { c.start(); c.hang() })
		client := s.client(StreamURL("wss://stream.us9.signalfx.com/v2/signalflow"), TLSConfig(&tls.Config{InsecureSkipVerify: true}),
			WriteTimeout(time.Second), ReadTimeout(time.Hour))
		comp := execute(t, client)
		if _, err := comp.Handle(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		client.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)}) // fills the network
		drainData(comp)
		if d := time.Since(start); d > time.Second+200*time.Millisecond {
			t.Errorf("the loss was noticed after %v, the write timed out after 1s", d)
		}
	})
}

// Nothing of a client is left after Close when its TLS connection is stuck.
func TestCloseOfAStuckTLSConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTLSServer(t, func(c *scriptConn) { c.start(); c.hang() })
		client := s.client(StreamURL("wss://stream.us9.signalfx.com/v2/signalflow"), TLSConfig(&tls.Config{InsecureSkipVerify: true}),
			WriteTimeout(time.Second), ReadTimeout(time.Hour))
		execute(t, client)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		client.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
		pass(600 * time.Millisecond) // the write has timed out
		start := time.Now()
		client.Close()
		if d := time.Since(start); d > 200*time.Millisecond {
			t.Errorf("Close took %v", d)
		}
		synctest.Wait()
		if left := clientGoroutines(); len(left) > 0 {
			t.Errorf("%d goroutines are left after Close: %s", len(left), left[0])
		}
	})
}

// While a lost connection is still being taken down, a call waits for the next one; it
// does not try the lost one again and again.
func TestOpenDoesNotSpinOnALostConnection(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
		client := s.client()
		client.Connect(t.Context())
		tr := client.transport.(*wsTransport)
		lost := tr.shared
		dead := &wsConn{ws: lost.ws, conf: lost.conf, gone: make(chan struct{}), routes: map[string]*route{}, cause: lostError(1006, "", nil)}
		close(dead.gone)
		tr.update(func() { tr.shared = dead }) // shut, not yet unpublished
		sink := &countingSink{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			tr.open(t.Context(), openRequest{channel: "x", body: []byte(`{}`)}, sink)
		}()
		synctest.Wait()
		n := sink.bound
		tr.update(func() { tr.shared = lost })
		<-done
		if n > 2 {
			t.Errorf("a lost connection was tried %d times in no time", n)
		}
	})
}

// countingSink ends the goroutine that binds it too often.
type countingSink struct{ bound int }

func (s *countingSink) bind(link) {
	if s.bound++; s.bound > 1000 {
		runtime.Goexit()
	}
}
func (*countingSink) receive(messages.Message, int) {}
func (*countingSink) gap(*messages.DecodeError)     {}
func (*countingSink) lost(error)                    {}

// Detach ends the computation at once, also when the socket is stuck.
func TestDetachWithAStuckSocket(t *testing.T) {
	for name, end := range map[string]func(*Computation) error{
		"detach":              func(c *Computation) error { return c.Detach(context.Background()) },
		"stop without handle": func(c *Computation) error { return c.Stop(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, func(c *scriptConn) { c.expect("execute"); c.hang() }, func(t *testing.T, s *scriptServer) {
				client := s.client(WriteTimeout(time.Hour), ReadTimeout(24*time.Hour))
				comp := execute(t, client)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				client.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)}) // fills the network
				start := time.Now()
				go end(comp)
				data := comp.Data()
				select {
				case <-data:
				case <-time.After(time.Minute):
				}
				if d := time.Since(start); d > stopGrace {
					t.Errorf("Data is still open %v later", d)
				}
			})
		})
	}
}

// A logger may block, and may close the client: it is called under no lock of the client.
func TestLoggerThatClosesTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScriptServer(t, nil)
		s.listen.Close()
		var client *Client
		ready := make(chan struct{})
		closed := make(chan struct{})
		var once sync.Once
		handler := handlerFunc(func(r slog.Record) {
			if r.Level < slog.LevelWarn {
				return
			}
			<-ready
			if !client.reports.mu.TryLock() {
				t.Error("the logger is called under a lock that Close needs")
				return
			}
			client.reports.mu.Unlock()
			once.Do(func() {
				go func() { client.Close(); close(closed) }()
				select {
				case <-closed:
				case <-time.After(10 * time.Second):
					t.Error("Close waits for the logger")
				}
			})
		})
		client = s.client(Logger(slog.New(handler)))
		close(ready)
		pass(time.Minute)
	})
}

// handlerFunc is a slog.Handler.
type handlerFunc func(slog.Record)

func (f handlerFunc) Enabled(context.Context, slog.Level) bool      { return true }
func (f handlerFunc) Handle(_ context.Context, r slog.Record) error { f(r); return nil }
func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler            { return f }
func (f handlerFunc) WithGroup(string) slog.Handler                 { return f }

// --- cannot panic ---

// A channel may be detached while its Execute still waits for a connection.
func TestClientDetachWhileExecuteWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests []string
		var mu sync.Mutex
		s := newScriptServer(t, func(c *scriptConn) {
			for r := c.read(); r != nil; r = c.read() {
				mu.Lock()
				requests = append(requests, fmt.Sprint(r["type"]))
				mu.Unlock()
			}
		})
		answer := make(chan struct{})
		s.auth = func(c *scriptConn, _ map[string]any) bool {
			<-answer
			return c.text(`{"type":"authenticated"}`) == nil
		}
		client := s.client()
		executed := make(chan error, 1)
		go func() {
			_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Channel: "x"})
			executed <- err
		}()
		synctest.Wait()
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("Detach panics: %v", p)
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			client.Detach(ctx, &DetachRequest{Channel: "x"})
		}()
		close(answer)
		err := <-executed
		pass(time.Second)
		mu.Lock()
		defer mu.Unlock()
		// Whatever the order: a run that was detached is not left behind on the server.
		if slices.Contains(requests, "execute") && !slices.Contains(requests, "detach") && err == nil && len(client.transport.(*wsTransport).shared.routes) > 0 && len(client.all()) == 0 {
			t.Errorf("the server got %v and its run has no owner", requests)
		}
	})
}

// --- cannot lie ---

// A channel that nobody asked for does not end the computation of one that is full but
// complete.
func TestUnaskedChannelNeverOverflows(t *testing.T) {
	for name, last := range map[string]func(c *scriptConn, ch string){
		"end":  func(*scriptConn, string) {},
		"info": func(c *scriptConn, ch string) { c.text("%s", infoText(ch, "X", "{}")) },
	} {
		t.Run(name, func(t *testing.T) {
			const n, cost = 100, 27*100 + 256
			asked := make(chan struct{})
			onScript(t, func(c *scriptConn) {
				ch := c.start()
				<-asked
				for ms := range int64(n) {
					c.binary(dataFrame(ch, ms, points(100)...))
				}
				last(c, ch)
				c.end(ch)
				c.drain()
			}, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client(QueueSize(n*cost)))
				data := comp.Data()
				close(asked)
				pass(time.Second)
				if got := count(data); got != n || comp.Err() != nil {
					t.Errorf("%d messages of %d, %v", got, n, comp.Err())
				}
			})
		})
	}
}

// What a reader has taken does not fill the queue.
func TestReadMessagesDoNotFillTheQueue(t *testing.T) {
	const cost = 27*100 + 256
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		pair := append(webSocketFrame(dataFrame(ch, 1, points(100)...)), webSocketFrame(dataFrame(ch, 2, points(100)...))...)
		for range 50 {
			pass(time.Second) // the reader has everything by now
			c.NetConn().Write(pair)
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		defer pass(time.Minute) // for the server
		comp := execute(t, s.client(QueueSize(10*cost)))
		if n := drainData(comp); n != 100 || comp.Err() != nil {
			t.Errorf("%d messages, never more than 2 of the 10 that fit were waiting: %v", n, comp.Err())
		}
	})
}

// Bytes that keep coming are not silence, however long one message takes.
func TestLongMessageIsNotSilence(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		var reader sync.WaitGroup
		defer reader.Wait()
		reader.Go(c.drain)
		for _, b := range webSocketFrame(dataFrame(ch, 1, points(10)...)) {
			pass(time.Second)
			if _, err := c.NetConn().Write([]byte{b}); err != nil {
				return
			}
		}
		c.end(ch)
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(ReadTimeout(10*time.Second)))
		if n := drainData(comp); n != 1 || comp.Err() != nil {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
	})
}

// A name that is used again does not get what the run before it had still under way.
func TestReusedChannelNameGetsNoLateMessages(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		if c.number == 1 {
			c.expect("detach")
			c.binary(dataFrame(ch, 1, points(1)...)) // of the first run, sent before it saw the detach
			c.drain()
			return
		}
		c.binary(dataFrame(ch, 2, points(1)...))
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		client := s.client()
		req := &ExecuteRequest{Program: "p", Channel: "mine"}
		first, err := client.Execute(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		second, err := client.Execute(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		var stamps []uint64
		for m := range second.Data() {
			stamps = append(stamps, m.TimestampMillis)
		}
		if !slices.Equal(stamps, []uint64{2}) || second.Err() != nil {
			t.Errorf("the second run got %v and ended with %v", stamps, second.Err())
		}
	})
}

// The reason of a loss is not what the server said about something else long before.
func TestOldNoticeIsNotTheReasonOfALoss(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		c.text(`{"type":"error","error":400,"message":"bad stop request"}`)
		pass(time.Hour)
		c.binary(dataFrame(ch, 1, points(1)...))
		pass(time.Second)
		c.NetConn().Close()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(ReadTimeout(4*time.Hour)))
		drainData(comp)
		var lost *ConnectionLostError
		if !errors.As(comp.Err(), &lost) || strings.Contains(lost.Reason, "bad stop request") {
			t.Errorf("%v", comp.Err())
		}
	})
}

// The connect timeout is not the caller's deadline.
func TestConnectTimeoutOfAFurtherConnection(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
		s.auth = func(c *scriptConn, _ map[string]any) bool {
			if c.number > 1 {
				c.drain()
				return false
			}
			return c.text(`{"type":"authenticated"}`) == nil
		}
		client := s.client()
		client.Connect(t.Context())
		_, err := client.Execute(context.Background(), &ExecuteRequest{Program: "p", Overflow: Block})
		var connect *ConnectError
		if !errors.As(err, &connect) || connect.Err != nil {
			t.Errorf("Err is %v, want nil: the context has not ended (%v)", connect.Err, err)
		}
	})
}

// --- the token ---

// A token that is refused on a further connection is not presented again, and OnError
// hears of it.
func TestTokenRefusedOnAFurtherConnection(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
		s.auth = func(c *scriptConn, _ map[string]any) bool {
			if c.number > 1 {
				c.goodbye(4401, "Invalid authentication token")
				return false
			}
			return c.text(`{"type":"authenticated"}`) == nil
		}
		var log errorLog
		client := s.client(MaxChannels(1), OnError(log.add))
		first := execute(t, client)
		for range 3 {
			_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
			checkAuthError(t, err)
		}
		synctest.Wait()
		if n := len(s.dialTimes()); n != 2 {
			t.Errorf("%d dials, want 2: the token was refused on the second", n)
		}
		if first.Err() != nil {
			t.Errorf("the computation on the connection that still lives ended: %v", first.Err())
		}
		if !log.contains("authentication failed") {
			t.Errorf("OnError got %v", log.all())
		}
	})
}

// A dial of a further connection that fails is reported like any other.
func TestOnErrorHearsOfFurtherConnections(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
		var log errorLog
		client := s.client(MaxChannels(1), OnError(log.add))
		execute(t, client)
		s.listen.Close()
		_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
		if !errors.As(err, new(*ConnectError)) {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		if len(log.all()) == 0 {
			t.Error("OnError got nothing")
		}
	})
}

// The server may say the token anywhere; no error repeats it.
func TestEchoedTokenIsInNoError(t *testing.T) {
	channel := func(format string) func(c *scriptConn) {
		return func(c *scriptConn) { c.text(format, c.start(), testToken); c.drain() }
	}
	for name, serve := range map[string]func(c *scriptConn){
		"program error":         channel(`{"type":"error","channel":%q,"error":400,"message":"token %s"}`),
		"error type":            channel(`{"type":"error","channel":%q,"error":400,"errorType":"%s"}`),
		"refusal on a channel":  channel(`{"type":"error","channel":%q,"error":403,"message":"token %s"}`),
		"abort":                 channel(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"FAILED","sf_job_abortReason":"%s"}}`),
		"close":                 func(c *scriptConn) { c.start(); c.goodbye(1008, "token "+testToken) },
		"close 4401":            func(c *scriptConn) { c.start(); c.goodbye(4401, "token "+testToken) },
		"notice before a close": func(c *scriptConn) { c.start(); c.text(`{"type":"error","message":"%s"}`, testToken); c.Close() },
		"not JSON":              func(c *scriptConn) { c.start(); c.text(`token %s`, testToken); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, serve, func(t *testing.T, s *scriptServer) {
				var log errorLog
				comp := execute(t, s.client(OnError(log.add)))
				drainData(comp)
				synctest.Wait()
				if comp.Err() == nil {
					t.Error("no error")
				}
				for _, err := range append(log.all(), comp.Err()) {
					checkNoToken(t, err)
				}
			})
		})
	}
}

// Nor does one that comes before the connection is authenticated.
func TestEchoedTokenWhileAuthenticating(t *testing.T) {
	for name, refuse := range map[string]func(c *scriptConn){
		"close 4401":    func(c *scriptConn) { c.goodbye(4401, "token "+testToken) },
		"close 1008":    func(c *scriptConn) { c.goodbye(1008, "token "+testToken) },
		"error":         func(c *scriptConn) { c.text(`{"type":"error","error":401,"message":"token %s"}`, testToken) },
		"unavailable":   func(c *scriptConn) { c.text(`{"type":"error","error":503,"message":"token %s"}`, testToken) },
		"not JSON":      func(c *scriptConn) { c.text(`token %s`, testToken) },
		"error context": func(c *scriptConn) { c.text(`{"type":"error","error":401,"context":{"bindingName":"%s"}}`, testToken) },
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, nil, func(t *testing.T, s *scriptServer) {
				s.auth = func(c *scriptConn, _ map[string]any) bool { refuse(c); return false }
				var log errorLog
				err := s.client(OnError(log.add)).Connect(t.Context())
				for _, err := range append(log.all(), err) {
					checkNoToken(t, err)
				}
			})
		})
	}
}

// checkNoToken looks at an error and all that it wraps.
func checkNoToken(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, format := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(format, err); strings.Contains(text, testToken) {
			t.Errorf("the token is in %T: %s", err, text)
			return
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		checkNoToken(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			checkNoToken(t, err)
		}
	}
}

func TestStreamURLErrorShowsNoPassword(t *testing.T) {
	_, err := NewClient(StreamURL("wss://me:secret@stream.us1.signalfx.com:99x/"))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// --- clear lifetimes ---

// Close meets a connection that has just been authenticated.
func TestCloseWhileAConnectionIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScriptServer(t, func(c *scriptConn) { c.drain() })
		connected := make(chan struct{})
		var once sync.Once
		handler := handlerFunc(func(r slog.Record) {
			once.Do(func() {
				close(connected)
				pass(10 * time.Millisecond) // while Close runs
			})
		})
		client := s.client(Logger(slog.New(handler)))
		<-connected
		start := time.Now()
		client.Close()
		if d := time.Since(start); d > 500*time.Millisecond {
			t.Errorf("Close took %v", d)
		}
		pass(time.Minute)
		if left := clientGoroutines(); len(left) > 0 {
			t.Errorf("%d goroutines are left a minute after Close: %s", len(left), left[0])
		}
	})
}

// A detach whose context has ended still reaches the server: nobody else will send it.
func TestDetachWithAnEndedContext(t *testing.T) {
	got := make(chan map[string]any, 1)
	onScript(t, func(c *scriptConn) { c.start(); got <- c.read(); c.drain() }, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := comp.Detach(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		drainData(comp)
		pass(10 * time.Second)
		select {
		case r := <-got:
			if r["type"] != "detach" {
				t.Errorf("the server got %v", r)
			}
		default:
			t.Error("the computation has ended here and runs on there")
		}
	})
}

// An Execute whose context has ended before anything was written says nothing to the server.
func TestExecuteWithAnEndedContextSendsNothing(t *testing.T) {
	got := make(chan map[string]any, 1)
	onScript(t, func(c *scriptConn) { got <- c.read(); c.drain() }, func(t *testing.T, s *scriptServer) {
		client := s.client()
		client.Connect(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client.Execute(ctx, &ExecuteRequest{Program: "p"}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		pass(time.Second)
		select {
		case r := <-got:
			t.Errorf("the server got %v", r)
		default:
		}
	})
}

// A further connection that is lost before its request is written is not replaced in a loop.
func TestFurtherConnectionThatDropsAtOnce(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
		s.auth = func(c *scriptConn, _ map[string]any) bool {
			c.text(`{"type":"authenticated"}`)
			if c.number > 1 {
				c.goodbye(1001, "going away")
				if c.number > 1000 {
					c.server.listen.Close()
				}
			}
			return c.number == 1
		}
		client := s.client()
		client.Connect(t.Context())
		for range 20 {
			before := len(s.dialTimes())
			client.Execute(t.Context(), &ExecuteRequest{Program: "p", Overflow: Block})
			dials := s.dialTimes()[before:]
			for i := 1; i < len(dials); i++ {
				if gap := dials[i].Sub(dials[i-1]); gap < firstBackoff/2 {
					t.Fatalf("dial %d of one Execute follows %v after the one before", i+1, gap)
				}
			}
		}
	})
}

func TestRequestPolicyIsValidated(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
		if _, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p", Overflow: 9}); err == nil {
			t.Error("policy 9 is taken")
		}
	})
}

// A call that gives up before the first attempt has failed still says why.
func TestConnectErrorHasAReason(t *testing.T) {
	e := &ConnectError{URL: "wss://stream.us1.signalfx.com/v2/signalflow"}
	if text := e.Error(); text == "not connected to "+e.URL {
		t.Errorf("%q says neither why nor what to do", text)
	}
}

// --- orderings that hold ---

// serveThen starts a run, waits for the client to say go, and does what is left.
func serveThen(started chan<- struct{}, goOn <-chan struct{}, rest func(c *scriptConn, ch string)) func(c *scriptConn) {
	return func(c *scriptConn) {
		ch := c.start()
		if c.number > 1 {
			c.drain()
			return
		}
		close(started)
		<-goOn
		rest(c, ch)
	}
}

// The first end decides, whatever follows it.
func TestTheFirstEndDecides(t *testing.T) {
	abort := `{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"FAILED","sf_job_abortReason":"x"}}`
	for name, test := range map[string]struct {
		before func(c *Computation)           // what the caller did
		rest   func(c *scriptConn, ch string) // what the server does then
		after  func(c *Computation)           // and what the caller did after that
		want   any
	}{
		"end then loss":  {rest: func(c *scriptConn, ch string) { c.end(ch); c.Close() }},
		"end then abort": {rest: func(c *scriptConn, ch string) { c.end(ch); c.text(abort, ch); c.drain() }},
		"end then error": {rest: func(c *scriptConn, ch string) {
			c.end(ch)
			c.text(`{"type":"error","channel":%q,"error":400}`, ch)
			c.drain()
		}},
		"end then detach":      {rest: func(c *scriptConn, ch string) { c.end(ch); c.drain() }, after: func(c *Computation) { c.Detach(context.Background()) }},
		"abort then end":       {rest: func(c *scriptConn, ch string) { c.text(abort, ch); c.end(ch); c.drain() }, want: new(*AbortError)},
		"abort then stop":      {rest: func(c *scriptConn, ch string) { c.text(abort, ch); c.drain() }, after: func(c *Computation) { c.Stop(context.Background()) }, want: new(*AbortError)},
		"abort then loss":      {rest: func(c *scriptConn, ch string) { c.text(abort, ch); c.Close() }, want: new(*AbortError)},
		"abort then close":     {rest: func(c *scriptConn, ch string) { c.text(abort, ch); c.drain() }, after: func(c *Computation) { c.client.Close() }, want: new(*AbortError)},
		"loss then stop":       {rest: func(c *scriptConn, ch string) { c.Close() }, after: func(c *Computation) { c.Stop(context.Background()) }, want: new(*ConnectionLostError)},
		"loss then detach":     {rest: func(c *scriptConn, ch string) { c.Close() }, after: func(c *Computation) { c.Detach(context.Background()) }, want: new(*ConnectionLostError)},
		"loss then close":      {rest: func(c *scriptConn, ch string) { c.Close() }, after: func(c *Computation) { c.client.Close() }, want: new(*ConnectionLostError)},
		"stop then loss":       {before: func(c *Computation) { c.Stop(context.Background()) }, rest: func(c *scriptConn, ch string) { c.Close() }},
		"stop then end":        {before: func(c *Computation) { c.Stop(context.Background()) }, rest: func(c *scriptConn, ch string) { c.end(ch); c.drain() }},
		"stop then failure":    {before: func(c *Computation) { c.Stop(context.Background()) }, rest: func(c *scriptConn, ch string) { c.text(abort, ch); c.drain() }, want: new(*AbortError)},
		"stop twice then loss": {before: func(c *Computation) { c.Stop(context.Background()); c.Stop(context.Background()) }, rest: func(c *scriptConn, ch string) { c.Close() }},
		"stop then detach":     {before: func(c *Computation) { c.Stop(context.Background()); c.Detach(context.Background()) }, rest: func(c *scriptConn, ch string) { c.drain() }},
		"detach then loss":     {before: func(c *Computation) { c.Detach(context.Background()) }, rest: func(c *scriptConn, ch string) { c.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			started, goOn := make(chan struct{}), make(chan struct{})
			onScript(t, serveThen(started, goOn, test.rest), func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				if _, err := comp.Handle(t.Context()); err != nil {
					t.Fatal(err)
				}
				<-started
				if test.before != nil {
					test.before(comp)
				}
				close(goOn)
				synctest.Wait()
				if test.after != nil {
					test.after(comp)
				}
				drainData(comp)
				if err := comp.Err(); test.want == nil && err != nil || test.want != nil && !errors.As(err, test.want) {
					t.Errorf("%v (%T), want %T", err, err, test.want)
				}
			})
		})
	}
}

// An overflow stays the end of its computation whatever is called afterwards.
func TestOverflowThenStop(t *testing.T) {
	asked := make(chan struct{})
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		<-asked
		for ms := range int64(100) {
			c.binary(dataFrame(ch, ms, points(100)...))
		}
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(QueueSize(10<<10)))
		comp.Handle(t.Context())
		comp.Data()
		close(asked)
		synctest.Wait()
		for name, call := range map[string]func(context.Context) error{"Stop": comp.Stop, "Detach": comp.Detach} {
			if err := call(t.Context()); err != nil {
				t.Errorf("%s of an ended computation: %v", name, err)
			}
		}
		if !errors.As(comp.Err(), new(*OverflowError)) {
			t.Errorf("%v", comp.Err())
		}
	})
}

// A view may be asked for twice, after the end, after the rest is gone and after Close.
func TestWhenViewsAreAsked(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		onScript(t, everything, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			if comp.Data() != comp.Data() {
				t.Error("two channels share one queue")
			}
			if n := drainData(comp); n != 1 {
				t.Errorf("%d messages", n)
			}
			if n := drainData(comp); n != 0 {
				t.Errorf("%d messages after the last", n)
			}
		})
	})
	t.Run("late", func(t *testing.T) {
		onScript(t, everything, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			pass(retireAfter - time.Second)
			if n := drainData(comp); n != 1 || comp.Err() != nil {
				t.Errorf("%d messages, %v", n, comp.Err())
			}
			if n := count(comp.Info()); n != 6 {
				t.Errorf("%d information messages", n)
			}
		})
	})
	t.Run("too late", func(t *testing.T) {
		onScript(t, everything, func(t *testing.T, s *scriptServer) {
			client := s.client()
			comp := execute(t, client)
			pass(retireAfter + time.Second)
			if comp.Err() != nil {
				t.Errorf("nobody asked for anything: %v", comp.Err())
			}
			if n := len(client.all()); n != 0 {
				t.Errorf("%d computations are kept", n)
			}
			if n := drainData(comp); n != 0 || comp.Stats().DroppedData != 1 {
				t.Errorf("%d messages, %d dropped", n, comp.Stats().DroppedData)
			}
			if !errors.As(comp.Err(), new(*OverflowError)) {
				t.Errorf("%v: whoever asks now must learn that data is missing", comp.Err())
			}
		})
	})
	t.Run("after Close", func(t *testing.T) {
		onScript(t, everything, func(t *testing.T, s *scriptServer) {
			client := s.client()
			comp := execute(t, client)
			synctest.Wait()
			client.Close()
			if n := drainData(comp); n != 0 || !errors.Is(comp.Err(), ErrClosed) {
				t.Errorf("%d messages, %v", n, comp.Err())
			}
		})
	})
}

// The rest of one channel goes when nobody reads any, not while another is read.
func TestRestIsKeptWhileAnotherChannelIsRead(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		for ms := range int64(100) {
			c.binary(dataFrame(ch, ms, points(1)...))
			c.text("%s", infoText(ch, "X", "{}"))
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		data := comp.Data()
		for range 50 {
			<-data
			pass(retireAfter / 2)
		}
		if n := count(comp.Info()); n != 100 {
			t.Errorf("%d information messages, want all 100", n)
		}
		if n := count(data); n != 50 || comp.Err() != nil {
			t.Errorf("%d further data messages, %v", n, comp.Err())
		}
	})
}

// One message larger than the whole queue arrives.
func TestMessageLargerThanTheQueue(t *testing.T) {
	for _, policy := range []OverflowPolicy{FailComputation, DropOldest, Block} {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			if ch == "" {
				return
			}
			c.binary(dataFrame(ch, 1, points(10_000)...))
			pass(time.Second)
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client(QueueSize(1000), OnOverflow(policy)))
			if n := drainData(comp); n != 1 || comp.Err() != nil {
				t.Errorf("policy %d: %d messages, %v", policy, n, comp.Err())
			}
		})
	}
}

// Exclusive connections do not count towards MaxChannels, and a stop by handle finds its
// way to them.
func TestExclusiveConnections(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.expect("execute")["channel"]
		c.text(`{"type":"control-message","channel":%q,"event":"JOB_START","handle":"GzHandle%05d"}`, ch, c.number)
		if c.expect("stop") != nil {
			c.text(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"STOPPED","sf_job_abortReason":""}}`, ch)
		}
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		client := s.client(MaxChannels(1))
		if err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		var own []*Computation
		for range 3 {
			comp, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Overflow: Block})
			if err != nil {
				t.Fatal(err)
			}
			own = append(own, comp)
		}
		shared := execute(t, client)
		if n := len(s.connections()); n != 4 {
			t.Errorf("%d connections, want the shared one and 3", n)
		}
		for _, comp := range own {
			handle, err := comp.Handle(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Stop(t.Context(), &StopRequest{Handle: handle}); err != nil {
				t.Error(err)
			}
			if drainData(comp); comp.Err() != nil {
				t.Error(comp.Err())
			}
		}
		if shared.Detach(t.Context()); shared.Err() != nil {
			t.Error(shared.Err())
		}
	})
}

// The loss of the shared connection does not touch the further ones, nor the other way
// round; new computations wait for the shared one.
func TestLossOfOneConnectionOfSeveral(t *testing.T) {
	drop := make(chan struct{})
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		if c.number == 1 {
			<-drop
			return
		}
		pass(time.Minute)
		c.binary(dataFrame(ch, 1, points(1)...))
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		client := s.client(MaxChannels(1))
		shared, further := execute(t, client), execute(t, client)
		close(drop)
		drainData(shared)
		if !errors.As(shared.Err(), new(*ConnectionLostError)) {
			t.Errorf("shared: %v", shared.Err())
		}
		again := execute(t, client)
		for _, comp := range []*Computation{further, again} {
			if n := drainData(comp); n != 1 || comp.Err() != nil {
				t.Errorf("%d messages, %v", n, comp.Err())
			}
		}
	})
}

// Whatever is called while Close runs returns, and nothing is left.
func TestEverythingDuringClose(t *testing.T) {
	for round := range 30 {
		onScript(t, func(c *scriptConn) {
			var reader sync.WaitGroup
			defer reader.Wait()
			ch := c.start()
			reader.Go(c.drain)
			for ms := int64(0); ch != "" && c.binary(dataFrame(ch, ms, points(1)...)) == nil; ms++ {
				pass(time.Duration(ms%2) * time.Millisecond)
			}
		}, func(t *testing.T, s *scriptServer) {
			client := s.client(MaxChannels(2), QueueSize(10<<10), OnOverflow(DropOldest))
			ctx := context.Background()
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					policy := []OverflowPolicy{DropOldest, Block}[i%2]
					comp, err := client.Execute(ctx, &ExecuteRequest{Program: "p", Overflow: policy})
					if err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Error(err)
						}
						return
					}
					wg.Go(func() { comp.Handle(ctx); comp.Stats(); comp.Stop(ctx) })
					wg.Go(func() { comp.Events(); comp.Detach(ctx) })
					drainData(comp)
					if err := comp.Err(); err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
				})
			}
			for range round { // the first rounds close while the connections are made
				runtime.Gosched()
			}
			start := time.Now()
			client.Close()
			if d := time.Since(start); d > 500*time.Millisecond {
				t.Errorf("Close took %v", d)
			}
			wg.Wait()
			synctest.Wait()
			if left := clientGoroutines(); len(left) > 0 {
				t.Errorf("%d goroutines are left: %s", len(left), left[0])
			}
			pass(time.Second) // for the server
		})
	}
}

// newTLSServer is newScriptServer behind TLS.
func newTLSServer(t *testing.T, serve func(c *scriptConn)) *scriptServer {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(100, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	l := memnet.Listen("script")
	conf := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: private}}}
	return startScript(&scriptServer{t: t, listen: tls.NewListener(l, conf), dialer: l.DialContext, serve: serve})
}
