package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// call asks a server directly, without a network. The token is good unless header, which is
// name, value and so on, has another.
func call(s http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-SF-Token", "good")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// caller is an HTTP client of a listener.
func caller(t testing.TB, l *memnet.Listener) *http.Client {
	transport := &http.Transport{DialContext: l.DialContext, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post opens a response with a context of its own.
func post(ctx context.Context, t testing.TB, c *http.Client, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://memnet/v2/signalflow"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-SF-Token", "good")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// recording is a backend that keeps the requests it prepares, and ends them at once.
type recording struct {
	funcBackend
	mu   sync.Mutex
	seen []*Request
}

func (b *recording) Prepare(_ context.Context, _ Identity, req *Request) (Computation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, req)
	return funcBackend(func(context.Context, *Output) error { return nil }), nil
}

// What is wrong with a request is a status and a JSON body that names it.
func TestHTTPRefusals(t *testing.T) {
	server := NewServer(&recording{}, Options{ReadLimit: 1000})
	defer server.Close()
	const isJSON = "application/json"
	for _, c := range []struct {
		method, target, body string
		header               []string
		status               int
		want                 string
	}{
		{"GET", "/v2/signalflow/execute", "", nil, 405, "takes POST"},
		{"PUT", "/execute", "p", nil, 405, "takes POST"},
		{"POST", "/a/b/v2/signalflow/x/feedback", "", nil, 405, "takes GET"},
		{"POST", "/v2/signalflow", "", nil, 405, "takes GET"},
		{"POST", "/v2/signalflow/register", "p", nil, 404, "nothing at"},
		{"POST", "/stop", "", nil, 404, "nothing at"},
		{"POST", "//stop", "", nil, 404, "nothing at"},
		{"POST", "/v2/signalflow/execute/more", "p", nil, 404, "nothing at"},
		{"POST", "/v2/signalflow/x/attach", "", nil, 404, "no computation with the handle"},
		{"POST", "/v2/signalflow/x/stop", "", nil, 404, "no computation with the handle"},
		{"POST", "/v2/signalflow/x/keepalive", "", nil, 404, "no computation with the handle"},
		{"GET", "/v2/signalflow/x/feedback", "", nil, 404, "no computation with the handle"},
		{"POST", "/execute", "", nil, 400, `"program" is missing`},
		{"POST", "/execute", " \n", nil, 400, `"program" is missing`},
		{"POST", "/execute", strings.Repeat("p", 1001), nil, 413, "longer than 1000 bytes"},
		{"POST", "/execute", "p\xff", nil, 400, "not valid UTF-8"},
		{"POST", "/execute", "p", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "text/plain in UTF-8"},
		{"POST", "/execute", "p", []string{"Content-Type", "text/plain; charset=koi8-r"}, 415, "koi8-r"},
		{"POST", "/execute", "p", []string{"Content-Type", ";;"}, 415, "malformed"},
		{"POST", "/execute", `p`, []string{"Content-Type", isJSON}, 400, "broken JSON"},
		{"POST", "/execute", `null`, []string{"Content-Type", isJSON}, 400, "one JSON object"},
		{"POST", "/execute", `{"programText":"p"} {}`, []string{"Content-Type", isJSON}, 400, "broken JSON"},
		{"POST", "/execute", `{"programText":"p","start":1}`, []string{"Content-Type", isJSON}, 400, `"start" in the body is not known`},
		{"POST", "/execute", `{"PROGRAMTEXT":"p"}`, []string{"Content-Type", isJSON}, 400, `"PROGRAMTEXT" in the body`},
		{"POST", "/execute", `{"programText":1}`, []string{"Content-Type", isJSON}, 400, `"program" must be a string`},
		{"POST", "/execute", `{"programText":"p","programArgs":[]}`, []string{"Content-Type", isJSON}, 400, `"programArgs" must be an object`},
		{"POST", "/execute?start=1&start=2", "p", nil, 400, `"start" is given 2 times`},
		{"POST", "/execute?start=%zz", "p", nil, 400, "malformed"},
		{"POST", "/execute?start=1;stop=2", "p", nil, 400, "malformed"},
		{"POST", "/execute?start=[1]", "p", nil, 400, `field "start"`},
		{"POST", "/execute?start=2&stop=1", "p", nil, 400, "must be later"},
		{"POST", "/execute?stop=1", "p", nil, 400, "absent, so now"},
		{"POST", "/execute?maxDelay=900001", "p", nil, 400, "from 0 to 900000"},
		{"POST", "/execute?immediate=perhaps", "p", nil, 400, "true or false"},
		{"POST", "/execute?program=p", "", nil, 400, `"program" is missing`},
		{"POST", "/execute?timezone=Local", "p", nil, 400, "unknown zone"},
		{"POST", "/preflight?start=1", "p", nil, 400, "both needed"},
		{"POST", "/explain", "", nil, 400, `"incidentId" is missing`},
		{"POST", "/x/attach?resolution=1000", "", nil, 400, "cannot change the resolution"},
		{"POST", "/execute", "p", []string{"X-SF-Token", ""}, 401, "X-SF-Token is missing"},
	} {
		w := call(server, c.method, c.target, c.body, c.header...)
		var got struct {
			Code               *int
			ErrorType, Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Code == nil || *got.Code != c.status || got.ErrorType == "" || w.Header().Get("Content-Type") != isJSON {
			t.Errorf("%s %s: not in the form of errors: %s, %v", c.method, c.target, w.Body, err)
		}
		if w.Code != c.status || !strings.Contains(got.Message, c.want) {
			t.Errorf("%s %s %.20q: %d %s, want %d %s", c.method, c.target, c.body, w.Code, got.Message, c.status, c.want)
		}
		if allow := w.Header().Get("Allow"); (w.Code == 405) != (allow != "") {
			t.Errorf("%s %s: Allow is %q", c.method, c.target, allow)
		}
	}
}

// A request over HTTP is the same to the backend as the one over WebSocket. The query cannot
// say what belongs elsewhere.
func TestHTTPRequests(t *testing.T) {
	backend := &recording{}
	server := NewServer(backend, Options{})
	defer server.Close()
	latin1 := "text/plain; charset=ISO-8859-1"
	call(server, "POST", "/execute?start=1000&stop=2000&resolution=1e3&immediate=TRUE&timezone=UTC&mystery=1&token=s3cr3t", "data('Größe')")
	call(server, "POST", "/prefix/execute?type=stop&channel=x&program=other&handle=h&programArgs=1&compress=true", "data('Gr\xf6\xdfe')", "Content-Type", latin1)
	call(server, "POST", "/preflight?start=-2h&stop=-1h", `{"programText":"p","programArgs":{"a":{"b":[1]}}}`, "Content-Type", "application/json;charset=UTF-8")
	call(server, "POST", "/explain?incidentId=7", "")
	call(server, "POST", "/start", "p", "Last-Event-ID", "data-1751328000000")
	call(server, "POST", "/preflight?start=1&stop=2", "p", "Last-Event-ID", "data-1751328000000")
	if len(backend.seen) != 6 {
		t.Fatalf("%d requests came", len(backend.seen))
	}
	r := backend.seen[0]
	if r.Type != ExecuteRequest || r.Program != "data('Größe')" || r.Start.Ms != 1000 || r.Stop.Ms != 2000 || r.Resolution != time.Second || !r.Immediate || r.Timezone != "UTC" {
		t.Errorf("execute: %+v", r)
	}
	if want := `{"immediate":"TRUE","mystery":1,"program":"data('Größe')","resolution":1e3,"start":1000,"stop":2000,"timezone":"UTC","type":"execute"}`; string(r.Received) != want {
		t.Errorf("received %s, want %s", r.Received, want)
	}
	r = backend.seen[1]
	if r.Type != ExecuteRequest || r.Program != "data('Größe')" || r.Channel != "" || r.Handle != "" || r.Args != nil || r.Compress {
		t.Errorf("with a query that says too much: %+v", r)
	}
	r = backend.seen[2]
	if r.Type != PreflightRequest || r.Start.Back != 2*time.Hour || fmt.Sprint(r.Args) != "map[a:map[b:[1]]]" {
		t.Errorf("preflight: %+v", r)
	}
	if r = backend.seen[3]; r.Type != ExplainRequest || r.IncidentID != "7" {
		t.Errorf("explain: %+v", r)
	}
	if r = backend.seen[4]; r.Type != StartRequest || r.After.UnixMilli() != 1751328000000 {
		t.Errorf("start: %+v", r)
	}
	if r = backend.seen[5]; !r.After.IsZero() {
		t.Errorf("preflight takes a last event: %+v", r)
	}
}

// The range of a resumed run begins at the last event, but not in the future, and ends where
// it did before.
func TestRangeOfResumedRun(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	for _, c := range []struct{ start, stop, after, wantStart, wantStop int64 }{
		{0, 0, 900_000, 900_000, 0},
		{0, 0, 2_000_000, 1_000_000, 0},
		{100_000, 500_000, 300_000, 300_000, 500_000},
		{100_000, 500_000, 50_000, 100_000, 500_000},
		{100_000, 500_000, 500_000, 499_999, 500_000},
		{100_000, 500_000, 900_000, 499_999, 500_000},
	} {
		r := Request{Start: TimeSpec{Ms: c.start}, Stop: TimeSpec{Ms: c.stop}, After: time.UnixMilli(c.after)}
		start, stop := r.Range(now)
		if stop.IsZero() {
			stop = time.UnixMilli(0)
		}
		if start.UnixMilli() != c.wantStart || stop.UnixMilli() != c.wantStop {
			t.Errorf("%+v: %d to %d", c, start.UnixMilli(), stop.UnixMilli())
		}
	}
}

func TestHTTPTokens(t *testing.T) {
	backend := gatedBackend{funcBackend: untilEnd, auth: func(_ context.Context, token string) (Identity, error) {
		switch token {
		case "panics":
			panic("panics")
		case "ingest":
			return Identity{}, &Error{Code: 403, Message: "the token needs the API scope"}
		case "echoed":
			return Identity{}, &Error{Code: 401, Message: "no such token: echoed"}
		case "good":
			return Identity{}, nil
		}
		return Identity{}, errors.New("bad token " + token)
	}}
	server := NewServer(backend, Options{Observe: func(_ ConnInfo, r *Request, _ error) {
		t.Errorf("observed %s", r.Received)
	}})
	defer server.Close()
	for token, want := range map[string]string{
		"good":   "204 ",
		"bad":    `401 {"code":401,"errorType":"UNAUTHORIZED","message":"Invalid authentication token"}`,
		"ingest": `403 {"code":403,"errorType":"UNAUTHORIZED","message":"Invalid authentication token: the token needs the API scope"}`,
		"echoed": `401 {"code":401,"errorType":"UNAUTHORIZED","message":"Invalid authentication token"}`,
		"panics": `500 {"code":500,"errorType":"INTERNAL_ERROR","message":"internal error in the computation"}`,
	} {
		w := call(server, "GET", "/v2/signalflow/", "", "X-SF-Token", token)
		if got := fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())); got != want {
			t.Errorf("%s: %s, want %s", token, got, want)
		}
	}
}

func TestHTTPAfterClose(t *testing.T) {
	server := NewServer(funcBackend(untilEnd), Options{})
	server.Close()
	for _, target := range []string{"/execute", "/start", "/x/stop"} {
		if w := call(server, "POST", target, "p"); w.Code != 503 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

// Headers that keep proxies from holding events back; one response, one end.
func TestResponse(t *testing.T) {
	server := NewServer(sending(2), Options{})
	defer server.Close()
	w := call(server, "POST", "/execute", "p")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !w.Flushed || !strings.HasSuffix(w.Body.String(), "\n\n") || !strings.Contains(w.Body.String(), "END_OF_CHANNEL") {
		t.Errorf("flushed %v, body ends with %.200q", w.Flushed, w.Body.String()[w.Body.Len()-100:])
	}
}

func TestKeepAliveComments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			time.Sleep(46 * time.Second)
			return nil
		}), Options{})
		resp := post(t.Context(), t, caller(t, l), "/execute", "p")
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n: keep-alive\n"); n != 3 {
			t.Errorf("%d comments in 46 s:\n%s", n, text)
		}
	})
}

