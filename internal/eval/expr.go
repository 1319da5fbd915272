package eval

import (
	"math"
	"strconv"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// expr evaluates an expression.
func (ev *evaluator) expr(x syntax.Expr) (value, *syntax.Error) {
	if err := ev.spend(1, x); err != nil {
		return nil, err
	}
	switch x := x.(type) {
	case *syntax.Ident:
		return ev.lookup(x)
	case *syntax.Number:
		return ev.number(x)
	case *syntax.Text:
		return text(x.Value), nil
	case *syntax.Constant:
		switch x.Kind {
		case syntax.TRUE:
			return boolean(true), nil
		case syntax.FALSE:
			return boolean(false), nil
		}
		return none{}, nil
	case *syntax.Paren:
		return ev.expr(x.X)
	case *syntax.List:
		elems, err := ev.exprs(x.Elems)
		return list(elems), err
	case *syntax.Tuple:
		elems, err := ev.exprs(x.Elems)
		return tuple(elems), err
	case *syntax.Unary:
		return ev.unary(x)
	case *syntax.Binary:
		if x.Op == syntax.AND || x.Op == syntax.OR {
			return ev.logic(x)
		}
		return ev.binary(x)
	case *syntax.Compare:
		return ev.compare(x)
	case *syntax.Call:
		return ev.call(x)
	case *syntax.Attribute:
		return ev.attribute(x)
	case *syntax.Dict:
		return ev.dict(x)
	case *syntax.Comprehension:
		return ev.comprehension(x)
	case *syntax.Conditional:
		return ev.conditional(x)
	case *syntax.Lambda:
		return ev.lambda(x), nil
	case *syntax.Index:
		return ev.index(x)
	case *syntax.Slice:
		return ev.slice(x)
	}
	return nil, ev.notYet(x, "this expression")
}

func (ev *evaluator) exprs(list []syntax.Expr) ([]value, *syntax.Error) {
	values := make([]value, len(list))
	for i, x := range list {
		v, err := ev.expr(x)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

// number keeps an integer exact as long as it fits (language.md 2.3).
func (ev *evaluator) number(x *syntax.Number) (value, *syntax.Error) {
	if !x.Float {
		if n, err := strconv.ParseInt(x.Text, 10, 64); err == nil {
			return integer(n), nil
		}
	}
	f, _ := strconv.ParseFloat(x.Text, 64) // the scanner has checked its form
	return ev.finite(f, x)
}

// finite returns a computed number, unless it is too large to be one.
func (ev *evaluator) finite(f float64, at syntax.Node) (value, *syntax.Error) {
	switch {
	case math.IsInf(f, 0):
		return nil, ev.errorf(syntax.ArgumentError, at, "the number is out of range")
	case math.IsNaN(f):
		return nil, ev.errorf(syntax.ArgumentError, at, "the result is not a real number")
	}
	return float(f), nil
}

// attribute evaluates x.name.
func (ev *evaluator) attribute(x *syntax.Attribute) (value, *syntax.Error) {
	v, err := ev.expr(x.X)
	if err != nil {
		return nil, err
	}
	if m, ok := v.(*module); ok {
		return ev.memberOf(m, x.Name)
	}
	return ev.member(v, x.Name)
}
