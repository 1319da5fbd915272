package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// defaultRank is how many series top and bottom pass unless told (language.md 5.4).
const defaultRank = 5

// rankMethods returns the methods that pass some of the series (language.md 5.4).
func rankMethods() []*builtin {
	var list []*builtin
	for _, f := range []struct {
		name graph.SelectFunc
		doc  string
	}{
		{graph.Top, "in each slot the `count` largest values, 5 unless told, or a `percentage` of them; None for the others"},
		{graph.Bottom, "the same for the smallest values"},
		{graph.Random, "some of the series, chosen once"},
	} {
		list = append(list, &builtin{
			name: string(f.name),
			params: []param{
				{name: "count", want: wantPositive, def: "None"},
				{name: "percentage", want: wantPercentAbove0, def: "None"},
				paramBy,
			},
			doc: f.doc, excludes: [][2]string{{"count", "percentage"}},
			call: func(a *args) (value, *syntax.Error) {
				op := &graph.Select{Func: f.name, Count: int(given(a, "count", integer(defaultRank))), By: a.names("by")}
				if a.has("percentage") {
					op.Count, op.Share = 0, a.number("percentage", 0)
					if op.Share > 1 { // percent; a fraction up to 1
						op.Share /= 100
					}
				}
				return a.result(op, a.input())
			},
		})
	}
	return append(list, &builtin{
		name: "histogram_percentile", params: bucketParams,
		doc:  "a percentile, estimated from counters of which each has an upper bound in a dimension",
		call: func(a *args) (value, *syntax.Error) { return bucketPercentile(a, a.input()) },
	})
}

// bucketParams are the parameters of histogram_percentile() besides the stream.
var bucketParams = []param{
	{name: "pct", want: wantPercentAbove0},
	{name: "bucket_name", want: wantName, def: "'le'"},
	{name: "infinity_bucket_name", want: wantName, def: "'Inf'"},
}

func bucketPercentile(a *args, input graph.NodeID) (value, *syntax.Error) {
	return a.result(&graph.BucketPercentile{
		Percent:  a.number("pct", 0),
		Bucket:   string(given(a, "bucket_name", text("le"))),
		Infinity: string(given(a, "infinity_bucket_name", text("Inf"))),
	}, input)
}
