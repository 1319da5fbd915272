package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// author writes random programs and points.
type author struct{ *rand.Rand }

func pick[T any](a author, list ...T) T { return list[a.IntN(len(list))] }

func (a author) data() expr {
	d := dataCall{metric: pick(a, "a", "a", "b", "*", "none"), limit: a.IntN(4) - 1}
	d.rollup = pick(a, "", "", "average", "sum", "min", "max", "count", "latest", "delta", "rate")
	d.extrapolation = pick(a, "", "", "zero", "last_value")
	is := func(name, value string) func(*series.Series) bool {
		return func(s *series.Series) bool { v, ok := s.Dimensions.Get(name); return ok && v == value }
	}
	x, y := is("dc", "x"), is("host", "1")
	switch a.IntN(6) {
	case 0:
		d.filter, d.selects = "filter('dc', 'x')", x
	case 1:
		d.filter = "not filter('dc', 'x') or filter('host', '1') and filter('dc', '*')"
		d.selects = func(s *series.Series) bool {
			_, has := s.Dimensions.Get("dc")
			return !x(s) || y(s) && has
		}
	}
	return d.expr()
}

// numeric writes an expression that is a stream of numbers.
func (a author) numeric(depth int) expr {
	if depth == 0 {
		return a.data()
	}
	f := pick(a, "sum", "mean", "min", "max", "count")
	switch a.IntN(8) {
	case 0, 1:
		if a.IntN(4) == 0 {
			return a.data().by(f, []string{"sf_metric"}, false)
		}
		by := pick(a, nil, []string{"dc"}, []string{"host"}, []string{"dc", "host"})
		return a.numeric(depth-1).by(f, by, by != nil && a.IntN(2) == 0)
	case 2, 3:
		return a.numeric(depth-1).over(f, 1+a.IntN(4))
	case 4, 5:
		x, y := a.numeric(depth-1), a.numeric(depth-1)
		if a.IntN(3) == 0 {
			n := a.IntN(5) - 2
			y = constant(fmt.Sprintf("(%d)", n), float64(n))
		}
		if a.IntN(3) == 0 && !strings.HasPrefix(y.text, "(") {
			x, y = y, x
		}
		return x.op(pick(a, "+", "-", "*", "/"), y)
	case 6:
		return a.numeric(depth-1).prefix("-", func(x float64) *float64 { return number(-x) })
	}
	return a.boolean(depth-1).by(f, nil, false)
}

// boolean writes an expression that is a stream of booleans.
func (a author) boolean(depth int) expr {
	if depth == 0 || a.IntN(3) == 0 {
		return a.numeric(depth).op(pick(a, "<", "<=", ">", ">=", "==", "!="), a.numeric(depth))
	}
	static := pick(a, constant("True", 1), constant("False", 0))
	switch a.IntN(5) {
	case 0:
		return a.boolean(depth-1).prefix("not ", func(x float64) *float64 { return truth(x == 0) })
	case 1:
		return a.boolean(depth-1).op(pick(a, "and", "or", "==", "!="), static)
	case 2:
		return static.op(pick(a, "and", "or", "==", "!="), a.boolean(depth-1))
	}
	return a.boolean(depth-1).op(pick(a, "and", "or"), a.boolean(depth-1))
}

// points makes some series, with gaps; those that begin early have a point before the range,
// and there are two that are silent since, for every slot of every stream to wait for.
func (a author) points(slots int, early bool) map[*series.Series][]series.Point {
	all := map[*series.Series][]series.Point{}
	for i := range 2 + a.IntN(6) {
		dims := []string{"host:" + strconv.Itoa(i%3), "dc:" + pick(a, "x", "y"), "n:" + strconv.Itoa(i)}
		s := named(pick(a, "a", "b") + "{" + strings.Join(dims[a.IntN(3):], ",") + "}#" + pick(a, "", "counter", "cumulative"))
		var points []series.Point
		at := -400 * second
		if !early && a.IntN(3) == 0 {
			at = int64(a.IntN(slots)) * modelStep
		}
		for ; at < int64(slots)*modelStep; at += modelStep / 2 {
			if a.IntN(3) > 0 || early && at == -400*second {
				points = append(points, series.Point{Time: epoch.UnixMilli() + at, Value: float64(a.IntN(9) - 2)})
			}
		}
		if len(points) > 0 {
			all[s] = points
		}
	}
	if early {
		for _, metric := range []string{"a", "b"} {
			all[named(metric+"{dc:x,host:1,n:silent}")] = []series.Point{{Time: epoch.UnixMilli() - 400*second, Value: 1}}
		}
	}
	return all
}

