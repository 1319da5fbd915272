package graph

import (
	"errors"
	"fmt"
	"strings"
)

// maxInline is the length of the longest function that a Map writes as an expression.
const maxInline = 200

// String returns map(expression), and of a long function map(n0 = x; n1 = abs() n0; n1).
func (m *Map) String() string {
	if text, ok := inline(m.Body, NodeID(len(m.Body)-1), maxInline); ok {
		return "map(" + text + ")"
	}
	var b strings.Builder
	for i, n := range m.Body {
		fmt.Fprintf(&b, "n%d = %s; ", i, line(n))
	}
	return fmt.Sprintf("map(%sn%d)", b.String(), len(m.Body)-1)
}

// inline writes a node of a function as an expression of at most so many bytes. What is
// shared in the graph is repeated in the text, so without the bound it could have no end.
func inline(body []Node, id NodeID, most int) (text string, ok bool) {
	n := body[id]
	var in []string
	for _, i := range n.Inputs {
		s, ok := inline(body, i, most)
		if most -= len(s); !ok || most < 0 {
			return "", false
		}
		in = append(in, s)
	}
	switch op := n.Op.(type) {
	case *Scalar:
		text = op.text()
	case *Unary:
		text = "(" + op.String() + " " + in[0] + ")"
	case *Is:
		text = "(" + in[0] + " " + op.String() + ")"
	case *Conditional:
		text = "(" + in[1] + " if " + in[0] + " else " + in[2] + ")"
	case *Binary:
		text = "(" + in[0] + " " + op.String() + " " + in[1] + ")"
	case *Math:
		text = string(op.Func) + "(" + in[0] + ")"
	case *Across:
		text = op.String() + "(" + strings.Join(in, ", ") + ")"
	default:
		text = op.String()
	}
	return text, len(text) <= most
}

// ErrCaptured and ErrOperator say why an expression is no function of one value.
var (
	ErrCaptured = errors.New("another stream")
	ErrOperator = errors.New("an operator over other slots or series")
)

// Function returns the body of a Map whose function the node computes from the Param, and
// if there is none the node that is in the way, with ErrCaptured or ErrOperator.
func (b *Builder) Function(result NodeID) (body []Node, culprit NodeID, err error) {
	place := map[NodeID]NodeID{} // in the body
	var visit func(id NodeID) error
	visit = func(id NodeID) error {
		if _, ok := place[id]; ok {
			return nil
		}
		n := b.graph.Nodes[id]
		if !slotwise(n.Op) {
			culprit = id
			if b.overParam[id] {
				return ErrOperator
			}
			return ErrCaptured
		}
		inputs := make([]NodeID, len(n.Inputs))
		for i, in := range n.Inputs {
			if err := visit(in); err != nil {
				return err
			}
			inputs[i] = place[in]
		}
		place[id] = NodeID(len(body))
		n.Inputs = inputs
		body = append(body, n)
		return nil
	}
	err = visit(result)
	return body, culprit, err
}

// slotwise reports whether an operator may stand in the function of a Map.
func slotwise(op Op) bool {
	switch op := op.(type) {
	case *Param, *Scalar, *None, *Binary, *Unary, *Conditional, *Is, *Across:
		return true
	case *Math:
		return op.Func != Integrate && op.Func != PerSecond
	}
	return false
}
