package signalflow

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// testRefusedPort is acceptance 5: at most 10 dials in 30 s, from the first failure on.
func testRefusedPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials []time.Time
		refuse := func(context.Context, string, string) (net.Conn, error) {
			dials = append(dials, time.Now())
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		start := time.Now()
		client, err := NewClient(StreamURL("ws://127.0.0.1:1/v2/signalflow"), Dialer(refuse), Proxy(nil))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Execute(context.Background(), &ExecuteRequest{Program: "p"})
		var connect *ConnectError
		if !errors.As(err, &connect) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Execute: %v, want a *ConnectError with the last dial error", err)
		}
		if d := time.Since(start); d != DefaultConnectTimeout {
			t.Errorf("Execute gave up after %v", d)
		}
		pass(30*time.Second - time.Since(start))
		client.Close()
		if len(dials) > 10 || len(dials) < 5 {
			t.Errorf("%d dials in 30 s", len(dials))
		}
		for i := 1; i < len(dials); i++ {
			limit := min(firstBackoff<<(i-1), maxBackoff)
			if gap := dials[i].Sub(dials[i-1]); gap < limit/2 || gap > limit {
				t.Errorf("wait %d is %v, want %v to %v", i, gap, limit/2, limit)
			}
		}
	})
}

// Acceptance 5, the second half.
func TestReconnect(t *testing.T) {
	for _, away := range []time.Duration{0, 2 * time.Second, 7 * time.Second} {
		t.Run(away.String(), func(t *testing.T) { testReconnect(t, away) })
	}
}

func testReconnect(t *testing.T, away time.Duration) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		if c.number == 1 {
			c.binary(dataFrame(ch, 1000, points(1)...))
			pass(time.Second)
			return // the connection drops
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		var back time.Time
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			if conn, err := s.dial(ctx, network, addr); time.Now().Compare(back) >= 0 {
				return conn, err
			} else if err == nil {
				conn.Close()
			}
			return nil, syscall.ECONNREFUSED
		}
		client := s.client(Dialer(dial), ConnectTimeout(time.Minute))
		comp := execute(t, client)
		back = time.Now().Add(time.Second + away)
		if n := drainData(comp); n != 1 {
			t.Errorf("%d messages before the loss", n)
		}
		lost := time.Now()
		if d := lost.Sub(back.Add(-away)); d > 100*time.Millisecond {
			t.Errorf("Data closed %v after the loss", d)
		}
		if !errors.As(comp.Err(), new(*ConnectionLostError)) {
			t.Errorf("lost run: %v", comp.Err())
		}
		drainData(execute(t, client))
		// One backoff step: what was left of the wait in which the server came back.
		times := s.dialTimes()
		last := times[len(times)-1]
		step := last.Sub(times[len(times)-2])
		if late := last.Sub(back); late > step || time.Now() != last {
			t.Errorf("reconnected %v after the server was back, step %v, run at once %v", late, step, time.Now() == last)
		}
	})
}

func TestServerThatNeverAnswersAuthenticate(t *testing.T) {
	onScript(t, nil, func(t *testing.T, s *scriptServer) {
		s.auth = func(c *scriptConn, _ map[string]any) bool { c.drain(); return false }
		start := time.Now()
		_, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p"})
		if !errors.As(err, new(*ConnectError)) || time.Since(start) != DefaultConnectTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestNotAWebSocket(t *testing.T) {
	for status, elsewhere := range map[int]bool{200: true, 302: true, 404: true, 429: false, 502: false, 503: false} {
		onScript(t, nil, func(t *testing.T, s *scriptServer) {
			s.upgrade = func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(status); return false }
			_, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p"})
			if err == nil || !strings.Contains(err.Error(), strconv.Itoa(status)) || strings.Contains(err.Error(), "stream URL") != elsewhere {
				t.Errorf("%v", err)
			}
		})
	}
}

// A slow OnError function delays nothing and loses only the oldest errors.
func TestSlowOnError(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		for range 1000 {
			c.text("not JSON")
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		var log errorLog
		client := s.client(OnError(func(err error) { log.add(err); pass(time.Second) }))
		start := time.Now()
		drainData(execute(t, client))
		if d := time.Since(start); d > 0 {
			t.Errorf("the stream was delayed by %v", d)
		}
		pass(time.Hour)
		// The queue, the note on what it dropped, and the one that was taken at once if the
		// worker was quick.
		if n := len(log.all()); n < maxErrors+1 || n > maxErrors+2 || !log.contains("errors were dropped") {
			t.Errorf("%d errors reported", n)
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
