package signalflow

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Each request as method, path, query, headers and body (protocol.md 1.2 and 1.3).
func TestSSERequests(t *testing.T) {
	program := "data('ø').publish()"
	run := func(call func(context.Context, *Client) (*Computation, error)) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			comp, err := call(ctx, c)
			if err == nil {
				drainData(comp)
				err = comp.Err()
			}
			return err
		}
	}
	for name, test := range map[string]struct {
		call    func(context.Context, *Client) error
		request string // method, path and query
		header  map[string]string
		body    string
	}{
		"execute": {
			run(func(ctx context.Context, c *Client) (*Computation, error) {
				return c.Execute(ctx, &ExecuteRequest{Program: program, Channel: "mine"})
			}),
			"POST /v2/signalflow/execute", map[string]string{"Content-Type": "text/plain; charset=utf-8", "Accept": "text/event-stream", "Last-Event-Id": ""}, program,
		},
		"options": {
			run(func(ctx context.Context, c *Client) (*Computation, error) {
				return c.Execute(ctx, &ExecuteRequest{
					Program: program, StartMs: 1000, StopMs: 2000, Resolution: time.Second, MaxDelay: time.Minute, Immediate: true,
					Timezone: "Europe/Oslo", Persistent: true, ResumeAfter: time.UnixMilli(1500),
					Extra: map[string]any{"text": "a b", "n": 5, "yes": true, "object": map[string]any{"k": 1}},
				})
			}),
			"POST /v2/signalflow/execute?immediate=true&maxDelay=60000&n=5&object=%7B%22k%22%3A1%7D&persistent=true&resolution=1000&start=1000&stop=2000&text=a+b&timezone=Europe%2FOslo&yes=true",
			map[string]string{"Last-Event-Id": "data-1500"}, program,
		},
		"arguments": {
			run(func(ctx context.Context, c *Client) (*Computation, error) {
				return c.Execute(ctx, &ExecuteRequest{Program: "data('<m>')", Args: map[string]any{"ui.dashboard_window": "10m"}})
			}),
			"POST /v2/signalflow/execute", map[string]string{"Content-Type": "application/json"},
			`{"programText":"data('\u003cm\u003e')","programArgs":{"ui.dashboard_window":"10m"}}`,
		},
		"preflight": {
			run(func(ctx context.Context, c *Client) (*Computation, error) {
				return c.Preflight(ctx, &ExecuteRequest{Program: program, StartMs: 1, StopMs: 2})
			}),
			"POST /v2/signalflow/preflight?start=1&stop=2", nil, program,
		},
		"explain": {
			run(func(ctx context.Context, c *Client) (*Computation, error) { return c.Explain(ctx, "GzIncidentA", nil) }),
			"POST /v2/signalflow/explain?incidentId=GzIncidentA", map[string]string{"Content-Type": ""}, "",
		},
		"attach": {
			run(func(ctx context.Context, c *Client) (*Computation, error) {
				return c.Attach(ctx, &AttachRequest{Handle: "a/b ?", Filters: "filter('az', 'a1')", Resolution: time.Second})
			}),
			"POST /v2/signalflow/a%2Fb%20%3F/attach?filters=filter%28%27az%27%2C+%27a1%27%29&resolution=1000", nil, "",
		},
		"stop": {
			func(ctx context.Context, c *Client) error {
				return c.Stop(ctx, &StopRequest{Handle: "GzExampleAA", Reason: "had enough"})
			},
			"POST /v2/signalflow/GzExampleAA/stop?reason=had+enough", nil, "",
		},
		"keepalive": {
			func(ctx context.Context, c *Client) error { return c.KeepAlive(ctx, "GzExampleAA") },
			"POST /v2/signalflow/GzExampleAA/keepalive", nil, "",
		},
		"feedback": {
			func(ctx context.Context, c *Client) error {
				body, err := c.transport.(*sseTransport).ask(ctx, request{kind: kindFeedback, fields: []field{{fieldHandle, "GzExampleAA"}}})
				if !strings.Contains(string(body), "END_OF_CHANNEL") {
					return errors.New("got " + string(body))
				}
				return err
			},
			"GET /v2/signalflow/GzExampleAA/feedback", nil, "",
		},
		"connect": {
			func(ctx context.Context, c *Client) error { return c.Connect(ctx) },
			"HEAD /v2/signalflow", nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			onHTTP(t, func(c *httpExchange) { c.start(); c.end() }, func(t *testing.T, s *httpScript) {
				client := s.client(UserAgent("acme/1"), Header(http.Header{"X-Org": {"one", "two"}, "X-Sf-Token": {"another"}, "Host": {"virtual"}}))
				if err := test.call(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				got := s.request()
				if line := got.r.Method + " " + got.r.URL.String(); line != test.request {
					t.Errorf("request %s\nwant    %s", line, test.request)
				}
				if got.body != test.body {
					t.Errorf("body %q, want %q", got.body, test.body)
				}
				h := got.r.Header
				for k, v := range test.header {
					if h.Get(k) != v {
						t.Errorf("%s: %q, want %q", k, h.Get(k), v)
					}
				}
				if !slices.Equal(h["X-Sf-Token"], []string{testToken}) || h.Get("User-Agent") != "acme/1" || !slices.Equal(h["X-Org"], []string{"one", "two"}) || got.r.Host != "virtual" {
					t.Errorf("headers %v, host %s", h, got.r.Host)
				}
				delete(h, "X-Sf-Token")
				if all, _ := url.QueryUnescape(got.r.URL.String()); strings.Contains(all, testToken) {
					t.Errorf("the token is in %s", all)
				}
			})
		})
	}
}

