package eval

import (
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// statBuiltins returns the methods that aggregate a stream, with by= or without, or
// transform each of its series, with over= (language.md 5.0, 5.4).
func statBuiltins() []*builtin {
	calendar := []param{
		{name: "cycle", def: "None", later: true},
		{name: "cycle_start", def: "None", later: true},
		{name: "partial_values", def: "False", later: true},
		{name: "shift_cycles", def: "0", later: true},
	}
	var list []*builtin
	for _, stat := range []struct {
		reduce   graph.Reduce
		calendar []param
		doc      string
	}{
		{graph.Sum, calendar, "the sum of the values"},
		{graph.Mean, calendar, "the average of the values"},
		{graph.Min, calendar, "the smallest value"},
		{graph.Max, calendar, "the largest value"},
		{graph.Count, nil, "the number of values, 0 included"},
	} {
		params := []param{
			{name: "by", want: wantNames, def: "None"},
			{name: "allow_missing", want: wantNamesOrTrue, def: "None"},
			{name: "over", want: wantLength, def: "None"},
		}
		params = append(params, stat.calendar...)
		params = append(params, param{name: "allow_all_missing", want: wantBoolean, def: "False", named: true})
		list = append(list, &builtin{
			name:   string(stat.reduce),
			params: params,
			doc:    stat.doc,
			call:   func(a *args) (value, *syntax.Error) { return reduce(a, stat.reduce) },
		})
	}
	return list
}

// reduce adds an aggregation, or with over= a transformation.
func reduce(a *args, f graph.Reduce) (value, *syntax.Error) {
	by := distinct(names(given(a, "by", list(nil))))
	if len(by) > 0 { // an empty list groups by nothing, as None does
		if err := a.excluded("by", "over"); err != nil {
			return nil, err
		}
	}
	if over := given(a, "over", duration(0)); over > 0 {
		return stream{node: a.node(&graph.Window{Func: f, Over: time.Duration(over)}, a.input())}, nil
	}
	agg := &graph.Aggregate{Func: f, By: by}
	if all := given(a, "allow_all_missing", boolean(false)) || given(a, "allow_missing", boolean(false)); bool(all) {
		agg.AllowMissing = by
	} else {
		// A name that is not grouped by has nothing to miss.
		for _, name := range distinct(names(given(a, "allow_missing", list(nil)))) {
			if slices.Contains(by, name) {
				agg.AllowMissing = append(agg.AllowMissing, name)
			}
		}
	}
	return stream{node: a.node(agg, a.input())}, nil
}

// distinct returns the names without repetitions, in order of first use.
func distinct(names []string) []string {
	var once []string
	for _, n := range names {
		if !slices.Contains(once, n) {
			once = append(once, n)
		}
	}
	return once
}
