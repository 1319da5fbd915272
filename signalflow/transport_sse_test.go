package signalflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

func TestSSEConversation(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		c.start()
		c.event("message", `{"logicalTimestampMs":1000,"message":{"messageCode":"JOB_RUNNING_RESOLUTION","messageLevel":"INFO","contents":{"resolutionMs":5000}}}`)
		c.event("metadata", `{"tsId":"AAAAAAAAAAE","properties":{"host":"a"}}`)
		for ms := range int64(3) {
			c.data(1000*ms, 2)
		}
		c.event("event", `{"tsId":"AAAAAAAAAAE","timestampMs":1,"metadata":{},"properties":{"is":"ok"}}`)
		c.event("expired-tsid", `{"tsId":"AAAAAAAAAAE"}`)
		c.event("novelty", `{"x":1}`)
		c.end()
		pass(restGrace / 2)
	}, func(t *testing.T, s *httpScript) {
		client := s.client()
		for range 3 {
			comp := execute(t, client)
			events, expirations, info := comp.Events(), comp.Expirations(), comp.Info()
			if n := drainData(comp); n != 3 || comp.Err() != nil {
				t.Errorf("%d messages, %v", n, comp.Err())
			}
			pass(restGrace) // for the response to end
			handle, _ := comp.Handle(t.Context())
			resolution, _ := comp.Resolution(t.Context())
			if handle != "GzExampleAA" || resolution != 5*time.Second || len(events)+len(expirations)+len(info) != 3 {
				t.Errorf("handle %q, resolution %v, %d events, %d expirations, %d info", handle, resolution, len(events), len(expirations), len(info))
			}
		}
		if s.dials() != 1 {
			t.Errorf("%d connections for three computations after another", s.dials())
		}
	})
}

// Connect tells a wrong address and a wrong token before the first program runs.
func TestSSEConnect(t *testing.T) {
	for status, want := range map[int]string{200: "", 204: "", 302: "", 403: "", 404: "", 405: "", 501: "", 401: "auth", 502: "failed", 503: "failed"} {
		onHTTP(t, func(c *httpExchange) { c.WriteHeader(status) }, func(t *testing.T, s *httpScript) {
			err := s.client().Connect(t.Context())
			got := ""
			switch {
			case errors.As(err, new(*AuthError)):
				got = "auth"
			case errors.As(err, new(*ConnectError)):
				got = "failed"
			}
			if got != want || got == "" && err != nil {
				t.Errorf("%d: %v", status, err)
			}
		})
	}
}

// A refused token is presented once, and everybody hears of it, until there is another.
func TestSSERefusedToken(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		if c.r.Header.Get("X-SF-Token") == "good" {
			c.start()
			c.end()
			return
		}
		c.status(401, `{"code":401,"message":"no: `+testToken+`"}`)
	}, func(t *testing.T, s *httpScript) {
		var log errorLog
		client := s.client(OnError(log.add))
		_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
		checkAuthError(t, err)
		checkAuthError(t, client.Connect(t.Context()))
		checkAuthError(t, client.Stop(t.Context(), &StopRequest{Handle: "h"}))
		_, err = client.Start(t.Context(), &ExecuteRequest{Program: "p"})
		checkAuthError(t, err)
		synctest.Wait()
		if len(s.asked()) != 1 || len(log.all()) != 1 {
			t.Errorf("requests %v, OnError got %v", s.asked(), log.all())
		}
		if err := client.Authenticate(t.Context(), "good"); err != nil {
			t.Error(err)
		}
		drainData(execute(t, client))
	})
}

// 403 is about one request.
func TestSSEForbidden(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		if c.number == 1 {
			c.status(403, `{"message":"not for `+testToken+`"}`)
			return
		}
		c.start()
		c.end()
	}, func(t *testing.T, s *httpScript) {
		client := s.client()
		_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
		checkAuthError(t, err)
		drainData(execute(t, client))
	})
}

