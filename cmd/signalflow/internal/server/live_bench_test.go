//go:build unix

package server

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
)

// liveSeries is how many series the live benchmarks have, each with a point a second.
const liveSeries = 10_000

// livePrograms are run over them: one that sends every value, and one that sends few.
var livePrograms = []struct {
	name, text string
	sent       int // values of a slot
}{
	{"raw", "data('m').publish('raw')", liveSeries},
	{"mean-by", "data('m').mean(by='service').publish('mean')", 20},
}

// rig is a server on a loopback port with a store and a clock, both moved by the benchmark.
type rig struct {
	b       *testing.B
	store   *memstore.Store
	clock   *manualClock
	address string
	samples []series.Sample
	close   func()
}

func newRig(b *testing.B, o Options) *rig {
	r := &rig{b: b, store: memstore.New(memstore.Options{MaxPoints: 2_000_000})}
	for i := range liveSeries {
		s := series.New("m", series.Gauge,
			series.Label{Name: "host", Value: fmt.Sprint("h", i/10)},
			series.Label{Name: "core", Value: fmt.Sprint(i % 10)},
			series.Label{Name: "service", Value: fmt.Sprint("s", i*7919%20)})
		r.samples = append(r.samples, series.Sample{Series: s})
	}
	r.clock = &manualClock{now: time.Now().Truncate(time.Second).Add(-9 * time.Second)}
	if o.Clock == nil {
		o.Clock = r.clock
	}
	o.Source = r.store
	for range 10 { // what tells the resolution
		r.append()
		r.clock.advance(time.Second)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	r.address = listener.Addr().String()
	streams := wire.NewServer(New(o), wire.Options{})
	web := &http.Server{Handler: streams}
	var owned sync.WaitGroup
	owned.Go(func() { web.Serve(listener) })
	r.close = func() {
		streams.Close()
		web.Close()
		owned.Wait()
	}
	return r
}

// append stores the points of the slot that has begun, as agents of a thousand series send them.
func (r *rig) append() {
	for i := 0; i < liveSeries; i += 1000 {
		r.appendSome(i, i+1000)
	}
}

func (r *rig) appendSome(from, to int) {
	now := r.clock.Now().UnixMilli()
	some := r.samples[from:to]
	for i := range some {
		some[i].Time, some[i].Arrival, some[i].Value = now, now+50, float64((now/1000+int64(i))%97)
	}
	r.store.Append(some...)
}

// reader is the receiving end: it returns once it has had the slot, with how many values.
type reader func(slot int64) (values int)

// BenchmarkLive runs slots back to back: what a live job needs of a processor from the points'
// arrival in the store to a client on the other side of a WebSocket. cpu-ms/slot is the time of
// the whole process, client included where there is one; at one slot a second, a tenth of it is
// the share of a core in percent.
func BenchmarkLive(b *testing.B) {
	for _, p := range livePrograms {
		for _, way := range []struct {
			name string
			open func(r *rig, program string) (reader, func())
		}{{"Stream", openStream}, {"Data", openData}, {"server", openSocket}} {
			b.Run(p.name+"/"+way.name, func(b *testing.B) {
				r := newRig(b, Options{})
				defer r.close()
				read, end := way.open(r, p.text)
				defer end()
				step := func() {
					slot := r.clock.Now().UnixMilli()
					r.append()
					r.clock.advance(time.Second)
					if n := read(slot); n != p.sent {
						b.Fatalf("%d values, want %d", n, p.sent)
					}
				}
				step() // metadata
				b.ReportAllocs()
				cpu := cpuTime(b)
				for b.Loop() {
					step()
				}
				b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/1000/float64(b.N), "cpu-ms/slot")
			})
		}
	}
}

