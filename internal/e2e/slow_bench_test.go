package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// streamDelays is how long the messages of the fast readers of one run took, from the
// server's write to the reader.
type streamDelays struct {
	Messages int
	P50, P99 time.Duration
}

func init() {
	programs["delays ours"] = func(arg []byte, out *json.Encoder) error {
		return measureDelays(arg, out, openOurs, delaysOurs)
	}
	programs["delays peer"] = func(arg []byte, out *json.Encoder) error {
		return measureDelays(arg, out, openPeer, delaysPeer)
	}
}

// measureDelays reads until the fast readers have everything. The slow ones are left in the
// middle of their work.
func measureDelays[M, O any](
	arg []byte, out *json.Encoder,
	open func(url string, n int, options ...O) ([]<-chan M, func() error, error), read func(<-chan M, time.Duration) []time.Duration,
) error {
	var r streamRun
	if err := json.Unmarshal(arg, &r); err != nil {
		return err
	}
	data, _, err := open(r.URL, r.Channels)
	if err != nil {
		return err
	}
	for _, slow := range data[:r.Slow] {
		go read(slow, r.Pause)
	}
	var mu sync.Mutex
	var all []time.Duration
	each(data[r.Slow:], func(_ int, data <-chan M) struct{} {
		delays := read(data, 0)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, delays...)
		return struct{}{}
	})
	if len(all) == 0 {
		return fmt.Errorf("%d computations got no data at all", r.Channels-r.Slow)
	}
	slices.Sort(all)
	err = out.Encode(streamDelays{Messages: len(all), P50: all[len(all)/2], P99: all[len(all)*99/100]})
	if err == nil {
		os.Exit(0) // without waiting for the slow ones
	}
	return err
}

// BenchmarkSlowReaders measures how much 25 computations of 50 that take 100 ms for each
// message delay the other 25, against a run in which all are fast. "slow/fast" is the median
// ratio of the two delays of one client.
func BenchmarkSlowReaders(b *testing.B) {
	const computations, slow, pause = 50, 25, 100 * time.Millisecond
	server := result[string](start(b, "server", nil))
	for _, load := range []struct{ rate, points, messages int }{{20, 100, 40}, {200, 16, 300}} {
		b.Run(fmt.Sprintf("rate=%d/points=%d", load.rate, load.points), func(b *testing.B) {
			want := streamRequest{Channels: computations, Points: load.points, Messages: load.messages, Rate: load.rate}
			fast := streamRun{URL: want.url(server), Channels: computations}
			mixed := fast
			mixed.Slow, mixed.Pause = slow, pause
			for b.Loop() {
				m := medians{}
				for range repetitions {
					for _, client := range []string{"peer", "ours"} {
						m.addDelays(client, run[streamDelays](b, "delays "+client, fast), run[streamDelays](b, "delays "+client, mixed))
					}
				}
				m.report(b)
			}
		})
	}
}

func (m medians) addDelays(client string, fast, mixed streamDelays) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	m.add(client+"-fast-p50-ms", ms(fast.P50))
	m.add(client+"-fast-p99-ms", ms(fast.P99))
	m.add(client+"-slow-p50-ms", ms(mixed.P50))
	m.add(client+"-slow-p99-ms", ms(mixed.P99))
	m.add(client+"-p99-slow/fast", ms(mixed.P99)/ms(fast.P99))
}
