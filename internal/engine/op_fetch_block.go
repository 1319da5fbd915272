package engine

// block is a stretch of slots, a row each, of a fetch.
//
// Points come by series and slots need rows of all series, so somebody has to turn them. It is
// done a tile of rows at a time, just before they are needed: a tile fits in a processor's cache,
// and from each series it takes what lies side by side in memory.
type block struct {
	start, end int64 // ms
	rows       int   // at most historySlots
	stride     int   // columns of a row, a multiple of 64

	columns []float64 // rows of each
	slots   []uint64  // by column: which of the rows have a value
	present bitmap    // by row; made by settle

	tile  []float64 // tileRows rows, pitch apart
	from  int       // first row of the tile; -1: not made yet
	pitch int
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
	b.columns = grow(b.columns, n*b.stride)
	if b.from = -1; n == 1 {
		return
	}
	// Lines of a cache whose distance is a power of two drive each other out: a pitch of an odd
	// number of lines keeps the rows of a column apart.
	b.pitch = b.stride + 8
	b.tile = grow(b.tile, tileRows*b.pitch)
}

// set gives a column a value in a row; one that is not finite is None.
func (b *block) set(row, col int, x float64) {
	if finite(x) {
		b.columns[col*b.rows+row] = x
		b.slots[col] |= 1 << row
	}
}

// setRun does the same with values for every so many-th row of a column that is still empty.
func (b *block) setRun(row, col, every int, values []float64) {
	column, slots := b.columns[col*b.rows:(col+1)*b.rows], uint64(0)
	for _, x := range values {
		if finite(x) {
			column[row] = x
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
		return b.columns[:b.stride], present
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
	any := uint64(1<<n-1) << from
	for col, slots := range b.slots {
		if slots&any == 0 {
			continue
		}
		to := b.tile[col:]
		for i, x := range b.columns[col*b.rows+from:][:n] {
			to[i*b.pitch] = x
		}
	}
}
