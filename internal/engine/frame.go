package engine

import (
	"fmt"
	"time"
)

// frame is what all rolling windows have in common: the last n slots, the current one
// included (language.md 4.8), and which values of these are there.
//
// Time is cut into blocks of n slots, which begin at multiples of n slots from the epoch, so
// that a value depends on the data alone and not on when the job began. The place of a slot
// in its block is the place of its values in what a window keeps: the slot that leaves the
// window makes room for the one that enters.
type frame struct {
	over    int // slots
	grid    grid
	width   int     // columns, a multiple of 64
	present bitmap  // over rows of presence bits
	counts  []int32 // by column: values in the window
	live    bitmap
	budget  *budget
	share   int64 // how many slots take the memory of one point
}

// budget bounds what all windows of a job hold together. When it is exceeded the window
// that asked stays as it is, and the job ends before its next step.
//
// Even a window of no series counts as one column of words, so that no job goes through a
// history that no window could hold.
type budget struct{ limit, used, least int64 }

func (b *budget) exceeded() bool { return b.needed() > b.limit }
func (b *budget) needed() int64  { return max(b.used, b.least) }

// err returns what to tell of a budget that is exceeded, else nil.
func (b *budget) err() error {
	if !b.exceeded() {
		return nil
	}
	return &LimitError{
		What: fmt.Sprintf("the windows of the program would hold %d points", b.needed()), Limit: b.limit,
		Remedy: "shorten them, run at a coarser resolution or select fewer series",
	}
}

func newFrame(over time.Duration, g grid, b *budget) frame {
	return sharedFrame(over, g, b, 1)
}

// sharedFrame returns the frame of a window that needs less than a number for each slot.
func sharedFrame(over time.Duration, g grid, b *budget, share int64) frame {
	f := frame{over: int(windowSlots(over, g.step)), grid: g, budget: b, share: share}
	b.least += f.points(64)
	return f
}

// points returns what so many columns count for in the budget.
func (f *frame) points(columns int) int64 { return ceilDiv(int64(f.over)*int64(columns), f.share) }

// windowSlots returns how many slots a window spans.
func windowSlots(over time.Duration, step int64) int64 {
	return max(1, ceilDiv(over.Milliseconds(), step))
}

// place returns where a slot lies in its block.
func (f *frame) place(slot int64) int {
	at := int(f.grid.number(slot) % int64(f.over))
	if at < 0 {
		at += f.over
	}
	return at
}

// widen makes room for more columns and reports whether there are more now.
func (f *frame) widen(columns int) bool {
	width := wordsFor(columns) * 64
	if width <= f.width {
		return false
	}
	b := f.budget
	if double := 2 * f.width; double > width && b.used+f.points(double-f.width) <= b.limit {
		width = double
	}
	b.used += f.points(width - f.width)
	if b.exceeded() {
		return false
	}
	f.present = restride(f.present, f.over, f.width/64, width/64)
	f.counts = grow(f.counts, width)
	f.width = width
	return true
}

// restride moves rows to a table of wider ones.
func restride[T any](table []T, rows, from, to int) []T {
	wide := make([]T, rows*to)
	for r := range rows {
		copy(wide[r*to:], table[r*from:(r+1)*from])
	}
	return wide
}

// forget empties a column.
func (f *frame) forget(col int) {
	for r := range f.over {
		f.present[r*f.width/64:].clear(col)
	}
	f.counts[col] = 0
}

// row returns the presence bits of a place.
func (f *frame) row(at int) bitmap {
	words := f.width / 64
	return f.present[at*words : (at+1)*words]
}

// tally takes the presence of the slot that leaves the window off the counts and adds that
// of the new one; with whole numbers that is exact.
func (f *frame) tally(at int, present bitmap) {
	row := f.row(at)
	for w, now := range present[:min(len(present), len(row))] {
		before := row[w]
		row[w] = now
		lo := w * 64
		for gone := before &^ now; gone != 0; gone &= gone - 1 {
			f.counts[lo+trailing(gone)]--
		}
		for come := now &^ before; come != 0; come &= come - 1 {
			f.counts[lo+trailing(come)]++
		}
	}
}
