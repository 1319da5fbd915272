package eval

import (
	"cmp"
	"math"
	"strings"
	"time"

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
	case f && g && op != syntax.EQ && op != syntax.NE:
		return err.WithHint("filters combine with 'and', 'or' and 'not'")
	case isNone(x) || isNone(y):
		if op == syntax.EQ || op == syntax.NE {
			return err.WithHint("compare with None by 'is' or 'is not'")
		}
	case isBoolStream(x) || isBoolStream(y):
		return err.WithHint("a boolean stream has no numbers")
	}
	return err
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
			return filter{inner.X, n.terms}, nil
		}
		return filter{&series.Not{X: n.pred}, n.terms}, ev.spend(n.terms, x)
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
	// None stands for an absent filter, so what is on its right has to be looked at.
	if yes, static := truth(l.value); static && !isNone(l) && yes == (x.Op == syntax.OR) {
		return l.value, nil
	}
	r, err := ev.operand(x.Y)
	if err != nil {
		return nil, err
	}
	f, isF := l.value.(filter)
	g, isG := r.value.(filter)
	s, isS := l.value.(stream)
	t, isT := r.value.(stream)
	switch {
	case isF && isG:
		return ev.both(x, f, g)
	case isF && isNone(r):
		return f, nil
	case isG && isNone(l):
		return g, nil
	case isF, isG:
		return nil, ev.mismatch(x.Op, x.OpAt, l, r)
	case isS && !s.boolean, isT && !t.boolean:
		return nil, ev.mismatch(x.Op, x.OpAt, l, r).WithHint("compare the stream first, as in s > 0")
	case isS, isT:
		op := graph.And
		if x.Op == syntax.OR {
			op = graph.Or
		}
		return ev.streams(x, op, x.OpAt, x.Op, l, r, true)
	}
	yes, static := truth(l.value)
	switch {
	case !static:
		return nil, ev.mismatch(x.Op, x.OpAt, l, r)
	case yes == (x.Op == syntax.OR):
		return l.value, nil
	}
	return r.value, nil
}

func (ev *evaluator) both(x *syntax.Binary, f, g filter) (value, *syntax.Error) {
	terms := f.terms + g.terms
	if err := ev.spend(terms, x); err != nil {
		return nil, err
	}
	if x.Op == syntax.AND {
		return filter{&series.And{X: f.pred, Y: g.pred}, terms}, nil
	}
	return filter{&series.Or{X: f.pred, Y: g.pred}, terms}, nil
}

// ---- streams ----

var streamOps = map[syntax.Kind]graph.BinaryOp{
	syntax.PLUS: graph.Add, syntax.MINUS: graph.Subtract, syntax.STAR: graph.Multiply, syntax.SLASH: graph.Divide,
	syntax.LT: graph.Less, syntax.LE: graph.LessEqual, syntax.GT: graph.Greater, syntax.GE: graph.GreaterEqual,
	syntax.EQ: graph.Equal, syntax.NE: graph.NotEqual,
}

// streams adds the node of an operator of which one operand at least is a stream. Both
// must be streams or constants of the same kind: numbers, or booleans.
func (ev *evaluator) streams(x syntax.Node, op graph.BinaryOp, opAt syntax.Span, kind syntax.Kind, l, r operand, result bool) (value, *syntax.Error) {
	booleans := isBoolStream(l) || isBoolStream(r)
	if booleans && !result || booleans && kind != syntax.AND && kind != syntax.OR && kind != syntax.EQ && kind != syntax.NE {
		return nil, ev.mismatch(kind, opAt, l, r)
	}
	in := [2]graph.NodeID{}
	for i, o := range []operand{l, r} {
		switch v := o.value.(type) {
		case stream:
			if v.boolean != booleans {
				return nil, ev.mismatch(kind, opAt, l, r)
			}
			in[i] = v.node
		case boolean:
			if !booleans {
				return nil, ev.mismatch(kind, opAt, l, r)
			}
			truth := 0.0
			if v {
				truth = 1
			}
			in[i] = ev.graph.Add(&graph.Scalar{Value: truth}, ev.span(o.at))
		default:
			n, ok := number(v)
			if !ok || booleans {
				return nil, ev.mismatch(kind, opAt, l, r)
			}
			in[i] = ev.graph.Add(&graph.Scalar{Value: n}, ev.span(o.at))
		}
	}
	return stream{ev.graph.Add(&graph.Binary{Op: op}, ev.span(x), in[0], in[1]), result}, nil
}

// hasStream reports whether an operand is a stream.
func hasStream(l, r operand) bool {
	_, a := l.value.(stream)
	_, b := r.value.(stream)
	return a || b
}

// ---- arithmetic ----

