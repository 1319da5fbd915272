package engine_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// TestMain fails the run if a job has left a goroutine behind.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	// Goroutines that are ending are given a second; nothing else runs any more.
	for end := time.Now().Add(time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); code == 0 && n > before {
		buf := make([]byte, 1<<20)
		fmt.Printf("%d goroutines left, %d before\n%s\n", n, before, buf[:runtime.Stack(buf, true)])
		code = 1
	}
	os.Exit(code)
}

// epoch is the first slot of most tests; it lies on a multiple of every slot length used.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const second = int64(1000)

// fixedClock stands still, an hour after epoch unless set. Its timers never fire, so a job that
// waited would not end.
type fixedClock struct{ now time.Time }

func (c fixedClock) Now() time.Time                                 { return c.now }
func (c fixedClock) Timer(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }
func clockAt(sinceEpoch time.Duration) fixedClock                   { return fixedClock{epoch.Add(sinceEpoch)} }

// named makes a series of a text such as m{host:a,dc:x}; a suffix #counter or #cumulative
// gives its type.
func named(text string) *series.Series {
	text, kind, _ := strings.Cut(text, "#")
	metric, dims, _ := strings.Cut(strings.TrimSuffix(text, "}"), "{")
	var labels []series.Label
	for _, pair := range strings.Split(dims, ",") {
		if name, value, ok := strings.Cut(pair, ":"); ok {
			labels = append(labels, series.Label{Name: name, Value: value})
		}
	}
	types := map[string]series.Type{"": series.Gauge, "counter": series.Counter, "cumulative": series.CumulativeCounter}
	return series.New(metric, types[kind], labels...)
}

// load appends values, one for each step from epoch on; - is no point, and + joins several
// points of one step.
func load(store *memstore.Store, name, values string, step time.Duration) {
	s := named(name)
	for i, field := range strings.Fields(values) {
		if field == "-" {
			continue
		}
		group := strings.Split(field, "+")
		for k, text := range group {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				panic(err)
			}
			at := epoch.Add(time.Duration(i)*step + time.Duration(k)*step/time.Duration(len(group))).UnixMilli()
			store.Append(series.Sample{Series: s, Point: series.Point{Time: at, Value: v}, Arrival: at})
		}
	}
}

// program builds a graph.
type program struct{ graph.Builder }

func (p *program) add(op graph.Op, inputs ...graph.NodeID) graph.NodeID {
	return p.Add(op, graph.Span{Line: 1, Column: 1}, inputs...)
}

func (p *program) data(metric string) graph.NodeID { return p.fetch(graph.Fetch{Metric: metric}) }

func (p *program) fetch(f graph.Fetch) graph.NodeID {
	if f.Extrapolation == "" {
		f.Extrapolation = graph.ExtrapolateNull
	}
	if f.MaxExtrapolations == 0 {
		f.MaxExtrapolations = -1
	}
	return p.add(&f)
}

func (p *program) agg(f graph.Reduce, in graph.NodeID, by ...string) graph.NodeID {
	return p.add(&graph.Aggregate{Func: f, By: by}, in)
}

func (p *program) over(f graph.Reduce, in graph.NodeID, d time.Duration) graph.NodeID {
	return p.add(&graph.Window{Func: f, Over: d}, in)
}

func (p *program) binary(op graph.BinaryOp, l, r graph.NodeID) graph.NodeID {
	return p.add(&graph.Binary{Op: op}, l, r)
}

func (p *program) number(x float64) graph.NodeID { return p.add(&graph.Scalar{Value: x}) }

func (p *program) publish(label string, in graph.NodeID) {
	p.add(&graph.Publish{Label: label, Enabled: true}, in)
}

// recorder is a Sink that keeps everything and checks the order that Sink states.
type recorder struct {
	t        testing.TB
	outputs  map[uint64]engine.Output
	expired  []string
	values   map[string]map[int64]float64 // by series, by slot
	slots    []int64
	batches  int // of the newest slot
	perSlot  int // of every slot
	infos    []*engine.Info
	progress []int
	metadata int
	onBatch  func(b *engine.Batch)
	onInfo   func(i *engine.Info)
	fail     error
}

func newRecorder(t testing.TB) *recorder {
	return &recorder{t: t, outputs: map[uint64]engine.Output{}, values: map[string]map[int64]float64{}}
}

func (r *recorder) Progress(percent int) error {
	if n := len(r.progress); n > 0 && percent <= r.progress[n-1] || percent < 0 || percent > 100 {
		r.t.Errorf("progress %d after %v", percent, r.progress)
	}
	if len(r.slots) > 0 {
		r.t.Error("progress after data")
	}
	r.progress = append(r.progress, percent)
	return nil
}

func (r *recorder) Metadata(o *engine.Output) error {
	r.metadata++
	r.outputs[o.ID] = *o
	return nil
}

