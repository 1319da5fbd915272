package signalflow

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// burst sends n batches at once, one point each, and ends or goes on.
func burst(n int, on bool) func() *runBackend {
	return func() *runBackend {
		return &runBackend{play: func(number int, ctx context.Context, out *wire.Output, req *wire.Request) error {
			first, _ := req.Range(time.Now())
			out.Send(messages.NewMetadata(1, stepMetadata(out.Handle(), 0, 0)))
			for i := range n {
				m := messages.NewData(first.UnixMilli()+int64(i)*1000, []messages.DataPayload{messages.LongPayload(1, int64(i))})
				if err := out.Send(m); err != nil {
					return err
				}
				if i == 0 {
					out.Send(resolutionInfo(first.UnixMilli(), time.Second))
					<-time.After(time.Second) // a loop has begun by then
				}
			}
			if on {
				<-ctx.Done()
			}
			return context.Cause(ctx)
		}}
	}
}

const smallQueue = 64 << 10 // bytes: some 100 batches of one point

// What each policy makes of a loop that does not keep up, and of no loop at all.
func TestStreamPolicies(t *testing.T) {
	const n = 1000
	for name, test := range map[string]struct {
		policy OverflowPolicy
		loop   string // slow, late or none
		check  func(t *testing.T, got int, s *Stream, err error)
	}{
		"fail, slow": {FailComputation, "slow", func(t *testing.T, got int, s *Stream, err error) {
			var overflow *OverflowError
			if !errors.As(err, &overflow) || overflow.Channel != "stream" || overflow.Dropped < 1 || got+overflow.Dropped > n {
				t.Errorf("%d batches, %v", got, err)
			}
		}},
		"drop, slow": {DropOldest, "slow", func(t *testing.T, got int, s *Stream, err error) {
			if st := s.Stats(); err != nil || st.Dropped == 0 || got >= n || got+st.Dropped < n {
				t.Errorf("%d batches, %v, %+v", got, err, st)
			}
		}},
		"block, slow":     {Block, "slow", wantAll(n)},
		"block, late":     {Block, "late", wantAll(n)},
		"fail, late":      {FailComputation, "late", wantNewest(n)},
		"drop, late":      {DropOldest, "late", wantNewest(n)},
		"fail, none":      {FailComputation, "none", wantSnapshot(n)},
		"drop, none":      {DropOldest, "none", wantSnapshot(n)},
		"fail, then slow": {FailComputation, "late", wantNewest(n)},
	} {
		t.Run(name, func(t *testing.T) {
			onRuns(t, burst(n, true), func(t *testing.T, b *runBackend, g *gate, c *Client) {
				s := stream(t, c, Options{Overflow: test.policy, Start: time.Now().Add(-n * time.Second), Expiry: time.Hour})
				other := stream(t, c, Options{Overflow: FailComputation, Start: time.Now().Add(-n * time.Second), Expiry: time.Hour})
				began := time.Now()
				undisturbed := func() {
					if time.Since(began) < 2*time.Second {
						return
					}
					if v := firstValue(other.Latest()); v != fmt.Sprint(n-1) {
						t.Errorf("another stream of the client has %q, want %d", v, n-1)
					}
				}
				if test.loop != "slow" {
					pass(10 * time.Second)
					undisturbed()
				}
				if test.loop == "none" {
					test.check(t, 0, s, s.Err())
					return
				}
				giveUp := time.AfterFunc(time.Hour, s.Close)
				defer giveUp.Stop()
				got, last := 0, time.Time{}
				var err error
				for batch, e := range s.Batches() {
					if err = e; err != nil {
						break
					}
					if got++; !batch.Time.After(last) || batch.Incomplete {
						t.Fatalf("batch for %v after %v, incomplete %v", batch.Time, last, batch.Incomplete)
					}
					if last = batch.Time; test.loop == "slow" {
						pass(100 * time.Millisecond)
						undisturbed()
					}
				}
				test.check(t, got, s, err)
			}, QueueSize(smallQueue))
		})
	}
}

func firstValue(latest map[idtool.ID]Sample) string {
	for _, sample := range latest {
		return sample.Value.String()
	}
	return ""
}

