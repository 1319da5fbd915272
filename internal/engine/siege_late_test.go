package engine_test

import (
	"cmp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// What comes after the max delay is as if it had never come, in whatever state it finds its
// series: known, gone, or new.
func TestSiegeTooLate(t *testing.T) {
	late, values := 0, 0
	for seed := range uint64(100) {
		s := newSiege(seed)
		s.bounded, s.start = false, -time.Duration(s.IntN(1000))*time.Millisecond
		var inTime []series.Sample
		samples := s.points(t)
		for i := range samples {
			x := &samples[i]
			if x.Series.Type != series.Histogram {
				x.Series = named("m" + keyText(x.Series.Dimensions)) // a gauge, which no point before matters to
			}
			if s.IntN(6) > 0 {
				inTime = append(inTime, *x)
				continue
			}
			late++
			x.Time += 1 // corrects no other
			end := (x.Time/s.step.Milliseconds() + 1) * s.step.Milliseconds()
			x.Arrival = end + (s.delay + time.Duration(1+s.IntN(20_000))*time.Millisecond).Milliseconds()
		}
		slices.SortStableFunc(samples, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
		p := &program{}
		m := p.fetch(graph.Fetch{Metric: "m", Resolution: s.step})
		last := p.fetch(graph.Fetch{Metric: "m*", Resolution: s.step, Rollup: graph.RollupMax, Extrapolation: graph.ExtrapolateLastValue})
		h := p.add(&graph.HistogramFetch{Metric: "h", Resolution: s.step})
		p.publish("raw", m)
		p.publish("last", last)
		p.publish("sum", p.agg(graph.Sum, last, "dc"))
		p.publish("median", p.over(graph.Median, m, 4*s.step))
		p.publish("p", p.add(&graph.HistogramReduce{Func: graph.Percentile, Arg: 80, Over: 3 * s.step}, h))
		options := engine.Options{
			Start: epoch.Add(s.start), Stop: epoch.Add(s.length), Resolution: s.step,
			MaxDelay: s.delay, MinDelay: s.delay, Inactivity: s.inactivity,
		}
		var live *liveJob
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(epoch.Add(s.start)))
			store := memstore.New(memstore.Options{FeedLimit: []int{1, 3, 10, 0}[s.IntN(4)]})
			live = startLive(t, store, p, options)
			for len(samples) > 0 {
				time.Sleep(time.Until(time.UnixMilli(samples[0].Arrival)))
				n := 1
				for n < len(samples) && samples[n].Arrival == samples[0].Arrival {
					n++
				}
				store.Append(samples[:n]...)
				samples = samples[n:]
			}
			if err := <-live.done; err != nil {
				t.Fatal(err)
			}
		})
		store := memstore.New(memstore.Options{})
		store.Append(inTime...)
		options.Source, options.Clock = store, clockAt(time.Hour)
		history := run(t, p, options)
		if diff := difference(valuesOnly(live.recorder), valuesOnly(history)); diff != "" {
			t.Fatalf("seed %d: step %v, delay %v, inactivity %v: live and history differ:\n%s", seed, s.step, s.delay, s.inactivity, diff)
		}
		values += len(history.values)
	}
	if late < 1000 || values < 4000 {
		t.Errorf("only %d points were late, and %d series", late, values)
	}
}
