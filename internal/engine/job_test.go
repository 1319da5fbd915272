package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// filled is a store with one series of a point every step, from before epoch on.
func filled(step, before, after time.Duration, lag time.Duration) *memstore.Store {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	s := named("m{h:a}")
	for at := -before; at < after; at += step {
		sample := sampleAt(s, at, at.Seconds())
		sample.Arrival += lag.Milliseconds()
		store.Append(sample)
	}
	return store
}

func TestResolution(t *testing.T) {
	tests := []struct {
		name         string
		step         time.Duration // of the points
		hint, lowest time.Duration
		want         int64
	}{
		{"as the data have it", 10 * time.Second, 0, 0, 10_000},
		{"rounded up to a native step", 7 * time.Second, 0, 0, 10_000},
		{"jitter is not rounded up", 10_300 * time.Millisecond, 0, 0, 10_000},
		{"an hour", time.Hour, 0, 0, 3_600_000},
		{"finer is refused", 10 * time.Second, 0, time.Second, 10_000},
		{"coarser is taken", 10 * time.Second, 0, time.Minute, 60_000},
		{"a multiple of the native one", 10 * time.Second, 0, 15 * time.Second, 20_000},
		{"a hint rules", 10 * time.Second, 30 * time.Second, 0, 30_000},
		{"no data", 0, 0, 0, 1000},
		{"no data, but a wish", 0, 0, 5 * time.Second, 5000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			if test.step > 0 {
				store = filled(test.step, 3*test.step, 10*test.step, 0)
			}
			p := &program{}
			p.publish("A", p.fetch(graph.Fetch{Metric: "m", Resolution: test.hint}))
			r := run(t, p, engine.Options{Source: store, Clock: clockAt(30 * time.Hour), Start: epoch, Stop: epoch.Add(4 * time.Hour), Resolution: test.lowest})
			infos := r.info("JOB_RUNNING_RESOLUTION")
			if len(infos) != 1 || infos[0].Contents["resolutionMs"] != test.want {
				t.Fatalf("resolution is told as %v, want %d", infos[0].Contents, test.want)
			}
			if step := r.slots[1] - r.slots[0]; step != test.want {
				t.Errorf("slots are %d ms apart, want %d", step, test.want)
			}
		})
	}
}

// The job takes the coarsest resolution of all its inputs.
func TestResolutionOfSeveral(t *testing.T) {
	store := filled(10*time.Second, time.Minute, 10*time.Minute, 0)
	for at := time.Duration(0); at < 10*time.Minute; at += time.Minute {
		store.Append(sampleAt(named("slow{}"), at, 1))
	}
	p := &program{}
	p.publish("A", p.binary(graph.Add, p.data("m"), p.data("slow")))
	r := run(t, p, engine.Options{Source: store, Clock: clockAt(time.Hour), Start: epoch, Stop: epoch.Add(10 * time.Minute)})
	if n := len(r.slots); n != 10 {
		t.Errorf("%d slots, want 10 of a minute", n)
	}
}

// The lag rollup is the mean of arrival less time, in ms, in history as in live points.
func TestLag(t *testing.T) {
	store := memstore.New(memstore.Options{})
	s := named("m{}")
	for i, lag := range []int64{100, 300, 50} {
		sample := sampleAt(s, time.Duration(i*5)*time.Second, 1)
		sample.Arrival += lag
		store.Append(sample)
	}
	p := &program{}
	p.publish("A", p.fetch(graph.Fetch{Metric: "m", Rollup: graph.RollupLag}))
	if got := run(t, p, overSlots(store, 2)).rows(); got != "A{} = 200 50" {
		t.Errorf("history: %s", got)
	}
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		put(store, s, 1, 0)
		j := startLive(t, store, p, engine.Options{Resolution: time.Second})
		wait(900 * time.Millisecond)
		put(store, s, 1, 300*time.Millisecond)
		wait(2 * time.Second)
		put(store, s, 1, 700*time.Millisecond)
		wait(4 * time.Second)
		j.end()
		if got := j.row("A{}"); !strings.HasPrefix(got, "150 - 700") {
			t.Errorf("live: %s", got)
		}
	})
}

