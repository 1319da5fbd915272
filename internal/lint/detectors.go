package lint

import (
	"fmt"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// alert is a detect block of the program.
type alert struct {
	node      graph.NodeID
	on        condition
	label     string // of its first publish
	published bool
	severity  int // from 1, the gravest; 0: not known
}

// detectors checks the detect blocks.
func (c *check) detectors(alerts []alert) {
	for _, a := range alerts {
		n := c.graph.Nodes[a.node]
		op := n.Op.(*graph.Detect)
		if !a.published {
			c.reportNode("detect-not-published", a.node, "the detect block is not published, so it never raises an alert", "add .publish('label')")
		}
		if op.AutoResolveAfter == 0 && c.silence(n.Inputs[0]) {
			c.reportNode("heartbeat-auto-resolve", a.node, heartbeatMessage, "add auto_resolve_after=, a time after which it ends by itself")
		}
	}
	if c.guessedNumbers() {
		return
	}
	for _, a := range alerts {
		c.conditions(a)
	}
	c.order(alerts)
}

func (c *check) alerts() (list []alert) {
	labels := map[graph.NodeID]string{}
	published := map[graph.NodeID]bool{}
	for _, n := range c.graph.Nodes {
		if p, ok := n.Op.(*graph.Publish); ok && !published[n.Inputs[0]] {
			published[n.Inputs[0]], labels[n.Inputs[0]] = true, p.Label
		}
	}
	for i, n := range c.graph.Nodes {
		if _, ok := n.Op.(*graph.Detect); !ok || n.Span.File != "" {
			continue
		}
		id := graph.NodeID(i)
		list = append(list, alert{node: id, on: c.condition(n.Inputs[0]), label: labels[id], published: published[id], severity: c.severity(labels[id])})
	}
	return list
}

// grades are the severities of rules, the gravest first, with what labels call them.
var grades = [][]string{{"critical", "crit"}, {"major", "maj"}, {"minor"}, {"warning", "warn"}, {"info"}}

// severity returns the grade of a label: that of its rule or, without one, the word for one
// that it has.
func (c *check) severity(label string) int {
	for _, l := range c.program.Labels {
		if l.Known && l.Text == label && l.Severity != "" {
			return grade(l.Severity)
		}
	}
	return grade(label)
}

func grade(text string) int {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' })
	found := 0
	for i, names := range grades {
		for _, name := range names {
			for _, w := range words {
				switch {
				case w != name:
				case found != 0 && found != i+1:
					return 0 // it names two
				default:
					found = i + 1
				}
			}
		}
	}
	return found
}

// conditions compares the parts of the conditions of one detect block.
func (c *check) conditions(a alert) {
	n := c.graph.Nodes[a.node]
	if x, y, found := a.on.impossible(); found {
		c.reportNode("never-true", a.node, fmt.Sprintf("the alert is never raised: no value is both %s and %s", x.in, y.in), "")
	}
	if !n.Op.(*graph.Detect).Off {
		return
	}
	off := c.condition(n.Inputs[1])
	if a.on.other || off.other || len(a.on.terms) != 1 || len(off.terms) != 1 {
		return
	}
	on, clear := a.on.terms[0], off.terms[0]
	if both := on.in.and(clear.in); on.stream == clear.stream && both.low < both.high {
		c.reportNode("on-off-overlap", a.node, fmt.Sprintf("values %s raise the alert (%s) and clear it (%s)", both, on.in, clear.in),
			"the two must leave no value to both")
	}
}

// order compares detect blocks of different severities.
func (c *check) order(alerts []alert) {
	for _, grave := range alerts {
		for _, mild := range alerts {
			if grave.severity == 0 || mild.severity == 0 || grave.severity >= mild.severity {
				continue
			}
			if g, m, ok := mild.on.stricter(grave.on); ok {
				c.reportNode("threshold-order", grave.node, fmt.Sprintf("'%s' (%s) is easier to reach than '%s' (%s), which is less severe", grave.label, g.in, mild.label, m.in),
					"swap the thresholds")
			}
		}
	}
}

// stricter reports whether a condition asks for all that another one does and for more: for
// each of its terms there is one over the same stream that lies within, for at least as long
// and as many of the slots. x and y are such terms of which y asks for more.
func (k condition) stricter(than condition) (x, y term, ok bool) {
	if than.other {
		return x, y, false
	}
	for _, a := range than.terms {
		within := false
		for _, b := range k.terms {
			if a.stream == b.stream && a.over <= b.over && a.share <= b.share && a.in.and(b.in) == b.in {
				within = true
				if a.in != b.in {
					x, y, ok = a, b, true
				}
			}
		}
		if !within {
			return x, y, false
		}
	}
	return x, y, ok
}

// zeroRaises reports whether 0 in a stream can raise an alert, and whether the conditions
// of alerts ask for its values at all.
func (c *check) zeroRaises(stream graph.NodeID, alerts []alert) (raises, asked bool) {
	for _, a := range alerts {
		in, here := all, false
		for _, t := range a.on.terms {
			if t.stream == stream {
				in, here = in.and(t.in), true
			}
		}
		asked = asked || here
		raises = raises || here && !in.and(interval{}).empty() // the interval of 0 alone
	}
	return raises, asked
}