func TestSSEBadCharacterInToken(t *testing.T) {
	onHTTP(t, nil, func(t *testing.T, s *httpScript) {
		_, err := s.client(AccessToken(testToken+"\n")).Execute(t.Context(), &ExecuteRequest{Program: "p"})
		checkAuthError(t, err)
		if !strings.Contains(err.Error(), "line break") || len(s.asked()) > 0 {
			t.Errorf("%v, requests %v", err, s.asked())
		}
	})
}

// The server may say the token anywhere; no error repeats it.
func TestSSEEchoedToken(t *testing.T) {
	for name, serve := range map[string]func(c *httpExchange){
		"400": func(c *httpExchange) {
			c.status(400, `{"code":400,"message":"`+testToken+`","errorType":"`+testToken+`"}`)
		},
		"500":          func(c *httpExchange) { c.status(500, testToken) },
		"content type": func(c *httpExchange) { c.Header().Set("Content-Type", testToken); c.Write([]byte("x")) },
		"coding":       func(c *httpExchange) { c.Header().Set("Content-Encoding", testToken); c.start() },
		"redirect":     func(c *httpExchange) { http.Redirect(c, c.r, "/"+testToken, 302) },
		"error":        func(c *httpExchange) { c.start(); c.event("error", `{"message":"`+testToken+`"}`) },
		"abort": func(c *httpExchange) {
			c.event("control-message", `{"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortReason":"`+testToken+`"}}`)
		},
		"not JSON": func(c *httpExchange) { c.event("data", testToken) },
	} {
		t.Run(name, func(t *testing.T) {
			onHTTP(t, serve, func(t *testing.T, s *httpScript) {
				var log errorLog
				comp, err := s.client(OnError(log.add)).Execute(t.Context(), &ExecuteRequest{Program: "p"})
				if err == nil {
					drainData(comp)
					err = comp.Err()
				}
				synctest.Wait()
				if err == nil {
					t.Error("no error")
				}
				for _, err := range append(log.all(), err) {
					checkNoToken(t, err)
				}
			})
		})
	}
}

// The context and the connect timeout bound every call, wherever it is.
func TestSSECallsAreBounded(t *testing.T) {
	calls := map[string]func(context.Context, *Client) error{
		"execute": func(ctx context.Context, c *Client) error {
			_, err := c.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
			return err
		},
		"start": func(ctx context.Context, c *Client) error {
			_, err := c.Start(ctx, &ExecuteRequest{Program: "p"})
			return err
		},
		"stop":    func(ctx context.Context, c *Client) error { return c.Stop(ctx, &StopRequest{Handle: "h"}) },
		"connect": func(ctx context.Context, c *Client) error { return c.Connect(ctx) },
	}
	for where, make := range map[string]func(t *testing.T, s *httpScript) *Client{
		"dial": func(t *testing.T, s *httpScript) *Client {
			return s.client(Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }))
		},
		"nobody there": func(t *testing.T, s *httpScript) *Client { s.listen.Close(); return s.client() },
		"no header":    func(t *testing.T, s *httpScript) *Client { return s.client() },
		"no body": func(t *testing.T, s *httpScript) *Client {
			s.serve = func(c *httpExchange) { c.status(400, ""); c.raw("{"); c.hang() }
			return s.client()
		},
		"not read": func(t *testing.T, s *httpScript) *Client {
			return s.client(Dialer(func(context.Context, string, string) (net.Conn, error) {
				conn, _ := memnet.Pipe()
				return &deafConn{conn}, nil
			}))
		},
	} {
		for what, call := range calls {
			t.Run(where+"/"+what, func(t *testing.T) {
				onHTTP(t, func(c *httpExchange) { c.hang() }, func(t *testing.T, s *httpScript) {
					client := make(t, s)
					if where == "no body" && what == "connect" {
						return // HEAD has none
					}
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					start := time.Now()
					err := call(ctx, client)
					if !errors.As(err, new(*ConnectError)) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
						t.Errorf("%v after %v", err, time.Since(start))
					}
					err = call(t.Context(), client)
					if d := time.Since(start); !errors.As(err, new(*ConnectError)) || d > time.Second+DefaultConnectTimeout {
						t.Errorf("%v after %v", err, d)
					}
					checkNoToken(t, err)
					ended, cancelled := context.WithCancel(t.Context())
					cancelled()
					before := len(s.asked())
					if err := call(ended, client); !errors.Is(err, context.Canceled) || len(s.asked()) != before {
						t.Errorf("with an ended context: %v, %v", err, s.asked())
					}
				})
			})
		}
	}
}

