package engine_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// traffic makes points of some series over a time, in order of arrival: some missing, some
// doubled with another value, some late and so out of order. Values are whole, so that sums
// are exact in any order.
func traffic(seed uint64, n int, length, every time.Duration) []series.Sample {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var all []series.Sample
	for i := range n {
		s := named(fmt.Sprintf("m.%d{host:h%d,dc:d%d}#%s", i%2, i, i%3, []string{"", "counter", "cumulative"}[i%3]))
		total := 0.0
		for at := time.Duration(0); at < length; at += every {
			total += float64(rnd.IntN(10))
			if at > 0 && rnd.IntN(8) == 0 {
				continue
			}
			if rnd.IntN(50) == 0 {
				total = 0
			}
			sample := sampleAt(s, at+time.Duration(rnd.IntN(int(every/time.Millisecond)))*time.Millisecond, total)
			sample.Arrival += int64(rnd.IntN(900))
			all = append(all, sample)
			if rnd.IntN(10) == 0 { // the same time again, later and with another value
				sample.Value++
				sample.Arrival += int64(rnd.IntN(900))
				all = append(all, sample)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
	return all
}

// everything uses each operator at least once.
func everything(native time.Duration) *program {
	p := &program{}
	m := p.fetch(graph.Fetch{Metric: "m.*", Resolution: native})
	p.publish("silent", p.data("silent"))
	last := p.fetch(graph.Fetch{Metric: "m.0", Resolution: native, Extrapolation: graph.ExtrapolateLastValue, MaxExtrapolations: 1})
	count := p.fetch(graph.Fetch{Metric: "m.1", Resolution: native, Rollup: graph.RollupCount})
	delta := p.fetch(graph.Fetch{Metric: "m.1", Resolution: native, Rollup: graph.RollupDelta})
	byDC := p.agg(graph.Sum, m, "dc")
	p.publish("raw", m)
	p.publish("byDC", byDC)
	p.publish("share", p.binary(graph.Multiply, m, byDC))
	p.publish("window", p.over(graph.Sum, m, 7*time.Second))
	p.publish("mean", p.over(graph.Mean, p.over(graph.Max, last, 3*time.Second), 5*time.Second))
	p.publish("min", p.over(graph.Min, count, 4*time.Second))
	p.publish("n", p.over(graph.Count, m, 6*time.Second))
	p.publish("delta", p.agg(graph.Max, delta))
	p.publish("logic", p.binary(graph.Or, p.binary(graph.Greater, m, byDC), p.add(&graph.Unary{Op: graph.Not}, p.binary(graph.Less, m, p.number(9)))))
	return p
}

// A job on live points gives what a job on the same points in history gives: with late,
// doubled and out-of-order points, from any start, with feeds that overflow and with more
// points for a slot than a job keeps.
func TestLiveEqualsHistory(t *testing.T) {
	tests := []struct {
		name       string
		every      time.Duration // between points
		resolution time.Duration
		start      time.Duration // of the live job, since the first point
		batch      int           // points that come at once
		feedLimit  int
	}{
		{"from the first point", time.Second, time.Second, 0, 1, 0},
		{"from the middle of a slot", time.Second, time.Second, 20*time.Second + 300*time.Millisecond, 1, 0},
		{"coarser slots", time.Second, 5 * time.Second, 17 * time.Second, 1, 0},
		{"finer points", 50 * time.Millisecond, 5 * time.Second, 11 * time.Second, 1, 0},
		{"batches", time.Second, time.Second, 5 * time.Second, 9, 0},
		{"feed overflows", time.Second, time.Second, 5 * time.Second, 9, 8},
		{"feed overflows, finer points", 200 * time.Millisecond, 4 * time.Second, 5 * time.Second, 20, 19},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			const length = 80 * time.Second
			samples := traffic(7, 12, length, test.every)
			store := memstore.New(memstore.Options{FeedLimit: test.feedLimit})
			// One series never reports, so that every slot waits as long as it may: a point that
			// corrects another one would otherwise come after the slot was sent.
			store.Append(sampleAt(named("silent{}"), -time.Minute, 1))
			options := engine.Options{
				Source: store, Start: epoch.Add(test.start), Stop: epoch.Add(length),
				Resolution: test.resolution, MaxDelay: 5 * time.Second,
			}
			var live *recorder
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(epoch))
				feed := func(until time.Duration) {
					for len(samples) > 0 && samples[0].Arrival < epoch.Add(until).UnixMilli() {
						n := min(test.batch, len(samples))
						time.Sleep(time.Until(time.UnixMilli(samples[n-1].Arrival)))
						store.Append(samples[:n]...)
						samples = samples[n:]
						synctest.Wait()
					}
				}
				feed(test.start)
				time.Sleep(time.Until(epoch.Add(test.start)))
				j := startLive(t, store, everything(test.every), options)
				feed(time.Hour)
				if err := <-j.done; err != nil {
					t.Fatal(err)
				}
				live = j.recorder
			})
			options.Clock = clockAt(time.Hour)
			history := run(t, everything(test.every), options)
			if diff := difference(live.rows(), history.rows()); diff != "" {
				t.Errorf("live and history differ:\n%s", diff)
			}
			if n := len(history.slots); n < 10 {
				t.Errorf("only %d slots compared", n)
			}
			if n := len(history.values); n < 60 {
				t.Errorf("only %d series compared", n)
			}
		})
	}
}

