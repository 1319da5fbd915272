package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"syscall"
	"testing"
	"time"
)

// repetitions is how often each pair of runs is repeated; what is reported is the median.
const repetitions = 3

// streamRun is the argument of a client process.
type streamRun struct {
	URL      string
	Channels int
	Slow     int           // how many readers, the first ones, are slow
	Pause    time.Duration // of a slow one after each message
}

// streamCost is what a client process measured about itself.
type streamCost struct {
	total
	CPU    time.Duration // of the process, garbage collection included
	Wall   time.Duration
	MaxRSS float64 // in MB
}

func init() {
	programs["flood ours"] = func(arg []byte, out *json.Encoder) error {
		return measureFlood(arg, out, openOurs, sumOurs)
	}
	programs["flood peer"] = func(arg []byte, out *json.Encoder) error {
		return measureFlood(arg, out, openPeer, sumPeer)
	}
}

// measureFlood reads everything as fast as it can.
func measureFlood[M, O any](
	arg []byte, out *json.Encoder,
	open func(url string, n int, options ...O) ([]<-chan M, func() error, error), sum func(<-chan M) total,
) error {
	var r streamRun
	if err := json.Unmarshal(arg, &r); err != nil {
		return err
	}
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	cpu, begin := cpuTime(), time.Now()
	data, ended, err := open(r.URL, r.Channels)
	if err != nil {
		return err
	}
	totals := each(data, func(_ int, data <-chan M) total { return sum(data) })
	cost := streamCost{CPU: cpuTime() - cpu, Wall: time.Since(begin), MaxRSS: maxRSS()}
	for _, t := range totals {
		cost.Messages += t.Messages
		cost.Points += t.Points
		cost.Sum += t.Sum
	}
	if err := ended(); err != nil {
		return err
	}
	return out.Encode(cost)
}

// profile writes a CPU profile of the process when the environment names a folder for it.
func profile() (stop func(), err error) {
	folder := os.Getenv("SIGNALFLOW_E2E_PROFILES")
	if folder == "" {
		return func() {}, nil
	}
	f, err := os.CreateTemp(folder, os.Getenv(program)+" *.cpu")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

func usage() (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u
}

func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// maxRSS reads the kernel's figure, which Linux gives in KiB.
func maxRSS() float64 { return float64(usage().Maxrss) * 1024 / 1e6 }

// BenchmarkEndToEnd streams data over a loopback WebSocket to our client and to the
// published one, a process each, taking turns. A "×" is a median of ratios, published over
// ours for CPU and memory and ours over published for the rate, so that more is better.
//
// procs is GOMAXPROCS of the clients. With one, CPU time is what the program needs. With
// more, idle workers of the garbage collector take what is free, and that counts as well.
func BenchmarkEndToEnd(b *testing.B) {
	server := result[string](start(b, "server", nil))
	for _, procs := range []int{1, 2} {
		for _, channels := range []int{1, 50} {
			for _, size := range []struct{ points, messages int }{{16, 200_000}, {100, 60_000}, {1000, 8_000}} {
				b.Run(fmt.Sprintf("procs=%d/channels=%d/points=%d", procs, channels, size.points), func(b *testing.B) {
					b.Setenv("GOMAXPROCS", fmt.Sprint(procs))
					want := streamRequest{Channels: channels, Points: size.points, Messages: size.messages / channels}
					arg := streamRun{URL: want.url(server), Channels: channels}
					for b.Loop() {
						compareFloods(b, arg)
					}
				})
			}
		}
	}
}

func compareFloods(b *testing.B, arg streamRun) {
	m := medians{}
	for range repetitions {
		peer := run[streamCost](b, "flood peer", arg)
		ours := run[streamCost](b, "flood ours", arg)
		if peer.total != ours.total && arg.Channels == 1 || peer.Points != ours.Points {
			b.Fatalf("the published client read %+v, ours %+v", peer.total, ours.total)
		}
		perPoint := func(c streamCost) float64 { return float64(c.CPU.Nanoseconds()) / float64(c.Points) }
		rate := func(c streamCost) float64 { return float64(c.Points) / c.Wall.Seconds() / 1e6 }
		m.add("peer-cpu-ns/pt", perPoint(peer))
		m.add("ours-cpu-ns/pt", perPoint(ours))
		m.add("×cpu", perPoint(peer)/perPoint(ours))
		m.add("peer-Mpt/s", rate(peer))
		m.add("ours-Mpt/s", rate(ours))
		m.add("×rate", rate(ours)/rate(peer))
		m.add("peer-rss-MB", peer.MaxRSS)
		m.add("ours-rss-MB", ours.MaxRSS)
		m.add("×rss", peer.MaxRSS/ours.MaxRSS)
	}
	m.report(b)
}

// medians collects the values of each metric over the repetitions.
type medians map[string][]float64

func (m medians) add(metric string, v float64) { m[metric] = append(m[metric], v) }

func (m medians) report(b *testing.B) {
	for metric, values := range m {
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], metric)
	}
	b.ReportMetric(0, "ns/op") // the time of a whole comparison says nothing
}
