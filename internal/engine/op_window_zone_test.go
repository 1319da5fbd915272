package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// ranked makes both windows of a percentile.
var ranked = map[string]func(f frame, r rank) operator{
	"zone":  func(f frame, r rank) operator { return &zoneWindow{frame: f, rank: r} },
	"heaps": func(f frame, r rank) operator { return &rankWindow{frame: f, rank: r} },
}

// TestRankWindows compares the windows of percentiles with sorting what is in the window, for
// values that wander, rise, fall, repeat, jump, and are missing.
func TestRankWindows(t *testing.T) {
	ranks := []rank{{percent: 0}, {percent: 5}, {percent: 50}, {percent: 95}, {percent: 100}, {median: true}}
	for name, make := range ranked {
		for _, over := range []int{1, 2, 63, 64, 65, 200, 500} {
			for i, r := range ranks {
				t.Run(fmt.Sprintf("%s/%d/%d", name, over, i), func(t *testing.T) {
					f := newFrame(time.Duration(over)*10*time.Second, ten, &budget{limit: 1 << 40})
					checkRanks(t, make(f, r), r, over)
				})
			}
		}
	}
}

// wandering holds one way for a value to go from slot to slot for each column.
var wandering = []func(rnd *rand.Rand, slot int) float64{
	func(rnd *rand.Rand, _ int) float64 { return rnd.NormFloat64() },
	func(rnd *rand.Rand, slot int) float64 { return float64(slot) + rnd.Float64()/4 },
	func(rnd *rand.Rand, slot int) float64 { return -float64(slot) },
	func(rnd *rand.Rand, _ int) float64 { return float64(rnd.IntN(3)) },
	func(*rand.Rand, int) float64 { return 7 },
	func(rnd *rand.Rand, slot int) float64 { return float64(slot/300%2)*1000 + rnd.Float64() },
	func(_ *rand.Rand, slot int) float64 { return math.Copysign(0, float64(slot%3-1)) },
}

func checkRanks(t *testing.T, op operator, r rank, over int) {
	rnd := rand.New(rand.NewPCG(uint64(over), 4))
	in, out, now, result := &stream{}, &stream{}, &vector{}, &vector{}
	for range 2 * len(wandering) {
		in.join(member{})
	}
	now.resize(len(in.members))
	op.Bind([]*stream{in}, out)
	past := make([][]float64, len(in.members)) // NaN: missing
	for slot := range 3*over + 700 {
		for col := range in.members {
			v := wandering[col/2](rnd, slot)
			// Of each pair the second column has gaps, some of them longer than the window.
			if col%2 == 1 && (rnd.IntN(4) == 0 || slot/(over+20)%3 == 1) {
				v = math.NaN()
			}
			now.set(col, v)
			past[col] = append(past[col], v)
		}
		op.Step(int64(slot)*10_000, []*vector{now}, result)
		for col := range in.members {
			window := slices.Clone(past[col][max(0, slot+1-over):])
			window = slices.DeleteFunc(window, math.IsNaN)
			got, ok := result.get(col)
			if len(window) == 0 {
				if ok {
					t.Fatalf("slot %d, column %d: %v of an empty window", slot, col, got)
				}
				continue
			}
			if want := r.of(window); !ok || got != want {
				t.Fatalf("slot %d, column %d: got %v (there: %t), want %v", slot, col, got, ok, want)
			}
		}
	}
}

// TestRankWindowReuse checks that a column begins empty when a series has left it.
func TestRankWindowReuse(t *testing.T) {
	for name, make := range ranked {
		t.Run(name, func(t *testing.T) {
			op := make(newFrame(hour, ten, &budget{limit: 1 << 40}), rankOf(graph.Median, 0))
			in, out, now, result := &stream{}, &stream{}, &vector{}, &vector{}
			in.join(member{})
			now.resize(1)
			op.Bind([]*stream{in}, out)
			for slot := range int64(100) {
				now.set(0, 1)
				op.Step(slot*10_000, []*vector{now}, result)
			}
			in.begin()
			in.leave(0)
			now.drop(0)
			op.Bind([]*stream{in}, out)
			in.release()
			in.begin()
			in.join(member{})
			op.Bind([]*stream{in}, out)
			now.set(0, 5)
			op.Step(1_000_000, []*vector{now}, result)
			if got, ok := result.get(0); got != 5 || !ok {
				t.Errorf("got %v (there: %t) in the first slot of a new series, want 5", got, ok)
			}
		})
	}
}
