// Package memnet is a network inside the process: a listener, a dial function and
// connections that behave like loopback TCP without using a port.
//
// Every wait is on a channel, so programs that talk over it can be tested inside a
// testing/synctest bubble, where deadlines pass in no time. Each direction buffers up to
// BufferSize bytes, as a socket does: two ends that both write a short frame before they
// read (WebSocket close frames, for one) do not lock each other up.
package memnet

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// BufferSize is the number of bytes one direction of a connection holds before Write waits
// for the reader.
const BufferSize = 256 << 10

// backlog is how many dialled connections may wait for Accept before Dial waits too.
const backlog = 128

// Listener is a net.Listener whose connections come from its own Dial methods.
type Listener struct {
	name    addr
	pending chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// Listen returns an open listener. The name is only shown by Addr; it need not be unique.
func Listen(name string) *Listener {
	return &Listener{
		name:    addr(name),
		pending: make(chan net.Conn, backlog),
		closed:  make(chan struct{}),
	}
}

// Accept waits for the next dialled connection; after Close it returns an error that wraps
// net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, l.opError("accept", net.ErrClosed)
	default:
	}
	select {
	case c := <-l.pending:
		return c, nil
	case <-l.closed:
		return nil, l.opError("accept", net.ErrClosed)
	}
}

// Close makes Accept and Dial fail and drops connections that nobody has accepted yet.
// Accepted connections live on. A second Close does nothing.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	for {
		select {
		case c := <-l.pending:
			c.Close()
		default:
			return nil
		}
	}
}

// Addr names the listener.
func (l *Listener) Addr() net.Addr { return l.name }

// Dial opens a connection to the listener.
func (l *Listener) Dial() (net.Conn, error) {
	return l.DialContext(context.Background(), "", "")
}

// DialContext opens a connection to the listener, whatever network and address are asked
// for: it fits every dialer hook of net/http and of WebSocket libraries.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.opError("dial", err)
	}
	select {
	case <-l.closed:
		return nil, l.opError("dial", fmt.Errorf("connection refused: %w", net.ErrClosed))
	default:
	}
	client, server := pipe(addr("dialer"), l.name)
	select {
	case l.pending <- server:
	case <-l.closed:
		return nil, l.opError("dial", fmt.Errorf("connection refused: %w", net.ErrClosed))
	case <-ctx.Done():
		return nil, l.opError("dial", ctx.Err())
	}
	// Close may have emptied the backlog just before the send above.
	select {
	case <-l.closed:
		l.Close()
	default:
	}
	return client, nil
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "memnet", Addr: l.name, Err: err}
}

// Pipe returns the two ends of one connection.
func Pipe() (net.Conn, net.Conn) { return pipe("a", "b") }

func pipe(a, b addr) (net.Conn, net.Conn) {
	ab, ba := newStream(), newStream()
	return &conn{in: ba, out: ab, local: a, remote: b}, &conn{in: ab, out: ba, local: b, remote: a}
}

type addr string

func (addr) Network() string  { return "memnet" }
func (a addr) String() string { return string(a) }
