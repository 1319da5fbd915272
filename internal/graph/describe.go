package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// Ref returns how other nodes call a node: n3, and a static value by its text.
func (g *Graph) Ref(id NodeID) string {
	switch op := g.Nodes[id].Op.(type) {
	case *Scalar:
		return op.text()
	case *None:
		return "None"
	}
	return name(id)
}

// name returns how the text forms call a node.
func name(id NodeID) string { return "n" + strconv.Itoa(int(id)) }

// Static reports whether a node is a static value of the program, which is no step of it.
func (g *Graph) Static(id NodeID) bool { return literal(g.Nodes[id].Op) }

func (g *Graph) refs(ids []NodeID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = g.Ref(id)
	}
	return texts
}

// Expression returns a node in the words of a program, over the names of its inputs:
// "n0.mean(by=[host])", "n1 > 90".
func (g *Graph) Expression(id NodeID) string {
	n := g.Nodes[id]
	in := g.refs(n.Inputs)
	switch op := n.Op.(type) {
	case *Scalar, *None:
		return g.Ref(id)
	case *Binary:
		return combined(op.Outer, in[0]+" "+string(op.Op)+" "+in[1])
	case *Unary:
		if op.Op == Negate {
			return "-" + in[0]
		}
		return string(op.Op) + " " + in[0]
	case *Conditional:
		return combined(op.Outer, in[1]+" if "+in[0]+" else "+in[2])
	case *Is:
		return in[0] + " " + op.String()
	case *Across:
		if op.Func.takesArg() {
			in = append(in, number(op.Arg))
		}
		return combined(op.Outer, form(string(op.Func), in...))
	case *Union:
		return form("union", in...)
	case *When:
		lasting, atLeast := period(op.Lasting), ""
		if op.AtLeast != 1 {
			atLeast = number(op.AtLeast)
		}
		return form("when", in[0], named("lasting", lasting), named("at_least", atLeast))
	case *Detect:
		return op.expression(in)
	}
	text := n.Op.String()
	if len(in) == 0 {
		return text
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "histogram "), "event ")
	return in[0] + "." + text
}

func combined(outer bool, text string) string {
	if outer {
		return "combine(" + text + ")"
	}
	return text
}

func (d *Detect) expression(in []string) string {
	args := []string{in[0]}
	drawn := in[1:]
	if d.Off {
		args, drawn = append(args, "off="+in[1]), in[2:]
	}
	if d.Split {
		args = append(args, "mode='split'")
	}
	return form("detect", append(args, named("annotations", list(drawn)), named("event_annotations", pairs(d.EventAnnotations)),
		named("auto_resolve_after", period(d.AutoResolveAfter)))...)
}

func list(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// Describe says in a sentence or two what a node computes, for somebody who reads the
// program; inputs are called by their names.
func (g *Graph) Describe(id NodeID) string {
	n := g.Nodes[id]
	in := g.refs(n.Inputs)
	switch op := n.Op.(type) {
	case *Scalar, *None:
		return "A static value."
	case *Binary:
		return g.describeBinary(op, n, in)
	case *Conditional:
		return fmt.Sprintf("%s where %s is true, %s where it is false, nothing where it is neither.%s", in[1], in[0], in[2], g.pairing(n, op.Outer))
	case *Across:
		return fmt.Sprintf("The %s of %s in each slot; missing values are left out.%s",
			reduction(op.Func, op.Arg), strings.Join(in, ", "), g.pairing(n, op.Outer))
	case *Union:
		return "All series of " + strings.Join(in, ", ") + ", side by side."
	case *Detect:
		return op.describe(in)
	case interface{ describe(input string) string }:
		input := ""
		if len(in) > 0 {
			input = in[0]
		}
		return op.describe(input)
	}
	return ""
}

func (g *Graph) describeBinary(op *Binary, n Node, in []string) string {
	pairing := g.pairing(n, op.Outer)
	switch {
	case op.Op == And:
		return fmt.Sprintf("True where %s and %s are, false where one of them is.%s", in[0], in[1], pairing)
	case op.Op == Or:
		return fmt.Sprintf("True where %s or %s is, false where both are false.%s", in[0], in[1], pairing)
	case op.Op.Compares():
		return fmt.Sprintf("Compares %s with %s in each slot; unknown where a value is missing.%s", in[0], in[1], pairing)
	case op.Op == Divide:
		return fmt.Sprintf("%s / %s in each slot; missing where a value is, and where the divisor is 0.%s", in[0], in[1], pairing)
	}
	return fmt.Sprintf("%s %s %s in each slot; missing where a value is.%s", in[0], op.Op, in[1], pairing)
}

// pairing says how the series of several streams find each other (language.md 2.7).
func (g *Graph) pairing(n Node, outer bool) string {
	streams := 0
	for _, in := range n.Inputs {
		if !g.Static(in) {
			streams++
		}
	}
	switch {
	case streams < 2:
		return ""
	case outer:
		return " Series are paired where their dimensions agree; one without a partner is paired with None."
	}
	return " Series are paired where their dimensions agree; one without a partner drops out."
}
