package series

import (
	"fmt"
	"math"
	"slices"
)

// A Distribution is a point of a histogram series: how many observations fell into which
// bucket since the point before (language.md 5.7). One that is in a store never changes, so
// whoever reads it may keep the pointer; points of a series may share their bounds.
type Distribution struct {
	Bounds []float64 // upper bounds of all buckets but the last, rising; a bound belongs to the bucket below it
	Counts []float64 // observations of each bucket: one more than there are bounds

	// Of the observations, in their own unit. They mean nothing where there are none.
	Sum, Min, Max float64
}

// MaxBuckets is the most buckets of a Distribution. The service takes 31 at most
// (language.md 6); what has more can be tried here all the same.
const MaxBuckets = 512

// NewDistribution returns a Distribution, or an error that tells what is wrong with it. It
// takes the slices over. A sum, minimum or maximum that is not known is NaN, and estimated: the
// minimum is the lower bound of the lowest bucket that holds something, or 0 where that has
// none and its upper one is above 0; the maximum is the upper bound of the highest one, or
// its lower one where it has none; neither lies beyond the mean, if that is known; and for the
// sum the observations of a bucket lie in its middle.
func NewDistribution(bounds, counts []float64, sum, least, most float64) (*Distribution, error) {
	d := &Distribution{Bounds: bounds, Counts: counts, Sum: sum, Min: least, Max: most}
	if err := d.validBuckets(); err != nil {
		return nil, err
	}
	if d.Count() == 0 {
		d.Sum, d.Min, d.Max = 0, 0, 0
		return d, nil
	}
	if d.Min != d.Min {
		d.Min = leastKnown(d.lowest(), d.Max, d.Sum/d.Count())
	}
	if d.Max != d.Max {
		d.Max = -leastKnown(-d.highest(), -d.Min, -d.Sum/d.Count())
	}
	if d.Sum != d.Sum {
		d.Sum = d.middling()
	}
	return d, d.Validate()
}

// leastKnown returns the least of three numbers, of which the last two may be NaN.
func leastKnown(x, y, z float64) float64 {
	if y < x {
		x = y
	}
	if z < x {
		x = z
	}
	return x
}

// Count returns how many observations there are.
func (d *Distribution) Count() (n float64) {
	for _, c := range d.Counts {
		n += c
	}
	return n
}

// Weight returns how many points of numbers, 20 bytes each, need the memory that a Distribution
// takes in a store beside its point: its fields, a pointer and its counts. Its bounds it shares.
func (d *Distribution) Weight() int { return (80+8*len(d.Counts))/20 + 1 }

// Edges returns where the observations of bucket i lie, between which they are taken to be
// spread evenly. The first bucket begins at the smallest observation, the last one ends at
// the largest.
func (d *Distribution) Edges(i int) (low, high float64) {
	low, high = d.Min, d.Max
	n := len(d.Bounds)
	if i > 0 {
		low = d.Bounds[i-1]
		high = max(high, low)
	}
	if i < n {
		high = d.Bounds[i]
		low = min(low, high)
	}
	return low, high
}

// Validate returns what is wrong with a Distribution: bounds that are not finite or do not
// rise, counts that are not finite or below 0, or a sum, minimum or maximum that is none.
func (d *Distribution) Validate() error {
	if err := d.validBuckets(); err != nil {
		return err
	}
	if d.Count() == 0 {
		return nil
	}
	for _, x := range []float64{d.Sum, d.Min, d.Max} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("a sum, minimum or maximum of %g", x)
		}
	}
	if d.Min > d.Max {
		return fmt.Errorf("the minimum %g is above the maximum %g", d.Min, d.Max)
	}
	return nil
}

func (d *Distribution) validBuckets() error {
	if len(d.Counts) != len(d.Bounds)+1 {
		return fmt.Errorf("%d buckets for %d bounds, want one more than bounds", len(d.Counts), len(d.Bounds))
	}
	if len(d.Counts) > MaxBuckets {
		return fmt.Errorf("%d buckets, at most %d can be kept", len(d.Counts), MaxBuckets)
	}
	for i, b := range d.Bounds {
		if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && b <= d.Bounds[i-1] {
			return fmt.Errorf("the bounds %g do not rise, or are not finite", d.Bounds)
		}
	}
	for _, c := range d.Counts {
		if math.IsNaN(c) || c < 0 {
			return fmt.Errorf("a bucket holds %g", c)
		}
	}
	if n := d.Count(); math.IsInf(n, 0) {
		return fmt.Errorf("all buckets together hold %g", n)
	}
	return nil
}

// lowest estimates the smallest observation.
func (d *Distribution) lowest() float64 {
	i := slices.IndexFunc(d.Counts, func(c float64) bool { return c > 0 })
	switch {
	case i > 0:
		return d.Bounds[i-1]
	case len(d.Bounds) == 0:
		return d.Sum / d.Count()
	}
	return min(d.Bounds[0], 0)
}

// highest estimates the largest observation.
func (d *Distribution) highest() float64 {
	n := len(d.Bounds)
	if n == 0 {
		return d.Sum / d.Count()
	}
	i := n
	for d.Counts[i] == 0 {
		i--
	}
	return d.Bounds[min(i, n-1)]
}

// middling estimates the sum.
func (d *Distribution) middling() (sum float64) {
	for i, c := range d.Counts {
		if c > 0 {
			low, high := d.Edges(i)
			sum += c * (low/2 + high/2)
		}
	}
	return sum
}
