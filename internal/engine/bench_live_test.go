package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// ticking is a Source of series that get a point each at every 10 s, the Clock that says so,
// and a Sink.
type ticking struct {
	nothing
	list    []*series.Series
	samples []series.Sample
	feed    *series.Feed
	now     int64
	waits   int
}

func newTicking(n int) *ticking {
	in, _ := benchStream(n)
	t := &ticking{}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) { // in the order in which senders send them
		m := in.members[i]
		s := series.New("m", series.Gauge, m.key...)
		t.list = append(t.list, s)
		t.samples = append(t.samples, series.Sample{Series: s, Point: series.Point{Value: float64(i % 97)}})
	}
	return t
}

func (t *ticking) Select(context.Context, series.Query) (series.Selection, error) {
	return series.Selection{Series: t.list, Matched: len(t.list)}, nil
}

func (t *ticking) Read(_ context.Context, list []*series.Series, r series.Range, visit func(int, series.Points) error) error {
	return nil
}

func (t *ticking) Subscribe(_ series.Query, wake chan<- struct{}) (*series.Feed, error) {
	t.feed = series.NewFeed(1<<20, wake, nil)
	return t.feed, nil
}

func (t *ticking) Now() time.Time { return time.UnixMilli(t.now) }

// Timer lets the time pass at once: only before the feed is there does a slot have to wait.
func (t *ticking) Timer(d time.Duration) (<-chan time.Time, func()) {
	t.now += d.Milliseconds()
	t.waits++
	c := make(chan time.Time, 1)
	c <- t.Now()
	return c, func() {}
}

// deliver puts a point of every series at a time into the feed.
func (t *ticking) deliver(at int64) {
	for i := range t.samples {
		s := &t.samples[i]
		s.Time, s.Arrival = at, at+100
	}
	t.feed.Offer(t.samples)
}

// BenchmarkLive measures one slot of a live job: from the feed, by the rollups and the program,
// to the sink. "offer" is what the store's side of the feed costs of it.
func BenchmarkLive(b *testing.B) {
	programs := []struct {
		name string
		ops  []graph.Op
	}{
		{"offer", nil},
		{"raw", nil},
		{"mean-by-host", []graph.Op{&graph.Aggregate{Func: graph.Mean, By: []string{"host"}}}},
		{"percentile", []graph.Op{&graph.Aggregate{Func: graph.Percentile, Arg: 95}}},
		{"top-10", []graph.Op{&graph.Select{Func: graph.Top, Count: 10}}},
		{"mean-over-1h", []graph.Op{&graph.Window{Func: graph.Mean, Over: time.Hour}, &graph.Aggregate{Func: graph.Max}}},
	}
	for _, p := range programs {
		for _, n := range []int{1_000, 10_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", p.name, n), func(b *testing.B) {
				t := newTicking(n)
				g := &graph.Graph{Nodes: []graph.Node{{Op: &graph.Fetch{Metric: "m", MaxExtrapolations: -1}}}}
				for _, op := range append(p.ops, &graph.Publish{Enabled: true}) {
					g.Nodes = append(g.Nodes, graph.Node{Op: op, Inputs: []graph.NodeID{graph.NodeID(len(g.Nodes) - 1)}})
				}
				start := int64(1_000_000_000)
				t.now = start
				j, err := newJob(b.Context(), g, Options{Source: t, Clock: t, Start: time.UnixMilli(start), Resolution: 10 * time.Second, MaxSeries: -1, MaxDelay: time.Second}, t)
				if err != nil {
					b.Fatal(err)
				}
				defer j.close()
				if err := j.prime(b.Context()); err != nil {
					b.Fatal(err)
				}
				slot := j.first
				var spare []series.Sample
				step := func() {
					if t.feed != nil {
						t.deliver(slot)
						if p.name == "offer" {
							spare, _ = t.feed.Take(spare)
							slot += j.grid.step
							return
						}
					}
					t.now = slot + j.grid.step + 500
					if err := j.advance(b.Context(), slot); err != nil {
						b.Fatal(err)
					}
					slot += j.grid.step
				}
				for slot < j.start+4*j.grid.step {
					step()
				}
				t.waits, t.points = 0, 0
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				if p.name != "offer" && (t.waits > 0 || t.points == 0) {
					b.Fatalf("%d waits, %d points", t.waits, t.points)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/series")
			})
		}
	}
}
