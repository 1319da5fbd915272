package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// histogramsOf fills a store with a point every 10 s of some series, each with bounds of its own.
func histogramsOf(t *testing.T, list, points int) *memstore.Store {
	store := memstore.New(memstore.Options{})
	for i := range list {
		s := series.New("h", series.Histogram, series.Label{Name: "i", Value: string(rune('a' + i))}, series.Label{Name: "g", Value: "x"})
		for k := range points {
			d, err := series.NewDistribution([]float64{float64(i + 1), 20, 30, 40}, []float64{1, 2, 0, 0, 1}, 60, 0, 50)
			if err != nil {
				t.Fatal(err)
			}
			at := epoch.Add(time.Duration(k) * 10 * time.Second).UnixMilli()
			store.Append(series.Sample{Series: s, Point: series.Point{Time: at}, Arrival: at, Distribution: d})
		}
	}
	return store
}

// Windows of histograms grow with what comes, and the budget of windows bounds them all the same.
func TestHistogramWindowBudget(t *testing.T) {
	store := histogramsOf(t, 8, 300)
	g, err := eval.Compile("histogram('h').percentile(50, by='g', over='10m').publish('p')", eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := overSlots(store, 300)
	o.MaxWindowPoints = 6000 // too little for 60 slots of eight layouts, 14 points each
	err = engine.Run(context.Background(), g, o, newRecorder(t))
	var limit *engine.LimitError
	if !errors.As(err, &limit) || limit.Limit != 6000 || !strings.Contains(err.Error(), "the windows of the program would hold") {
		t.Errorf("got %v", err)
	}
	if o.MaxWindowPoints = 3000; engine.Run(context.Background(), g, o, newRecorder(t)) == nil {
		t.Error("the window itself is not counted")
	}
	o.MaxWindowPoints = 8000
	r := newRecorder(t)
	if err := engine.Run(context.Background(), g, o, r); err != nil {
		t.Error(err)
	}
	if row := strings.Fields(r.row("p{g:x}")); len(row) != 300 || row[299] != row[100] {
		t.Errorf("got %v", row)
	}
}

// A graph in which something else reads histograms was not made by the compiler.
func TestHistogramsAreForTheirMethods(t *testing.T) {
	for want, build := range map[string]func(p *program){
		"engine: node 1 (publish('A')) cannot read node 0 (histogram('h')): histograms are for histogram methods": func(p *program) {
			p.publish("A", p.add(&graph.HistogramFetch{Metric: "h"}))
		},
		"engine: node 1 (histogram sum()) cannot read node 0 (data('m')): histograms are for histogram methods": func(p *program) {
			p.publish("A", p.add(&graph.HistogramReduce{Func: graph.Sum}, p.data("m")))
		},
		"engine: line 1:1: histogram median() is not run yet": func(p *program) {
			p.publish("A", p.add(&graph.HistogramReduce{Func: graph.Median}, p.add(&graph.HistogramFetch{Metric: "h"})))
		},
	} {
		p := &program{}
		build(p)
		if err := engine.Check(p.Graph()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// More series than the limit are left out, and told of.
func TestHistogramLimit(t *testing.T) {
	store := histogramsOf(t, 8, 3)
	g, err := eval.Compile("histogram('h').count().publish('n')", eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := overSlots(store, 3)
	o.MaxSeries = 5
	r := newRecorder(t)
	if err := engine.Run(context.Background(), g, o, r); err != nil {
		t.Fatal(err)
	}
	if limited := r.info("FIND_LIMITED_RESULT_SET"); r.row("n{}") != "20 20 20" || len(limited) != 1 || limited[0].Contents["matchedSize"] != 8 {
		t.Errorf("%s, %d messages", r.rows(), len(limited))
	}
}
