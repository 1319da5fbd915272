package signalflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// stream starts a stream or fails the test.
func stream(t *testing.T, c *Client, o Options) *Stream {
	t.Helper()
	s, err := c.Stream(t.Context(), "p", o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drainStream runs a loop to its end and returns its items as text, and its error.
func drainStream(s *Stream) (items []string, err error) {
	for it, e := range s.All() {
		if e != nil {
			err = e
			continue
		}
		items = append(items, itemText(it))
	}
	return items, err
}

// runBackend is a server half whose every run the test plays itself.
type runBackend struct {
	play   func(number int, ctx context.Context, out *wire.Output, req *wire.Request) error
	refuse func(token string) error

	mu       sync.Mutex
	requests []*wire.Request // of the runs
}

func (b *runBackend) Authenticate(_ context.Context, token string) (wire.Identity, error) {
	if b.refuse != nil {
		return wire.Identity{OrgID: "org"}, b.refuse(token)
	}
	return wire.Identity{OrgID: "org"}, nil
}

func (b *runBackend) Prepare(_ context.Context, _ wire.Identity, req *wire.Request) (wire.Computation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, req)
	return playedRun{b, req, len(b.requests)}, nil
}

// runs returns the requests of the runs so far.
func (b *runBackend) runs() []*wire.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

type playedRun struct {
	*runBackend
	req    *wire.Request
	number int
}

func (r playedRun) Run(ctx context.Context, out *wire.Output) error {
	return r.play(r.number, ctx, out, r.req)
}

// onRuns runs a test against such a server over each transport, in a bubble.
func onRuns(t *testing.T, b func() *runBackend, test func(t *testing.T, b *runBackend, g *gate, c *Client), options ...ClientParam) {
	t.Helper()
	for transport, choose := range transports {
		t.Run(transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := b()
				n := serveSteps(t, backend)
				g := &gate{dial: n.dial}
				test(t, backend, g, n.client(t, slices.Concat(choose, []ClientParam{Dialer(g.dialThrough)}, options)...))
			})
		})
	}
}

// live sends a batch a second until the run ends.
func live(ctx context.Context, out *wire.Output) error {
	out.Send(messages.NewMetadata(1, stepMetadata(out.Handle(), 0, 0)))
	for {
		if err := out.Send(messages.NewData(time.Now().UnixMilli(), []messages.DataPayload{messages.LongPayload(1, 7)})); err != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// What says that another try would be pointless ends the stream, with its error.
func TestStreamNeverResumesAfter(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c *scriptConn, ch string)
		want any
	}{
		"an error": {func(c *scriptConn, ch string) {
			c.text(`{"type":"error","channel":%q,"error":400,"message":"bad"}`, ch)
		}, new(*ComputationError)},
		"a failure": {func(c *scriptConn, ch string) {
			c.text(`{"type":"error","channel":%q,"error":500,"message":"broken"}`, ch)
		}, new(*ComputationError)},
		"no right":       {func(c *scriptConn, ch string) { c.text(`{"type":"error","channel":%q,"error":403,"message":"no"}`, ch) }, new(*AuthError)},
		"an abort":       {func(c *scriptConn, ch string) { c.text(abortText, ch, "FAILED") }, new(*AbortError)},
		"another's stop": {func(c *scriptConn, ch string) { c.text(abortText, ch, "STOPPED") }, new(*AbortError)},
		"4401":           {func(c *scriptConn, ch string) { c.goodbye(4401, "Invalid authentication token") }, new(*AuthError)},
		"the end":        {func(c *scriptConn, ch string) { c.end(ch) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			executes := 0
			onScript(t, func(c *scriptConn) {
				ch := c.start()
				executes++
				c.binary(dataFrame(ch, 1000, double(1, 1)))
				test.end(c, ch)
				if c.expect("execute") != nil {
					executes++
				}
			}, func(t *testing.T, s *scriptServer) {
				st := stream(t, s.client(), Options{})
				items, err := drainStream(st)
				if len(items) != 1 {
					t.Errorf("items %q, want the one batch", items)
				}
				if err != st.Err() || (err == nil) != (test.want == nil) || test.want != nil && !errors.As(err, test.want) {
					t.Errorf("loop %v, Err %v", err, st.Err())
				}
				pass(time.Hour)
				if executes != 1 {
					t.Errorf("executed %d times", executes)
				}
			})
		})
	}
}

