package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// newWindow returns the operator of a rolling window.
func newWindow(op *graph.Window, g grid, b *budget) operator {
	f := newFrame(op.Over, g, b)
	switch op.Func {
	case graph.Count, graph.Size:
		return &countWindow{frame: f, size: op.Func == graph.Size}
	case graph.Sum, graph.Mean, graph.Min, graph.Max:
		return &window{frame: f, reduce: op.Func}
	case graph.Median, graph.Percentile:
		if f.over <= zoneSlots {
			return &zoneWindow{frame: f, rank: rankOf(op.Func, op.Arg)}
		}
		return &rankWindow{frame: f, rank: rankOf(op.Func, op.Arg)}
	}
	return newSpreadWindow(f, spread{op.Func, op.Arg})
}

// countWindow counts the values of the window, or its slots.
type countWindow struct {
	frame
	size bool
}

func (x *countWindow) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	x.live = out.live
	if x.widen(len(out.members)); x.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		x.forget(int(col))
	}
}

func (x *countWindow) Step(slot int64, in []*vector, out *vector) {
	out.resize(x.width)
	x.tally(x.place(slot), in[0].present)
	for i, n := range x.counts {
		if x.size {
			n = int32(x.over)
		}
		out.values[i] = float64(n)
	}
	clear(out.present)
	copy(out.present, x.live)
}

// window is the sum, mean, minimum or maximum of the window.
//
// Nothing is ever subtracted, so no error builds up. rows holds one row of columns for each
// slot of a block: while a block runs, the rows behind it hold its values and those before it
// hold, of the block before, the reduction of a slot with all that follow it. So a window is
// that row reduced with the running total of the block, whatever its length.
type window struct {
	frame
	reduce graph.Reduce
	rows   []float64 // over rows; None is the identity of the reduction
	totals []float64 // reduction of the current block up to now
}

func (x *window) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	x.live = out.live
	x.widen(len(out.members))
	if x.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		x.forget(int(col))
	}
}

// widen makes room for more columns.
func (x *window) widen(columns int) {
	from := x.width
	if !x.frame.widen(columns) {
		return
	}
	x.rows = restride(x.rows, x.over, from, x.width)
	x.totals = restride(x.totals, 1, from, x.width)
	if x.identity() == 0 {
		return // as new memory is
	}
	for col := from; col < x.width; col++ {
		x.erase(col)
	}
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

// erase makes all slots of a column such without a value.
func (x *window) erase(col int) {
	id := x.identity()
	for r := range x.over {
		x.rows[r*x.width+col] = id
	}
	x.totals[col] = id
}

// forget empties the window of a series that has left.
func (x *window) forget(col int) {
	x.frame.forget(col)
	x.erase(col)
}

// Step computes the window that ends with a slot. Slots follow each other without a gap.
func (x *window) Step(slot int64, in []*vector, out *vector) {
	at := x.place(slot)
	out.resize(x.width)
	x.tally(at, in[0].present)
	x.advance(at, in[0], out)
	x.finish(out)
	if at == x.over-1 {
		x.turn()
	}
}

// advance stores the slot's values, and reduces the window into out.
func (x *window) advance(at int, in, out *vector) {
	row := x.rows[at*x.width : (at+1)*x.width]
	rest := x.rows[:0]
	if next := at + 1; next < x.over {
		rest = x.rows[next*x.width : (next+1)*x.width]
	}
	id := x.identity()
	for w := range min(x.width/64, len(in.present)) {
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
	for r := x.over - 2; r >= 0; r-- {
		x.combine(x.rows[r*x.width:(r+1)*x.width], x.rows[(r+1)*x.width:(r+2)*x.width])
	}
	id := x.identity()
	for i := range x.totals {
		x.totals[i] = id
	}
}
