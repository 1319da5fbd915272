package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// The data that the specification computes its examples from.
var (
	dataX = []string{"x{} = 10 12 - 20 18 25"}
	dataG = []string{"g{host:a,dc:x} = 4", "g{host:b,dc:x} = 8", "g{host:c,dc:y} = -", "g{host:d,dc:y} = 6"}
	dataM = []string{"m{host:a,dc:x} = 1 2 - 4", "m{host:b,dc:x} = 5 - 7 8", "m{host:c,dc:y} = 10 10 10 -"}
)

// TestSpecification runs the worked examples of the language specification, one slot of 10 s
// for each value.
func TestSpecification(t *testing.T) {
	const window = 30 * time.Second
	tests := []struct {
		section string
		load    []string
		build   func(p *program)
		want    string
	}{
		// Section 5.4, standard data X.
		{"5.4 sum over", dataX, func(p *program) { p.publish("A", p.over(graph.Sum, p.data("x"), window)) }, "A{} = 10 22 22 32 38 63"},
		{"5.4 mean over", dataX, func(p *program) { p.publish("A", p.over(graph.Mean, p.data("x"), window)) }, "A{} = 10 11 11 16 19 21"},
		{"5.4 min over", dataX, func(p *program) { p.publish("A", p.over(graph.Min, p.data("x"), window)) }, "A{} = 10 10 10 12 18 18"},
		{"5.4 max over", dataX, func(p *program) { p.publish("A", p.over(graph.Max, p.data("x"), window)) }, "A{} = 10 12 12 20 20 25"},
		{"5.4 count over", dataX, func(p *program) { p.publish("A", p.over(graph.Count, p.data("x"), window)) }, "A{} = 1 2 2 2 2 3"},
		// Section 5.4, standard data G. Series c is known by a point before the slot.
		{"5.4 sum", dataG, func(p *program) { p.publish("A", p.agg(graph.Sum, p.data("g"))) }, "A{} = 18"},
		{"5.4 sum by", dataG, func(p *program) { p.publish("A", p.agg(graph.Sum, p.data("g"), "dc")) }, "A{dc:x} = 12\nA{dc:y} = 6"},
		{"5.4 mean", dataG, func(p *program) { p.publish("A", p.agg(graph.Mean, p.data("g"))) }, "A{} = 6"},
		{"5.4 mean by", dataG, func(p *program) { p.publish("A", p.agg(graph.Mean, p.data("g"), "dc")) }, "A{dc:x} = 6\nA{dc:y} = 6"},
		{"5.4 min", dataG, func(p *program) { p.publish("A", p.agg(graph.Min, p.data("g"))) }, "A{} = 4"},
		{"5.4 max", dataG, func(p *program) { p.publish("A", p.agg(graph.Max, p.data("g"))) }, "A{} = 8"},
		{"5.4 min by", dataG, func(p *program) { p.publish("A", p.agg(graph.Min, p.data("g"), "dc")) }, "A{dc:x} = 4\nA{dc:y} = 6"},
		{"5.4 max by", dataG, func(p *program) { p.publish("A", p.agg(graph.Max, p.data("g"), "dc")) }, "A{dc:x} = 8\nA{dc:y} = 6"},
		{"5.4 count", dataG, func(p *program) { p.publish("A", p.agg(graph.Count, p.data("g"))) }, "A{} = 3"},
		{"5.4 count by", dataG, func(p *program) { p.publish("A", p.agg(graph.Count, p.data("g"), "dc")) }, "A{dc:x} = 2\nA{dc:y} = 1"},
		{"5.4 count of nothing", nil, func(p *program) { p.publish("A", p.agg(graph.Count, p.data("none"))) }, "A{} = 0"},
		{"5.4 grouped count of nothing", nil, func(p *program) { p.publish("A", p.agg(graph.Count, p.data("none"), "dc")) }, ""},
		{"5.4 sum of nothing", nil, func(p *program) { p.publish("A", p.agg(graph.Sum, p.data("none"))) }, ""},

		// Section 10, the reference programs that need no more than the present operators.
		{"10.1", dataM, func(p *program) { p.publish("A", p.agg(graph.Sum, p.data("m"))) }, "A{} = 16 12 17 12"},
		{"10.2", dataM, func(p *program) { p.publish("A", p.agg(graph.Mean, p.data("m"), "dc")) }, "A{dc:x} = 3 2 7 6\nA{dc:y} = 10 10 10 -"},
		{"10.3", dataM, func(p *program) { p.publish("A", p.agg(graph.Count, p.data("m"), "dc")) }, "A{dc:x} = 2 1 1 2\nA{dc:y} = 1 1 1 0"},
		{"10.4", dataM, func(p *program) {
			p.publish("A", p.agg(graph.Sum, p.fetch(graph.Fetch{Metric: "m", Extrapolation: graph.ExtrapolateLastValue}), "dc"))
		}, "A{dc:x} = 6 7 9 12\nA{dc:y} = 10 10 10 10"},
		{"10.6", dataM, func(p *program) {
			s := p.data("m")
			p.publish("share", p.binary(graph.Divide, s, p.agg(graph.Sum, s, "dc")))
		}, "share{dc:x,host:a} = 0.1667 1 - 0.3333\nshare{dc:x,host:b} = 0.8333 - 1 0.6667\nshare{dc:y,host:c} = 1 1 1 -"},
		{"10.8", dataM, func(p *program) { p.publish("A", p.over(graph.Max, p.data("m"), 20*time.Second)) },
			"A{dc:x,host:a} = 1 2 2 4\nA{dc:x,host:b} = 5 5 7 8\nA{dc:y,host:c} = 10 10 10 10"},
		{"10.12 doubled three times", dataM, func(p *program) {
			s := p.data("m")
			for range 3 {
				s = p.binary(graph.Multiply, s, p.number(2))
			}
			p.publish("A", p.agg(graph.Sum, s))
		}, "A{} = 128 96 136 96"},
		{"5.2 sum by dc then all", dataM, func(p *program) {
			p.publish("A", p.agg(graph.Sum, p.agg(graph.Max, p.data("m"), "dc")))
		}, "A{} = 15 12 17 8"},

		// Section 2.7, correlation.
		{"2.7 correlation", []string{"l{host:a,az:1} = 10", "l{host:b,az:1} = 20", "l{host:c,az:2} = 30", "r{az:1} = 15", "r{az:3} = 1"},
			func(p *program) { p.publish("A", p.binary(graph.Subtract, p.data("l"), p.data("r"))) },
			"A{az:1,host:a} = -5\nA{az:1,host:b} = 5"},
		{"2.7 smaller key on the left", []string{"l{host:a,az:1} = 10", "l{host:b,az:1} = 20", "r{az:1} = 15"},
			func(p *program) { p.publish("A", p.binary(graph.Subtract, p.data("r"), p.data("l"))) },
			"A{az:1,host:a} = 5\nA{az:1,host:b} = -5"},
		{"2.7 empty key", []string{"l{host:a,az:1} = 10", "l{host:b,az:1} = 20", "l{host:c,az:2} = 30", "r{} = 5"},
			func(p *program) { p.publish("A", p.binary(graph.Subtract, p.data("l"), p.data("r"))) },
			"A{az:1,host:a} = 5\nA{az:1,host:b} = 15\nA{az:2,host:c} = 25"},
		{"2.7 rule 4: each side has a name of its own", []string{"l{host:a,az:1} = 10", "r{az:1,k:v} = 5"},
			func(p *program) { p.publish("A", p.binary(graph.Add, p.data("l"), p.data("r"))) }, ""},
		{"2.7 rule 6: several partners", []string{"l{az:1} = 10", "r{az:1,k:v} = 5", "r{az:1,k:w} = 6", "r{az:1} = 7"},
			func(p *program) { p.publish("A", p.binary(graph.Add, p.data("l"), p.data("r"))) },
			"A{az:1,k:v} = 15\nA{az:1,k:w} = 16\nA{az:1} = 17"},
		{"2.7 equal keys of different metrics", []string{"l.one{az:1} = 10", "r{az:1} = 5"},
			func(p *program) { p.publish("A", p.binary(graph.Add, p.data("l.*"), p.data("r"))) }, "A{az:1} = 15"},
		{"2.7 missing values", []string{"l{} = 1 - 3 -", "r{} = 1 2 - -"},
			func(p *program) {
				l, r := p.data("l"), p.data("r")
				p.publish("add", p.binary(graph.Add, l, r))
				p.publish("less", p.binary(graph.Less, l, r))
			}, "add{} = 2 - - -\nless{} = 0 - - -"},
		{"2.7 division by zero and overflow", []string{"l{} = 1 0 1e308 -4", "r{} = 0 0 1e-10 2"},
			func(p *program) { p.publish("A", p.binary(graph.Divide, p.data("l"), p.data("r"))) }, "A{} = - - - -2"},
		{"2.7 unary minus", []string{"l{} = 1 - 0 -4"},
			func(p *program) { p.publish("A", p.add(&graph.Unary{Op: graph.Negate}, p.data("l"))) }, "A{} = -1 - 0 4"},
		{"2.7 comparison", []string{"l{} = 1 2 3"}, func(p *program) {
			l, two := p.data("l"), p.number(2)
			for _, op := range []graph.BinaryOp{graph.Less, graph.LessEqual, graph.Greater, graph.GreaterEqual, graph.Equal, graph.NotEqual} {
				p.publish(string(op), p.binary(op, l, two))
			}
		}, "!={} = 1 0 1\n<={} = 1 1 0\n<{} = 1 0 0\n=={} = 0 1 0\n>={} = 0 1 1\n>{} = 0 0 1"},
		{"2.7 arithmetic with a number on each side", []string{"l{h:a} = 1 2 4", "l{h:b} = 8 - 16"}, func(p *program) {
			l, two := p.data("l"), p.number(2)
			p.publish("l+2", p.binary(graph.Add, l, two))
			p.publish("2-l", p.binary(graph.Subtract, two, l))
			p.publish("l*2", p.binary(graph.Multiply, l, two))
			p.publish("2/l", p.binary(graph.Divide, two, l))
		}, "2-l{h:a} = 1 0 -2\n2-l{h:b} = -6 - -14\n2/l{h:a} = 2 1 0.5\n2/l{h:b} = 0.25 - 0.125\n" +
			"l*2{h:a} = 2 4 8\nl*2{h:b} = 16 - 32\nl+2{h:a} = 3 4 6\nl+2{h:b} = 10 - 18"},
		// The Kleene table: a runs over T F -, for each b.
		{"2.7 logic", []string{"a{} = 1 1 1 0 0 0 - - -", "b{} = 1 0 - 1 0 - 1 0 -"}, func(p *program) {
			half := p.number(0.5)
			a, b := p.binary(graph.Greater, p.data("a"), half), p.binary(graph.Greater, p.data("b"), half)
			p.publish("and", p.binary(graph.And, a, b))
			p.publish("or", p.binary(graph.Or, a, b))
			p.publish("not", p.add(&graph.Unary{Op: graph.Not}, a))
		}, "and{} = 1 0 - 0 0 0 - 0 -\nnot{} = 0 0 0 1 1 1 - - -\nor{} = 1 1 1 1 0 - 1 - -"},

		// Section 4.4, rollups: one slot of several points.
		{"4.4 rollups of a gauge", []string{"g{} = 40+50+30+10+20"}, func(p *program) {
			for _, r := range []graph.Rollup{graph.RollupSum, graph.RollupCount, graph.RollupMin, graph.RollupMax, graph.RollupLatest, graph.RollupAverage, graph.RollupRate, graph.RollupDefault} {
				p.publish("r:"+string(r), p.fetch(graph.Fetch{Metric: "g", Rollup: r}))
			}
		}, "r:average{} = 30\nr:count{} = 5\nr:latest{} = 20\nr:max{} = 50\nr:min{} = 10\nr:rate{} = 15\nr:sum{} = 150\nr:{} = 30"},
		{"4.4 rate of a counter", []string{"c{}#counter = 40+50+30+10+20"}, func(p *program) {
			p.publish("rate", p.fetch(graph.Fetch{Metric: "c", Rollup: graph.RollupRate}))
			p.publish("default", p.data("c"))
			p.publish("delta", p.fetch(graph.Fetch{Metric: "c", Rollup: graph.RollupDelta}))
		}, "default{} = 150\ndelta{} = 150\nrate{} = 15"},
		{"4.4 cumulative counter", []string{"c{}#cumulative = 100 105 105 3 9"}, func(p *program) {
			p.publish("delta", p.fetch(graph.Fetch{Metric: "c", Rollup: graph.RollupDelta}))
			p.publish("default", p.data("c"))
			p.publish("rate", p.fetch(graph.Fetch{Metric: "c", Rollup: graph.RollupRate}))
			p.publish("latest", p.fetch(graph.Fetch{Metric: "c", Rollup: graph.RollupLatest}))
		}, "default{} = - 5 0 3 6\ndelta{} = - 5 0 3 6\nlatest{} = 100 105 105 3 9\nrate{} = - 0.5 0 0.3 0.6"},
		{"4.4 delta over several points and a gap", []string{"c{}#cumulative = 1+3 - 4+9+2 2"}, func(p *program) {
			p.publish("A", p.data("c"))
		}, "A{} = 2 - 8 0"},
		{"4.4 delta of a gauge", []string{"g{} = 5+7 - 4 9"}, func(p *program) {
			p.publish("A", p.fetch(graph.Fetch{Metric: "g", Rollup: graph.RollupDelta}))
		}, "A{} = - - -3 5"},
		{"4.4 empty slots", []string{"g{} = 5 - 4"}, func(p *program) {
			for _, r := range []graph.Rollup{graph.RollupSum, graph.RollupCount, graph.RollupMin, graph.RollupLatest} {
				p.publish("r:"+string(r), p.fetch(graph.Fetch{Metric: "g", Rollup: r}))
			}
		}, "r:count{} = 1 0 1\nr:latest{} = 5 - 4\nr:min{} = 5 - 4\nr:sum{} = 5 - 4"},
		{"4.4 each type its own default", []string{"m{t:g} = 2+4", "m{t:c}#counter = 2+4", "m{t:cc}#cumulative = 2+4"},
			func(p *program) { p.publish("A", p.data("m")) }, "A{t:cc} = 2\nA{t:c} = 6\nA{t:g} = 3"},

		// Section 4.5, extrapolation.
		{"4.5 extrapolation", []string{"e{} = - 5 - - - 7 -"}, func(p *program) {
			for _, f := range []struct {
				label string
				kind  graph.Extrapolation
				limit int
			}{{"null", graph.ExtrapolateNull, -1}, {"zero", graph.ExtrapolateZero, -1}, {"last", graph.ExtrapolateLastValue, -1}, {"last2", graph.ExtrapolateLastValue, 2}, {"zero1", graph.ExtrapolateZero, 1}} {
				p.publish(f.label, p.fetch(graph.Fetch{Metric: "e", Extrapolation: f.kind, MaxExtrapolations: f.limit}))
			}
		}, "last2{} = - 5 5 5 - 7 7\nlast{} = - 5 5 5 5 7 7\nnull{} = - 5 - - - 7 -\nzero1{} = 0 5 0 - - 7 0\nzero{} = 0 5 0 0 0 7 0"},
		{"4.5 extrapolated values count", []string{"e{h:a} = 5 - -", "e{h:b} = 1 1 -"}, func(p *program) {
			p.publish("A", p.agg(graph.Count, p.fetch(graph.Fetch{Metric: "e", Extrapolation: graph.ExtrapolateLastValue})))
		}, "A{} = 2 2 2"},

		// Section 4.8, windows.
		{"4.8 over not a multiple of the slot", dataX, func(p *program) { p.publish("A", p.over(graph.Sum, p.data("x"), 25*time.Second)) }, "A{} = 10 22 22 32 38 63"},
		{"4.8 over shorter than the slot", dataX, func(p *program) { p.publish("A", p.over(graph.Sum, p.data("x"), time.Second)) }, "A{} = 10 12 - 20 18 25"},
		{"4.8 empty windows", []string{"x{} = 1 - - - 2"}, func(p *program) {
			s := p.data("x")
			p.publish("sum", p.over(graph.Sum, s, 20*time.Second))
			p.publish("count", p.over(graph.Count, s, 20*time.Second))
		}, "count{} = 1 1 0 0 1\nsum{} = 1 1 - - 2"},
		{"4.8 nested windows", []string{"x{} = 1 2 3 4 5"}, func(p *program) {
			p.publish("A", p.over(graph.Sum, p.over(graph.Max, p.data("x"), 20*time.Second), 20*time.Second))
		}, "A{} = 1 3 5 7 9"},

		// Section 5.0 and 5.2.
		{"5.0 by several names", []string{"m{a:1,b:1,c:1} = 1", "m{a:1,b:1,c:2} = 2", "m{a:1,b:2,c:1} = 4"},
			func(p *program) { p.publish("A", p.agg(graph.Sum, p.data("m"), "b", "a")) }, "A{a:1,b:1} = 3\nA{a:1,b:2} = 4"},
		{"5.0 a series that lacks a name", []string{"m{a:1} = 1", "m{b:1} = 2"},
			func(p *program) { p.publish("A", p.agg(graph.Sum, p.data("m"), "a")) }, "A{a:1} = 1"},
		{"5.0 allow_missing", []string{"m{a:1} = 1", "m{b:1} = 2"}, func(p *program) {
			p.publish("A", p.add(&graph.Aggregate{Func: graph.Sum, By: []string{"a"}, AllowMissing: []string{"a"}}, p.data("m")))
		}, "A{a:1} = 1\nA{} = 2"},
		{"5.0 group by metric", []string{"m.a{h:1} = 1", "m.a{h:2} = 2", "m.b{h:1} = 4"}, func(p *program) {
			p.publish("A", p.agg(graph.Count, p.agg(graph.Sum, p.data("m.*"), "sf_metric")))
		}, "A{} = 2"},
		{"5.2 pattern and filter", []string{"m.a{h:1} = 1", "m.a{h:2} = 2", "m.b{h:1} = 4", "n{h:1} = 8"}, func(p *program) {
			p.publish("A", p.agg(graph.Sum, p.fetch(graph.Fetch{Metric: "m.*", Filter: dimensionIs("h", "1")})))
		}, "A{} = 5"},
		{"constant stream", nil, func(p *program) { p.publish("A", p.number(7)) }, "A{} = 7"},
		{"constant stream, aggregated", nil, func(p *program) { p.publish("A", p.agg(graph.Count, p.number(7))) }, "A{} = 1"},
	}
	for _, test := range tests {
		t.Run(test.section, func(t *testing.T) {
			store := memstore.New(memstore.Options{Now: clockAt(0).Now})
			slots := 1
			for _, line := range test.load {
				name, values, _ := strings.Cut(line, " = ")
				load(store, name, values, 10*time.Second)
				slots = max(slots, len(strings.Fields(values)))
			}
			if strings.HasPrefix(test.section, "5.4") && len(test.load) == 4 {
				before := named("g{host:c,dc:y}")
				store.Append(sampleAt(before, -time.Minute, 1))
			}
			p := &program{}
			test.build(p)
			if got := run(t, p, overSlots(store, slots)).rows(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
