package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// funcBackend runs the same function for each execute and takes every token.
type funcBackend func(ctx context.Context, out *Output) error

func (funcBackend) Authenticate(context.Context, string) (Identity, error) { return Identity{}, nil }
func (f funcBackend) Prepare(context.Context, Identity, *Request) (Computation, error) {
	return f, nil
}
func (f funcBackend) Run(ctx context.Context, out *Output) error { return f(ctx, out) }

// untilEnd is a computation that sends nothing and returns at its end.
func untilEnd(ctx context.Context, _ *Output) error {
	<-ctx.Done()
	return nil
}

// serve makes a server reachable over a memory network until the test ends.
func serve(t testing.TB, b Backend, o Options) (*Server, *memnet.Listener) {
	t.Helper()
	server := NewServer(b, o)
	listener := memnet.Listen("server")
	web := &http.Server{Handler: server}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
		<-served
	})
	return server, listener
}

// connect opens a connection.
func connect(t testing.TB, l *memnet.Listener) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return l.Dial() }}
	ws, _, err := dialer.Dial("ws://memnet/v2/signalflow/connect", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

// dial opens an authenticated connection.
func dial(t testing.TB, l *memnet.Listener) *websocket.Conn {
	t.Helper()
	ws := connect(t, l)
	say(t, ws, `{"type":"authenticate","token":"good","userAgent":"tester"}`)
	hear(t, ws, "authenticated")
	hear(t, ws, "KEEP_ALIVE")
	return ws
}

func say(t testing.TB, ws *websocket.Conn, text string) {
	t.Helper()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// hear reads one message, which must contain a text.
func hear(t testing.TB, ws *websocket.Conn, want string) string {
	t.Helper()
	_, text, err := ws.ReadMessage()
	if err != nil {
		t.Fatalf("want %s: %v", want, err)
	}
	if !strings.Contains(string(text), want) {
		t.Fatalf("got %s, want %s", text, want)
	}
	return string(text)
}

const execute = `{"type":"execute","channel":"ch-1","program":"p"}`

func TestHTTPAnswers(t *testing.T) {
	server := NewServer(funcBackend(untilEnd), Options{})
	defer server.Close()
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/v2/signalflow/nowhere", 404},
		{"POST", "/v2/signalflow/connect", 405},
		{"GET", "/v2/signalflow/connect", 400}, // no upgrade
	} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		var body struct {
			Code    int
			Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != c.status || body.Code != c.status || body.Message == "" {
			t.Errorf("%s %s: status %d, body %s (%v), want %d", c.method, c.path, w.Code, w.Body, err, c.status)
		}
	}
	server.Close()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest("GET", "/v2/signalflow/connect", nil))
	if w.Code != 503 {
		t.Errorf("after Close: status %d, want 503", w.Code)
	}
}

func TestConnectionsAndKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := make(chan error, 2)
		server, l := serve(t, funcBackend(func(ctx context.Context, _ *Output) error {
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return nil
		}), Options{})
		a, b := dial(t, l), dial(t, l)
		say(t, a, execute)
		say(t, b, execute)
		hear(t, a, "STREAM_START")
		hear(t, b, "STREAM_START")
		synctest.Wait()
		list := server.Connections()
		if len(list) != 2 || list[0].ID != 1 || list[1].ID != 2 || list[0].UserAgent != "tester" || !list[0].Authenticated || list[0].Channels != 1 {
			t.Errorf("connections %+v", list)
		}
		if server.KillConnection(99) || !server.KillConnection(1) {
			t.Error("KillConnection does not say whether the connection is there")
		}
		if cause := <-causes; cause != ErrDisconnected {
			t.Errorf("the computation ended with %v", cause)
		}
		hear(t, a, "JOB_START") // was in the network already
		if _, _, err := a.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
			t.Errorf("killed connection: %v", err)
		}
		synctest.Wait()
		if list := server.Connections(); len(list) != 1 || list[0].ID != 2 {
			t.Errorf("connections after the kill %+v", list)
		}
		server.KillConnections()
		<-causes
	})
}

