package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestKthLargest(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 300} {
		for range 40 {
			values := make([]float64, n)
			for i := range values {
				values[i] = float64(rnd.IntN(1 + n/(1+rnd.IntN(4))))
			}
			sorted := slices.Sorted(slices.Values(values))
			for _, k := range []int{1, 2, n / 2, n - 1, n} {
				if k < 1 || k > n {
					continue
				}
				if got, want := kthLargest(slices.Clone(values), k), sorted[n-k]; got != want {
					t.Fatalf("%d of %v: got %v, want %v", k, values, got, want)
				}
			}
		}
	}
}
