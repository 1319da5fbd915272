package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// plain is a source that tells of points nothing but what they are, and uses their memory again.
type plain struct{ engine.Source }

func (p plain) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(int, series.Points) error) error {
	var values []float64
	return p.Source.Read(ctx, list, r, func(i int, pts series.Points) error {
		values = append(values[:0], pts.Values...)
		pts.Values, pts.Every = values, 0
		return visit(i, pts)
	})
}

// siege is a run under the worst that can come within the max delay.
type siege struct {
	*rand.Rand
	length, step, delay, inactivity time.Duration
	start                           time.Duration // of the job, after the first points
	bounded                         bool          // the store drops what no job needs any more
	fine                            bool          // many points in each slot
	many                            bool          // many series
	regular                         bool          // most points of a series come at one distance
}

func newSiege(seed uint64) *siege {
	s := &siege{Rand: rand.New(rand.NewPCG(seed, 9)), length: 60 * time.Second}
	s.step = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second}[s.IntN(3)]
	s.delay = time.Duration(1+s.IntN(4)) * time.Second
	s.inactivity = time.Duration(2+s.IntN(8)) * s.step
	s.start = time.Duration(s.IntN(20_000)) * time.Millisecond
	switch s.IntN(5) {
	case 3:
		s.regular = true
	case 0:
		s.bounded, s.start = true, -time.Duration(s.IntN(1000))*time.Millisecond
	case 1:
		s.fine = true
	case 2:
		s.many = true
	}
	return s
}

