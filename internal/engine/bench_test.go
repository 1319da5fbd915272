package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

var benchSizes = []int{1_000, 10_000}

// benchStream is n series in 20 services, and one slot of values.
func benchStream(n int) (*stream, *vector) {
	in, v := &stream{source: "m"}, &vector{}
	v.resize(n)
	for i := range n {
		key := series.NewLabels(map[string]string{"host": fmt.Sprint("h", i/10), "core": fmt.Sprint(i % 10), "service": fmt.Sprint("s", i*7919%20)})
		in.join(member{key: key, meta: key, metric: "m"})
		v.set(i, float64(i%97))
	}
	return in, v
}

// benchSlots is random values, of which no processor can learn which way a comparison goes:
// stretches of one long row, so many that no window holds the same one twice.
func benchSlots(n int) []*vector {
	const slots = 509
	rnd := rand.New(rand.NewPCG(1, 2))
	row := &vector{}
	row.resize(n + 64*slots)
	for i := range row.values {
		row.set(i, rnd.NormFloat64())
	}
	views := make([]*vector, slots)
	for s := range views {
		words := wordsFor(n)
		views[s] = &vector{values: row.values[s*64:][:words*64], present: append(bitmap{}, row.present[:words]...)}
		if n%64 > 0 {
			views[s].present[words-1] = 1<<(n%64) - 1
		}
	}
	return views
}

// rising adds to each slot of benchSlots more than to the one before: values that grow, of which
// each slot moves the place that a percentile looks for.
func rising(slots []*vector) []*vector {
	up := make([]*vector, len(slots))
	for s, v := range slots {
		up[s] = &vector{values: make([]float64, len(v.values)), present: v.present}
		for i, x := range v.values {
			up[s].values[i] = x/8 + float64(s)
		}
	}
	return up
}

const hour = time.Hour

var ten = grid{step: 10_000}

