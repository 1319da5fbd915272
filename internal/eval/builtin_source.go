package eval

import (
	"math"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// sourceFunctions returns the functions that read series and events (language.md 5.2, 5.7,
// language-detectors.md 3.7, 3.8).
func sourceFunctions() []*builtin {
	metric := param{name: "metric", want: wantMetric}
	where := param{name: "filter", want: wantFilter, def: "None"}
	resolution := param{name: "resolution", want: wantLength, def: "None"}
	points := []param{
		metric, where,
		{name: "rollup", want: wantRollup, def: "None"},
		{name: "extrapolation", want: wantExtrapolation, def: "'null'"},
		{name: "maxExtrapolations", want: wantInteger, def: "-1"},
	}
	positions := param{name: "names", want: wantPosition, keywords: true}
	return []*builtin{
		{
			name: "data", params: append(points[:5:5], resolution), stream: true,
			doc: "a stream of every series of a metric, or of all metrics that a pattern with `*` matches",
			call: func(a *args) (value, *syntax.Error) {
				fetch, err := a.fetch()
				if err != nil {
					return nil, err
				}
				return a.result(fetch)
			},
		},
		pathFunction(graph.Graphite, append(points[:5:5], resolution, positions), "`data` for metrics whose names are paths with dots; `names` make dimensions of their nodes, counted from 0"),
		pathFunction(graph.NewRelic, append(points[:5:5], positions), "the same for paths with slashes"),
		{
			name: "histogram", params: []param{metric, where, resolution}, stream: true,
			doc: "a stream of every histogram of a metric",
			call: func(a *args) (value, *syntax.Error) {
				length, err := a.resolution()
				if err != nil {
					return nil, err
				}
				return a.result(&graph.HistogramFetch{Metric: a.text("metric"), Filter: a.filter(), Resolution: length})
			},
		},
		{
			name: "events", params: []param{{name: "eventType", want: wantName}, where}, stream: true,
			doc: "the custom events of a type",
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.EventFetch{Type: a.text("eventType"), Filter: a.filter()})
			},
		},
		{
			name: "alerts",
			params: []param{
				{name: "detector_id", want: wantName, def: "None"},
				{name: "detector_name", want: wantName, def: "None"},
				{name: "autodetect_id", want: wantName, def: "None"},
				where,
			},
			doc: "the alerts of detectors, of all of them unless some are chosen", stream: true,
			call: func(a *args) (value, *syntax.Error) {
				return a.result(&graph.AlertFetch{
					DetectorID: a.text("detector_id"), DetectorName: a.text("detector_name"),
					AutoDetectID: a.text("autodetect_id"), Filter: a.filter(),
				})
			},
		},
	}
}

func pathFunction(name graph.PathFunc, params []param, doc string) *builtin {
	return &builtin{name: string(name), params: params, doc: doc, stream: true, call: func(a *args) (value, *syntax.Error) {
		fetch, err := a.fetch()
		if err != nil {
			return nil, err
		}
		path := &graph.PathFetch{Func: name, Fetch: *fetch}
		for _, k := range a.more {
			path.Positions = append(path.Positions, graph.PathBinder{Name: k.name, Position: int(k.value.(integer))})
		}
		return a.result(path)
	}}
}

func (a *args) filter() series.Predicate { return given(a, "filter", filter{}).pred }

// fetch reads the arguments of data() and of its relatives (language.md 4.4, 4.5).
func (a *args) fetch() (*graph.Fetch, *syntax.Error) {
	resolution, err := a.resolution()
	if err != nil {
		return nil, err
	}
	return &graph.Fetch{
		Metric:            a.text("metric"),
		Filter:            a.filter(),
		Rollup:            graph.Rollup(a.text("rollup")),
		Extrapolation:     graph.Extrapolation(given(a, "extrapolation", text(graph.ExtrapolateNull))),
		MaxExtrapolations: int(min(max(given(a, "maxExtrapolations", integer(-1)), -1), math.MaxInt32)),
		Resolution:        resolution,
	}, nil
}

// resolution returns the native resolution that a program tells, whole seconds.
func (a *args) resolution() (time.Duration, *syntax.Error) {
	if !a.takes("resolution") {
		return 0, nil
	}
	length := a.length("resolution")
	if length%time.Second != 0 {
		return 0, a.bad(a.get("resolution"), "resolution", "%s is not a multiple of 1s", graph.Duration(length))
	}
	return length, nil
}

var (
	wantMetric = &want{name: "string", take: wantName.take, hint: func(v value) string {
		if _, ok := elements(v); ok {
			return "several metrics are union(data('a'), data('b'))"
		}
		return ""
	}}
	wantRollup = words("rollup",
		string(graph.RollupAverage), string(graph.RollupCount), string(graph.RollupDelta), string(graph.RollupLag), string(graph.RollupLatest),
		string(graph.RollupMax), string(graph.RollupMin), string(graph.RollupRate), string(graph.RollupSum))
	wantExtrapolation = words("extrapolation",
		string(graph.ExtrapolateNull), string(graph.ExtrapolateZero), string(graph.ExtrapolateLastValue))
)

// words makes a want that takes one of a set of texts, the names of a kind of thing.
func words(kind string, allowed ...string) *want {
	return &want{name: "string", take: func(v value) (value, string) {
		t, ok := v.(text)
		switch {
		case !ok:
			return nil, ""
		case !slices.Contains(allowed, string(t)):
			return nil, "unknown " + kind + " " + series.Quote(string(t))
		}
		return t, ""
	}, hint: func(v value) string {
		t, ok := v.(text)
		if !ok {
			return ""
		}
		// "avg" and "mean" are what other systems call it.
		if near := spell.Nearest(string(t), allowed); near != "" {
			return "did you mean '" + near + "'?"
		}
		return "one of " + either(allowed)
	}}
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
