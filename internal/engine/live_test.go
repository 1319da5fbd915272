package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// liveJob runs a job inside a bubble, whose clock is the system's.
type liveJob struct {
	*recorder
	store  *memstore.Store
	cancel context.CancelCauseFunc
	done   chan error
	began  time.Time
	at     map[int64]time.Duration // by slot, when its last batch came, since began
}

func startLive(t *testing.T, store *memstore.Store, p *program, o engine.Options) *liveJob {
	ctx, cancel := context.WithCancelCause(t.Context())
	j := &liveJob{recorder: newRecorder(t), store: store, cancel: cancel, done: make(chan error, 1), began: time.Now(), at: map[int64]time.Duration{}}
	j.onBatch = func(b *engine.Batch) { j.at[b.Time] = time.Since(j.began) }
	o.Source = store
	go func() { j.done <- engine.Run(ctx, p.Graph(), o, j) }()
	synctest.Wait()
	return j
}

// end stops the job and waits for it.
func (j *liveJob) end() {
	j.t.Helper()
	j.cancel(errStopped)
	if err := <-j.done; err != errStopped {
		j.t.Errorf("job ended with %v, want the cause of its context", err)
	}
	j.endSlot()
}

var errStopped = errors.New("stopped by the test")

// put appends a point stamped with the present time less its lag.
func put(store *memstore.Store, s *series.Series, v float64, lag time.Duration) {
	now := time.Now()
	store.Append(series.Sample{Series: s, Point: series.Point{Time: now.Add(-lag).UnixMilli(), Value: v}})
}

func wait(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
}

// sent returns when each slot was sent, as "slot@time" in seconds since the job began.
func (j *liveJob) sent() string {
	var out []string
	for _, slot := range j.slots {
		out = append(out, fmt.Sprintf("%g@%g", float64(slot-j.began.UnixMilli())/1000, j.at[slot].Seconds()))
	}
	return strings.Join(out, " ")
}

// A slot is sent as soon as it is over and every series has reported; while one is silent,
// after the max delay.
func TestLiveCompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a, b := named("m{h:a}"), named("m{h:b}")
		put(store, a, 1, 0)
		put(store, b, 2, 0)
		p := &program{}
		p.publish("A", p.agg(graph.Sum, p.data("m")))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 5 * time.Second})
		wait(time.Second) // 1.0
		put(store, a, 10, 0)
		wait(200 * time.Millisecond) // 1.2
		put(store, b, 20, 200*time.Millisecond)
		wait(800 * time.Millisecond) // 2.0: b falls silent
		put(store, a, 100, 0)
		wait(time.Second) // 3.0
		put(store, a, 1000, 0)
		wait(6500 * time.Millisecond) // 9.5
		j.end()
		if got, want := j.sent(), "0@1 1@2 2@8 3@9"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
		if got, want := j.row("A{}"), "3 30 100 1000"; got != want {
			t.Errorf("values %s, want %s", got, want)
		}
	})
}

// A slot waits for a series that is merely late, and goes on when its point has come.
func TestLiveLateWithinDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a, b := named("m{h:a}"), named("m{h:b}")
		put(store, a, 1, 0)
		put(store, b, 2, 0)
		p := &program{}
		p.publish("A", p.agg(graph.Sum, p.data("m")))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 5 * time.Second})
		wait(time.Second)
		put(store, a, 10, 0)
		wait(3 * time.Second) // 4.0
		put(store, b, 20, 3*time.Second)
		j.end()
		if got, want := j.sent()+" "+j.row("A{}"), "0@1 1@4 3 30"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A point that comes after its slot was sent is left out of the run, and its lag is told,
