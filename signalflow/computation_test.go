package signalflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// everything sends one message of each kind and ends.
func everything(c *scriptConn) {
	ch := c.start()
	c.text("%s", metadataText(ch, 1, "a"))
	c.binary(dataFrame(ch, 1000, double(1, 2.5)))
	c.text("%s", infoText(ch, messages.JobRunningResolution, `{"resolutionMs":1000}`))
	c.text("%s", infoText(ch, messages.JobDetectedLag, `{"lagMs":200}`))
	c.text("%s", infoText(ch, messages.JobInitialMaxDelay, `{"maxDelayMs":300}`))
	c.text("%s", infoText(ch, messages.FindLimitedResultSet, `{"matchedSize":40,"limitSize":30}`))
	c.text("%s", infoText(ch, messages.FindMatchedNoTimeseries, `{"query":"sf_metric:x"}`))
	c.text("%s", infoText(ch, messages.GroupByMissingProperty, `{"propertyNames":["az"]}`))
	c.text(`{"type":"event","channel":%q,"tsId":%q,"timestampMs":1000,"metadata":{},"properties":{"is":"anomalous","was":"ok"}}`, ch, idtool.ID(2))
	c.text(`{"type":"expired-tsid","channel":%q,"tsId":%q}`, ch, idtool.ID(1))
	c.end(ch)
	c.drain()
}

func TestGetters(t *testing.T) {
	onScript(t, everything, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		ctx := t.Context()
		check := func(name string, got any, err error, want any) {
			t.Helper()
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v (%v), want %v", name, got, err, want)
			}
		}
		handle, err := comp.Handle(ctx)
		check("Handle", handle, err, "GzExampleAA")
		resolution, err := comp.Resolution(ctx)
		check("Resolution", resolution, err, time.Second)
		lag, err := comp.Lag(ctx)
		check("Lag", lag, err, 200*time.Millisecond)
		delay, err := comp.MaxDelay(ctx)
		check("MaxDelay", delay, err, 300*time.Millisecond)
		matched, err := comp.MatchedSize(ctx)
		check("MatchedSize", matched, err, 40)
		limit, err := comp.LimitSize(ctx)
		check("LimitSize", limit, err, 30)
		query, err := comp.MatchedNoTimeseriesQuery(ctx)
		check("MatchedNoTimeseriesQuery", query, err, "sf_metric:x")
		missing, err := comp.GroupByMissingProperties(ctx)
		check("GroupByMissingProperties", missing, err, []string{"az"})
		meta, err := comp.TSIDMetadata(ctx, 1)
		if err != nil || meta.Metric != "m" || meta.CustomProperties["host"] != "a" {
			t.Errorf("TSIDMetadata: %v (%v)", meta, err)
		}
	})
}

// A value that has come is returned even when the context has ended, and after the end.
func TestGettersAfterTheEnd(t *testing.T) {
	onScript(t, everything, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		drainData(comp)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if r, err := comp.Resolution(ctx); r != time.Second || err != nil {
			t.Errorf("%v %v", r, err)
		}
		if _, err := comp.TSIDMetadata(context.Background(), 77); !errors.Is(err, ErrNotReported) {
			t.Errorf("series that never was: %v", err)
		}
	})
}

// Whatever subset of the views is read, all of it arrives and nothing leaks.
func TestAnySubsetOfViews(t *testing.T) {
	for subset := range 16 {
		t.Run(fmt.Sprintf("%04b", subset), func(t *testing.T) {
			onScript(t, everything, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				var wg sync.WaitGroup
				var counts [4]int
				for i, drain := range []func() int{
					func() int { return drainData(comp) },
					func() int { return count(comp.Events()) },
					func() int { return count(comp.Info()) },
					func() int { return count(comp.Expirations()) },
				} {
					if subset>>i&1 == 1 {
						wg.Go(func() { counts[i] = drain() })
					}
				}
				wg.Wait()
				for i, want := range []int{1, 1, 6, 1} {
					if subset>>i&1 == 1 && counts[i] != want {
						t.Errorf("view %d delivered %d messages, want %d", i, counts[i], want)
					}
				}
				synctest.Wait()
				if subset == 15 && len(feeders()) > 0 {
					t.Errorf("goroutines left: %v", feeders())
				}
				pass(retireAfter + time.Second)
				if left := feeders(); len(left) > 0 {
					t.Errorf("goroutines left: %v", left)
				}
			})
		})
	}
}

func feeders() []string {
	return slices.DeleteFunc(clientGoroutines(), func(g string) bool { return !strings.Contains(g, "signalflow.feed[") })
}

func count[T any](ch <-chan T) (n int) {
	for range ch {
		n++
	}
	return n
}

// The default queue takes a week of one-minute data of 100 series at once, while the
// reader needs a millisecond for each message.
func TestBurstArrivesWhole(t *testing.T) {
	const messages = 10_080
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		ps := points(100)
		for ms := range int64(messages) {
			c.binary(dataFrame(ch, ms, ps...))
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		next := uint64(0)
		for m := range comp.Data() {
			if m.TimestampMillis != next || len(m.Payloads) != 100 {
				t.Fatalf("message %d: timestamp %d, %d points", next, m.TimestampMillis, len(m.Payloads))
			}
			next++
			pass(time.Millisecond)
		}
		if next != messages || comp.Err() != nil {
			t.Errorf("%d messages, %v", next, comp.Err())
		}
	})
}

