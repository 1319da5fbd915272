package server

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// socket is a WebSocket client that does no more than these tests need: it shows every message of
// a connection, in order.
type socket struct {
	conn    net.Conn
	in      *bufio.Reader
	payload []byte
}

// newSocket opens a WebSocket over a connection.
func newSocket(t testing.TB, conn net.Conn) *socket {
	t.Helper()
	fmt.Fprintf(conn, "GET /v2/signalflow/connect HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	in := bufio.NewReaderSize(conn, 256<<10)
	if response, err := http.ReadResponse(in, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response, err)
	}
	return &socket{conn: conn, in: in}
}

// send sends a text of 126 to 65,535 bytes, or a shorter one padded with spaces, masked with zeros.
func (s *socket) send(text string) {
	text = fmt.Sprintf("%-126s", text)
	frame := []byte{0x81, 0x80 | 126, byte(len(text) >> 8), byte(len(text)), 0, 0, 0, 0}
	s.conn.Write(append(frame, text...))
}

// next returns what the next frame holds, until the call after it.
func (s *socket) next() ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return nil, err
	}
	n := uint64(head[1])
	switch n {
	case 126:
		io.ReadFull(s.in, head[:2])
		n = uint64(binary.BigEndian.Uint16(head[:]))
	case 127:
		io.ReadFull(s.in, head[:8])
		n = binary.BigEndian.Uint64(head[:])
	}
	s.payload = append(s.payload[:0], make([]byte, n)...)
	_, err := io.ReadFull(s.in, s.payload)
	return s.payload, err
}
