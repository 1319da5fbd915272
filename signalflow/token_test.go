package signalflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
