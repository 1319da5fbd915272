package demo_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/demo"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// selected returns the series of a source that match a query.
func selected(t *testing.T, s *demo.Source, q series.Query) series.Selection {
	t.Helper()
	found, err := s.Select(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// readAll returns what a source has in a range, by series and time.
func readAll(t *testing.T, s *demo.Source, list []*series.Series, r series.Range) collected {
	t.Helper()
	c := collected{}
	err := s.Read(t.Context(), list, r, func(i int, p series.Points) error {
		if !slices.IsSorted(p.Times) {
			t.Errorf("the times of %s do not rise", list[i].Metric)
		}
		for k := range p.Times {
			c.Append(series.Sample{Series: list[i], Point: series.Point{Time: p.Times[k], Value: p.Values[k]}})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A source has at any time what the shop appends at that time.
func TestSourceHasAnyTime(t *testing.T) {
	for _, begin := range []time.Time{noon, time.Date(1975, 5, 5, 5, 5, 5, 0, time.UTC), time.Date(2001, 9, 9, 1, 46, 40, 0, time.UTC)} {
		want := collected{}
		demo.New(demo.Options{}).Fill(t.Context(), want, begin, begin.Add(20*time.Minute))
		source := demo.NewSource(demo.New(demo.Options{}), nil)
		list := selected(t, source, series.Query{Kind: series.AnyKind, Metric: "*"}).Series
		slices.Reverse(list) // whatever the order
		got := readAll(t, source, list, series.Range{From: begin.UnixMilli(), To: begin.Add(20 * time.Minute).UnixMilli()})
		if len(got) != len(want) || len(got) < 190 {
			t.Errorf("%d series, want %d", len(got), len(want))
		}
		for name, values := range want {
			if len(values) != len(got[name]) {
				t.Errorf("%s has %d points, want %d", name, len(got[name]), len(values))
			}
			for at, v := range values {
				if got[name][at] != v {
					t.Fatalf("%s at %d is %v, want %v", name, at, got[name][at], v)
				}
			}
		}
	}
}

// The newest point before a range comes first if it is asked for, even if the host that fails has
// been silent since.
func TestSourceLooksBack(t *testing.T) {
	source := demo.NewSource(demo.New(demo.Options{Incident: noon}), nil)
	list := selected(t, source, series.Query{Metric: "cpu.utilization"}).Series
	silent := noon.Add(5 * time.Minute).UnixMilli()
	back := readAll(t, source, list, series.Range{From: silent, To: silent, Lookback: time.Hour.Milliseconds()})
	for name, values := range back {
		for at := range values {
			if failing := name == "cpu.utilization{host=payment-1, region=eu, service=payment}"; failing != (at < silent-10_000) {
				t.Errorf("%s: the newest point is %v before", name, time.Duration(silent-at)*time.Millisecond)
			}
		}
	}
	if len(back) != 21 {
		t.Errorf("%d series", len(back))
	}
	if none := readAll(t, source, list, series.Range{From: silent, To: silent, Lookback: 5000}); len(none) != 0 {
		t.Errorf("points within five seconds: %v", none)
	}
}

func TestSourceSelects(t *testing.T) {
	source := demo.NewSource(demo.New(demo.Options{Hosts: 60, Wanted: series.Query{Metric: "cpu.*"}}), nil)
	if all := selected(t, source, series.Query{Metric: "*"}); all.Matched != 60 || len(all.Series) != 60 {
		t.Errorf("%d of %d series", len(all.Series), all.Matched)
	}
	if some := selected(t, source, series.Query{Metric: "*", Limit: 7}); some.Matched != 60 || len(some.Series) != 7 {
		t.Errorf("%d of %d series", len(some.Series), some.Matched)
	}
	future := time.Now().Add(time.Hour).UnixMilli()
	if none := selected(t, source, series.Query{Metric: "*", From: future, To: future + 1000}); none.Matched != 0 {
		t.Errorf("%d series have points in an hour from now", none.Matched)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.Select(ended, series.Query{Metric: "*"}); err == nil {
		t.Error("a select does not end with its context")
	}
	list := selected(t, source, series.Query{Metric: "*"}).Series
	if err := source.Read(ended, list, series.Range{To: 10_000}, func(int, series.Points) error { return nil }); err == nil {
		t.Error("a read does not end with its context")
	}
}

// What the feeds have had can be read, and what lies in the future cannot.
func TestSourceFeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		source := demo.NewSource(demo.New(demo.Options{Interval: time.Second}), nil)
		wake := make(chan struct{}, 1)
		q := series.Query{Metric: "queue.depth"}
		feed, err := source.Subscribe(q, wake)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		source.Run(ctx)
		got, lost := feed.Take(nil)
		list := selected(t, source, q).Series
		far := series.Range{From: began.UnixMilli() + 1, To: 1 << 62}
		there := readAll(t, source, list, far)
		if len(got) != 3*6 || lost {
			t.Errorf("%d samples in 3.5 s, want 18", len(got))
		}
		points := 0
		for _, s := range got {
			if v, ok := there[s.Series.Metric+s.Series.Dimensions.String()][s.Time]; !ok || v != s.Value {
				t.Errorf("%v at %d cannot be read", s.Value, s.Time)
			}
		}
		for _, values := range there {
			points += len(values)
		}
		if points != len(got) {
			t.Errorf("%d points can be read, %d have come", points, len(got))
		}
		feed.Close()
		feed.Close()
	})
}

// As many hosts as are asked for, over all services.
func TestHosts(t *testing.T) {
	for _, n := range []int{6, 7, 21, 23, 100} {
		shop := demo.New(demo.Options{Hosts: n, Wanted: series.Query{Metric: "cpu.utilization"}})
		if got := len(shop.Series()); got != n {
			t.Errorf("%d hosts, want %d", got, n)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	source := demo.NewSource(demo.New(demo.Options{Hosts: 1000}), nil)
	found, err := source.Select(b.Context(), series.Query{Metric: "cpu.utilization"})
	if err != nil {
		b.Fatal(err)
	}
	r := series.Range{From: noon.UnixMilli(), To: noon.UnixMilli() + 640_000}
	points := 0
	for b.Loop() {
		err := source.Read(b.Context(), found.Series, r, func(_ int, p series.Points) error { points += p.Len(); return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(points), "ns/point")
}
