package graph

import (
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Calls counts the functions and methods of the program, as distinct nodes (language.md 6).
// beyond is the first node that is more than the limit, if there is one.
func (g *Graph) Calls(limit int) (n int, beyond NodeID) {
	for i, node := range g.Nodes {
		if !node.Called {
			continue
		}
		if n++; n == limit+1 {
			beyond = NodeID(i)
		}
	}
	return n, beyond
}

// Queries counts what the program asks the store for: each source once, and once more for
// every offset at which a timeshift asks for it again (language.md 6, 4.9). beyond is the
// source that is more than the limit, if there is one; there the counting ends.
func (g *Graph) Queries(limit int) (n int, beyond NodeID) {
	asked := make([][]time.Duration, len(g.Nodes)) // the offsets at which each node is asked for
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		asked[i] = merge(asked[i], []time.Duration{0}, limit)
		shifted := asked[i]
		if t, ok := g.Nodes[i].Op.(*Timeshift); ok {
			shifted = nil
			for _, offset := range asked[i] {
				shifted = append(shifted, offset+t.Offset)
			}
		}
		for _, in := range g.Nodes[i].Inputs {
			asked[in] = merge(asked[in], shifted, limit)
		}
		if !queries(g.Nodes[i].Op) {
			asked[i] = nil
		}
	}
	for i := range g.Nodes {
		if n += len(asked[i]); n > limit {
			return n, NodeID(i)
		}
	}
	return n, 0
}

// merge returns what is in either of two sorted lists, one of them where that has it all.
// More than the limit is not needed.
func merge(a, b []time.Duration, limit int) []time.Duration {
	switch {
	case len(a) == 0 || len(a) == len(b) && &a[0] == &b[0]:
		return b
	case len(a) > limit:
		return a
	case len(b) == 1 && b[0] == 0 && a[0] <= 0:
		return a // the offset that every node has
	}
	all := append(append(make([]time.Duration, 0, len(a)+len(b)), a...), b...)
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), limit+1)]
}

func queries(op Op) bool {
	switch op.(type) {
	case *Fetch, *PathFetch, *HistogramFetch, *EventFetch, *AlertFetch:
		return true
	}
	return false
}

// Filter returns the filter of a source; nil of other operators and without one.
func Filter(op Op) series.Predicate {
	switch op := op.(type) {
	case *Fetch:
		return op.Filter
	case *PathFetch:
		return op.Fetch.Filter
	case *HistogramFetch:
		return op.Filter
	case *EventFetch:
		return op.Filter
	case *AlertFetch:
		return op.Filter
	}
	return nil
}

// Terms counts the terms of a filter: all of them, those with a star that is not their end,
// and those with one at their end alone (language.md 6). A term that is only a star asks
// for the key, and is no wildcard.
func Terms(p series.Predicate) (all, wildcards, prefixes int) {
	switch p := p.(type) {
	case *series.And:
		return sum(p.X, p.Y)
	case *series.Or:
		return sum(p.X, p.Y)
	case *series.Not:
		return Terms(p.X)
	case *series.Match:
		for _, t := range p.Terms {
			text := t.String()
			switch star := strings.IndexByte(text, '*'); {
			case star < 0 || text == "*":
			case star == len(text)-1:
				prefixes++
			default:
				wildcards++
			}
		}
		return len(p.Terms), wildcards, prefixes
	}
	return 1, 0, 0
}

func sum(x, y series.Predicate) (all, wildcards, prefixes int) {
	a, b, c := Terms(x)
	d, e, f := Terms(y)
	return a + d, b + e, c + f
}