// flood sends n data messages of 100 points.
func flood(n int) func(c *scriptConn) {
	return func(c *scriptConn) {
		ch := c.start()
		var reader sync.WaitGroup
		reader.Go(c.drain)
		defer reader.Wait()
		ps := points(100)
		for ms := range int64(n) {
			if c.binary(dataFrame(ch, ms, ps...)) != nil {
				return
			}
		}
		c.end(ch)
	}
}

func TestOverflowFailsTheComputation(t *testing.T) {
	detached := make(chan bool, 1)
	asked := make(chan struct{})
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		<-asked
		go func() { detached <- c.expect("detach") != nil }()
		for ms := range int64(1000) {
			c.binary(dataFrame(ch, ms, points(100)...))
		}
		pass(time.Second)
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(QueueSize(100<<10)))
		data := comp.Data() // asked for, and not read
		close(asked)
		pass(time.Second)
		var overflow *OverflowError
		if !errors.As(comp.Err(), &overflow) || overflow.Channel != "data" || overflow.Dropped != 1 {
			t.Fatalf("%v", comp.Err())
		}
		next := uint64(0)
		for m := range data { // what was queued before is delivered, in order
			if m.TimestampMillis != next {
				t.Fatalf("message %d has timestamp %d", next, m.TimestampMillis)
			}
			next++
		}
		if next < 30 || next > 100 {
			t.Errorf("%d messages delivered", next)
		}
		if !<-detached {
			t.Error("the server was not told")
		}
	})
}

func TestOverflowDropOldest(t *testing.T) {
	onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(QueueSize(100<<10), OnOverflow(DropOldest)))
		data := comp.Data()
		pass(time.Second)
		n, last := 0, uint64(0)
		for m := range data {
			n, last = n+1, m.TimestampMillis
		}
		if last != 999 || n+comp.Stats().DroppedData != 1000 || comp.Err() != nil {
			t.Errorf("%d delivered, the last %d, %d dropped, %v", n, last, comp.Stats().DroppedData, comp.Err())
		}
	})
}

func TestOverflowBlock(t *testing.T) {
	onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
		client := s.client(QueueSize(100 << 10))
		if err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		comp, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Overflow: Block})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(s.connections()); n != 2 {
			t.Errorf("%d connections, want one of its own", n)
		}
		data := comp.Data()
		pass(10 * time.Minute) // the reader waits: silence of our own making loses nothing
		n := 0
		for m := range data {
			if m.TimestampMillis != uint64(n) {
				t.Fatalf("message %d has timestamp %d", n, m.TimestampMillis)
			}
			n++
			if n%100 == 0 {
				pass(2 * time.Minute)
			}
		}
		if n != 1000 || comp.Err() != nil {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
		synctest.Wait()
		tr := client.transport.(*wsTransport)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if len(tr.further) != 0 {
			t.Error("its connection is kept after the end")
		}
	})
}

// A blocked computation can still be stopped, detached and closed.
func TestBlockedComputationEnds(t *testing.T) {
	for name, end := range map[string]func(*Client, *Computation) error{
		"stop":   func(_ *Client, c *Computation) error { return c.Stop(context.Background()) },
		"detach": func(_ *Client, c *Computation) error { return c.Detach(context.Background()) },
		"close":  func(c *Client, _ *Computation) error { c.Close(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
				client := s.client(QueueSize(100<<10), OnOverflow(Block))
				comp := execute(t, client)
				comp.Data()
				pass(time.Second)
				start := time.Now()
				if err := end(client, comp); err != nil {
					t.Error(err)
				}
				drainData(comp)
				if d := time.Since(start); d > stopGrace {
					t.Errorf("ended after %v", d)
				}
			})
		})
	}
}

// One slow reader delays neither other computations nor new ones.
func TestSlowReaderDelaysNobody(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		slow := c.start()
		for range 1000 {
			c.binary(dataFrame(slow, 1, points(100)...))
		}
		for ch := c.start(); ch != ""; ch = c.start() {
			c.binary(dataFrame(ch, 1, points(100)...))
			c.end(ch)
		}
	}, func(t *testing.T, s *scriptServer) {
		client := s.client()
		slow := execute(t, client)
		<-slow.Data() // and no more
		start := time.Now()
		for range 100 {
			if n := drainData(execute(t, client)); n != 1 {
				t.Errorf("%d messages", n)
			}
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("delayed by %v", d)
		}
	})
}

func TestRestIsDroppedAfterHalfAMinute(t *testing.T) {
	onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		data := comp.Data()
		for range 10 {
			<-data
		}
		pass(retireAfter - time.Second)
		<-data // a slow reader is a reader
		pass(retireAfter - time.Second)
		if len(feeders()) != 1 {
			t.Error("the rest was dropped too early")
		}
		pass(2 * retireAfter)
		if left := feeders(); len(left) != 0 {
			t.Errorf("goroutines left: %v", left)
		}
		n := 11 + count(data)
		var overflow *OverflowError
		if !errors.As(comp.Err(), &overflow) || n+overflow.Dropped != 1000 || comp.Stats().DroppedData != overflow.Dropped {
			t.Errorf("%d read, %d dropped, %v", n, comp.Stats().DroppedData, comp.Err())
		}
	})
}

