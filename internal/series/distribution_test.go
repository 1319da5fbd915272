package series

import (
	"math"
	"strings"
	"testing"
)

var unknown = math.NaN()

func TestNewDistribution(t *testing.T) {
	tests := []struct {
		bounds, counts []float64
		sum, min, max  float64
		wantSum        float64
		wantMin        float64
		wantMax        float64
	}{
		{[]float64{10, 50}, []float64{1, 2, 1}, 100, 3, 70, 100, 3, 70},
		// Estimates: 0 below a bound above it, the bounds of what holds something.
		{[]float64{10, 50}, []float64{1, 2, 1}, unknown, unknown, unknown, 5 + 60 + 50, 0, 50},
		{[]float64{10, 50}, []float64{0, 2, 0}, unknown, unknown, unknown, 60, 10, 50},
		{[]float64{10, 50}, []float64{0, 0, 3}, 400, unknown, unknown, 400, 50, 400.0 / 3},
		{[]float64{10, 50}, []float64{3, 0, 0}, -15, unknown, unknown, -15, -5, 10},
		{[]float64{-10, 50}, []float64{4, 0, 0}, unknown, unknown, unknown, -40, -10, -10},
		{[]float64{10}, []float64{2, 0}, 7, unknown, 4, 7, 0, 4},
		{[]float64{10}, []float64{2, 0}, 14, 6, unknown, 14, 6, 10},
		{[]float64{10}, []float64{2, 0}, -7, unknown, -3, -7, -3.5, -3},
		{[]float64{10}, []float64{0, 2}, unknown, 12, unknown, 22, 12, 12},
		{nil, []float64{4}, 20, unknown, unknown, 20, 5, 5},
		{nil, []float64{4}, unknown, 1, 5, 12, 1, 5},
		// Of nothing nothing is known.
		{[]float64{10}, []float64{0, 0}, unknown, unknown, unknown, 0, 0, 0},
		{nil, []float64{0}, 5, math.Inf(1), math.Inf(-1), 0, 0, 0},
	}
	for _, test := range tests {
		d, err := NewDistribution(test.bounds, test.counts, test.sum, test.min, test.max)
		if err != nil || d.Sum != test.wantSum || d.Min != test.wantMin || d.Max != test.wantMax {
			t.Errorf("%+v: %+v, %v", test, d, err)
		}
	}
}

func TestInvalidDistribution(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range []struct {
		bounds, counts []float64
		sum, min, max  float64
		want           string
	}{
		{nil, nil, 0, 0, 0, "0 buckets for 0 bounds, want one more than bounds"},
		{[]float64{1}, []float64{1}, 0, 0, 0, "1 buckets for 1 bounds, want one more than bounds"},
		{[]float64{1, 1}, []float64{1, 0, 0}, 0, 0, 0, "the bounds [1 1] do not rise, or are not finite"},
		{[]float64{unknown}, []float64{1, 0}, 0, 0, 0, "the bounds [NaN] do not rise, or are not finite"},
		{[]float64{1, inf}, []float64{1, 0, 0}, 0, 0, 0, "the bounds [1 +Inf] do not rise, or are not finite"},
		{nil, []float64{-1}, 0, 0, 0, "a bucket holds -1"},
		{nil, []float64{unknown}, 0, 0, 0, "a bucket holds NaN"},
		{nil, []float64{inf}, 0, 0, 0, "all buckets together hold +Inf"},
		{[]float64{1}, []float64{1e308, 1e308}, 0, 0, 0, "all buckets together hold +Inf"},
		{nil, []float64{1}, inf, 0, 0, "a sum, minimum or maximum of +Inf"},
		{nil, []float64{1}, unknown, unknown, unknown, "a sum, minimum or maximum of NaN"},
		{nil, []float64{1}, 1, 2, 1, "the minimum 2 is above the maximum 1"},
		{make([]float64, MaxBuckets), make([]float64, MaxBuckets+1), 0, 0, 0, "513 buckets, at most 512 can be kept"},
	} {
		_, err := NewDistribution(test.bounds, test.counts, test.sum, test.min, test.max)
		if err == nil || err.Error() != test.want {
			t.Errorf("%v %v: %v, want %s", test.bounds, test.counts, err, test.want)
		}
	}
	valid := Distribution{Bounds: []float64{1}, Counts: []float64{0, 0}, Sum: unknown, Min: unknown}
	if err := valid.Validate(); err != nil {
		t.Errorf("an empty one: %v", err)
	}
}

// Buckets lie side by side, from the smallest observation to the largest.
func TestEdges(t *testing.T) {
	d := &Distribution{Bounds: []float64{10, 50}, Counts: []float64{1, 1, 1}, Min: 2, Max: 70}
	narrow := &Distribution{Bounds: []float64{10, 50}, Counts: []float64{0, 1, 0}, Min: 20, Max: 30}
	for i, want := range [][4]float64{{2, 10, 10, 10}, {10, 50, 10, 50}, {50, 70, 50, 50}} {
		low, high := d.Edges(i)
		low2, high2 := narrow.Edges(i)
		if got := [4]float64{low, high, low2, high2}; got != want {
			t.Errorf("bucket %d: %v, want %v", i, got, want)
		}
	}
	one := &Distribution{Counts: []float64{1}, Min: 2, Max: 3}
	if low, high := one.Edges(0); low != 2 || high != 3 {
		t.Errorf("the only bucket: %v to %v", low, high)
	}
}

// A histogram and numbers under one name are two series, and no query takes one for the other.
func TestKinds(t *testing.T) {
	gauge, counter, histogram := New("m", Gauge), New("m", Counter), New("m", Histogram)
	if gauge.SameIdentity(histogram) || gauge.ID == histogram.ID || !gauge.SameIdentity(counter) || histogram.Metric != "m" {
		t.Errorf("%v %v %v", gauge, counter, histogram)
	}
	for kind, want := range map[Kind][2]bool{Numbers: {true, false}, Histograms: {false, true}, AnyKind: {true, true}} {
		for _, metric := range []string{"m", "*"} {
			q := Query{Kind: kind, Metric: metric}
			if got := [2]bool{q.Matches(gauge), q.Matches(histogram)}; got != want {
				t.Errorf("kind %d of %s: %v", kind, metric, got)
			}
		}
	}
	q := Query{Kind: Histograms, Metric: "m"}
	if q.String() != "histogram('m')" || !strings.HasPrefix(New("m", Histogram).Type.String(), "histogram") {
		t.Error(q.String())
	}
}
