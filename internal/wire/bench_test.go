package wire

import (
	"context"
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
		b.Run(map[int]string{1: "points=1", 16: "points=16", 1000: "points=1000"}[points], func(b *testing.B) {
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
			ws, _, err := websocket.DefaultDialer.Dial("ws://"+listener.Addr().String()+"/connect", nil)
			if err != nil {
				b.Fatal(err)
			}
			say(b, ws, `{"type":"authenticate","token":"good"}`)
			say(b, ws, execute)
			drained := make(chan struct{})
			go func() {
				defer close(drained)
				io.Copy(io.Discard, ws.NetConn())
			}()
			out := <-begin
			data := make([]messages.DataPayload, points)
			for i := range data {
				data[i] = messages.DoublePayload(1, 1.5)
			}
			m := messages.NewData(1, data)
			b.SetBytes(int64(22 + 32 + 17*points))
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
			ws.Close()
			<-drained
			server.Close()
			web.Close()
		})
	}
}