// each time it is larger than before.
func TestLiveTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a, b := named("m{h:a}"), named("m{h:b}")
		put(store, a, 1, 0)
		put(store, b, 2, 0)
		p := &program{}
		p.publish("A", p.agg(graph.Sum, p.data("m")))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: time.Second})
		wait(time.Second)
		put(store, a, 10, 0)
		wait(2500 * time.Millisecond) // 3.5: slot 1 was sent at 3.0
		put(store, b, 20, 2500*time.Millisecond)
		put(store, a, 1000, 500*time.Millisecond)
		put(store, b, 2000, 500*time.Millisecond)
		wait(time.Second)
		j.end()
		if got, want := j.sent()+" "+j.row("A{}"), "0@1 1@3 2@3.5 3@4 3 10 - 3000"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		lags := j.info("JOB_DETECTED_LAG")
		if len(lags) != 1 || lags[0].Contents["lagMs"] != int64(2500) {
			t.Errorf("lag messages %v, want one of 2500 ms", lags)
		}
	})
}

// A job begun before any data waits the max delay for each slot, takes in series as they
// appear, and has full windows of what there was.
func TestLiveSeriesJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		p := &program{}
		m := p.data("m")
		p.publish("raw", m)
		sum := p.agg(graph.Sum, m, "dc")
		p.publish("sum", sum)
		p.publish("doubled", p.binary(graph.Multiply, sum, p.number(2)))
		p.publish("n", p.agg(graph.Count, m))
		p.publish("over", p.over(graph.Sum, m, 3*time.Second))
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 100 * time.Millisecond})
		a, b := named("m{h:a,dc:x}"), named("m{h:b,dc:x}")
		for i := range 6 {
			wait(time.Second)
			if i >= 1 {
				put(store, a, 1, 0)
			}
			if i >= 3 {
				put(store, b, 10, 0)
			}
		}
		wait(500 * time.Millisecond)
		j.end()
		want := "doubled{dc:x} = - - 2 2 22 22\nn{} = 0 0 1 1 2 2\nover{dc:x,h:a} = - - 1 2 3 3\nover{dc:x,h:b} = - - - - 10 20\n" +
			"raw{dc:x,h:a} = - - 1 1 1 1\nraw{dc:x,h:b} = - - - - 10 10\nsum{dc:x} = - - 1 1 11 11"
		if got := j.rows(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if n := len(j.info("FIND_MATCHED_NO_TIMESERIES")); n != 1 {
			t.Errorf("%d messages of nothing matched, want 1", n)
		}
		// The group's metadata held h:a as long as a was alone; then they are sent again.
		for _, o := range j.outputs {
			if (o.Label == "sum" || o.Label == "doubled") && o.Metadata.String() != "{dc=x}" {
				t.Errorf("metadata of %s are %v", o.Label, o.Metadata)
			}
		}
	})
}

// A silent series leaves after the time of inactivity, its outputs expire, and it comes back
// with its metadata.
func TestLiveSeriesLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		a, b := named("m{h:a}"), named("m{h:b}")
		p := &program{}
		m := p.fetch(graph.Fetch{Metric: "m", Extrapolation: graph.ExtrapolateLastValue})
		p.publish("raw", m)
		p.publish("n", p.agg(graph.Count, m))
		p.publish("by", p.agg(graph.Sum, m, "h"))
		p.publish("mix", p.binary(graph.Add, m, p.agg(graph.Sum, m, "h")))
		put(store, a, 1, 0)
		put(store, b, 2, 0)
		j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 100 * time.Millisecond, Inactivity: 3 * time.Second})
		for i := 1; i <= 8; i++ {
			wait(time.Second)
			put(store, a, 1, 0)
			if i == 7 {
				put(store, b, 3, 0)
			}
		}
		wait(500 * time.Millisecond)
		j.end()
		want := "by{h:a} = 1 1 1 1 1 1 1 1\nby{h:b} = 2 2 - - - - - 3\nmix{h:a} = 2 2 2 2 2 2 2 2\nmix{h:b} = 4 4 - - - - - 6\n" +
			"n{} = 2 2 1 1 1 1 1 2\nraw{h:a} = 1 1 1 1 1 1 1 1\nraw{h:b} = 2 2 - - - - - 3"
		if got := j.rows(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		slices.Sort(j.expired)
		if got := strings.Join(j.expired, " "); got != "by{h:b} mix{h:b} raw{h:b}" {
			t.Errorf("expired %s", got)
		}
	})
}
