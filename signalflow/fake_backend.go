package signalflow

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// FakeBackend is a SignalFlow server for tests. It does not run programs: what a program
// does is told beforehand, by its text.
//
//   - [FakeBackend.AddProgramTSIDs] names the series that a program puts out. Each has the
//     metadata and the value that were set for it, see [FakeBackend.AddTSIDMetadata] and
//     [FakeBackend.SetTSIDFloatData]. A program that was never mentioned runs without series.
//   - A run sends STREAM_START and JOB_START, the metadata, then one data message for each
//     logical timestamp start, start + resolution, … up to and including stop, at that time;
//     those in the past at once. After the first follows JOB_RUNNING_RESOLUTION. The start is
//     now unless the request says otherwise, and the resolution the coarsest that the
//     metadata of the series name, or 1 s; both go down to 1 ms. A run with a stop ends there
//     with END_OF_CHANNEL; an immediate one ends now. A stop request ends it with
//     CHANNEL_ABORT.
//   - [FakeBackend.AddProgramMessages] and [FakeBackend.Send] put any other message in:
//     information, events, progress, expirations, aborts, errors with a position.
//   - [FakeBackend.AddProgramError] refuses a program.
//
// The protocol is the one of a real server, on the same code: over WebSocket and over HTTP,
// all requests, authentication for each connection, any number of connections and channels,
// compression, KEEP_ALIVE, Last-Event-ID. An explain request runs the program whose text is
// the id of the incident.
//
// The zero value is ready; [FakeBackend.Start] makes it listen. All methods are safe for
// concurrent use, also while programs run.
type FakeBackend struct {
	// Mutex is not used. It is here so that programs which lock a FakeBackend compile.
	sync.Mutex

	// AccessToken is the one token that is accepted; "" accepts all. Set it before Start.
	AccessToken string

	// Listen, if not nil, makes the listener of [FakeBackend.Start], in place of one on a
	// free port of 127.0.0.1. If the listener has a method DialContext like the one of
	// net.Dialer, as in-memory listeners do, [FakeBackend.Client] dials with it. Set it
	// before Start.
	Listen func() (net.Listener, error)

	life   sync.Mutex // held while it starts and stops; before mu
	web    *http.Server
	served chan struct{} // closed when web.Serve has returned

	mu       sync.Mutex
	server   *wire.Server
	stopped  bool         // server is closed
	listener net.Listener // the last one

	logger   *log.Logger
	clock    *FakeClock
	programs map[string]*fakeProgram
	metadata map[idtool.ID]*messages.MetadataProperties
	values   map[idtool.ID]func(time.Time) messages.DataPayload
	requests []FakeRequest
	texts    int           // bytes of the requests
	changed  chan struct{} // closed when the number of jobs of a program changes
}

// NewRunningFakeBackend returns a fake that listens on a free port of 127.0.0.1 and whose
// access token is "abcd".
func NewRunningFakeBackend() *FakeBackend {
	f := &FakeBackend{AccessToken: "abcd"}
	f.Start()
	return f
}

// Start listens: on the address of the last time if there was one, else on a free port of
// 127.0.0.1, or on what [FakeBackend.Listen] makes. It panics if that fails, since a test
// cannot go on without. A fake that listens already stays as it is.
func (f *FakeBackend) Start() {
	f.life.Lock()
	defer f.life.Unlock()
	f.start()
}

// start and stop are Start and Stop for who holds life.
func (f *FakeBackend) start() {
	if f.web != nil {
		return
	}
	l, err := f.listen()
	if err != nil {
		panic(fmt.Sprintf("signalflow: the fake backend cannot listen: %v", err))
	}
	f.mu.Lock()
	f.listener = l
	if f.server == nil || f.stopped {
		f.server, f.stopped = f.newServer(), false
	}
	f.mu.Unlock()
	web := &http.Server{Handler: f, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	f.web, f.served = web, served
	go func() {
		defer close(served)
		web.Serve(l)
	}()
}

func (f *FakeBackend) listen() (net.Listener, error) {
	if f.Listen != nil {
		return f.Listen()
	}
	addr := f.addr()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	return net.Listen("tcp", addr)
}

// addr returns the address of the last listener, "" if there was none.
func (f *FakeBackend) addr() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listener == nil {
		return ""
	}
	return f.listener.Addr().String()
}

func (f *FakeBackend) newServer() *wire.Server {
	return wire.NewServer(fakeHost{f}, wire.Options{
		// A test of a limit belongs to a real server.
		MaxChannels: -1, MaxPersistent: -1, MaxResponses: -1,
		Now:     f.now,
		Observe: f.record,
	})
}

// Stop cuts all connections, ends what runs and stops listening. When it returns, no
// goroutine of the fake is left. [FakeBackend.Start] or [FakeBackend.Restart] goes on.
func (f *FakeBackend) Stop() {
	f.life.Lock()
	defer f.life.Unlock()
	f.stop()
}

