package engine

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// cells is what a fetch of histograms has beside the block of its slots: the histograms
// themselves. The number of a cell that is present means nothing.
type cells struct {
	rows    []cell // as the values of the block
	held    cell   // what the rows are parts of
	scratch pile
	windows *budget

	filled  int // cells of the block
	numbers int // counts of buckets that are their own, where they hold more than one point
	usual   int // how many a cell had in a block before; 0: not known
}

// blockValues bounds what a block of history holds of one fetch, 8 bytes each, unless one slot
// has more.
const blockValues = 2 << 20

// affordableBlock returns how many slots a block may have by that bound.
func (f *fetch) affordableBlock() int {
	return max(1, blockValues/max(1, len(f.tracks)*f.cells.size()))
}

// size returns how many values a cell counts for, by the last block that held something: where it
// holds several points, it has buckets of its own.
func (c *cells) size() int {
	switch {
	case c == nil:
		return 1
	case c.filled > 0:
		c.usual = max(1, c.numbers/c.filled)
	case c.usual == 0: // nothing is known
		return series.MaxBuckets
	}
	return c.usual
}

// kindOf returns which series a source reads.
func kindOf(op graph.Op) series.Kind {
	if _, ok := op.(*graph.HistogramFetch); ok {
		return series.Histograms
	}
	return series.Numbers
}

// open makes room for as many cells as a block has values.
func (c *cells) open(n int) {
	clear(c.rows) // so that nothing is kept alive
	clear(c.held)
	c.held = c.held[:0]
	c.filled, c.numbers = 0, 0
	c.rows = grow(c.rows, n)
}

// roll merges the points of a slot, at least one, into a cell.
func (c *cells) roll(at int, points []*series.Distribution) {
	from := len(c.held)
	c.filled++
	if len(points) == 1 {
		c.held = append(c.held, points[0])
	} else {
		c.scratch.reset()
		for _, d := range points {
			c.scratch.add(d)
		}
		c.held = c.scratch.freeze(c.held)
		for _, d := range c.held[from:] {
			c.numbers += layoutPoints + len(d.Counts)
		}
	}
	c.rows[at] = c.held[from:len(c.held):len(c.held)]
}

// err returns an error if the windows hold too much. Those of histograms grow with what comes,
// so a fetch asks before each block.
func (c *cells) err() error {
	if c == nil {
		return nil
	}
	return c.windows.err()
}
