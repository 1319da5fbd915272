package engine

// spreadWindow is variance, stddev and their kin over the window. Its cost does not depend on
// the length of the window, and nothing is ever subtracted.
//
// It works as window does, on moments: the mean of some values and the sum of the squares of
// their distances from it. To hold two numbers for each slot would take too much memory, so a
// block is cut into four parts. Of the block before, only the part that the window is about to
// leave has the moments of each slot with all that follow it; each later part has its values,
// and those of all parts from it on are one moment, a tail.
type spreadWindow struct {
	frame
	spread  spread
	part    int // slots
	rows    []float64
	squares []float64   // part rows
	tails   [parts]tail // of the block before, from a part on; the last one is empty
	run     tail        // of the current block up to now
	inverse []float64   // 1/n by n, and 0 for 0
}

const parts = 4

// tail is moments of some values of each column.
type tail struct {
	counts  []int32
	means   []float64
	squares []float64
}

func newSpreadWindow(f frame, s spread) *spreadWindow {
	return &spreadWindow{frame: f, spread: s, part: (f.over + parts - 1) / parts}
}

func (x *spreadWindow) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	x.live = out.live
	from := x.width
	if x.widen(len(out.members)) {
		x.extend(from)
	}
	if x.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		x.forget(int(col))
	}
}

// extend makes room for the columns that the frame has now.
func (x *spreadWindow) extend(from int) {
	x.rows = restride(x.rows, x.over, from, x.width)
	x.squares = restride(x.squares, x.part, from, x.width)
	for i := range x.tails {
		x.tails[i].widen(x.width)
	}
	x.run.widen(x.width)
	if x.inverse == nil {
		x.inverse = make([]float64, x.over+1)
		for n := 1; n <= x.over; n++ {
			x.inverse[n] = 1 / float64(n)
		}
	}
}

func (t *tail) widen(width int) {
	t.counts, t.means, t.squares = grow(t.counts, width), grow(t.means, width), grow(t.squares, width)
}

func (t *tail) erase(col int) { t.counts[col], t.means[col], t.squares[col] = 0, 0, 0 }

func (t *tail) clear() {
	clear(t.counts)
	clear(t.means)
	clear(t.squares)
}

func (t *tail) copy(from *tail) {
	copy(t.counts, from.counts)
	copy(t.means, from.means)
	copy(t.squares, from.squares)
}

// forget empties the window of a series that has left.
func (x *spreadWindow) forget(col int) {
	x.frame.forget(col)
	for r := range x.over {
		x.rows[r*x.width+col] = 0
	}
	for r := range x.part {
		x.squares[r*x.width+col] = 0
	}
	for i := range x.tails {
		x.tails[i].erase(col)
	}
	x.run.erase(col)
}

func (x *spreadWindow) Step(slot int64, in []*vector, out *vector) {
	at := x.place(slot)
	out.resize(x.width)
	if next := at + 1; next < x.over && next%x.part == 0 {
		x.unfold(next / x.part)
	}
	x.tally(at, in[0].present)
	copy(x.rows[at*x.width:(at+1)*x.width], in[0].values)
	x.add(&x.run, at)
	x.emit(at, out)
	if at == x.over-1 {
		x.turn()
	}
}

// add takes the values of a place into moments.
func (x *spreadWindow) add(t *tail, at int) {
	row := x.rows[at*x.width : (at+1)*x.width]
	for w, word := range x.row(at) {
		lo := w * 64
		values, counts, means, squares := row[lo:lo+64], t.counts[lo:lo+64], t.means[lo:lo+64], t.squares[lo:lo+64]
		for ; word != 0; word &= word - 1 {
			i := trailing(word)
			counts[i]++
			d := values[i] - means[i]
			means[i] += d * x.inverse[counts[i]]
			squares[i] += d * (values[i] - means[i])
		}
	}
}

// unfold gives each slot of a part of the block before the moments of it with all that follow
// it, in place of its values.
func (x *spreadWindow) unfold(part int) {
	t := &x.tails[part]
	first, end := part*x.part, min((part+1)*x.part, x.over)
	for r := end - 1; r >= first; r-- {
		x.add(t, r)
		copy(x.rows[r*x.width:(r+1)*x.width], t.means)
		copy(x.squares[(r-first)*x.width:(r-first+1)*x.width], t.squares)
	}
}

// turn ends a block: its values become those of the block before.
func (x *spreadWindow) turn() {
	x.run.clear()
	x.tails[parts-1].clear()
	for part := parts - 1; part > 0; part-- {
		x.tails[part-1].copy(&x.tails[part])
		for r := min((part+1)*x.part, x.over) - 1; r >= part*x.part; r-- {
			x.add(&x.tails[part-1], r)
		}
	}
	x.unfold(0)
}

// emit merges the current block with what the window holds of the one before.
func (x *spreadWindow) emit(at int, out *vector) {
	next := at + 1
	past := next < x.over
	clear(out.present)
	for w, live := range x.live {
		if live == 0 {
			continue
		}
		lo, hi := w*64, w*64+64
		counts, n, means, squares := x.counts[lo:hi], x.run.counts[lo:hi], x.run.means[lo:hi], x.run.squares[lo:hi]
		pastMeans, pastSquares := means, squares
		if past {
			r := next % x.part
			pastMeans, pastSquares = x.rows[next*x.width+lo:next*x.width+hi], x.squares[r*x.width+lo:r*x.width+hi]
		}
		var word uint64
		for i, all := range counts {
			mean, square := means[i], squares[i]
			if before := all - n[i]; before > 0 {
				d := pastMeans[i] - mean
				share := float64(before) * x.inverse[all]
				mean += d * share
				square += pastSquares[i] + d*d*float64(n[i])*share
			}
			v, ok := x.spread.of(all, mean, square)
			out.values[lo+i] = v
			if ok && finite(v) {
				word |= 1 << i
			}
		}
		out.present[w] = word
	}
}
