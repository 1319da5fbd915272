package signalflow

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

const testToken = "a-secret-token"

// scriptServer is a server whose every word the test chooses, behind an in-memory network.
type scriptServer struct {
	t      *testing.T
	listen net.Listener
	dialer func(ctx context.Context, network, addr string) (net.Conn, error)
	// auth answers authenticate; false ends the connection. The default accepts.
	auth func(c *scriptConn, request map[string]any) bool
	// serve speaks on an authenticated connection until it returns.
	serve func(c *scriptConn)
	// upgrade, when set, may answer the HTTP request itself and return false.
	upgrade func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	dials []time.Time
	conns []*scriptConn
}

// scriptConn is the server's end of one connection.
type scriptConn struct {
	*websocket.Conn
	server *scriptServer
	number int // 1 for the first connection
}

// newScriptServer runs serve for every connection that has authenticated. The client must
// be closed before the test ends.
func newScriptServer(t *testing.T, serve func(c *scriptConn)) *scriptServer {
	l := memnet.Listen("script")
	return startScript(&scriptServer{t: t, listen: l, dialer: l.DialContext, serve: serve})
}

// newLoopbackServer does the same over TCP.
func newLoopbackServer(t *testing.T, serve func(c *scriptConn)) *scriptServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	return startScript(&scriptServer{t: t, listen: l, dialer: dial, serve: serve})
}

func startScript(s *scriptServer) *scriptServer {
	srv := &http.Server{Handler: s}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(s.listen)
	}()
	s.t.Cleanup(func() {
		srv.Close()
		for _, c := range s.connections() {
			c.Close()
		}
		<-done
	})
	return s
}

func (s *scriptServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.upgrade != nil && !s.upgrade(w, r) {
		return
	}
	upgrader := websocket.Upgrader{ReadBufferSize: 4 << 10, WriteBufferSize: 64 << 10}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	s.mu.Lock()
	c := &scriptConn{Conn: ws, server: s, number: len(s.conns) + 1}
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	request := c.read()
	if request == nil {
		return
	}
	if s.auth == nil {
		c.text(`{"type":"authenticated","orgId":"GzOrgAAAAAA","userId":"GzUserAAAAA"}`)
	} else if !s.auth(c, request) {
		return
	}
	s.serve(c)
}

func (s *scriptServer) connections() []*scriptConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*scriptConn(nil), s.conns...)
}

// dialTimes returns when the client dialled.
func (s *scriptServer) dialTimes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.dials...)
}

func (s *scriptServer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	s.mu.Lock()
	s.dials = append(s.dials, time.Now())
	s.mu.Unlock()
	return s.dialer(ctx, network, addr)
}

