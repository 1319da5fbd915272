package eval

import "github.com/signalfx/signalflow-client-go/syntax"

// What stands on the right of an "and" or "or" that its left side decides is not evaluated:
// it may be wrong there, or without end. The questions of this file look at its form alone.

// decided returns the result of a logic whose left operand, a static one, decides. That is
// the operand; but a boolean beside a boolean stream makes a stream, which is the same in
// every slot (language.md 2.7). What makes no sense on the right is guarded by the left.
func (ev *evaluator) decided(x *syntax.Binary, l operand) value {
	if _, ok := l.value.(boolean); !ok || !ev.makesStream(x.Y) || ev.acts(x.Y) {
		return l.value
	}
	r, err := ev.operand(x.Y)
	if err == nil && isBoolStream(r) {
		v, err := ev.streams(x.Span, x.OpAt, x.Op, l, r)
		if err == nil {
			return v
		}
	}
	if err != nil {
		ev.fault = fault{} // of an error that is none
	}
	return l.value
}

// makesStream reports whether an expression is a stream, as far as its form tells.
func (ev *evaluator) makesStream(x syntax.Expr) bool {
	switch x := syntax.Unparen(x).(type) {
	case *syntax.Ident:
		v, _ := ev.scope.find(x.Name)
		_, ok := v.(stream)
		return ok
	case *syntax.Unary:
		return ev.makesStream(x.X)
	case *syntax.Binary:
		return ev.makesStream(x.X) || ev.makesStream(x.Y)
	case *syntax.Compare:
		return ev.makesStream(x.X) || ev.linksMakeStream(x.Rest)
	case *syntax.Conditional:
		return ev.makesStream(x.Cond) || ev.makesStream(x.Then) || ev.makesStream(x.Else)
	case *syntax.Call:
		switch f := syntax.Unparen(x.Func).(type) {
		case *syntax.Attribute:
			return ev.makesStream(f.X)
		case *syntax.Ident:
			v, _ := ev.lookup(f)
			b, ok := v.(function)
			return ok && b.stream
		}
	}
	return false
}

// linksMakeStream reports the same of the operands of a chain of comparisons, unless
// evaluating them would do something.
func (ev *evaluator) linksMakeStream(links []syntax.Comparison) bool {
	found := false
	for _, c := range links {
		if ev.acts(c.Y) {
			return false
		}
		found = found || ev.makesStream(c.Y)
	}
	return found
}

// acts reports whether evaluating an expression may do something besides: publish, or call
// a function of the program, which may.
func (ev *evaluator) acts(x syntax.Expr) bool {
	found := false
	syntax.Walk(x, func(n syntax.Node) bool {
		call, ok := n.(*syntax.Call)
		if !ok {
			return !found
		}
		switch f := syntax.Unparen(call.Func).(type) {
		case *syntax.Ident:
			v, _ := ev.lookup(f)
			_, builtin := v.(function)
			found = found || !builtin
		case *syntax.Attribute:
			found = found || f.Name.Name == "publish" || f.Name.Name == "stream" || !ev.makesStream(f.X)
		default:
			found = true
		}
		return !found
	})
	return found
}

// noFilter warns of "None and filter(...)": it is None, which filters nothing
// (language-detectors.md DQ-15).
func (ev *evaluator) noFilter(x *syntax.Binary, l operand) {
	if b, ok := syntax.Unparen(x.X).(*syntax.Binary); ok && b.Op == syntax.AND {
		return // of a longer one the first is told
	}
	if isNone(l) && x.Op == syntax.AND && ev.makesFilter(x.Y) {
		ev.warn(RuleNoFilter, ev.errorf(syntax.TypeError, x.OpAt, "None and a filter is None, which filters nothing").
			WithHint("write: f if scope is None else scope and f"))
	}
}

// makesFilter reports whether an expression is a filter, as far as its form tells.
func (ev *evaluator) makesFilter(x syntax.Expr) bool {
	switch x := syntax.Unparen(x).(type) {
	case *syntax.Ident:
		v, _ := ev.scope.find(x.Name)
		_, ok := v.(filter)
		return ok
	case *syntax.Unary:
		return ev.makesFilter(x.X)
	case *syntax.Binary:
		return ev.makesFilter(x.X)
	case *syntax.Call:
		id, ok := syntax.Unparen(x.Func).(*syntax.Ident)
		if !ok {
			return false
		}
		v, _ := ev.lookup(id)
		f, ok := v.(function)
		return ok && (f.name == "filter" || f.name == "partition_filter")
	}
	return false
}
