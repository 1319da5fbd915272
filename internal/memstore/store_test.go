package memstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

func at(s *series.Series, t int64, v float64) series.Sample {
	return series.Sample{Series: s, Point: series.Point{Time: t, Value: v}, Arrival: t}
}

func host(name string) *series.Series {
	return series.New("cpu", series.Gauge, series.Label{Name: "host", Value: name})
}

// read returns the points of one series as time:value, and "" for none.
func read(t *testing.T, s *Store, sr *series.Series, r series.Range) string {
	t.Helper()
	var out []string
	err := s.Read(t.Context(), []*series.Series{sr}, r, func(_ int, p series.Points) error {
		if out != nil {
			t.Error("visited twice")
		}
		if len(p.Times) != len(p.Values) || len(p.Times) != len(p.Lags) || len(p.Times) == 0 {
			t.Errorf("columns of %d, %d and %d", len(p.Times), len(p.Values), len(p.Lags))
		}
		for i := range p.Times {
			out = append(out, fmt.Sprintf("%d:%g", p.Times[i], p.Values[i]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

var all = series.Range{From: math.MinInt64, To: math.MaxInt64}

func TestReadRange(t *testing.T) {
	s, a := New(Options{}), host("a")
	for _, i := range []int64{10, 20, 30, 40} {
		s.Append(at(a, i, float64(i)))
	}
	tests := []struct {
		r    series.Range
		want string
	}{
		{all, "10:10 20:20 30:30 40:40"},
		{series.Range{From: 10, To: 40}, "10:10 20:20 30:30"},
		{series.Range{From: 11, To: 41}, "20:20 30:30 40:40"},
		{series.Range{From: 11, To: 20}, ""},
		{series.Range{From: 50, To: 60}, ""},
		{series.Range{From: 0, To: 10}, ""},
		{series.Range{From: 25, To: 35, Lookback: 5}, "20:20 30:30"},
		{series.Range{From: 25, To: 35, Lookback: 4}, "30:30"},
		{series.Range{From: 10, To: 15, Lookback: 100}, "10:10"},
		{series.Range{From: 20, To: 20, Lookback: 100}, "10:10"},
		{series.Range{From: 90, To: 90, Lookback: 100}, "40:40"},
	}
	for _, test := range tests {
		if got := read(t, s, a, test.r); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.r, got, test.want)
		}
	}
	if got := read(t, s, host("unknown"), all); got != "" {
		t.Errorf("unknown series has %s", got)
	}
}

// Whatever the order of arrival, points are kept in order of time, and of two with the same
// time the later arrival; a map is the model.
func TestOrderAndDuplicates(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		s, a := New(Options{}), host("a")
		model := map[int64]float64{}
		for i := range 3000 {
			// Mostly in order, some late, some far back.
			now := int64(i) - int64(rnd.IntN(3)*rnd.IntN(2)*rnd.IntN(900))
			s.Append(at(a, now, float64(i)))
			model[now] = float64(i)
		}
		for range 20 {
			from := int64(rnd.IntN(3500) - 500)
			r := series.Range{From: from, To: from + int64(rnd.IntN(1200))}
			var times []int64
			for at := range model {
				if at >= r.From && at < r.To {
					times = append(times, at)
				}
			}
			slices.Sort(times)
			var want []string
			for _, at := range times {
				want = append(want, fmt.Sprintf("%d:%g", at, model[at]))
			}
			if got := read(t, s, a, r); got != strings.Join(want, " ") {
				t.Fatalf("seed %d, %+v: got %s, want %s", seed, r, got, want)
			}
		}
		if n := s.Stats().Points; n != len(model) {
			t.Errorf("seed %d: %d points counted, %d held", seed, n, len(model))
		}
	}
}

// What a reader was given does not change under it.
func TestReadersKeepTheirView(t *testing.T) {
	s, a := New(Options{}), host("a")
	for i := range int64(100) {
		s.Append(at(a, i, float64(i)))
	}
	err := s.Read(t.Context(), []*series.Series{a}, all, func(_ int, p series.Points) error {
		before := slices.Clone(p.Values)
		for i := range int64(500) {
			s.Append(at(a, i, -1)) // in place of the old ones, and behind them
		}
		s.Append(at(a, -5, -1))
		if !reflect.DeepEqual(before, p.Values) {
			t.Error("the points in the reader's hands have changed")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRefused(t *testing.T) {
	s, a := New(Options{}), host("a")
	refused := s.Append(at(a, 1, math.NaN()), at(a, 2, math.Inf(1)), at(a, 3, 3), at(a, 4, math.Inf(-1)))
	if got := read(t, s, a, all); refused != 3 || got != "3:3" {
		t.Errorf("refused %d, holds %s", refused, got)
	}
}

func TestSelect(t *testing.T) {
	s := New(Options{})
	for i, name := range []string{"a", "b", "c"} {
		s.Append(at(host(name), int64(i)*10, 1))
	}
	s.Append(at(series.New("cpu.idle", series.Gauge), 5, 1))
	onlyB := matcher(func(s *series.Series) bool { v, _ := s.Dimensions.Get("host"); return v == "b" })
	tests := []struct {
		q       series.Query
		want    string
		matched int
	}{
		{series.Query{Metric: "cpu"}, "a b c", 3},
		{series.Query{Metric: "cpu*"}, " a b c", 4},
		{series.Query{Metric: "*.idle"}, "", 1},
		{series.Query{Metric: "none"}, "", 0},
		{series.Query{Metric: "cpu", Filter: onlyB}, "b", 1},
		{series.Query{Metric: "cpu", From: 10, To: 20}, "b", 1},
		{series.Query{Metric: "cpu", From: 11, To: 20}, "", 0},
		{series.Query{Metric: "cpu", From: 5, To: 100}, "b c", 2},
		{series.Query{Metric: "cpu", Limit: 2}, "b c", 3},
	}
	for _, test := range tests {
		got, err := s.Select(t.Context(), test.q)
		if err != nil {
			t.Fatal(err)
		}
		var hosts []string
		for _, sr := range got.Series {
			v, _ := sr.Dimensions.Get("host")
			hosts = append(hosts, v)
		}
		slices.Sort(hosts)
		if strings.Join(hosts, " ") != test.want || got.Matched != test.matched {
			t.Errorf("%+v: got %v of %d, want %s of %d", test.q, hosts, got.Matched, test.want, test.matched)
		}
	}
}

type matcher func(*series.Series) bool

func (m matcher) Matches(s *series.Series) bool { return m(s) }
func (m matcher) String() string                { return "filter" }

// The series that readers get is always the same pointer.
func TestCanonicalSeries(t *testing.T) {
	s := New(Options{})
	s.Append(at(host("a"), 1, 1), at(host("a"), 2, 1))
	one, _ := s.Select(t.Context(), series.Query{Metric: "cpu"})
	s.Append(at(host("a"), 3, 1))
	two, _ := s.Select(t.Context(), series.Query{Metric: "cpu"})
	if len(one.Series) != 1 || one.Series[0] != two.Series[0] {
		t.Errorf("got %v, then %v", one.Series, two.Series)
	}
}

// Two identities with one hash stay apart.
func TestHashCollision(t *testing.T) {
	s := New(Options{})
	a, b := host("a"), host("b")
	b.ID = a.ID
	s.Append(at(a, 1, 1), at(b, 1, 2), at(a, 2, 3), at(b, 2, 4))
	found, _ := s.Select(t.Context(), series.Query{Metric: "cpu"})
	if len(found.Series) != 2 || found.Series[0].ID == found.Series[1].ID {
		t.Fatalf("got %v", found.Series)
	}
	for _, sr := range found.Series {
		want := "1:1 2:3"
		if v, _ := sr.Dimensions.Get("host"); v == "b" {
			want = "1:2 2:4"
		}
		if got := read(t, s, sr, all); got != want {
			t.Errorf("%v: got %s, want %s", sr, got, want)
		}
	}
}

func TestReadEnds(t *testing.T) {
	s := New(Options{})
	s.Append(at(host("a"), 1, 1), at(host("b"), 1, 1))
	stop := errors.New("stop")
	calls := 0
	list := []*series.Series{host("a"), host("b")}
	err := s.Read(t.Context(), list, all, func(int, series.Points) error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Read(ctx, list, all, func(int, series.Points) error { return nil }); err != context.Canceled {
		t.Errorf("cancelled read: %v", err)
	}
	if _, err := s.Select(ctx, series.Query{}); err != context.Canceled {
		t.Errorf("cancelled select: %v", err)
	}
}

func TestFeed(t *testing.T) {
	s := New(Options{FeedLimit: 3})
	s.Append(at(host("a"), 1, 1))
	wake := make(chan struct{}, 1)
	onlyB := matcher(func(s *series.Series) bool { v, _ := s.Dimensions.Get("host"); return v == "b" })
	feed, err := s.Subscribe(series.Query{Metric: "cpu"}, wake)
	if err != nil {
		t.Fatal(err)
	}
	filtered, _ := s.Subscribe(series.Query{Metric: "c*", Filter: onlyB}, wake)
	take := func(f *series.Feed) string {
		samples, lost := f.Take(nil)
		var out []string
		for _, x := range samples {
			v, _ := x.Series.Dimensions.Get("host")
			out = append(out, fmt.Sprintf("%s%d", v, x.Time))
		}
		if lost {
			out = append(out, "lost")
		}
		return strings.Join(out, " ")
	}
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	expect("before anything came", take(feed), "")
	s.Append(at(host("a"), 2, 1), at(host("b"), 2, 1)) // a series known before, and a new one
	select {
	case <-wake:
	default:
		t.Error("no signal")
	}
	expect("all", take(feed), "a2 b2")
	expect("filtered", take(filtered), "b2")
	s.Append(at(series.New("disk", series.Gauge), 3, 1))
	expect("another metric", take(feed), "")
	s.Append(at(host("a"), 4, 1), at(host("a"), 5, 1))
	s.Append(at(host("a"), 6, 1), at(host("a"), 7, 1))
	expect("too many", take(feed), "lost")
	s.Append(at(host("a"), 8, 1))
	expect("after the loss", take(feed), "a8")
	feed.Close()
	feed.Close()
	filtered.Close()
	s.Append(at(host("a"), 9, 1), at(host("b"), 9, 1))
	expect("closed", take(feed), "")
	if len(s.feeds) != 0 {
		t.Errorf("%d feeds are still known", len(s.feeds))
	}
	for _, e := range s.entries {
		if len(e.feeds) != 0 {
			t.Errorf("%v still feeds", e.series)
		}
	}
}

func TestBoundByAge(t *testing.T) {
	now := time.UnixMilli(0)
	s := New(Options{MaxAge: time.Second, Now: func() time.Time { return now }})
	a, b := host("a"), host("b")
	s.Append(at(a, 0, 1), at(b, 0, 1))
	for i := range int64(5) {
		now = time.UnixMilli(i * 500)
		s.Append(at(a, i*500, 1))
	}
	if got := read(t, s, a, all); got != "1000:1 1500:1 2000:1" {
		t.Errorf("holds %s", got)
	}
	if got := s.Stats(); got != (Stats{Series: 1, Points: 3}) {
		t.Errorf("holds %+v; the silent series should be gone", got)
	}
	if s.Append(at(a, 500, 1)) != 1 {
		t.Error("a point older than the limit was taken")
	}
	s.Append(at(b, 2000, 7))
	if got := read(t, s, b, all); got != "2000:7" {
		t.Errorf("the series that came back has %s", got)
	}
}

func TestBoundBySize(t *testing.T) {
	tests := []struct {
		name          string
		hosts, rounds int
		limit         int
	}{
		{"few long series", 3, 5000, 2000},
		{"many short series", 500, 40, 2000},
		{"more series than points", 3000, 2, 1000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(Options{MaxPoints: test.limit})
			for i := range test.rounds {
				for h := range test.hosts {
					s.Append(at(host(fmt.Sprint(h)), int64(i*test.hosts+h), 1))
					if n := s.Stats().Points; n > test.limit {
						t.Fatalf("holds %d points", n)
					}
				}
			}
			if n := s.Stats().Points; n < test.limit/2 {
				t.Errorf("holds only %d points of %d", n, test.limit)
			}
			held := 0
			for _, e := range s.entries {
				for _, c := range e.chunks {
					held += len(c.times)
				}
			}
			if n := s.Stats().Points; n != held {
				t.Errorf("counts %d points, holds %d", n, held)
			}
			newest := int64(test.rounds*test.hosts - 1)
			if got := read(t, s, host(fmt.Sprint(test.hosts-1)), series.Range{From: newest, To: newest + 1}); got == "" {
				t.Error("the newest point is gone")
			}
		})
	}
}

// Writers, readers and subscribers at once; the race detector is the judge.
func TestConcurrent(t *testing.T) {
	s := New(Options{MaxPoints: 3000, FeedLimit: 100})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 0))
			for i := range 2000 {
				s.Append(at(host(fmt.Sprint(rnd.IntN(20))), int64(i-rnd.IntN(50)), 1))
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			wake := make(chan struct{}, 1)
			for range 50 {
				feed, _ := s.Subscribe(series.Query{Metric: "c*"}, wake)
				found, _ := s.Select(context.Background(), series.Query{Metric: "cpu"})
				_ = s.Read(context.Background(), found.Series, all, func(_ int, p series.Points) error {
					if !slices.IsSorted(p.Times) {
						t.Error("times out of order")
					}
					return nil
				})
				feed.Take(nil)
				feed.Close()
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := New(Options{MaxPoints: 5_000_000})
			batch := make([]series.Sample, n)
			for i := range batch {
				batch[i] = at(host(fmt.Sprint(i)), 0, 1)
			}
			wake := make(chan struct{}, 1)
			feed, _ := s.Subscribe(series.Query{Metric: "cpu"}, wake)
			defer feed.Close()
			var spare []series.Sample
			b.ReportAllocs()
			for b.Loop() {
				for i := range batch {
					batch[i].Time += 1000
				}
				s.Append(batch...)
				spare, _ = feed.Take(spare)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	const n = 1000
	s := New(Options{})
	list := make([]*series.Series, n)
	for i := range list {
		list[i] = host(fmt.Sprint(i))
	}
	for t := range int64(360) {
		for _, sr := range list {
			s.Append(at(sr, t*10_000, 1))
		}
	}
	sum := 0.0
	for b.Loop() {
		_ = s.Read(context.Background(), list, all, func(_ int, p series.Points) error {
			for _, v := range p.Values {
				sum += v
			}
			return nil
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n/360, "ns/point")
}

// The properties and tags that a series came with first are those that readers and filters see.
func TestProperties(t *testing.T) {
	s := New(Options{})
	first := series.New("m", series.Counter, series.Label{Name: "h", Value: "a"})
	first.Properties, first.Tags = series.NewLabels(map[string]string{"env": "prod"}), []string{"web"}
	again := series.New("m", series.Gauge, series.Label{Name: "h", Value: "a"})
	again.Properties = series.NewLabels(map[string]string{"env": "qa"})
	s.Append(series.Sample{Series: first, Point: series.Point{Time: 1}, Arrival: 1}, series.Sample{Series: again, Point: series.Point{Time: 2}, Arrival: 2})
	for filter, want := range map[*series.Match]int{
		series.NewMatch("env", []string{"prod"}, false):   1,
		series.NewMatch("env", []string{"qa"}, false):     0,
		series.NewMatch("sf_tags", []string{"w*"}, false): 1,
	} {
		found, err := s.Select(t.Context(), series.Query{Metric: "m", Filter: filter})
		if err != nil || len(found.Series) != want {
			t.Errorf("%s: %d series, %v; want %d", filter, len(found.Series), err, want)
		}
		if want == 1 && (found.Series[0] != first || found.Series[0].Type != series.Counter) {
			t.Errorf("%s: another series than the first: %+v", filter, found.Series[0])
		}
	}
	if n := s.Stats(); n.Series != 1 || n.Points != 2 {
		t.Errorf("%+v", n)
	}
}