func (ev *evaluator) binary(x *syntax.Binary) (value, *syntax.Error) {
	l, err := ev.operand(x.X)
	if err != nil {
		return nil, err
	}
	r, err := ev.operand(x.Y)
	if err != nil {
		return nil, err
	}
	switch x.Op {
	case syntax.PIPE, syntax.CARET, syntax.AMPERSAND, syntax.LSHIFT, syntax.RSHIFT:
		err := ev.mismatch(x.Op, x.OpAt, l, r)
		switch x.Op {
		case syntax.PIPE:
			err = err.WithHint("write 'or'")
		case syntax.AMPERSAND:
			err = err.WithHint("write 'and'")
		}
		return nil, err
	}
	if hasStream(l, r) {
		if x.Op == syntax.POWER {
			return nil, ev.notYet(x.OpAt, "'**' on a stream")
		}
		return ev.streams(x, streamOps[x.Op], x.OpAt, x.Op, l, r, false)
	}
	if v, err := ev.joined(x, l, r); v != nil || err != nil {
		return v, err
	}
	if v, err := ev.durations(x, l, r); v != nil || err != nil {
		return v, err
	}
	a, isA := number(l.value)
	b, isB := number(r.value)
	if !isA || !isB {
		return nil, ev.mismatch(x.Op, x.OpAt, l, r)
	}
	i, intA := l.value.(integer)
	j, intB := r.value.(integer)
	if intA && intB {
		if n, ok := exact(x.Op, int64(i), int64(j)); ok {
			return integer(n), nil
		}
	}
	switch x.Op {
	case syntax.PLUS:
		a += b
	case syntax.MINUS:
		a -= b
	case syntax.STAR:
		a *= b
	case syntax.SLASH:
		if b == 0 {
			return nil, ev.errorf(syntax.ArgumentError, x.OpAt, "division by zero")
		}
		a /= b
	case syntax.POWER:
		if a == 0 && b < 0 {
			return nil, ev.errorf(syntax.ArgumentError, x.OpAt, "division by zero")
		}
		a = math.Pow(a, b)
	}
	return ev.finite(a, x)
}

// exact computes over whole numbers, and reports whether the result is whole and fits.
func exact(op syntax.Kind, a, b int64) (int64, bool) {
	switch op {
	case syntax.PLUS:
		sum := a + b
		return sum, (sum > a) == (b > 0)
	case syntax.MINUS:
		diff := a - b
		return diff, (diff < a) == (b > 0)
	case syntax.STAR:
		if a == 0 || b == 0 {
			return 0, true
		}
		product := a * b
		minInt := int64(math.MinInt64)
		return product, product/b == a && !(a == -1 && b == minInt) && !(b == -1 && a == minInt)
	case syntax.POWER:
		return power(a, b)
	}
	return 0, false
}

// power computes a to the b by squaring.
func power(a, b int64) (int64, bool) {
	if b < 0 {
		return 0, false
	}
	result, ok := int64(1), true
	for {
		if b&1 == 1 {
			if result, ok = exact(syntax.STAR, result, a); !ok {
				return 0, false
			}
		}
		if b >>= 1; b == 0 {
			return result, true
		}
		if a, ok = exact(syntax.STAR, a, a); !ok {
			return 0, false
		}
	}
}

// joined concatenates two texts, lists or tuples; nil means that they are none.
func (ev *evaluator) joined(x *syntax.Binary, l, r operand) (value, *syntax.Error) {
	if x.Op != syntax.PLUS {
		return nil, nil
	}
	switch a := l.value.(type) {
	case text:
		if b, ok := r.value.(text); ok {
			if len(a)+len(b) > maxText {
				return nil, ev.errorf(syntax.LimitError, x, "the text is longer than %d bytes", maxText)
			}
			return a + b, ev.spend((len(a)+len(b))/16, x)
		}
	case list:
		if b, ok := r.value.(list); ok {
			if err := ev.spend(len(a)+len(b), x); err != nil {
				return nil, err
			}
			return append(append(list{}, a...), b...), nil
		}
	case tuple:
		if b, ok := r.value.(tuple); ok {
			if err := ev.spend(len(a)+len(b), x); err != nil {
				return nil, err
			}
			return append(append(tuple{}, a...), b...), nil
		}
	}
	return nil, nil
}

// durations computes with durations; nil means that no operand is one, or that the
// operator does not take them.
func (ev *evaluator) durations(x *syntax.Binary, l, r operand) (value, *syntax.Error) {
	a, isA := l.value.(duration)
	b, isB := r.value.(duration)
	m, numA := number(l.value)
	n, numB := number(r.value)
	if isA && isB && (x.Op == syntax.PLUS || x.Op == syntax.MINUS) {
		sum, ok := exact(x.Op, int64(a), int64(b))
		if !ok {
			return nil, ev.errorf(syntax.ArgumentError, x, "the duration is out of range")
		}
		return duration(sum), nil
	}
	var result float64
	switch {
	case isA && numB && x.Op == syntax.STAR:
		result = float64(a) * n
	case numA && isB && x.Op == syntax.STAR:
		result = m * float64(b)
	case isA && isB && b != 0 && x.Op == syntax.SLASH:
		return ev.finite(float64(a)/float64(b), x)
	case isA && numB && n != 0 && x.Op == syntax.SLASH:
		result = float64(a) / n
	case isA && (isB || numB) && x.Op == syntax.SLASH:
		return nil, ev.errorf(syntax.ArgumentError, x.OpAt, "division by zero")
	default:
		return nil, nil
	}
	d, ok := nanoseconds(result)
	if !ok {
		return nil, ev.errorf(syntax.ArgumentError, x, "the duration is out of range")
	}
	return duration(d), nil
}

