package graph

import (
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Calls counts the functions and methods of the program, as distinct nodes (language.md 6).
func (g *Graph) Calls() int {
	n := 0
	for _, node := range g.Nodes {
		if node.Called {
			n++
		}
	}
	return n
}

// Queries counts what the program asks the store for: each source once, and once more for
// every offset at which a timeshift asks for it again (language.md 6, 4.9). It stops
// counting at most.
func (g *Graph) Queries(most int) int {
	offsets := make([]map[time.Duration]bool, len(g.Nodes))
	total := 0
	for i := len(g.Nodes) - 1; i >= 0 && total < most; i-- {
		n := g.Nodes[i]
		at := offsets[i]
		if at == nil {
			at = map[time.Duration]bool{}
		}
		at[0] = true
		offsets[i] = nil
		if queries(n.Op) {
			total += len(at)
		}
		var shift time.Duration
		if t, ok := n.Op.(*Timeshift); ok {
			shift = t.Offset
		}
		for _, in := range n.Inputs {
			if offsets[in] == nil {
				offsets[in] = map[time.Duration]bool{}
			}
			for offset := range at {
				if len(offsets[in]) < most {
					offsets[in][offset+shift] = true
				}
			}
		}
	}
	return min(total, most)
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