// measured holds the operators whose cost is watched.
var measured = []struct {
	name string
	make func() operator
	two  bool
}{
	{"mean", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Mean}) }, false},
	{"mean-by-service", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Mean, By: []string{"service"}}) }, false},
	{"count-by-host", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Count, By: []string{"host"}}) }, false},
	{"max-by-host", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Max, By: []string{"host"}}) }, false},
	{"stddev", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Stddev}) }, false},
	{"stddev-by-service", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Stddev, By: []string{"service"}}) }, false},
	{"percentile", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Percentile, Arg: 95}) }, false},
	{"percentile-by-service", func() operator {
		return newAggregate(&graph.Aggregate{Func: graph.Percentile, Arg: 95, By: []string{"service"}})
	}, false},
	{"median", func() operator { return newAggregate(&graph.Aggregate{Func: graph.Median}) }, false},
	{"top-10", func() operator { return newExtremes(&graph.Select{Func: graph.Top, Count: 10}) }, false},
	{"top-3-by-service", func() operator {
		return newExtremes(&graph.Select{Func: graph.Top, Count: 3, By: []string{"service"}})
	}, false},
	{"sum-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Sum, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"mean-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Mean, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"max-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Max, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"count-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Count, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"stddev-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Stddev, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"percentile-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Percentile, Arg: 95, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"median-over-1h", func() operator {
		return newWindow(&graph.Window{Func: graph.Median, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"percentile-over-1h-rising", func() operator {
		return newWindow(&graph.Window{Func: graph.Percentile, Arg: 95, Over: hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"median-over-6h", func() operator {
		return newWindow(&graph.Window{Func: graph.Median, Over: 6 * hour}, ten, &budget{limit: 1 << 40})
	}, false},
	{"divide", func() operator { return newJoined(&graph.Binary{Op: graph.Divide}, 2) }, true},
	{"map", func() operator {
		return newMapping(&graph.Map{Body: []graph.Node{
			{Op: &graph.Param{}}, {Op: &graph.Scalar{Value: 1}}, {Op: &graph.Binary{Op: graph.Greater}, Inputs: []graph.NodeID{0, 1}},
			{Op: &graph.Conditional{}, Inputs: []graph.NodeID{2, 0, 1}},
		}})
	}, false},
	{"fill", func() operator { return newFill(&graph.Fill{}, 10_000) }, false},
	{"delta", func() operator { return newDelta(&graph.Delta{}, 10) }, false},
	{"ewma", func() operator { return newEWMA(&graph.EWMA{Alpha: 0.1}, 10_000) }, false},
	{"above", func() operator { return &slotwise{kernel: kernelOf(&graph.Limit{Func: graph.Above, Low: 1}, 10)} }, false},
	{"greater", func() operator { return newJoined(&graph.Binary{Op: graph.Greater}, 2) }, true},
}

// BenchmarkStep measures one slot of one operator. It must not allocate.
func BenchmarkStep(b *testing.B) {
	for _, o := range measured {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", o.name, n), func(b *testing.B) {
				in, _ := benchStream(n)
				streams, slots := []*stream{in}, benchSlots(n)
				if o.two {
					streams = append(streams, in)
				}
				if strings.HasSuffix(o.name, "rising") {
					slots = rising(slots)
				}
				op, out, result := o.make(), &stream{}, &vector{}
				op.Bind(streams, out)
				slot := int64(0)
				values := make([]*vector, len(streams))
				step := func() {
					slot += 10_000
					for i := range values {
						values[i] = slots[slot/10_000%int64(len(slots))]
					}
					op.Step(slot, values, result)
				}
				for range slots {
					step() // fills the windows of an hour
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

// columns is a Source of series that all have a point every 10 s.
type columns struct {
	list   []*series.Series
	times  []int64
	values []float64
}

func newColumns(n, points int) *columns {
	in, _ := benchStream(n)
	c := &columns{}
	for _, m := range in.members {
		c.list = append(c.list, series.New("m", series.Gauge, m.key...))
	}
	for i := range points {
		c.times = append(c.times, int64(i)*10_000)
		c.values = append(c.values, float64(i))
	}
	return c
}

func (c *columns) Select(context.Context, series.Query) (series.Selection, error) {
	return series.Selection{Series: c.list, Matched: len(c.list)}, nil
}

func (c *columns) Read(_ context.Context, list []*series.Series, r series.Range, visit func(int, series.Points) error) error {
	i := int(min(max(0, (r.From+9_999)/10_000), int64(len(c.times))))
	j := int(min(max(0, (r.To+9_999)/10_000), int64(len(c.times))))
	if i >= j {
		return nil
	}
	for k := range list {
		if err := visit(k, series.Points{Times: c.times[i:j], Values: c.values[i:j]}); err != nil {
			return err
		}
	}
	return nil
}

func (c *columns) Subscribe(series.Query, chan<- struct{}) (*series.Feed, error) { panic("not live") }

// nothing is a Sink and a Clock long after all data.
type nothing struct{ points int }

func (*nothing) Progress(int) error     { return nil }
func (*nothing) Metadata(*Output) error { return nil }
func (n *nothing) Batch(b *Batch) error { n.points += len(b.Points); return nil }
func (*nothing) Expired(uint64) error   { return nil }
func (*nothing) Info(*Info) error       { return nil }
func (*nothing) Now() time.Time         { return time.UnixMilli(100 * 3600 * 1000) }
func (*nothing) Timer(time.Duration) (<-chan time.Time, func()) {
	return nil, func() {}
}

// BenchmarkRange runs whole jobs over one hour of history at 10 s.
func BenchmarkRange(b *testing.B) {
	programs := []struct {
		name string
		ops  []graph.Op
	}{
		{"mean-by-host", []graph.Op{&graph.Aggregate{Func: graph.Mean, By: []string{"host"}}}},
		{"percentile", []graph.Op{&graph.Aggregate{Func: graph.Percentile, Arg: 95}}},
		{"top-10", []graph.Op{&graph.Select{Func: graph.Top, Count: 10}}},
		{"stddev-over-1h", []graph.Op{&graph.Window{Func: graph.Stddev, Over: time.Hour}, &graph.Aggregate{Func: graph.Max}}},
		{"percentile-over-1h", []graph.Op{&graph.Window{Func: graph.Percentile, Arg: 95, Over: time.Hour}, &graph.Aggregate{Func: graph.Max}}},
		{"mean-over-1h", []graph.Op{&graph.Window{Func: graph.Mean, Over: time.Hour}}},
		{"raw", nil},
	}
	for _, p := range programs {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", p.name, n), func(b *testing.B) {
				source := newColumns(n, 1000)
				g := &graph.Graph{Nodes: []graph.Node{{Op: &graph.Fetch{Metric: "m", MaxExtrapolations: -1}}}}
				for _, op := range append(p.ops, &graph.Publish{Enabled: true}) {
					g.Nodes = append(g.Nodes, graph.Node{Op: op, Inputs: []graph.NodeID{graph.NodeID(len(g.Nodes) - 1)}})
				}
				sink := &nothing{}
				o := Options{Source: source, Clock: sink, Start: time.UnixMilli(3600_000), Stop: time.UnixMilli(7200_000)}
				b.ReportAllocs()
				for b.Loop() {
					if err := Run(b.Context(), g, o, sink); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n)/360, "ns/series/slot")
			})
		}
	}
}