// points are those of some series: in bursts, with gaps shorter and longer than the inactivity,
// doubled, corrected, out of order, and some of them ahead of the clock. Of two points for one
// time the later one in the list arrives later.
func (s *siege) points(t *testing.T) (all []series.Sample) {
	count := 1 + s.IntN(12)
	if s.many {
		count = 50 + s.IntN(100)
	}
	for i := range count {
		name := fmt.Sprintf("m{host:h%d,dc:d%d}#%s", i, i%3, []string{"", "counter", "cumulative"}[i%3])
		sr := named(name)
		if i%4 == 3 {
			sr = series.New("h", series.Histogram, series.Label{Name: "host", Value: fmt.Sprint(i)}, series.Label{Name: "dc", Value: fmt.Sprint(i % 3)})
		}
		ahead := time.Duration(0)
		if s.IntN(6) == 0 {
			ahead = time.Duration(s.IntN(30_000)) * time.Millisecond
		}
		var own []series.Sample
		for at := time.Duration(s.IntN(30_000)) * time.Millisecond; at < s.length; {
			p := sampleAt(sr, at, float64(s.IntN(100)))
			if sr.Type == series.Histogram {
				d, err := series.NewDistribution([]float64{10, 20, float64(30 + s.IntN(2))}, []float64{float64(s.IntN(3)), 1, float64(s.IntN(3)), 1}, float64(60+s.IntN(9)), 5, 90)
				if err != nil {
					t.Fatal(err)
				}
				p.Distribution = d
			}
			lag := time.Duration(s.IntN(int(s.delay/time.Millisecond)-1)) * time.Millisecond
			if s.IntN(3) == 0 {
				lag = 0
			}
			p.Arrival = epoch.Add(at + lag - min(ahead, at)).UnixMilli()
			if n := len(own); n > 0 && own[n-1].Time == p.Time {
				p.Arrival = max(p.Arrival, own[n-1].Arrival)
			}
			own = append(own, p)
			kind := s.IntN(12)
			if s.fine && s.IntN(20) > 0 {
				kind = 1
			}
			if s.many && kind < 6 && s.IntN(4) > 0 {
				kind = 6
			}
			if s.regular && s.IntN(40) > 0 {
				at += s.step * time.Duration(1+i%3)
				continue
			}
			switch kind {
			case 0: // the same time again
			case 1, 2, 3, 4, 5:
				at += time.Duration(1+s.IntN(100)) * time.Millisecond // a burst
			case 6:
				at += time.Duration(s.IntN(int(2*s.inactivity/time.Millisecond))) * time.Millisecond
			default:
				at += time.Duration(1+s.IntN(int(s.step/time.Millisecond))) * time.Millisecond
			}
		}
		slices.SortStableFunc(own, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
		all = append(all, own...)
	}
	return all
}

// program uses what holds points in its own ways.
func (s *siege) program() *program {
	p := &program{}
	m := p.fetch(graph.Fetch{Metric: "m", Resolution: s.step})
	last := p.fetch(graph.Fetch{Metric: "m*", Resolution: s.step, Rollup: graph.RollupMax, Extrapolation: graph.ExtrapolateLastValue})
	delta := p.fetch(graph.Fetch{Metric: "m", Resolution: s.step, Rollup: graph.RollupDelta})
	h := p.add(&graph.HistogramFetch{Metric: "h", Resolution: s.step})
	p.publish("raw", m)
	p.publish("last", last)
	p.publish("delta", delta)
	p.publish("sum", p.agg(graph.Sum, last, "dc"))
	p.publish("window", p.over(graph.Sum, delta, 3*s.step))
	p.publish("median", p.over(graph.Median, m, 4*s.step))
	p.publish("p", p.add(&graph.HistogramReduce{Func: graph.Percentile, Arg: 80, Over: 3 * s.step}, h))
	p.publish("n", p.add(&graph.HistogramReduce{Func: graph.Sum, By: []string{"dc"}}, h))
	if s.bounded {
		return p
	}
	p.publish("before", p.binary(graph.Subtract, m, p.add(&graph.Timeshift{Offset: 7 * s.step}, m)))
	p.publish("hbefore", p.add(&graph.Timeshift{Offset: 5 * s.step}, p.add(&graph.HistogramReduce{Func: graph.Max, Over: 3 * s.step}, h)))
	return p
}

// batch returns how many of some points come at once: those of the same stretch of time, unless
// that would be too late for one of them.
func (s *siege) batch(own []series.Sample, stretch time.Duration) int {
	n, oldest := 1, own[0].Time
	for n < len(own) && own[n].Arrival/stretch.Milliseconds() == own[0].Arrival/stretch.Milliseconds() {
		if oldest = min(oldest, own[n].Time); own[n].Arrival-oldest >= s.delay.Milliseconds() {
			break
		}
		n++
	}
	return n
}

// Whatever comes within the max delay, in whatever order, batches and at the same time from
// several senders, with feeds that overflow all the time and with a store that drops series while
// a job has them: two jobs at once give what one over history gives.
func TestSiege(t *testing.T) {
	slots, values, dropped := 0, 0, 0
	for seed := range uint64(60) {
		s := newSiege(seed)
		samples := s.points(t)
		options := engine.Options{
			Start: epoch.Add(s.start), Stop: epoch.Add(s.length), Resolution: s.step,
			MaxDelay: s.delay, MinDelay: s.delay, Inactivity: s.inactivity,
		}
		feeds := []int{1, 3, 10, 100, 0}[s.IntN(5)]
		batches := []time.Duration{time.Millisecond, 300 * time.Millisecond, time.Second}[s.IntN(3)]
		starts := []time.Duration{s.start, s.start, s.start + time.Duration(s.IntN(10_000))*time.Millisecond}
		var live []*recorder
		var age time.Duration
		if s.bounded {
			age = s.delay + 2*s.step + time.Second
			starts = starts[:1]
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(epoch))
			store := memstore.New(memstore.Options{FeedLimit: feeds, MaxAge: age})
			var senders sync.WaitGroup
			bySeries := map[*series.Series][]series.Sample{}
			for _, x := range samples {
				bySeries[x.Series] = append(bySeries[x.Series], x)
			}
			for _, own := range bySeries {
				senders.Go(func() {
					for len(own) > 0 {
						n := s.batch(own, batches)
						time.Sleep(time.Until(time.UnixMilli(own[n-1].Arrival)))
						store.Append(own[:n]...)
						own = own[n:]
					}
				})
			}
			var jobs sync.WaitGroup
			for _, begin := range starts {
				r := newRecorder(t)
				live = append(live, r)
				if slow := time.Duration(s.IntN(900)) * time.Millisecond; len(live) > 1 { // its reader
					r.onBatch = func(*engine.Batch) { time.Sleep(slow) }
				}
				jobs.Go(func() {
					time.Sleep(time.Until(epoch.Add(begin)))
					o := options
					o.Source = store
					if err := engine.Run(t.Context(), s.program().Graph(), o, r); err != nil {
						t.Errorf("seed %d: %v", seed, err)
					}
					r.endSlot()
				})
			}
			senders.Wait()
			if s.bounded {
				dropped += len(samples) - store.Stats().Points
			}
			jobs.Wait()
		})
		store := memstore.New(memstore.Options{})
		store.Append(samples...)
		options.Source, options.Clock = store, clockAt(time.Hour)
		history := run(t, s.program(), options)
		options.Source = plain{store}
		live = append(live, run(t, s.program(), options))
		for i, r := range live {
			if diff := difference(valuesOnly(r), valuesOnly(history)); diff != "" {
				t.Fatalf("seed %d, job %d: step %v, delay %v, inactivity %v, start %v, feeds %d: live and history differ:\n%s", seed, i, s.step, s.delay, s.inactivity, s.start, feeds, diff)
			}
		}
		slots += len(history.slots)
		values += len(history.values)
	}
	if slots < 1000 || values < 4000 || dropped < 1000 {
		t.Errorf("only %d slots, %d series, %d points dropped", slots, values, dropped)
	}
}

