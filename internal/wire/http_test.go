package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
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
		{"POST", "/execute", `{"programText":1}`, []string{"Content-Type", isJSON}, 400, `"programText" must be a string`},
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