// client returns a client of the server, which the test's end closes.
func (s *scriptServer) client(options ...ClientParam) *Client {
	s.t.Helper()
	base := []ClientParam{StreamURL("ws://stream.us9.signalfx.com/v2/signalflow"), AccessToken(testToken), Dialer(s.dial), Proxy(nil)}
	c, err := NewClient(append(base, options...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// read returns the next request, or nil when the connection is gone.
func (c *scriptConn) read() map[string]any {
	_, text, err := c.ReadMessage()
	if err != nil {
		return nil
	}
	var request map[string]any
	if err := json.Unmarshal(text, &request); err != nil {
		c.server.t.Errorf("request is not JSON: %s", text)
	}
	return request
}

// expect returns the next request of a type, passing over others.
func (c *scriptConn) expect(typ string) map[string]any {
	for {
		request := c.read()
		if request == nil || request["type"] == typ {
			return request
		}
	}
}

// drain reads until the connection is gone.
func (c *scriptConn) drain() {
	for c.read() != nil {
	}
}

// hang leaves the connection open and does nothing on it until the test ends: alive on the
// network, dead behind it.
func (c *scriptConn) hang() { <-c.server.t.Context().Done() }

func (c *scriptConn) text(format string, args ...any) error {
	return c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...))
}

func (c *scriptConn) binary(frame []byte) error {
	return c.WriteMessage(websocket.BinaryMessage, frame)
}

// start answers an execute request as far as JOB_START and returns its channel.
func (c *scriptConn) start() string {
	request := c.expect("execute")
	if request == nil {
		return ""
	}
	channel := request["channel"].(string)
	c.text(`{"type":"control-message","channel":%q,"event":"STREAM_START","timestampMs":1}`, channel)
	c.text(`{"type":"control-message","channel":%q,"event":"JOB_START","handle":"GzExampleAA","timestampMs":2}`, channel)
	return channel
}

func (c *scriptConn) end(channel string) {
	c.text(`{"type":"control-message","channel":%q,"event":"END_OF_CHANNEL","timestampMs":9}`, channel)
}

// goodbye closes the connection with a code.
func (c *scriptConn) goodbye(code int, reason string) {
	c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
	c.Close()
}

// point is one value of a data frame.
type point struct {
	typ  byte
	tsid int64
	bits uint64
}

func double(tsid int64, v float64) point { return point{2, tsid, math.Float64bits(v)} }

// dataFrame builds a version 1 data frame by hand.
func dataFrame(channel string, ms int64, points ...point) []byte {
	b := make([]byte, 20, 32+17*len(points))
	b[0], b[1] = 1, 5
	copy(b[4:20], channel)
	b = binary.BigEndian.AppendUint64(b, uint64(ms))
	b = binary.BigEndian.AppendUint32(b, uint32(len(points)))
	for _, p := range points {
		b = append(b, p.typ)
		b = binary.BigEndian.AppendUint64(b, uint64(p.tsid))
		b = binary.BigEndian.AppendUint64(b, p.bits)
	}
	return b
}

func points(n int) []point {
	ps := make([]point, n)
	for i := range ps {
		ps[i] = double(int64(i+1), float64(i))
	}
	return ps
}

// metadataText is a metadata message with one dimension.
func metadataText(channel string, tsid int64, host string) string {
	return fmt.Sprintf(`{"type":"metadata","channel":%q,"tsId":%q,"properties":{"host":%q,"sf_metric":"m","sf_resolutionMs":1000}}`,
		channel, idtool.ID(tsid), host)
}

func infoText(channel, code, contents string) string {
	return fmt.Sprintf(`{"type":"message","channel":%q,"logicalTimestampMs":1000,"message":{"messageCode":%q,"messageLevel":"INFO","timestampMs":1000,"numInputTimeSeries":0,"contents":%s}}`,
		channel, code, contents)
}

// execute starts a program or fails the test.
func execute(t *testing.T, c *Client) *Computation {
	t.Helper()
	comp, err := c.Execute(t.Context(), &ExecuteRequest{Program: "data('m').publish()"})
	if err != nil {
		t.Fatal(err)
	}
	return comp
}

// drainData reads Data to its end and returns how many messages came.
func drainData(comp *Computation) (n int) {
	for range comp.Data() {
		n++
	}
	return n
}

// errorLog is an OnError function that keeps what it gets.
type errorLog struct {
	mu   sync.Mutex
	errs []error
}

func (l *errorLog) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

func (l *errorLog) all() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]error(nil), l.errs...)
}

func (l *errorLog) contains(text string) bool {
	for _, err := range l.all() {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// clientGoroutines returns the stacks of goroutines that run code of this module, those of
// the tests excepted.
func clientGoroutines() []string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var found []string
	for _, g := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(g, "signalflow-client-go/") && !strings.Contains(g, "_test.") && !strings.Contains(g, "testing.tRunner") && !strings.Contains(g, "testing.(*M).Run") {
			found = append(found, g)
		}
	}
	return found
}

// pass lets the fake time of a synctest bubble go by.
func pass(d time.Duration) { <-time.After(d) }

// onScript runs a test in a bubble against a server that serves every connection so.
func onScript(t *testing.T, serve func(c *scriptConn), test func(t *testing.T, s *scriptServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newScriptServer(t, serve)) })
}
