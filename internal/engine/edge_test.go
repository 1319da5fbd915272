package engine_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A job that nothing matches says so with its first slot, which has nobody to wait for.
func TestNothingMatchedIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &program{}
		p.publish("A", p.data("typo"))
		j := startLive(t, memstore.New(memstore.Options{}), p, engine.Options{Resolution: time.Second, MaxDelay: 5 * time.Second})
		wait(1100 * time.Millisecond)
		if n := len(j.info("FIND_MATCHED_NO_TIMESERIES")); n != 1 {
			t.Errorf("%d messages after the first slot, want 1", n)
		}
		wait(8 * time.Second)
		j.end()
		if got, want := j.sent(), "0@1 1@7 2@8 3@9"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	})
}

// A range without a slot knows its series all the same.
func TestEmptyRangeKnowsItsSeries(t *testing.T) {
	for _, over := range []time.Duration{10 * time.Second, time.Minute} {
		p := &program{}
		p.publish("A", p.over(graph.Sum, p.data("m"), over))
		store := filled(10*time.Second, time.Minute, time.Hour, 0)
		r := run(t, p, engine.Options{Source: store, Clock: clockAt(time.Hour), Start: epoch.Add(time.Hour - time.Second), Immediate: true})
		if len(r.slots) != 0 || len(r.progress) != 0 || len(r.info("FIND_MATCHED_NO_TIMESERIES")) != 0 {
			t.Errorf("slots %v, progress %v, information %v", r.slots, r.progress, r.infos)
		}
		for _, code := range []string{"FETCH_NUM_TIMESERIES", "ID_NUM_TIMESERIES"} {
			if infos := r.info(code); len(infos) != 1 || infos[0].NumInput != 1 {
				t.Errorf("%s is told as %v", code, infos)
			}
		}
	}
}

// What comes before the range of a job is not late. It is the point that the first one of
// the range is compared with.
func TestPointsBeforeTheRange(t *testing.T) {
	for _, test := range []struct {
		name  string
		start time.Duration // after the job begins
		lag   time.Duration // of all points
		want  string
	}{
		{"start in the future", 5 * time.Second, 0, "5@6 6@7 7@8"},
		{"start now, points late", 0, 300 * time.Millisecond, "0@1 1@2 2@3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New(memstore.Options{})
				c := named("c{}#cumulative")
				total := 0.0
				tick := func() {
					total += 10
					at := time.Now().Truncate(time.Second)
					store.Append(series.Sample{Series: c, Point: series.Point{Time: at.UnixMilli(), Value: total}})
				}
				wait(test.lag)
				tick()
				wait(time.Second - test.lag)
				p := &program{}
				p.publish("A", p.data("c"))
				// The series' point of the second before comes after the job has begun.
				o := engine.Options{Resolution: time.Second, MaxDelay: 5 * time.Second, Start: time.Now().Add(test.start)}
				j := startLive(t, store, p, o)
				if test.lag > 0 {
					store.Append(series.Sample{Series: c, Point: series.Point{Time: time.Now().Add(-time.Second / 2).UnixMilli(), Value: total + 5}})
					total += 5
				}
				for range 9 {
					wait(test.lag)
					tick()
					wait(time.Second - test.lag)
				}
				j.end()
				if got := j.sent(); !strings.HasPrefix(got, test.want) {
					t.Errorf("sent %s, want %s", got, test.want)
				}
				if got := j.row("A{}"); !strings.HasPrefix(got, "10 10 10") {
					t.Errorf("increments %s, want 10 each", got)
				}
				if lags := j.info("JOB_DETECTED_LAG"); len(lags) != 0 {
					t.Errorf("told of lag: %v", lags[0].Contents)
				}
			})
		})
	}
}

// A series whose first point comes too late has appeared nevertheless: it is a member from the
// next slot on, which waits for it, and its next increment counts from that point.
func TestLateNewcomerJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a, c := named("m{h:a}"), named("m{h:c}#cumulative")
		put(store, a, 1, 0)
		p := &program{}
		p.publish("zero", p.fetch(graph.Fetch{Metric: "m", Extrapolation: graph.ExtrapolateZero}))
		p.publish("n", p.agg(graph.Count, p.data("m"), "h"))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: time.Second})
		for i := range 5 {
			wait(time.Second)
			put(store, a, 1, 0)
			switch i {
			case 1: // the slot before has been sent
				put(store, c, 100, 1500*time.Millisecond)
				put(store, named("m{h:old}"), 1, 25*time.Hour)
			case 3:
				put(store, c, 107, 0)
			}
		}
		wait(500 * time.Millisecond)
		j.end()
		want := "n{h:a} = 1 1 1 1 1\nn{h:c} = - - 0 0 1\nzero{h:a} = 1 1 1 1 1\nzero{h:c} = - - 0 0 7"
		if got := j.rows(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got, want := j.sent(), "0@1 1@2 2@4 3@4 4@5"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	})
}

