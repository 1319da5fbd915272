package lint

import (
	"fmt"
	"strconv"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// streams checks the operators of the graph one by one.
func (c *check) streams(alerts []alert) {
	slot, hint := c.slot()
	for i, n := range c.graph.Nodes {
		id := graph.NodeID(i)
		switch op := n.Op.(type) {
		case *graph.Window:
			c.window(id, op.Over, slot, hint)
		case *graph.HistogramReduce:
			c.window(id, op.Over, slot, hint)
		case *graph.EWMA:
			c.window(id, op.Over, slot, hint)
		case *graph.KPSS:
			c.window(id, op.Over, slot, hint)
		case *graph.When:
			c.window(id, op.Lasting, slot, hint)
		case *graph.Timeshift:
			c.window(id, op.Offset, slot, hint)
		case *graph.Detect:
			c.window(id, op.AutoResolveAfter, time.Second, false)
		case *graph.Fill:
			c.window(id, op.For, slot, hint)
			if op.Value == nil || *op.Value != 0 || op.Booleans || !c.ratio(n.Inputs[0]) {
				continue
			}
			if raises, asked := c.zeroRaises(id, alerts); raises || !asked {
				c.reportNode("fill-zero-ratio", id, "fill(0) of a ratio: silence looks like a ratio of 0",
					"fill the parts before they are divided, or leave the gap")
			}
		}
	}
}

// slot returns the shortest slot that a job of the program can have: the service never runs
// finer than a resolution that a source asks for, nor than a second (language.md 4.3).
func (c *check) slot() (slot time.Duration, hint bool) {
	slot = time.Second
	for _, n := range c.graph.Nodes {
		var asked time.Duration
		switch op := n.Op.(type) {
		case *graph.Fetch:
			asked = op.Resolution
		case *graph.PathFetch:
			asked = op.Fetch.Resolution
		case *graph.HistogramFetch:
			asked = op.Resolution
		}
		if asked > slot {
			slot, hint = asked, true
		}
	}
	return slot, hint
}

// window reports a window that no second slot falls into, and a number of milliseconds that
// looks like one of seconds: one that makes no whole second.
func (c *check) window(id graph.NodeID, over, slot time.Duration, hint bool) {
	at := c.span(c.graph.Nodes[id].Span)
	if over <= 0 || c.guessIn(at) {
		return
	}
	if over >= slot {
		if over%time.Second != 0 && c.writesNumber(at, over.Milliseconds()) {
			c.reportNode("window-below-resolution", id, fmt.Sprintf("a time of %s ends within a second", length(over)),
				fmt.Sprintf("numbers are milliseconds; write '%ds' for seconds", over.Milliseconds()))
		}
		return
	}
	if hint {
		c.reportNode("window-below-resolution", id, fmt.Sprintf("a time of %s is shorter than one slot: the data have a resolution of %s", length(over), length(slot)), "")
		return
	}
	c.reportNode("window-below-resolution", id, fmt.Sprintf("a time of %s is shorter than any slot", length(over)), "numbers are milliseconds; write '1m' for a minute")
}

// writesNumber reports whether a number stands among the arguments of the call that ends
// a span.
func (c *check) writesNumber(at syntax.Span, n int64) bool {
	found := false
	syntax.Walk(c.file, func(node syntax.Node) bool {
		if call, ok := node.(*syntax.Call); ok && call.To == at.To {
			for _, a := range call.Args {
				x, ok := syntax.Unparen(a.Value).(*syntax.Number)
				found = found || ok && x.Text == strconv.FormatInt(n, 10)
			}
		}
		return !found && node.Range().To >= at.To
	})
	return found
}

// length writes a time as programs do.
func length(d time.Duration) string {
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if d >= unit.of && d%unit.of == 0 {
			return fmt.Sprintf("%d%s", d/unit.of, unit.name)
		}
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// ratio reports whether a node divides a stream by a stream, perhaps scaled.
func (c *check) ratio(id graph.NodeID) bool {
	for {
		n := c.graph.Nodes[id]
		op, ok := n.Op.(*graph.Binary)
		if !ok {
			return false
		}
		_, left := c.constant(n.Inputs[0])
		_, right := c.constant(n.Inputs[1])
		switch {
		case op.Op == graph.Divide && !left && !right:
			return true
		case op.Op != graph.Multiply && op.Op != graph.Divide, left == right:
			return false
		case left:
			id = n.Inputs[1]
		default:
			id = n.Inputs[0]
		}
	}
}

// constant returns the value of a node that has one, the same in every slot.
func (c *check) constant(id graph.NodeID) (float64, bool) {
	n := c.graph.Nodes[id]
	switch op := n.Op.(type) {
	case *graph.Scalar:
		return op.Value, !op.Boolean
	case *graph.Const:
		if len(op.Series) == 1 {
			return op.Series[0].Value, true
		}
	case *graph.Threshold:
		return c.constant(n.Inputs[0])
	case *graph.Unary:
		if v, ok := c.constant(n.Inputs[0]); ok && op.Op == graph.Negate {
			return -v, true
		}
	}
	return 0, false
}

// The function of the library that alerts about silence, and how many arguments it takes
// before the one that ends the alert (language-detectors.md 5.6).
const (
	heartbeatModule   = "not_reporting"
	heartbeatFunction = "detector"
	heartbeatArgument = "auto_resolve_after"
	heartbeatPlace    = 3
)

const heartbeatMessage = "an alert about silence stays for ever when its source is gone for good"

// heartbeatCalls reports calls of the library's heartbeat detector without an end.
func (c *check) heartbeatCalls() {
	modules := map[string]bool{}
	syntax.Walk(c.file, func(n syntax.Node) bool {
		if imp, ok := n.(*syntax.ImportName); ok && imp.Path.Parts[len(imp.Path.Parts)-1].Name == heartbeatModule {
			name := heartbeatModule
			if imp.As != nil {
				name = imp.As.Name
			}
			modules[name] = true
		}
		return true
	})
	if len(modules) == 0 {
		return
	}
	syntax.Walk(c.file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.Call)
		if !ok {
			return true
		}
		f, ok := call.Func.(*syntax.Attribute)
		if !ok || f.Name.Name != heartbeatFunction || !modules[lastName(f.X)] {
			return true
		}
		for _, a := range call.Args {
			if a.Stars > 0 {
				return true
			}
		}
		end := argument(call, heartbeatArgument)
		given := end != nil && !isNone(end.Value) || end == nil && len(call.Args) > heartbeatPlace && call.Args[heartbeatPlace].Name == nil
		if !given {
			c.report("heartbeat-auto-resolve", syntax.Span{From: f.Name.From, To: call.To}, heartbeatMessage, "add auto_resolve_after='1s'")
		}
		return true
	})
}

func lastName(x syntax.Expr) string {
	switch x := syntax.Unparen(x).(type) {
	case *syntax.Ident:
		return x.Name
	case *syntax.Attribute:
		return x.Name.Name
	}
	return ""
}

func isNone(x syntax.Expr) bool {
	k, ok := syntax.Unparen(x).(*syntax.Constant)
	return ok && k.Kind == syntax.NONE
}
