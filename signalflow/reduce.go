package signalflow

import (
	"fmt"
	"math"
	"strings"
)

// Reduce says how [Result.Scalar] makes one number of many points.
type Reduce int

const (
	Latest Reduce = iota + 1 // the value with the newest timestamp
	Mean
	Min
	Max
	Sum
	Count // the number of points that have a value
)

var reduceNames = [...]string{Latest: "latest", Mean: "mean", Min: "min", Max: "max", Sum: "sum", Count: "count"}

// String returns the name, such as "mean".
func (r Reduce) String() string {
	if r < Latest || r > Count {
		return fmt.Sprintf("Reduce(%d)", int(r))
	}
	return reduceNames[r]
}

// ParseReduce returns the Reduce of a name, such as one from a configuration file: latest
// (or last), mean (or avg, average), min, max, sum, count, in any case.
func ParseReduce(name string) (Reduce, error) {
	switch n := strings.ToLower(strings.TrimSpace(name)); n {
	case "avg", "average":
		return Mean, nil
	case "last":
		return Latest, nil
	default:
		for r := Latest; r <= Count; r++ {
			if reduceNames[r] == n {
				return r, nil
			}
		}
	}
	return 0, fmt.Errorf("signalflow: %q is no reduction; there are latest, mean, min, max, sum and count", name)
}

// reduce makes one number of the points that have a value; ok is false when none has one. NaN
// is a value, and the result with it.
func (r Reduce) reduce(points []Point) (v float64, ok bool) {
	n, sum, low, high := 0, 0.0, math.Inf(1), math.Inf(-1)
	var last float64
	for _, p := range points {
		f, has := p.Value.AsFloat()
		if !has {
			continue
		}
		n++
		sum += f
		low, high, last = math.Min(low, f), math.Max(high, f), f
	}
	if n == 0 {
		return 0, false
	}
	switch r {
	case Mean:
		return sum / float64(n), true
	case Min:
		return low, true
	case Max:
		return high, true
	case Sum:
		return sum, true
	case Count:
		return float64(n), true
	}
	return last, true
}