// A client that goes away detaches, also while its program is prepared; a persistent
// computation goes on.
func TestGoingAwayIsADetach(t *testing.T) {
	for name, c := range map[string]struct {
		path    string
		prepare bool
		want    error
	}{
		"running":    {"/execute", false, ErrDetached},
		"preparing":  {"/execute", true, ErrDetached},
		"persistent": {"/execute?persistent=true", false, ErrUnread},
		"start":      {"/start", true, ErrUnread},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				causes := make(chan error, 1)
				begun := make(chan struct{}, 1)
				backend := gatedBackend{
					funcBackend: func(ctx context.Context, _ *Output) error {
						<-ctx.Done()
						causes <- context.Cause(ctx)
						return nil
					},
					prepare: func(ctx context.Context) error {
						begun <- struct{}{}
						if c.prepare {
							<-ctx.Done()
						}
						return nil
					},
				}
				server, l := serve(t, backend, Options{})
				ctx, cancel := context.WithCancel(t.Context())
				req, _ := http.NewRequestWithContext(ctx, "POST", "http://memnet"+c.path, strings.NewReader("p"))
				req.Header.Set("X-SF-Token", "good")
				asked := make(chan struct{})
				web := caller(t, l)
				go func() {
					defer close(asked)
					if resp, err := web.Do(req); err == nil {
						io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
				}()
				<-begun
				synctest.Wait()
				cancel()
				<-asked
				if cause := <-causes; cause != c.want {
					t.Errorf("ended with %v, want %v", cause, c.want)
				}
				synctest.Wait()
				if list := server.Connections(); len(list) != 0 {
					t.Errorf("left over: %v", list)
				}
			})
		})
	}
}