func TestMaxDelay(t *testing.T) {
	tests := []struct {
		name     string
		lag      time.Duration
		explicit time.Duration
		want     int64
		kind     string
	}{
		{"least", 0, 0, 2000, "AUTOMATIC"},
		{"largest lag in whole seconds", 4200 * time.Millisecond, 0, 5000, "AUTOMATIC"},
		{"points loaded later say nothing", time.Hour, 0, 2000, "AUTOMATIC"},
		{"explicit", 4 * time.Second, 500 * time.Millisecond, 500, "EXPLICIT"},
		{"explicit beyond the limit", 0, time.Hour, 900_000, "EXPLICIT"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &program{}
			p.publish("A", p.data("m"))
			o := overSlots(filled(10*time.Second, time.Minute, time.Minute, test.lag), 3)
			o.MaxDelay = test.explicit
			r := run(t, p, o)
			got := r.info("JOB_INITIAL_MAX_DELAY")[0].Contents
			if got["maxDelayMs"] != test.want || got["deadlineType"] != test.kind {
				t.Errorf("told %v, want %d %s", got, test.want, test.kind)
			}
		})
	}
}

func TestRange(t *testing.T) {
	at := func(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }
	utc5 := time.FixedZone("five", 5*3600)
	tests := []struct {
		name        string
		now         time.Duration
		o           engine.Options
		first, last float64 // slots sent, seconds after epoch
		slots       int
	}{
		{"start down, stop up, stop exclusive", time.Hour, engine.Options{Start: at(13), Stop: at(41)}, 10, 40, 4},
		{"on the boundary", time.Hour, engine.Options{Start: at(10), Stop: at(40)}, 10, 30, 3},
		{"immediate ends before the delay", 55 * time.Second, engine.Options{Start: at(10), Stop: at(3600), Immediate: true, MaxDelay: 12 * time.Second}, 10, 30, 3},
		{"immediate without stop", 55 * time.Second, engine.Options{Start: at(10), Immediate: true, MaxDelay: time.Second}, 10, 40, 4},
		{"no wait when all is past", 50 * time.Second, engine.Options{Start: at(10), Stop: at(50), MaxDelay: 15 * time.Minute}, 10, 40, 4},
		{"days in UTC", 240 * time.Hour, engine.Options{Start: at(3600), Stop: at(3 * 86400), Resolution: 24 * time.Hour}, 0, 2 * 86400, 3},
		{"days in a zone", 240 * time.Hour, engine.Options{Start: at(3600), Stop: at(2 * 86400), Resolution: 24 * time.Hour, Timezone: utc5}, -5 * 3600, 2*86400 - 5*3600, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &program{}
			p.publish("A", p.data("m"))
			test.o.Source, test.o.Clock = filled(10*time.Second, time.Minute, time.Hour, 0), clockAt(test.now)
			r := run(t, p, test.o)
			if len(r.slots) != test.slots {
				t.Fatalf("%d slots, want %d", len(r.slots), test.slots)
			}
			first, last := r.slots[0]-epoch.UnixMilli(), r.slots[len(r.slots)-1]-epoch.UnixMilli()
			if first != int64(test.first*1000) || last != int64(test.last*1000) {
				t.Errorf("slots from %d to %d ms, want %g to %g s", first, last, test.first, test.last)
			}
		})
	}
}

// A range without a slot sends its information and ends.
func TestEmptyRange(t *testing.T) {
	p := &program{}
	p.publish("A", p.data("m"))
	o := overSlots(filled(10*time.Second, 0, time.Minute, 0), 0)
	r := run(t, p, o)
	if len(r.slots) != 0 || len(r.info("JOB_RUNNING_RESOLUTION")) != 1 {
		t.Errorf("%d slots, information %v", len(r.slots), r.infos)
	}
}

