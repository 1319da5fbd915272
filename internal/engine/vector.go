package engine

import (
	"math"
	"math/bits"
)

// vector holds the values of one stream in one slot, one column for each of its series. A
// column without its presence bit is None, and its number means nothing. A boolean is 1 or 0.
// Present numbers are always finite.
type vector struct {
	values  []float64
	present bitmap
	cells   []cell // of a histogram stream, else nil
}

// resize makes room for n columns, in whole words of presence bits, and keeps what is there.
// It reports whether there are more columns now.
func (v *vector) resize(n int) bool {
	words := wordsFor(n)
	if words <= len(v.present) {
		return false
	}
	v.present = grow(v.present, words)
	v.values = grow(v.values, words*64)
	return true
}

// drop makes a column None.
func (v *vector) drop(i int) { v.present.clear(i) }

// set gives a column a value; one that is not finite becomes None (language.md 2.7).
func (v *vector) set(i int, x float64) {
	if !finite(x) {
		v.present.clear(i)
		return
	}
	v.values[i] = x
	v.present.set(i)
}

// get returns the value of a column and whether it has one.
func (v *vector) get(i int) (float64, bool) { return v.values[i], v.present.has(i) }

// appendTo appends the values of all columns that have one to dst.
func (v *vector) appendTo(dst []float64) []float64 {
	for w, word := range v.present {
		lo := w * 64
		if word == ^uint64(0) {
			dst = append(dst, v.values[lo:lo+64]...)
			continue
		}
		for ; word != 0; word &= word - 1 {
			dst = append(dst, v.values[lo+trailing(word)])
		}
	}
	return dst
}

// bitmap is a set of columns. Bits behind the last column are always clear.
type bitmap []uint64

func wordsFor(n int) int { return (n + 63) / 64 }

func (b bitmap) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitmap) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitmap) clear(i int)    { b[i>>6] &^= 1 << (i & 63) }

// count returns the number of columns in the set.
func (b bitmap) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// each calls f for every column in the set, in order.
func (b bitmap) each(f func(i int)) {
	for w, word := range b {
		for ; word != 0; word &= word - 1 {
			f(w<<6 + trailing(word))
		}
	}
}

// trailing returns the lowest column of a word that is not 0.
func trailing(word uint64) int { return bits.TrailingZeros64(word) }

var inf = math.Inf(1)

// finite reports whether x is neither infinite nor NaN.
func finite(x float64) bool { return x-x == 0 }

// finiteBits returns the columns of one word whose numbers are finite.
func finiteBits(x []float64) (word uint64) {
	x = x[:64]
	for i, v := range x {
		if math.Float64bits(v)&0x7ff0000000000000 != 0x7ff0000000000000 {
			word |= 1 << i
		}
	}
	return word
}

// grow returns s with at least n elements, the new ones zero.
func grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	if n <= cap(s) {
		return s[:n]
	}
	g := make([]T, n, max(n, 2*cap(s)))
	copy(g, s)
	return g
}

// transpose makes columns of the rows of a square of bits, the lowest bit first.
func transpose(m *[64]uint64) {
	for width, mask := 32, uint64(1<<32-1); width > 0; width, mask = width/2, mask^mask<<(width/2) {
		for k := 0; k < 64; k = (k + width + 1) &^ width {
			t := (m[k]>>width ^ m[k+width]) & mask
			m[k] ^= t << width
			m[k+width] ^= t
		}
	}
}

// lowBits returns the first column of a square of bits.
func lowBits(m *[64]uint64) (column uint64) {
	for i, row := range m {
		column |= row & 1 << i
	}
	return column
}
