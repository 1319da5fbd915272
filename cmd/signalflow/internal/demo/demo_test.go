package demo_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/demo"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

var noon = time.Date(2024, 3, 6, 12, 0, 0, 0, time.UTC)

// collected is a Store that keeps values by series and time.
type collected map[string]map[int64]float64

func (c collected) Append(samples ...series.Sample) int {
	for _, s := range samples {
		name := s.Series.Metric + s.Series.Dimensions.String()
		if c[name] == nil {
			c[name] = map[int64]float64{}
		}
		c[name][s.Time] = s.Value
	}
	return 0
}

func (c collected) total(name string, from, to time.Time) (sum float64) {
	for at, v := range c[name] {
		if at >= from.UnixMilli() && at < to.UnixMilli() {
			sum += v
		}
	}
	return sum
}

// The same seed gives the same, asked in whatever order; another one something else.
func TestDeterministic(t *testing.T) {
	all := func(seed uint64, times ...time.Time) collected {
		c := collected{}
		shop := demo.New(demo.Options{Seed: seed})
		for _, at := range times {
			c.Append(shop.At(at)...)
		}
		return c
	}
	a, b := all(1, noon, noon.Add(time.Hour)), all(1, noon.Add(time.Hour), noon, noon)
	different := 0
	for name, values := range all(2, noon, noon.Add(time.Hour)) {
		for at, v := range values {
			if a[name][at] != b[name][at] {
				t.Errorf("%s is %v and %v", name, a[name][at], b[name][at])
			}
			if a[name][at] != v {
				different++
			}
		}
	}
	if len(a) < 150 || different < 100 {
		t.Errorf("%d series; %d values differ with another seed", len(a), different)
	}
}

func TestShape(t *testing.T) {
	c := collected{}
	shop := demo.New(demo.Options{Interval: time.Minute})
	midnight := noon.Add(-12 * time.Hour)
	shop.Fill(t.Context(), c, midnight, midnight.Add(24*time.Hour))
	for name, values := range c {
		if len(values) < 1380 || len(values) > 1440 {
			t.Errorf("%s has %d points in a day", name, len(values))
		}
		for at, v := range values {
			if v < 0 {
				t.Errorf("%s is %v at %d", name, v, at)
			}
		}
	}
	web := "service.requests{host=web-2, region=us, service=web}"
	if day, night := c.total(web, noon, noon.Add(time.Hour)), c.total(web, midnight, midnight.Add(time.Hour)); day < 1.5*night {
		t.Errorf("%v requests at noon, %v at midnight", day, night)
	}
	total := c["network.total{host=web-2, region=us, service=web}"]
	for at := midnight.UnixMilli() + 60_000; at < midnight.Add(24*time.Hour).UnixMilli(); at += 60_000 {
		if total[at] < total[at-60_000] {
			t.Fatalf("the running total falls from %v to %v", total[at-60_000], total[at])
		}
	}
	for at := midnight; at.Before(midnight.Add(24 * time.Hour)); at = at.Add(time.Hour) {
		before := 0.0
		for _, le := range []string{"10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "Inf"} {
			v := c["service.latency.bucket{le="+le+", service=payment}"][at.UnixMilli()]
			if v < before {
				t.Errorf("%v: the bucket %s holds %v, less than the one before", at, le, v)
			}
			before = v
		}
	}
}

// An incident is seen in the service, in those that call it, and nowhere else.
func TestIncident(t *testing.T) {
	begin := noon
	calm, hit := collected{}, collected{}
	demo.New(demo.Options{Seed: 3}).Fill(t.Context(), calm, begin, begin.Add(10*time.Minute))
	demo.New(demo.Options{Seed: 3, Incident: begin}).Fill(t.Context(), hit, begin, begin.Add(10*time.Minute))
	for name, more := range map[string]bool{
		"service.errors{host=payment-2, region=us, service=payment}":   true,
		"service.errors{host=checkout-2, region=us, service=checkout}": true,
		"service.errors{host=web-2, region=us, service=web}":           true,
		"service.errors{host=search-2, region=us, service=search}":     false,
		"queue.depth{service=payment}":                                 true,
	} {
		before, after := calm.total(name, begin, begin.Add(time.Hour)), hit.total(name, begin, begin.Add(time.Hour))
		if more && after < 3*before || !more && after != before {
			t.Errorf("%s: %v without the incident, %v with it", name, before, after)
		}
	}
	failing := "cpu.utilization{host=payment-1, region=eu, service=payment}"
	if n := len(hit[failing]); n > 50 || n < 45 {
		t.Errorf("the failing host sent %d points in ten minutes, want some silence", n)
	}
	if n := len(calm[failing]); n != 60 {
		t.Errorf("without an incident it sent %d", n)
	}
}

// Every day has incidents of its own.
func TestIncidentsCome(t *testing.T) {
	c := collected{}
	demo.New(demo.Options{Interval: time.Minute}).Fill(t.Context(), c, noon, noon.Add(48*time.Hour))
	busy := 0
	for name, values := range c {
		for _, v := range values {
			if v > 90 && len(name) > 12 && name[:12] == "queue.depth{" {
				busy++
			}
		}
	}
	if busy < 60 {
		t.Errorf("queues were long for %d minutes of two days", busy)
	}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := collected{}
		ctx, cancel := context.WithTimeout(t.Context(), 35*time.Second)
		defer cancel()
		demo.New(demo.Options{}).Run(ctx, c, time.Now().Add(1), time.Time{})
		if n := len(c["queue.depth{service=web}"]); n != 3 {
			t.Errorf("%d points in 35 s, want 3", n)
		}
	})
}

func BenchmarkAt(b *testing.B) {
	shop := demo.New(demo.Options{})
	b.ReportAllocs()
	for b.Loop() {
		shop.At(noon)
	}
}
