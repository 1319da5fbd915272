package signalflow

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// oneShot answers every execute at once with a complete run.
func oneShot(c *scriptConn) {
	for ch := c.start(); ch != ""; ch = c.start() {
		c.text("%s", metadataText(ch, 1, "a"))
		c.binary(dataFrame(ch, 1000, double(1, 2.5)))
		c.text("%s", infoText(ch, messages.JobRunningResolution, `{"resolutionMs":1000}`))
		c.end(ch)
	}
}

// Thousands of queries on one client: no hang, no lost handle, no goroutine left.
func TestTenThousandOneShots(t *testing.T) {
	baseline := len(clientGoroutines())
	s := newLoopbackServer(t, oneShot)
	client := s.client()
	for i := range 10_000 {
		comp := execute(t, client)
		if n := drainData(comp); n != 1 || comp.Err() != nil {
			t.Fatalf("run %d: %d messages, %v", i, n, comp.Err())
		}
		if handle, err := comp.Handle(t.Context()); handle == "" || err != nil {
			t.Fatalf("run %d: handle %q, %v", i, handle, err)
		}
	}
	client.Close()
	if left := goroutinesAbove(baseline+2, time.Second); left != "" { // 2: the server's own
		t.Errorf("goroutines left: %s", left)
	}
}

// goroutinesAbove waits until at most n goroutines of this module are left, and returns
// their stacks when there are more after the time given.
func goroutinesAbove(n int, limit time.Duration) string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); ; <-tick.C {
		left := clientGoroutines()
		if len(left) <= n {
			return ""
		}
		if time.Now().After(deadline) {
			return fmt.Sprint(left)
		}
	}
}

// Ten thousand computations that nobody reads cost next to nothing.
func TestTenThousandIdleComputations(t *testing.T) {
	const n = 10_000
	s := newLoopbackServer(t, func(c *scriptConn) { // keeps nothing for a computation
		for c.start() != "" {
		}
	})
	client := s.client(MaxChannels(n + 1))
	execute(t, client) // so that the connection and its goroutines are there
	before, heap := runtime.NumGoroutine(), heapInUse()
	comps := make([]*Computation, n)
	for i := range comps {
		comps[i] = execute(t, client)
	}
	for _, comp := range comps {
		if _, err := comp.Handle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	goroutines, bytes := runtime.NumGoroutine()-before, int(heapInUse()-heap)/n
	t.Logf("idle: %d goroutines and %d bytes of heap for each of %d computations", goroutines/n, bytes, n)
	if goroutines > 0 || bytes > 4<<10 {
		t.Errorf("%d goroutines in all, %d bytes each", goroutines, bytes)
	}
	for _, comp := range comps { // with a view open, one goroutine each
		comp.Data()
	}
	goroutines = runtime.NumGoroutine() - before
	t.Logf("with Data asked for: %d goroutines and %d bytes of heap each", goroutines/n, int(heapInUse()-heap)/n)
	if goroutines > n {
		t.Errorf("%d goroutines for %d views", goroutines, n)
	}
	start := time.Now()
	client.Close()
	took := time.Since(start)
	t.Logf("Close took %v", took)
	if took > slowdown*time.Second {
		t.Errorf("Close took %v", took)
	}
	runtime.KeepAlive(comps)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Nobody reads anything: what is kept is bounded, and what is not kept is counted.
func TestFiveMillionUnreadMessages(t *testing.T) {
	const n = 5_000_000
	s := newLoopbackServer(t, func(c *scriptConn) {
		ch := c.start()
		const batch = 1000
		frames := bytes.Repeat(webSocketFrame(dataFrame(ch, 1000, points(4)...)), batch)
		for range n / batch {
			c.NetConn().Write(frames)
		}
		c.text("%s", infoText(ch, messages.JobDetectedLag, `{"lagMs":1}`))
		c.drain()
	})
	client := s.client()
	heap := heapInUse()
	comp := execute(t, client)
	if _, err := comp.Lag(t.Context()); err != nil { // it comes after all of them
		t.Fatal(err)
	}
	above := heapInUse() - heap
	t.Logf("after %d messages the heap is %.1f MiB above idle, %d dropped", n, float64(above)/(1<<20), comp.Stats().DroppedData)
	if above > DefaultQueueSize {
		t.Errorf("the heap is %d bytes above idle", above)
	}
	comp.Detach(t.Context())
	if got := drainData(comp) + comp.Stats().DroppedData; got != n {
		t.Errorf("%d messages read or counted, want %d", got, n)
	}
}

// webSocketFrame frames a binary message as a server does, for writing many at once.
func webSocketFrame(message []byte) []byte {
	header := []byte{0x82, 126, byte(len(message) >> 8), byte(len(message))}
	return append(header, message...)
}

// 50 computations of which 25 are read at 100 ms a message: the others do not notice. In
// the bubble time only passes while everybody waits, so a delay of any kind would show.
func TestSlowHalfDelaysNobody(t *testing.T) {
	fast, slow := delays(t, 0), delays(t, 25)
	p99 := func(d []time.Duration) time.Duration { return d[len(d)*99/100] }
	t.Logf("p99 delay: all fast %v, half slow %v", p99(fast), p99(slow))
	if p99(slow) > 2*p99(fast) {
		t.Errorf("p99 delay of the fast ones is %v, of an all-fast run %v", p99(slow), p99(fast))
	}
}

// delays runs 50 computations at 20 messages a second, of which some read slowly, and
// returns the sorted delays of the others.
func delays(t *testing.T, slow int) (all []time.Duration) {
	onScript(t, func(c *scriptConn) {
		var channels []string
		for range 50 {
			channels = append(channels, c.start())
		}
		for range 200 {
			pass(50 * time.Millisecond)
			for _, ch := range channels {
				c.binary(dataFrame(ch, time.Now().UnixNano(), points(16)...))
			}
		}
		for _, ch := range channels {
			c.end(ch)
		}
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		client := s.client()
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 50 {
			data := execute(t, client).Data()
			wg.Go(func() {
				for m := range data {
					if i < slow {
						pass(100 * time.Millisecond)
						continue
					}
					mu.Lock()
					all = append(all, time.Duration(time.Now().UnixNano()-int64(m.TimestampMillis)))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	})
	slices.Sort(all)
	if want := (50 - slow) * 200; len(all) != want {
		t.Errorf("%d messages, want %d", len(all), want)
	}
	return all
}
