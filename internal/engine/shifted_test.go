package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A shifted stream whose series are replaced all the time keeps as many columns as it has
// series at once, those of its history too.
func TestShiftedColumnsAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		g := &graph.Graph{Nodes: []graph.Node{
			{Op: &graph.Fetch{Metric: "m", MaxExtrapolations: -1}},
			{Op: &graph.Timeshift{Offset: 20 * time.Second}, Inputs: []graph.NodeID{0}},
			{Op: &graph.Delta{}, Inputs: []graph.NodeID{1}},
			{Op: &graph.Publish{Enabled: true}, Inputs: []graph.NodeID{1}},
			{Op: &graph.Publish{Enabled: true}, Inputs: []graph.NodeID{2}},
		}}
		put := func(i int) {
			s := series.New("m", series.Gauge, series.Label{Name: "host", Value: fmt.Sprint(i)})
			store.Append(series.Sample{Series: s, Point: series.Point{Time: time.Now().UnixMilli(), Value: 1}})
			time.Sleep(time.Second)
		}
		start := time.Now()
		for i := range 100 {
			put(i)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := errors.New("ended")
		sink := &nothing{}
		j, err := newJob(ctx, g, Options{Source: store, Start: start, Resolution: time.Second, MaxDelay: time.Millisecond, Inactivity: 3 * time.Second, Clock: systemClock{}}, sink)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- j.run(ctx) }()
		for i := range 400 {
			put(100 + i)
		}
		cancel(ended)
		if err := <-done; err != ended {
			t.Fatal(err)
		}
		j.close()
		f := j.plan.shifted[0].op
		if sink.points < 450 || len(j.plan.present) != 0 {
			t.Errorf("%d values, %d fetches of the present", sink.points, len(j.plan.present))
		}
		// A hundred tracks come from history, and blocks are at most 20 slots.
		if len(f.tracks) > 150 || len(f.index) > 50 {
			t.Errorf("%d columns, %d series known, for 4 series", len(f.tracks), len(f.index))
		}
	})
}
