package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// constFunctions returns the functions that make streams of values and of other streams
// (language.md 5.2).
func constFunctions() []*builtin {
	return []*builtin{
		{
			name: "const",
			params: []param{
				{name: "value", want: wantNumber, def: "None"},
				{name: "key", want: wantKeys, def: "None"},
				{name: "timeseries", want: wantTimeseries, def: "None"},
			},
			doc:  "a stream of one value that never changes, with the dimensions `key`; `timeseries` makes several, `[{'key': {…}, 'value': 5}, …]`",
			call: makeConst, stream: true,
			excludes: [][2]string{{"value", "timeseries"}, {"key", "timeseries"}},
			either:   [][2]string{{"value", "timeseries"}},
		},
		{
			name: "threshold", params: []param{{name: "value", want: wantOperand}}, stream: true,
			doc: "the number or stream, marked as the limit of a detector",
			call: func(a *args) (value, *syntax.Error) {
				v := a.get("value").value
				if s, ok := v.(stream); ok {
					return a.result(&graph.Threshold{}, s.node)
				}
				n, _ := number(v)
				c := a.ev.graph.Add(&graph.Const{Series: []graph.ConstSeries{{Value: n}}}, a.ev.span(a.at))
				return a.result(&graph.Threshold{}, c)
			},
		},
		{
			name: "union", params: []param{{name: "streams", want: wantAnyStream, rest: true}}, stream: true,
			doc:  "one stream of all series of all of the streams, each as it is",
			call: makeUnion,
		},
		{
			name: "combine", params: []param{{name: "expression", want: wantExpression}}, outer: true,
			doc: "the expression, in which a series that lacks a partner is paired with None and not left out",
			call: func(a *args) (value, *syntax.Error) {
				return a.get("expression").value, nil
			},
		},
	}
}

func makeConst(a *args) (value, *syntax.Error) {
	if all, ok := a.get("timeseries").value.(constants); ok {
		return a.result(&graph.Const{Series: all})
	}
	keys := given(a, "key", constants{{}})
	op := &graph.Const{}
	for _, k := range keys {
		op.Series = append(op.Series, graph.ConstSeries{Key: k.Key, Value: a.number("value", 0)})
	}
	return a.result(op)
}

func makeUnion(a *args) (value, *syntax.Error) {
	first := a.rest[0]
	var inputs []graph.NodeID
	for _, v := range a.rest {
		if isBoolStream(v) != isBoolStream(first) {
			return nil, a.ev.errorf(syntax.TypeError, v.at, "argument 'streams' of union(): expected %s like the first, got %s", first.typeName(), v.typeName())
		}
		inputs = append(inputs, v.value.(stream).node)
	}
	if len(inputs) == 1 {
		return first.value, nil
	}
	return a.result(&graph.Union{}, inputs...)
}
