package memstore

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// What is not finite is refused and counted, and the points beside it stay.
func TestNotFinite(t *testing.T) {
	s, a := New(Options{}), host("a")
	wake := make(chan struct{}, 1)
	feed, err := s.Subscribe(series.Query{Metric: "cpu"}, wake)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	refused := s.Append(at(a, 1, 1), at(a, 2, math.NaN()), at(a, 3, math.Inf(1)), at(a, 4, math.Inf(-1)), at(a, 5, -math.MaxFloat64), at(a, 6, 5e-324))
	if got := read(t, s, a, all); refused != 3 || got != "1:1 5:-1.7976931348623157e+308 6:5e-324" {
		t.Errorf("%d refused, kept %s", refused, got)
	}
	if got, _ := feed.Take(nil); len(got) != 3 {
		t.Errorf("a feed got %d samples", len(got))
	}
	if s.Append(at(host("b"), 1, math.NaN())); s.Stats().Series != 1 {
		t.Error("a point that is refused makes a series")
	}
}

// The type does not identify a series: the first one stays, whatever comes later. Two series of
// a metric may have two.
func TestMixedTypes(t *testing.T) {
	s := New(Options{})
	s.Append(at(host("a"), 1, 1))
	counter := host("a")
	counter.Type = series.Counter
	other := host("b")
	other.Type = series.CumulativeCounter
	s.Append(at(counter, 2, 2), at(other, 2, 3))
	found, err := s.Select(t.Context(), series.Query{Metric: "cpu"})
	if err != nil || len(found.Series) != 2 {
		t.Fatalf("%d series, %v", len(found.Series), err)
	}
	for _, sr := range found.Series {
		want := map[string]series.Type{"{host=a}": series.Gauge, "{host=b}": series.CumulativeCounter}[sr.Dimensions.String()]
		if sr.Type != want {
			t.Errorf("%v is a %v, want a %v", sr.Dimensions, sr.Type, want)
		}
	}
	if got := read(t, s, counter, all); got != "1:1 2:2" {
		t.Errorf("points %s", got)
	}
}

// Points in any order, and twice, give what they give in order: of two with the same time the
// one that came last.
func TestAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 3000
	ordered, shuffled, a := New(Options{}), New(Options{}), host("a")
	order := rng.Perm(n)
	for i := range n {
		ordered.Append(at(a, int64(i), float64(i)))
		shuffled.Append(at(a, int64(order[i]), -1))
	}
	for _, i := range rng.Perm(n) {
		shuffled.Append(at(a, int64(i), float64(i)))
	}
	if read(t, ordered, a, all) != read(t, shuffled, a, all) {
		t.Error("the order of arrival shows")
	}
	if got := shuffled.Stats(); got.Points != n {
		t.Errorf("%d points are held, want %d: the same time counts once", got.Points, n)
	}
}

// A point of the far future is a point as any other: it drives none of the present out.
func TestFarFuture(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s, a := New(Options{MaxAge: time.Hour, MaxPoints: 1000, Now: func() time.Time { return now }}), host("a")
	future := now.AddDate(100, 0, 0).UnixMilli()
	s.Append(at(a, future, 1), at(a, math.MaxInt64, 2))
	for i := range 100 {
		if s.Append(at(a, now.UnixMilli()+int64(i), float64(i))) != 0 {
			t.Fatal("a point of the present is refused")
		}
	}
	if got := s.Stats().Points; got != 102 {
		t.Errorf("%d points", got)
	}
	if got := read(t, s, a, series.Range{From: now.UnixMilli() + 98, To: future}); got != fmt.Sprintf("%d:98 %d:99", now.UnixMilli()+98, now.UnixMilli()+99) {
		t.Errorf("read %s", got)
	}
}

// A sender whose clock is a year ahead takes the present no room in the long run, with and without
// other points of the same series; what is a little ahead stays.
func TestWrongClockFillsTheStore(t *testing.T) {
	for _, mixed := range []bool{true, false} {
		now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		s, a, b := New(Options{MaxPoints: 1000, Now: func() time.Time { return now }}), host("a"), host("b")
		if mixed {
			b = a
		}
		for i := range 5000 {
			now = now.Add(10 * time.Second)
			at64 := now.UnixMilli()
			s.Append(at(b, now.AddDate(1, 0, 0).UnixMilli(), 1), at(host("soon"), now.Add(time.Hour).UnixMilli(), 1))
			if s.Append(at(a, at64, float64(i))) != 0 {
				t.Fatalf("point %d of the present is refused", i)
			}
			if got := read(t, s, a, series.Range{From: at64 - 100_000, To: at64 + 1}); i > 10 && strings.Count(got, ":") != 11 {
				t.Fatalf("point %d: of the last ones only %s are there", i, got)
			}
		}
		held := 0
		_ = s.Read(t.Context(), []*series.Series{a, host("b"), host("soon")}, all, func(_ int, p series.Points) error {
			held += p.Len()
			return nil
		})
		if n := s.Stats(); n.Points != held || n.Points > 1000 || n.Points < 700 {
			t.Errorf("counts %d points, holds %d", n.Points, held)
		}
		if got := read(t, s, host("soon"), all); strings.Count(got, ":") < 360 {
			t.Errorf("of the next hour there are only %d points", strings.Count(got, ":"))
		}
	}
}