// BenchmarkLiveRealTime is the same at the pace of the clock: a slot is a second, over which a
// hundred senders deliver. Run it with -benchtime 20x.
func BenchmarkLiveRealTime(b *testing.B) {
	for _, p := range livePrograms {
		b.Run(p.name, func(b *testing.B) {
			r := newRig(b, Options{Clock: wallClock{}})
			defer r.close()
			time.Sleep(time.Until(r.clock.Now()))
			read, end := openStream(r, p.text)
			defer end()
			step := func() {
				begin := r.clock.Now()
				for i := 0; i < liveSeries; i += liveSeries / 100 {
					time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / liveSeries)))
					r.appendSome(i, i+liveSeries/100)
				}
				r.clock.advance(time.Second)
				if n := read(begin.UnixMilli()); n != p.sent {
					b.Fatalf("%d values, want %d", n, p.sent)
				}
			}
			step() // metadata
			cpu := cpuTime(b)
			for b.Loop() {
				step()
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/1000/float64(b.N), "cpu-ms/slot")
		})
	}
}

// wallClock is the time of the system.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// cpuTime is that of the whole process, garbage collection and system calls included.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (r *rig) dial() *signalflow.Client {
	c, err := signalflow.NewClient(signalflow.StreamURL("ws://"+r.address+"/v2/signalflow"), signalflow.AccessToken("t"), signalflow.Proxy(nil))
	if err != nil {
		r.b.Fatal(err)
	}
	return c
}

func openStream(r *rig, program string) (reader, func()) {
	c := r.dial()
	s, err := c.Stream(r.b.Context(), program, signalflow.Options{Start: r.clock.Now()})
	if err != nil {
		r.b.Fatal(err)
	}
	batches := make(chan *signalflow.Batch)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(batches)
		for batch, err := range s.Batches() {
			if err != nil {
				r.b.Error(err)
				return
			}
			select {
			case batches <- batch:
			case <-r.b.Context().Done():
				return
			}
		}
	}()
	read := func(slot int64) int {
		for batch := range batches {
			if batch.Time.UnixMilli() == slot {
				return batch.Len()
			}
		}
		return -1
	}
	return read, func() {
		s.Close()
		for range batches {
		}
		<-done
		c.Close()
	}
}

func openData(r *rig, program string) (reader, func()) {
	c := r.dial()
	computation, err := c.Execute(r.b.Context(), &signalflow.ExecuteRequest{Program: program, Start: r.clock.Now()})
	if err != nil {
		r.b.Fatal(err)
	}
	read := func(slot int64) int {
		for m := range computation.Data() {
			if int64(m.TimestampMillis) == slot {
				return len(m.Payloads)
			}
		}
		return -1
	}
	return read, func() { c.Close() }
}

// openSocket is a reader that does next to nothing, so that the process is the server: it takes
// frames and looks at the header of data messages (protocol.md 4.2).
func openSocket(r *rig, program string) (reader, func()) {
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		r.b.Fatal(err)
	}
	ws := newSocket(r.b, conn)
	ws.send(`{"type":"authenticate","token":"t"}`)
	ws.send(fmt.Sprintf(`{"type":"execute","channel":"ch-1","program":%q,"start":%d}`, program, r.clock.Now().UnixMilli()))
	read := func(slot int64) int {
		for {
			payload, err := ws.next()
			if err != nil {
				return -1
			}
			if len(payload) >= 32 && payload[0] == 1 && payload[1] == 5 && int64(binary.BigEndian.Uint64(payload[20:])) == slot {
				return int(binary.BigEndian.Uint32(payload[28:]))
			}
		}
	}
	return read, func() { conn.Close() }
}

// manualClock moves when it is told to.
type manualClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*manualTimer]struct{}
}

type manualTimer struct {
	at time.Time
	c  chan time.Time
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &manualTimer{c.now.Add(d), make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
		return t.c, func() {}
	}
	if c.timers == nil {
		c.timers = make(map[*manualTimer]struct{})
	}
	c.timers[t] = struct{}{}
	return t.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
	}
}

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for t := range c.timers {
		if !t.at.After(c.now) {
			t.c <- c.now
			delete(c.timers, t)
		}
	}
}
