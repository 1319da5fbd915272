package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// spread is a statistic of how far values lie from their mean (language.md 5.4).
type spread struct {
	reduction graph.Reduce
	arg       float64 // of mean_plus_stddev
}

// of returns the statistic of n values with their mean and the sum of the squares of their
// distances from it, and whether there is one.
func (s spread) of(n int32, mean, squares float64) (float64, bool) {
	if n == 0 {
		return 0, false
	}
	population, sample := squares/float64(n), squares/float64(n-1)
	switch s.reduction {
	case graph.Variance:
		return population, true
	case graph.Stddev:
		return math.Sqrt(population), true
	case graph.SampleVariance:
		return sample, n > 1
	case graph.SampleStddev:
		return math.Sqrt(sample), n > 1
	}
	return mean + s.arg*math.Sqrt(population), true
}
