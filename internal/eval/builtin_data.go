package eval

import (
	"math"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// dataBuiltin is data() (language.md 5.2, 4.4, 4.5).
var dataBuiltin = &builtin{
	name: "data",
	params: []param{
		{name: "metric", want: wantName},
		{name: "filter", want: wantFilter, def: "None"},
		{name: "rollup", want: wantText, def: "None"},
		{name: "extrapolation", want: wantText, def: "'null'"},
		{name: "maxExtrapolations", want: wantInteger, def: "-1"},
		{name: "resolution", want: wantLength, def: "None"},
	},
	doc: "a stream of every series of a metric, or of all metrics that a pattern with `*` matches",
	call: func(a *args) (value, *syntax.Error) {
		fetch := &graph.Fetch{
			Metric:            string(given(a, "metric", text(""))),
			Filter:            given(a, "filter", filter{}).pred,
			Rollup:            graph.Rollup(given(a, "rollup", text(graph.RollupDefault))),
			Extrapolation:     graph.Extrapolation(given(a, "extrapolation", text(graph.ExtrapolateNull))),
			MaxExtrapolations: int(min(max(given(a, "maxExtrapolations", integer(-1)), -1), math.MaxInt32)),
			Resolution:        time.Duration(given(a, "resolution", duration(0))),
		}
		if fetch.Rollup != graph.RollupDefault || a.get("rollup").value != nil {
			if err := a.oneOf("rollup", rollups); err != nil {
				return nil, err
			}
		}
		if a.get("extrapolation").value != nil {
			if err := a.oneOf("extrapolation", extrapolations); err != nil {
				return nil, err
			}
		}
		if fetch.Resolution%time.Second != 0 {
			return nil, a.bad(a.get("resolution"), "resolution", "%s is not a multiple of 1s", graph.Duration(fetch.Resolution))
		}
		// The text of its filter is what finds equal fetches.
		if err := a.ev.spend(given(a, "filter", filter{}).cost, a.at); err != nil {
			return nil, err
		}
		return stream{node: a.node(fetch)}, nil
	},
}

var (
	rollups = []string{
		string(graph.RollupAverage), string(graph.RollupCount), string(graph.RollupDelta), string(graph.RollupLag), string(graph.RollupLatest),
		string(graph.RollupMax), string(graph.RollupMin), string(graph.RollupRate), string(graph.RollupSum),
	}
	extrapolations = []string{
		string(graph.ExtrapolateNull), string(graph.ExtrapolateZero), string(graph.ExtrapolateLastValue),
	}
)

// oneOf checks that a text argument is one of a set.
func (a *args) oneOf(name string, allowed []string) *syntax.Error {
	v := a.get(name)
	got := string(given(a, name, text("")))
	for _, word := range allowed {
		if got == word {
			return nil
		}
	}
	err := a.bad(v, name, "unknown %s %s", name, series.Quote(got))
	// "avg" and "mean" are what other systems call it.
	if near := spell.Nearest(got, allowed); near != "" {
		return err.WithHint("did you mean '%s'?", near)
	}
	return err.WithHint("one of %s", either(allowed))
}

// either writes a list of words: 'a', 'b' or 'c'.
func either(words []string) string {
	var s string
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			s += " or "
		default:
			s += ", "
		}
		s += "'" + w + "'"
	}
	return s
}
