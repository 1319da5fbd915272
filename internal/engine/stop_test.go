package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// brittle is a source that counts its feeds, and fails after some calls.
type brittle struct {
	*memstore.Store
	mu    sync.Mutex
	open  int
	calls int // until it fails
}

var errBrittle = errors.New("broken")

func (b *brittle) call() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls--; b.calls == 0 {
		return errBrittle
	}
	return nil
}

func (b *brittle) Select(ctx context.Context, q series.Query) (series.Selection, error) {
	if err := b.call(); err != nil {
		return series.Selection{}, err
	}
	return b.Store.Select(ctx, q)
}

func (b *brittle) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(int, series.Points) error) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.Read(ctx, list, r, visit)
}

// Subscribe returns a feed that loses everything, so that the job reads the store all the time.
func (b *brittle) Subscribe(q series.Query, wake chan<- struct{}) (*series.Feed, error) {
	if err := b.call(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open++
	f := series.NewFeed(0, wake, func(*series.Feed) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.open--
	})
	f.Offer(make([]series.Sample, 1))
	return f, nil
}

// weary is a sink that waits, as for a slow reader, and fails at some time.
type weary struct {
	turn  *Turn
	wait  time.Duration
	calls int // until it fails
}

var errWeary = errors.New("no more")

func (w *weary) take() error {
	w.turn.Yield()
	time.Sleep(w.wait)
	if w.calls--; w.calls == 0 {
		return errWeary
	}
	return nil
}

func (w *weary) Progress(int) error     { return w.take() }
func (w *weary) Metadata(*Output) error { return w.take() }
func (w *weary) Batch(*Batch) error     { return w.take() }
func (w *weary) Expired(uint64) error   { return w.take() }
func (w *weary) Info(*Info) error       { return w.take() }

// However a job ends, and wherever it is then, it gives its turn and its feeds back: in history
// and live, while it waits for a turn, and with a source or a sink that fails.
func TestStoppedAnywhere(t *testing.T) {
	ends := map[string]int{}
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		synctest.Test(t, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			now := time.Now()
			for i := range 70 {
				s := series.New("m", series.Gauge, series.Label{Name: "host", Value: fmt.Sprint(i)})
				for at := -5 * time.Minute; at < time.Minute; at += time.Second {
					store.Append(series.Sample{Series: s, Point: series.Point{Time: now.Add(at).UnixMilli(), Value: 1}})
				}
			}
			g := &graph.Graph{Nodes: []graph.Node{
				{Op: &graph.Fetch{Metric: "m", Resolution: time.Second}},
				{Op: &graph.Timeshift{Offset: 30 * time.Second}, Inputs: []graph.NodeID{0}},
				{Op: &graph.Binary{Op: graph.Divide}, Inputs: []graph.NodeID{0, 1}},
				{Op: &graph.Window{Func: graph.Median, Over: time.Minute}, Inputs: []graph.NodeID{2}},
				{Op: &graph.Publish{Enabled: true}, Inputs: []graph.NodeID{3}},
			}}
			atOnce := 1 + rnd.IntN(2)
			turns := NewTurns(atOnce)
			var jobs sync.WaitGroup
			var sources []*brittle
			var mu sync.Mutex
			for range 5 {
				source := &brittle{Store: store, calls: rnd.IntN(60)}
				sources = append(sources, source)
				turn := turns.Turn()
				sink := &weary{turn: turn, wait: time.Duration(rnd.IntN(3)) * time.Millisecond, calls: rnd.IntN(1000)}
				o := Options{Source: source, Turn: turn, Start: now.Add(-time.Duration(rnd.IntN(240)) * time.Second), MaxDelay: time.Second}
				after := time.Duration(rnd.IntN(20_000)) * time.Millisecond
				ctx, cancel := context.WithCancelCause(t.Context())
				jobs.Go(func() {
					err := Run(ctx, g, o, sink)
					cancel(nil)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case errors.Is(err, errBrittle), errors.Is(err, errWeary), errors.Is(err, context.DeadlineExceeded):
						ends[err.Error()]++
					default:
						t.Errorf("seed %d: ended with %v", seed, err)
					}
				})
				jobs.Go(func() {
					select {
					case <-time.After(after):
						cancel(context.DeadlineExceeded)
					case <-ctx.Done():
					}
				})
			}
			jobs.Wait()
			for _, s := range sources {
				if s.open != 0 {
					t.Errorf("seed %d: %d feeds left open", seed, s.open)
				}
			}
			if len(turns.waiting) != 0 || turns.free != atOnce {
				t.Errorf("seed %d: %d of %d turns are free and %d wait", seed, turns.free, atOnce, len(turns.waiting))
			}
		})
	}
	if len(ends) != 3 {
		t.Errorf("only these ends: %v", ends)
	}
}
