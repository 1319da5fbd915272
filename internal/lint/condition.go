package lint

import (
	"math"
	"strconv"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// interval is a range of numbers.
type interval struct {
	low, high         float64
	lowOpen, highOpen bool // the end is no part of it
}

var all = interval{low: math.Inf(-1), high: math.Inf(1)}

// and returns what is in both.
func (a interval) and(b interval) interval {
	out := a
	if b.low > a.low || b.low == a.low && b.lowOpen {
		out.low, out.lowOpen = b.low, b.lowOpen
	}
	if b.high < a.high || b.high == a.high && b.highOpen {
		out.high, out.highOpen = b.high, b.highOpen
	}
	return out
}

func (a interval) empty() bool {
	return a.low > a.high || a.low == a.high && (a.lowOpen || a.highOpen)
}

// upward and downward report whether it is all that is above or below a number.
func (a interval) upward() bool   { return !math.IsInf(a.low, -1) && math.IsInf(a.high, 1) }
func (a interval) downward() bool { return math.IsInf(a.low, -1) && !math.IsInf(a.high, 1) }

// String returns the interval as comparisons.
func (a interval) String() string {
	end := func(sign string, open bool, limit float64) string {
		if !open {
			sign += "="
		}
		return sign + " " + strconv.FormatFloat(limit, 'g', -1, 64)
	}
	low, high := end(">", a.lowOpen, a.low), end("<", a.highOpen, a.high)
	switch {
	case a.upward():
		return low
	case a.downward():
		return high
	}
	return low + " and " + high
}

// term asks that the values of a stream are in an interval, for a share of a time.
type term struct {
	stream graph.NodeID
	in     interval
	over   time.Duration // 0: in one slot
	share  float64
}

// condition is what must hold together for an alert.
type condition struct {
	terms []term
	other bool // something else must hold as well

	seen map[graph.NodeID]bool // parts may be shared
}

// maxTerms is the most terms of a condition that are compared with one another.
const maxTerms = 100

// condition reads a boolean node as terms that all must hold.
func (c *check) condition(id graph.NodeID) condition {
	out := condition{seen: map[graph.NodeID]bool{}}
	c.conjunction(id, 0, 1, &out)
	return out
}

func (c *check) conjunction(id graph.NodeID, over time.Duration, share float64, out *condition) {
	if over == 0 {
		if out.seen[id] {
			return
		}
		out.seen[id] = true
	}
	if len(out.terms) >= maxTerms {
		out.other = true
		return
	}
	n := c.graph.Nodes[id]
	switch op := n.Op.(type) {
	case *graph.When:
		if over == 0 && c.comparison(n.Inputs[0]) {
			c.conjunction(n.Inputs[0], op.Lasting, op.AtLeast, out)
			return
		}
	case *graph.Binary:
		if op.Op == graph.And && over == 0 {
			c.conjunction(n.Inputs[0], over, share, out)
			c.conjunction(n.Inputs[1], over, share, out)
			return
		}
		if stream, in, ok := c.compare(n, op.Op); ok {
			out.terms = append(out.terms, term{stream, in, over, share})
			return
		}
	case *graph.Unary:
		if op.Op == graph.Not && over == 0 && c.comparison(n.Inputs[0]) {
			inner := c.graph.Nodes[n.Inputs[0]]
			if stream, in, ok := c.compare(inner, opposite[inner.Op.(*graph.Binary).Op]); ok {
				out.terms = append(out.terms, term{stream, in, over, share})
				return
			}
		}
	}
	out.other = true
}

var opposite = map[graph.BinaryOp]graph.BinaryOp{
	graph.Less: graph.GreaterEqual, graph.LessEqual: graph.Greater, graph.Greater: graph.LessEqual, graph.GreaterEqual: graph.Less,
}

var mirrored = map[graph.BinaryOp]graph.BinaryOp{
	graph.Less: graph.Greater, graph.LessEqual: graph.GreaterEqual, graph.Greater: graph.Less, graph.GreaterEqual: graph.LessEqual,
}

// comparison reports whether a node compares a stream with a number.
func (c *check) comparison(id graph.NodeID) bool {
	n := c.graph.Nodes[id]
	op, ok := n.Op.(*graph.Binary)
	if !ok {
		return false
	}
	_, _, ok = c.compare(n, op.Op)
	return ok
}

// compare returns the stream of a comparison with a number, and where its values must be.
func (c *check) compare(n graph.Node, op graph.BinaryOp) (stream graph.NodeID, in interval, ok bool) {
	if mirrored[op] == "" {
		return 0, in, false
	}
	stream = n.Inputs[0]
	limit, ok := c.constant(n.Inputs[1])
	if !ok {
		stream, op = n.Inputs[1], mirrored[op]
		if limit, ok = c.constant(n.Inputs[0]); !ok {
			return 0, in, false
		}
	}
	in = all
	switch op {
	case graph.Less:
		in.high, in.highOpen = limit, true
	case graph.LessEqual:
		in.high = limit
	case graph.Greater:
		in.low, in.lowOpen = limit, true
	case graph.GreaterEqual:
		in.low = limit
	}
	return stream, in, true
}

// impossible returns the terms of a condition that cannot hold in the same slot.
func (k condition) impossible() (a, b term, found bool) {
	for i, a := range k.terms {
		for _, b := range k.terms[i+1:] {
			// Of a share of a time each may have its own slots.
			if a.stream == b.stream && a.share == 1 && b.share == 1 && a.in.and(b.in).empty() {
				return a, b, true
			}
		}
	}
	return a, b, false
}
