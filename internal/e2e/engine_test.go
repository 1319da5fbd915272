package e2e

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	thanos "github.com/thanos-io/promql-engine/engine"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	mts "github.com/signalfx/signalflow-client-go/internal/series"
)

// peerEngine is an engine of PromQL.
type peerEngine struct {
	name string
	promql.QueryEngine
}

// peerEngines returns the two engines, without limits.
func peerEngines() []peerEngine {
	o := promql.EngineOpts{
		MaxSamples:               math.MaxInt,
		Timeout:                  time.Hour,
		NoStepSubqueryIntervalFn: func(int64) int64 { return scrape.Milliseconds() },
	}
	return []peerEngine{
		{"prometheus", promql.NewEngine(o)},
		{"thanos", thanos.New(thanos.Opts{EngineOpts: o})},
	}
}

// span runs a query at every scrape of some time from origin and hands the result over; it
// belongs to the engine afterwards.
func (e peerEngine) span(tb testing.TB, db storage.Queryable, query string, d time.Duration, use func(promql.Matrix)) {
	tb.Helper()
	q, err := e.NewRangeQuery(tb.Context(), db, nil, query, origin, origin.Add(d-scrape), scrape)
	if err != nil {
		tb.Fatalf("%s: %s: %v", e.name, query, err)
	}
	defer q.Close()
	r := q.Exec(tb.Context())
	if r.Err != nil {
		tb.Fatalf("%s: %s: %v", e.name, query, r.Err)
	}
	use(r.Value.(promql.Matrix))
}

// instant runs a query at one time, as a client does that polls, and returns the number of series.
func (e peerEngine) instant(tb testing.TB, db storage.Queryable, query string, at int64) int {
	tb.Helper()
	q, err := e.NewInstantQuery(tb.Context(), db, nil, query, time.UnixMilli(at))
	if err != nil {
		tb.Fatalf("%s: %s: %v", e.name, query, err)
	}
	defer q.Close()
	r := q.Exec(tb.Context())
	if r.Err != nil {
		tb.Fatalf("%s: %s: %v", e.name, query, r.Err)
	}
	return len(r.Value.(promql.Vector))
}

// kept is a Sink that keeps all results in memory, as a materialised result of a query is.
type kept struct {
	outputs map[uint64]*engine.Output
	times   []int64
	points  [][]engine.Point // by slot
}

func (k *kept) Progress(int) error { return nil }

func (k *kept) Metadata(o *engine.Output) error {
	k.outputs[o.ID] = o
	return nil
}

func (k *kept) Batch(b *engine.Batch) error {
	k.times = append(k.times, b.Time)
	k.points = append(k.points, slices.Clone(b.Points))
	return nil
}

func (k *kept) Expired(uint64) error    { return nil }
func (k *kept) Info(*engine.Info) error { return nil }

// longAfter is the clock of a job whose range lies in the past. It never has to wait.
type longAfter struct{}

func (longAfter) Now() time.Time { return origin.Add(100 * time.Hour) }
func (longAfter) Timer(time.Duration) (<-chan time.Time, func()) {
	panic("a job over the past waits")
}

// withoutLimits adds to the options of a job that nothing is limited.
func withoutLimits(o engine.Options) engine.Options {
	o.MaxSeries, o.MaxInputs, o.MaxDerived, o.MaxWindowPoints = -1, -1, -1, -1
	return o
}

// span runs a program over some time from origin.
func span(tb testing.TB, source engine.Source, g *graph.Graph, d time.Duration) *kept {
	tb.Helper()
	k := &kept{outputs: make(map[uint64]*engine.Output)}
	o := withoutLimits(engine.Options{Source: source, Clock: longAfter{}, Start: origin, Stop: origin.Add(d)})
	if err := engine.Run(context.Background(), g, o, k); err != nil {
		tb.Fatal(err)
	}
	return k
}

func compile(tb testing.TB, program string) *graph.Graph {
	tb.Helper()
	g, err := eval.Compile(program, eval.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// table is a result: by slot, the values by the labels of their series.
type table map[int64]map[string]float64

func (t table) set(at int64, name string, v float64) {
	if t[at] == nil {
		t[at] = make(map[string]float64)
	}
	t[at][name] = v
}

func (t table) size() (n int) {
	for _, row := range t {
		n += len(row)
	}
	return n
}

func (k *kept) table() table {
	t := table{}
	for i, at := range k.times {
		for _, p := range k.points[i] {
			t.set(at, k.outputs[p.ID].Key.String(), p.Value)
		}
	}
	return t
}

func (e peerEngine) table(tb testing.TB, db storage.Queryable, query string, d time.Duration) table {
	tb.Helper()
	t := table{}
	e.span(tb, db, query, d, func(m promql.Matrix) {
		for _, s := range m {
			var key mts.Labels
			s.Metric.Range(func(l labels.Label) {
				if l.Name != labels.MetricName {
					key = append(key, mts.Label{Name: l.Name, Value: l.Value})
				}
			})
			name := mts.SortLabels(key).String()
			for _, p := range s.Floats {
				t.set(p.T, name, p.F)
			}
		}
	})
	return t
}