// arrivals returns the points in the order in which they come: late by less than the max delay
// of the jobs, some of them twice, with another value before.
func (a author) arrivals(points map[*series.Series][]series.Point, late int) (all []series.Sample) {
	for _, s := range sorted(points) {
		for _, p := range points[s] {
			sample := series.Sample{Series: s, Point: p, Arrival: p.Time + 1 + int64(a.IntN(late))}
			if first := sample; late > 1 && a.IntN(5) == 0 {
				first.Value++
				sample.Arrival += int64(a.IntN(late))
				all = append(all, first)
			}
			all = append(all, sample)
		}
	}
	slices.SortStableFunc(all, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
	return all
}

// lines writes what is sent of a table: one line for each series, sorted.
func (t table) lines(m *model, label string) (lines []string) {
	for _, r := range t {
		if r.joins >= m.slots {
			continue
		}
		var key []string
		for _, name := range slices.Sorted(maps.Keys(r.key)) {
			if name != "sf_metric" {
				key = append(key, name+":"+r.key[name])
			}
		}
		line := label + "{" + strings.Join(key, ",") + "} ="
		for _, v := range r.values[m.sent:] {
			line += cell(v)
		}
		lines = append(lines, line)
	}
	return lines
}

func cell(v *float64) string {
	if v == nil {
		return " -"
	}
	return " " + strconv.FormatFloat(math.Round(*v*1e6)/1e6+0, 'g', -1, 64) // sums differ in their order
}

// tally is a sink that writes the same lines.
type tally struct {
	*recorder
	keys   map[uint64]string
	values map[uint64]map[int64]float64
}

func (r *tally) Metadata(o *engine.Output) error {
	r.keys[o.ID] = o.Label + keyText(o.Key)
	return r.recorder.Metadata(o)
}

func (r *tally) Batch(b *engine.Batch) error {
	for _, p := range b.Points {
		if _, known := r.outputs[p.ID]; !known {
			r.t.Errorf("slot %d: value of %x without metadata", b.Time, p.ID)
		}
		if r.values[p.ID] == nil {
			r.values[p.ID] = map[int64]float64{}
		}
		if _, twice := r.values[p.ID][b.Time]; twice {
			r.t.Errorf("slot %d: %x has two values", b.Time, p.ID)
		}
		r.values[p.ID][b.Time] = p.Value
	}
	points := b.Points
	b.Points = nil // series of equal keys are one to the recorder
	err := r.recorder.Batch(b)
	b.Points = points
	return err
}

func (r *tally) lines() (lines []string) {
	for id, key := range r.keys {
		line := key + " ="
		for _, slot := range r.slots {
			if v, ok := r.values[id][slot]; ok {
				line += cell(&v)
			} else {
				line += " -"
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// live runs a job while the samples arrive.
func (r *tally) live(t *testing.T, g *graph.Graph, o engine.Options, store *memstore.Store, samples []series.Sample, a author) error {
	time.Sleep(time.Until(epoch))
	done := make(chan error, 1)
	begin := func() {
		go func() { done <- engine.Run(t.Context(), g, o, r) }()
		synctest.Wait()
	}
	begun := false
	for len(samples) > 0 {
		first := samples[0].Arrival
		if !begun && first >= epoch.UnixMilli() {
			begun = true
			begin()
		}
		n := 1 // those of two seconds may come at once
		for n < len(samples) && n < 6 && samples[n].Arrival < first+2*second && a.IntN(2) == 0 {
			n++
		}
		time.Sleep(time.Until(time.UnixMilli(samples[n-1].Arrival)))
		store.Append(samples[:n]...)
		samples = samples[n:]
	}
	if !begun {
		begin()
	}
	return <-done
}

func TestModel(t *testing.T) {
	const slots = 12
	for seed := range uint64(400) {
		a := author{rand.New(rand.NewPCG(seed, 11))}
		live := seed%4 == 0
		points := a.points(slots, live)
		outputs := map[string]expr{"A": a.numeric(a.IntN(5)), "B": a.boolean(a.IntN(4)), "C": a.numeric(2)}
		text, preroll := "", 0
		for _, label := range slices.Sorted(maps.Keys(outputs)) {
			text += fmt.Sprintf("%s.publish('%s')\n", outputs[label].text, label)
			preroll = max(preroll, outputs[label].preroll)
		}
		m := &model{points, slots + preroll, preroll}
		var want []string
		for label, x := range outputs {
			want = append(want, x.eval(m).lines(m, label)...)
		}
		slices.Sort(want)

		g, err := eval.Compile(text, eval.Options{})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		store := memstore.New(memstore.Options{Now: clockAt(0).Now, FeedLimit: pick(a, 0, 2)})
		o := overSlots(store, slots)
		o.MaxDelay = 5 * time.Second
		sink := &tally{newRecorder(t), map[uint64]string{}, map[uint64]map[int64]float64{}}
		samples := a.arrivals(points, 1000)
		if live {
			o.Clock = nil
			synctest.Test(t, func(t *testing.T) { err = sink.live(t, g, o, store, samples, a) })
		} else {
			store.Append(samples...)
			err = engine.Run(context.Background(), g, o, sink)
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		sink.endSlot()
		if diff := difference(strings.Join(sink.lines(), "\n"), strings.Join(want, "\n")); diff != "" {
			t.Errorf("seed %d, live %v: engine and model differ:\n%s\n%s", seed, live, text, diff)
			if testing.Verbose() {
				t.Fatalf("engine\n%s\nmodel\n%s", strings.Join(sink.lines(), "\n"), strings.Join(want, "\n"))
			}
		}
	}
}
