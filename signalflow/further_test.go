package signalflow

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

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
			tr.open(t.Context(), openRequest{request: request{kind: kindExecute}, channel: "x"}, sink)
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

func (*countingSink) gap(*messages.DecodeError) {}

func (*countingSink) lost(error) {}

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

// A further connection that cannot be made at once is tried again, as the first one is.
func TestFurtherConnectionThatComesLate(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.end(c.start()); c.drain() }, func(t *testing.T, s *scriptServer) {
		s.upgrade = func(w http.ResponseWriter, _ *http.Request) bool {
			if n := len(s.dialTimes()); n == 1 || n > 3 {
				return true
			}
			http.Error(w, "restarting", http.StatusServiceUnavailable)
			return false
		}
		var log errorLog
		client := s.client(OnError(log.add))
		client.Connect(t.Context())
		comp, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Overflow: Block})
		if err != nil {
			t.Fatal(err)
		}
		drainData(comp)
		synctest.Wait()
		if n := len(s.dialTimes()); n != 4 || len(log.all()) < 2 || comp.Err() != nil {
			t.Errorf("%d dials, errors %v, %v", n, log.all(), comp.Err())
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