// deafConn never gets anything through, until it is closed.
type deafConn struct{ net.Conn }

func (c *deafConn) Write(p []byte) (int, error) {
	buf := make([]byte, 1)
	for {
		if _, err := c.Conn.Read(buf); err != nil {
			return 0, err
		}
	}
}

// A proxy that only speaks HTTP is enough.
func TestSSEThroughAProxy(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		if c.r.URL.Host != "stream.us9.signalfx.com" {
			t.Errorf("the proxy was asked for %s", c.r.URL)
		}
		c.start()
		c.end()
	}, func(t *testing.T, s *httpScript) {
		var dialled atomic.Value
		client := s.client(Proxy(http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy:3128"})), Dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled.Store(addr)
			return s.dial(ctx, network, addr)
		}))
		drainData(execute(t, client))
		if dialled.Load() != "proxy:3128" {
			t.Errorf("dialled %v", dialled.Load())
		}
	})
}

// The option chooses HTTP whatever the scheme says.
func TestSSEOption(t *testing.T) {
	onHTTP(t, func(c *httpExchange) { c.start(); c.end() }, func(t *testing.T, s *httpScript) {
		client := s.client(StreamURL("ws://stream.us9.signalfx.com/base/connect"), SSE())
		drainData(execute(t, client))
		if got := s.request().r.URL.Path; got != "/base/execute" {
			t.Error(got)
		}
		if text := fmt.Sprintf("%v %+v %#v", client, client.conf, client); strings.Contains(text, testToken) {
			t.Error(text)
		}
	})
}

func TestSSEStopAndDetach(t *testing.T) {
	var gone chan struct{}
	onHTTP(t, func(c *httpExchange) {
		if strings.HasSuffix(c.r.URL.Path, "/stop") {
			c.status(200, "")
			return
		}
		c.start()
		c.hang()
		gone <- struct{}{}
	}, func(t *testing.T, s *httpScript) {
		gone = make(chan struct{}, 10)
		client := s.client()
		comp := execute(t, client)
		comp.Handle(t.Context())
		if err := comp.Detach(t.Context()); err != nil {
			t.Error(err)
		}
		drainData(comp)
		<-gone
		comp = execute(t, client)
		comp.Handle(t.Context())
		if err := comp.StopWithReason(t.Context(), "enough"); err != nil {
			t.Error(err)
		}
		start := time.Now()
		drainData(comp) // the server does not end it
		<-gone
		if d := time.Since(start); d != stopGrace || comp.Err() != nil {
			t.Errorf("ended after %v: %v", d, comp.Err())
		}
		if want := []string{"POST /execute", "POST /execute", "POST /GzExampleAA/stop"}; !slices.Equal(s.asked(), want) {
			t.Errorf("requests %v", s.asked())
		}
		if err := client.Detach(t.Context(), &DetachRequest{Channel: "none"}); err != nil {
			t.Error(err)
		}
	})
}

// A stop that crosses the end is no error.
func TestSSEStopAfterTheEnd(t *testing.T) {
	var stopped chan struct{}
	var rest time.Duration
	onHTTP(t, func(c *httpExchange) {
		if strings.HasSuffix(c.r.URL.Path, "/stop") {
			close(stopped)
			pass(restGrace / 2)
			c.status(404, `{"code":404,"message":"unknown"}`)
			return
		}
		c.start()
		<-stopped
		c.end()
		pass(rest)
	}, func(t *testing.T, s *httpScript) {
		for _, rest = range []time.Duration{0, restGrace} {
			stopped = make(chan struct{})
			comp := execute(t, s.client())
			comp.Handle(t.Context())
			if err := comp.Stop(t.Context()); err != nil || comp.Err() != nil {
				t.Errorf("%v: %v, %v", rest, err, comp.Err())
			}
		}
	})
}
