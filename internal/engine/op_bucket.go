package engine

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// bucketPercentile estimates a percentile from counters of which each counts what lies below an
// upper bound: histogram_percentile() (language.md 5.7). Series that differ in nothing but the
// bound are one histogram.
type bucketPercentile struct {
	grouping
	op     *graph.BucketPercentile
	bounds []float64 // by input column; NaN: it has none
	sorted []int32   // the columns of all groups, each group by rising bound
}

func newBucketPercentile(op *graph.BucketPercentile) *bucketPercentile {
	b := &bucketPercentile{grouping: newGrouping(nil, nil), op: op}
	b.except = op.Bucket
	return b
}

func (b *bucketPercentile) Bind(in []*stream, out *stream) {
	b.grouping.Bind(in, out)
	b.bounds = grow(b.bounds, len(in[0].members))
	for _, col := range in[0].joined {
		b.bounds[col] = b.bound(&in[0].members[col])
	}
	b.list()
	for at := range b.groups {
		slices.SortStableFunc(b.of(at), func(x, y int32) int { return cmp.Compare(b.bounds[x], b.bounds[y]) })
	}
}

// bound returns the upper bound of a series.
func (b *bucketPercentile) bound(m *member) float64 {
	text, _ := m.key.Get(b.op.Bucket)
	if text == b.op.Infinity {
		return inf
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !finite(x) {
		return math.NaN()
	}
	return x
}

func (b *bucketPercentile) Step(_ int64, in []*vector, out *vector) {
	out.resize(len(b.groups))
	for at := range b.groups {
		out.set(at, b.percentile(b.of(at), in[0]))
	}
}

// percentile returns that of one histogram; what is not finite is None.
func (b *bucketPercentile) percentile(columns []int32, in *vector) float64 {
	total, ok := b.total(columns, in)
	if !ok || total <= 0 {
		return inf
	}
	rank := b.op.Percent / 100 * total
	below, edge := 0.0, math.NaN() // the count up to the last bound, and that bound
	for _, col := range columns {
		count, ok := in.get(int(col))
		bound := b.bounds[col]
		if !ok || bound != bound {
			continue
		}
		if bound == inf {
			break
		}
		if edge != edge {
			edge = min(bound, 0) // of the first bucket the lower end is 0, or none
		}
		if count >= rank && count > below {
			return edge + (rank-below)/(count-below)*(bound-edge)
		}
		below, edge = max(below, count), bound
	}
	return edge
}

// total returns the count of the bucket without a bound.
func (b *bucketPercentile) total(columns []int32, in *vector) (float64, bool) {
	for i := len(columns) - 1; i >= 0 && b.bounds[columns[i]] == inf; i-- {
		if x, ok := in.get(int(columns[i])); ok {
			return x, true
		}
	}
	return 0, false
}
