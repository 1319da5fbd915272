package signalflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
