package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// A series that appears while a job works off history, or is kept by its reader from getting live,
// is there from its first point on.
func TestNewcomerWhileBehind(t *testing.T) {
	store := memstore.New(memstore.Options{})
	p := &program{}
	m := p.fetch(graph.Fetch{Metric: "m", Resolution: time.Second})
	p.publish("raw", m)
	p.publish("sum", p.over(graph.Sum, p.agg(graph.Sum, m), 3*time.Second))
	p.publish("before", p.add(&graph.Timeshift{Offset: 5 * time.Second}, m))
	options := engine.Options{
		Source: store, Start: epoch.Add(-time.Minute), Stop: epoch.Add(2 * time.Minute), Resolution: time.Second, MaxDelay: 2 * time.Second,
	}
	var live *recorder
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epoch))
		for at := -2 * time.Minute; at < 0; at += time.Second {
			store.Append(sampleAt(named("m{h:a}"), at, 1))
		}
		r := newRecorder(t)
		r.onBatch = func(*engine.Batch) { time.Sleep(200 * time.Millisecond) }
		done := make(chan error)
		go func() { done <- engine.Run(t.Context(), p.Graph(), options, r) }()
		for i := range 120 {
			time.Sleep(500 * time.Millisecond)
			put(store, named("m{h:a}"), 1, 0)
			if i > 3 && i%20 < 15 {
				put(store, named("m{h:b}"), float64(i), 0)
			}
			if i > 40 {
				put(store, named("m{h:c}#cumulative"), float64(i*i), 0)
			}
			time.Sleep(500 * time.Millisecond)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		live = r
	})
	options.Clock = clockAt(time.Hour)
	history := run(t, p, options)
	if diff := difference(valuesOnly(live), valuesOnly(history)); diff != "" {
		t.Errorf("live and history differ:\n%s", diff)
	}
}
