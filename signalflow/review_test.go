package signalflow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Orderings that the tests by feature do not reach.

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
