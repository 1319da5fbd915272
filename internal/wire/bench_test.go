package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// BenchmarkSend measures messages of one computation over loopback TCP, to a client that
// only takes the bytes.
func BenchmarkSend(b *testing.B) {
	for _, points := range []int{1, 16, 1000} {
		b.Run(fmt.Sprint("points=", points), func(b *testing.B) {
			benchmarkSend(b, points, 22+32+17*points, func(b *testing.B, addr string) io.ReadCloser {
				ws, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/connect", nil)
				if err != nil {
					b.Fatal(err)
				}
				say(b, ws, `{"type":"authenticate","token":"good"}`)
				say(b, ws, execute)
				return ws.NetConn()
			})
		})
	}
}

// BenchmarkSendOverHTTP is the same over HTTP.
func BenchmarkSendOverHTTP(b *testing.B) {
	for _, points := range []int{1, 16, 1000} {
		b.Run(fmt.Sprint("points=", points), func(b *testing.B) {
			benchmarkSend(b, points, 0, func(b *testing.B, addr string) io.ReadCloser {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					b.Fatal(err)
				}
				io.WriteString(nc, "POST /execute HTTP/1.1\r\nHost: x\r\nX-SF-Token: good\r\nContent-Length: 1\r\n\r\np")
				return nc
			})
		})
	}
}

// benchmarkSend sends messages of size bytes, 0 if that varies, to what open connects.
func benchmarkSend(b *testing.B, points, size int, open func(b *testing.B, addr string) io.ReadCloser) {
	begin, ended := make(chan *Output), make(chan error)
	server := NewServer(funcBackend(func(ctx context.Context, out *Output) error {
		begin <- out
		return <-ended
	}), Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	web := &http.Server{Handler: server}
	go web.Serve(listener)
	peer := open(b, listener.Addr().String())
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, peer)
	}()
	out := <-begin
	data := make([]messages.DataPayload, points)
	for i := range data {
		data[i] = messages.DoublePayload(1, 1.5)
	}
	m := messages.NewData(1, data)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		m.TimestampMillis++
		if err := out.Send(m); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	ended <- nil
	peer.Close()
	<-drained
	server.Close()
	web.Close()
}