// nanoseconds returns a number of nanoseconds as a duration, unless it is out of range.
func nanoseconds(n float64) (time.Duration, bool) {
	n = math.Round(n)
	return time.Duration(n), n > math.MinInt64 && n < math.MaxInt64
}

// ---- comparison ----

// compare evaluates a chain of comparisons: a < b < c is a < b and b < c, with b evaluated
// once (language.md 1.10).
func (ev *evaluator) compare(x *syntax.Compare) (value, *syntax.Error) {
	l, err := ev.operand(x.X)
	if err != nil {
		return nil, err
	}
	var result operand
	for i, c := range x.Rest {
		r, err := ev.operand(c.Y)
		if err != nil {
			return nil, err
		}
		span := syntax.Span{From: l.at.Range().From, To: c.Y.Range().To}
		v, err := ev.comparison(span, c, l, r)
		if err != nil {
			return nil, err
		}
		switch link := (operand{v, span}); {
		case i == 0:
			result = link
		case hasStream(result, link):
			both, err := ev.streams(x, graph.And, c.OpAt, syntax.AND, result, link, true)
			if err != nil {
				return nil, err
			}
			result = operand{both, x}
		default:
			result = link
		}
		if result.value == boolean(false) {
			return result.value, nil
		}
		l = r
	}
	return result.value, nil
}

func (ev *evaluator) comparison(at syntax.Node, c syntax.Comparison, l, r operand) (value, *syntax.Error) {
	streams := hasStream(l, r)
	switch {
	case c.Op == syntax.IS || c.Op == syntax.ISNOT:
		if streams {
			return nil, ev.notYet(c.OpAt, "'"+c.Op.String()+"' on a stream")
		}
		same, err := ev.identical(c, l, r)
		return boolean(same == (c.Op == syntax.IS)), err
	case streams:
		return ev.streams(at, streamOps[c.Op], c.OpAt, c.Op, l, r, true)
	case c.Op == syntax.EQ || c.Op == syntax.NE:
		equal, err := ev.equal(c, l, r)
		return boolean(equal == (c.Op == syntax.EQ)), err
	}
	order, ok := 0, false
	if a, isA := number(l.value); isA {
		if b, isB := number(r.value); isB {
			order, ok = cmp.Compare(a, b), true
			i, intA := l.value.(integer)
			j, intB := r.value.(integer)
			if intA && intB {
				order = cmp.Compare(i, j)
			}
		}
	}
	switch a := l.value.(type) {
	case text:
		if b, isB := r.value.(text); isB {
			order, ok = strings.Compare(string(a), string(b)), true
		}
	case duration:
		if b, isB := r.value.(duration); isB {
			order, ok = cmp.Compare(a, b), true
		}
	}
	if !ok {
		return nil, ev.mismatch(c.Op, c.OpAt, l, r)
	}
	switch c.Op {
	case syntax.LT:
		return boolean(order < 0), nil
	case syntax.LE:
		return boolean(order <= 0), nil
	case syntax.GT:
		return boolean(order > 0), nil
	}
	return boolean(order >= 0), nil
}

// equal compares static values of one type (language.md 2.10).
func (ev *evaluator) equal(c syntax.Comparison, l, r operand) (bool, *syntax.Error) {
	if err := ev.spend(1, c.OpAt); err != nil {
		return false, err
	}
	switch a := l.value.(type) {
	case none, boolean, text, duration:
		if a.typeName() == r.typeName() {
			return l.value == r.value, nil
		}
	case integer, float:
		m, _ := number(a)
		if n, ok := number(r.value); ok {
			i, intA := l.value.(integer)
			j, intB := r.value.(integer)
			return m == n && (!intA || !intB || i == j), nil
		}
	case list, tuple:
		if a.typeName() == r.typeName() {
			xs, _ := elements(a)
			ys, _ := elements(r.value)
			return ev.equalElements(c, xs, ys)
		}
	}
	return false, ev.mismatch(c.Op, c.OpAt, l, r)
}

func (ev *evaluator) equalElements(c syntax.Comparison, xs, ys []value) (bool, *syntax.Error) {
	if len(xs) != len(ys) {
		return false, nil
	}
	for i := range xs {
		same, err := ev.equal(c, operand{xs[i], c.OpAt}, operand{ys[i], c.OpAt})
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// identical is the test of "is" between static values: None, True and False are only
// themselves, and anything else is compared as by "==".
func (ev *evaluator) identical(c syntax.Comparison, l, r operand) (bool, *syntax.Error) {
	if l.typeName() != r.typeName() {
		return false, nil
	}
	return ev.equal(c, l, r)
}
