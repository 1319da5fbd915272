package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// twoHours is a store with a point every 10 s of each of n series, which arrived together.
func twoHours(n int) *memstore.Store {
	store := memstore.New(memstore.Options{Now: clockAt(2 * time.Hour).Now})
	rnd := rand.New(rand.NewPCG(1, 2))
	samples := make([]series.Sample, n)
	for i := range samples {
		samples[i].Series = series.New("m", series.Gauge,
			series.Label{Name: "core", Value: fmt.Sprint(i % 10)},
			series.Label{Name: "host", Value: fmt.Sprint("h", i/10)},
			series.Label{Name: "service", Value: fmt.Sprint("s", i*7919%20)})
	}
	for at := time.Duration(0); at < 2*time.Hour; at += 10 * time.Second {
		for i := range samples {
			samples[i].Time = epoch.Add(at).UnixMilli()
			samples[i].Value = rnd.NormFloat64()
		}
		store.Append(samples...)
	}
	return store
}

// BenchmarkStored runs whole jobs over the second of two hours that a store holds.
func BenchmarkStored(b *testing.B) {
	programs := []struct {
		name  string
		shape func(p *program, m graph.NodeID) graph.NodeID
	}{
		{"mean-by-host", func(p *program, m graph.NodeID) graph.NodeID { return p.agg(graph.Mean, m, "host") }},
		{"percentile", func(p *program, m graph.NodeID) graph.NodeID { return p.agg(graph.Median, m) }},
		{"mean-over-1h", func(p *program, m graph.NodeID) graph.NodeID { return p.over(graph.Mean, m, time.Hour) }},
		{"raw", func(p *program, m graph.NodeID) graph.NodeID { return m }},
	}
	for _, n := range []int{1_000, 10_000} {
		store := twoHours(n)
		for _, shape := range programs {
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				p := &program{}
				p.publish("A", shape.shape(p, p.data("m")))
				o := engine.Options{Source: store, Clock: clockAt(2 * time.Hour), Start: epoch.Add(time.Hour), Stop: epoch.Add(2 * time.Hour)}
				b.ReportAllocs()
				for b.Loop() {
					if err := engine.Run(b.Context(), p.Graph(), o, discard{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n)/360, "ns/point")
			})
		}
	}
}
