package eval

import (
	"errors"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// valueMethods returns the methods that compute each value for itself (language.md 5.5).
func valueMethods() []*builtin {
	list := []*builtin{
		{
			name: "integrate", doc: "each value times the length of a slot in seconds",
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.Math{Func: graph.Integrate}, a.input())
			},
		},
		{
			name: "pow", doc: "each value to a power, or a base to the power of each value",
			params:   []param{{name: "exponent", want: wantNumber, def: "None"}, {name: "base", want: wantNumber, def: "None"}},
			excludes: [][2]string{{"exponent", "base"}}, either: [][2]string{{"exponent", "base"}},
			call: func(a *args) (value, *syntax.Error) {
				on := operand{a.fn.on, a.at}
				if a.has("base") {
					return a.power(a.get("base"), on)
				}
				return a.power(on, a.get("exponent"))
			},
		},
		{
			name: "scale", doc: "each value times a number", params: []param{{name: "multiple", want: wantNumber}},
			call: func(a *args) (value, *syntax.Error) {
				by, _ := a.ev.node(a.get("multiple"), false)
				return a.result(&graph.Binary{Op: graph.Multiply}, a.input(), by)
			},
		},
		{
			name: "fill", doc: "a value in place of missing ones, the last one seen unless told, for so long, or for so many slots", booleans: true,
			params: []param{
				{name: "value", want: wantConstant, def: "None"},
				{name: "duration", want: wantLength, def: "None"},
				{name: "maxCount", want: wantPositive, def: "None"},
			},
			call: fillMissing,
		},
		{
			name: "map", doc: "each value, a missing one too, by a function of it: `s.map(lambda x: 0 if x is None else x)`", booleans: true,
			params: []param{{name: "function", want: wantFunction}},
			call:   mapValues,
		},
	}
	for _, f := range mathFunctions {
		list = append(list, &builtin{
			name: string(f.name), doc: f.doc + " of each value",
			call: func(a *args) (value, *syntax.Error) { return a.result(&graph.Math{Func: f.name}, a.input()) },
		})
	}
	return append(list, limitMethods()...)
}

func fillMissing(a *args) (value, *syntax.Error) {
	op := &graph.Fill{For: a.length("duration"), Slots: int(given(a, "maxCount", integer(0))), Booleans: a.fn.on.(stream).boolean}
	v := a.get("value")
	switch value := v.value.(type) {
	case nil:
	case boolean:
		if !op.Booleans {
			return nil, a.ev.errorf(syntax.TypeError, v.at, "argument 'value' of fill(): expected number, got boolean")
		}
		f := 0.0
		if value {
			f = 1
		}
		op.Value = &f
	default:
		if op.Booleans {
			return nil, a.ev.errorf(syntax.TypeError, v.at, "argument 'value' of fill(): expected boolean, got number")
		}
		op.Value = a.pointer("value")
	}
	return a.result(op, a.input())
}

// ---- limits ----

func limitMethods() []*builtin {
	clamp := param{name: "clamp", want: wantBoolean, def: "False"}
	single := []param{{name: "limit", want: wantNumber}, {name: "inclusive", want: wantBoolean, def: "False"}, clamp}
	both := []param{
		{name: "low_limit", want: wantNumber}, {name: "high_limit", want: wantNumber},
		{name: "low_inclusive", want: wantBoolean, def: "False"}, {name: "high_inclusive", want: wantBoolean, def: "False"},
	}
	same := []param{{name: "value", want: wantNumber}, {name: "replacement", want: wantNumber, def: "None"}}
	equals := func(not bool) func(*args) (value, *syntax.Error) {
		return func(a *args) (value, *syntax.Error) {
			return a.result(&graph.Equals{Not: not, Value: a.number("value", 0), Replacement: a.pointer("replacement")}, a.input())
		}
	}
	return []*builtin{
		{
			name: "above", params: single, doc: "the values above a limit; for the others None, or with `clamp` the limit",
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.Limit{Func: graph.Above, Low: a.number("limit", 0), LowInclusive: a.yes("inclusive"), Clamp: a.yes("clamp")}, a.input())
			},
		},
		{
			name: "below", params: single, doc: "the values below a limit",
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.Limit{Func: graph.Below, High: a.number("limit", 0), HighInclusive: a.yes("inclusive"), Clamp: a.yes("clamp")}, a.input())
			},
		},
		{name: "between", params: append(both[:4:4], clamp), doc: "the values between two limits", call: limits(graph.Between)},
		{name: "not_between", params: both, doc: "the values that are not between two limits", call: limits(graph.NotBetween)},
		{name: "equals", params: same, doc: "the values that equal one; for the others None, or the replacement", call: equals(false)},
		{name: "not_equals", params: same, doc: "the values that do not", call: equals(true)},
	}
}

func limits(f graph.LimitFunc) func(*args) (value, *syntax.Error) {
	return func(a *args) (value, *syntax.Error) {
		op := &graph.Limit{
			Func: f, Low: a.number("low_limit", 0), High: a.number("high_limit", 0),
			LowInclusive: a.yes("low_inclusive"), HighInclusive: a.yes("high_inclusive"),
			Clamp: f == graph.Between && a.yes("clamp"),
		}
		if op.Low >= op.High {
			return nil, a.bad(a.get("high_limit"), "high_limit", "%v is not above the low limit %v", op.High, op.Low)
		}
		return a.result(op, a.input())
	}
}

// ---- map ----

// mapValues compiles the function by calling it once, with a value that stands for those of
// the stream: what it computes of that is the body.
func mapValues(a *args) (value, *syntax.Error) {
	ev, on, f := a.ev, a.fn.on.(stream), a.get("function")
	outer, before := ev.graph.Outer, ev.graph.Len()
	ev.graph.Outer = false
	defer func() { ev.graph.Outer = outer }()

	x := stream{ev.graph.Add(&graph.Param{Booleans: on.boolean}, ev.span(f.at)), on.boolean}
	y, err := ev.apply(f, f.at.Range(), &callArgs{positional: []operand{{x, f.at}}})
	if err != nil {
		return nil, err
	}
	if ev.graph.Publishes(before) {
		return nil, a.bad(f, "function", "it publishes a stream")
	}
	result, booleans, ok := ev.mapped(operand{y, f.at})
	if !ok {
		return nil, ev.errorf(syntax.TypeError, f.at, "argument 'function' of map(): expected a function that makes a number or a boolean, it makes a %s", y.typeName())
	}
	body, culprit, failure := ev.graph.Function(result)
	if failure != nil {
		n := ev.graph.Node(culprit)
		if errors.Is(failure, graph.ErrCaptured) {
			return nil, a.bad(f, "function", "it uses a stream besides its own, that of %s at %s", graph.Name(n.Op), n.Span).
				WithHint("combine the streams with operators and conditional expressions")
		}
		return nil, a.bad(f, "function", "%s of its value at %s needs other values than the one it has", graph.Name(n.Op), n.Span)
	}
	if err := ev.spend(len(body), a.at); err != nil {
		return nil, err
	}
	return a.result(&graph.Map{Body: body, Booleans: booleans}, a.input())
}

// mapped returns the node of what a function of map() has made.
func (ev *evaluator) mapped(v operand) (id graph.NodeID, booleans, ok bool) {
	switch y := v.value.(type) {
	case none:
		return ev.graph.Add(&graph.None{}, ev.span(v.at)), false, true
	case stream:
		return y.node, y.boolean, true
	case boolean:
		id, ok = ev.node(v, true)
		return id, true, ok
	}
	id, ok = ev.node(v, false)
	return id, false, ok
}