func (f *FakeBackend) stop() {
	if f.web != nil {
		f.web.Close()
		<-f.served
		f.web = nil
	}
	f.mu.Lock()
	server := f.server
	f.stopped = true
	f.mu.Unlock()
	if server == nil {
		return
	}
	if err := server.Close(); err != nil { // a value function that does not return
		f.logf("stop: %v", err)
	}
}

// Restart stops the fake if it listens, and listens again on the same address.
func (f *FakeBackend) Restart() {
	f.life.Lock()
	defer f.life.Unlock()
	f.stop()
	f.start()
}

// URL returns the address for [StreamURL], such as ws://127.0.0.1:41234. It is that of the
// last listener, also after Stop.
func (f *FakeBackend) URL() string { return "ws://" + f.addr() }

// HTTPURL is [FakeBackend.URL] for clients that speak HTTP, such as http://127.0.0.1:41234.
func (f *FakeBackend) HTTPURL() string { return "http://" + f.addr() }

// Client returns a client of the fake, with its token. The caller closes it.
func (f *FakeBackend) Client() (*Client, error) { return f.NewClient() }

// NewClient is [FakeBackend.Client] with further options, which come after those for address,
// token and dialer, and so may replace them.
func (f *FakeBackend) NewClient(further ...ClientParam) (*Client, error) {
	f.mu.Lock()
	token, listener := f.AccessToken, f.listener
	f.mu.Unlock()
	if token == "" {
		token = "any"
	}
	params := []ClientParam{StreamURL(f.URL()), AccessToken(token)}
	if _, ok := listener.(fakeDialer); ok {
		params = append(params, Dialer(f.dial), Proxy(nil))
	}
	return NewClient(append(params, further...)...)
}

// fakeDialer is a listener that makes the connections to itself.
type fakeDialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// dial connects to the listener of the moment, so that clients find it again after Restart.
func (f *FakeBackend) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	f.mu.Lock()
	listener := f.listener
	f.mu.Unlock()
	if d, ok := listener.(fakeDialer); ok {
		return d.DialContext(ctx, network, addr)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// ServeHTTP serves a WebSocket connection on whatever path it comes, and HTTP requests by the
// end of their path, such as /v2/signalflow/execute. A fake may so be part of a larger test
// server, with or without Start; [FakeBackend.Stop] ends the connections.
func (f *FakeBackend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	if f.server == nil {
		f.server, f.stopped = f.newServer(), false
	}
	server := f.server
	f.mu.Unlock()
	if websocket.IsWebSocketUpgrade(r) {
		server.ServeWebSocket(w, r)
		return
	}
	server.ServeHTTP(w, r)
}

// SetLogger sets where the fake says what it does: one line when a job starts, which begins
// "Executing SignalFlow program" and has the program, its series and the handle. nil is
// nowhere, which is the default. A test that waits for a job has [FakeBackend.WaitForJob].
func (f *FakeBackend) SetLogger(logger *log.Logger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logger = logger
}

func (f *FakeBackend) logf(format string, args ...any) {
	f.mu.Lock()
	logger := f.logger
	f.mu.Unlock()
	if logger != nil {
		logger.Printf(format, args...)
	}
}

// FakeConnection is one open connection of a fake: a WebSocket, or a response over HTTP.
type FakeConnection struct {
	ID            uint64 // counts from 1 since Start
	Authenticated bool
	UserAgent     string // as in the authenticate request, or the header of that name
	Channels      int    // computations that run on it; 1 over HTTP
	SSE           bool   // a response over HTTP
}

// Connections lists the open connections, oldest first.
func (f *FakeBackend) Connections() []FakeConnection {
	var list []FakeConnection
	if server := f.current(); server != nil {
		for _, c := range server.Connections() {
			list = append(list, FakeConnection{c.ID, c.Authenticated, c.UserAgent, c.Channels, c.SSE})
		}
	}
	return list
}

// KillConnection cuts one connection without a close frame, as a network failure does. It
// reports whether there was one of that id.
func (f *FakeBackend) KillConnection(id uint64) bool {
	server := f.current()
	return server != nil && server.KillConnection(id)
}

// KillConnectionAfter is [FakeBackend.KillConnection] as soon as so many bytes more have been
// written to the connection, be it in the middle of a frame or an event.
func (f *FakeBackend) KillConnectionAfter(id uint64, bytes int64) bool {
	server := f.current()
	return server != nil && server.KillConnectionAfter(id, bytes)
}

// KillExistingConnections cuts all connections without a close frame. What runs on them
// ends soon after, see [FakeBackend.WaitForRunning].
func (f *FakeBackend) KillExistingConnections() {
	if server := f.current(); server != nil {
		server.KillConnections()
	}
}

func (f *FakeBackend) current() *wire.Server {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.server
}