// Windows are full at the first slot sent; meanwhile progress is told.
func TestHistoryFillsWindows(t *testing.T) {
	p := &program{}
	p.publish("A", p.over(graph.Count, p.over(graph.Sum, p.data("m"), 50*time.Second), 100*time.Second))
	r := run(t, p, overSlots(filled(10*time.Second, 10*time.Minute, time.Minute, 0), 3))
	if got := r.row("A{h:a}"); got != "10 10 10" {
		t.Errorf("windows hold %s values, want 10 each", got)
	}
	if n := len(r.progress); n == 0 || r.progress[n-1] != 100 {
		t.Errorf("progress %v does not reach 100", r.progress)
	}
}

// The information group comes after the first slot, the resolution first.
func TestInformation(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	for _, name := range []string{"m{a:1,h:1}", "m{a:1,h:2}", "m{b:1}"} {
		load(store, name, "1 1 1", 10*time.Second)
	}
	p := &program{}
	m := p.data("m")
	p.publish("A", p.add(&graph.Aggregate{Func: graph.Sum, By: []string{"a"}}, m))
	p.publish("B", p.agg(graph.Sum, m))
	p.publish("C", p.fetch(graph.Fetch{Metric: "none", Filter: dimensionIs("k", "v")}))
	r := newRecorder(t)
	r.onInfo = func(*engine.Info) {
		if len(r.slots) != 1 || r.batches != 3 {
			t.Errorf("information after %d slots and %d batches", len(r.slots), r.batches)
		}
	}
	if err := engine.Run(t.Context(), p.Graph(), overSlots(store, 3), r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range r.infos {
		got = append(got, fmt.Sprintf("%s %s %d %v %v", i.Code, i.Level, i.NumInput, i.Contents, i.Blocks))
	}
	want := `JOB_RUNNING_RESOLUTION INFO 0 map[resolutionMs:10000] []
JOB_INITIAL_MAX_DELAY INFO 0 map[deadlineType:AUTOMATIC maxDelayMs:2000] []
FIND_MATCHED_DIMENSIONS INFO 3 map[dimensionCounts:[map[count:2 dimensions:[a h]] map[count:1 dimensions:[b]]]] [0]
FETCH_NUM_TIMESERIES INFO 3 map[] [0]
FIND_MATCHED_NO_TIMESERIES WARNING 0 map[query:data('none', filter=filter('k', 'v'))] [5]
FETCH_NUM_TIMESERIES INFO 0 map[] [5]
ID_NUM_TIMESERIES INFO 1 map[] [2]
ID_NUM_TIMESERIES INFO 1 map[] [4]
ID_NUM_TIMESERIES INFO 0 map[] [6]
GROUPBY_MISSING_PROPERTY WARNING 0 map[propertyNames:[a]] [1]`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// Of more series than the limit the most recently created are taken.
func TestLimit(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	for i := range 10 {
		load(store, fmt.Sprintf("m{i:%d}", i), "1", 10*time.Second)
	}
	p := &program{}
	p.publish("A", p.data("m"))
	o := overSlots(store, 1)
	o.MaxSeries = 2
	r := run(t, p, o)
	if got := r.rows(); got != "A{i:8} = 1\nA{i:9} = 1" {
		t.Errorf("got %s", got)
	}
	infos := r.info("FIND_LIMITED_RESULT_SET")
	if len(infos) != 1 || infos[0].Contents["matchedSize"] != 10 || infos[0].Contents["limitSize"] != 2 {
		t.Errorf("told %v", infos)
	}
	o.MaxSeries = -1
	if r = run(t, p, o); len(r.values) != 10 {
		t.Errorf("without a limit %d series", len(r.values))
	}
}

// Series that appear beyond the limit stay out, and that is told once.
func TestLiveLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		put(store, named("m{i:0}"), 1, 0)
		p := &program{}
		p.publish("A", p.data("m"))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxSeries: 1})
		for range 3 {
			wait(time.Second)
			put(store, named("m{i:0}"), 1, 0)
			put(store, named("m{i:1}"), 1, 0)
		}
		wait(time.Second)
		j.end()
		if got, n := j.rows(), len(j.info("FIND_LIMITED_RESULT_SET")); got != "A{i:0} = 1 1 1 1" || n != 1 {
			t.Errorf("got %s and %d messages", got, n)
		}
	})
}

