package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// rank is the place of a percentile, or the median, among values in rising order (language.md
// 5.4).
type rank struct {
	percent float64
	median  bool
}

func rankOf(r graph.Reduce, arg float64) rank { return rank{arg, r == graph.Median} }

// at returns the place of the value among n > 0, and of the second one when the result is
// the middle of two.
func (r rank) at(n int) (first, second int) {
	if r.median {
		return (n - 1) / 2, n / 2
	}
	// The small addition makes good for percentages that binary numbers cannot hold.
	k := min(n-1, int(math.Floor(float64(n)*r.percent/100+1e-9)))
	return k, k
}

// of returns the value of at least one value. It changes their order.
func (r rank) of(values []float64) float64 {
	i, j := r.at(len(values))
	x := selectNth(values, j)
	if i == j {
		return x
	}
	return middle(slices.Max(values[:j]), x)
}

// middle returns the mean of two values. It cannot overflow.
func middle(a, b float64) float64 { return a/2 + b/2 }

// selectNth returns the value that would stand at index k if the values were in rising order.
// Afterwards those before k are not larger, and those behind it not smaller.
func selectNth[T cmp.Ordered](values []T, k int) T {
	lo, hi := 0, len(values)-1
	for rounds := 2 * bits.Len(uint(len(values))); hi > lo; rounds-- {
		if hi-lo < 16 || rounds == 0 {
			slices.Sort(values[lo : hi+1])
			break
		}
		p := pivot(values[lo : hi+1])
		i, j := lo, hi
		for i <= j {
			for values[i] < p {
				i++
			}
			for values[j] > p {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return values[k]
		}
	}
	return values[k]
}

// manyTop is from how many of the largest values on selectNth finds the least of them sooner
// than a heap of them.
const manyTop = 100

// kthLargest returns the least of the k largest of the values, which it does not keep.
func kthLargest(values []float64, k int) float64 {
	if k > manyTop {
		return selectNth(values, len(values)-k)
	}
	top := values[:k] // a heap, with the least on top
	for i := k/2 - 1; i >= 0; i-- {
		sink(top, i)
	}
	for _, v := range values[k:] {
		if v > top[0] {
			top[0] = v
			sink(top, 0)
		}
	}
	return top[0]
}

// sink moves the value at i down a heap with the least value on top, to where it belongs.
func sink(heap []float64, i int) {
	v := heap[i]
	for {
		child := 2*i + 1
		if child >= len(heap) {
			break
		}
		if child+1 < len(heap) && heap[child+1] < heap[child] {
			child++
		}
		if heap[child] >= v {
			break
		}
		heap[i] = heap[child]
		i = child
	}
	heap[i] = v
}

// pivot returns the median of three of the values.
func pivot[T cmp.Ordered](values []T) T {
	a, b, c := values[0], values[len(values)/2], values[len(values)-1]
	return max(min(a, b), min(max(a, b), c))
}

// ranks is median and percentile over groups.
type ranks struct {
	rank    rank
	scratch []float64
}

func (r *ranks) bind(g *grouping) {
	if !g.whole() {
		g.list()
	}
}

func (r *ranks) reduce(in *vector, g *grouping, out *vector) {
	for at := range g.groups {
		r.scratch = g.gather(r.scratch[:0], at, in)
		if len(r.scratch) == 0 {
			out.drop(at)
			continue
		}
		out.set(at, r.rank.of(r.scratch))
	}
}
