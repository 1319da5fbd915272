package eval

import (
	"math"
	"time"

	"github.com/signalfx/signalflow-client-go/syntax"
)

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
		return ev.streams(x.Span, x.OpAt, x.Op, l, r)
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
			if err := ev.spendText(len(a)+len(b), x); err != nil {
				return nil, err
			}
			return a + b, nil
		}
	case list:
		if b, ok := r.value.(list); ok {
			if err := ev.spendElements(len(a)+len(b), x); err != nil {
				return nil, err
			}
			return append(append(list{}, a...), b...), nil
		}
	case tuple:
		if b, ok := r.value.(tuple); ok {
			if err := ev.spendElements(len(a)+len(b), x); err != nil {
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
