package memnet

import (
	"io"
	"net"
	"time"
)

// conn is one end of a connection: it reads one stream and writes the other.
type conn struct {
	in, out       *stream
	local, remote addr
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// Read returns io.EOF once the other end is closed and everything it wrote has been read.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && err != io.EOF {
		err = &net.OpError{Op: "read", Net: "memnet", Source: c.local, Addr: c.remote, Err: err}
	}
	return n, err
}

// Write hands all of p over in one piece: concurrent writes never mix.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	if err != nil {
		err = &net.OpError{Op: "write", Net: "memnet", Source: c.local, Addr: c.remote, Err: err}
	}
	return n, err
}

// Close ends both directions. The other end still reads what was written before.
func (c *conn) Close() error {
	c.out.closeWriter()
	c.in.closeReader()
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	c.in.readDeadline.set(t)
	c.out.writeDeadline.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.readDeadline.set(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.writeDeadline.set(t)
	return nil
}
