package graph

import (
	"fmt"
	"strings"
)

// Builder makes a Graph in which equal operators over the same inputs are one node. The
// zero value is ready.
type Builder struct {
	graph Graph
	index map[string]NodeID // by operator and inputs
}

// Add returns the node of an operator over inputs that Add has returned before. Where an
// equal one exists it is that, with the span of the first; a Publish is always its own.
func (b *Builder) Add(op Op, span Span, inputs ...NodeID) NodeID {
	_, publish := op.(*Publish)
	key := fmt.Sprint(op.String(), inputs)
	if id, ok := b.index[key]; ok && !publish {
		return id
	}
	id := NodeID(len(b.graph.Nodes))
	b.graph.Nodes = append(b.graph.Nodes, Node{Op: op, Inputs: inputs, Span: span})
	if b.index == nil {
		b.index = map[string]NodeID{}
	}
	b.index[key] = id
	return id
}

// Graph returns what has been built. The builder must not be used after it.
func (b *Builder) Graph() *Graph { return &b.graph }

// String returns the graph in its stable text form, a line a node:
//
//	n0 = data('cpu.utilization')  # 1:1
//	n1 = mean(by=[host]) n0  # 1:25
//	n2 = publish('cpu') n1  # 1:41
//
// The name of a node is n with its NodeID; the inputs stand after the operator, and the
// line and column of the source after the #.
func (g *Graph) String() string {
	var b strings.Builder
	for i, n := range g.Nodes {
		fmt.Fprintf(&b, "n%d = %s", i, n.Op)
		for _, in := range n.Inputs {
			fmt.Fprintf(&b, " n%d", in)
		}
		fmt.Fprintf(&b, "  # %d:%d\n", n.Span.Line, n.Span.Column)
	}
	return b.String()
}