// A series may show itself while the slots before the first one sent are waited for, with a point
// for a slot after it.
func TestNewcomerBeforeTheFirstSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		p := &program{}
		p.publish("sum", p.over(graph.Sum, p.data("m"), 5*time.Second))
		p.publish("raw", p.data("m"))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 3 * time.Second, MinDelay: 3 * time.Second})
		for range 6 {
			wait(time.Second)
			put(store, named("m{h:a}"), 1, 0)
		}
		wait(3500 * time.Millisecond)
		j.end()
		if got, want := j.rows(), "raw{h:a} = - 1 1 1 1 1\nsum{h:a} = - 1 2 3 4 5"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// A start that no clock reaches waits without spinning, and ends with its context.
func TestStartBeyondTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &program{}
		p.publish("A", p.data("m"))
		j := startLive(t, memstore.New(memstore.Options{}), p, engine.Options{Start: time.UnixMilli(1 << 60)})
		wait(72 * time.Hour)
		j.end()
	})
}

// A window that could not hold a single series is refused before its history is gone through,
// also when nothing matches.
func TestWindowOfNothing(t *testing.T) {
	p := &program{}
	p.publish("A", p.over(graph.Sum, p.data("none"), 290*365*24*time.Hour))
	err := engine.Run(t.Context(), p.Graph(), overSlots(memstore.New(memstore.Options{}), 1), newRecorder(t))
	if err == nil || !strings.Contains(err.Error(), "the limit is 60000000") {
		t.Errorf("got %v", err)
	}
}

// The increments of a running total are never negative, whatever it begins anew with.
func TestDeltaIsNeverNegative(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "c{}#cumulative", "10 -5 -3 4+-2+1", 10*time.Second)
	p := &program{}
	p.publish("A", p.data("c"))
	if got := run(t, p, overSlots(store, 4)).row("A{}"); got != "- 0 2 10" {
		t.Errorf("got %s", got)
	}
}

// jumpingClock is the bubble's clock with an offset that a test changes.
type jumpingClock struct{ offset *atomic.Int64 }

func (c jumpingClock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c jumpingClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// When the clock is set back no slot is sent twice, and when it is set forward none is left out.
func TestClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := jumpingClock{new(atomic.Int64)}
		store := memstore.New(memstore.Options{Now: clock.Now})
		p := &program{}
		p.publish("n", p.fetch(graph.Fetch{Metric: "m", Rollup: graph.RollupCount}))
		a := named("m{}")
		tick := func(n int) {
			for range n {
				wait(time.Second)
				store.Append(series.Sample{Series: a, Point: series.Point{Time: clock.Now().UnixMilli(), Value: 1}})
			}
		}
		tick(1)
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: time.Second, Clock: clock})
		tick(3)
		clock.offset.Add(int64(-5 * time.Second))
		tick(7)
		clock.offset.Add(int64(20 * time.Second))
		tick(3)
		j.end()
		if got, want := j.row("n{}"), "1 1 1 1 1 1"+strings.Repeat(" 0", 20)+" 1 1"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for i, slot := range j.slots {
			if want := j.slots[0] + int64(i)*second; slot != want {
				t.Fatalf("slot %d is %d, want %d", i, slot, want)
			}
		}
	})
}

// Of a slot that is coarser than the points of a series the last point is waited for.
func TestCoarseSlotsAreComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a := named("m{}")
		p := &program{}
		p.publish("n", p.fetch(graph.Fetch{Metric: "m", Rollup: graph.RollupCount, Resolution: time.Second}))
		wait(900 * time.Millisecond)
		put(store, a, 1, 0)
		wait(100 * time.Millisecond)
		j := startLive(t, store, p, engine.Options{Resolution: 5 * time.Second, MaxDelay: 3 * time.Second, Start: time.Now().Add(4 * time.Second)})
		for range 15 { // a point every second, 300 ms late, the last of a slot after its end
			wait(200 * time.Millisecond)
			put(store, a, 1, 300*time.Millisecond)
			wait(800 * time.Millisecond)
		}
		j.end()
		if got, want := j.sent()+" "+j.row("n{}"), "4@9.2 9@14.2 5 5"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