func wantAll(n int) func(t *testing.T, got int, s *Stream, err error) {
	return func(t *testing.T, got int, s *Stream, err error) {
		if st := s.Stats(); got != n || err != nil || st.Dropped != 0 {
			t.Errorf("%d batches of %d, %v, %+v", got, n, err, st)
		}
	}
}

func wantNewest(n int) func(t *testing.T, got int, s *Stream, err error) {
	return func(t *testing.T, got int, s *Stream, err error) {
		if st := s.Stats(); got == 0 || err != nil || st.Dropped == 0 || got+st.Dropped < n {
			t.Errorf("%d batches, %v, %+v", got, err, st)
		}
	}
}

func wantSnapshot(n int) func(t *testing.T, got int, s *Stream, err error) {
	return func(t *testing.T, _ int, s *Stream, err error) {
		if v := firstValue(s.Latest()); v != fmt.Sprint(n-1) || err != nil || s.Stats().Dropped == 0 {
			t.Errorf("latest %q, %v, %+v", v, err, s.Stats())
		}
	}
}

// A loop that takes longer than a batch may stay open does not make batches incomplete: what
// does not come is waiting for the loop itself.
func TestBlockedBatchesAreWhole(t *testing.T) {
	const n = 50
	back := func() *runBackend {
		return &runBackend{play: func(_ int, ctx context.Context, out *wire.Output, req *wire.Request) error {
			for i := range n {
				for range 2 {
					if err := out.Send(messages.NewData(int64(i+1)*1000, nil)); err != nil {
						return err
					}
				}
			}
			return nil
		}}
	}
	onRuns(t, back, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		next := int64(1000)
		s := stream(t, c, Options{Overflow: Block})
		pass(5 * time.Second) // half of the second batch waits
		for batch, err := range s.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			if batch.Time.UnixMilli() != next || batch.Incomplete || batch.Late {
				t.Fatalf("%v, incomplete %v, late %v, want %v", batch.Time.UnixMilli(), batch.Incomplete, batch.Late, next)
			}
			next += 1000
			pass(5 * time.Second)
		}
		if next != (n+1)*1000 {
			t.Errorf("ended before %d", next)
		}
	}, QueueSize(700)) // one batch is more
}

// However much comes and wherever it waits, what is held stays near the bound.
func TestStreamMemoryIsBounded(t *testing.T) {
	const limit = 1 << 20
	flood := map[string]func(i int) []messages.Message{
		"batches": func(i int) []messages.Message { return []messages.Message{pointsAt(int64(i), 1, i)} },
		"batches of other series each": func(i int) []messages.Message {
			var list []any
			for id := range 50 {
				list = append(list, 1+(i+id)%50, i)
			}
			return []messages.Message{pointsAt(int64(i), list...)}
		},
		"one batch without an end": func(i int) []messages.Message { return []messages.Message{pointsAt(1, 1, i)} },
		"batches without metadata": func(i int) []messages.Message { return []messages.Message{pointsAt(int64(i), 99, i)} },
		"events":                   func(i int) []messages.Message { return []messages.Message{eventAt(int64(i), 9, "ok")} },
		"events behind a batch": func(i int) []messages.Message {
			return []messages.Message{pointsAt(int64(i/1000), 1, i), eventAt(int64(i), 9, "ok")}
		},
		"information without data": func(i int) []messages.Message { return []messages.Message{resolutionInfo(int64(i), time.Second)} },
		"information behind a batch": func(i int) []messages.Message {
			return []messages.Message{pointsAt(1<<40, 1, i), resolutionInfo(int64(i), time.Second)}
		},
		"information that waits for metadata": func(i int) []messages.Message {
			if i == 0 {
				return []messages.Message{pointsAt(1, 99, i), resolutionInfo(1, time.Second)}
			}
			return []messages.Message{resolutionInfo(1, time.Second)}
		},
	}
	for name, message := range flood {
		tapStream(t, Options{MetadataWait: time.Hour, BatchWait: time.Hour}, func(s *tapped) {
			s.queue.limit, s.queue.policy = limit, DropOldest
			for id := range 50 {
				s.send(meta(idtool.ID(id+1), "a"))
			}
			before := heapInUse()
			for i := range 20_000 {
				s.send(message(i)...)
			}
			held := heapInUse() - before
			if a := &s.assembler; s.queue.bytes > limit+8192 || a.held+a.pending > limit+8192 {
				t.Errorf("%s: %d bytes queued, %d waiting, by our count", name, s.queue.bytes, a.held+a.pending)
			}
			if held > 2*limit+limit/4 { // in the queue, and in front of it
				t.Errorf("%s: %d bytes held", name, held)
			}
			runtime.KeepAlive(s)
		})
	}
}