const abortText = `{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":%q,"sf_job_abortReason":"x"}}`

// The count of tries, and what is said at the end.
func TestStreamGivesUp(t *testing.T) {
	for name, test := range map[string]struct {
		serve func(c *scriptConn)
		want  []any
	}{
		"lost each time": {func(c *scriptConn) { c.start(); c.goodbye(1001, "going away") }, []any{new(*ConnectionLostError)}},
		"throttled each time": {func(c *scriptConn) {
			for ch := c.start(); ch != ""; ch = c.start() {
				c.text(`{"type":"error","channel":%q,"error":429,"message":"too many"}`, ch)
			}
		}, []any{new(*ThrottledError), new(*ComputationError)}},
		"gone": {func(c *scriptConn) { c.start(); c.server.listen.Close(); c.Close() }, []any{new(*ConnectionLostError), new(*ConnectError)}},
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, test.serve, func(t *testing.T, s *scriptServer) {
				st := stream(t, s.client(), Options{Tries: 3})
				_, err := drainStream(st)
				if err == nil || !strings.Contains(err.Error(), "gave up after 3 tries") {
					t.Fatalf("%v", err)
				}
				for _, want := range test.want {
					if !errors.As(err, want) {
						t.Errorf("%v is no %T", err, want)
					}
				}
				if st := st.Stats(); st.Running {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

func TestStreamWithoutTries(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.binary(dataFrame(c.start(), 1000, double(1, 1))); c.goodbye(1001, "") }, func(t *testing.T, s *scriptServer) {
		items, err := drainStream(stream(t, s.client(), Options{Tries: -1}))
		var lost *ConnectionLostError
		if len(items) != 1 || !strings.Contains(items[0], "incomplete") || !errors.As(err, &lost) || lost.Code != 1001 {
			t.Errorf("%q, %v", items, err)
		}
		pass(time.Hour)
		if n := len(s.connections()); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// A run that lives for a while counts as a new beginning, also if nothing happens in it.
func TestQuietStreamDoesNotGiveUp(t *testing.T) {
	runs := 0
	onScript(t, func(c *scriptConn) {
		c.start()
		runs++
		defer time.AfterFunc(2*time.Minute, func() { c.Close() }).Stop()
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		st := stream(t, s.client(), Options{Tries: 2})
		pass(time.Hour)
		if runs < 20 || st.Err() != nil {
			t.Errorf("%d runs, %v", runs, st.Err())
		}
	})
}

// A run that only repeats what was known does not count as one.
func TestRepeatingStreamGivesUp(t *testing.T) {
	executes := 0
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		executes++
		c.text("%s", metadataText(ch, 9, "a"))
		c.text(`{"type":"event","channel":%q,"tsId":"AAAAAAAAAAk","timestampMs":5000,"metadata":{},"properties":{"is":"anomalous"}}`, ch)
		c.text("%s", infoText(ch, messages.FetchNumTimeseries, "{}"))
		c.goodbye(1001, "")
	}, func(t *testing.T, s *scriptServer) {
		items, err := drainStream(stream(t, s.client(), Options{Tries: 4}))
		if err == nil || executes != 5 {
			t.Errorf("%d runs, %v: %q", executes, err, items)
		}
		if n := strings.Count(fmt.Sprint(items), "restated"); n != 4 {
			t.Errorf("%q", items)
		}
	})
}

// Where a run begins, after a loss at each stage of the one before.
func TestWhereAResumedRunBegins(t *testing.T) {
	const second = 1000
	began := int64(1_700_000_000_000)
	describe := func(c *scriptConn, ch string) { c.text("%s", metadataText(ch, 1, "a")) }
	job := func(c *scriptConn, ch string, ms int64) {
		c.text(`{"type":"control-message","channel":%q,"event":"JOB_START","handle":"h","timestampMs":%d}`, ch, ms)
	}
	event := func(c *scriptConn, ch string, ms int64) {
		c.text(`{"type":"event","channel":%q,"tsId":"AAAAAAAAAAk","timestampMs":%d,"metadata":{},"properties":{"is":"ok"}}`, ch, ms)
	}
	at := time.UnixMilli
	for name, test := range map[string]struct {
		options Options
		first   func(c *scriptConn, ch string)
		want    map[string]any // fields of the second request; nil for none
	}{
		"before JOB_START, from now":  {Options{}, func(c *scriptConn, ch string) {}, map[string]any{"start": nil, "stop": nil}},
		"before JOB_START":            {Options{Start: at(began)}, func(c *scriptConn, ch string) {}, map[string]any{"start": began}},
		"before the first batch":      {Options{}, func(c *scriptConn, ch string) { job(c, ch, began) }, map[string]any{"start": began}},
		"before the first, start set": {Options{Start: at(began - 60*second)}, func(c *scriptConn, ch string) { job(c, ch, began) }, map[string]any{"start": began - 60*second}},
		"start set in the request":    {Options{Request: ExecuteRequest{StartMs: began - 60*second}}, func(c *scriptConn, ch string) { job(c, ch, began) }, map[string]any{"start": began - 60*second}},
		"after an event": {Options{Stop: at(began + 60*second)}, func(c *scriptConn, ch string) { job(c, ch, began); event(c, ch, began+3*second) },
			map[string]any{"start": began + 3*second, "stop": began + 60*second}},
		"after an event at the very end": {Options{Stop: at(began + 60*second)}, func(c *scriptConn, ch string) { job(c, ch, began); event(c, ch, began+60*second) },
			map[string]any{"start": began + 60*second - 1, "stop": began + 60*second}},
		"after two batches": {Options{Start: at(began), Stop: at(began + 60*second), Resolution: time.Second, MaxDelay: time.Second, Timezone: "Europe/Oslo"}, func(c *scriptConn, ch string) {
			job(c, ch, began)
			describe(c, ch)
			c.binary(dataFrame(ch, began+10*second, double(1, 1)))
			c.text("%s", strings.ReplaceAll(infoText(ch, messages.JobRunningResolution, `{"resolutionMs":10000}`), `:1000,"message`, fmt.Sprintf(":%d,\"message", began+10*second)))
			c.binary(dataFrame(ch, began+20*second, double(1, 1)))
		}, map[string]any{"start": [2]int64{began, began + 20*second}, "stop": began + 60*second, "resolution": int64(10_000), "maxDelay": int64(second), "timezone": "Europe/Oslo"}},
	} {
		t.Run(name, func(t *testing.T) {
			var second map[string]any
			onScript(t, func(c *scriptConn) {
				request := c.expect("execute")
				if request == nil {
					return
				}
				ch := request["channel"].(string)
				if c.number > 1 {
					second = request
					c.end(ch)
					c.drain()
					return
				}
				c.text(`{"type":"control-message","channel":%q,"event":"STREAM_START","timestampMs":1}`, ch)
				test.first(c, ch)
				c.goodbye(1001, "")
			}, func(t *testing.T, s *scriptServer) {
				if _, err := drainStream(stream(t, s.client(), test.options)); err != nil {
					t.Fatal(err)
				}
				for field, want := range test.want {
					got := second[field]
					if f, ok := got.(float64); ok {
						got = int64(f)
					}
					if within, ok := want.([2]int64); ok {
						if ms, _ := got.(int64); ms >= within[0] && ms <= within[1] {
							continue
						}
					}
					if got != want {
						t.Errorf("%s is %v, want %v", field, got, want)
					}
				}
			})
		})
	}
}

// A bounded run whose last word is lost with its connection is complete, unless there may be
// events behind the last batch.
func TestLostEndOfABoundedRun(t *testing.T) {
	stop := time.UnixMilli(3000)
	for _, events := range []bool{false, true} {
		executes := 0
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			if ch == "" {
				return
			}
			executes++
			c.text("%s", metadataText(ch, 9, "a"))
			if events {
				c.text(`{"type":"event","channel":%q,"tsId":"AAAAAAAAAAk","timestampMs":2000,"metadata":{},"properties":{"is":"anomalous"}}`, ch)
			}
			for ms := int64(2000); ms <= 3000; ms += 1000 {
				c.binary(dataFrame(ch, ms))
				c.text("%s", infoText(ch, messages.FetchNumTimeseries, "{}"))
			}
			if executes == 2 {
				c.text(`{"type":"event","channel":%q,"tsId":"AAAAAAAAAAk","timestampMs":3000,"metadata":{},"properties":{"is":"ok"}}`, ch)
				c.end(ch)
				c.drain()
			}
			c.goodbye(1001, "")
		}, func(t *testing.T, s *scriptServer) {
			items, err := drainStream(stream(t, s.client(), Options{Start: time.UnixMilli(1000), Stop: stop, BatchWait: time.Second}))
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{false: 1, true: 2}[events]; executes != want || !slices.Contains(items, "3000") {
				t.Errorf("events %v: %d runs, want %d: %q", events, executes, want, items)
			}
			if events && !slices.ContainsFunc(items, func(s string) bool { return strings.HasPrefix(s, "event 3000") && strings.HasSuffix(s, "ok") }) {
				t.Errorf("the last event is missing: %q", items)
			}
		})
	}
}

// Stats tell of the present: what runs, and how often it had to begin.
func TestStatsOverAResume(t *testing.T) {
	onRuns(t, func() *runBackend {
		return &runBackend{play: func(_ int, ctx context.Context, out *wire.Output, _ *wire.Request) error { return live(ctx, out) }}
	}, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		s := stream(t, c, Options{})
		pass(10 * time.Second)
		handle := s.Handle()
		if st := s.Stats(); !st.Running || st.Resumes != 0 || handle == "" {
			t.Errorf("%+v, handle %q", st, handle)
		}
		g.set(false)
		pass(5 * time.Second)
		if st := s.Stats(); st.Running || s.Handle() != "" {
			t.Errorf("lost: %+v, handle %q", st, s.Handle())
		}
		g.set(true)
		pass(time.Minute)
		if st := s.Stats(); !st.Running || st.Resumes != 1 || s.Handle() == handle {
			t.Errorf("resumed: %+v, handle %q", st, s.Handle())
		}
		s.Close()
		if st := s.Stats(); st.Running {
			t.Errorf("closed: %+v", st)
		}
	})
}