// A publish that is not enabled sends nothing, and what only it needs is not read.
func TestDisabledPublish(t *testing.T) {
	p := &program{}
	p.add(&graph.Publish{Label: "off"}, p.data("none"))
	p.publish("on", p.number(1))
	r := run(t, p, overSlots(memstore.New(memstore.Options{}), 2))
	if got := r.rows(); got != "on{} = 1 1" || r.perSlot != 1 {
		t.Errorf("got %s in %d batches a slot", got, r.perSlot)
	}
	for _, o := range r.outputs {
		if o.Publish != 1 {
			t.Errorf("serial number %d, want 1", o.Publish)
		}
	}
	if n := len(r.info("FIND_MATCHED_NO_TIMESERIES")); n != 0 {
		t.Error("the disabled stream was read")
	}
}

// A program that publishes nothing runs and sends its information only.
func TestNothingPublished(t *testing.T) {
	p := &program{}
	p.data("m")
	r := run(t, p, overSlots(memstore.New(memstore.Options{}), 2))
	if len(r.slots) != 0 || len(r.infos) == 0 {
		t.Errorf("%d slots, %d messages", len(r.slots), len(r.infos))
	}
}

// An error of the sink ends the job with it, and so does one of the source.
func TestErrorsEndTheJob(t *testing.T) {
	broken := errors.New("broken")
	p := &program{}
	p.publish("A", p.data("m"))
	store := filled(10*time.Second, 0, time.Minute, 0)
	r := newRecorder(t)
	r.fail = broken
	if err := engine.Run(t.Context(), p.Graph(), overSlots(store, 3), r); err != broken || len(r.slots) != 1 {
		t.Errorf("sink: %v after %d slots", err, len(r.slots))
	}
	for calls := range 3 {
		o := overSlots(store, 3)
		o.Source = &failingSource{Store: store, left: calls, err: broken}
		if err := engine.Run(t.Context(), p.Graph(), o, newRecorder(t)); !errors.Is(err, broken) {
			t.Errorf("source, call %d: %v", calls, err)
		}
	}
	if err := engine.Run(t.Context(), p.Graph(), engine.Options{}, r); err == nil {
		t.Error("no error without a source")
	}
}

// A program whose windows need too much memory is refused before it is taken.
func TestWindowLimit(t *testing.T) {
	p := &program{}
	p.publish("A", p.over(graph.Sum, p.data("m"), 365*24*time.Hour))
	o := overSlots(filled(10*time.Second, 0, time.Minute, 0), 1)
	err := engine.Run(t.Context(), p.Graph(), o, newRecorder(t))
	if err == nil || !strings.Contains(err.Error(), "would hold 201830400 points, the limit is 60000000") {
		t.Errorf("got %v", err)
	}
	p = &program{}
	p.publish("A", p.over(graph.Sum, p.data("m"), 100*time.Second))
	o.MaxWindowPoints = 640
	if got := run(t, p, o).row("A{h:a}"); got != "0" {
		t.Errorf("at the limit: %s", got)
	}
	o.MaxWindowPoints = 639
	if err := engine.Run(t.Context(), p.Graph(), o, newRecorder(t)); err == nil {
		t.Error("no error beyond the limit")
	}
}

// failingSource fails after some reads.
type failingSource struct {
	*memstore.Store
	left int
	err  error
}

func (f *failingSource) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(int, series.Points) error) error {
	if f.left--; f.left < 0 {
		return f.err
	}
	return f.Store.Read(ctx, list, r, visit)
}

