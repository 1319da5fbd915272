package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Series of one metric with several types are rolled up each by its own; a series that changes
// its type keeps the first.
func TestMixedTypes(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m{t:changed}", "10+20 10+20", 10*time.Second)
	for _, name := range []string{"m{t:gauge}", "m{t:counter}#counter", "m{t:total}#cumulative", "m{t:changed}#counter"} {
		load(store, name, "- - 10+20 30+50", 10*time.Second)
	}
	p := &program{}
	p.publish("A", p.data("m"))
	got := run(t, p, overSlots(store, 4)).rows()
	want := "A{t:changed} = 15 15 15 40\nA{t:counter} = - - 30 80\nA{t:gauge} = - - 15 40\nA{t:total} = - - 10 30"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A value that is not finite is no point, so its slot has none; a result that is not finite is
// none either.
func TestNotFinite(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m{h:a}", "1 NaN Inf -Inf 5", 10*time.Second)
	load(store, "m{h:b}", "1 2 3 4 5", 10*time.Second)
	load(store, "big{h:a}", "1 1e308 1 1 -1e308", 10*time.Second)
	load(store, "big{h:b}", "1 1e308 1 1 -1e308", 10*time.Second)
	p := &program{}
	m := p.data("m")
	p.publish("A", m)
	p.publish("B", p.agg("sum", m))
	p.publish("C", p.over("sum", m, 20*time.Second))
	p.publish("D", p.agg("sum", p.data("big")))
	got := run(t, p, overSlots(store, 5)).rows()
	want := "A{h:a} = 1 - - - 5\nA{h:b} = 1 2 3 4 5\nB{} = 2 2 3 4 10\n" +
		"C{h:a} = 1 1 - - 5\nC{h:b} = 1 3 5 7 9\nD{} = 2 - 2 2 -"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Points in any order and twice give what they give in order, of two with the same time the later
// arrival.
func TestDuplicatesOutOfOrder(t *testing.T) {
	ordered, mixed := memstore.New(memstore.Options{Now: clockAt(0).Now}), memstore.New(memstore.Options{Now: clockAt(0).Now})
	s := named("m#cumulative")
	for i := range 60 {
		ordered.Append(sampleAt(s, time.Duration(i)*5*time.Second, float64(i*i)))
		mixed.Append(sampleAt(s, time.Duration(i)*5*time.Second, -1))
	}
	for i := range 60 {
		k := i * 37 % 60
		mixed.Append(sampleAt(s, time.Duration(k)*5*time.Second, float64(k*k)))
	}
	p := &program{}
	p.publish("A", p.data("m"))
	if want, got := run(t, p, overSlots(ordered, 30)).rows(), run(t, p, overSlots(mixed, 30)).rows(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A job over a hundred thousand series takes as many as it may, says so once, and its memory is
// that of those it takes.
func TestLimitOfManySeries(t *testing.T) {
	const n, limit = 100_000, 30_000
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	samples := make([]series.Sample, 0, 3)
	for i := range n {
		s := series.New("m", series.Gauge, series.Label{Name: "i", Value: fmt.Sprint(i)})
		samples = samples[:0]
		for k := range 3 {
			samples = append(samples, sampleAt(s, time.Duration(k)*10*time.Second, 1))
		}
		store.Append(samples...)
	}
	p := &program{}
	p.publish("A", p.agg("count", p.data("m")))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := newRecorder(t)
	if err := engine.Run(context.Background(), p.Graph(), overSlots(store, 3), r); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := r.row("A{}"); got != "30000 30000 30000" {
		t.Errorf("counted %s", got)
	}
	limited := r.info("FIND_LIMITED_RESULT_SET")
	if len(limited) != 1 || limited[0].Contents["matchedSize"] != n || limited[0].Contents["limitSize"] != limit {
		t.Errorf("told %+v", limited)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 200 {
		t.Errorf("the job has allocated %d MB", mb)
	}
}
