package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// conditional evaluates "x if c else y". When the condition is static, so is the choice, and
// the other branch is not evaluated; when it is a stream, both are (language.md 2.8).
func (ev *evaluator) conditional(x *syntax.Conditional) (value, *syntax.Error) {
	c, err := ev.operand(x.Cond)
	if err != nil {
		return nil, err
	}
	if yes, static := truth(c.value); static {
		if yes {
			return ev.expr(x.Then)
		}
		return ev.expr(x.Else)
	}
	s, ok := c.value.(stream)
	switch {
	case !ok:
		return nil, ev.noCondition(x.Cond, c.value)
	case !s.boolean:
		return nil, ev.errorf(syntax.TypeError, x.Cond, "condition is a %s, which is neither true nor false", c.typeName()).
			WithHint("compare the stream first, as in s > 0")
	}
	then, err := ev.operand(x.Then)
	if err != nil {
		return nil, err
	}
	other, err := ev.operand(x.Else)
	if err != nil {
		return nil, err
	}
	return ev.choice(x, s, then, other)
}

// choice adds the node of a conditional over streams. Its branches are both numbers, in
// each slot, or both booleans; a None goes with either.
func (ev *evaluator) choice(x *syntax.Conditional, c stream, then, other operand) (value, *syntax.Error) {
	booleans, okThen := choiceOf(then.value)
	if isNone(then) {
		booleans, _ = choiceOf(other.value)
	}
	same, okOther := choiceOf(other.value)
	switch {
	case !okThen:
		return nil, ev.errorf(syntax.TypeError, x.Then, "a %s cannot be the branch of a conditional on a stream", then.typeName())
	case !okOther:
		return nil, ev.errorf(syntax.TypeError, x.Else, "a %s cannot be the branch of a conditional on a stream", other.typeName())
	case same != booleans && !isNone(other):
		return nil, ev.errorf(syntax.TypeError, x.Else, "the branches are a %s and a %s: both must be numbers, or both booleans", then.typeName(), other.typeName())
	}
	yes := ev.choiceNode(then, booleans)
	no := ev.choiceNode(other, booleans)
	return stream{ev.graph.Add(&graph.Conditional{}, ev.span(x), c.node, yes, no), booleans}, nil
}

// choiceOf reports whether a value can be a branch, and whether it then is a boolean.
func choiceOf(v value) (isBoolean, ok bool) {
	switch v := v.(type) {
	case stream:
		return v.boolean, true
	case boolean:
		return true, true
	case integer, float, none:
		return false, true
	}
	return false, false
}

func (ev *evaluator) choiceNode(o operand, booleans bool) graph.NodeID {
	if isNone(o) {
		return ev.graph.Add(&graph.None{}, ev.span(o.at))
	}
	n, _ := ev.node(o, booleans) // choiceOf has looked at it
	return n
}

// isStream adds the test of "is" and "is not" on the values of a stream, which is never
// None: for None, for True and False, or for a number (language.md 2.9).
func (ev *evaluator) isStream(at syntax.Span, c syntax.Comparison, l, r operand) (value, *syntax.Error) {
	s, ok := l.value.(stream)
	with := r
	if !ok {
		s, with = r.value.(stream), l
	}
	test := &graph.Is{Not: c.Op == syntax.ISNOT}
	n, isNumber := number(with.value)
	b, isBoolean := with.value.(boolean)
	switch {
	case isNone(with):
		test.What = graph.IsNone
	case isBoolean && s.boolean && bool(b):
		test.What = graph.IsTrue
	case isBoolean && s.boolean:
		test.What = graph.IsFalse
	case isNumber && !s.boolean:
		test.What, test.Number = graph.IsNumber, n
	default:
		return nil, ev.mismatch(c.Op, c.OpAt, l, r).WithHint("compare values by '=='")
	}
	return stream{ev.graph.Add(test, ev.span(at), s.node), true}, nil
}