// difference returns the first line in which two texts differ, of both.
func difference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(as), len(bs)) {
		var x, y string
		if i < len(as) {
			x = as[i]
		}
		if i < len(bs) {
			y = bs[i]
		}
		if x != y {
			return x + "\n" + y
		}
	}
	return ""
}

// A later start gives the same values: windows are filled with history, deltas know the point
// before, and nothing depends on where blocks of slots begin.
func TestStartDoesNotMatter(t *testing.T) {
	const length = 400 * time.Second
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	store.Append(traffic(3, 12, length, time.Second)...)
	p := &program{} // without extrapolation, which knows only what came after the start
	m := p.fetch(graph.Fetch{Metric: "m.*", Resolution: time.Second})
	p.publish("raw", m)
	p.publish("sum", p.over(graph.Sum, m, 37*time.Second))
	p.publish("nested", p.over(graph.Min, p.over(graph.Mean, m, 11*time.Second), 90*time.Second))
	p.publish("total", p.agg(graph.Mean, p.over(graph.Max, m, 64*time.Second), "dc"))
	from := func(start time.Duration) *recorder {
		return run(t, p, engine.Options{
			Source: store, Clock: clockAt(time.Hour), Start: epoch.Add(start), Stop: epoch.Add(length), Resolution: time.Second,
		})
	}
	whole := from(0)
	for _, start := range []time.Duration{time.Second, 63 * time.Second, 64 * time.Second, 65 * time.Second, 250 * time.Second} {
		part := from(start)
		for name, values := range part.values {
			for slot, v := range values {
				if w, ok := whole.values[name][slot]; !ok || w != v {
					t.Fatalf("start %v: %s at %d is %v, in the whole run %v %v", start, name, slot, v, w, ok)
				}
			}
		}
		for name, values := range whole.values {
			for slot := range values {
				if _, ok := part.values[name][slot]; !ok && slot >= part.slots[0] {
					t.Fatalf("start %v: %s has no value at %d", start, name, slot)
				}
			}
		}
	}
}

// Series that come and go leave the same trace live and in history, through every operator.
func TestChurn(t *testing.T) {
	const length = 120 * time.Second
	rnd := rand.New(rand.NewPCG(5, 5))
	var samples []series.Sample
	for i := range 30 {
		s := named(fmt.Sprintf("m{host:h%d,dc:d%d}#%s", i, i%4, []string{"", "cumulative"}[i%2]))
		for at := time.Duration(rnd.IntN(40)) * time.Second; at < length; at += time.Second {
			samples = append(samples, sampleAt(s, at, float64(rnd.IntN(100))))
			if rnd.IntN(12) == 0 {
				at += time.Duration(rnd.IntN(25)) * time.Second // longer or shorter than the inactivity
			}
		}
	}
	slices.SortStableFunc(samples, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
	p := &program{}
	m := p.fetch(graph.Fetch{Metric: "m", Resolution: time.Second})
	p.publish("silent", p.data("silent"))
	last := p.fetch(graph.Fetch{Metric: "m", Resolution: time.Second, Extrapolation: graph.ExtrapolateLastValue})
	byDC := p.agg(graph.Sum, m, "dc")
	p.publish("raw", m)
	p.publish("last", last)
	p.publish("lasts", p.agg(graph.Sum, last, "dc"))
	p.publish("pairs", p.binary(graph.Add, p.binary(graph.Multiply, byDC, m), last))
	p.publish("window", p.over(graph.Sum, m, 4*time.Second))
	p.publish("windows", p.agg(graph.Max, p.over(graph.Mean, last, 3*time.Second), "dc"))
	p.publish("used again", p.over(graph.Mean, last, 6*time.Second))
	p.publish("both", p.over(graph.Min, byDC, 5*time.Second))

	store := memstore.New(memstore.Options{})
	store.Append(sampleAt(named("silent{}"), -time.Second, 1))
	options := engine.Options{
		Source: store, Start: epoch, Stop: epoch.Add(length), Resolution: time.Second, MaxDelay: time.Second, Inactivity: 8 * time.Second,
	}
	var live *recorder
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epoch))
		j := startLive(t, store, p, options)
		for _, s := range samples {
			time.Sleep(time.Until(time.UnixMilli(s.Arrival)))
			store.Append(s)
			synctest.Wait()
		}
		if err := <-j.done; err != nil {
			t.Fatal(err)
		}
		live = j.recorder
	})
	options.Clock = clockAt(time.Hour)
	history := run(t, p, options)
	if diff := difference(valuesOnly(live), valuesOnly(history)); diff != "" {
		t.Errorf("live and history differ:\n%s", diff)
	}
	if n := len(history.expired); n < 50 {
		t.Errorf("only %d series expired", n)
	}
}

// valuesOnly returns the rows of the series that had a value.
func valuesOnly(r *recorder) string {
	var lines []string
	for name := range r.values {
		lines = append(lines, name+" = "+r.row(name))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
