package eval

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// operand is a value with its place in the program.
type operand struct {
	value
	at syntax.Node
}

func (ev *evaluator) operand(x syntax.Expr) (operand, *syntax.Error) {
	v, err := ev.expr(x)
	return operand{v, x}, err
}

// mismatch returns the error for operands that an operator does not take.
func (ev *evaluator) mismatch(op syntax.Kind, at syntax.Node, x, y operand) *syntax.Error {
	err := ev.errorf(syntax.TypeError, at, "operator '%s' cannot combine %s and %s", op, x.typeName(), y.typeName())
	_, f := x.value.(filter)
	_, g := y.value.(filter)
	switch {
	case f && g && !isComparison(op):
		return err.WithHint("filters combine with 'and', 'or' and 'not'")
	case isNone(x) || isNone(y):
		if op == syntax.EQ || op == syntax.NE {
			return err.WithHint("compare with None by 'is' or 'is not'")
		}
	case kindHint(x.value) != "":
		return err.WithHint("%s", kindHint(x.value))
	case kindHint(y.value) != "":
		return err.WithHint("%s", kindHint(y.value))
	case isBoolStream(x) || isBoolStream(y):
		return err.WithHint("a boolean stream has no numbers")
	}
	return err
}

// isComparison reports whether an operator compares for being equal or the same.
func isComparison(op syntax.Kind) bool {
	return op == syntax.EQ || op == syntax.NE || op == syntax.IS || op == syntax.ISNOT
}

func isNone(o operand) bool { _, ok := o.value.(none); return ok }

func isBoolStream(o operand) bool { s, ok := o.value.(stream); return ok && s.boolean }

// ---- one operand ----

func (ev *evaluator) unary(x *syntax.Unary) (value, *syntax.Error) {
	v, err := ev.operand(x.X)
	if err != nil {
		return nil, err
	}
	op := syntax.Span{From: x.From, To: x.From + syntax.Pos(len(x.Op.String()))}
	switch x.Op {
	case syntax.NOT:
		return ev.not(x, op, v)
	case syntax.TILDE:
		return nil, ev.errorf(syntax.TypeError, op, "operator '~' is not defined for %s", v.typeName())
	}
	minus := x.Op == syntax.MINUS
	switch n := v.value.(type) {
	case integer:
		switch {
		case !minus:
			return n, nil
		case n == math.MinInt64:
			return float(-float64(n)), nil
		}
		return -n, nil
	case float:
		if minus {
			n = -n
		}
		return n, nil
	case duration:
		if minus {
			n = -n
		}
		return n, nil
	case stream:
		switch {
		case n.boolean:
		case minus:
			return stream{node: ev.graph.Add(&graph.Unary{Op: graph.Negate}, ev.span(x), n.node)}, nil
		default:
			return n, nil
		}
	}
	return nil, ev.errorf(syntax.TypeError, op, "operator '%s' is not defined for %s", x.Op, v.typeName())
}

func (ev *evaluator) not(x *syntax.Unary, op syntax.Node, v operand) (value, *syntax.Error) {
	switch n := v.value.(type) {
	case filter:
		if inner, ok := n.pred.(*series.Not); ok {
			return filter{inner.X, n.cost}, nil
		}
		return filter{&series.Not{X: n.pred}, n.cost}, ev.spend(n.cost, x)
	case stream:
		if n.boolean {
			return stream{ev.graph.Add(&graph.Unary{Op: graph.Not}, ev.span(x), n.node), true}, nil
		}
	default:
		if yes, ok := truth(n); ok {
			return boolean(!yes), nil
		}
	}
	err := ev.errorf(syntax.TypeError, op, "operator 'not' is not defined for %s", v.typeName())
	if _, ok := v.value.(stream); ok {
		err = err.WithHint("compare the stream first, as in not (s > 0)")
	}
	return nil, err
}

// ---- and, or ----

// logic evaluates "and" and "or": over filters they build a filter, over boolean streams
// a stream, and otherwise they return an operand, the right one evaluated only if it
// decides (language.md 2.5, 2.7, 2.10).
func (ev *evaluator) logic(x *syntax.Binary) (value, *syntax.Error) {
	l, err := ev.operand(x.X)
	if err != nil {
		return nil, err
	}
	yes, static := truth(l.value)
	if static && yes == (x.Op == syntax.OR) {
		ev.noFilter(x, l)
		return ev.decided(x, l), nil
	}
	r, err := ev.operand(x.Y)
	if err != nil {
		return nil, err
	}
	_, isF := l.value.(filter)
	_, isG := r.value.(filter)
	s, isS := l.value.(stream)
	t, isT := r.value.(stream)
	switch {
	case isNone(l): // of "or"
		return r.value, nil
	case isF, isG:
		return ev.filters(x, l, r)
	case isS && !s.boolean, isT && !t.boolean:
		return nil, ev.mismatch(x.Op, x.OpAt, l, r).WithHint("compare the stream first, as in s > 0")
	case isS, isT:
		return ev.streams(x.Span, x.OpAt, x.Op, l, r)
	case !static:
		return nil, ev.mismatch(x.Op, x.OpAt, l, r)
	}
	return r.value, nil
}

