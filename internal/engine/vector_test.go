package engine

import (
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 4))
	var square, turned [64]uint64
	for i := range square {
		square[i] = rnd.Uint64() & rnd.Uint64()
	}
	turned = square
	transpose(&turned)
	for i := range square {
		for k := range square {
			if square[i]>>k&1 != turned[k]>>i&1 {
				t.Fatalf("row %d, column %d is %d, and the other way round %d", i, k, square[i]>>k&1, turned[k]>>i&1)
			}
		}
	}
	if got := lowBits(&square); got != turned[0] {
		t.Errorf("the first column is %x, want %x", got, turned[0])
	}
}
