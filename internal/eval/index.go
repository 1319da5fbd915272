package eval

import "github.com/signalfx/signalflow-client-go/syntax"

// index evaluates x[i] (language.md 2.11).
func (ev *evaluator) index(x *syntax.Index) (value, *syntax.Error) {
	v, err := ev.expr(x.X)
	if err != nil {
		return nil, err
	}
	i, err := ev.operand(x.I)
	if err != nil {
		return nil, err
	}
	if d, ok := v.(*dict); ok {
		return ev.item(d, i)
	}
	if _, ok := v.(jobArgs); ok {
		return ev.jobArg(i)
	}
	elems, ok := elements(v)
	if !ok {
		return nil, ev.errorf(syntax.TypeError, x.X, "a %s has no elements", v.typeName())
	}
	n, err := ev.whole(i, "index")
	if err != nil {
		return nil, err
	}
	at := n
	if at < 0 {
		at += int64(len(elems))
	}
	if at < 0 || at >= int64(len(elems)) {
		return nil, ev.errorf(syntax.ArgumentError, x.I, "index %d is out of range: the %s has %s", n, v.typeName(), count(len(elems), "element"))
	}
	return elems[at], nil
}

// jobArg evaluates Args['name'], the other way to an argument of the job (protocol.md 1.3).
func (ev *evaluator) jobArg(name operand) (value, *syntax.Error) {
	t, ok := name.value.(text)
	if !ok {
		return nil, ev.errorf(syntax.TypeError, name.at, "the name of an argument must be a text, not a %s", name.value.typeName())
	}
	v, ok := ev.args[string(t)]
	if !ok {
		err := ev.errorf(syntax.ArgumentError, name.at, "the job was started without an argument '%s'", t)
		err.Hint = "Args.get() takes a default for it"
		return nil, err
	}
	return text(v), ev.spendText(len(v), name.at)
}

// slice evaluates x[lo:hi]. As in Python, bounds outside are those of the list.
func (ev *evaluator) slice(x *syntax.Slice) (value, *syntax.Error) {
	v, err := ev.expr(x.X)
	if err != nil {
		return nil, err
	}
	elems, ok := elements(v)
	if !ok {
		return nil, ev.errorf(syntax.TypeError, x.X, "a %s cannot be sliced", v.typeName())
	}
	lo, err := ev.bound(x.Lo, 0, len(elems))
	if err != nil {
		return nil, err
	}
	hi, err := ev.bound(x.Hi, len(elems), len(elems))
	if err != nil {
		return nil, err
	}
	part := elems[lo:max(lo, hi)]
	if _, ok := v.(tuple); ok {
		return tuple(part), nil
	}
	return list(part), nil
}

// bound evaluates one end of a slice; absent, or None, it is def.
func (ev *evaluator) bound(x syntax.Expr, def, length int) (int, *syntax.Error) {
	if x == nil {
		return def, nil
	}
	v, err := ev.operand(x)
	if err != nil || isNone(v) {
		return def, err
	}
	n, err := ev.whole(v, "slice bound")
	if err != nil {
		return 0, err
	}
	if n < 0 {
		n += int64(length)
	}
	return int(min(max(n, 0), int64(length))), nil
}

// whole returns a value as a whole number, also one that was computed as a float.
func (ev *evaluator) whole(v operand, what string) (int64, *syntax.Error) {
	n, problem := wantInteger.take(v.value)
	switch {
	case problem != "":
		return 0, ev.errorf(syntax.ArgumentError, v.at, "%s: %s", what, problem)
	case n == nil:
		return 0, ev.errorf(syntax.TypeError, v.at, "%s: expected integer, got %s", what, v.typeName())
	}
	return int64(n.(integer)), nil
}
