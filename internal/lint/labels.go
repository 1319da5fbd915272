package lint

import (
	"fmt"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// output is something that a program publishes.
type output struct {
	label  string
	known  bool // label is
	detect bool
	at     syntax.Span
	here   bool // in the program, and not in a module
}

// labels compares what is published with what the surroundings of the program name.
func (c *check) labels() {
	outputs, certain := c.outputs()
	c.nothing(outputs)
	switch c.program.Kind {
	case Detector:
		c.rules(outputs, certain)
	case Chart:
		c.missingLabels(outputs, certain, "an option of the chart names")
	case SLO:
		c.missingLabels(append(outputs, c.variables()...), certain, "the SLO reads")
	}
	c.duplicates(outputs)
}

// outputs returns what the program publishes, and whether that is all. Without a graph the
// tree tells it in part.
func (c *check) outputs() (list []output, certain bool) {
	if c.graph == nil {
		return c.publishCalls(), false
	}
	for _, n := range c.graph.Nodes {
		if p, ok := n.Op.(*graph.Publish); ok {
			o := output{label: p.Label, known: true, detect: c.graph.Nodes[n.Inputs[0]].Kind == graph.Alerts, at: c.span(n.Span), here: n.Span.File == ""}
			if g := c.guess(o.at); g != nil || c.guessIn(o.at) {
				o.known = false
			}
			list = append(list, o)
		}
	}
	return list, !slices.ContainsFunc(list, func(o output) bool { return !o.known })
}

// guessIn reports whether a part of a span is guessed.
func (c *check) guessIn(at syntax.Span) bool {
	return slices.ContainsFunc(c.program.Guesses, func(g Guess) bool { return g.From < at.To && at.From < g.To })
}

// publishCalls returns the calls of publish that the text has.
func (c *check) publishCalls() (list []output) {
	syntax.Walk(c.file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.Call)
		if !ok {
			return true
		}
		f, ok := call.Func.(*syntax.Attribute)
		if !ok || f.Name.Name != "publish" {
			return true
		}
		o := output{at: syntax.Span{From: f.Name.From, To: call.To}, here: true, detect: isDetect(f.X)}
		label := argument(call, "label")
		if label == nil && len(call.Args) > 0 && call.Args[0].Name == nil && call.Args[0].Stars == 0 {
			label = call.Args[0]
		}
		if label == nil {
			o.known = len(call.Args) == 0
		} else if text, ok := syntax.Unparen(label.Value).(*syntax.Text); ok {
			o.label, o.known = text.Value, !c.guessIn(text.Span)
		}
		list = append(list, o)
		return true
	})
	return list
}

// isDetect reports whether an expression is surely a detect block.
func isDetect(x syntax.Expr) bool {
	call, ok := syntax.Unparen(x).(*syntax.Call)
	if !ok {
		return false
	}
	id, ok := syntax.Unparen(call.Func).(*syntax.Ident)
	return ok && id.Name == "detect"
}

// variables returns the names that the program binds at its top level, as outputs.
func (c *check) variables() (list []output) {
	for _, s := range c.file.Stmts {
		if a, ok := s.(*syntax.Assign); ok {
			for _, id := range a.Names {
				list = append(list, output{label: id.Name, known: true, at: id.Span, here: true})
			}
		}
	}
	return list
}

// nothing reports a program of which nothing comes out.
func (c *check) nothing(outputs []output) {
	if c.graph == nil || c.program.Kind == SLO || len(c.file.Stmts) == 0 || c.guessedMethods() {
		return
	}
	detects := slices.ContainsFunc(outputs, func(o output) bool { return o.detect })
	last := c.file.Stmts[len(c.file.Stmts)-1].Range()
	last.To = min(last.To, c.src.Offset(syntax.Position{Line: c.src.Position(last.From).Line + 1, Column: 1})-1)
	switch {
	case c.program.Kind == Detector && !detects:
		c.report("nothing-published", last, "the program publishes no detect block, so the detector never raises an alert", "add detect(when(...)).publish('label')")
	case len(outputs) == 0 && !c.module():
		c.report("nothing-published", last, "the program publishes nothing", "add .publish('label') to what is to be seen")
	}
}

// rules compares the rules of a detector with its detect blocks.
func (c *check) rules(outputs []output, certain bool) {
	detects := slices.DeleteFunc(slices.Clone(outputs), func(o output) bool { return !o.detect && c.graph != nil })
	c.missingLabels(detects, certain, "a rule names")
	if !c.program.AllLabels {
		return
	}
	for _, o := range detects {
		switch {
		case !o.detect || !o.known || !o.here:
		case o.label == "":
			c.report("label-without-rule", o.at, "the detect block is published without a label, so no rule can name it", "write publish('label')")
		case !slices.ContainsFunc(c.program.Labels, func(l Label) bool { return !l.Known || l.Text == o.label }):
			c.report("label-without-rule", o.at, fmt.Sprintf("no rule has the label '%s', so nobody hears of these alerts", o.label), c.near(o.label, c.named()))
		}
	}
}

// named returns the labels that the surroundings name.
func (c *check) named() (names []string) {
	for _, l := range c.program.Labels {
		if l.Known {
			names = append(names, l.Text)
		}
	}
	return names
}

func (c *check) near(word string, candidates []string) string {
	if near := spell.Nearest(word, candidates); near != "" {
		return "did you mean '" + near + "'?"
	}
	return ""
}

// missingLabels reports the labels that the surroundings name and that nothing has.
func (c *check) missingLabels(outputs []output, certain bool, who string) {
	if !certain && slices.ContainsFunc(outputs, func(o output) bool { return !o.known }) {
		return
	}
	if c.graph == nil && c.importsAny() {
		return // what is imported may publish
	}
	var names []string
	for _, o := range outputs {
		names = append(names, o.label)
	}
	for i, l := range c.program.Labels {
		if !l.Known || slices.Contains(names, l.Text) {
			continue
		}
		f := c.report("label-not-found", syntax.Span{}, fmt.Sprintf("%s the label '%s', which the program does not publish", who, l.Text), c.near(l.Text, names))
		if c.program.Kind == SLO {
			f.Msg = fmt.Sprintf("%s '%s', which the program does not bind", who, l.Text)
		}
		if c.program.Kind == Detector {
			f.Msg = fmt.Sprintf("%s the label '%s', which no detect block is published with", who, l.Text)
		}
		f.Label = i
	}
}

// importsAny reports whether a function of a module is called that could publish.
func (c *check) importsAny() bool {
	found := false
	syntax.Walk(c.file, func(n syntax.Node) bool {
		if stmt, ok := n.(*syntax.ExprStmt); ok {
			call, ok := syntax.Unparen(stmt.X).(*syntax.Call)
			found = found || ok && c.boundName(call.Func)
		}
		return !found
	})
	return found
}

// duplicates reports detect blocks that share a label: the service refuses them
// (language-detectors.md 1).
func (c *check) duplicates(outputs []output) {
	first := map[string]syntax.Span{}
	for _, o := range outputs {
		if !o.detect || !o.known || o.label == "" || !o.here {
			continue
		}
		if at, ok := first[o.label]; ok && at != o.at {
			c.report("duplicate-label", o.at, fmt.Sprintf("another detect block has the label '%s'", o.label),
				fmt.Sprintf("on line %d; each needs its own", c.src.Position(at.From).Line))
			continue
		}
		first[o.label] = o.at
	}
}
