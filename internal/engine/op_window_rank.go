package engine

// rankWindow is the median or a percentile of a window too long for zoneWindow. A slot costs the
// logarithm of its length.
//
// Of each series the values lie in two heaps: low has those before the wanted place in rising
// order, the largest on top, and high the others, the smallest on top; so the wanted value is
// on top of high. A value that leaves the window makes room for the one that enters, in the
// heap where it is.
type rankWindow struct {
	frame
	rank   rank
	values []float64 // over of each column, by place of the slot
	heap   []int32   // over of each column: places, low from the front and high from the back
	where  []int32   // over of each column, by place: the index in heap
	sizes  [][2]int32
}

func (x *rankWindow) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	x.live = out.live
	if x.widen(len(out.members)) {
		n := x.width * x.over
		x.values, x.heap, x.where = grow(x.values, n), grow(x.heap, n), grow(x.where, n)
		x.sizes = grow(x.sizes, x.width)
	}
	if x.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		x.forget(int(col))
		x.sizes[col] = [2]int32{}
	}
}

func (x *rankWindow) Step(slot int64, in []*vector, out *vector) {
	at := x.place(slot)
	out.resize(x.width)
	row := x.row(at)
	for w, now := range in[0].present[:min(len(in[0].present), len(row))] {
		before := row[w]
		for any := before | now; any != 0; any &= any - 1 {
			i := trailing(any)
			h := x.heaps(w<<6 + i)
			switch {
			case before&now>>i&1 != 0:
				h.replace(int32(at), in[0].values[w<<6+i])
			case now>>i&1 != 0:
				h.insert(int32(at), in[0].values[w<<6+i])
			default:
				h.remove(int32(at))
			}
			h.balance(x.rank)
			x.sizes[w<<6+i] = [2]int32{int32(h.low), int32(h.high)}
		}
	}
	x.tally(at, in[0].present)
	x.emit(out)
}

// emit takes the results off the tops of the heaps.
func (x *rankWindow) emit(out *vector) {
	clear(out.present)
	for w, live := range x.live {
		for ; live != 0; live &= live - 1 {
			col := w<<6 + trailing(live)
			n := int(x.counts[col])
			if n == 0 {
				continue
			}
			h := x.heaps(col)
			v := h.values[h.heap[len(h.heap)-1]]
			if first, second := x.rank.at(n); first != second {
				v = middle(h.values[h.heap[0]], v)
			}
			out.set(col, v)
		}
	}
}

func (x *rankWindow) heaps(col int) heaps {
	lo, hi := col*x.over, (col+1)*x.over
	return heaps{x.values[lo:hi], x.heap[lo:hi], x.where[lo:hi], int(x.sizes[col][0]), int(x.sizes[col][1])}
}

// heaps is the two heaps of one series.
type heaps struct {
	values      []float64
	heap, where []int32
	low, high   int // how many values each has
}

// The functions of one heap work on both: i counts from the top, and index tells where that
// is in heap.

func (h *heaps) index(high bool, i int) int {
	if high {
		return len(h.heap) - 1 - i
	}
	return i
}

func (h *heaps) put(high bool, i int, place int32) {
	at := h.index(high, i)
	h.heap[at], h.where[place] = place, int32(at)
}

// above reports whether a value belongs nearer to the top than another.
func above(high bool, a, b float64) bool {
	if high {
		return a < b
	}
	return a > b
}

// settle moves a place that stands at i, up or down, to where it belongs in its heap.
func (h *heaps) settle(high bool, i, n int) {
	place := h.heap[h.index(high, i)]
	v := h.values[place]
	for i > 0 {
		parent := (i - 1) / 2
		p := h.heap[h.index(high, parent)]
		if !above(high, v, h.values[p]) {
			break
		}
		h.put(high, i, p)
		i = parent
	}
	for {
		child := 2*i + 1
		if child >= n {
			break
		}
		c := h.heap[h.index(high, child)]
		if child+1 < n {
			if other := h.heap[h.index(high, child+1)]; above(high, h.values[other], h.values[c]) {
				child, c = child+1, other
			}
		}
		if !above(high, h.values[c], v) {
			break
		}
		h.put(high, i, c)
		i = child
	}
	h.put(high, i, place)
}

// locate returns the heap of a place and where it stands there.
func (h *heaps) locate(place int32) (high bool, i int) {
	at := int(h.where[place])
	if at >= h.low {
		return true, len(h.heap) - 1 - at
	}
	return false, at
}

func (h *heaps) push(high bool, place int32) {
	n := &h.low
	if high {
		n = &h.high
	}
	*n++
	h.put(high, *n-1, place)
	h.settle(high, *n-1, *n)
}

// pull takes the place at i out of a heap.
func (h *heaps) pull(high bool, i int) int32 {
	n := &h.low
	if high {
		n = &h.high
	}
	*n--
	place := h.heap[h.index(high, i)]
	if i < *n {
		h.put(high, i, h.heap[h.index(high, *n)])
		h.settle(high, i, *n)
	}
	return place
}

func (h *heaps) insert(place int32, v float64) {
	h.values[place] = v
	h.push(h.low == 0 || v >= h.values[h.heap[0]], place)
}

func (h *heaps) remove(place int32) {
	high, i := h.locate(place)
	h.pull(high, i)
}

// replace gives a place another value.
func (h *heaps) replace(place int32, v float64) {
	h.values[place] = v
	high, i := h.locate(place)
	size, otherSize := h.low, h.high
	if high {
		size, otherSize = h.high, h.low
	}
	if otherSize > 0 {
		// The tops of the heaps are neighbours. A value on the wrong side of the other top
		// changes heaps with it.
		if top := h.heap[h.index(!high, 0)]; above(high, v, h.values[top]) {
			h.put(!high, 0, place)
			h.settle(!high, 0, otherSize)
			h.put(high, i, top)
		}
	}
	h.settle(high, i, size)
}

// balance moves values between the heaps until the wanted one is on top of high.
func (h *heaps) balance(r rank) {
	n := h.low + h.high
	if n == 0 {
		return
	}
	_, want := r.at(n)
	for h.low < want {
		h.push(false, h.pull(true, 0))
	}
	for h.low > want {
		h.push(true, h.pull(false, 0))
	}
}
