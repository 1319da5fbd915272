package memstore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

func latency(t testing.TB, counts ...float64) *series.Distribution {
	bounds := []float64{10, 20, 30, 40, 50}[:len(counts)-1]
	d, err := series.NewDistribution(slices.Clone(bounds), counts, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func seen(s *series.Series, t int64, d *series.Distribution) series.Sample {
	return series.Sample{Series: s, Point: series.Point{Time: t, Value: -1}, Arrival: t, Distribution: d}
}

// Points of histograms are kept in order of time as others are, late and repeated ones too, and
// the limit of size counts what they weigh.
func TestHistograms(t *testing.T) {
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		s, h, g := New(Options{}), series.New("m", series.Histogram), series.New("m", series.Gauge)
		model, weight := map[int64]float64{}, 0
		for i := range 1500 {
			at := int64(i) - int64(rnd.IntN(3)*rnd.IntN(2)*rnd.IntN(900))
			counts := make([]float64, 1+rnd.IntN(3))
			counts[0] = float64(i)
			s.Append(seen(h, at, latency(t, counts...)), series.Sample{Series: g, Point: series.Point{Time: at, Value: 7}})
			model[at] = float64(i)
		}
		from := int64(rnd.IntN(600))
		err := s.Read(t.Context(), []*series.Series{g, h}, series.Range{From: from, To: 1400}, func(i int, p series.Points) error {
			if i == 0 {
				if p.Distributions != nil {
					t.Error("numbers have distributions")
				}
				return nil
			}
			times := slices.DeleteFunc(sortedTimes(model), func(at int64) bool { return at < from || at >= 1400 })
			if !slices.Equal(times, p.Times) || len(p.Distributions) != len(times) || len(p.Values) != len(times) {
				t.Fatalf("%d times, %d distributions, want %d", len(p.Times), len(p.Distributions), len(times))
			}
			for k, at := range times {
				if p.Values[k] != model[at] || p.Distributions[k].Count() != model[at] {
					t.Errorf("at %d: value %v, count %v, want %v", at, p.Values[k], p.Distributions[k].Count(), model[at])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range s.entries {
			for i := range e.chunks {
				weight += e.chunks[i].weight(0, len(e.chunks[i].times))
			}
		}
		if n := s.Stats().Points; n != 2*len(model) || s.held.weight != weight || weight < 6*n/2 {
			t.Errorf("%d points counted, %d held; they weigh %d, counted as %d", n, 2*len(model), weight, s.held.weight)
		}
		s.Append(at(g, 5_000_000, 1)) // keeps its series alive
		s.dropBefore(1000)
		s.dropBefore(4_000_000)
		if s.held != (size{1, 1}) {
			t.Errorf("all but one have gone, and %+v is held", s.held)
		}
	}
}

func sortedTimes(model map[int64]float64) (times []int64) {
	for at := range model {
		times = append(times, at)
	}
	slices.Sort(times)
	return times
}

// What is no histogram is refused, and so is one among numbers.
func TestRefusedHistograms(t *testing.T) {
	s, h, g := New(Options{}), series.New("m", series.Histogram), series.New("m", series.Gauge)
	good := latency(t, 1, 2)
	for name, sample := range map[string]series.Sample{
		"a number":            at(h, 1, 5),
		"one of a gauge":      seen(g, 1, good),
		"too few counts":      seen(h, 1, &series.Distribution{Bounds: []float64{1}, Counts: []float64{1}}),
		"falling bounds":      seen(h, 1, &series.Distribution{Bounds: []float64{2, 1}, Counts: []float64{1, 1, 1}}),
		"a count below 0":     seen(h, 1, &series.Distribution{Counts: []float64{-1}}),
		"an unlikely minimum": seen(h, 1, &series.Distribution{Counts: []float64{1}, Min: 2, Max: 1}),
	} {
		if s.Append(sample) != 1 {
			t.Errorf("%s was taken", name)
		}
	}
	if s.Append(seen(h, 1, good), at(g, 1, 5)) != 0 || s.Stats() != (Stats{Series: 2, Points: 2}) {
		t.Errorf("%+v", s.Stats())
	}
}

// Points share their bounds, in feeds as well, and what the caller passed stays as it was.
func TestSharedBounds(t *testing.T) {
	s, h := New(Options{}), series.New("m", series.Histogram)
	feed, err := s.Subscribe(series.Query{Kind: series.Histograms, Metric: "*"}, make(chan struct{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	first, second, third := latency(t, 1, 2), latency(t, 3, 4), latency(t, 5, 6, 7)
	own := &second.Bounds[0]
	s.Append(at(series.New("m", series.Gauge), 1, 5), seen(h, 1, first), seen(h, 2, second), seen(h, 3, third))
	samples, _ := feed.Take(nil)
	if len(samples) != 3 {
		t.Fatalf("%d samples", len(samples))
	}
	if samples[0].Distribution != first || &samples[1].Distribution.Bounds[0] != &first.Bounds[0] || samples[2].Distribution != third {
		t.Error("bounds are not shared, or too much is copied")
	}
	if &second.Bounds[0] != own || samples[1].Distribution.Counts[1] != 4 || samples[1].Value != 7 {
		t.Errorf("%+v", samples[1])
	}
}

// A store of histograms holds fewer points, and drops the oldest of them.
func TestHistogramsWeigh(t *testing.T) {
	s := New(Options{MaxPoints: 1000})
	h, g := series.New("m", series.Histogram), series.New("m", series.Gauge)
	for i := range int64(400) {
		s.Append(seen(h, i, latency(t, 1, 2, 3, 4)), at(g, i, 1))
	}
	n, each := s.Stats().Points, latency(t, 1, 2, 3, 4).Weight()+2
	if s.held.weight > 1000 || s.held.weight < 700 || n > 2*1000/each || n < 2*700/each {
		t.Errorf("%d points of together %d", n, s.held.weight)
	}
	var newest []string
	s.Read(t.Context(), []*series.Series{h}, series.Range{From: 398, To: 1000}, func(_ int, p series.Points) error {
		newest = append(newest, fmt.Sprint(p.Times))
		return nil
	})
	if got := strings.Join(newest, ""); got != "[398 399]" {
		t.Errorf("of the newest ones %s are left", got)
	}
}
