package signalflow

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

// httpScript is a server whose every answer the test chooses, behind an in-memory network.
type httpScript struct {
	t      *testing.T
	listen *memnet.Listener
	serve  func(c *httpExchange)

	handlers sync.WaitGroup
	mu       sync.Mutex
	requests []*httpExchange
	dialled  int
	conns    map[net.Conn]bool // those that the client has dialled
}

// httpExchange is one request and the way to answer it.
type httpExchange struct {
	http.ResponseWriter
	r      *http.Request
	body   string
	number int // 1 for the first request
}

// onHTTP runs a test in a bubble against a server that serves every request so. A client
// that the test makes is closed before the server is, which ends every response.
func onHTTP(t *testing.T, serve func(c *httpExchange), test func(t *testing.T, s *httpScript)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newHTTPScript(t, serve)) })
}

func newHTTPScript(t *testing.T, serve func(c *httpExchange)) *httpScript {
	s := &httpScript{t: t, listen: memnet.Listen("script"), serve: serve, conns: make(map[net.Conn]bool)}
	server := &http.Server{Handler: s}
	var served sync.WaitGroup
	served.Go(func() { server.Serve(s.listen) })
	t.Cleanup(func() {
		server.Close()
		served.Wait()
		s.handlers.Wait()
	})
	return s
}

func (s *httpScript) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handlers.Add(1)
	defer s.handlers.Done()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	c := &httpExchange{ResponseWriter: w, r: r, body: string(body), number: len(s.requests) + 1}
	s.requests = append(s.requests, c)
	s.mu.Unlock()
	s.serve(c)
}

// asked lists the requests so far as method and path.
func (s *httpScript) asked() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.requests {
		list = append(list, c.r.Method+" "+strings.TrimPrefix(c.r.URL.EscapedPath(), "/v2/signalflow"))
	}
	return list
}

// request returns the last request so far.
func (s *httpScript) request() *httpExchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		s.t.Fatal("there was no request")
	}
	return s.requests[len(s.requests)-1]
}

func (s *httpScript) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := s.listen.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &countedConn{Conn: conn, s: s}
	s.conns[c] = true
	s.dialled++
	return c, nil
}

// open is how many of the connections that the client dialled it has not closed.
func (s *httpScript) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// dials is how many connections it has dialled.
func (s *httpScript) dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialled
}

type countedConn struct {
	net.Conn
	s *httpScript
}

func (c *countedConn) Close() error {
	c.s.mu.Lock()
	delete(c.s.conns, c)
	c.s.mu.Unlock()
	return c.Conn.Close()
}

// client returns a client of the server, which the test's end closes.
func (s *httpScript) client(options ...ClientParam) *Client {
	s.t.Helper()
	base := []ClientParam{StreamURL("http://stream.us9.signalfx.com/v2/signalflow"), AccessToken(testToken), Dialer(s.dial), Proxy(nil)}
	c, err := NewClient(append(base, options...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// Unwrap is for http.ResponseController.
func (c *httpExchange) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// raw writes a part of an event stream, or of another body, and flushes it.
func (c *httpExchange) raw(text string) error {
	if c.Header().Get("Content-Type") == "" {
		c.Header().Set("Content-Type", "text/event-stream")
	}
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	return http.NewResponseController(c).Flush()
}

func (c *httpExchange) event(name, data string) error {
	return c.raw("event: " + name + "\ndata: " + data + "\n\n")
}

// start begins a stream as far as JOB_START.
func (c *httpExchange) start() {
	c.event("control-message", `{"event":"STREAM_START","timestampMs":1}`)
	c.event("control-message", `{"event":"JOB_START","handle":"GzExampleAA","timestampMs":2}`)
}

func (c *httpExchange) end() {
	c.event("control-message", `{"event":"END_OF_CHANNEL","timestampMs":9}`)
}

// data writes a data event of n points.
func (c *httpExchange) data(ms int64, n int) error {
	return c.raw(fmt.Sprintf("event: data\nid: data-%d\ndata: %s\n\n", ms, dataJSON(ms, n)))
}

func dataJSON(ms int64, n int) string {
	points := make([]string, n)
	for i := range points {
		points[i] = fmt.Sprintf(`{"tsId":"%v","value":%d.5}`, idtool.ID(i+1), i)
	}
	return fmt.Sprintf(`{"logicalTimestampMs":%d,"data":[%s]}`, ms, strings.Join(points, ","))
}

// status answers with a body of JSON or, if it does not begin with a brace, of HTML.
func (c *httpExchange) status(code int, body string) {
	kind := "text/html"
	if strings.HasPrefix(body, "{") {
		kind = "application/json"
	}
	c.Header().Set("Content-Type", kind)
	c.WriteHeader(code)
	io.WriteString(c, body)
}

// hang leaves the response open until the client or the test ends it.
func (c *httpExchange) hang() { <-c.r.Context().Done() }

// newCertificate signs itself.
func newCertificate(t *testing.T) tls.Certificate {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(100, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: private}
}