func TestSSEStart(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"GzExampleAA"}`:                      "GzExampleAA",
		`{"computationId":"GzExampleAA","other":1}`: "GzExampleAA",
		`{"handle":"GzExampleAA"}`:                  "GzExampleAA",
		` "GzExampleAA" `:                           "GzExampleAA",
		"GzExampleAA\n":                             "GzExampleAA",
		`{}`:                                        "",
		`{"id":5}`:                                  "",
		``:                                          "",
		`[1]`:                                       "",
		`<html>`:                                    "",
		"two words":                                 "",
		"x" + strings.Repeat("x", 256):              "",
		`{"id":"` + strings.Repeat("x", maxAnswer) + `","a":1`: "",
	} {
		onHTTP(t, func(c *httpExchange) { c.status(http.StatusOK, body) }, func(t *testing.T, s *httpScript) {
			handle, err := s.client().Start(t.Context(), &ExecuteRequest{Program: "p"})
			if handle != want || (err == nil) != (want != "") {
				t.Errorf("%.40q: %q, %v", body, handle, err)
			}
			if n := len(s.asked()); n != 1 {
				t.Errorf("%.40q: %d requests", body, n)
			}
		})
	}
}

// A program is not started twice because an answer was lost.
func TestSSEStartOnce(t *testing.T) {
	calls := map[string]func(context.Context, *Client) error{
		"start": func(ctx context.Context, c *Client) error {
			_, err := c.Start(ctx, &ExecuteRequest{Program: "p"})
			return err
		},
		"persistent": func(ctx context.Context, c *Client) error {
			_, err := c.Execute(ctx, &ExecuteRequest{Program: "p", Persistent: true})
			return err
		},
	}
	for _, c := range []struct {
		answer   func(c *httpExchange)
		requests int
	}{
		{func(c *httpExchange) { c.status(500, "") }, 1},
		{func(c *httpExchange) { c.status(502, "") }, 1},
		{func(c *httpExchange) { panic(http.ErrAbortHandler) }, 1},
		{func(c *httpExchange) { c.status(503, "") }, 2},
	} {
		for name, call := range calls {
			onHTTP(t, func(x *httpExchange) {
				switch {
				case x.number == 1:
					c.answer(x)
				case name == "start":
					x.status(200, `{"id":"GzExampleAA"}`)
				default:
					x.start()
				}
			}, func(t *testing.T, s *httpScript) {
				err := call(t.Context(), s.client())
				if n := len(s.asked()); n != c.requests || (err == nil) != (n > 1) {
					t.Errorf("%s: %d requests, want %d: %v", name, n, c.requests, err)
				}
				if err != nil && (!errors.As(err, new(*ConnectError)) || !strings.Contains(err.Error(), "may have been started")) {
					t.Error(err)
				}
			})
		}
	}
}

// What the server says against a program ends the computation, as an error message would.
func TestSSEProgramRefused(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   ComputationError
	}{
		{400, `{"code":400,"errorType":"ANALYTICS_PROGRAM_NAME_ERROR","message":"no foo","context":{"line":1,"column":5}}`, ComputationError{Code: 400, ErrorType: "ANALYTICS_PROGRAM_NAME_ERROR", Message: "no foo", Line: 1, Column: 5, Snippet: "data(foo)"}},
		{429, `{"code":429,"message":"slow down"}`, ComputationError{Code: 429, Message: "slow down"}},
		{404, `{"error":"Not Found"}`, ComputationError{Code: 404, Message: "the server answers Not Found"}},
		{422, `{"type":"about:blank","title":"x"}`, ComputationError{Code: 422, Message: "the server answers Unprocessable Entity"}},
		{400, `{"errors":[{"code":"X","context":{}}]}`, ComputationError{Code: 400, ErrorType: "X"}},
	} {
		onHTTP(t, func(x *httpExchange) { x.status(c.status, c.body) }, func(t *testing.T, s *httpScript) {
			client := s.client()
			comp, err := client.Execute(t.Context(), &ExecuteRequest{Program: "data(foo)"})
			if err != nil {
				t.Fatal(err)
			}
			drainData(comp)
			var got *ComputationError
			if !errors.As(comp.Err(), &got) {
				t.Fatalf("%d: %v", c.status, comp.Err())
			}
			checkComputationError(t, got, &c.want)
			if err := client.KeepAlive(t.Context(), "GzExampleAA"); !errors.As(err, &got) || got.Code != c.status {
				t.Errorf("%d: KeepAlive: %v", c.status, err)
			}
			if n := len(s.asked()); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func checkComputationError(t *testing.T, got, want *ComputationError) {
	t.Helper()
	g := *got
	g.Context, g.list = messages.ErrorContext{}, nil
	if g != *want {
		t.Errorf("%+v, want %+v", g, want)
	}
}

// An answer that says nothing about the program is tried again, with pauses, until the call
// may not wait any longer.
func TestSSETriesAgain(t *testing.T) {
	for name, answer := range map[string]func(c *httpExchange){
		"500":            func(c *httpExchange) { c.status(500, `{"message":"oops"}`) },
		"503":            func(c *httpExchange) { c.status(503, "") },
		"404 of a proxy": func(c *httpExchange) { c.status(404, "<html>") },
		"429 of a proxy": func(c *httpExchange) { c.status(429, "") },
		"no stream":      func(c *httpExchange) { c.status(200, "<html>Please log in") },
		"JSON":           func(c *httpExchange) { c.status(200, `{}`) },
		"no content":     func(c *httpExchange) { c.status(204, "") },
		"aborted":        func(c *httpExchange) { panic(http.ErrAbortHandler) },
		"unasked coding": func(c *httpExchange) { c.Header().Set("Content-Encoding", "br"); c.start() },
		"huge":           func(c *httpExchange) { c.status(400, `{"message":"`+strings.Repeat("x", 2*maxAnswer)) },
		"huge header":    func(c *httpExchange) { c.Header().Set("X-Big", strings.Repeat("x", 2*maxHeader)); c.start() },
	} {
		t.Run(name, func(t *testing.T) {
			onHTTP(t, func(c *httpExchange) {
				if c.number <= 3 {
					answer(c)
					return
				}
				c.start()
				c.end()
			}, func(t *testing.T, s *httpScript) {
				var log errorLog
				start := time.Now()
				drainData(execute(t, s.client(OnError(log.add))))
				if d := time.Since(start); d < 1500*time.Millisecond || d > 3600*time.Millisecond {
					t.Errorf("three further attempts took %v", d)
				}
				if len(log.all()) != 3 {
					t.Errorf("OnError got %v", log.all())
				}
			})
			onHTTP(t, answer, func(t *testing.T, s *httpScript) {
				start := time.Now()
				_, err := s.client(ConnectTimeout(5*time.Second)).Execute(t.Context(), &ExecuteRequest{Program: "p"})
				var failed *ConnectError
				if d := time.Since(start); !errors.As(err, &failed) || failed.Last == nil || d > 5*time.Second {
					t.Errorf("%v after %v", err, d)
				}
				checkNoToken(t, err)
				if n := len(s.asked()); n < 3 || n > 5 {
					t.Errorf("%d requests in 5 seconds", n)
				}
			})
		})
	}
}

