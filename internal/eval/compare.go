package eval

import (
	"cmp"
	"strings"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// compare evaluates a chain of comparisons: a < b < c is a < b and b < c, with b evaluated
// once (language.md 1.10).
func (ev *evaluator) compare(x *syntax.Compare) (value, *syntax.Error) {
	l, err := ev.operand(x.X)
	if err != nil {
		return nil, err
	}
	var result operand // of the links so far
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
		link := operand{v, span}
		switch {
		case i > 0 && hasStream(result, link):
			if link.value, err = ev.streams(x.Span, c.OpAt, syntax.AND, result, link); err != nil {
				return nil, err
			}
		case result.value == boolean(false):
			link = result
		}
		// What is decided stays so; but with a stream in the chain it is one (language.md 2.7).
		if link.value == boolean(false) && !ev.linksMakeStream(x.Rest[i+1:]) {
			return link.value, nil
		}
		result, l = link, r
	}
	return result.value, nil
}

func (ev *evaluator) comparison(at syntax.Span, c syntax.Comparison, l, r operand) (value, *syntax.Error) {
	streams := hasStream(l, r)
	switch {
	case c.Op == syntax.IS || c.Op == syntax.ISNOT:
		if streams {
			return ev.isStream(at, c, l, r)
		}
		same, err := ev.identical(c, l, r)
		return boolean(same == (c.Op == syntax.IS)), err
	case streams:
		return ev.streams(at, c.OpAt, c.Op, l, r)
	case c.Op == syntax.EQ || c.Op == syntax.NE:
		equal, err := ev.equal(c, l, r)
		return boolean(equal == (c.Op == syntax.EQ)), err
	}
	if err := ev.spendValue(l.value, c.OpAt); err != nil {
		return nil, err
	}
	order, ok := order(l.value, r.value)
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

// order compares two numbers, texts or durations; other values have no order.
func order(l, r value) (sign int, ok bool) {
	switch a := l.(type) {
	case text:
		if b, ok := r.(text); ok {
			return strings.Compare(string(a), string(b)), true
		}
	case duration:
		if b, ok := r.(duration); ok {
			return cmp.Compare(a, b), true
		}
	case integer:
		if b, ok := r.(integer); ok {
			return cmp.Compare(a, b), true
		}
	}
	a, isA := number(l)
	b, isB := number(r)
	return cmp.Compare(a, b), isA && isB
}

// equal compares static values of one type (language.md 2.10).
func (ev *evaluator) equal(c syntax.Comparison, l, r operand) (bool, *syntax.Error) {
	if err := ev.spend(1, c.OpAt); err != nil {
		return false, err
	}
	switch a := l.value.(type) {
	case text:
		if b, ok := r.value.(text); ok {
			return a == b, ev.spend(min(len(a), len(b))/16, c.OpAt)
		}
	case none, boolean, duration:
		if a.typeName() == r.typeName() {
			return l.value == r.value, nil
		}
	case integer, float:
		if sign, ok := order(l.value, r.value); ok {
			return sign == 0, nil
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
