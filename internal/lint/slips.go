package lint

import (
	"fmt"
	"regexp"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// time as programs write it; no dimension is called so.
var lengthOfTime = regexp.MustCompile(`^([0-9]+(ms|s|m|h|d|w))+$`)

// slips reports arguments that mean something else than they look like.
func (c *check) slips() {
	for i, n := range c.graph.Nodes {
		id := graph.NodeID(i)
		switch op := n.Op.(type) {
		case *graph.Aggregate:
			c.byTime(id, op.By)
			c.share(id, op.Func, op.Arg)
		case *graph.HistogramReduce:
			c.byTime(id, op.By)
			c.share(id, op.Func, op.Arg)
		case *graph.Window:
			c.share(id, op.Func, op.Arg)
		case *graph.Across:
			c.share(id, op.Func, op.Arg)
		case *graph.BucketPercentile:
			c.share(id, graph.Percentile, op.Percent)
		}
	}
}

// joined reports texts that stand side by side in a list or among the terms of a filter:
// there is no comma, so they are one text. Over several lines that is how long ones are written.
func (c *check) joined() {
	look := func(x syntax.Expr) {
		if t, ok := x.(*syntax.Text); ok && len(t.Parts) > 1 && c.src.Position(t.From).Line == c.src.Position(t.To).Line && !c.guessIn(t.Span) {
			c.report("joined-texts", t.Span, "there is no comma between these texts, so they are one", "write a comma, or one text")
		}
	}
	syntax.Walk(c.file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.List:
			for _, x := range n.Elems {
				look(x)
			}
		case *syntax.Call:
			if id, ok := n.Func.(*syntax.Ident); ok && id.Name == "filter" {
				for _, a := range n.Args {
					look(a.Value)
				}
			}
		}
		return true
	})
}

// byTime reports a time in the place of names to group by, the first of a statistic.
func (c *check) byTime(id graph.NodeID, names []string) {
	for _, name := range names {
		if lengthOfTime.MatchString(name) && !c.guessIn(c.span(c.graph.Nodes[id].Span)) {
			c.reportNode("by-time", id, fmt.Sprintf("series are grouped by a dimension of the name '%s'", name),
				fmt.Sprintf("write over='%s' for a window of time", name))
		}
	}
}

// share reports a percentile that is written as a share: the half or more of one percent is
// nearly the smallest value.
func (c *check) share(id graph.NodeID, f graph.Reduce, percent float64) {
	if f == graph.Percentile && 0.5 <= percent && percent < 1 && !c.guessIn(c.span(c.graph.Nodes[id].Span)) {
		c.reportNode("percentile-share", id, fmt.Sprintf("the percentile %g is nearly the smallest value", percent),
			fmt.Sprintf("percentiles go from 0 to 100: write %.5g", percent*100))
	}
}