// A slot is sent as soon as it is over and every series has reported, to the millisecond, whatever
// feeds lose and series keep silent, and nothing that came before is missing.
func TestSiegeIsPrompt(t *testing.T) {
	early, late := 0, 0
	for seed := range uint64(75) {
		rnd := rand.New(rand.NewPCG(seed, 10))
		step, delay := 4*time.Second, time.Duration(1000+rnd.IntN(4000))*time.Millisecond
		native := []time.Duration{step, step / 2, step / 4, step / 100}[rnd.IntN(4)]
		gaps := rnd.IntN(3) * 10 // of a hundred
		var samples []series.Sample
		for i := range 1 + rnd.IntN(8) {
			sr := named(fmt.Sprintf("m{host:h%d}", i))
			if i%4 == 3 {
				sr = series.New("h", series.Histogram, series.Label{Name: "host", Value: fmt.Sprint(i)})
			}
			arrival := int64(0)
			for at := time.Duration(rnd.IntN(int(native/time.Millisecond)))*time.Millisecond - native; at < 90*time.Second; at += native {
				if rnd.IntN(100) < gaps && at > 0 {
					at += time.Duration(rnd.IntN(5)) * native
					continue
				}
				p := sampleAt(sr, at, float64(rnd.IntN(100)))
				if sr.Type == series.Histogram {
					p.Distribution = &series.Distribution{Counts: []float64{1}, Sum: p.Value, Min: p.Value, Max: p.Value}
				}
				if at > 0 && rnd.IntN(4) == 0 {
					p.Arrival += rnd.Int64N(min(delay, native).Milliseconds())
				}
				arrival = max(arrival, p.Arrival) // in order
				p.Arrival = arrival
				samples = append(samples, p)
			}
		}
		slices.SortStableFunc(samples, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
		p := &program{}
		p.publish("raw", p.fetch(graph.Fetch{Metric: "m", Resolution: native, Rollup: graph.RollupSum}))
		p.publish("h", p.add(&graph.HistogramReduce{Func: graph.Sum, By: []string{"host"}}, p.add(&graph.HistogramFetch{Metric: "h", Resolution: native})))
		options := engine.Options{Start: epoch, Stop: epoch.Add(80 * time.Second), Resolution: step, MaxDelay: delay}
		var live *liveJob
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(epoch))
			store := memstore.New(memstore.Options{FeedLimit: []int{1, 2, 10, 0}[rnd.IntN(4)]})
			next := 0
			arrive := func() {
				first := next
				for next < len(samples) && samples[next].Arrival <= time.Now().UnixMilli() {
					next++
				}
				store.Append(samples[first:next]...)
			}
			arrive()
			live = startLive(t, store, p, options)
			for next < len(samples) {
				time.Sleep(time.Until(time.UnixMilli(samples[next].Arrival)))
				arrive()
			}
			if err := <-live.done; err != nil {
				t.Fatal(err)
			}
		})
		store := memstore.New(memstore.Options{})
		store.Append(samples...)
		options.Source, options.Clock = store, clockAt(time.Hour)
		history := run(t, p, options)
		if diff := difference(valuesOnly(live.recorder), valuesOnly(history)); diff != "" {
			t.Fatalf("seed %d: live and history differ:\n%s", seed, diff)
		}
		before := int64(0)
		for _, slot := range live.slots {
			end := slot + step.Milliseconds()
			want := max(before, min(end+delay.Milliseconds(), max(end, reported(samples, end-native.Milliseconds()))))
			if got := epoch.Add(live.at[slot]).UnixMilli(); got != want {
				t.Fatalf("seed %d: slot %d is sent %d ms after its end, want %d", seed, slot, got-end, want-end)
			}
			if before = want; want == end+delay.Milliseconds() {
				late++
			} else {
				early++
			}
		}
	}
	if early < 100 || late < 100 {
		t.Errorf("%d slots were sent early and %d late", early, late)
	}
}

// reported returns when the last series has sent a point that is not before a time.
func reported(samples []series.Sample, from int64) (last int64) {
	first := map[*series.Series]int64{}
	for i := range samples {
		x := &samples[i]
		if _, known := first[x.Series]; !known {
			first[x.Series] = math.MaxInt64
		}
		if x.Time >= from {
			first[x.Series] = min(first[x.Series], x.Arrival)
		}
	}
	for _, at := range first {
		last = max(last, at)
	}
	return last
}
