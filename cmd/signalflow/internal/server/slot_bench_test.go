//go:build unix

package server_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/server"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
)

const (
	slotLength = 10 * time.Second
	roundSlots = 20
)

// BenchmarkSlot measures one slot of a live job from the points in the feed through to the bytes
// of a WebSocket connection, which go nowhere: slot-ns is the CPU time of the process for each
// series that is read. What storing the points costs is store-ns and not in it. What a job costs
// without a connection is measured by BenchmarkEngineSlot of internal/e2e.
func BenchmarkSlot(b *testing.B) {
	programs := []struct{ name, text string }{
		{"count", "data('cpu').count().publish()"},
		{"mean-by-host", "data('cpu').mean(by=['host']).publish()"},
		{"percentile", "data('cpu').percentile(95).publish()"},
		{"top", "data('cpu').top(10).publish()"},
		{"mean-over-1h", "data('cpu').mean(over='1h').publish()"},
		{"raw", "data('cpu').publish()"},
	}
	for _, cores := range []int{1_000, 10_000} {
		for _, p := range programs {
			b.Run(fmt.Sprintf("series=%d/%s", cores, p.name), func(b *testing.B) {
				j := newSlotJob(b, cores, p.text)
				defer j.close()
				for range 10 {
					j.round() // fills what is used again
				}
				var slot, store []float64
				sent := j.socket.bytes.Load()
				for b.Loop() {
					c := j.round()
					slot, store = append(slot, c.slot), append(store, c.store)
				}
				slices.Sort(slot)
				slices.Sort(store)
				b.ReportMetric(slot[len(slot)/2], "slot-ns")
				b.ReportMetric(store[len(store)/2], "store-ns")
				b.ReportMetric(float64(j.socket.bytes.Load()-sent)/float64(b.N*roundSlots), "B/slot")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// slotJob is a live job with a client. It is the source and the clock of the job, too, so that
// the job sleeps while points are stored.
type slotJob struct {
	*memstore.Store
	b       *testing.B
	samples []series.Sample
	random  *rand.Rand
	now     atomic.Int64 // ms
	asleep  chan struct{}
	wake    chan<- struct{} // of the job
	socket  *socket
	close   func()
}

func newSlotJob(b *testing.B, cores int, program string) *slotJob {
	j := &slotJob{b: b, random: rand.New(rand.NewPCG(1, 2)), asleep: make(chan struct{}, 1)}
	j.Store = memstore.New(memstore.Options{MaxPoints: math.MaxInt, MaxAge: 2 * time.Hour, Now: j.Now})
	for i := range cores {
		j.samples = append(j.samples, series.Sample{Series: series.New("cpu", series.Gauge,
			series.Label{Name: "host", Value: fmt.Sprint("h", i/10)},
			series.Label{Name: "core", Value: fmt.Sprint(i % 10)})})
	}
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for at := start.Add(-time.Hour); !at.After(start); at = at.Add(slotLength) {
		j.advance(at.UnixMilli())
	}
	j.serve(program)
	return j
}

// serve starts the server and the client, which says all it has to say at once.
func (j *slotJob) serve(program string) {
	far, near := memnet.Pipe()
	j.socket = &socket{Conn: near, upgraded: make(chan struct{}), slots: make(chan int64, 16)}
	streams := wire.NewServer(server.New(server.Options{Source: j, Clock: j}), wire.Options{})
	web := &http.Server{Handler: streams}
	listener := &once{conns: make(chan net.Conn, 1), done: make(chan struct{})}
	listener.conns <- j.socket
	var owned sync.WaitGroup
	owned.Go(func() { web.Serve(listener) })
	j.close = func() {
		far.Close()
		streams.Close()
		web.Close()
		owned.Wait()
	}
	io.WriteString(far, "GET /v2/signalflow/connect HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	<-j.socket.upgraded
	for _, text := range []string{
		`{"type":"authenticate","token":"t"}`,
		fmt.Sprintf(`{"type":"execute","channel":"ch-1","program":%q,"start":%d}`, program, j.now.Load()),
	} { // masked, as clients must, with a mask of 0
		far.Write(append([]byte{0x81, 0x80 | 126, byte(len(text) >> 8), byte(len(text)), 0, 0, 0, 0}, text...))
	}
}

// Now implements engine.Clock.
func (j *slotJob) Now() time.Time { return time.UnixMilli(j.now.Load()) }

// Timer implements engine.Clock. It never fires: a round wakes the job.
func (j *slotJob) Timer(time.Duration) (<-chan time.Time, func()) {
	select {
	case j.asleep <- struct{}{}:
	default:
	}
	return nil, func() {}
}

// Subscribe implements engine.Source. What the store signals wakes nobody.
func (j *slotJob) Subscribe(q series.Query, wake chan<- struct{}) (*series.Feed, error) {
	j.wake = wake
	return j.Store.Subscribe(q, make(chan struct{}, 1))
}

// advance stores the points of a scrape, moves to its time, and returns the CPU time of the first.
func (j *slotJob) advance(to int64) time.Duration {
	for i := range j.samples {
		s := &j.samples[i]
		s.Time, s.Arrival, s.Value = to, to, math.Round(j.random.Float64()*1000)/10
	}
	begin := usedCPU(j.b)
	j.Append(j.samples...)
	cost := usedCPU(j.b) - begin
	j.now.Store(to)
	return cost
}

// slotCost is CPU time in ns for each series.
type slotCost struct{ slot, store float64 }

// round runs some slots. The next one begins when the bytes of the one before have been written.
func (j *slotJob) round() slotCost {
	var c struct{ slot, store time.Duration }
	for range roundSlots {
		<-j.asleep
		over := j.now.Load()
		c.store += j.advance(over + slotLength.Milliseconds())
		begin := usedCPU(j.b)
		j.wake <- struct{}{}
		for <-j.socket.slots != over {
		}
		c.slot += usedCPU(j.b) - begin
	}
	n := float64(roundSlots * len(j.samples))
	return slotCost{float64(c.slot) / n, float64(c.store) / n}
}

// usedCPU is the time of the whole process, garbage collection included.
func usedCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// once is a listener with the connections that it has been given.
type once struct {
	net.Listener
	conns chan net.Conn
	done  chan struct{}
}

func (l *once) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *once) Close() error { close(l.done); return nil }

// socket is the server's end of a connection. What is written to it is looked at and dropped.
type socket struct {
	net.Conn
	upgraded   chan struct{} // closed when the handshake has been answered
	isUpgraded bool
	slots      chan int64 // the time of each data message that has been written
	bytes      atomic.Int64
}

// Write takes whole frames.
func (s *socket) Write(p []byte) (int, error) {
	if !s.isUpgraded {
		s.isUpgraded = true
		close(s.upgraded)
		return len(p), nil
	}
	s.bytes.Add(int64(len(p)))
	for rest := p; len(rest) > 0; {
		header, n := 2, int(rest[1])
		switch n {
		case 126:
			header, n = 4, int(binary.BigEndian.Uint16(rest[2:]))
		case 127:
			header, n = 10, int(binary.BigEndian.Uint64(rest[2:]))
		}
		payload := rest[header : header+n]
		if rest[0] == 0x82 && payload[1] == 5 { // data (protocol.md 4.2)
			s.slots <- int64(binary.BigEndian.Uint64(payload[20:]))
		}
		rest = rest[header+n:]
	}
	return len(p), nil
}
