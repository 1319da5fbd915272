package graph

import (
	"fmt"
	"strings"
)

// maxLabel is how many characters of an expression a drawing shows.
const maxLabel = 80

// Dot returns a graph in the language of Graphviz, under a title. Static values stand in
// the expressions that use them, what nothing published needs is dashed.
func (g *Graph) Dot(title string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotQuote(title))
	b.WriteString("  node [shape=box, fontname=\"monospace\"];\n")
	b.WriteString("  edge [fontname=\"monospace\"];\n")
	histories, published := g.Histories(), g.Published()
	for i, n := range g.Nodes {
		id := NodeID(i)
		if g.Static(id) {
			continue
		}
		label := name(id) + "  " + shorten(g.Expression(id), maxLabel) + "\n" + n.Kind.String() + " " + shorten(n.Key.String(), maxLabel)
		if h := histories[i]; !h.IsZero() {
			label += "\nhistory: " + h.String()
		}
		fmt.Fprintf(&b, "  %s [label=%s, tooltip=%s%s];\n", name(id), dotQuote(label), dotQuote(n.Span.String()+" "+g.Describe(id)), look(n, published[i]))
		for k, in := range n.Inputs {
			if !g.Static(in) {
				fmt.Fprintf(&b, "  %s -> %s%s;\n", name(in), name(id), dotRole(role(n.Op, k)))
			}
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// look returns the attributes of a source, of an output, and of what is not needed.
func look(n Node, published bool) string {
	text := ""
	switch n.Op.(type) {
	case *Publish:
		text = ", shape=doubleoctagon"
	case *Detect:
		text = ", shape=octagon"
	default:
		if len(n.Inputs) == 0 {
			text = ", shape=cylinder"
		}
	}
	if !published {
		text += ", style=dashed"
	}
	return text
}

// role names an input of an operator whose inputs are for different things.
func role(op Op, input int) string {
	var names []string
	switch op := op.(type) {
	case *Conditional:
		names = []string{"if", "then", "else"}
	case *Detect:
		names = []string{"on"}
		if op.Off {
			names = append(names, "off")
		}
		for _, a := range op.Annotations {
			names = append(names, a.Label)
		}
	}
	if input < len(names) {
		return names[input]
	}
	return ""
}

func dotRole(role string) string {
	if role == "" {
		return ""
	}
	return " [label=" + dotQuote(role) + "]"
}

// dotQuote returns a text as a string of Graphviz in which nothing is an escape.
func dotQuote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", " ").Replace(text) + `"`
}

// shorten cuts a text to so many characters.
func shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
