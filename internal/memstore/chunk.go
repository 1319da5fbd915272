package memstore

import (
	"math"
	"sort"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// chunkPoints is the most points of one chunk. Full chunks are never appended to.
const chunkPoints = 256

// chunk is a run of points as columns. Readers hold slices of it without a lock, so what
// has been written is never changed: points are appended behind every reader's end, and
// any other change makes new columns.
type chunk struct {
	times  []int64
	values []float64
	lags   []int32
}

func (c *chunk) first() int64 { return c.times[0] }
func (c *chunk) last() int64  { return c.times[len(c.times)-1] }

func (c *chunk) append(t int64, v float64, lag int32) {
	c.times = append(c.times, t)
	c.values = append(c.values, v)
	c.lags = append(c.lags, lag)
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
	return chunk{
		times:  append(make([]int64, 0, n), c.times...),
		values: append(make([]float64, 0, n), c.values...),
		lags:   append(make([]int32, 0, n), c.lags...),
	}
}

// insert stores a sample and returns by how many points the entry has grown: 0 or 1.
func (e *entry) insert(s series.Sample) int {
	lag := clampLag(s.Arrival - s.Time)
	if n := len(e.chunks); n > 0 && s.Time <= e.chunks[n-1].last() {
		return e.insertLate(s.Time, s.Value, lag)
	}
	if n := len(e.chunks); n == 0 || len(e.chunks[n-1].times) >= chunkPoints {
		e.chunks = append(e.chunks, newChunk(n > 0))
	}
	e.chunks[len(e.chunks)-1].append(s.Time, s.Value, lag)
	return 1
}

// insertLate stores a point that is not newer than all others: between them, or in place of
// the one with the same time.
func (e *entry) insertLate(t int64, v float64, lag int32) int {
	at := sort.Search(len(e.chunks), func(i int) bool { return e.chunks[i].last() >= t })
	c := e.chunks[at].copy()
	i := sort.Search(len(c.times), func(i int) bool { return c.times[i] >= t })
	grown := 0
	if c.times[i] != t {
		c.append(0, 0, 0)
		copy(c.times[i+1:], c.times[i:])
		copy(c.values[i+1:], c.values[i:])
		copy(c.lags[i+1:], c.lags[i:])
		grown = 1
	}
	c.times[i], c.values[i], c.lags[i] = t, v, lag

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
	front := chunk{c.times[:half:half], c.values[:half:half], c.lags[:half:half]}
	back := chunk{c.times[half:], c.values[half:], c.lags[half:]}
	e.chunks = append(e.chunks, chunk{})
	copy(e.chunks[at+2:], e.chunks[at+1:])
	e.chunks[at], e.chunks[at+1] = front, back
}

// dropBefore forgets the points before a time and returns how many they were.
func (e *entry) dropBefore(t int64) (dropped int) {
	whole := 0
	for whole < len(e.chunks) && e.chunks[whole].last() < t {
		dropped += len(e.chunks[whole].times)
		whole++
	}
	e.chunks = e.chunks[whole:]
	if len(e.chunks) == 0 {
		return dropped
	}
	c := &e.chunks[0]
	if i := sort.Search(len(c.times), func(i int) bool { return c.times[i] >= t }); i > 0 {
		dropped += i
		c.times, c.values, c.lags = c.times[i:], c.values[i:], c.lags[i:]
	}
	return dropped
}

func clampLag(ms int64) int32 {
	return int32(max(0, min(ms, math.MaxInt32)))
}