// gate is the way to a network, which can be closed.
type gate struct {
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

func (g *gate) dialThrough(ctx context.Context, network, addr string) (net.Conn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, errors.New("the gate is closed")
	}
	conn, err := g.dial(ctx, network, addr)
	if err == nil {
		g.conns = append(g.conns, conn)
	}
	return conn, err
}

// set opens the gate, or closes it and cuts what goes through.
func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = !open
	for _, conn := range g.conns {
		conn.Close()
	}
	g.conns = nil
}

// The end comes at once, whatever the stream does, and nothing of it is left.
func TestEndOfAStreamInEachState(t *testing.T) {
	states := map[string]func(t *testing.T, g *gate){
		"running":       func(*testing.T, *gate) { pass(3500 * time.Millisecond) },
		"between tries": func(_ *testing.T, g *gate) { pass(3500 * time.Millisecond); g.set(false); pass(time.Minute) },
		"resumed": func(_ *testing.T, g *gate) {
			pass(3500 * time.Millisecond)
			g.set(false)
			g.set(true)
			pass(time.Minute)
		},
	}
	ends := map[string]struct {
		end  func(s *Stream, c *Client, cancel context.CancelCauseFunc)
		want error
	}{
		"Close":        {func(s *Stream, _ *Client, _ context.CancelCauseFunc) { s.Close(); s.Close() }, nil},
		"Client.Close": {func(_ *Stream, c *Client, _ context.CancelCauseFunc) { c.Close() }, ErrClosed},
		"context":      {func(_ *Stream, _ *Client, cancel context.CancelCauseFunc) { cancel(errEnough) }, errEnough},
	}
	for state, reach := range states {
		for name, end := range ends {
			t.Run(state+", "+name, func(t *testing.T) {
				onRuns(t, func() *runBackend {
					return &runBackend{play: func(_ int, ctx context.Context, out *wire.Output, _ *wire.Request) error { return live(ctx, out) }}
				}, func(t *testing.T, b *runBackend, g *gate, c *Client) {
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					s, err := c.Stream(ctx, "p", Options{})
					if err != nil {
						t.Fatal(err)
					}
					ended := make(chan error, 1)
					go func() { _, err := drainStream(s); ended <- err }()
					reach(t, g)
					end.end(s, c, cancel)
					at := time.Now()
					if err := <-ended; err != end.want || s.Err() != end.want {
						t.Errorf("loop %v, Err %v, want %v", err, s.Err(), end.want)
					}
					if took := time.Since(at); took > time.Second {
						t.Errorf("the loop ended %v later", took)
					}
					runs := len(b.runs())
					pass(time.Hour)
					c.mu.Lock()
					defer c.mu.Unlock()
					if len(b.runs()) != runs || len(c.streams) != 0 || len(c.unread) != 0 {
						t.Errorf("%d further runs, %d streams, %d computations", len(b.runs())-runs, len(c.streams), len(c.unread))
					}
				})
			})
		}
	}
}

