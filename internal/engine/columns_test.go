package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A job whose series are replaced all the time keeps as many columns as it has series at
// once, in every operator.
func TestColumnsAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		g := &graph.Graph{Nodes: []graph.Node{
			{Op: &graph.Fetch{Metric: "m", MaxExtrapolations: -1}},
			{Op: &graph.Aggregate{Func: graph.Sum, By: []string{"host"}}, Inputs: []graph.NodeID{0}},
			{Op: &graph.Binary{Op: graph.Divide}, Inputs: []graph.NodeID{0, 1}},
			{Op: &graph.Window{Func: graph.Sum, Over: 3 * time.Second}, Inputs: []graph.NodeID{2}},
			{Op: &graph.Publish{Enabled: true}, Inputs: []graph.NodeID{3}},
		}}
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := errors.New("ended")
		j, err := newJob(ctx, g, Options{Source: store, Resolution: time.Second, MaxDelay: time.Millisecond, Inactivity: 3 * time.Second}, &nothing{})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- j.run(ctx) }()
		for i := range 500 {
			s := series.New("m", series.Gauge, series.Label{Name: "host", Value: fmt.Sprint(i)})
			store.Append(series.Sample{Series: s, Point: series.Point{Time: time.Now().UnixMilli(), Value: 1}})
			time.Sleep(time.Second)
		}
		cancel(ended)
		if err := <-done; err != ended {
			t.Fatal(err)
		}
		j.close()
		if n := j.sinkPoints(); n < 450 {
			t.Errorf("only %d values", n)
		}
		for i, n := range j.plan.nodes {
			if len(n.out.members) > 20 {
				t.Errorf("node %d has %d columns for 4 series", i, len(n.out.members))
			}
		}
		f, a, b, p := j.plan.fetches[0].op, j.plan.groupings[0].op, j.plan.nodes[2].op.(*joined), j.plan.outputs[0].op
		for what, n := range map[string]int{
			"tracks": len(f.tracks), "series known": len(f.index), "groups": len(a.byKey), "identities": len(p.taken),
			"shapes": len(b.join.sides[0].shapes), "keys": len(b.join.sides[0].shapes[0].keys),
		} {
			if n > 20 {
				t.Errorf("%d %s for 4 series", n, what)
			}
		}
		for _, ix := range b.join.sides[1].shapes[0].indexes {
			if len(ix.columns) > 20 {
				t.Errorf("%d keys indexed for 4 series", len(ix.columns))
			}
		}
	})
}

func (j *job) sinkPoints() int { return j.sink.(*nothing).points }

// A window equals the same reduction computed anew for each slot, over every length and with
// values missing. A column whose series leaves is given to another one.
func TestWindowAgainstDefinition(t *testing.T) {
	const columns, slots, leaves, joins = 70, 60, 31, 33
	for _, f := range everyStatistic {
		for _, over := range []int{1, 2, 3, 4, 5, 7, 8, 13, 100} {
			rnd := rand.New(rand.NewPCG(uint64(over), 9))
			w := newWindow(&graph.Window{Func: f.reduce, Arg: f.arg, Over: time.Duration(over) * time.Second}, grid{step: 1000}, &budget{limit: 1 << 40})
			in, out, v, got := &stream{}, &stream{}, &vector{}, &vector{}
			for range columns {
				in.join(member{})
			}
			w.Bind([]*stream{in}, out)
			v.resize(columns)
			var history [slots][columns]float64 // NaN: missing
			for s := range slots {
				in.begin()
				switch s {
				case leaves:
					in.leave(5)
					in.release()
					for k := range s {
						history[k][5] = math.NaN()
					}
				case joins:
					in.join(member{})
				}
				w.Bind([]*stream{in}, out)
				for c := range columns {
					history[s][c] = math.NaN()
					v.drop(c)
					if rnd.IntN(3) > 0 && in.live.has(c) {
						x := rnd.NormFloat64()*float64(c) + float64(rnd.IntN(3)) + 1e6*float64(c%2)
						history[s][c] = x
						v.set(c, x)
					}
				}
				w.Step(int64(s+17)*1000, []*vector{v}, got)
				for c := range columns {
					var last []float64
					scale := 1.0
					for k := max(0, s-over+1); k <= s; k++ {
						if x := history[k][c]; x == x {
							last = append(last, x)
							scale += math.Abs(x)
						}
					}
					want, ok := define(f.reduce, f.arg, last)
					ok = ok && in.live.has(c)
					x, has := got.get(c)
					if has != ok || ok && math.Abs(x-want) > 1e-12*scale*scale {
						t.Fatalf("%s over %d, slot %d, column %d: got %v %v, want %v %v", f.reduce, over, s, c, x, has, want, ok)
					}
				}
			}
		}
	}
}

