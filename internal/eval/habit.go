package eval

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/spell"
)

// calledElsewhere holds names that other languages give to arguments, each with the parameters that
// can be meant by it.
var calledElsewhere = map[string][]string{
	"group_by": {"by"}, "groupby": {"by"}, "groupBy": {"by"}, "group": {"by"}, "dimension": {"by"}, "dimensions": {"by"},
	"window": {"over"}, "period": {"over"}, "interval": {"over", "resolution"}, "range": {"over"}, "time": {"over"},
	"duration": {"over", "lasting"}, "timeout": {"auto_resolve_after"},
	"name": {"label", "metric"}, "title": {"label"}, "alias": {"label", "aliases"}, "visible": {"enable"},
	"n": {"count"}, "k": {"count"}, "limit": {"count"}, "percent": {"percentage", "pct"}, "p": {"pct"}, "q": {"pct"},
	"where": {"filter"}, "filters": {"filter"}, "tags": {"filter"}, "aggregation": {"rollup"},
	"threshold": {"limit"}, "condition": {"on", "predicate"}, "clear": {"off"},
}

// argumentHint tells what helps who gives an argument that the function does not have.
func (b *builtin) argumentHint(name string) string {
	known := b.keywords()
	for _, other := range calledElsewhere[name] {
		if slices.Contains(known, other) {
			return "write " + other + "="
		}
	}
	if near := spell.Nearest(name, known); near != "" {
		return "did you mean '" + near + "'?"
	}
	switch {
	case slices.ContainsFunc(b.params, func(p param) bool { return p.rest && p.name == name }):
		return "give it by its place, without a name"
	case b.name == "filter":
		return "a filter is written filter('" + name + "', 'value')"
	case b.name == "detect" && (name == "lasting" || name == "at_least" || name == "duration"):
		return "it belongs to the condition: when(s > 0, lasting='5m', at_least=0.8)"
	}
	return ""
}