func TestStop(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		request := c.expect("stop")
		if request["handle"] != "GzExampleAA" || request["reason"] != "enough" {
			c.server.t.Errorf("stop request %v", request)
		}
		c.text(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"STOPPED","sf_job_abortReason":"enough"}}`, ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		comp.Handle(t.Context())
		if err := comp.StopWithReason(t.Context(), "enough"); err != nil {
			t.Error(err)
		}
		drainData(comp)
		if comp.Err() != nil {
			t.Errorf("%v", comp.Err())
		}
	})
}

// A stop that somebody else asked for is an abort for us.
func TestStoppedByAnother(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		c.text(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"STOPPED","sf_job_abortReason":"x"}}`, c.start())
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		drainData(comp)
		var abort *AbortError
		if !errors.As(comp.Err(), &abort) || abort.State != "STOPPED" {
			t.Errorf("%v", comp.Err())
		}
	})
}

func TestStopByHandleOnTheClient(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		c.expect("stop")
		c.text(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"STOPPED","sf_job_abortReason":""}}`, ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		client := s.client()
		comp := execute(t, client)
		handle, _ := comp.Handle(t.Context())
		if err := client.Stop(t.Context(), &StopRequest{Handle: handle}); err != nil {
			t.Error(err)
		}
		drainData(comp)
		if comp.Err() != nil {
			t.Errorf("%v", comp.Err())
		}
	})
}

// A server that does not confirm a stop does not keep the computation alive.
func TestStopWithoutAnswer(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		comp.Handle(t.Context())
		comp.Stop(t.Context())
		start := time.Now()
		drainData(comp)
		if d := time.Since(start); d != stopGrace || comp.Err() != nil {
			t.Errorf("ended after %v with %v", d, comp.Err())
		}
	})
}

// Without a handle Stop detaches by channel, and does not wait.
func TestStopWithoutHandle(t *testing.T) {
	got := make(chan map[string]any, 1)
	onScript(t, func(c *scriptConn) { c.expect("execute"); got <- c.read(); c.drain() }, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		if err := comp.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		drainData(comp)
		if request := <-got; request["type"] != "detach" || request["channel"] != comp.Channel() || comp.Err() != nil {
			t.Errorf("the server got %v, the computation ended with %v", request, comp.Err())
		}
	})
}

// Ending the context of Execute does not end the computation.
func TestExecuteContextBoundsTheStartOnly(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		pass(time.Minute)
		c.binary(dataFrame(ch, 1, points(1)...))
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		comp, err := s.client().Execute(ctx, &ExecuteRequest{Program: "p"})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if n := drainData(comp); n != 1 || comp.Err() != nil {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
	})
}

// A request whose context ended on its way to the server leaves no run behind.
func TestAbandonedExecuteIsDetached(t *testing.T) {
	var requests []string
	onScript(t, func(c *scriptConn) {
		pass(10 * time.Second)
		for r := c.read(); r != nil; r = c.read() {
			requests = append(requests, fmt.Sprint(r["type"], " ", r["channel"]))
		}
	}, func(t *testing.T, s *scriptServer) {
		client := s.client(WriteTimeout(time.Minute))
		client.Connect(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Execute(ctx, &ExecuteRequest{Program: string(make([]byte, 1<<19))})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v", err)
		}
		pass(time.Minute)
		if want := []string{"execute ch-1", "detach ch-1"}; !slices.Equal(requests, want) {
			t.Errorf("the server got %v, want %v", requests, want)
		}
	})
}

// Above MaxChannels further connections are opened, shared, and closed again.
func TestFurtherConnections(t *testing.T) {
	release := make(chan struct{})
	onScript(t, func(c *scriptConn) {
		var channels []string
		for range 10 {
			channels = append(channels, c.start())
		}
		<-release
		for _, ch := range channels {
			c.end(ch)
		}
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		client := s.client(MaxChannels(10))
		var comps []*Computation
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				comp := execute(t, client)
				mu.Lock()
				comps = append(comps, comp)
				mu.Unlock()
			})
		}
		wg.Wait()
		if n := len(s.connections()); n != 4 {
			t.Errorf("%d connections for 40 computations", n)
		}
		close(release)
		for _, comp := range comps {
			drainData(comp)
			if comp.Err() != nil {
				t.Error(comp.Err())
			}
		}
		synctest.Wait()
		tr := client.transport.(*wsTransport)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if len(tr.further) != 0 {
			t.Errorf("%d further connections are kept", len(tr.further))
		}
	})
}

// Messages for a channel that nobody knows do no harm.
func TestUnknownChannel(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		c.binary(dataFrame("nobody", 1, points(1)...))
		c.text("%s", infoText("nobody", "X", "{}"))
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		drainData(execute(t, s.client()))
	})
}