func (r *recorder) Batch(b *engine.Batch) error {
	if n := len(r.slots); n == 0 || r.slots[n-1] != b.Time {
		r.endSlot()
		if n > 0 && b.Time <= r.slots[n-1] {
			r.t.Errorf("slot %d after %d", b.Time, r.slots[n-1])
		}
		r.slots = append(r.slots, b.Time)
		r.batches = 0
	}
	r.batches++
	for _, p := range b.Points {
		o, ok := r.outputs[p.ID]
		if !ok {
			r.t.Errorf("slot %d: value of %x without metadata", b.Time, p.ID)
		}
		if o.Label != b.Label || o.Publish != b.Publish {
			r.t.Errorf("slot %d: series of %q in the batch of %q", b.Time, o.Label, b.Label)
		}
		name := o.Label + keyText(o.Key)
		if r.values[name] == nil {
			r.values[name] = map[int64]float64{}
		}
		if _, twice := r.values[name][b.Time]; twice {
			r.t.Errorf("slot %d: %s has two values", b.Time, name)
		}
		r.values[name][b.Time] = p.Value
	}
	if r.onBatch != nil {
		r.onBatch(b)
	}
	return r.fail
}

// endSlot checks that each slot has the same number of batches.
func (r *recorder) endSlot() {
	if len(r.slots) == 0 {
		return
	}
	if r.perSlot == 0 {
		r.perSlot = r.batches
	}
	if r.batches != r.perSlot {
		r.t.Errorf("slot %d has %d batches, the first had %d", r.slots[len(r.slots)-1], r.batches, r.perSlot)
	}
}

func (r *recorder) Expired(id uint64) error {
	o, ok := r.outputs[id]
	if !ok {
		r.t.Errorf("%x expired without metadata", id)
	}
	delete(r.outputs, id)
	r.expired = append(r.expired, o.Label+keyText(o.Key))
	return nil
}

func (r *recorder) Info(i *engine.Info) error {
	if len(r.infos) == 0 && i.Code != "JOB_RUNNING_RESOLUTION" {
		r.t.Errorf("first information is %s", i.Code)
	}
	if n := len(r.slots); n > 0 && i.Time != r.slots[n-1] {
		r.t.Errorf("%s has time %d in slot %d", i.Code, i.Time, r.slots[n-1])
	}
	r.infos = append(r.infos, i)
	if r.onInfo != nil {
		r.onInfo(i)
	}
	return nil
}

// row returns the values of one series, - for a slot without one.
func (r *recorder) row(name string) string {
	var fields []string
	for _, slot := range r.slots {
		v, ok := r.values[name][slot]
		if !ok {
			fields = append(fields, "-")
			continue
		}
		fields = append(fields, strconv.FormatFloat(math.Round(v*1e4)/1e4, 'g', -1, 64))
	}
	return strings.Join(fields, " ")
}

// rows returns every series that has metadata or a value, one line each, sorted.
func (r *recorder) rows() string {
	names := map[string]bool{}
	for _, o := range r.outputs {
		names[o.Label+keyText(o.Key)] = true
	}
	for name := range r.values {
		names[name] = true
	}
	var lines []string
	for name := range names {
		lines = append(lines, name+" = "+r.row(name))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// info returns the messages of a code.
func (r *recorder) info(code string) (found []*engine.Info) {
	for _, i := range r.infos {
		if i.Code == code {
			found = append(found, i)
		}
	}
	return found
}

func keyText(key series.Labels) string {
	var pairs []string
	for _, l := range key {
		pairs = append(pairs, l.Name+":"+l.Value)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// run runs a program to its end.
func run(t testing.TB, p *program, o engine.Options) *recorder {
	t.Helper()
	r := newRecorder(t)
	if err := engine.Run(context.Background(), p.Graph(), o, r); err != nil {
		t.Fatalf("run: %v", err)
	}
	r.endSlot()
	return r
}

// overSlots are options for a job over the first n slots of 10 s in the past.
func overSlots(store *memstore.Store, n int) engine.Options {
	return engine.Options{
		Source: store, Clock: clockAt(time.Hour),
		Start: epoch, Stop: epoch.Add(time.Duration(n) * 10 * time.Second),
		Resolution: 10 * time.Second,
	}
}

// filterFunc is a predicate of a test.
type filterFunc func(s *series.Series) bool

func (f filterFunc) Matches(s *series.Series) bool { return f(s) }
func (f filterFunc) String() string                { return "filter('k', 'v')" }

func dimensionIs(name, value string) filterFunc {
	return func(s *series.Series) bool {
		v, ok := s.Dimensions.Get(name)
		return ok && v == value
	}
}

// sampleAt is a point at a time after epoch, without lag.
func sampleAt(s *series.Series, sinceEpoch time.Duration, v float64) series.Sample {
	at := epoch.Add(sinceEpoch).UnixMilli()
	return series.Sample{Series: s, Point: series.Point{Time: at, Value: v}, Arrival: at}
}