// However regular the times are, and however far apart, a read gives the points of its range, and
// tells of no distance that they do not have.
func TestReadHoweverFarApart(t *testing.T) {
	regular, reads := 0, 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		s, a := New(Options{Now: func() time.Time { return time.UnixMilli(0) }}), host("a")
		step := []int64{1, 1000, 7, 1 << 40, 1 << 53, 1 << 60, 6e18}[rnd.IntN(7)]
		held := map[int64]float64{}
		put := func(at64 int64) {
			v := float64(rnd.IntN(1000))
			held[at64] = v
			s.Append(at(a, at64, v))
		}
		from := rnd.Int64N(3) - 1
		for i := range int64(rnd.IntN(1200)) {
			next, far := from+i*step, i > (math.MaxInt64-1)/step
			if far {
				break
			}
			if rnd.IntN(100) > 0 {
				put(next)
			}
			if rnd.IntN(300) == 0 { // late, or once more
				put(from + rnd.Int64N(i+1)*step + rnd.Int64N(2))
			}
		}
		if rnd.IntN(3) == 0 {
			put([]int64{math.MaxInt64, math.MinInt64 + 1, math.MaxInt64 / 2}[rnd.IntN(3)])
		}
		times := slices.Sorted(maps.Keys(held))
		if n := len(times); n > 0 && rnd.IntN(2) == 0 {
			oldest := times[rnd.IntN(n)]
			s.trimming.Lock()
			s.dropBefore(oldest)
			s.trimming.Unlock()
			times = slices.DeleteFunc(times, func(t int64) bool { return t < oldest })
		}
		for range 20 {
			edge := func() int64 {
				if len(times) == 0 || rnd.IntN(8) == 0 {
					return []int64{math.MinInt64, math.MaxInt64, 0, 1000}[rnd.IntN(4)]
				}
				x := times[rnd.IntN(len(times))]
				return x + min(rnd.Int64N(3)-1, math.MaxInt64-max(x, 0))
			}
			r := series.Range{From: edge(), To: edge()}
			var want []string
			for _, at64 := range times {
				if at64 >= r.From && at64 < r.To {
					want = append(want, fmt.Sprintf("%d:%g", at64, held[at64]))
				}
			}
			if got := read(t, s, a, r); got != strings.Join(want, " ") {
				t.Fatalf("seed %d, step %d, %+v: read %.200s, want %.200s", seed, step, r, got, strings.Join(want, " "))
			}
			found, err := s.Select(t.Context(), series.Query{Metric: "cpu", From: r.From, To: r.To})
			if err != nil || (found.Matched == 1) != (len(want) > 0 || r.From == 0 && r.To == 0 && len(times) > 0) {
				t.Fatalf("seed %d, step %d, %+v: %d series for %d points, %v", seed, step, r, found.Matched, len(want), err)
			}
			_ = s.Read(t.Context(), []*series.Series{a}, r, func(_ int, p series.Points) error {
				reads++
				if p.Every > 0 {
					regular++
				}
				for i := 1; i < p.Len(); i++ {
					if p.Every > 0 && p.Times[i]-p.Times[i-1] != p.Every {
						t.Fatalf("seed %d: %d ms after the point before, told to be %d", seed, p.Times[i]-p.Times[i-1], p.Every)
					}
				}
				return nil
			})
		}
	}
	if regular < 500 || regular > reads-500 {
		t.Errorf("%d of %d reads were regular", regular, reads)
	}
}

// A clock that steps forward and back again costs what was too old meanwhile, and nothing of
// what comes afterwards.
func TestClockSteps(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s, a := New(Options{MaxAge: time.Hour, Now: func() time.Time { return now }}), host("a")
	put := func(v float64) int { return s.Append(at(a, now.UnixMilli(), v)) }
	put(1)
	now = now.AddDate(0, 0, 1)
	put(2)
	if got := s.Stats().Points; got != 1 {
		t.Errorf("%d points after a step forward, want the new one", got)
	}
	now = now.AddDate(0, 0, -1).Add(time.Second)
	if put(3) != 0 || s.Stats().Points != 2 {
		t.Errorf("after a step back a point of the present is refused")
	}
	now = now.Add(2 * time.Hour)
	if put(4) != 0 || s.Stats().Points != 2 {
		t.Errorf("%d points after two hours, want those of the future and the present", s.Stats().Points)
	}
}

// Of a hundred thousand series a query gets those it has room for, the youngest, and the number
// of all.
func TestManySeries(t *testing.T) {
	const n, limit = 100_000, 30_000
	s := New(Options{})
	for i := range n {
		s.Append(at(host(fmt.Sprint(i)), 1, 1))
	}
	found, err := s.Select(t.Context(), series.Query{Metric: "cpu", Limit: limit})
	if err != nil || found.Matched != n || len(found.Series) != limit {
		t.Fatalf("%d of %d series, %v", len(found.Series), found.Matched, err)
	}
	for _, sr := range found.Series {
		name, _ := sr.Dimensions.Get("host")
		if len(name) < 5 || name < "70000" {
			t.Fatalf("series %s is among the %d youngest", name, limit)
		}
	}
}
