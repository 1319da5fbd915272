package eval

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// historyMethods returns the methods that look back in time (language.md 5.4, 4.9).
func historyMethods() []*builtin {
	damping := param{name: "damping", want: wantShare, def: "1.0"}
	forecast := param{name: "forecast", want: wantOffset, def: "0"}
	return []*builtin{
		{
			name: "delta", doc: "the difference to the value of the slot before",
			call: func(a *args) (value, *syntax.Error) { return a.result(&graph.Delta{}, a.input()) },
		},
		{
			name: "rateofchange", doc: "that difference per second",
			call: func(a *args) (value, *syntax.Error) { return a.result(&graph.Delta{PerSecond: true}, a.input()) },
		},
		{
			name: "ewma", doc: "the exponentially weighted moving average: `alpha`, or a length of time",
			params:   []param{{name: "alpha", want: wantShare, def: "None"}, {name: "over", want: wantLength, def: "None"}},
			excludes: [][2]string{{"alpha", "over"}}, either: [][2]string{{"alpha", "over"}},
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.EWMA{Alpha: a.number("alpha", 0), Over: a.length("over")}, a.input())
			},
		},
		{
			name: "double_ewma", doc: "the one with a trend, which `forecast` carries on into the future: `alpha` and `beta`, or lengths of time",
			params: []param{
				{name: "alpha", want: wantShare, def: "None"}, {name: "beta", want: wantShare, def: "None"}, forecast, damping,
				{name: "over", want: wantLength, def: "None", named: true},
				{name: "trend_over", want: wantLength, def: "None", named: true},
			},
			excludes: [][2]string{{"alpha", "over"}, {"beta", "over"}, {"beta", "trend_over"}},
			needs:    [][2]string{{"alpha", "beta"}, {"beta", "alpha"}, {"trend_over", "over"}},
			either:   [][2]string{{"alpha", "over"}},
			call:     doubleEWMA,
		},
		{
			name: "kpss", doc: "a test for being stationary over a length of time, around a `level` or a `trend`",
			params: []param{{name: "over", want: wantLength}, {name: "mode", want: wantKPSSMode, def: "'level'"}},
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.KPSS{Over: a.length("over"), Trend: a.text("mode") == "trend"}, a.input())
			},
		},
		{
			name: "timeshift", doc: "the stream as it was that long ago", booleans: true,
			params: []param{{name: "offset", want: wantOffset}},
			call: func(a *args) (value, *syntax.Error) {
				offset := a.length("offset")
				if offset == 0 {
					return a.fn.on, nil
				}
				input := a.ev.graph.Node(a.input())
				// Offsets add up, and what is shifted twice is asked for once.
				if t, ok := input.Op.(*graph.Timeshift); ok && t.Offset <= longest-offset {
					return a.result(&graph.Timeshift{Offset: t.Offset + offset}, input.Inputs...)
				}
				return a.result(&graph.Timeshift{Offset: offset}, a.input())
			},
		},
	}
}

var wantKPSSMode = words("mode", "level", "trend")

const longest = time.Duration(1<<63 - 1)

func doubleEWMA(a *args) (value, *syntax.Error) {
	op := &graph.DoubleEWMA{
		Alpha: a.number("alpha", 0), Beta: a.number("beta", 0),
		Over: a.length("over"), TrendOver: a.length("trend_over"),
		Forecast: a.length("forecast"), Damping: a.number("damping", 1),
	}
	if op.TrendOver == 0 {
		op.TrendOver = op.Over
	}
	return a.result(op, a.input())
}