// A full queue costs no more for each message than an empty one.
func TestFullQueueIsNotCopied(t *testing.T) {
	q := streamQueue{limit: 1000 << 10, policy: DropOldest, wake: make(chan struct{}, 1)}
	moved := 0
	for range 100_000 {
		before := q.head
		q.push(entry{nil, 100})
		if q.head < before {
			moved += q.len()
		}
		q.fit()
	}
	if moved > 300_000 {
		t.Errorf("100000 pushes moved %d entries", moved)
	}
}

func TestLoops(t *testing.T) {
	play := func() *runBackend {
		return &runBackend{play: func(_ int, ctx context.Context, out *wire.Output, _ *wire.Request) error {
			out.Send(messages.NewMetadata(1, stepMetadata(out.Handle(), 0, 0)))
			for i := int64(1); i <= 9; i++ {
				out.Send(messages.NewData(i, nil))
				out.Send(resolutionInfo(i, time.Second))
				out.Send(messages.NewEvent(1, i, nil, map[string]any{"is": "ok"}))
			}
			return nil
		}}
	}
	onRuns(t, play, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		s := stream(t, c, Options{})
		var got []string
		for batch, err := range s.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			for _, second := range []func() error{
				func() error { _, err := drainStream(s); return err },
				func() error {
					for _, err := range s.Batches() {
						return err
					}
					return nil
				},
				func() error {
					for _, err := range s.Events() {
						return err
					}
					return nil
				},
			} {
				if err := second(); err != ErrLoop {
					t.Errorf("a loop within the loop: %v", err)
				}
			}
			if got = append(got, fmt.Sprint("b", batch.Time.UnixMilli())); len(got) == 3 {
				break
			}
		}
		for event, err := range s.Events() { // goes on behind the third batch
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, fmt.Sprint("e", event.TimestampMillis)); len(got) == 6 {
				break
			}
		}
		for it, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			if text := itemText(it); !strings.HasPrefix(text, info) && !strings.HasPrefix(text, "caught") {
				got = append(got, text[:1]+"…")
			}
			if len(got) == 9 {
				break
			}
		}
		if want := []string{"b1", "b2", "b3", "e3", "e4", "e5", "6…", "e…", "7…"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if rest, err := drainStream(s); len(rest) == 0 || err != nil || s.Err() != nil {
			t.Errorf("the rest: %q, %v, %v", rest, err, s.Err())
		}
		if again, err := drainStream(s); len(again) != 0 || err != nil {
			t.Errorf("a loop after the end: %q, %v", again, err)
		}
	})
}

// A loop that panics does not keep others away.
func TestLoopThatPanics(t *testing.T) {
	onRuns(t, burst(3, false), func(t *testing.T, b *runBackend, g *gate, c *Client) {
		s := stream(t, c, Options{Start: time.UnixMilli(1000)})
		func() {
			defer func() { recover() }()
			for range s.Batches() {
				panic("enough")
			}
		}()
		if items, err := drainStream(s); err != nil || len(items) < 2 {
			t.Errorf("%q, %v", items, err)
		}
	})
}

// A stream that waits costs no goroutine of its own.
func TestIdleStreamsHaveNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newScriptServer(t, func(c *scriptConn) {
			for c.start() != "" {
			}
		})
		c := n.client()
		stream(t, c, Options{})
		synctest.Wait()
		before := runtime.NumGoroutine()
		for range 200 {
			stream(t, c, Options{})
		}
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > 0 {
			t.Errorf("%d goroutines for 200 streams", more)
		}
	})
}
