package memstore

import (
	"math"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// chunkPoints is the most points of one chunk. Full chunks are never appended to.
const chunkPoints = 256

// chunk is a run of points as columns. Readers hold slices of it without a lock, so what
// has been written is never changed: points are appended behind every reader's end, and
// any other change makes new columns.
type chunk struct {
	first, last int64 // its own times, so that a search touches no others
	every       int64 // distance of each time to the next; 0 where that differs, or is not known

	times  []int64
	values []float64
	lags   []int32

	distributions []*series.Distribution // of a histogram series, else nil
}

// measure settles what a chunk knows of its times. They are looked at: append is for all others.
func (c *chunk) measure() {
	n := len(c.times)
	c.first, c.last, c.every = c.times[0], c.times[n-1], 0
	for i, t := range c.times[1:] {
		if d := t - c.times[i]; i == 0 {
			c.every = d
		} else if d != c.every {
			c.every = 0
			return
		}
	}
}

// before returns how many points lie before a time.
func (c *chunk) before(t int64) int {
	switch {
	case t <= c.first:
		return 0
	case t > c.last:
		return len(c.times)
	case c.every > 0:
		return 1 + int(uint64(t-c.first-1)/uint64(c.every)) // unsigned, for times may be as far apart as can be
	}
	n, _ := slices.BinarySearch(c.times, t)
	return n
}

// append adds a point behind all others.
func (c *chunk) append(s *series.Sample) {
	switch n := len(c.times); {
	case n == 0:
		c.first = s.Time
	case n == 1:
		c.every = s.Time - c.last
	case s.Time-c.last != c.every:
		c.every = 0
	}
	c.last = s.Time
	c.times = append(c.times, s.Time)
	c.values = append(c.values, s.Value)
	c.lags = append(c.lags, lagOf(s))
	if s.Distribution != nil {
		c.distributions = append(c.distributions, s.Distribution)
	}
}

// newChunk has room at once for all its points if the series has filled a chunk before.
func newChunk(full bool) chunk {
	n := 8
	if full {
		n = chunkPoints
	}
	return chunk{times: make([]int64, 0, n), values: make([]float64, 0, n), lags: make([]int32, 0, n)}
}

// copy returns a copy with room for one more point.
func (c *chunk) copy() chunk {
	n := len(c.times) + 1
	twin := chunk{
		times:  append(make([]int64, 0, n), c.times...),
		values: append(make([]float64, 0, n), c.values...),
		lags:   append(make([]int32, 0, n), c.lags...),
	}
	if c.distributions != nil {
		twin.distributions = append(make([]*series.Distribution, 0, n), c.distributions...)
	}
	return twin
}

// weight returns what the points i to j, j exclusive, count for in the limit of size.
func (c *chunk) weight(i, j int) int {
	n := j - i
	if c.distributions != nil {
		for _, d := range c.distributions[i:j] {
			n += d.Weight()
		}
	}
	return n
}

// reaching returns the first chunk that does not end before a time, or how many there are.
func reaching(chunks []chunk, t int64) int {
	lo, hi := 0, len(chunks)
	for lo < hi {
		if mid := (lo + hi) / 2; chunks[mid].last < t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// insert stores a sample and returns by how much the entry has grown.
func (e *entry) insert(s *series.Sample) size {
	if n := len(e.chunks); n > 0 && s.Time <= e.chunks[n-1].last {
		return e.insertLate(s)
	}
	if n := len(e.chunks); n == 0 || len(e.chunks[n-1].times) >= chunkPoints {
		e.chunks = append(e.chunks, newChunk(n > 0))
	}
	c := &e.chunks[len(e.chunks)-1]
	c.append(s)
	return size{1, c.weight(len(c.times)-1, len(c.times))}
}

// insertLate stores a point that is not newer than all others: between them, or in place of
// the one with the same time.
func (e *entry) insertLate(s *series.Sample) (grown size) {
	at := reaching(e.chunks, s.Time)
	c := e.chunks[at].copy()
	i, _ := slices.BinarySearch(c.times, s.Time)
	if c.times[i] == s.Time {
		grown = size{-1, -c.weight(i, i+1)}
	} else {
		c.append(s)
		copy(c.times[i+1:], c.times[i:])
		copy(c.values[i+1:], c.values[i:])
		copy(c.lags[i+1:], c.lags[i:])
		if c.distributions != nil {
			copy(c.distributions[i+1:], c.distributions[i:])
		}
	}
	c.times[i], c.values[i], c.lags[i] = s.Time, s.Value, lagOf(s)
	if c.distributions != nil {
		c.distributions[i] = s.Distribution
	}
	grown.add(size{1, c.weight(i, i+1)})
	c.measure()

	// Readers hold the list of chunks no longer than the lock, so it may change in place.
	e.chunks[at] = c
	if len(c.times) > 2*chunkPoints {
		e.split(at)
	}
	return grown
}

// split halves a chunk that late points have made too long.
func (e *entry) split(at int) {
	c := e.chunks[at]
	half := len(c.times) / 2
	front := chunk{times: c.times[:half:half], values: c.values[:half:half], lags: c.lags[:half:half]}
	back := chunk{times: c.times[half:], values: c.values[half:], lags: c.lags[half:]}
	if c.distributions != nil {
		front.distributions, back.distributions = c.distributions[:half:half], c.distributions[half:]
	}
	front.measure()
	back.measure()
	e.chunks = append(e.chunks, chunk{})
	copy(e.chunks[at+2:], e.chunks[at+1:])
	e.chunks[at], e.chunks[at+1] = front, back
}

// dropBefore forgets the points before a time and returns how much that was.
func (e *entry) dropBefore(t int64) (dropped size) {
	whole := 0
	for whole < len(e.chunks) && e.chunks[whole].last < t {
		n := len(e.chunks[whole].times)
		dropped.add(size{n, e.chunks[whole].weight(0, n)})
		whole++
	}
	e.chunks = e.chunks[whole:]
	if len(e.chunks) == 0 {
		return dropped
	}
	c := &e.chunks[0]
	if i := c.before(t); i > 0 {
		dropped.add(size{i, c.weight(0, i)})
		c.times, c.values, c.lags = c.times[i:], c.values[i:], c.lags[i:]
		c.first = c.times[0]
		if c.distributions != nil {
			c.distributions = c.distributions[i:]
		}
	}
	return dropped
}

// dropFrom forgets the points from a time on and returns how much that was.
func (e *entry) dropFrom(t int64) (dropped size) {
	for n := len(e.chunks) - 1; n >= 0; n-- {
		c := &e.chunks[n]
		i := c.before(t)
		dropped.add(size{len(c.times) - i, c.weight(i, len(c.times))})
		if i == 0 {
			e.chunks[n] = chunk{}
			e.chunks = e.chunks[:n]
			continue
		}
		// What comes next is not to be written where readers still look.
		c.times, c.values, c.lags = c.times[:i:i], c.values[:i:i], c.lags[:i:i]
		c.last = c.times[i-1]
		if c.distributions != nil {
			c.distributions = c.distributions[:i:i]
		}
		break
	}
	return dropped
}

// lagOf returns by how many ms a sample has arrived after its time.
func lagOf(s *series.Sample) int32 {
	return int32(max(0, min(s.Arrival-s.Time, math.MaxInt32)))
}
