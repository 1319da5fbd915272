package engine

import "github.com/signalfx/signalflow-client-go/internal/series"

// block is a stretch of slots, a row each, of a fetch.
//
// Points come by series and slots need rows of all series, so somebody has to turn them. It is
// done a tile of rows at a time, just before they are needed: a tile fits in a processor's cache,
// and from each series it takes what lies side by side in memory. Until then the points of a
// series that sends regularly stay where the source has them.
type block struct {
	start, end int64 // ms
	rows       int   // at most historySlots
	stride     int   // columns of a row, a multiple of 64

	columns []column
	own     []float64 // by column, rows of each: values that are not in their column
	slots   []uint64  // by column: which of the rows have a value
	present bitmap    // by row; made by settle

	tile  []float64 // tileRows rows, pitch apart
	from  int       // first row of the tile; -1: not made yet
	pitch int
}

// column is the values of one series where the source has them: one for every so many-th row, the
// first for some row. Without values they are in own.
type column struct {
	values     []float64
	row, every int
}

// tileRows is how many rows are turned at once: as many as numbers fit in a line of a cache.
const tileRows = 8

// open makes a block of n slots from t, without values.
func (b *block) open(t int64, n int, step int64, columns int) {
	words := wordsFor(columns)
	b.start, b.end, b.rows, b.stride = t, t+int64(n)*step, n, words*64
	b.present = grow(b.present, n*words)
	b.slots = grow(b.slots, b.stride)
	clear(b.slots)
	b.own = grow(b.own, n*b.stride)
	if b.from = -1; n == 1 {
		return
	}
	b.columns = grow(b.columns, b.stride)
	clear(b.columns)
	// Lines of a cache whose distance is a power of two drive each other out: a pitch of an odd
	// number of lines keeps the rows of a column apart.
	b.pitch = b.stride + 8
	b.tile = grow(b.tile, tileRows*b.pitch)
}

// set gives a column a value in a row; one that is not finite is None.
func (b *block) set(row, col int, x float64) {
	if finite(x) {
		b.own[col*b.rows+row] = x
		b.slots[col] |= 1 << row
	}
}

// setRun gives a column that is still empty points for every so many-th row.
func (b *block) setRun(row, col, every int, p series.Points) {
	if b.rows > 1 && p.Lasting {
		b.columns[col] = column{p.Values, row, every}
		if every == 1 {
			b.slots[col] = (1<<len(p.Values) - 1) << row
			return
		}
		for range p.Values {
			b.slots[col] |= 1 << row
			row += every
		}
		return
	}
	own, slots := b.own[col*b.rows:(col+1)*b.rows], uint64(0)
	for _, x := range p.Values {
		if finite(x) {
			own[row] = x
			slots |= 1 << row
		}
		row += every
	}
	b.slots[col] = slots
}

// settle makes the presence bits of the rows from those of the columns.
func (b *block) settle() {
	words := b.stride / 64
	for w := range words {
		var square [64]uint64
		copy(square[:], b.slots[w*64:])
		if b.rows == 1 {
			b.present[w] = lowBits(&square)
			continue
		}
		transpose(&square)
		for row := range b.rows {
			b.present[row*words+w] = square[row]
		}
	}
}

// row returns the values and presence bits of a row. The next tile takes the memory again.
func (b *block) row(row int) ([]float64, bitmap) {
	words := b.stride / 64
	present := b.present[row*words : (row+1)*words]
	if b.rows == 1 {
		return b.own[:b.stride], present
	}
	if from := row - row%tileRows; from != b.from {
		b.turn(from)
	}
	return b.tile[(row-b.from)*b.pitch:][:b.stride], present
}

// turn makes the tile from a row on.
func (b *block) turn(from int) {
	b.from = from
	n := min(tileRows, b.rows-from)
	all := uint64(1<<n - 1)
	for col, slots := range b.slots {
		slots = slots >> from & all
		if slots == 0 {
			continue
		}
		var values []float64
		switch c := &b.columns[col]; {
		case c.values == nil:
			values = b.own[col*b.rows+from:][:n]
		case slots == all && c.every == 1:
			values = c.values[from-c.row:][:n]
		default:
			b.pick(c, col, slots)
			continue
		}
		to := b.tile[col:]
		for i, x := range values {
			to[i*b.pitch] = x
			if !finite(x) {
				b.drop(from+i, col)
			}
		}
	}
}

// pick fills the rows of the tile that slots tells of from a column with gaps.
func (b *block) pick(c *column, col int, slots uint64) {
	for ; slots != 0; slots &= slots - 1 {
		i := trailing(slots)
		x := c.values[(b.from+i-c.row)/c.every]
		b.tile[i*b.pitch+col] = x
		if !finite(x) {
			b.drop(b.from+i, col)
		}
	}
}

// drop makes a value None.
func (b *block) drop(row, col int) { b.present[row*b.stride/64:].clear(col) }
