package e2e

import (
	"flag"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
)

var engineSizes = flag.String("series", "1000,10000", "how many series the engines are compared with")

// eachSize runs a benchmark with each number of series that is asked for.
func eachSize(b *testing.B, f func(b *testing.B, cores int)) {
	for _, text := range strings.Split(*engineSizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 || n%10 != 0 {
			b.Fatalf("-series %s: want numbers of series, each a multiple of 10", *engineSizes)
		}
		b.Run("series="+text, func(b *testing.B) { f(b, n) })
	}
}

// work is what something has cost.
type work struct {
	cpu, wall time.Duration
	bytes     uint64 // allocated
	allocs    uint64
}

// measure runs f once. What was garbage before is cleared away first, and not counted. The two
// stores hold so much that the collector rarely runs within f, to the advantage of whoever
// allocates most.
func measure(f func()) work {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin, cpu := time.Now(), cpuTime()
	f()
	w := work{cpu: cpuTime() - cpu, wall: time.Since(begin)}
	runtime.ReadMemStats(&after)
	w.bytes, w.allocs = after.TotalAlloc-before.TotalAlloc, after.Mallocs-before.Mallocs
	return w
}

// BenchmarkEngineRange computes an hour of slots of 10 s from what the stores hold, in turns: our
// engine over memstore, and the two PromQL engines over a database of Prometheus. All results are
// kept in memory and no limit is set. A "×" is the better of the two, for that metric and in
// that turn, over ours. A unit that ends in "/pt" is for each series and slot that is read.
func BenchmarkEngineRange(b *testing.B) {
	eachSize(b, func(b *testing.B, cores int) {
		db := fillTSDB(b, cores, -perHour, perHour, cpuSignal, loadSignal, requestSignal)
		data := newScraper(cores, cpuSignal, loadSignal, requestSignal)
		data.fill(b, -perHour, perHour)
		for _, p := range enginePairs(cores) {
			if p.noRange {
				continue
			}
			b.Run(p.name, func(b *testing.B) {
				g, peers, m := compile(b, p.program), peerEngines(), medians{}
				turn := func() {
					var points int
					ours := measure(func() { points = span(b, data.store, g, time.Hour).size() })
					var theirs []work
					for _, peer := range peers {
						theirs = append(theirs, measure(func() {
							peer.span(b, db, p.query, time.Hour, func(result promql.Matrix) {
								if n := result.TotalSamples(); n != points {
									b.Fatalf("%s has %d values, ours %d", peer.name, n, points)
								}
							})
						}))
					}
					m.addRange(ours, theirs, peers, float64(cores*perHour))
				}
				turn() // fills caches and pools
				clear(m)
				for b.Loop() {
					for range repetitions {
						turn()
					}
				}
				m.report(b)
			})
		}
	})
}

// size returns how many values there are.
func (k *kept) size() (n int) {
	for _, slot := range k.points {
		n += len(slot)
	}
	return n
}

func (m medians) addRange(ours work, theirs []work, peers []peerEngine, points float64) {
	m.add("cpu-ns/pt", float64(ours.cpu)/points)
	m.add("wall-ms", float64(ours.wall.Microseconds())/1000)
	m.add("MB", float64(ours.bytes)/1e6)
	m.add("allocs", float64(ours.allocs))
	for i, peer := range peers {
		m.add(peer.name+"-cpu-ns/pt", float64(theirs[i].cpu)/points)
		m.add(peer.name+"-MB", float64(theirs[i].bytes)/1e6)
		m.add(peer.name+"-allocs", float64(theirs[i].allocs))
	}
	m.add("×cpu", best(theirs, func(w work) float64 { return float64(w.cpu) })/float64(ours.cpu))
	m.add("×wall", best(theirs, func(w work) float64 { return float64(w.wall) })/float64(ours.wall))
	m.add("×bytes", best(theirs, func(w work) float64 { return float64(w.bytes) })/float64(ours.bytes))
	m.add("×allocs", best(theirs, func(w work) float64 { return float64(w.allocs) })/float64(ours.allocs))
}

func best(theirs []work, figure func(work) float64) float64 {
	var all []float64
	for _, w := range theirs {
		all = append(all, figure(w))
	}
	return slices.Min(all)
}
