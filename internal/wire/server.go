package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// closeTimeout bounds Close: a backend has this long to return from Run after its context
// has ended.
const closeTimeout = 5 * time.Second

// Server serves a Backend to SignalFlow clients over WebSocket. It is an http.Handler; make
// it with NewServer.
type Server struct {
	backend  Backend
	opt      Options
	upgrader websocket.Upgrader

	mu          sync.Mutex
	closed      bool
	lastID      uint64
	conns       map[uint64]*conn
	jobs        map[string]*job // by handle, until the terminal message
	connections gate
	running     gate // job goroutines
}

// gate counts goroutines, and tells when the last is gone after the server has closed. It
// is guarded by the server.
type gate struct {
	n    int
	shut bool
	idle chan struct{} // closed once shut is set and n is 0
}

func (g *gate) add(n int) {
	g.n += n
	if g.shut && g.n == 0 {
		close(g.idle)
	}
}

func (g *gate) close() {
	if !g.shut {
		g.shut = true
		g.add(0)
	}
}

// NewServer returns a server that is ready to be used as a handler.
func NewServer(b Backend, o Options) *Server {
	s := &Server{
		backend:     b,
		opt:         o.withDefaults(),
		conns:       make(map[uint64]*conn),
		jobs:        make(map[string]*job),
		connections: gate{idle: make(chan struct{})},
		running:     gate{idle: make(chan struct{})},
	}
	s.upgrader.Error = func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		httpError(w, status, reason.Error())
	}
	return s
}

// ServeHTTP serves the WebSocket at …/connect (protocol.md 1.2) and returns when the
// connection has ended. Anything else is answered with 404 or 405 and a JSON body.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasSuffix(r.URL.Path, "/connect"):
		httpError(w, http.StatusNotFound, fmt.Sprintf("nothing at %s; the stream endpoint is /v2/signalflow/connect", r.URL.Path))
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		httpError(w, http.StatusMethodNotAllowed, "the stream endpoint takes GET with a WebSocket upgrade")
	default:
		s.ServeWebSocket(w, r)
	}
}

// ServeWebSocket is ServeHTTP without a look at the path.
func (s *Server) ServeWebSocket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		httpError(w, http.StatusServiceUnavailable, ErrShutdown.Error())
		return
	}
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil { // already answered
		s.opt.Logger.Debug("upgrade refused", "error", err)
		return
	}
	c := newConn(s, ws)
	if !s.add(c) {
		ws.Close()
		return
	}
	defer s.remove(c)
	c.serve()
}

func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.lastID++
	c.id = s.lastID
	s.conns[c.id] = c
	s.connections.add(1)
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.id)
	s.connections.add(-1)
}

// start runs a job on its own goroutine; it refuses when the server is closing.
func (s *Server) start(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.jobs[j.handle] = j
	s.running.add(1)
	go j.run()
	return true
}

// ended is called at the end of the goroutine of a job.
func (s *Server) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running.add(-1)
}

// job finds a running computation of an organization.
func (s *Server) job(handle, org string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jobs[handle]; j != nil && j.id.OrgID == org {
		return j
	}
	return nil
}

func (s *Server) release(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, j.handle)
}

// Connections lists the open connections, oldest first.
func (s *Server) Connections() []ConnInfo {
	var list []ConnInfo
	for _, c := range s.snapshot() {
		list = append(list, c.info())
	}
	return list
}

// KillConnection cuts one connection without a close frame, as a network failure does. It
// reports whether there was one of that id.
func (s *Server) KillConnection(id uint64) bool {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c != nil {
		c.kill()
	}
	return c != nil
}

// KillConnections cuts all connections.
func (s *Server) KillConnections() {
	for _, c := range s.snapshot() {
		c.kill()
	}
}

func (s *Server) snapshot() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *conn) int { return int(a.id) - int(b.id) })
	return list
}

// Close cuts all connections, ends all computations and waits for every goroutine. The
// error means that a computation did not return within 5 s of the end of its context.
func (s *Server) Close() error {
	s.endJobs()
	s.KillConnections()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	for _, g := range []*gate{&s.connections, &s.running} {
		select {
		case <-g.idle:
		case <-timer.C:
			s.mu.Lock()
			defer s.mu.Unlock()
			return fmt.Errorf("%d connections and %d computations still run %v after their end", s.connections.n, s.running.n, closeTimeout)
		}
	}
	return nil
}

// Shutdown ends in the polite order: no new connections and computations, the running ones
// end with CHANNEL_ABORT "server shutting down", then each connection is closed with code
// 1001 after what waits for it is written. When ctx ends first, the rest is cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.endJobs()
	if err := await(ctx, s.running.idle); err != nil {
		return errors.Join(err, s.Close())
	}
	for _, c := range s.snapshot() {
		c.closeAfter(websocket.CloseGoingAway, ErrShutdown.Error(), false)
	}
	if err := await(ctx, s.connections.idle); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endJobs refuses what is new and ends what runs.
func (s *Server) endJobs() {
	s.mu.Lock()
	s.closed = true
	s.connections.close()
	s.running.close()
	jobs := make([]*job, 0, len(s.jobs))
	for _, j := range s.jobs {
		jobs = append(jobs, j)
	}
	s.mu.Unlock()
	for _, j := range jobs {
		j.cancel(ErrShutdown)
	}
}

// httpError answers in the shape of protocol.md 1.3.
func httpError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{status, message})
}
