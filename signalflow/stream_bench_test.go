//go:build unix

package signalflow

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// feedTransport is a server without a network: each computation gets metadata and then as
// many frames of one step as it is asked for, which are decoded as they would be.
type feedTransport struct {
	points int
	frames int
	done   chan struct{}
}

type feedLink struct{}

func (feedLink) send(context.Context, request) error { return nil }
func (feedLink) begin(request) (wait func(context.Context) error) {
	return func(context.Context) error { return nil }
}
func (feedLink) release()                                    {}
func (feedLink) down() <-chan struct{}                       { return nil }
func (t *feedTransport) connect(context.Context) error       { return nil }
func (t *feedTransport) send(context.Context, request) error { return nil }
func (t *feedTransport) authenticate(context.Context) error  { return nil }
func (t *feedTransport) close()                              { <-t.done }
func (t *feedTransport) open(_ context.Context, r openRequest, s sink) error {
	s.bind(feedLink{})
	go t.feed(r.channel, s)
	return nil
}

func (t *feedTransport) feed(channel string, s sink) {
	defer close(t.done)
	points := make([]messages.DataPayload, t.points)
	for i := range points {
		id := idtool.ID(i + 1)
		points[i] = messages.DoublePayload(id, float64(i))
		s.receive(messages.NewMetadata(id, stepMetadata("h", 0, i)), 500)
	}
	const at = 20 // of the timestamp in the frame
	frame, err := messages.AppendBinary(nil, messages.NewData(1000, points), channel, messages.BinaryOptions{})
	if err != nil {
		panic(err)
	}
	info := messages.NewInfo(messages.JobRunningResolution, "INFO", 0, map[string]any{"resolutionMs": 1000})
	var decoder messages.Decoder
	read := 0
	for i := range t.frames {
		binary.BigEndian.PutUint64(frame[at:], uint64(1000*(i+1)))
		m, err := decoder.Decode(frame, false)
		if err != nil {
			panic(err)
		}
		s.receive(m, len(frame))
		if read += len(frame); read >= readSlice { // as the reader of a connection does
			read = 0
			runtime.Gosched()
		}
		if i == 0 {
			info.LogicalTimestampMillis = 1000
			s.receive(info, 300)
		}
	}
	s.receive(messages.NewEndOfChannel(1), 100)
}

// What batches, metadata and the power to resume cost over reading Data, for each point: the
// frames are decoded and the values of each timestamp are added up.
func BenchmarkStream(b *testing.B) {
	const frames = 10_000 // so many that the start of a program does not count
	for _, points := range []int{1000, 100, 16} {
		for name, read := range map[string]func(*testing.B, *Client) float64{"data": readData, "stream": readStream} {
			b.Run(fmt.Sprintf("points=%d/%s", points, name), func(b *testing.B) {
				want := float64(frames) * float64(points*(points-1)/2)
				start := cpuTime()
				for b.Loop() {
					c := &Client{conf: defaultConfig(), comps: map[string]*Computation{}, unread: map[*Computation]bool{}, streams: map[*Stream]bool{}, done: make(chan struct{})}
					c.conf.overflow = Block // so that the decoder cannot run ahead for ever
					c.reports = newErrorQueue(nil, c.conf.logger)
					c.transport = &feedTransport{points: points, frames: frames, done: make(chan struct{})}
					if sum := read(b, c); sum != want {
						b.Fatalf("sum %v, want %v", sum, want)
					}
					c.Close()
				}
				all := float64(b.N * frames * points)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/all, "ns/point")
				b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/all, "cpu-ns/point")
			})
		}
	}
}

// cpuTime returns what the process has used, which others on the machine do not change.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func readData(b *testing.B, c *Client) (sum float64) {
	comp, err := c.Execute(b.Context(), &ExecuteRequest{Program: "p"})
	if err != nil {
		b.Fatal(err)
	}
	for m := range comp.Data() {
		total := 0.0
		for i := range m.Payloads {
			v, _ := m.Payloads[i].AsFloat()
			total += v
		}
		sum += total
	}
	return sum
}

func readStream(b *testing.B, c *Client) (sum float64) {
	s, err := c.Stream(b.Context(), "p", Options{})
	if err != nil {
		b.Fatal(err)
	}
	for batch, err := range s.Batches() {
		if err != nil {
			b.Fatal(err)
		}
		total := 0.0
		for _, value := range batch.All() {
			v, _ := value.AsFloat()
			total += v
		}
		sum += total
	}
	return sum
}