// A body that is cut or never comes is not a program.
func TestCutBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &recording{}
		_, l := serve(t, backend, Options{})
		for name, cut := range map[string]bool{"cut": true, "stalled": false} {
			nc, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(nc, "POST /execute HTTP/1.1\r\nHost: x\r\nX-SF-Token: good\r\nContent-Length: 100\r\n\r\ndata('x').publish()")
			begin := time.Now()
			if cut {
				nc.Close()
				synctest.Wait()
				continue
			}
			answer, err := io.ReadAll(nc)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || time.Since(begin) > time.Minute {
				t.Errorf("%s: after %v %q, %v", name, time.Since(begin), answer, err)
			}
			nc.Close()
		}
		synctest.Wait()
		if len(backend.seen) != 0 {
			t.Errorf("prepared %+v", backend.seen[0])
		}
	})
}

func TestResponsesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(untilEnd), Options{MaxResponses: 2})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := caller(t, l)
		for range 2 {
			if resp := post(ctx, t, c, "/execute", "p"); resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
		}
		if resp := post(ctx, t, c, "/execute", "p"); resp.StatusCode != 429 {
			t.Errorf("a third response has status %d", resp.StatusCode)
		}
		cancel()
		synctest.Wait()
		if list := server.Connections(); len(list) != 0 {
			t.Errorf("left over: %v", list)
		}
		if resp := post(t.Context(), t, c, "/execute", "p"); resp.StatusCode != 200 {
			t.Errorf("after the others have gone: status %d", resp.StatusCode)
		}
	})
}

