package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Builder makes a Graph in which equal operators over the same inputs are one node. The
// zero value is ready.
type Builder struct {
	// Outer makes the operators that are added pair a series without a partner with None.
	Outer bool

	graph     Graph
	index     map[string]NodeID // by operator and inputs
	overParam map[NodeID]bool   // nodes of the functions of Maps
}

// Add returns the node of an operator over inputs that Add has returned before. Where an
// equal one exists it is that, with the span of the first; a Publish is always its own.
func (b *Builder) Add(op Op, span Span, inputs ...NodeID) NodeID {
	if b.Outer && b.streams(inputs) > 1 {
		op = outerJoin(op)
	}
	_, publish := op.(*Publish)
	text := line(Node{Op: op, Inputs: inputs})
	if id, ok := b.index[text]; ok && !publish {
		return id
	}
	if b.index == nil {
		b.index, b.overParam = map[string]NodeID{}, map[NodeID]bool{}
	}
	id := NodeID(len(b.graph.Nodes))
	b.index[text] = id
	kinds := make([]Kind, len(inputs))
	keys := make([]Key, len(inputs))
	for i, in := range inputs {
		kinds[i], keys[i] = b.graph.Nodes[in].Kind, b.graph.Nodes[in].Key
		if b.overParam[in] {
			b.overParam[id] = true
		}
	}
	if _, ok := op.(*Param); ok {
		b.overParam[id] = true
	}
	inputs = slices.Clone(inputs) // they may be those of another node, and each is numbered anew in the end
	b.graph.Nodes = append(b.graph.Nodes, Node{Op: op, Inputs: inputs, Span: span, Kind: kind(op, kinds), Key: keyOf(op, keys)})
	return id
}

// streams counts the inputs that are no static values, which pair with everything.
func (b *Builder) streams(inputs []NodeID) int {
	n := 0
	for _, in := range inputs {
		if !literal(b.graph.Nodes[in].Op) {
			n++
		}
	}
	return n
}

func outerJoin(op Op) Op {
	switch op := op.(type) {
	case *Binary:
		return &Binary{Op: op.Op, Outer: true}
	case *Conditional:
		return &Conditional{Outer: true}
	case *Across:
		return &Across{Func: op.Func, Arg: op.Arg, Outer: true}
	}
	return op
}

// Call notes that a function or method has made a node.
func (b *Builder) Call(id NodeID) { b.graph.Nodes[id].Called = true }

// Len returns how many nodes there are so far.
func (b *Builder) Len() int { return len(b.graph.Nodes) }

// Publishes reports whether one of the nodes from an ID on is a Publish.
func (b *Builder) Publishes(from int) bool {
	return slices.ContainsFunc(b.graph.Nodes[from:], func(n Node) bool { _, ok := n.Op.(*Publish); return ok })
}

// Node returns a node that has been added.
func (b *Builder) Node(id NodeID) *Node { return &b.graph.Nodes[id] }

// Graph returns what has been built, without what only was a step to the function of a
// Map. The builder must not be used after it.
func (b *Builder) Graph() *Graph {
	used := make([]bool, len(b.graph.Nodes))
	for i, n := range b.graph.Nodes {
		if !b.overParam[NodeID(i)] {
			for _, in := range n.Inputs {
				used[in] = true
			}
		}
	}
	place := make([]NodeID, len(b.graph.Nodes))
	var kept []Node
	for i, n := range b.graph.Nodes {
		if b.overParam[NodeID(i)] || !used[i] && literal(n.Op) {
			continue
		}
		for j, in := range n.Inputs {
			n.Inputs[j] = place[in]
		}
		place[i] = NodeID(len(kept))
		kept = append(kept, n)
	}
	return &Graph{Nodes: kept}
}

// literal reports whether an operator is a static value of the program.
func literal(op Op) bool {
	switch op.(type) {
	case *Scalar, *None:
		return true
	}
	return false
}

// String returns the graph in its stable text form, a line a node:
//
//	n0 = data('cpu.utilization')  # 1:1
//	n1 = mean(by=[host]) n0  # 1:25
//	n2 = publish('cpu') n1  # 1:41
//
// The name of a node is n with its NodeID; the inputs stand after the operator, and the
// line and column of the source after the #, behind the name of a module.
func (g *Graph) String() string {
	var b strings.Builder
	for i, n := range g.Nodes {
		fmt.Fprintf(&b, "n%d = %s  # %s\n", i, line(n), n.Span)
	}
	return b.String()
}

// line writes the operator of a node and its inputs.
func line(n Node) string {
	var b strings.Builder
	b.WriteString(n.Op.String())
	for _, in := range n.Inputs {
		b.WriteString(" n" + strconv.Itoa(int(in)))
	}
	return b.String()
}

// String returns line:column, behind the name of a module.
func (s Span) String() string {
	text := strconv.Itoa(s.Line) + ":" + strconv.Itoa(s.Column)
	if s.File != "" {
		return s.File + ":" + text
	}
	return text
}