// everyStatistic holds every reduction, with an argument where it takes one.
var everyStatistic = []struct {
	reduce graph.Reduce
	arg    float64
}{
	{graph.Sum, 0}, {graph.Mean, 0}, {graph.Min, 0}, {graph.Max, 0}, {graph.Count, 0}, {graph.Median, 0},
	{graph.Percentile, 0}, {graph.Percentile, 37}, {graph.Percentile, 95}, {graph.Percentile, 100},
	{graph.Variance, 0}, {graph.Stddev, 0}, {graph.SampleVariance, 0}, {graph.SampleStddev, 0}, {graph.MeanPlusStddev, 1.5},
}

// define is a reduction as the language defines it.
func define(r graph.Reduce, arg float64, values []float64) (float64, bool) {
	n := float64(len(values))
	if r == graph.Count {
		return n, true
	}
	if n == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	total, squares := 0.0, 0.0
	for _, x := range values {
		total += x
	}
	for _, x := range values {
		squares += (x - total/n) * (x - total/n)
	}
	switch r {
	case graph.Min:
		return sorted[0], true
	case graph.Max:
		return sorted[len(sorted)-1], true
	case graph.Mean:
		return total / n, true
	case graph.Median:
		return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2, true
	case graph.Percentile:
		return sorted[min(len(sorted)-1, int(math.Floor(n*arg/100+1e-9)))], true
	case graph.Variance:
		return squares / n, true
	case graph.Stddev:
		return math.Sqrt(squares / n), true
	case graph.SampleVariance:
		return squares / (n - 1), n > 1
	case graph.SampleStddev:
		return math.Sqrt(squares / (n - 1)), n > 1
	case graph.MeanPlusStddev:
		return total/n + arg*math.Sqrt(squares/n), true
	}
	return total, true
}

// A window forgets a large value as soon as it has passed: no trace of it is left.
func TestWindowLeavesNoTrace(t *testing.T) {
	w := newWindow(&graph.Window{Func: graph.Sum, Over: 4 * time.Second}, grid{step: 1000}, &budget{limit: 1 << 40})
	in, out, v, got := &stream{}, &stream{}, &vector{}, &vector{}
	in.join(member{})
	w.Bind([]*stream{in}, out)
	v.resize(1)
	for s, x := range []float64{0.1, 1e300, 1.7e308, 1.7e308, 0.1, 0.1, 0.1, 0.1, 0.1} {
		v.set(0, x)
		w.Step(int64(s)*1000, []*vector{v}, got)
		sum, ok := got.get(0)
		switch {
		case s >= 3 && s <= 5 && ok:
			t.Errorf("slot %d: an overflow gives %v, want None", s, sum)
		case s >= 7 && (!ok || math.Abs(sum-0.4) > 1e-15):
			t.Errorf("slot %d: got %v %v, want 0.4", s, sum, ok)
		}
	}
}

// Wide streams take the paths of whole words; each must agree with counting one by one.
func TestAggregateAgainstDefinition(t *testing.T) {
	const n = 200
	rnd := rand.New(rand.NewPCG(4, 4))
	in, v := benchStream(n)
	for i := range n {
		v.set(i, rnd.NormFloat64())
		if i > 128 && rnd.IntN(2) == 0 {
			v.drop(i)
		}
	}
	for _, f := range everyStatistic {
		reduce, arg := f.reduce, f.arg
		for _, by := range [][]string{nil, {"service"}, {"core", "service"}} {
			groups := map[string][]float64{}
			for i, m := range in.members {
				key := ""
				for _, name := range by {
					value, _ := m.key.Get(name)
					key += value + " "
				}
				groups[key] = append(groups[key], nil...)
				if x, ok := v.get(i); ok {
					groups[key] = append(groups[key], x)
				}
			}
			a, out, got := newAggregate(&graph.Aggregate{Func: reduce, Arg: arg, By: by}), &stream{}, &vector{}
			a.Bind([]*stream{in}, out)
			a.Step(0, []*vector{v}, got)
			if len(out.members) != len(groups) {
				t.Fatalf("%s by %v: %d groups, want %d", reduce, by, len(out.members), len(groups))
			}
			for g, m := range out.members {
				key := ""
				for _, name := range by {
					value, _ := m.key.Get(name)
					key += value + " "
				}
				want, ok := define(reduce, arg, groups[key])
				if x, has := got.get(g); has != ok || ok && math.Abs(x-want) > 1e-9 {
					t.Errorf("%s by %v, %q: got %v %v, want %v %v", reduce, by, key, x, has, want, ok)
				}
			}
		}
	}
}