// A reader that does not read is given up; it costs a bounded amount of memory until then.
func TestStuckResponseIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			err := sending(0)(ctx, out)
			ended <- context.Cause(ctx)
			return err
		}), Options{MaxQueueBytes: 1 << 20})
		post(t.Context(), t, caller(t, l), "/execute", "p")
		synctest.Wait()
		if n := waiting(server); n > 1<<20+100<<10 {
			t.Errorf("%d bytes wait", n)
		}
		begin := time.Now()
		if cause := <-ended; cause != ErrSlowConsumer || time.Since(begin) > 10*time.Second {
			t.Errorf("ended with %v after %v", cause, time.Since(begin))
		}
		time.Sleep(31 * time.Second)
		if list := server.Connections(); len(list) != 0 {
			t.Errorf("after the write timeout there is %v", list)
		}
	})
}

// Shutdown tells readers over HTTP why; Close cuts them, be they stuck or not.
func TestEndWithResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(untilEnd), Options{})
		resp := post(t.Context(), t, caller(t, l), "/execute", "p")
		done := make(chan error, 1)
		go func() { done <- server.Shutdown(t.Context()) }()
		text, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(text), `"sf_job_abortReason":"server shutting down"`) {
			t.Errorf("%v after\n%s", err, text)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, sending(0), Options{})
		c := caller(t, l)
		for range 2 {
			post(t.Context(), t, c, "/execute", "p") // and do not read
		}
		synctest.Wait()
		begin := time.Now()
		if err := server.Close(); err != nil || time.Since(begin) > time.Second {
			t.Errorf("Close took %v: %v", time.Since(begin), err)
		}
	})
}