// What a failed attempt says leads to its cause.
func TestSSEFailuresExplain(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(c *httpExchange)
		want   string
	}{
		"another server":   {func(c *httpExchange) { c.status(404, "<html>") }, "404 Not Found; is the stream URL right?"},
		"gateway":          {func(c *httpExchange) { c.status(502, "<html>") }, "answers 502 Bad Gateway"},
		"long page":        {func(c *httpExchange) { c.status(500, strings.Repeat("<p>", maxAnswer)) }, "answers 500 Internal"},
		"unasked gzip":     {func(c *httpExchange) { c.Header().Set("Content-Encoding", "gzip"); c.start() }, "Compress(true)"},
		"proxy that waits": {func(c *httpExchange) { c.hang() }, "no answer in time"},
	} {
		onHTTP(t, c.answer, func(t *testing.T, s *httpScript) {
			_, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A redirect is not followed: whoever it leads to is not to have the token.
func TestSSERedirect(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		onHTTP(t, func(c *httpExchange) { http.Redirect(c, c.r, "http://elsewhere.example/", code) }, func(t *testing.T, s *httpScript) {
			_, err := s.client().Execute(t.Context(), &ExecuteRequest{Program: "p"})
			if err == nil || !strings.Contains(err.Error(), "redirect") {
				t.Error(err)
			}
			for _, c := range s.requests {
				if c.r.Host != "stream.us9.signalfx.com" {
					t.Errorf("the client asked %s", c.r.Host)
				}
			}
		})
	}
}

// An answer that is too long is none, not the beginning of one.
func TestSSELongAnswer(t *testing.T) {
	for n, fits := range map[int]bool{maxAnswer: true, maxAnswer + 1: false} {
		onHTTP(t, func(c *httpExchange) { c.status(200, `{"state":"`+strings.Repeat("x", n-len(`{"state":""}`))+`"}`) }, func(t *testing.T, s *httpScript) {
			feedback, err := s.client().Feedback(t.Context(), "GzExampleAA")
			if fits != (err == nil) || fits && len(feedback.Raw) != n || !fits && !strings.Contains(err.Error(), "longer than") {
				t.Errorf("%d bytes: %v", n, err)
			}
		})
	}
}
