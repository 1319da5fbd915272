package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// closeGrace is how long a closed connection may take to finish: for the writer to get rid
// of the close frame, and for the peer to answer it.
const closeGrace = time.Second

// conn is one WebSocket connection. The goroutine of ServeHTTP reads it; write is the only
// other one.
type conn struct {
	server *Server
	id     uint64
	ws     *websocket.Conn // reading, and the handshake
	nc     net.Conn        // writing: whole batches of frames at a time
	box    *outbox
	fuse   fuse
	ctx    context.Context // ends with the connection, or when its end begins
	cancel context.CancelFunc

	authenticated atomic.Bool
	closing       atomic.Bool // no more requests are taken

	mu        sync.Mutex // may be taken under that of box, not the other way round
	identity  Identity
	userAgent string
	readers   map[string]*reader // by channel, until the terminal message is written or it is detached
	running   int                // computations that have not returned, detached ones too
}

func newConn(s *Server, ws *websocket.Conn) *conn {
	c := &conn{server: s, id: s.nextID(), ws: ws, nc: ws.NetConn(), box: newOutbox(s.opt.MaxConnectionBytes), readers: make(map[string]*reader)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	ws.SetReadLimit(s.opt.ReadLimit)
	// All frames go through the one writer.
	ws.SetPingHandler(func(data string) error {
		c.control(opPong, []byte(data))
		return nil
	})
	ws.SetCloseHandler(func(int, string) error { return nil })
	return c
}

// serve reads requests until the connection ends, then ends what belongs to it.
func (c *conn) serve() {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write()
	}()
	timeout := time.AfterFunc(c.server.opt.AuthTimeout, func() {
		if !c.authenticated.Load() {
			c.close(closeBadToken, "Authentication timeout")
		}
	})
	err := c.read()
	timeout.Stop()
	c.cancel()
	for _, r := range c.takeReaders() {
		r.lose(ErrDisconnected)
	}

	// 1006 is the reader's own name for a connection that broke off.
	var closed *websocket.CloseError
	switch {
	case err == nil: // closed from this side
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		c.box.close(closeReply(closed.Code), true)
	default:
		c.box.fail()
		closed = nil
	}
	c.nc.SetReadDeadline(time.Now().Add(closeGrace))
	if closed == nil {
		// Closing a TCP socket with unread input resets it, and the reset can overtake the
		// close frame: read until the peer has closed its side.
		io.Copy(io.Discard, c.nc)
	}
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-written:
	case <-grace.C:
	}
	c.nc.Close()
	<-written
}

// read takes requests one after the other, so that those behind an authenticate wait for
// its outcome. It returns nil when the server itself has closed the connection. A panic of
// the backend ends this connection and no other; what it says may hold a token.
func (c *conn) read() (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.server.opt.Logger.Error("request panicked", "connection", c.id, "stack", string(debug.Stack()))
			err = errors.New("request panicked")
		}
	}()
	for {
		kind, text, err := c.ws.ReadMessage()
		if c.closing.Load() {
			return nil
		}
		if err != nil {
			return err
		}
		c.request(kind, text)
		if c.closing.Load() {
			return nil
		}
	}
}

// write is the writer goroutine: it writes what the outbox holds until that has ended.
func (c *conn) write() {
	err := c.box.drain(c.server.opt.KeepAlive, c.keepAlive, func(frames []byte) error {
		n, cut := c.fuse.burn(len(frames))
		c.nc.SetWriteDeadline(time.Now().Add(c.server.opt.WriteTimeout))
		if _, err := c.nc.Write(frames[:n]); err != nil || !cut {
			return err
		}
		return errCut
	})
	if err != nil {
		c.kill()
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(closeGrace)) // wakes the reader if it does not know yet
}

func (c *conn) keepAlive() {
	if c.authenticated.Load() {
		c.send(messages.NewKeepAlive(c.nowMs()))
	}
}

// send queues a message of the connection itself, always as text (protocol.md 4.1).
func (c *conn) send(m messages.Message) { c.sendOn("", m) }

func (c *conn) sendOn(channel string, m messages.Message) {
	text, err := messages.AppendText(nil, m, channel)
	if err != nil {
		c.server.opt.Logger.Error("cannot encode", "type", m.Type(), "error", err)
		return
	}
	c.control(opText, text)
}

// control queues a frame that belongs to no computation. A peer that makes us write without
// ever reading is cut off.
func (c *conn) control(op byte, payload []byte) {
	if err := c.box.first.push(op, payload, false); errors.Is(err, errFull) {
		c.server.opt.Logger.Warn("connection cut: it sends requests but reads no answers", "connection", c.id)
		c.kill()
	}
}

// close ends the connection from this side with a close frame, at once.
func (c *conn) close(code int, reason string) { c.closeAfter(code, reason, true) }

func (c *conn) closeAfter(code int, reason string, dropWaiting bool) {
	c.closing.Store(true)
	c.cancel()
	c.box.close(closeFrame(code, reason), dropWaiting)
}

// kill ends the connection without a word, as a network failure does.
func (c *conn) kill() {
	c.cancel()
	c.box.fail()
	c.nc.Close()
}

// killAfter is kill once so many bytes more are written.
func (c *conn) killAfter(bytes int64) { c.fuse.light(bytes) }

// endPolitely is the part of the connection in Server.Shutdown.
func (c *conn) endPolitely() {
	c.closeAfter(websocket.CloseGoingAway, ErrShutdown.Error(), false)
}

// takeReaders returns the readers of all channels, which are free then.
func (c *conn) takeReaders() map[string]*reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	readers := c.readers
	c.readers = make(map[string]*reader)
	return readers
}

// ended counts a computation that has returned.
func (c *conn) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
}

// release frees the channel of a reader, if it still is the reader's.
func (c *conn) release(r *reader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readers[r.channel] == r {
		delete(c.readers, r.channel)
	}
}

func (c *conn) nowMs() uint64 { return uint64(max(1, c.server.opt.Now().UnixMilli())) }

// ConnInfo describes one connection: a WebSocket, or an SSE response with its request.
type ConnInfo struct {
	ID            uint64 // 1 for the first connection of a server; 0 for HTTP requests without a stream
	SSE           bool   // over HTTP
	RemoteAddr    string
	Authenticated bool
	Identity      Identity
	UserAgent     string // what the client called itself in authenticate, or in the header of that name
	Channels      int    // live computations; one over SSE
}

func (i ConnInfo) String() string { return fmt.Sprintf("connection %d from %s", i.ID, i.RemoteAddr) }

func (c *conn) info() ConnInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ConnInfo{
		ID: c.id, RemoteAddr: c.nc.RemoteAddr().String(), Authenticated: c.authenticated.Load(),
		Identity: c.identity, UserAgent: c.userAgent, Channels: len(c.readers),
	}
}

// closeReply answers a close frame of the peer with its own code. 1005 stands for a frame
// without a code and may not be sent.
func closeReply(code int) []byte {
	if code == websocket.CloseNoStatusReceived {
		return appendFrame(nil, opClose, nil)
	}
	return closeFrame(code, "")
}
