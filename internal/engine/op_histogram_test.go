package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

func distribution(t testing.TB, bounds, counts []float64, known ...float64) *series.Distribution {
	t.Helper()
	nan := math.NaN()
	known = append(known, nan, nan, nan)
	d, err := series.NewDistribution(bounds, counts, known[0], known[1], known[2])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A pile is the same in whatever order it was piled up, in one go or by way of others.
func TestPileOrder(t *testing.T) {
	layouts := [][]float64{{1, 2, 3}, {2}, {}, {0.5, 1.5}}
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var list []*series.Distribution
		for range 1 + rnd.IntN(8) {
			bounds := layouts[rnd.IntN(len(layouts))]
			counts := make([]float64, len(bounds)+1)
			for i := range counts {
				counts[i] = float64(rnd.IntN(3))
			}
			list = append(list, distribution(t, slices.Clone(bounds), counts, float64(rnd.IntN(9))))
		}
		var one, other, part pile
		for _, d := range list {
			one.add(d)
		}
		rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for i, d := range list {
			if part.add(d); i%3 == 2 || i == len(list)-1 {
				other.addAll(&part)
				part.reset()
			}
		}
		if one.count() != other.count() || one.sum() != other.sum() {
			t.Fatalf("seed %d: %v and %v", seed, one.layouts, other.layouts)
		}
		var a, b outline
		if a.of(&one) != b.of(&other) || !slices.Equal(a.edges, b.edges) || !slices.Equal(a.upTo, b.upTo) || !slices.Equal(a.below, b.below) || a.least != b.least || a.most != b.most {
			t.Fatalf("seed %d: %+v and %+v", seed, a, b)
		}
		for _, d := range one.freeze(nil) {
			if err := d.Validate(); err != nil || d.Count() == 0 {
				t.Fatalf("seed %d: %+v, %v", seed, d, err)
			}
		}
	}
}

// What a pile has held before plays no part, and memory that it no longer needs is given back.
func TestPileReset(t *testing.T) {
	b := &budget{limit: 1000}
	p := pile{budget: b}
	p.add(distribution(t, []float64{1, 2}, []float64{1, 2, 3}))
	p.add(distribution(t, []float64{1}, []float64{1, 2}))
	if held := int64(2*layoutPoints + 3 + 2); b.used != held {
		t.Errorf("%d points used, want %d", b.used, held)
	}
	p.reset()
	if p.count() != 0 || len(p.layouts) != 2 {
		t.Errorf("%+v", p.layouts)
	}
	p.add(distribution(t, []float64{1}, []float64{0, 5}, 10, 1, 4))
	if low, high := p.span(); p.count() != 5 || p.sum() != 10 || low != 1 || high != 4 {
		t.Errorf("%+v", p.layouts)
	}
	p.reset()
	if len(p.layouts) != 1 || b.used != layoutPoints+2 {
		t.Errorf("%d points for %+v", b.used, p.layouts)
	}
	if p.drop(); b.used != 0 || p.layouts != nil {
		t.Errorf("%d points for %+v", b.used, p.layouts)
	}
}

// A rank that only rounding moves beyond an edge does not lead over the gap behind it: 28 % of 25 are 7.
func TestOutlineAtGaps(t *testing.T) {
	for _, test := range []struct {
		percent float64
		list    []*series.Distribution
		want    float64
	}{
		{28, []*series.Distribution{distribution(t, []float64{10, 20}, []float64{7, 0, 18})}, 10},
		{28.1, []*series.Distribution{distribution(t, []float64{10, 20}, []float64{7, 0, 18}, 500, 1, 38)}, 20.025},
		{50, []*series.Distribution{distribution(t, []float64{1}, []float64{3, 0}), distribution(t, []float64{7}, []float64{0, 3}, 24, 7, 9)}, 1},
		{0, []*series.Distribution{distribution(t, []float64{1, 5}, []float64{0, 3, 0}, 9, 2, 4)}, 2},
		{100, []*series.Distribution{distribution(t, []float64{1, 5}, []float64{0, 3, 0}, 9, 2, 4)}, 4},
		{50, []*series.Distribution{distribution(t, []float64{-1e308, 1e308}, []float64{0, 2, 0}, 0)}, 0},
		{75, []*series.Distribution{distribution(t, []float64{-1e308, 1e308}, []float64{0, 2, 0}, 0)}, 5e307},
	} {
		var p pile
		for _, d := range test.list {
			p.add(d)
		}
		var o outline
		o.of(&p)
		if got := o.percentile(test.percent); math.Abs(got-test.want) > 1e-9*math.Abs(test.want) {
			t.Errorf("percentile %v of %+v: %v, want %v", test.percent, p.layouts, got, test.want)
		}
	}
}

