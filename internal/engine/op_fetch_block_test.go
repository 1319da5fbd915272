package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestBlock gives a block values in every way that there is, some of them not finite, and reads
// its rows.
func TestBlock(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	b := &block{}
	for range 300 {
		rows, columns := 1+rnd.IntN(historySlots), 1+rnd.IntN(150)
		b.open(0, rows, 10, columns)
		want := make(map[string]float64)
		for col := range columns {
			row, every := rnd.IntN(rows), 1+rnd.IntN(3)
			var values []float64
			for range rnd.IntN((rows-row+every-1)/every + 1) {
				values = append(values, []float64{rnd.NormFloat64(), math.NaN(), math.Inf(1), 0}[min(3, rnd.IntN(30))])
			}
			if rnd.IntN(3) > 0 { // most are all finite
				for i := range values {
					values[i] = float64(col*100 + i)
				}
			}
			if rnd.IntN(2) == 0 {
				b.setRun(row, col, every, values)
			} else {
				for i, x := range values {
					b.set(row+i*every, col, x)
				}
			}
			for i, x := range values {
				if finite(x) {
					want[fmt.Sprint(row+i*every, col)] = x
				}
			}
		}
		b.settle()
		for row := range rows {
			values, present := b.row(row)
			if len(values) != b.stride || len(present)*64 != b.stride {
				t.Fatalf("a row of %d values and %d words for %d columns", len(values), len(present), b.stride)
			}
			for col := range b.stride {
				x, ok := want[fmt.Sprint(row, col)]
				if present.has(col) != ok || ok && values[col] != x {
					t.Fatalf("%d rows, %d columns: at %d, %d there is %v (%t), want %v (%t)", rows, columns, row, col, values[col], present.has(col), x, ok)
				}
			}
		}
	}
}
