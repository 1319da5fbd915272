package signalflow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// transports are the options that choose each transport, for tests that hold for both.
var transports = map[string][]ClientParam{"WebSocket": nil, "SSE": {SSE()}}

// describeBatch writes a batch as text that does not depend on the run that it is of.
func describeBatch(b *Batch) map[string]string {
	points := map[string]string{}
	for s, v := range b.All() {
		points[s.Name()] = v.String()
	}
	return points
}

func wantBatch(b *stepBackend, ms int64) map[string]string {
	points := map[string]string{}
	for p := range b.publishes {
		for s := range b.series {
			if v, ok := stepValue(ms, p, s); ok {
				points[fmt.Sprintf(`P%d{host="h%d"}`, p, s)] = fmt.Sprint(v)
			}
		}
	}
	return points
}

// wantEvents lists the changes of state of an undisturbed run.
func (b *stepBackend) wantEvents(start, stop time.Time) (events []string) {
	if b.exclusive {
		start = start.Add(b.resolution)
	}
	firing := false
	for at := start; b.eventEvery > 0 && !at.After(stop); at = at.Add(b.resolution) {
		if now := b.fires(at.UnixMilli()); now != firing {
			firing = now
			events = append(events, fmt.Sprint(at.UnixMilli(), map[bool]string{true: "anomalous", false: "ok"}[now]))
		}
	}
	return events
}

// Whatever the moment at which a connection breaks, every timestamp comes exactly once, in
// order, with all its points, and every break is announced once.
func TestStreamDeliversEachTimestampOnce(t *testing.T) {
	const steps = 400
	for transport, options := range transports {
		cuts := 0
		for seed := range uint64(24) {
			t.Run(fmt.Sprint(transport, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(seed, 1))
					b := &stepBackend{
						resolution: time.Second, publishes: 1 + rnd.IntN(3), series: 1 + rnd.IntN(5),
						eventEvery: rnd.IntN(8), exclusive: rnd.IntN(2) == 0, newIDs: rnd.IntN(2) == 0, live: rnd.IntN(2) == 0,
					}
					if rnd.IntN(2) == 0 {
						b.pause = 10 * time.Millisecond
					}
					network := serveSteps(t, b)
					network.rand, network.left = rnd, 120
					network.most = 800 + b.publishes*(200+400*b.series) // the metadata and a few steps
					c := network.client(t, options...)
					start := time.Now().Truncate(time.Second)
					if !b.live {
						start = start.Add(-steps * time.Second)
					}
					s, err := c.Stream(t.Context(), "p", Options{Start: start, Stop: start.Add(steps * time.Second), Tries: 1000})
					if err != nil {
						t.Fatal(err)
					}
					defer s.Close()
					next, resumed := start, 0
					var events []string
					if b.exclusive {
						next = next.Add(time.Second)
					}
					for it, err := range s.All() {
						if err != nil {
							t.Fatal(err)
						}
						switch it := it.(type) {
						case *Resumed:
							resumed++
						case *Event:
							if !it.Restated {
								events = append(events, fmt.Sprint(it.TimestampMillis, it.Is()))
							}
						case *Batch:
							if !it.Time.Equal(next) {
								t.Fatalf("batch for %v, want %v", it.Time, next)
							}
							next = next.Add(time.Second)
							if it.Incomplete || it.Late {
								t.Errorf("%v: incomplete %v, late %v", it.Time, it.Incomplete, it.Late)
							}
							if got, want := fmt.Sprint(describeBatch(it)), fmt.Sprint(wantBatch(b, it.Time.UnixMilli())); got != want {
								t.Errorf("%v:\n got %v\nwant %v", it.Time, got, want)
							}
						}
					}
					if want := start.Add((steps + 1) * time.Second); !next.Equal(want) {
						t.Errorf("ended before %v, want %v", next, want)
					}
					if want := b.wantEvents(start, start.Add(steps*time.Second)); !slices.Equal(events, want) {
						i := 0
						for i < len(events) && i < len(want) && events[i] == want[i] {
							i++
						}
						t.Errorf("from event %d of %d on\n got %v\nwant %v", i, len(want), events[i:min(len(events), i+5)], want[i:min(len(want), i+5)])
					}
					if resumed == 0 || resumed > network.cuts {
						t.Errorf("%d cuts, %d announced", network.cuts, resumed)
					}
					cuts += network.cuts
				})
			})
		}
		if cuts < 2000 {
			t.Errorf("%s: only %d cuts", transport, cuts)
		}
	}
}
