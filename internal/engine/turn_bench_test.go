package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// BenchmarkLightJob measures in real time how long after their end the slots of a light live job
// come: alone, and beside four queries over an hour of 10,000 series that begin again whenever
// they end, with turns and without. A slot is 20 ms, so an operation is, too; run it with
// -benchtime 500x or more.
func BenchmarkLightJob(b *testing.B) {
	store := heavyStore()
	for _, c := range []struct {
		name  string
		heavy int
		turns *engine.Turns
	}{{"alone", 0, engine.NewTurns(0)}, {"beside-4", 4, engine.NewTurns(0)}, {"beside-4-without-turns", 4, nil}} {
		b.Run(c.name, func(b *testing.B) {
			turn := func() *engine.Turn {
				if c.turns == nil {
					return nil
				}
				return c.turns.Turn()
			}
			ctx, cancel := context.WithCancel(b.Context())
			var owned sync.WaitGroup
			defer owned.Wait()
			defer cancel()
			var queries atomic.Int64
			for range c.heavy {
				owned.Go(func() {
					for ctx.Err() == nil {
						engine.Run(ctx, heavyProgram(), engine.Options{Source: store, Start: epoch, Stop: epoch.Add(time.Hour), Turn: turn()}, discard{})
						queries.Add(1)
					}
				})
			}
			owned.Go(func() { feedLight(ctx, store, c.name) })
			late := make(chan time.Duration, 1)
			owned.Go(func() {
				p := &program{}
				p.publish("A", p.agg(graph.Mean, p.data(c.name)))
				engine.Run(ctx, p.Graph(), engine.Options{Source: store, Resolution: 20 * time.Millisecond, Turn: turn()}, lateness{ctx: ctx, out: late})
			})
			<-late
			var all []time.Duration
			for b.Loop() {
				all = append(all, <-late)
			}
			slices.Sort(all)
			b.ReportMetric(all[len(all)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(all[len(all)*99/100].Seconds()*1000, "p99-ms")
			b.ReportMetric(all[len(all)-1].Seconds()*1000, "max-ms")
			b.ReportMetric(float64(queries.Load())/b.Elapsed().Seconds(), "queries/s")
		})
	}
}

// heavyStore holds an hour of 10,000 series.
func heavyStore() *memstore.Store {
	store := memstore.New(memstore.Options{})
	for i := range 10_000 {
		s := series.New("heavy", series.Gauge, series.Label{Name: "h", Value: fmt.Sprint(i)}, series.Label{Name: "service", Value: fmt.Sprint(i % 20)})
		points := make([]series.Sample, 360)
		for k := range points {
			points[k] = sampleAt(s, time.Duration(k)*10*time.Second, float64(k*i%977))
		}
		store.Append(points...)
	}
	return store
}

func heavyProgram() *graph.Graph {
	p := &program{}
	p.publish("A", p.agg(graph.Percentile, p.over(graph.Mean, p.data("heavy"), 10*time.Minute), "service"))
	p.publish("B", p.over(graph.Max, p.data("heavy"), 5*time.Minute))
	return p.Graph()
}

// feedLight appends a point to each of 100 series of a new metric every 20 ms.
func feedLight(ctx context.Context, store *memstore.Store, metric string) {
	list := make([]series.Sample, 100)
	for i := range list {
		list[i].Series = series.New(metric, series.Gauge, series.Label{Name: "h", Value: fmt.Sprint(i)})
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		now := time.Now().UnixMilli()
		for i := range list {
			list[i].Time, list[i].Arrival = now, now
		}
		store.Append(list...)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// lateness tells of each slot how long after its end it came.
type lateness struct {
	discard
	ctx context.Context
	out chan time.Duration
}

func (l lateness) Batch(b *engine.Batch) error {
	select {
	case l.out <- time.Since(time.UnixMilli(b.Time).Add(20 * time.Millisecond)):
		return nil
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
}

// discard is a sink that keeps nothing.
type discard struct{}

func (discard) Progress(int) error            { return nil }
func (discard) Metadata(*engine.Output) error { return nil }
func (discard) Batch(*engine.Batch) error     { return nil }
func (discard) Expired(uint64) error          { return nil }
func (discard) Info(*engine.Info) error       { return nil }
