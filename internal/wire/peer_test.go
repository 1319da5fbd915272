package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

// peer is one client: a WebSocket connection, or over HTTP what shares a token.
type peer struct {
	side side

	mu     sync.Mutex
	frames []frame
}

// side is how a peer talks to the server.
type side interface {
	say(text string) error // what follows > in a file
	act(verb string) error // what follows =
	close()                // returns when nothing more is added to the frames
}

// frame is one thing that came from the server, in the notation of the files.
type frame struct {
	channel string
	mark    string // "", "binary", "gzip" for JSON; "shown" for text that is compared as it is
	text    string
}

func (f frame) String() string {
	if f.mark == "shown" || f.mark == "" {
		return f.text
	}
	return f.mark + " " + f.text
}

func (c *peer) add(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, f)
}

// socket is the side of a peer over WebSocket.
type socket struct {
	*peer
	ws   *websocket.Conn
	gate *gatedConn
	done chan struct{} // the reader has ended
}

func openSocket(c *peer, l *memnet.Listener) (*socket, error) {
	s := &socket{peer: c, done: make(chan struct{})}
	dialer := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		nc, err := l.Dial()
		s.gate = &gatedConn{Conn: nc}
		return s.gate, err
	}}
	ws, _, err := dialer.Dial("ws://memnet/v2/signalflow/connect", nil)
	if err != nil {
		return nil, err
	}
	s.ws = ws
	ws.SetPongHandler(func(data string) error {
		c.add(frame{mark: "shown", text: "pong " + data})
		return nil
	})
	go s.read()
	return s, nil
}

func (s *socket) say(text string) error {
	verb, arg, _ := strings.Cut(text, " ")
	deadline := time.Now().Add(time.Second)
	switch verb {
	case "ping":
		return s.ws.WriteControl(websocket.PingMessage, []byte(arg), deadline)
	case "close":
		return s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(number(arg)), ""), deadline)
	case "binary":
		return s.ws.WriteMessage(websocket.BinaryMessage, []byte(arg))
	case "repeat": // repeat N TEXT: a request that is N times as long
		count, piece, _ := strings.Cut(arg, " ")
		return s.ws.WriteMessage(websocket.TextMessage, []byte(strings.Repeat(piece, int(number(count)))))
	}
	return s.ws.WriteMessage(websocket.TextMessage, []byte(text))
}

func (s *socket) act(verb string) error {
	switch verb {
	case "pause":
		s.gate.pause()
	case "resume":
		s.gate.resume()
	case "hold":
		s.gate.hold()
	case "flush":
		return s.gate.flush()
	case "cut":
		return s.ws.NetConn().Close()
	default:
		return fmt.Errorf("unknown act %q", verb)
	}
	return nil
}

func (s *socket) close() {
	s.gate.resume()
	s.ws.Close()
	<-s.done
}

func (s *socket) read() {
	defer close(s.done)
	for {
		kind, data, err := s.ws.ReadMessage()
		if err != nil {
			text := "lost"
			var closed *websocket.CloseError
			if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
				text = strings.TrimSpace(fmt.Sprintf("close %d %s", closed.Code, closed.Text))
			}
			s.add(frame{mark: "shown", text: text})
			s.ws.Close()
			return
		}
		s.add(toFrame(kind, data))
	}
}

func toFrame(kind int, data []byte) frame {
	if kind == websocket.TextMessage {
		var m struct {
			Channel string `json:"channel"`
		}
		if err := json.Unmarshal(data, &m); err != nil {
			return frame{mark: "shown", text: fmt.Sprintf("not JSON: %q", data)}
		}
		return frame{channel: m.Channel, text: string(data)}
	}
	body, marks, err := openFrame(data)
	if err != nil {
		return frame{mark: "shown", text: fmt.Sprintf("broken frame % x: %v", data, err)}
	}
	if data[2]&2 != 0 {
		return frame{channel: channelOf(data), mark: strings.TrimSpace("binary" + marks), text: string(body)}
	}
	text, err := describeData(data)
	if err != nil {
		text = fmt.Sprintf("broken data % x: %v", data, err)
	}
	return frame{channel: channelOf(data), mark: "shown", text: text}
}

// takeFlood takes data messages of a channel as long as they come, at least one.
func (c *peer) takeFlood(channel string) error {
	taken := 0
	kept := c.frames[:0:0]
	over := false
	for _, f := range c.frames {
		if !over && f.channel == channel && strings.HasPrefix(f.text, "data ") {
			taken++
			continue
		}
		over = over || f.channel == channel
		kept = append(kept, f)
	}
	c.frames = kept
	if taken == 0 {
		return fmt.Errorf("no data on channel %q; waiting: %v", channel, c.frames)
	}
	return nil
}

// gatedConn is a connection whose reader can be held up, and whose writes can be sent as one.
type gatedConn struct {
	net.Conn
	mu      sync.Mutex
	held    chan struct{} // closed by resume; nil while reading is allowed
	holding bool
	unsent  []byte
}

func (g *gatedConn) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	g.mu.Lock()
	held := g.held
	g.mu.Unlock()
	if held != nil {
		<-held
	}
	return n, err
}

func (g *gatedConn) Write(b []byte) (int, error) {
	g.mu.Lock()
	if g.holding {
		defer g.mu.Unlock()
		g.unsent = append(g.unsent, b...)
		return len(b), nil
	}
	g.mu.Unlock()
	return g.Conn.Write(b)
}

func (g *gatedConn) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holding = true
}

func (g *gatedConn) flush() error {
	g.mu.Lock()
	unsent := g.unsent
	g.holding, g.unsent = false, nil
	g.mu.Unlock()
	_, err := g.Conn.Write(unsent)
	return err
}

func (g *gatedConn) pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = make(chan struct{})
	}
}

func (g *gatedConn) resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		close(g.held)
		g.held = nil
	}
}