var errEnough = errors.New("enough")

// Before it has begun, Stream has the errors of Execute.
func TestEndOfAStreamBeforeItBegins(t *testing.T) {
	onRuns(t, func() *runBackend { return &runBackend{} }, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		g.set(false)
		if _, err := c.Stream(t.Context(), "p", Options{}); !errors.As(err, new(*ConnectError)) {
			t.Errorf("no connection: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Stream(ctx, "p", Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a context that ends: %v", err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := c.Stream(ended, "p", Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
		closing := make(chan error, 1)
		go func() { _, err := c.Stream(t.Context(), "p", Options{}); closing <- err }()
		synctest.Wait()
		c.Close()
		if err := <-closing; !errors.Is(err, ErrClosed) {
			t.Errorf("closed while it begins: %v", err)
		}
		if _, err := c.Stream(t.Context(), "p", Options{}); !errors.Is(err, ErrClosed) {
			t.Errorf("closed before: %v", err)
		}
		for _, o := range []Options{{Expiry: -1}, {Resolution: -1}, {MaxDelay: -1}, {BatchWait: -1}, {MetadataWait: -1}, {Overflow: 9}} {
			if _, err := c.Stream(t.Context(), "p", o); err == nil {
				t.Errorf("%+v is accepted", o)
			}
		}
		if len(c.streams) != 0 || len(b.runs()) != 0 {
			t.Errorf("%d streams are left, %d runs", len(c.streams), len(b.runs()))
		}
	})
}

// A context that ends while the stream begins: no race, and nothing runs on.
func TestContextEndsWhileAStreamBegins(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		var wg sync.WaitGroup
		for i := range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			wg.Go(cancel)
			wg.Go(func() {
				s, err := c.Stream(ctx, "p", Options{})
				if err == nil && i%2 == 0 {
					_, err = drainStream(s)
				}
				if i%2 == 0 && !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		if n := f.RunningJobsForProgram("p"); n != 0 {
			t.Errorf("%d programs run on", n)
		}
	})
}

// Streams that end all at once leave nothing on the server.
func TestManyStreamsEndAtOnce(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		ctx, cancel := context.WithCancel(t.Context())
		var streams []*Stream
		for range 250 {
			s, err := c.Stream(ctx, "p", Options{})
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, s)
		}
		synctest.Wait()
		if n := f.RunningJobsForProgram("p"); n != 250 {
			t.Fatalf("%d run", n)
		}
		for _, s := range streams[:125] {
			s.Close()
		}
		cancel()
		pass(time.Second)
		if n := f.RunningJobsForProgram("p"); n != 0 {
			t.Errorf("%d programs run on", n)
		}
	})
}

