package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// steppedClock is the time of the bubble, set forward or back.
type steppedClock struct {
	mu   sync.Mutex
	step time.Duration
}

func (c *steppedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.step)
}

func (c *steppedClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

func (c *steppedClock) set(step time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step = step
}

// stepped runs a live job at 1 s for two minutes, in which the clock of the job and of its data is
// set forward or back after a minute, and returns it.
func stepped(t *testing.T, step time.Duration) *liveJob {
	store := memstore.New(memstore.Options{})
	clock := &steppedClock{}
	s := named("m")
	tick := func(v float64) {
		at := clock.Now().UnixMilli()
		store.Append(series.Sample{Series: s, Point: series.Point{Time: at, Value: v}, Arrival: at})
	}
	p := &program{}
	p.publish("A", p.data("m"))
	tick(0)
	j := startLive(t, store, p, engine.Options{Clock: clock, Resolution: time.Second, MaxDelay: 2 * time.Second})
	for i := range 120 {
		if i == 60 {
			clock.set(step)
		}
		wait(time.Second)
		tick(float64(i + 1))
	}
	j.end()
	return j
}

// A clock that is set forward leaves slots without a value; none is sent twice or out of order,
// and the job goes on at the new time.
func TestClockStepsForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := stepped(t, 30*time.Second)
		last := j.slots[len(j.slots)-1]
		if n := len(j.slots); n < 145 || n > 151 || last-j.slots[0] != int64(n-1)*second {
			t.Errorf("%d slots over %d s", n, (last-j.slots[0])/second)
		}
		if n := len(j.values["A{}"]); n < 115 || n > 121 {
			t.Errorf("%d slots with a value, of 121 points", n)
		}
	})
}

// After a clock has been set back nothing is sent until it is where it was: those times have been
// told. Then the job goes on.
func TestClockStepsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := stepped(t, -30*time.Second)
		last := j.slots[len(j.slots)-1]
		if n := len(j.slots); n < 85 || n > 91 || last-j.slots[0] != int64(n-1)*second {
			t.Errorf("%d slots over %d s", n, (last-j.slots[0])/second)
		}
		if n := len(j.values["A{}"]); n < 85 || n > 91 {
			t.Errorf("%d slots with a value", n)
		}
	})
}

// A point of the far future waits for its time, and nobody takes it for a sign that its series has
// nothing more for the slots before.
func TestFarFuturePoint(t *testing.T) {
	for _, ahead := range []time.Duration{time.Minute, 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			a, b := named("m{h:a}"), named("m{h:b}")
			p := &program{}
			p.publish("A", p.data("m"))
			put(store, a, 1, 0)
			put(store, b, 1, 0)
			j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 3 * time.Second})
			put(store, a, 99, -ahead)
			put(store, b, 99, -ahead)
			for range 30 { // all points take longer than their slots are open
				wait(time.Second)
				put(store, a, 1, 1200*time.Millisecond)
				put(store, b, 1, 1200*time.Millisecond)
			}
			j.end()
			if n, m := len(j.values["A{h:a}"]), len(j.values["A{h:b}"]); n < 29 || m < 29 || len(j.slots) > 31 {
				t.Errorf("%v ahead: %d slots, %d values of the series with the point, %d of the other", ahead, len(j.slots), n, m)
			}
		})
	}
}

// A sender whose clock is fast by more than a slot delays nothing: its points count when their
// slot comes.
func TestFastSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a := named("m")
		p := &program{}
		p.publish("A", p.data("m"))
		put(store, a, 1, 0)
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 10 * time.Second})
		for range 30 {
			wait(time.Second)
			put(store, a, 1, -2500*time.Millisecond)
		}
		j.end()
		if n := len(j.slots); n < 28 {
			t.Errorf("%d slots in 30 s", n)
		}
	})
}

// A job over a range that ends does not wait for a point beyond it.
func TestFarFutureBeyondTheRange(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m", "1 2 3", 10*time.Second)
	store.Append(sampleAt(named("m"), 100*365*24*time.Hour, 9))
	p := &program{}
	p.publish("A", p.data("m"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r := newRecorder(t)
	if err := engine.Run(ctx, p.Graph(), overSlots(store, 3), r); err != nil {
		t.Fatal(err)
	}
	if got := r.row("A{}"); got != "1 2 3" {
		t.Errorf("got %s", got)
	}
}
