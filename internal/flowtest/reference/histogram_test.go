package reference_test

import (
	"math"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// histograms adds histogram series, of which a live program has one that may still send something.
func (a *author) histograms(c *flowtest.Case, live bool) {
	for i := range 2 + a.source.IntN(3) {
		dims := []string{"host=" + strconv.Itoa(i%2), "dc=" + pick(a, "x", "y"), "n=" + strconv.Itoa(i)}
		s := named("t", series.Histogram, dims[a.source.IntN(2):])
		if a.source.IntN(3) > 0 {
			s.Properties = series.NewLabels(map[string]string{"env": pick(a, "prod", "qa")})
		}
		a.points(c, s, live)
	}
	if live {
		s := named("t", series.Histogram, []string{"dc=x", "host=1", "n=silent"})
		s.Properties = series.NewLabels(map[string]string{"env": "prod"})
		a.await(c, s)
	}
}

// layouts are the bounds of the histograms of a program; series change between them.
var layouts = [][]float64{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}, {0.5, 2.5}, {}, {-1, 0, 1, 2, 3, 4}}

// distribution makes up the point of a histogram, sometimes an empty one, of which sometimes the sum and
// the extremes are known.
func (a *author) distribution() *series.Distribution {
	bounds := pick(a, layouts...)
	counts := make([]float64, len(bounds)+1)
	first, last := -1, 0
	most := pick(a, 1, 3, 3, 3, 9)
	for i := range counts {
		if counts[i] = float64(a.source.IntN(most)); counts[i] > 0 {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	edge := func(i int) float64 { // the upper end of a bucket
		switch {
		case len(bounds) == 0:
			return float64(i + 2)
		case i < 0:
			return bounds[0] - 2
		case i == len(bounds):
			return bounds[i-1] + 2
		}
		return bounds[i]
	}
	sum, least, greatest := float64(a.source.IntN(40))/4, math.NaN(), math.NaN()
	if first >= 0 && (len(bounds) == 0 || a.source.IntN(2) == 0) {
		least = edge(first-1) + (edge(first)-edge(first-1))*float64(a.source.IntN(5))/4
		greatest = max(least, edge(last-1)+(edge(last)-edge(last-1))*float64(a.source.IntN(5))/4)
	} else if a.source.IntN(2) == 0 {
		sum = math.NaN()
	}
	d, err := series.NewDistribution(bounds, counts, sum, least, greatest)
	if err != nil {
		panic(err)
	}
	return d
}