// A computation that ends with its server has no last word, which clients would take for its
// own end: they resume after a lost connection, and not after CHANNEL_ABORT.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(untilEnd), Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
		hear(t, ws, "JOB_START")
		done := make(chan error, 1)
		go func() { done <- server.Shutdown(t.Context()) }()
		if _, text, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("connection ends with %s, %v, want close 1001", text, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Close cuts connections before anybody learns on them that computations have ended.
func TestCloseIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 500
		server, l := serve(t, funcBackend(untilEnd), Options{MaxChannels: -1})
		ws := dial(t, l)
		for i := range n {
			say(t, ws, fmt.Sprintf(`{"type":"execute","channel":"c%d","program":"p"}`, i))
		}
		for range 2 * n {
			hear(t, ws, "_START")
		}
		done := make(chan error, 1)
		go func() { done <- server.Close() }()
		if _, text, err := ws.ReadMessage(); err == nil {
			t.Errorf("the client got %s", text)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A client that does not read cannot hold up the end of the server.
func TestShutdownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			for ms := int64(1); ; ms++ {
				if err := out.Send(messages.NewData(ms, make([]messages.DataPayload, 0))); err != nil {
					return err
				}
			}
		}), Options{MaxQueueBytes: 1 << 20})
		ws := dial(t, l)
		say(t, ws, execute)
		synctest.Wait() // until every buffer on the way is full
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := server.Shutdown(ctx); err == nil {
			t.Error("a full connection was emptied")
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
	})
}

// A backend that ignores its context makes Close fail, not hang.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		server, l := serve(t, funcBackend(func(context.Context, *Output) error {
			<-release
			return nil
		}), Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
		begin := time.Now()
		err := server.Close()
		if err == nil || !strings.Contains(err.Error(), "1 computations") {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(begin); took != closeTimeout {
			t.Errorf("Close took %v", took)
		}
		close(release)
	})
}

func TestPersistentGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			for ctx.Err() == nil {
				if err := out.Send(messages.NewData(time.Now().UnixMilli(), nil)); err != nil {
					break
				}
				time.Sleep(time.Minute)
			}
			ended <- context.Cause(ctx)
			return nil
		}), Options{})
		ws := dial(t, l)
		say(t, ws, `{"type":"execute","channel":"ch-1","program":"p","persistent":true}`)
		hear(t, ws, "STREAM_START")
		start := hear(t, ws, "JOB_START")
		var m struct{ Handle string }
		if err := json.Unmarshal([]byte(start), &m); err != nil {
			t.Fatal(err)
		}
		ws.Close()
		begin := time.Now()
		time.Sleep(9 * time.Minute)
		other := dial(t, l)
		say(t, other, fmt.Sprintf(`{"type":"keepalive","handle":%q}`, m.Handle))
		other.Close()
		if cause := <-ended; cause != ErrUnread {
			t.Errorf("ended with %v", cause)
		}
		if lived := time.Since(begin); lived < 19*time.Minute || lived > 20*time.Minute {
			t.Errorf("lived %v without a reader, want 10 minutes after the keepalive", lived)
		}
	})
}

// Nothing that is observed or logged holds a token.
func TestObserve(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	_, l := serve(t, funcBackend(untilEnd), Options{Observe: func(c ConnInfo, r *Request, err error) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%d %s %s %v", c.ID, r.Type, r.Received, err != nil))
	}})
	ws := dial(t, l)
	say(t, ws, `{"type":"execute"}`)
	hear(t, ws, "missing")
	mu.Lock()
	defer mu.Unlock()
	want := []string{`1 authenticate {"type":"authenticate","userAgent":"tester"} false`, `1 execute {"type":"execute"} true`}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("observed %q, want %q", seen, want)
	}
}

// One client after another, as fast as it goes: nothing is lost and every name is free
// again once its terminal message is there.
func TestManyShortComputations(t *testing.T) {
	_, l := serve(t, funcBackend(func(_ context.Context, out *Output) error {
		return out.Send(messages.NewData(1, []messages.DataPayload{messages.LongPayload(1, 1)}))
	}), Options{})
	ws := dial(t, l)
	for i := range 2000 {
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
		hear(t, ws, "JOB_START")
		if kind, _, err := ws.ReadMessage(); kind != websocket.BinaryMessage {
			t.Fatalf("run %d: kind %d, %v", i, kind, err)
		}
		hear(t, ws, "END_OF_CHANNEL")
	}
}

// A client that has sent more than the server wanted to read still gets the close frame:
// over TCP, where closing a socket with unread input would reset the connection.
func TestCloseFrameSurvivesUnreadInput(t *testing.T) {
	refuse := func(context.Context, string) (Identity, error) { return Identity{}, errors.New("no") }
	server := NewServer(gatedBackend{auth: refuse}, Options{})
	defer server.Close()
	handled := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(handled)
		server.ServeHTTP(w, r)
	}))
	defer web.Close()
	ws, _, err := websocket.DefaultDialer.Dial(strings.Replace(web.URL, "http", "ws", 1)+"/connect", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	say(t, ws, `{"type":"authenticate","token":"wrong"}`)
	for range 50 {
		say(t, ws, `{"type":"execute","channel":"ch-1","program":"`+strings.Repeat("x", 4000)+`"}`)
	}
	if err := ws.NetConn().(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	<-handled
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, 4401) {
		t.Errorf("the connection ends with %v, want close 4401", err)
	}
}
