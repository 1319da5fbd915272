package engine

import "slices"

const (
	// zoneSlots is the longest window that zoneWindow is for. Where values rise all the time, a
	// zone is found anew every zoneSize/2 slots with a look at all of the window; up to this
	// length that costs no more than two heaps do.
	zoneSlots = 16_384

	// zoneSize is the most values of a zone: eight lines of a processor's cache.
	zoneSize = 64
)

// zoneWindow is the median or a percentile of a window, unless that is very long.
//
// Of each series it keeps only the values around the wanted place in order, the zone, and
// knows of the others how many are below. Most values that enter or leave lie outside, and
// cost two comparisons and nothing that is far away in memory.
type zoneWindow struct {
	frame
	rank    rank
	recent  []float64 // over rows of values as they came, by place of the slot
	zones   []zone    // by column
	scratch []float64
}

// zone is the values of one series at some places in rising order. Those before them are not
// larger, and those behind not smaller.
type zone struct {
	below  int32 // how many values stand before the zone
	size   int32
	values [zoneSize]float64
}

func (x *zoneWindow) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	x.live = out.live
	from := x.width
	if x.widen(len(out.members)) {
		x.recent = restride(x.recent, x.over, from, x.width)
		x.zones = grow(x.zones, x.width)
	}
	if x.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		x.forget(int(col))
		x.zones[col] = zone{}
	}
}

func (x *zoneWindow) Step(slot int64, in []*vector, out *vector) {
	at := x.place(slot)
	out.resize(x.width)
	clear(out.present)
	row, recent := x.row(at), x.recent[at*x.width:(at+1)*x.width]
	for w := range row {
		var now uint64
		if w < len(in[0].present) {
			now = in[0].present[w]
		}
		before := row[w]
		row[w] = now
		for any := before | now; any != 0; any &= any - 1 {
			i := trailing(any)
			col := w<<6 + i
			old := recent[col]
			if now>>i&1 != 0 {
				recent[col] = in[0].values[col]
			}
			switch {
			case now>>i&1 == 0:
				x.leave(col, old)
			case before>>i&1 == 0:
				x.enter(col, recent[col])
			case !x.zones[col].exchange(x.counts[col], old, recent[col]):
				x.enter(col, recent[col])
				x.leave(col, old)
			}
		}
	}
	x.emit(out)
}

// enter adds a value to a column.
func (x *zoneWindow) enter(col int, v float64) {
	z, n := &x.zones[col], x.counts[col]
	x.counts[col]++
	switch {
	case z.below > 0 && v < z.values[0]:
		z.below++
	case z.above(n) > 0 && v > z.values[z.size-1]:
	case z.size < zoneSize:
		z.insert(v)
	default:
		_, want := x.rank.at(int(n) + 1)
		z.push(v, want-int(z.below) > zoneSize/2)
	}
}

// leave takes a value away from a column that has it.
func (x *zoneWindow) leave(col int, old float64) {
	z := &x.zones[col]
	n := x.counts[col]
	x.counts[col]--
	switch {
	case z.below > 0 && old < z.values[0]:
		z.below--
	case z.above(n) > 0 && old > z.values[z.size-1]:
	default:
		z.cut(below(z.values[:z.size], old))
	}
}

// exchange puts a value in the place of another, of n, if both lie within the zone.
func (z *zone) exchange(n int32, old, v float64) bool {
	if !z.holds(n, old) || !z.holds(n, v) {
		return false
	}
	values := z.values[:z.size]
	from, to := below(values, old), below(values, v)
	if from < to {
		to--
		copy(values[from:to], values[from+1:])
	} else {
		copy(values[to+1:from+1], values[to:])
	}
	values[to] = v
	return true
}

// holds reports whether a value has its place in the zone.
func (z *zone) holds(n int32, v float64) bool {
	return z.size > 0 && (z.below == 0 || v >= z.values[0]) && (z.above(n) == 0 || v <= z.values[z.size-1])
}

// above returns how many of n values stand behind the zone.
func (z *zone) above(n int32) int32 { return n - z.size - z.below }

func (z *zone) insert(v float64) {
	at := below(z.values[:z.size], v)
	copy(z.values[at+1:], z.values[at:z.size])
	z.values[at] = v
	z.size++
}

// push adds a value to a full zone, which loses its first or its last one.
func (z *zone) push(v float64, first bool) {
	if first {
		z.below++
		if v >= z.values[0] {
			z.cut(0)
			z.insert(v)
		}
		return
	}
	if v <= z.values[zoneSize-1] {
		z.cut(zoneSize - 1)
		z.insert(v)
	}
}

func (z *zone) cut(at int) {
	copy(z.values[at:], z.values[at+1:z.size])
	z.size--
}

// below returns how many of the values, which are in rising order, are less than v. Its
// comparisons become no jumps, of which a processor would guess every second one wrong.
func below(values []float64, v float64) int {
	at, n := 0, len(values)
	for n > 1 {
		half := n / 2
		next := at + half
		if values[next-1] < v {
			at = next
		}
		n -= half
	}
	if n == 1 && values[at] < v {
		at++
	}
	return at
}

// emit takes the results out of the zones.
func (x *zoneWindow) emit(out *vector) {
	for w, live := range x.live {
		for ; live != 0; live &= live - 1 {
			col := w<<6 + trailing(live)
			n := int(x.counts[col])
			if n == 0 {
				continue
			}
			first, second := x.rank.at(n)
			z := &x.zones[col]
			if first < int(z.below) || second >= int(z.below+z.size) {
				x.find(col, second)
			}
			v := z.values[second-int(z.below)]
			if first != second {
				v = middle(z.values[first-int(z.below)], v)
			}
			out.set(col, v)
		}
	}
}

// find makes the zone of a column anew, around a place.
func (x *zoneWindow) find(col, want int) {
	values := x.scratch[:0]
	for at := range x.over {
		if x.row(at).has(col) {
			values = append(values, x.recent[at*x.width+col])
		}
	}
	x.scratch = values
	n := len(values)
	lo := max(0, min(want-zoneSize/2, n-zoneSize))
	hi := min(n, lo+zoneSize)
	if lo > 0 {
		selectNth(values, lo)
	}
	if hi < n {
		selectNth(values[lo:], hi-lo)
	}
	z := &x.zones[col]
	z.below, z.size = int32(lo), int32(hi-lo)
	copy(z.values[:], values[lo:hi])
	slices.Sort(z.values[:z.size])
}
