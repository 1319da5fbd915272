package lint

import "github.com/signalfx/signalflow-client-go/internal/graph"

// quiet is what a condition tells in a slot in which none of its series reports.
type quiet uint8

const (
	unknown quiet = iota + 1
	holds
	fails
)

// silence reports whether a condition holds where values are missing, for as long as they
// are: "x is None", and not what is also joined with a comparison, which is then unknown, or
// with a "not" of the same over a longer time, which fails in the end.
func (c *check) silence(id graph.NodeID) bool { return c.quiet(id) == holds }

func (c *check) quiet(id graph.NodeID) quiet {
	if known := c.quiets[id]; known != 0 {
		return known
	}
	if c.quiets == nil {
		c.quiets = map[graph.NodeID]quiet{}
	}
	c.quiets[id] = c.tells(id) // parts that are shared are read once
	return c.quiets[id]
}

// tells reads one node by the rules of logic with three values (language.md 2.7).
func (c *check) tells(id graph.NodeID) quiet {
	n := c.graph.Nodes[id]
	switch op := n.Op.(type) {
	case *graph.Is:
		return told((op.What == graph.IsNone) != op.Not)
	case *graph.Scalar:
		if op.Boolean {
			return told(op.Value != 0)
		}
	case *graph.When:
		return c.quiet(n.Inputs[0])
	case *graph.Unary:
		if op.Op == graph.Not {
			return c.quiet(n.Inputs[0]).not()
		}
	case *graph.Binary:
		a, b := n.Inputs[0], n.Inputs[1]
		switch op.Op {
		case graph.Or:
			return c.quiet(a).or(c.quiet(b))
		case graph.And:
			return c.quiet(a).not().or(c.quiet(b).not()).not()
		}
	}
	return unknown
}

func told(yes bool) quiet {
	if yes {
		return holds
	}
	return fails
}

func (q quiet) not() quiet {
	switch q {
	case holds:
		return fails
	case fails:
		return holds
	}
	return unknown
}

func (q quiet) or(r quiet) quiet {
	switch {
	case q == holds || r == holds:
		return holds
	case q == fails && r == fails:
		return fails
	}
	return unknown
}