// A resumed response has what comes behind the last event, data as well as events, and the
// information behind its first batch, however the backend takes the request (protocol.md 6.6).
func TestResume(t *testing.T) {
	server := NewServer(funcBackend(func(ctx context.Context, out *Output) error {
		out.Send(messages.NewMetadata(1, &messages.MetadataProperties{}))
		for ms := int64(1); ms <= 5; ms++ {
			out.Send(messages.NewData(ms, []messages.DataPayload{messages.LongPayload(1, ms)}))
			out.Send(messages.NewData(ms, nil))
			if ms == 1 {
				out.Send(messages.NewInfo("X", "INFO", 1, nil))
			}
			out.Send(messages.NewEvent(1, ms, nil, nil))
		}
		return nil
	}), Options{})
	defer server.Close()
	for id, want := range map[string]string{
		"data-3": "metadata data4 data4 event4 message data5 data5 event5",
		"data-5": "metadata message",
		"data-0": "metadata data1 data1 message event1 data2 data2 event2 data3 data3 event3 data4 data4 event4 data5 data5 event5",
		"3":      "metadata data1 data1 message event1 data2 data2 event2 data3 data3 event3 data4 data4 event4 data5 data5 event5",
	} {
		w := call(server, "POST", "/execute", "p", "Last-Event-ID", id)
		var got []string
		in := messages.NewSSEReader(w.Body, 0)
		var d messages.Decoder
		for {
			ev, err := in.Next()
			if err != nil {
				break
			}
			name := ev.Name
			switch m, _ := d.DecodeSSE(ev); m := m.(type) {
			case *messages.DataMessage:
				name = fmt.Sprint(name, m.TimestampMillis)
			case *messages.EventMessage:
				name = fmt.Sprint(name, m.TimestampMillis)
			}
			got = append(got, name)
		}
		if text := strings.Join(got, " "); text != "control-message control-message "+want+" control-message" {
			t.Errorf("after %s: %s", id, text)
		}
	}
}

