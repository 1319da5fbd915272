package engine_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// hostile is a sample of anything: at the ends of time, not finite, with an absurd arrival.
func (a author) hostile() series.Sample {
	at := pick[int64](a, 0, -1, math.MaxInt64, math.MinInt64, 1<<53, epoch.UnixMilli()-60*second, epoch.UnixMilli(), epoch.UnixMilli()+60*second)
	return series.Sample{
		Series:  named(pick(a, "a{dc:x}", "b{host:1}#cumulative", "a{n:7}#counter")),
		Point:   series.Point{Time: at + int64(a.IntN(100_000)), Value: pick(a, 1, math.NaN(), math.Inf(1), math.MaxFloat64, -math.MaxFloat64, 0)},
		Arrival: pick[int64](a, 0, 1, math.MaxInt64, math.MinInt64),
	}
}

// options are any that a caller may come to.
func (a author) options(store *memstore.Store) engine.Options {
	start := epoch.Add(pick(a, 0, -time.Hour, time.Hour, time.Millisecond, -time.Minute))
	o := engine.Options{
		Source: store, Start: start, Immediate: a.IntN(4) == 0,
		Resolution: pick(a, 0, time.Nanosecond, -time.Second, 250*time.Millisecond, time.Second, time.Hour, 24*time.Hour, 100*365*24*time.Hour),
		MaxDelay:   pick(a, 0, -time.Second, time.Millisecond, time.Second, time.Hour),
		Timezone:   pick(a, nil, time.UTC, time.FixedZone("", -11*3600)),
		Inactivity: pick(a, 0, time.Nanosecond, time.Second, time.Hour),
		MaxSeries:  pick(a, 0, 1, 2, -1), MaxWindowPoints: pick[int64](a, 0, 0, 1, 100_000),
	}
	if a.IntN(3) > 0 {
		o.Stop = start.Add(pick(a, 0, -time.Hour, time.Second, time.Minute, time.Minute+1))
	}
	return o
}

// Whatever the options and the points are, a job neither panics nor hangs, keeps the order of
// its messages, and ends with its range, its context or an error of its own.
func TestHostileJobs(t *testing.T) {
	slots, expired := 0, 0
	for seed := range uint64(500) {
		a := author{rand.New(rand.NewPCG(seed, 3))}
		g, err := eval.Compile(a.numeric(3).text+".publish()\n"+a.boolean(2).text+".publish('b')", eval.Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(epoch))
			store := memstore.New(memstore.Options{MaxPoints: pick(a, 0, 0, 20), MaxAge: pick(a, 0, time.Minute), FeedLimit: pick(a, 0, 1)})
			store.Append(a.arrivals(a.points(12, false), 1)...)
			for range 20 {
				store.Append(a.hostile())
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			o := a.options(store)
			sink := &tally{newRecorder(t), map[uint64]string{}, map[uint64]map[int64]float64{}}
			done := make(chan error, 1)
			go func() { done <- engine.Run(ctx, g, o, sink) }()
			for range 30 {
				time.Sleep(time.Duration(a.IntN(5000)) * time.Millisecond)
				s := named(pick(a, "a{dc:x}", "b{host:1}#cumulative", "a{n:7}#counter", "b{n:9}"))
				put(store, s, float64(a.IntN(4)), time.Duration(a.IntN(20_000)-5000)*time.Millisecond)
			}
			err := <-done
			if err != nil && !errors.Is(err, context.DeadlineExceeded) && !strings.HasPrefix(err.Error(), "engine: the windows") {
				t.Errorf("seed %d: %v", seed, err)
			}
			sink.endSlot()
			slots += len(sink.slots)
			expired += len(sink.expired)
		})
	}
	if slots < 5000 || expired < 20 {
		t.Errorf("only %d slots and %d ends of series", slots, expired)
	}
}
