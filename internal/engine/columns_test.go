package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
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
		f, a, b, p := j.plan.fetches[0].op, j.plan.aggregates[0].op, j.plan.nodes[2].op.(*binary), j.plan.outputs[0].op
		for what, n := range map[string]int{
			"tracks": len(f.tracks), "series known": len(f.index), "groups": len(a.byKey), "identities": len(p.taken),
			"shapes": len(b.join.sides[left].shapes), "keys": len(b.join.sides[left].shapes[0].keys),
		} {
			if n > 20 {
				t.Errorf("%d %s for 4 series", n, what)
			}
		}
		for _, ix := range b.join.sides[right].shapes[0].indexes {
			if len(ix.columns) > 20 {
				t.Errorf("%d keys indexed for 4 series", len(ix.columns))
			}
		}
	})
}

func (j *job) sinkPoints() int { return j.sink.(*nothing).points }

// A window equals the same reduction computed anew for each slot, over every length and with
// values missing.
func TestWindowAgainstDefinition(t *testing.T) {
	const columns, slots = 70, 60
	for _, reduce := range []graph.Reduce{graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Count} {
		for _, over := range []int{1, 2, 3, 7, 13, 100} {
			rnd := rand.New(rand.NewPCG(uint64(over), 9))
			w := newWindow(&graph.Window{Func: reduce, Over: time.Duration(over) * time.Second}, grid{step: 1000}, &budget{limit: 1 << 40})
			in, out, v, got := &stream{}, &stream{}, &vector{}, &vector{}
			for range columns {
				in.join(member{})
			}
			w.Bind([]*stream{in}, out)
			v.resize(columns)
			var history [slots][columns]float64 // NaN: missing
			for s := range slots {
				for c := range columns {
					history[s][c] = math.NaN()
					v.drop(c)
					if rnd.IntN(3) > 0 {
						x := rnd.NormFloat64()
						history[s][c] = x
						v.set(c, x)
					}
				}
				w.Step(int64(s+17)*1000, []*vector{v}, got)
				for c := range columns {
					var last []float64
					for k := max(0, s-over+1); k <= s; k++ {
						if x := history[k][c]; x == x {
							last = append(last, x)
						}
					}
					want, ok := define(reduce, last)
					x, has := got.get(c)
					if has != ok || ok && math.Abs(x-want) > 1e-9 {
						t.Fatalf("%s over %d, slot %d, column %d: got %v %v, want %v %v", reduce, over, s, c, x, has, want, ok)
					}
				}
			}
		}
	}
}

// define is a reduction as the language defines it.
func define(r graph.Reduce, values []float64) (float64, bool) {
	if r == graph.Count {
		return float64(len(values)), true
	}
	if len(values) == 0 {
		return 0, false
	}
	total := values[0]
	for _, x := range values[1:] {
		switch r {
		case graph.Min:
			total = math.Min(total, x)
		case graph.Max:
			total = math.Max(total, x)
		default:
			total += x
		}
	}
	if r == graph.Mean {
		total /= float64(len(values))
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
	for _, reduce := range []graph.Reduce{graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Count} {
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
			a, out, got := newAggregate(&graph.Aggregate{Func: reduce, By: by}), &stream{}, &vector{}
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
				want, ok := define(reduce, groups[key])
				if x, has := got.get(g); has != ok || ok && math.Abs(x-want) > 1e-9 {
					t.Errorf("%s by %v, %q: got %v %v, want %v %v", reduce, by, key, x, has, want, ok)
				}
			}
		}
	}
}
