package signalflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// refusals are the ways in which servers say that a token is bad (protocol.md 1.5).
var refusals = map[string]func(c *scriptConn) bool{
	"close 4401": func(c *scriptConn) bool {
		c.goodbye(4401, "Invalid authentication token: "+testToken)
		return false
	},
	"error message and drop": func(c *scriptConn) bool {
		c.text(`{"type":"error","message":"Invalid auth token"}`)
		c.Close()
		return false
	},
	"error message with code": func(c *scriptConn) bool {
		c.text(`{"type":"error","error":401,"message":"Invalid auth token"}`)
		c.drain()
		return false
	},
}

// testRefusedToken: the error surfaces from Execute, names what to do, and the token is
// never presented again.
func testRefusedToken(t *testing.T, refuse func(c *scriptConn) bool) {
	synctest.Test(t, func(t *testing.T) {
		s := newScriptServer(t, nil)
		s.auth = func(c *scriptConn, request map[string]any) bool { return refuse(c) }
		var log errorLog
		client := s.client(OnError(log.add))
		start := time.Now()
		_, err := client.Execute(context.Background(), &ExecuteRequest{Program: "p"})
		checkAuthError(t, err)
		if d := time.Since(start); d > 0 {
			t.Errorf("the refusal took %v more than its round trip", d)
		}
		pass(10 * time.Minute)
		if n := len(s.dialTimes()); n != 1 {
			t.Errorf("%d dials with a refused token", n)
		}
		checkAuthError(t, client.Connect(t.Context()))
		if len(log.all()) != 1 {
			t.Errorf("OnError got %v", log.all())
		}
	})
}

func checkAuthError(t *testing.T, err error) {
	t.Helper()
	var auth *AuthError
	if !errors.As(err, &auth) {
		t.Fatalf("got %v (%T), want an *AuthError", err, err)
	}
	for _, want := range []string{"API scope", "us9"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %q", err, want)
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, testToken) {
			t.Errorf("the token is in %s", text)
		}
	}
}

func TestRefusedByHTTPStatus(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		synctest.Test(t, func(t *testing.T) {
			s := newScriptServer(t, nil)
			s.upgrade = func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(status); return false }
			_, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p"})
			checkAuthError(t, err)
			pass(time.Hour)
			if n := len(s.dialTimes()); n != 1 {
				t.Errorf("%d dials", n)
			}
		})
	}
}

func TestTokenRefusedLater(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.start(); c.goodbye(4401, "Invalid authentication token") }, func(t *testing.T, s *scriptServer) {
		client := s.client()
		comp := execute(t, client)
		drainData(comp)
		checkAuthError(t, comp.Err())
		_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
		checkAuthError(t, err)
	})
}

// A server that cannot serve now is no reason to give the token up.
func TestAuthenticationUnavailable(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.end(c.start()); c.drain() }, func(t *testing.T, s *scriptServer) {
		s.auth = func(c *scriptConn, _ map[string]any) bool {
			if c.number < 3 {
				c.text(`{"type":"error","error":503,"message":"try later"}`)
				return false
			}
			c.text(`{"type":"authenticated"}`)
			return true
		}
		drainData(execute(t, s.client()))
	})
}

func TestTokenIsNowhere(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
		client := s.client()
		client.Connect(t.Context())
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(format, client); strings.Contains(text, testToken) {
				t.Errorf("%s shows the token: %s", format, text)
			}
			// A copy of the client, field by field.
			if text := fmt.Sprintf(format, client.conf); strings.Contains(text, testToken) {
				t.Errorf("%s of the configuration shows the token: %s", format, text)
			}
		}
	})
}

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

func TestUnansweredPing(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		c.start()
		c.hang()
	}, func(t *testing.T, s *scriptServer) {
		start := time.Now()
		comp := execute(t, s.client(ReadTimeout(time.Minute)))
		drainData(comp)
		if d := time.Since(start); d < time.Minute || d > 70*time.Second {
			t.Errorf("a dead server was noticed after %v", d)
		}
		if !errors.Is(comp.Err(), errSilent) {
			t.Errorf("%v", comp.Err())
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
	onScript(t, nil, func(t *testing.T, s *scriptServer) {
		s.upgrade = func(w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return false }
		_, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p"})
		if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "stream URL") {
			t.Errorf("%v", err)
		}
	})
}

func TestCloseInAnyState(t *testing.T) {
	states := map[string]func(t *testing.T) *Client{
		"dialling": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			return s.client(Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }))
		},
		"authenticating": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.auth = func(c *scriptConn, _ map[string]any) bool { c.drain(); return false }
			return s.client()
		},
		"backoff": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.listen.Close()
			return s.client()
		},
		"ready": func(t *testing.T) *Client {
			return newScriptServer(t, func(c *scriptConn) { c.drain() }).client()
		},
		"failed": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.auth = func(c *scriptConn, _ map[string]any) bool { c.goodbye(4401, "no"); return false }
			return s.client()
		},
		"writing": func(t *testing.T) *Client {
			s := newScriptServer(t, func(c *scriptConn) { c.hang() })
			c := s.client(WriteTimeout(time.Hour), ReadTimeout(time.Hour))
			c.Connect(t.Context())
			go c.Execute(context.Background(), &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
			return c
		},
		"data unread": func(t *testing.T) *Client {
			s := newScriptServer(t, func(c *scriptConn) {
				ch := c.start()
				for range 1000 {
					c.binary(dataFrame(ch, 1, points(10)...))
				}
				c.drain()
			})
			c := s.client()
			execute(t, c).Data()
			return c
		},
		"OnError blocked": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.listen.Close()
			var c *Client
			c = s.client(OnError(func(error) { pass(20 * time.Second) }))
			return c
		},
		"OnError closing": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.listen.Close()
			ready := make(chan *Client, 1)
			c := s.client(OnError(func(error) { c := <-ready; c.Close(); ready <- c }))
			ready <- c
			return c
		},
	}
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := state(t)
				waiting := make(chan error, 1)
				go func() {
					_, err := c.Execute(context.Background(), &ExecuteRequest{Program: "p"})
					waiting <- err
				}()
				pass(time.Second)
				start := time.Now()
				c.Close()
				if d := time.Since(start); d > time.Second {
					t.Errorf("Close took %v", d)
				}
				var auth *AuthError
				if err := <-waiting; err != nil && !errors.Is(err, ErrClosed) && !errors.As(err, &auth) {
					t.Errorf("waiting Execute: %v", err)
				}
				if _, err := c.Execute(context.Background(), &ExecuteRequest{Program: "p"}); !errors.Is(err, ErrClosed) {
					t.Errorf("Execute after Close: %v", err)
				}
				pass(time.Minute) // for what the test itself has left waiting
			})
		})
	}
}

func TestOnErrorAfterClose(t *testing.T) {
	onScript(t, nil, func(t *testing.T, s *scriptServer) {
		s.listen.Close()
		closed := false
		client := s.client(OnError(func(error) {
			if closed {
				t.Error("OnError was called after Close")
			}
		}))
		pass(5 * time.Second)
		client.Close()
		closed = true
		pass(time.Minute)
	})
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
