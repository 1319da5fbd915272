package engine

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// outline is how the observations of a pile are spread: how many lie below, and up to, each of
// the edges of its buckets. Between two edges they are spread evenly, each layout on its own
// (language.md 5.7). Its memory serves one pile after the other.
type outline struct {
	edges       []float64 // rising, of buckets that hold something
	below, upTo []float64 // observations; they differ where a bucket has no width
	least, most float64   // observation
}

// of draws the outline of a pile and reports whether that holds anything.
func (o *outline) of(p *pile) bool {
	o.edges = o.edges[:0]
	for i := range p.layouts {
		l := &p.layouts[i]
		for k, c := range l.Counts {
			if c > 0 {
				low, high := l.Edges(k)
				o.edges = append(o.edges, low, high)
			}
		}
	}
	slices.Sort(o.edges)
	o.edges = slices.Compact(o.edges)
	n := len(o.edges)
	o.below, o.upTo = grow(o.below[:0], n), grow(o.upTo[:0], n)
	clear(o.below)
	clear(o.upTo)
	for i := range p.layouts {
		o.spread(&p.layouts[i])
	}
	o.least, o.most = p.span()
	return n > 0
}

// spread adds the observations of a layout.
func (o *outline) spread(l *series.Distribution) {
	if isEmpty(l) {
		return
	}
	k, before := 0, 0.0 // the buckets before k end before the edge, and hold so many
	for at, x := range o.edges {
		for ; k < len(l.Counts); k++ {
			if _, high := l.Edges(k); high >= x {
				break
			}
			before += l.Counts[k]
		}
		below, upTo := before, before
		for i := k; i < len(l.Counts); i++ {
			low, high := l.Edges(i)
			if low > x {
				break
			}
			switch c := l.Counts[i]; {
			case x < high:
				part := c * fraction(low, x, high)
				below += part
				upTo += part
			case x > low:
				below += c
				upTo += c
			default: // all of them lie at x
				upTo += c
			}
		}
		o.below[at] += below
		o.upTo[at] += upTo
	}
}

// fraction returns where x lies between two others, from 0 to 1. It cannot overflow.
func fraction(low, x, high float64) float64 { return (x/2 - low/2) / (high/2 - low/2) }

// percentile returns the value that so many percent of the observations lie below, or at.
func (o *outline) percentile(percent float64) float64 {
	n := len(o.edges)
	total := o.upTo[n-1]
	rank := percent / 100 * total
	// A rank that is an edge's but for rounding is meant to be that: beyond it nothing may lie
	// for long.
	at, _ := slices.BinarySearch(o.upTo, rank-1e-9*total)
	at = min(at, n-1)
	x := o.edges[at]
	if at > 0 && rank < o.below[at] {
		low := o.edges[at-1]
		x = 2 * (low/2 + (x/2-low/2)*fraction(o.upTo[at-1], rank, o.below[at])) // which cannot overflow either
	}
	return min(max(x, o.least), o.most)
}

// share returns the share of the observations that are not above a value, from 0 to 1.
func (o *outline) share(x float64) float64 {
	switch {
	case x < o.least:
		return 0
	case x >= o.most:
		return 1
	}
	n := len(o.edges)
	at, found := slices.BinarySearch(o.edges, x)
	switch {
	case found:
		return o.upTo[at] / o.upTo[n-1]
	case at == 0:
		return 0
	case at == n:
		return 1
	}
	low := o.upTo[at-1]
	return (low + (o.below[at]-low)*fraction(o.edges[at-1], x, o.edges[at])) / o.upTo[n-1]
}
