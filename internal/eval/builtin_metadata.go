package eval

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// metadataMethods returns the methods that change what a series is known by, and those that
// send it out (language.md 5.6).
func metadataMethods() []*builtin {
	missing := param{name: "allow_missing", want: wantBoolean, def: "False"}
	last := missing
	last.named = true
	old := publishMethod()
	old.name, old.doc, old.instead = "stream", "the old name of `publish`", "publish"
	return []*builtin{
		publishMethod(), old,
		{
			name: "promote", booleans: true,
			params: []param{{name: "property", want: wantNamesOrNone}, {name: "properties", want: wantNames, rest: true, optional: true}, last},
			doc:    "properties of each series, added to the dimensions that identify it",
			call: func(a *args) (value, *syntax.Error) {
				promoted := a.names("property")
				for _, v := range a.rest {
					promoted = append(promoted, names(v.value.(list))...)
				}
				if len(promoted) == 0 {
					return a.fn.on, nil
				}
				return a.result(&graph.Promote{Names: distinct(promoted), AllowMissing: a.yes("allow_missing")}, a.input())
			},
		},
		{
			name: "dimensions", booleans: true,
			params: []param{{name: "aliases", want: wantNamePairs, def: "None"}, {name: "renames", want: wantNamePairs, def: "None"}, missing},
			either: [][2]string{{"aliases", "renames"}},
			doc:    "the dimensions of each series under other names, `{'new': 'old'}`, in addition or instead",
			call: func(a *args) (value, *syntax.Error) {
				op := &graph.Dimensions{
					Aliases: series.Labels(given(a, "aliases", labels(nil))), Renames: series.Labels(given(a, "renames", labels(nil))),
					AllowMissing: a.yes("allow_missing"),
				}
				if len(op.Aliases)+len(op.Renames) == 0 {
					return a.fn.on, nil
				}
				return a.result(op, a.input())
			},
		},
	}
}

// publishMethod returns publish() (language.md 3.2).
func publishMethod() *builtin {
	return &builtin{
		name: "publish", booleans: true,
		params: []param{
			{name: "label", want: wantText, def: "None"},
			{name: "enable", want: wantBoolean, def: "True"},
		},
		doc: "sends the stream out of the program, under a label if one is given, and returns it",
		call: func(a *args) (value, *syntax.Error) {
			a.node(&graph.Publish{
				Label:   a.text("label"),
				Enabled: bool(given(a, "enable", boolean(true))),
			}, a.input())
			return a.fn.on, nil
		},
	}
}

// eventReductions returns the methods of event streams (language-detectors.md 3.7).
func eventReductions() []*builtin {
	return []*builtin{publishMethod(), {
		name: "count", params: []param{paramBy},
		doc: "a stream of how many events each slot has, 0 without any",
		call: func(a *args) (value, *syntax.Error) {
			return a.result(&graph.EventCount{By: a.names("by")}, a.input())
		},
	}}
}

// histogramReductions returns the methods of histogram streams (language.md 5.7).
func histogramReductions() []*builtin {
	var list []*builtin
	for _, f := range []struct {
		reduce graph.Reduce
		own    []param
		doc    string
	}{
		{graph.Count, nil, "the number of observations"},
		{graph.Sum, nil, "the sum of the observations"},
		{graph.Min, nil, "the smallest observation"},
		{graph.Max, nil, "the largest observation"},
		{graph.Mean, nil, "the average of the observations"},
		{graph.Percentile, []param{{name: "pct", want: wantPercent, def: "90"}}, "a percentile of the observations"},
		{graph.CDF, []param{{name: "value", want: wantNumber}}, "the share of the observations up to a value"},
	} {
		list = append(list, &builtin{
			name: string(f.reduce), doc: f.doc,
			params: slices.Concat(f.own, []param{paramBy, paramOver, paramAllowMissing, paramAllMissing}),
			call: func(a *args) (value, *syntax.Error) {
				op := &graph.HistogramReduce{Func: f.reduce, Over: a.length("over")}
				op.By, op.AllowMissing = a.grouping()
				switch f.reduce {
				case graph.Percentile:
					op.Arg = a.number("pct", 90)
				case graph.CDF:
					op.Arg = a.number("value", 0)
				}
				return a.result(op, a.input())
			},
		})
	}
	return list
}