// A graph that cannot be run is refused with its place.
func TestBadGraphs(t *testing.T) {
	fetch := graph.Node{Op: &graph.Fetch{Metric: "m"}}
	tests := []struct {
		nodes []graph.Node
		want  string
	}{
		{[]graph.Node{fetch, {Op: &graph.Unary{Op: "~"}, Inputs: []graph.NodeID{0}, Span: graph.Span{Line: 3, Column: 7}}}, "line 3:7"},
		{[]graph.Node{fetch, {Op: &graph.Binary{Op: "%"}, Inputs: []graph.NodeID{0, 0}}}, "is not run yet"},
		{[]graph.Node{fetch, {Op: &graph.Aggregate{Func: "mode"}, Inputs: []graph.NodeID{0}}}, "is not run yet"},
		{[]graph.Node{fetch, {Op: &graph.Window{Func: graph.Sum}, Inputs: []graph.NodeID{0}}}, "is not run yet"},
		{[]graph.Node{fetch, {Op: &graph.Binary{Op: graph.Add}, Inputs: []graph.NodeID{0}}}, "has 1 inputs, needs 2"},
		{[]graph.Node{{Op: &graph.Publish{}, Inputs: []graph.NodeID{0}}}, "does not stand before it"},
		{[]graph.Node{{}}, "is not run yet"},
	}
	for _, test := range tests {
		err := engine.Run(t.Context(), &graph.Graph{Nodes: test.nodes}, overSlots(memstore.New(memstore.Options{}), 1), newRecorder(t))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// Series of one key, which a pattern of metrics gives, keep identities of their own, the same
// in every run; another job has others.
func TestIdentities(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m.a{h:1}", "1", 10*time.Second)
	load(store, "m.b{h:1}", "2", 10*time.Second)
	ids := func(job string) map[uint64]string {
		p := &program{}
		m := p.data("m.*")
		p.publish("A", m)
		p.publish("A", m)
		o := overSlots(store, 1)
		o.JobID = job
		r := newRecorder(t)
		got := map[uint64]string{}
		r.t = silent{t} // rows of one name collide here
		if err := engine.Run(t.Context(), p.Graph(), o, r); err != nil {
			t.Fatal(err)
		}
		for id, out := range r.outputs {
			got[id] = fmt.Sprint(out.Publish, out.Metric)
		}
		return got
	}
	one, again, other := ids("one"), ids("one"), ids("other")
	if len(one) != 4 {
		t.Errorf("%d identities, want 4: %v", len(one), one)
	}
	for id, what := range one {
		if again[id] != what {
			t.Errorf("%x is %s, then %s", id, what, again[id])
		}
		if _, ok := other[id]; ok {
			t.Errorf("%x is used by another job", id)
		}
	}
}

type silent struct{ testing.TB }

func (silent) Errorf(string, ...any) {}

// The order in which series and points reach the store changes nothing, not even a last bit.
func TestOrderDoesNotMatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var samples []series.Sample
	for i := range 300 {
		for at := time.Duration(0); at < time.Minute; at += 10 * time.Second {
			samples = append(samples, sampleAt(named(fmt.Sprintf("m{h:%d,dc:%d,az:%d}", i, i%7, i%2)), at, rnd.NormFloat64()))
		}
	}
	p := &program{}
	m := p.data("m")
	p.publish("sum", p.agg(graph.Sum, m))
	p.publish("by", p.agg(graph.Mean, m, "dc"))
	p.publish("pair", p.binary(graph.Divide, p.agg(graph.Sum, m, "dc", "az"), p.agg(graph.Sum, m, "az")))
	transcript := func() string {
		store := memstore.New(memstore.Options{Now: clockAt(0).Now})
		store.Append(samples...)
		var out strings.Builder
		r := newRecorder(t)
		r.onBatch = func(b *engine.Batch) { fmt.Fprintln(&out, b.Time, b.Label, b.Points) }
		if err := engine.Run(t.Context(), p.Graph(), overSlots(store, 6), r); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := transcript()
	for range 5 {
		rnd.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		if transcript() != first {
			t.Fatal("the transcript differs with the order of the points")
		}
	}
}