// filters evaluates "and" and "or" with a filter on one side at least. None and the
// booleans, which stand for a filter that is absent, do not change the other side where
// logic leaves it as it is (language-detectors.md DQ-15).
func (ev *evaluator) filters(x *syntax.Binary, l, r operand) (value, *syntax.Error) {
	f, isF := l.value.(filter)
	g, isG := r.value.(filter)
	b, isBoolean := r.value.(boolean)
	switch {
	case isF && isG:
		return ev.both(x, f, g)
	case isF && isBoolean && !bool(b) && x.Op == syntax.AND:
		return r.value, nil
	case isF && (isBoolean || isNone(r)):
		return f, nil
	}
	if _, ok := l.value.(boolean); ok {
		return r.value, nil
	}
	return nil, ev.mismatch(x.Op, x.OpAt, l, r)
}

func (ev *evaluator) both(x *syntax.Binary, f, g filter) (value, *syntax.Error) {
	cost := f.cost + g.cost
	if err := ev.spend(cost, x); err != nil {
		return nil, err
	}
	if x.Op == syntax.AND {
		return filter{&series.And{X: f.pred, Y: g.pred}, cost}, nil
	}
	return filter{&series.Or{X: f.pred, Y: g.pred}, cost}, nil
}

// ---- streams ----

var streamOps = map[syntax.Kind]graph.BinaryOp{
	syntax.PLUS: graph.Add, syntax.MINUS: graph.Subtract, syntax.STAR: graph.Multiply, syntax.SLASH: graph.Divide,
	syntax.POWER: graph.Power,
	syntax.LT:    graph.Less, syntax.LE: graph.LessEqual, syntax.GT: graph.Greater, syntax.GE: graph.GreaterEqual,
	syntax.EQ: graph.Equal, syntax.NE: graph.NotEqual, syntax.AND: graph.And, syntax.OR: graph.Or,
}

// takes returns which kinds of streams an operator takes, and whether it makes booleans.
func takes(op syntax.Kind) (numbers, booleans, makesBooleans bool) {
	switch op {
	case syntax.PLUS, syntax.MINUS, syntax.STAR, syntax.SLASH, syntax.POWER:
		return true, false, false
	case syntax.AND, syntax.OR:
		return false, true, true
	case syntax.EQ, syntax.NE:
		return true, true, true
	}
	return true, false, true
}

// streams adds the node of an operator of which one operand at least is a stream. Both
// must be streams or constants of the same kind: numbers, or booleans. at is the whole
// expression, and opAt the operator.
func (ev *evaluator) streams(at, opAt syntax.Span, op syntax.Kind, l, r operand) (value, *syntax.Error) {
	numbers, booleans, makesBooleans := takes(op)
	of := isBoolStream(l) || isBoolStream(r)
	if of && !booleans || !of && !numbers {
		return nil, ev.mismatch(op, opAt, l, r)
	}
	x, okX := ev.node(l, of)
	y, okY := ev.node(r, of)
	if !okX || !okY {
		return nil, ev.mismatch(op, opAt, l, r)
	}
	return stream{ev.graph.Add(&graph.Binary{Op: streamOps[op]}, ev.span(at), x, y), makesBooleans}, nil
}

// node returns the node of an operand: a stream, or a constant, of booleans or of numbers.
// A constant boolean is 1 or 0 there, as a boolean stream is when it is published.
func (ev *evaluator) node(o operand, booleans bool) (graph.NodeID, bool) {
	constant := 0.0
	switch v := o.value.(type) {
	case stream:
		return v.node, v.boolean == booleans
	case boolean:
		if !booleans {
			return 0, false
		}
		if v {
			constant = 1
		}
	default:
		n, ok := number(v)
		if !ok || booleans {
			return 0, false
		}
		constant = n
	}
	return ev.graph.Add(&graph.Scalar{Value: constant, Boolean: booleans}, ev.span(o.at)), true
}

// hasStream reports whether an operand is a stream.
func hasStream(l, r operand) bool {
	_, a := l.value.(stream)
	_, b := r.value.(stream)
	return a || b
}