// What comes too late is told so.
func TestShutdownWhilePreparing(t *testing.T) {
	for _, path := range []string{"/execute", "/start"} {
		synctest.Test(t, func(t *testing.T) {
			server, l := serve(t, gatedBackend{prepare: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, Options{})
			done := make(chan error, 1)
			time.AfterFunc(time.Second, func() { done <- server.Shutdown(t.Context()) })
			if resp := post(t.Context(), t, caller(t, l), path, "p"); resp.StatusCode != 503 {
				t.Errorf("%s: status %d", path, resp.StatusCode)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// A connection is cut after exactly so many bytes, on both transports.
func TestKillConnectionAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			<-release
			out.Send(messages.NewData(1, make([]messages.DataPayload, 100)))
			return untilEnd(ctx, out)
		}), Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
		hear(t, ws, "JOB_START")
		if !server.KillConnectionAfter(1, 1000) || server.KillConnectionAfter(7, 1) {
			t.Error("it does not know which connections there are")
		}
		close(release)
		rest, err := io.ReadAll(ws.NetConn())
		if len(rest) != 1000 || err != nil {
			t.Errorf("%d bytes, %v", len(rest), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			<-release
			out.Send(messages.NewData(1, []messages.DataPayload{messages.LongPayload(1, 1)}))
			return untilEnd(ctx, out)
		}), Options{})
		resp := post(t.Context(), t, caller(t, l), "/execute", "p")
		synctest.Wait()
		head := make([]byte, 4096)
		n, _ := io.ReadAtLeast(resp.Body, head, 100)
		for !strings.Contains(string(head[:n]), "JOB_START") {
			more, _ := resp.Body.Read(head[n:])
			n += more
		}
		server.KillConnectionAfter(1, 20)
		close(release)
		rest, err := io.ReadAll(resp.Body)
		if string(rest) != "event: data\nid: data" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

// A writer that has no deadlines, as inside other handlers, can be cut all the same.
func TestKillBehindAnotherHandler(t *testing.T) {
	server := NewServer(funcBackend(untilEnd), Options{})
	defer server.Close()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(struct {
			http.ResponseWriter
			http.Flusher
		}{w, w.(http.Flusher)}, r)
	}))
	defer web.Close()
	req, _ := http.NewRequest("POST", web.URL+"/execute", strings.NewReader("p"))
	req.Header.Set("X-SF-Token", "good")
	resp, err := web.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	server.KillConnections()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v after %s", err, text)
	}
}

// Over TCP, through a server with timeouts of its own, one connection serves one response
// after the other.
func TestConnectionIsReused(t *testing.T) {
	server := NewServer(sending(3), Options{WriteTimeout: time.Minute})
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	dials := 0
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}}
	defer c.CloseIdleConnections()
	for range 20 {
		req, _ := http.NewRequest("POST", web.URL+"/v2/signalflow/execute", strings.NewReader("p"))
		req.Header.Set("X-SF-Token", "good")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(text), "END_OF_CHANNEL") {
			t.Fatalf("%v after %.100s", err, text)
		}
	}
	if dials != 1 {
		t.Errorf("%d connections", dials)
	}
}

// Over HTTP/2 many responses share a connection, and one can be cut without the others.
func TestOverHTTP2(t *testing.T) {
	release := make(chan struct{})
	server := NewServer(funcBackend(func(ctx context.Context, out *Output) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}), Options{})
	defer server.Close()
	web := httptest.NewUnstartedServer(server)
	web.EnableHTTP2 = true
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	defer web.Close()
	ask := func() *http.Response {
		req, _ := http.NewRequest("POST", web.URL+"/v2/signalflow/execute", strings.NewReader("p"))
		req.Header.Set("X-SF-Token", "good")
		resp, err := web.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor != 2 {
			t.Fatalf("the protocol is %s", resp.Proto)
		}
		return resp
	}
	cut, whole := ask(), ask()
	defer cut.Body.Close()
	defer whole.Body.Close()
	server.KillConnection(1)
	if text, err := io.ReadAll(cut.Body); err == nil {
		t.Errorf("a cut response ends well: %s", text)
	}
	close(release)
	if text, err := io.ReadAll(whole.Body); err != nil || !strings.Contains(string(text), "END_OF_CHANNEL") {
		t.Errorf("%v after %s", err, text)
	}
}