// selectNth finds every place among values in every shape, many equal ones included.
func TestSelectNth(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	shapes := []func(i, n int) float64{
		func(int, int) float64 { return rnd.NormFloat64() },
		func(int, int) float64 { return float64(rnd.IntN(4)) },
		func(i, _ int) float64 { return float64(i) },
		func(i, n int) float64 { return float64(n - i) },
		func(i, n int) float64 { return math.Abs(float64(i - n/2)) },
		func(int, int) float64 { return 1 },
	}
	for s, shape := range shapes {
		for _, n := range []int{1, 2, 3, 17, 18, 64, 333} {
			values := make([]float64, n)
			for i := range values {
				values[i] = shape(i, n)
			}
			want := slices.Sorted(slices.Values(values))
			for k := range n {
				mixed := slices.Clone(values)
				if got := selectNth(mixed, k); got != want[k] || k > 0 && slices.Max(mixed[:k]) > got || slices.Min(mixed[k:]) < got {
					t.Fatalf("shape %d, place %d of %d: got %v, want %v", s, k, n, got, want[k])
				}
			}
		}
	}
}

// Every way to choose by rank passes what sorting would, groups and ties included.
func TestExtremesAgainstDefinition(t *testing.T) {
	const n = 150
	rnd := rand.New(rand.NewPCG(5, 5))
	in, v := benchStream(n)
	for range 40 {
		for i := range n {
			v.set(i, float64(rnd.IntN(30)))
			if rnd.IntN(4) == 0 {
				v.drop(i)
			}
		}
		for _, f := range []graph.SelectFunc{graph.Top, graph.Bottom} {
			for _, by := range [][]string{nil, {"service"}} {
				q := quota{count: 1 + rnd.IntN(9)}
				e, out, got := newExtremes(&graph.Select{Func: f, Count: q.count, By: by}), &stream{}, &vector{}
				e.Bind([]*stream{in}, out)
				e.Step(0, []*vector{v}, got)
				groups := map[string][]int{}
				for i, m := range in.members {
					if v.present.has(i) {
						name, _ := m.key.Get("service")
						if by == nil {
							name = ""
						}
						groups[name] = append(groups[name], i)
					}
				}
				for name, members := range groups {
					slices.SortFunc(members, func(a, b int) int {
						x, y := v.values[a], v.values[b]
						if f == graph.Top {
							x, y = y, x
						}
						return cmp.Or(cmp.Compare(x, y), cmp.Compare(e.ids[a], e.ids[b]))
					})
					for k, col := range members {
						if x, ok := got.get(col); ok != (k < q.count) || ok && x != v.values[col] {
							t.Fatalf("%s %d of group %q: place %d passes: %v", f, q.count, name, k, ok)
						}
					}
				}
				if got.present.count() > min(len(groups)*q.count, v.present.count()) {
					t.Fatal("something passes that has no value")
				}
			}
		}
	}
}

// A slot costs no memory once the columns are there.
func TestStepsDoNotAllocate(t *testing.T) {
	for _, o := range measured {
		in, _ := benchStream(100)
		streams, slots := []*stream{in, in}, benchSlots(100)
		if !o.two {
			streams = streams[:1]
		}
		op, out, result, values := o.make(), &stream{}, &vector{}, make([]*vector, len(streams))
		op.Bind(streams, out)
		slot := int64(0)
		step := func() {
			slot += 10_000
			for i := range values {
				values[i] = slots[slot/10_000%int64(len(slots))]
			}
			op.Step(slot, values, result)
		}
		if n := testing.AllocsPerRun(500, step); n > 0 {
			t.Errorf("%s: %v allocations for each slot", o.name, n)
		}
	}
}

// Window 1, 2, 3, 4, level, lag 0: 0.425 (language.md 5.4). With the lag of the rule, 1, the
// long-run variance is 1.25 + 2 * 1/2 * 0.3125.
func TestStationarity(t *testing.T) {
	for lags, want := range map[int]float64{0: 0.425, 1: 8.5 / 16 / 1.5625} {
		if got := stationarity([]float64{1, 2, 3, 4}, nil, lags); math.Abs(got-want) > 1e-12 {
			t.Errorf("lag %d: got %v, want %v", lags, got, want)
		}
	}
	if got := stationarity([]float64{0.1, 0.2, 0.3, 0.5, 0.6}, []float64{1, 2, 3, 5, 6}, 1); !math.IsInf(got, 1) {
		t.Errorf("a line around its trend: got %v, want none", got)
	}
}

// A window of an hour at 10 s takes at most 4 KiB a series, and 12 KiB where values have a rank.
func TestWindowMemory(t *testing.T) {
	const n = 1024
	in, _ := benchStream(n)
	for _, f := range everyStatistic {
		limit := 4 << 10
		if f.reduce == graph.Median || f.reduce == graph.Percentile {
			limit = 12 << 10
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		w := newWindow(&graph.Window{Func: f.reduce, Arg: f.arg, Over: hour}, ten, &budget{limit: 1 << 40})
		w.Bind([]*stream{in}, &stream{})
		runtime.GC()
		runtime.ReadMemStats(&after)
		if got := int(after.HeapAlloc-before.HeapAlloc) / n; got > limit {
			t.Errorf("%s: %d bytes a series, want at most %d", f.reduce, got, limit)
		}
		runtime.KeepAlive(w)
	}
}