// Everything at once, under the race detector: no deadlock, and an end for every loop.
func TestStreamsUnderEverything(t *testing.T) {
	back := func() *runBackend {
		return &runBackend{play: func(n int, ctx context.Context, out *wire.Output, _ *wire.Request) error {
			if n%7 == 0 {
				return out.Send(messages.NewError(429, "LIMIT", "too many jobs", nil))
			}
			return live(ctx, out)
		}}
	}
	onRuns(t, back, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		for i := range 24 {
			policy := []OverflowPolicy{FailComputation, DropOldest, Block}[i%3]
			s, err := c.Stream(ctx, "p", Options{Overflow: policy})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for n := 0; ctx.Err() == nil && n < 1000; n++ {
					for range s.Batches() {
						if n%10 == 9 {
							break
						}
					}
				}
			})
			wg.Go(func() {
				for ctx.Err() == nil {
					s.Latest()
					s.Stats()
					s.Handle()
					pass(70 * time.Millisecond)
				}
			})
			if i%5 == 0 {
				wg.Go(func() { pass(time.Duration(i) * time.Second); s.Close(); s.finish(errEnough) })
			}
		}
		wg.Go(func() {
			for range 20 {
				pass(time.Second)
				g.set(false)
				pass(100 * time.Millisecond)
				g.set(true)
			}
			wg.Go(func() { c.Authenticate(ctx, "t2") })
			cancel()
		})
		pass(30 * time.Second)
		c.Close()
		wg.Wait()
		if len(c.streams) != 0 {
			t.Errorf("%d streams are left", len(c.streams))
		}
	}, MaxChannels(5), QueueSize(4096))
}
