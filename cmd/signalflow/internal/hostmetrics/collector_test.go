package hostmetrics

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// busyReader shows one core that is always three quarters busy, by the clock of its bubble.
type busyReader struct {
	start time.Time
	takes time.Duration
	err   error
}

func (b *busyReader) Read(ctx context.Context) (Reading, error) {
	if b.takes > 0 {
		wait(ctx, b.takes)
	}
	elapsed := time.Since(b.start).Seconds()
	return Reading{Cores: []Core{{"cpu0", elapsed / 4, elapsed}}}, b.err
}

type appended struct {
	at    time.Time
	value float64
}

// recorder is a store that keeps the values of cpu.utilization.
type recorder struct{ got []appended }

func (r *recorder) Append(samples ...series.Sample) int {
	for _, s := range samples {
		if s.Series.Metric == "cpu.utilization" {
			r.got = append(r.got, appended{time.UnixMilli(s.Time), s.Value})
		}
	}
	return 0
}

func TestCollectorPrimesThenTicksOnWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3300*time.Millisecond)
		defer cancel()
		start := time.Now()
		time.Sleep(250 * time.Millisecond) // in the bubble: not on a whole second
		var store recorder
		c := New(Options{Reader: &busyReader{start: start}, Store: &store})
		if err := c.Prime(ctx); err != nil {
			t.Fatal(err)
		}
		c.Run(ctx)
		wantAt := []time.Duration{350 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second}
		if len(store.got) != len(wantAt) {
			t.Fatalf("%d values, want %d: %v", len(store.got), len(wantAt), store.got)
		}
		for i, g := range store.got {
			if g.at.Sub(start) != wantAt[i] || g.value < 74.999 || g.value > 75.001 {
				t.Errorf("value %d: %v after %v, want 75 after %v", i, g.value, g.at.Sub(start), wantAt[i])
			}
		}
	})
}

func TestCollectorLeavesOutWhatASlowReadingMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
		defer cancel()
		start := time.Now()
		var store recorder
		New(Options{Reader: &busyReader{start: start, takes: 1500 * time.Millisecond}, Store: &store}).Run(ctx)
		for i, g := range store.got {
			if want := time.Duration(3+2*i) * time.Second; g.at.Sub(start) != want {
				t.Errorf("value %d is for %v, want %v", i, g.at.Sub(start), want)
			}
		}
		if len(store.got) != 3 {
			t.Errorf("%d values, want 3", len(store.got))
		}
	})
}

func TestCollectorEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store recorder
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		c := New(Options{Reader: &busyReader{start: time.Now()}, Store: &store})
		if err := c.Prime(ctx); !errors.Is(err, cause) {
			t.Errorf("Prime: %v, want the cause", err)
		}
		c.Run(ctx)
		if len(store.got) > 0 {
			t.Errorf("appended after the end: %v", store.got)
		}
	})
}

func TestCollectorLogsAFailureOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
		defer cancel()
		var log bytes.Buffer
		var store recorder
		New(Options{
			Reader: &busyReader{start: time.Now(), err: errors.New("read disk operations: not here")},
			Store:  &store,
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		}).Run(ctx)
		if n := strings.Count(log.String(), "not here"); n != 1 {
			t.Errorf("the failure was logged %d times:\n%s", n, &log)
		}
		if len(store.got) != 4 {
			t.Errorf("%d values beside a failing part, want 4", len(store.got))
		}
	})
}

// TestMachine looks at the machine that runs the test: the one check that the library is
// asked for the right things.
func TestMachine(t *testing.T) {
	reading, err := Machine{}.Read(t.Context())
	if err != nil {
		t.Logf("parts that cannot be read here: %v", err)
	}
	if len(reading.Cores) == 0 || reading.Cores[0].Total <= 0 {
		t.Errorf("no processor time: %+v", reading.Cores)
	}
	m := reading.Memory
	if m.Total == 0 || m.Used+m.Free+m.Buffered+m.Cached > m.Total {
		t.Errorf("memory states overlap: %+v", m)
	}
	if len(reading.Filesystems) == 0 {
		t.Error("no file system, not even the root")
	}
}

func BenchmarkRead(b *testing.B) {
	c := converter{host: "web-1"}
	for b.Loop() {
		reading, _ := Machine{}.Read(b.Context())
		c.samples(time.Now(), reading)
	}
}
