package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalfx-go/idtool"
)

// closeTimeout bounds Close: a backend has this long to return from Run after its context
// has ended.
const closeTimeout = 5 * time.Second

// Server serves a Backend to SignalFlow clients over WebSocket and HTTP. It is an
// http.Handler; make it with NewServer.
type Server struct {
	backend  Backend
	opt      Options
	upgrader websocket.Upgrader

	mu          sync.Mutex
	closed      bool
	lastID      uint64
	links       map[uint64]link
	jobs        map[string]*job // by handle, until the terminal message
	persistent  map[string]int  // computations that may live without a reader, by organization
	responses   map[string]int  // SSE responses, by organization
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
		links:       make(map[uint64]link),
		jobs:        make(map[string]*job),
		persistent:  make(map[string]int),
		responses:   make(map[string]int),
		connections: gate{idle: make(chan struct{})},
		running:     gate{idle: make(chan struct{})},
	}
	s.upgrader.Error = func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		httpError(w, &Error{Code: status, Type: TypeBadRequest, Message: reason.Error()})
	}
	return s
}

// ServeWebSocket is ServeHTTP for the WebSocket alone, without a look at the path. It returns
// when the connection has ended.
func (s *Server) ServeWebSocket(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		httpError(w, errClosed)
		return
	}
	defer s.leave()
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil { // already answered
		s.opt.Logger.Debug("upgrade refused", "error", err)
		return
	}
	c := newConn(s, ws)
	if !s.add(c.id, c) {
		ws.Close()
		return
	}
	defer s.remove(c.id)
	c.serve()
}

// link is what a client has open: a WebSocket connection or an SSE response.
type link interface {
	info() ConnInfo
	kill()
	killAfter(bytes int64)
	endPolitely()
}

// nextID numbers what a client opens.
func (s *Server) nextID() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	return s.lastID
}

// enter counts a request whose goroutine Close waits for, until leave; it refuses when the
// server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.connections.add(1)
	return true
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections.add(-1)
}

// add lists a link until remove. When the server is closing it refuses, because nobody would
// cut the link.
func (s *Server) add(id uint64, l link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.links[id] = l
	return true
}

func (s *Server) remove(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, id)
}

// start runs a job on its own goroutine; it refuses when the server is closing, and when the
// organization may not leave more behind.
func (s *Server) start(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if j.outlives {
		if most := s.opt.MaxPersistent; most > 0 && s.persistent[j.id.OrgID] >= most {
			return &Error{Code: 429, Type: TypeTooManyJobs, Message: fmt.Sprintf("too many computations that are persistent or in the background (limit %d); stop some", most)}
		}
		s.persistent[j.id.OrgID]++
	}
	s.jobs[j.handle] = j
	s.running.add(1)
	go j.run()
	return nil
}

// ended is called at the end of the goroutine of a job.
func (s *Server) ended(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.outlives {
		decrease(s.persistent, j.id.OrgID)
	}
	s.running.add(-1)
}

// decrease forgets an organization that has no more.
func decrease(counts map[string]int, org string) {
	if counts[org]--; counts[org] <= 0 {
		delete(counts, org)
	}
}

// endOrigin ends the computations that were asked for over one connection.
func (s *Server) endOrigin(id uint64) {
	s.mu.Lock()
	var jobs []*job
	for _, j := range s.jobs {
		if j.origin == id {
			jobs = append(jobs, j)
		}
	}
	s.mu.Unlock()
	for _, j := range jobs {
		j.cancel(ErrDisconnected)
	}
}

// filter gives a reader the filter that an attach request asks for.
func (s *Server) filter(ctx context.Context, id Identity, req *Request, r *reader) error {
	if req.Filters == "" {
		return nil
	}
	f, ok := s.backend.(Filterer)
	if !ok {
		return badRequest(`field "filters": this server cannot filter the output of a running computation; leave it out`)
	}
	keep, err := f.Filter(ctx, id, req.Filters)
	r.keep, r.kept = keep, make(map[idtool.ID]struct{})
	return err
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
	for _, l := range s.snapshot() {
		list = append(list, l.info())
	}
	return list
}

// KillConnection cuts one connection without a close frame, as a network failure does. It
// reports whether there was one of that id.
func (s *Server) KillConnection(id uint64) bool { return s.KillConnectionAfter(id, 0) }

// KillConnectionAfter is KillConnection as soon as so many bytes more have been written to
// the connection, be it in the middle of a frame or an event. Over HTTP the bytes of events
// and comments count.
func (s *Server) KillConnectionAfter(id uint64, bytes int64) bool {
	s.mu.Lock()
	l := s.links[id]
	s.mu.Unlock()
	switch {
	case l == nil:
		return false
	case bytes <= 0:
		l.kill()
	default:
		l.killAfter(bytes)
	}
	return true
}

// KillConnections cuts all connections.
func (s *Server) KillConnections() {
	for _, l := range s.snapshot() {
		l.kill()
	}
}

func (s *Server) snapshot() []link {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]link, 0, len(s.links))
	for _, id := range slices.Sorted(maps.Keys(s.links)) {
		list = append(list, s.links[id])
	}
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
// end without a last message, then each WebSocket is closed with code 1001, and each SSE
// response ends, after what waits for it is written: to clients that is a lost connection, so
// they resume once there is a server again. When ctx ends first, the rest is cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.endJobs()
	if err := await(ctx, s.running.idle); err != nil {
		return errors.Join(err, s.Close())
	}
	for _, l := range s.snapshot() {
		l.endPolitely()
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
