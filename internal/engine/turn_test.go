package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// slowReads is a store that takes its time for the metric "slow", and counts how many jobs read
// that at once.
type slowReads struct {
	*memstore.Store
	took time.Duration

	mu                  sync.Mutex
	inside, most, reads int
}

func (s *slowReads) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside++
	s.most = max(s.most, s.inside)
	s.reads++
}

func (s *slowReads) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside--
}

func (s *slowReads) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(int, series.Points) error) error {
	if len(list) > 0 && list[0].Metric == "slow" {
		s.enter()
		defer s.leave()
		select {
		case <-time.After(s.took): // of the bubble's clock
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.Store.Read(ctx, list, r, visit)
}

// feed appends a point a second to each series until ctx ends.
func feed(ctx context.Context, store *memstore.Store, list ...*series.Series) {
	for {
		for i, s := range list {
			put(store, s, float64(i), 0)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// onTime checks that each slot came when the first point after it did.
func (j *liveJob) onTime(slots int) {
	j.t.Helper()
	var want []string
	for i := range slots {
		want = append(want, fmt.Sprintf("%d@%d", i, i+1))
	}
	if got := j.sent(); got != strings.Join(want, " ") {
		j.t.Errorf("sent %s, want each slot a second after its start", got)
	}
}

// Queries that hang in long reads of history, more of them than there are turns, delay no slot of
// a light job; and never more of them read than may.
func TestHeavyQueriesDelayNoLiveJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		for i := range 40 {
			put(store, named("slow{h:a}"), 1, time.Duration(i)*time.Minute)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		light := named("light{h:a}")
		fed := make(chan struct{})
		go func() { defer close(fed); feed(ctx, store, light) }()
		synctest.Wait()
		source := &slowReads{Store: store, took: 7300 * time.Millisecond}
		turns := engine.NewTurns(2)
		p := &program{}
		p.publish("A", p.agg(graph.Mean, p.data("light")))
		j := &liveJob{recorder: newRecorder(t), cancel: cancel, done: make(chan error, 1), began: time.Now(), at: map[int64]time.Duration{}}
		j.onBatch = func(b *engine.Batch) { j.at[b.Time] = time.Since(j.began) }
		go func() {
			j.done <- engine.Run(ctx, p.Graph(), engine.Options{Source: source, Resolution: time.Second, Turn: turns.Turn()}, j)
		}()
		synctest.Wait()
		p = &program{}
		p.publish("B", p.fetch(graph.Fetch{Metric: "slow", Resolution: time.Second}))
		heavy := p.Graph()
		ended := make(chan error, 8)
		for range 8 {
			go func() {
				ended <- engine.Run(ctx, heavy, engine.Options{
					Source: source, Start: time.Now().Add(-30 * time.Minute), Stop: time.Now().Add(-time.Minute), Turn: turns.Turn(),
				}, newRecorder(t))
			}()
		}
		wait(2*time.Minute + time.Millisecond)
		if source.most != 2 {
			t.Errorf("%d queries read at once, want 2", source.most)
		}
		if n := source.reads; n < 30 || n > 36 { // two at a time, each 7.3 s
			t.Errorf("%d reads in two minutes; the queries should go on all the time", n)
		}
		j.end()
		j.onTime(120)
		for range 8 { // those that wait for a turn end, too
			if err := <-ended; err != errStopped {
				t.Errorf("a query ended with %v", err)
			}
		}
		<-fed
	})
}

// A slot in which very many series appear is heavy: it waits for the turn that a query has from
// 1.5 s to 10.5 s.
func TestManyNewSeriesTakeATurn(t *testing.T) {
	for fresh, want := range map[int]string{
		500:  "0@1 1@2 2@3 3@4 4@5 5@6.1 6@7.1 7@8.1 8@9.1 9@10.1 10@11.1 11@12.1 12@13.1", // the new ones say nothing more
		1500: "0@1 1@2 2@3 3@4 4@10.5 5@10.5 6@10.5 7@10.5 8@10.5 9@10.5 10@11.1 11@12.1 12@13.1",
	} {
		synctest.Test(t, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			for i := range 5 {
				put(store, named("slow{}"), 1, time.Duration(i)*time.Minute)
			}
			turns := engine.NewTurns(1)
			p := &program{}
			p.publish("A", p.agg(graph.Count, p.data("many")))
			put(store, named("many{h:first}"), 1, 0)
			j := startLive(t, store, p, engine.Options{Resolution: time.Second, MaxDelay: 100 * time.Millisecond, Turn: turns.Turn()})
			hanging := &program{}
			hanging.publish("B", hanging.data("slow"))
			ended := make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			for i := 1; i < 14; i++ {
				if i == 2 {
					go func() {
						wait(500 * time.Millisecond)
						ended <- engine.Run(ctx, hanging.Graph(), engine.Options{
							Source: &slowReads{Store: store, took: 9 * time.Second}, Start: time.Now().Add(-2 * time.Minute), Stop: time.Now().Add(-time.Minute), Turn: turns.Turn(),
						}, newRecorder(t))
					}()
				}
				wait(time.Second)
				put(store, named("many{h:first}"), 1, 0)
				for k := range fresh {
					if i == 4 {
						put(store, series.New("many", series.Gauge, series.Label{Name: "h", Value: fmt.Sprint(k)}), 1, 0)
					}
				}
			}
			wait(100 * time.Millisecond)
			j.end()
			if got := j.sent(); got != want {
				t.Errorf("with %d new series: sent %s, want %s", fresh, got, want)
			}
			cancel()
			<-ended
		})
	}
}

// A live job with much to do waits for its turn, and then catches up; a light one does not wait.
func TestHeavyLiveJobTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		list := make([]*series.Series, 10_000)
		for i := range list {
			list[i] = series.New("many", series.Gauge, series.Label{Name: "h", Value: fmt.Sprint(i)})
		}
		for i := range 5 {
			put(store, named("slow{}"), 1, time.Duration(i)*time.Minute)
		}
		ctx, cancel := context.WithCancel(t.Context())
		fed := make(chan struct{})
		go func() { defer close(fed); feed(ctx, store, list...) }()
		synctest.Wait()
		turns := engine.NewTurns(1)
		start := func(steps int) *liveJob {
			p := &program{}
			id := p.data("many")
			for range steps {
				id = p.binary(graph.Add, id, p.number(1))
			}
			p.publish("A", p.agg(graph.Count, id))
			return startLive(t, store, p, engine.Options{Resolution: time.Second, Turn: turns.Turn()})
		}
		heavy, light := start(10), start(1)
		wait(3*time.Second + time.Millisecond)
		// From the third second on a query hangs for ten seconds, with the only turn.
		hanging := &program{}
		hanging.publish("B", hanging.data("slow"))
		ended := make(chan error, 1)
		go func() {
			ended <- engine.Run(ctx, hanging.Graph(), engine.Options{
				Source: &slowReads{Store: store, took: 10 * time.Second},
				Start:  time.Now().Add(-2 * time.Minute), Stop: time.Now().Add(-30 * time.Second), Turn: turns.Turn(),
			}, newRecorder(t))
		}()
		wait(12 * time.Second)
		light.end()
		light.onTime(15)
		heavy.end()
		got := heavy.sent()
		if want := "0@1 1@2 2@3 3@13.001 4@13.001 5@13.001"; !strings.HasPrefix(got, want) {
			t.Errorf("the heavy job sent %s, want it to begin with %s", got, want)
		}
		cancel()
		<-ended
		<-fed
	})
}
