package signalflow

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Seventeen hours in the life of an autoscaler and an exporter, which is how long it took the
// client of a report to go from 3,200 goroutines to 37,489.
//
// The race detector makes it some thirty times slower and gets a twentieth of the time; make
// test runs it once more without.
const (
	soakTime  = 17 * time.Hour / soakCut
	soakTasks = 18 // queries at a time, and streams
	soakPoll  = 15 * time.Second
	soakKill  = 10 * time.Minute
	soakStep  = 10 * time.Second
)

// Heap and goroutines stay flat, no query fails, and no stream misses a timestamp.
func TestSeventeenHours(t *testing.T) {
	for transport, options := range transports {
		t.Run(transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { soak(t, options) })
		})
	}
}

func soak(t *testing.T, options []ClientParam) {
	network := serveSteps(t, &stepBackend{resolution: soakStep, publishes: 1, series: 2, live: true})
	c := network.client(t, options...)
	begin := time.Now()
	var streams sync.WaitGroup
	for i := range soakTasks {
		s, err := c.Stream(t.Context(), fmt.Sprint("stream ", i), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		time.AfterFunc(soakTime, s.Close)
		streams.Go(func() { soakStream(t, s) })
	}
	queries := 0
	var early soakFigures
	for time.Since(begin) < soakTime-soakKill {
		for range int(soakKill / soakPoll) {
			pollAll(t, c)
			queries += soakTasks
			time.Sleep(soakPoll - time.Since(begin)%soakPoll)
		}
		network.server.KillConnections()
		time.Sleep(soakPoll / 2) // everybody is back, and nobody polls
		if now := time.Since(begin); now > soakTime/8 && early == (soakFigures{}) {
			early = takeFigures()
		}
	}
	late := takeFigures()
	streams.Wait()
	t.Logf("%d queries; goroutines %d and %d, heap %d and %d KiB after an eighth of the time and at the end",
		queries, early.goroutines, late.goroutines, early.heap>>10, late.heap>>10)
	if late.goroutines > early.goroutines+soakTasks/2 {
		t.Errorf("%d goroutines at first, %d at the end", early.goroutines, late.goroutines)
	}
	if late.heap > early.heap+1<<20 {
		t.Errorf("%d bytes of heap at first, %d at the end", early.heap, late.heap)
	}
}

func soakStream(t *testing.T, s *Stream) {
	var last time.Time
	n := 0
	for b, err := range s.Batches() {
		if err != nil {
			t.Error(err)
			return
		}
		if !last.IsZero() && !b.Time.Equal(last.Add(soakStep)) {
			t.Errorf("%v comes after %v", b.Time, last)
		}
		last = b.Time
		n++
	}
	if want := int(soakTime/soakStep) - 2; n < want {
		t.Errorf("%d batches, want %d", n, want)
	}
	if r := s.Stats().Resumes; r < int(soakTime/soakKill)-2 {
		t.Errorf("%d resumes", r)
	}
}

// pollAll asks for one number of each task.
func pollAll(t *testing.T, c *Client) {
	var polls sync.WaitGroup
	var empty atomic.Int32
	for i := range soakTasks {
		polls.Go(func() {
			r, err := c.Latest(t.Context(), fmt.Sprint("query ", i), 2*time.Minute, Options{Resolution: soakStep})
			if err != nil {
				t.Error(err)
			} else if len(r.Series) != 2 {
				empty.Add(1)
			}
		})
	}
	polls.Wait()
	if n := empty.Load(); n > 0 {
		t.Errorf("%d of %d queries have no number", n, soakTasks)
	}
}

type soakFigures struct {
	goroutines int
	heap       uint64 // bytes
}

func takeFigures() soakFigures {
	synctest.Wait()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return soakFigures{runtime.NumGoroutine(), m.HeapAlloc}
}
