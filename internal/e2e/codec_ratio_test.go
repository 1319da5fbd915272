package e2e

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// cpu returns the processor time of this process so far, garbage collection
// included.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// slice runs f for about 20 milliseconds and returns the processor time of one
// call, with the garbage that it made cleared away.
func slice(b *testing.B, f func()) float64 {
	const span = 20 * time.Millisecond
	runtime.GC()
	n, start, before := 0, time.Now(), cpu(b)
	for time.Since(start) < span {
		for range 8 {
			f()
		}
		n += 8
	}
	return float64(cpu(b)-before) / float64(n)
}

// ratios runs both sides in turns, so that other work on the machine slows both,
// and reports the median of processor time on one side over the other. Below the
// goal the benchmark fails. It uses one processor: on more, the idle workers of
// the collector take whatever is free, and would count as work.
func ratios(b *testing.B, unit string, goal float64, above, below func()) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var list []float64
	for b.Loop() {
		list = append(list, slice(b, above)/slice(b, below))
	}
	slices.Sort(list)
	median := list[len(list)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median, unit)
	b.ReportMetric(goal, "goal")
	if len(list) >= 20 && median < goal {
		b.Errorf("%.2f %s, the goal is %.1f (%d rounds)", median, unit, goal, len(list))
	}
}

func parsePeer(b *testing.B, frame []byte, isText bool) func() {
	return func() {
		if _, err := peer.ParseMessage(frame, isText); err != nil {
			b.Fatal(err)
		}
	}
}

func parseOurs(b *testing.B, frame []byte, isText bool) func() {
	d := new(messages.Decoder)
	return func() {
		if _, err := d.Decode(frame, isText); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRatio holds the codec to its goals against the published module: how
// many times less processor time it takes for one message.
func BenchmarkRatio(b *testing.B) {
	for _, test := range []struct {
		points int
		goal   float64
	}{{1, 5}, {16, 10}, {100, 16}, {1000, 20}} {
		frame := dataFrame(test.points)
		b.Run(fmt.Sprintf("data/%d", test.points), func(b *testing.B) {
			ratios(b, "x", test.goal, parsePeer(b, frame, false), parseOurs(b, frame, false))
		})
	}
	for _, n := range []int{1, 16, 100, 1000} {
		frame := zipped(dataFrame(n))
		b.Run(fmt.Sprintf("gzip/%d", n), func(b *testing.B) {
			ratios(b, "x", 2, parsePeer(b, frame, false), parseOurs(b, frame, false))
		})
	}
	goals := map[string]float64{"metadata10": 5, "info": 3, "event": 1, "control": 6, "error": 3}
	for _, f := range textFrames {
		b.Run("text/"+f.name, func(b *testing.B) {
			ratios(b, "x", goals[f.name], parsePeer(b, []byte(f.text), true), parseOurs(b, []byte(f.text), true))
		})
	}
}

// BenchmarkInflateShare compares a compressed data message with the inflate
// alone. The goal is that a message takes at most 1.15 times as long; the limits
// leave room for noise, and for the memory of the message itself, which weighs
// more in small ones.
func BenchmarkInflateShare(b *testing.B) {
	for _, test := range []struct {
		points int
		atMost float64
	}{{16, 1.3}, {100, 1.25}, {1000, 1.2}} {
		frame := zipped(dataFrame(test.points))
		b.Run(fmt.Sprint(test.points), func(b *testing.B) {
			ratios(b, "inflate/message", 1/test.atMost, inflateAlone(b, frame[20:], 12+17*test.points), parseOurs(b, frame, false))
		})
	}
}
