package engine

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// window reduces each series over its last n slots, the current one included (language.md
// 4.8).
//
// Nothing is ever subtracted, so no error builds up. Time is cut into blocks of n slots; a
// window is the end of one block and the beginning of the next. rows holds one row of
// columns for each slot of a block: while a block runs, the rows behind it hold its values
// and those before it hold, of the block before, the reduction of a slot with all that
// follow it. So a window is that row reduced with the running total of the block, whatever
// its length. Blocks begin at multiples of n slots from the epoch, so that a value depends
// on the data alone and not on when the job began.
type window struct {
	reduce  graph.Reduce
	over    int64 // slots
	grid    grid
	width   int       // columns of a row, a multiple of 64
	rows    []float64 // over rows; None is the identity of the reduction
	present bitmap    // over rows of presence bits, as they came
	totals  []float64 // reduction of the current block up to now
	counts  []int32   // values in the window
	live    bitmap
	budget  *budget
}

// budget bounds what all windows of a job hold together. When it is exceeded the window
// that asked stays as it is, and the job ends before its next step.
//
// Even a window of no series counts as one column of words, so that no job goes through a
// history that no window could hold.
type budget struct{ limit, used, least int64 }

func (b *budget) exceeded() bool { return b.needed() > b.limit }
func (b *budget) needed() int64  { return max(b.used, b.least) }

func newWindow(op *graph.Window, g grid, b *budget) *window {
	x := &window{reduce: op.Func, grid: g, over: windowSlots(op.Over, g.step), budget: b}
	b.least += x.over * 64
	return x
}

// windowSlots returns how many slots a window spans.
func windowSlots(over time.Duration, step int64) int64 {
	return max(1, ceilDiv(over.Milliseconds(), step))
}

func (x *window) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	x.live = out.live
	x.widen(wordsFor(len(out.members)) * 64)
	if x.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		x.forget(int(col))
	}
}

// widen makes room for more columns.
func (x *window) widen(width int) {
	if width <= x.width {
		return
	}
	b := x.budget
	if double := 2 * x.width; double > width && b.used+x.over*int64(double-x.width) <= b.limit {
		width = double
	}
	b.used += x.over * int64(width-x.width)
	if b.exceeded() {
		return
	}
	words, oldWords := width/64, x.width/64
	present := make(bitmap, int(x.over)*words)
	for r := range int(x.over) {
		copy(present[r*words:], x.present[r*oldWords:(r+1)*oldWords])
	}
	x.present = present
	x.counts = grow(x.counts, width)
	if x.reduce != graph.Count {
		rows := make([]float64, int(x.over)*width)
		x.erase(rows)
		for r := range int(x.over) {
			copy(rows[r*width:], x.rows[r*x.width:(r+1)*x.width])
		}
		totals := make([]float64, width)
		x.erase(totals)
		copy(totals, x.totals)
		x.rows, x.totals = rows, totals
	}
	x.width = width
}

// identity is what a slot without a value adds to a reduction.
func (x *window) identity() float64 {
	switch x.reduce {
	case graph.Min:
		return inf
	case graph.Max:
		return -inf
	}
	return 0
}

// erase makes slots without a value of all columns.
func (x *window) erase(values []float64) {
	id := x.identity()
	for i := range values {
		values[i] = id
	}
}

// forget empties the window of a series that has left.
func (x *window) forget(col int) {
	id := x.identity()
	for r := range int(x.over) {
		x.present[r*x.width/64:].clear(col)
		if x.rows != nil {
			x.rows[r*x.width+col] = id
		}
	}
	x.counts[col] = 0
	if x.totals != nil {
		x.totals[col] = id
	}
}

// Step computes the window that ends with a slot. Slots follow each other without a gap.
func (x *window) Step(slot int64, in []*vector, out *vector) {
	at := int(x.grid.number(slot) % x.over)
	if at < 0 {
		at += int(x.over)
	}
	words := min(x.width/64, len(in[0].present))
	out.resize(x.width)
	x.tally(at, in[0].present[:words])
	if x.reduce == graph.Count {
		x.emitCounts(out)
		return
	}
	x.advance(at, in[0], out, words)
	x.finish(out)
	if at == int(x.over)-1 {
		x.turn()
	}
}

// tally takes the presence of the slot that leaves the window off the counts and adds that
// of the new one; with whole numbers that is exact.
func (x *window) tally(at int, present bitmap) {
	stride := x.width / 64
	row := x.present[at*stride : (at+1)*stride]
	for w, now := range present {
		before := row[w]
		row[w] = now
		lo := w * 64
		for gone := before &^ now; gone != 0; gone &= gone - 1 {
			x.counts[lo+trailing(gone)]--
		}
		for come := now &^ before; come != 0; come &= come - 1 {
			x.counts[lo+trailing(come)]++
		}
	}
}

// emitCounts gives every live series the number of its values.
func (x *window) emitCounts(out *vector) {
	for i, n := range x.counts {
		out.values[i] = float64(n)
	}
	clear(out.present)
	copy(out.present, x.live)
}

// advance stores the slot's values, and reduces the window into out.
func (x *window) advance(at int, in, out *vector, words int) {
	row := x.rows[at*x.width : (at+1)*x.width]
	rest := x.rows[:0]
	if next := at + 1; next < int(x.over) {
		rest = x.rows[next*x.width : (next+1)*x.width]
	}
	id := x.identity()
	for w := range words {
		lo, present := w*64, in.present[w]
		values := row[lo : lo+64]
		copy(values, in.values[lo:lo+64])
		for missing := ^present; missing != 0; missing &= missing - 1 {
			values[trailing(missing)] = id
		}
		x.combine(x.totals[lo:lo+64], values)
	}
	copy(out.values, x.totals)
	if len(rest) > 0 {
		x.combine(out.values[:x.width], rest)
	}
}

// combine reduces more into totals, column by column.
func (x *window) combine(totals, more []float64) {
	more = more[:len(totals)]
	switch x.reduce {
	case graph.Min:
		for i, v := range more {
			totals[i] = min(totals[i], v)
		}
	case graph.Max:
		for i, v := range more {
			totals[i] = max(totals[i], v)
		}
	default:
		for i, v := range more {
			totals[i] += v
		}
	}
}

// finish drops the windows without a value and divides for a mean.
func (x *window) finish(out *vector) {
	for w := range out.present {
		lo := w * 64
		counts, values := x.counts[lo:lo+64], out.values[lo:lo+64]
		if x.reduce == graph.Mean {
			for i, n := range counts {
				values[i] /= float64(n)
			}
		}
		var word uint64
		for i, n := range counts {
			if n > 0 {
				word |= 1 << i
			}
		}
		out.present[w] = word & finiteBits(values)
	}
}

// turn ends a block: each row becomes its reduction with all rows after it.
func (x *window) turn() {
	for r := int(x.over) - 2; r >= 0; r-- {
		x.combine(x.rows[r*x.width:(r+1)*x.width], x.rows[(r+1)*x.width:(r+2)*x.width])
	}
	x.erase(x.totals)
}