// benchHistograms is one slot of n histogram series, of some bounds each.
func benchHistograms(b *testing.B, n, slots int) []*vector {
	rnd := rand.New(rand.NewPCG(1, 2))
	bounds := []float64{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000}
	views := make([]*vector, slots)
	for s := range views {
		v := &vector{cells: make([]cell, wordsFor(n)*64)}
		v.resize(n)
		for i := range n {
			counts := make([]float64, len(bounds)+1)
			for range 20 {
				counts[min(len(bounds), int(math.Abs(rnd.NormFloat64())*5))]++
			}
			v.cells[i] = cell{distribution(b, bounds, counts)}
			v.present.set(i)
		}
		views[s] = v
	}
	return views
}

// BenchmarkStepHistogram measures one slot of histograms of 13 buckets. It must not allocate.
func BenchmarkStepHistogram(b *testing.B) {
	by := []string{"service"}
	for _, o := range []struct {
		name string
		op   graph.HistogramReduce
		most int
	}{
		{"percentile-by-service", graph.HistogramReduce{Func: graph.Percentile, Arg: 99, By: by}, 10_000},
		{"count-by-service", graph.HistogramReduce{Func: graph.Count, By: by}, 10_000},
		{"percentile-by-service-over-1h", graph.HistogramReduce{Func: graph.Percentile, Arg: 99, By: by, Over: hour}, 10_000},
		{"percentile-over-1h", graph.HistogramReduce{Func: graph.Percentile, Arg: 99, Over: hour}, 1_000},
		{"mean-over-1h", graph.HistogramReduce{Func: graph.Mean, Over: hour}, 1_000},
	} {
		for _, n := range benchSizes {
			if n > o.most {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", o.name, n), func(b *testing.B) {
				in, _ := benchStream(n)
				views, streams := benchHistograms(b, n, 4), []*stream{in}
				op, out, result := newHistogramReduce(&o.op, ten, &budget{limit: 1 << 40}), &stream{}, &vector{}
				op.Bind(streams, out)
				slot := int64(0)
				step := func() {
					slot += 10_000
					op.Step(slot, views[slot/10_000%int64(len(views)):][:1], result)
				}
				for range 800 { // two blocks of a window
					step()
				}
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/series")
			})
		}
	}
}

// A block of history holds no more than it may where every slot merges points of many buckets.
func TestHistogramBlocksAreBounded(t *testing.T) {
	const list, points, buckets = 200, 240, 400
	bounds, counts := make([]float64, buckets-1), make([]float64, buckets)
	for i := range bounds {
		bounds[i], counts[i] = float64(i), 1
	}
	d, err := series.NewDistribution(bounds, counts, 1000, 0, buckets)
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(memstore.Options{Now: func() time.Time { return time.UnixMilli(0) }})
	for i := range list {
		s := series.New("h", series.Histogram, series.Label{Name: "i", Value: fmt.Sprint(i)})
		for k := range int64(points) {
			store.Append(series.Sample{Series: s, Point: series.Point{Time: 5000 * k}, Distribution: d})
		}
	}
	g := &graph.Graph{Nodes: []graph.Node{
		{Op: &graph.HistogramFetch{Metric: "h"}},
		{Op: &graph.HistogramReduce{Func: graph.Sum}, Inputs: []graph.NodeID{0}},
		{Op: &graph.Publish{Enabled: true}, Inputs: []graph.NodeID{1}},
	}}
	sink := &nothing{}
	o := Options{Source: store, Clock: sink, Start: time.UnixMilli(0), Stop: time.UnixMilli(5000 * points), Resolution: 10 * time.Second}
	j, err := newJob(t.Context(), g, o, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.prime(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, blocks := j.plan.fetches[0].op, 0
	for slot := j.first; slot < j.stop; slot += j.grid.step {
		if begins := slot == j.ready; begins {
			blocks++
		}
		if err := j.advance(t.Context(), slot); err != nil {
			t.Fatal(err)
		}
		if held := f.cells.numbers; held > blockValues {
			t.Fatalf("slot %d: a block holds %d numbers", slot, held)
		}
	}
	if sink.points != points/2 || blocks < 3 {
		t.Errorf("%d values in %d blocks", sink.points, blocks)
	}
}
