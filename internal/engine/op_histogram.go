package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// histogramReduce merges histograms, those of a group and those of a window, and takes a number
// from what comes out (language.md 5.7). With a window and without names to group by each series
// is on its own.
//
// A window is held as others are (see window): nothing is ever subtracted. rows holds a pile of
// each slot of a block, and of the block before that of a slot with all that follow it.
type histogramReduce struct {
	grouping
	frame
	op    *graph.HistogramReduce
	alone bool // each series is on its own
	whole bool // the buckets play no part, so none are kept

	columns int    // of rows
	rows    []pile // by slot of a block, the piles of all columns
	totals  []pile // of the current block up to now
	window  pile   // of one column
	outline outline
}

func newHistogramReduce(op *graph.HistogramReduce, g grid, b *budget) *histogramReduce {
	h := &histogramReduce{grouping: newGrouping(op.By, op.AllowMissing), op: op}
	h.alone = len(h.by) == 0 && op.Over > 0
	h.whole = op.Func != graph.Percentile && op.Func != graph.CDF
	h.permanent = len(h.by) == 0 && !h.alone && op.Func == graph.Count // of nothing it is 0 (OQ-25)
	h.frame = frame{over: 1, grid: g}
	if op.Over > 0 {
		h.frame = newFrame(op.Over, g, b)
	}
	return h
}

func (h *histogramReduce) Bind(in []*stream, out *stream) {
	if h.alone {
		out.follow(in[0])
	} else {
		h.grouping.Bind(in, out)
	}
	h.live = out.live
	for _, col := range out.left {
		h.forget(int(col))
	}
	h.widen(len(out.members))
}

// forget empties the window of a column.
func (h *histogramReduce) forget(col int) {
	if col >= h.columns {
		return
	}
	for at := range h.over {
		h.rows[at*h.columns+col].drop()
	}
	h.totals[col].drop()
}

// widen makes room for more columns.
func (h *histogramReduce) widen(columns int) {
	if columns <= h.columns {
		return
	}
	if b := h.budget; b != nil {
		cost := func(columns int) int64 { return pilePoints * int64(h.over+1) * int64(columns-h.columns) }
		if double := 2 * h.columns; double > columns && b.used+cost(double) <= b.limit {
			columns = double
		}
		if b.used += cost(columns); b.exceeded() {
			return
		}
	}
	h.rows = restride(h.rows, h.over, h.columns, columns)
	h.totals = restride(h.totals, 1, h.columns, columns)
	h.columns = columns
	for i := range h.rows {
		h.rows[i].budget = h.budget
	}
	for i := range h.totals {
		h.totals[i].budget = h.budget
	}
}

func (h *histogramReduce) Step(slot int64, in []*vector, out *vector) {
	at := h.place(slot)
	row := h.row(at)
	for i := range row {
		row[i].reset()
	}
	h.gather(in[0], row)
	out.resize(h.columns)
	clear(out.present)
	for w, live := range h.live {
		for ; live != 0; live &= live - 1 {
			col := w<<6 + trailing(live)
			if x, ok := h.value(h.merge(at, col)); ok {
				out.set(col, x)
			}
		}
	}
	if h.over > 1 && at == h.over-1 {
		h.turn()
	}
}

// row returns the piles of a place.
func (h *histogramReduce) row(at int) []pile { return h.rows[at*h.columns : (at+1)*h.columns] }

// gather merges what has come in a slot.
func (h *histogramReduce) gather(in *vector, row []pile) {
	for w, word := range in.present {
		for ; word != 0; word &= word - 1 {
			col := w<<6 + trailing(word)
			to := col
			if !h.alone {
				if to = int(h.groupOf[col]) - 1; to < 0 {
					continue
				}
			}
			for _, d := range in.cells[col] {
				if h.whole {
					row[to].addWhole(d)
				} else {
					row[to].add(d)
				}
			}
		}
	}
}

// merge returns the window of a column that ends at a place.
func (h *histogramReduce) merge(at, col int) *pile {
	now := &h.rows[at*h.columns+col]
	if h.over == 1 {
		return now
	}
	total := &h.totals[col]
	total.addAll(now)
	if at == h.over-1 {
		return total
	}
	h.window.reset()
	h.window.addAll(total)
	h.window.addAll(&h.row(at + 1)[col])
	return &h.window
}

// turn ends a block: each row becomes its merger with all rows after it.
func (h *histogramReduce) turn() {
	for at := h.over - 2; at >= 0; at-- {
		row, next := h.row(at), h.row(at+1)
		for col := range row {
			row[col].addAll(&next[col])
		}
	}
	for col := range h.totals {
		h.totals[col].reset()
	}
}

// value takes the number from a pile. Without any observation only a count has one.
func (h *histogramReduce) value(p *pile) (float64, bool) {
	switch h.op.Func {
	case graph.Percentile:
		if !h.outline.of(p) {
			return 0, false
		}
		return h.outline.percentile(h.op.Arg), true
	case graph.CDF:
		if !h.outline.of(p) {
			return 0, false
		}
		return h.outline.share(h.op.Arg), true
	}
	n := p.count()
	least, most := p.span()
	switch h.op.Func {
	case graph.Count:
		return n, true
	case graph.Sum:
		return p.sum(), n > 0
	case graph.Mean:
		return p.sum() / n, n > 0
	case graph.Min:
		return least, n > 0
	default:
		return most, n > 0
	}
}

// mergeable reports whether a reduction is one that histograms have.
func mergeable(op *graph.HistogramReduce) bool {
	switch op.Func {
	case graph.Count, graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Percentile, graph.CDF:
		return op.Over >= 0
	}
	return false
}

// merges reports whether an operator reads histograms.
func merges(op graph.Op) bool {
	_, ok := op.(*graph.HistogramReduce)
	return ok
}
