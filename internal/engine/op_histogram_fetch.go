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
	c.rows = grow(c.rows, n)
}

// roll merges the points of a slot, at least one, into a cell.
func (c *cells) roll(at int, points []*series.Distribution) {
	from := len(c.held)
	if len(points) == 1 {
		c.held = append(c.held, points[0])
	} else {
		c.scratch.reset()
		for _, d := range points {
			c.scratch.add(d)
		}
		c.held = c.scratch.freeze(c.held)
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
