package graph

import (
	"slices"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// everyOp holds operators of every type, no two equal.
var half = 0.5

func everyOp() []Op {
	filter := series.NewMatch("env", []string{"prod"}, false)
	hour := time.Hour
	fetch := Fetch{Metric: "m", Extrapolation: ExtrapolateNull, MaxExtrapolations: -1}
	body := []Node{{Op: &Param{}}, {Op: &Scalar{Value: 1}}, {Op: &Binary{Op: Greater}, Inputs: []NodeID{0, 1}}}
	label := series.Labels{{Name: "a", Value: "b"}}
	return []Op{
		&fetch, &Fetch{Metric: "m", Extrapolation: ExtrapolateNull}, &Fetch{Metric: "m", Filter: filter, Extrapolation: ExtrapolateNull, MaxExtrapolations: -1},
		&PathFetch{Func: Graphite, Fetch: fetch}, &PathFetch{Func: NewRelic, Fetch: fetch}, &PathFetch{Func: Graphite, Fetch: fetch, Positions: []PathBinder{{"a", 0}}},
		&PathFetch{Func: Graphite, Fetch: fetch, Positions: []PathBinder{{"a", 1}}},
		&HistogramFetch{Metric: "m"}, &HistogramFetch{Metric: "m", Filter: filter}, &HistogramFetch{Metric: "m", Resolution: hour},
		&EventFetch{Type: "e"}, &EventFetch{Type: "e", Filter: filter},
		&AlertFetch{}, &AlertFetch{DetectorID: "x"}, &AlertFetch{DetectorName: "x"}, &AlertFetch{AutoDetectID: "x"}, &AlertFetch{Filter: filter},
		&Const{Series: []ConstSeries{{Value: 1}}}, &Const{Series: []ConstSeries{{Key: label, Value: 1}}}, &Const{Series: []ConstSeries{{Value: 1}, {Value: 1}}},
		&Scalar{Value: 1}, &Scalar{Value: 1, Boolean: true}, &Scalar{Boolean: true}, &None{}, &Param{}, &Param{Booleans: true},
		&Binary{Op: Add}, &Binary{Op: Add, Outer: true}, &Binary{Op: Power}, &Unary{Op: Negate}, &Unary{Op: Not},
		&Conditional{}, &Conditional{Outer: true},
		&Is{}, &Is{Not: true}, &Is{What: IsTrue}, &Is{What: IsFalse}, &Is{What: IsNumber}, &Is{What: IsNumber, Number: 5},
		&Across{Func: Max}, &Across{Func: Max, Outer: true}, &Across{Func: Percentile, Arg: 5},
		&Math{Func: Abs}, &Math{Func: Integrate}, &Math{Func: PerSecond},
		&Limit{Func: Above, Low: 1}, &Limit{Func: Above, Low: 1, LowInclusive: true}, &Limit{Func: Above, Low: 1, Clamp: true},
		&Limit{Func: Below, High: 1}, &Limit{Func: Below, High: 1, HighInclusive: true},
		&Limit{Func: Between, Low: 1, High: 2}, &Limit{Func: Between, Low: 1, High: 2, LowInclusive: true}, &Limit{Func: NotBetween, Low: 1, High: 2, HighInclusive: true},
		&Equals{Value: 1}, &Equals{Value: 1, Not: true}, &Equals{Value: 1, Replacement: &half},
		&Fill{}, &Fill{Value: &half}, &Fill{Value: &half, Booleans: true}, &Fill{For: hour}, &Fill{Slots: 5},
		&Map{Body: body, Booleans: true}, &Map{Body: body[:2]}, &Map{Body: body[:1]}, &Threshold{},
		&Aggregate{Func: Sum}, &Aggregate{Func: Sum, By: []string{"a"}}, &Aggregate{Func: Sum, By: []string{"a"}, AllowMissing: []string{"a"}}, &Aggregate{Func: Percentile, Arg: 5},
		&Window{Func: Sum, Over: hour}, &Window{Func: Percentile, Arg: 5, Over: hour},
		&Calendar{Func: Sum, Cycle: Day}, &Calendar{Func: Sum, Cycle: Day, Start: 1}, &Calendar{Func: Sum, Cycle: Day, Timezone: "UTC"},
		&Calendar{Func: Sum, Cycle: Day, Partial: true}, &Calendar{Func: Sum, Cycle: Day, Shift: 1},
		&HistogramReduce{Func: Sum}, &HistogramReduce{Func: Sum, Over: hour}, &HistogramReduce{Func: Sum, By: []string{"a"}}, &HistogramReduce{Func: CDF, Arg: 5},
		&BucketPercentile{Percent: 5, Bucket: "le", Infinity: "Inf"}, &BucketPercentile{Percent: 5, Bucket: "le", Infinity: "inf"},
		&Select{Func: Top, Count: 5}, &Select{Func: Top, Share: 0.5}, &Select{Func: Bottom, Count: 5, By: []string{"a"}},
		&EventCount{}, &EventCount{By: []string{"a"}},
		&Delta{}, &Delta{PerSecond: true}, &EWMA{Alpha: 0.5}, &EWMA{Over: hour},
		&DoubleEWMA{Alpha: 0.5, Damping: 1}, &DoubleEWMA{Beta: 0.5, Damping: 1}, &DoubleEWMA{Over: hour, TrendOver: hour, Damping: 1},
		&DoubleEWMA{Over: hour, TrendOver: hour, Damping: 0.5}, &DoubleEWMA{Forecast: hour, Damping: 1},
		&KPSS{Over: hour}, &KPSS{Over: hour, Trend: true}, &Timeshift{Offset: hour},
		&Union{}, &Promote{Names: []string{"a"}}, &Promote{Names: []string{"a"}, AllowMissing: true},
		&Dimensions{Aliases: label}, &Dimensions{Renames: label}, &Dimensions{Aliases: label, AllowMissing: true},
		&Publish{Enabled: true}, &Publish{Label: "a", Enabled: true}, &Publish{},
		&When{Lasting: hour, AtLeast: 1}, &When{Lasting: hour, AtLeast: 0.5},
		&Detect{}, &Detect{Off: true}, &Detect{Split: true}, &Detect{Annotations: []Annotation{{Label: "a"}}}, &Detect{Annotations: []Annotation{{Label: "a", Extra: label}}},
		&Detect{EventAnnotations: label}, &Detect{AutoResolveAfter: hour},
	}
}

// Equal texts mean equal operators: the text of an operator shows all of its fields.
func TestTextsDiffer(t *testing.T) {
	texts := map[string]bool{}
	for _, op := range everyOp() {
		text := op.String()
		if texts[text] {
			t.Errorf("%T: two operators are %s", op, text)
		}
		texts[text] = true
		if Name(op) == "" {
			t.Errorf("%T has no name", op)
		}
	}
	if Name(nil) == "" {
		t.Error("nothing has no name")
	}
}

func TestKindsAndKeys(t *testing.T) {
	var b Builder
	add := func(op Op, inputs ...NodeID) NodeID { return b.Add(op, Span{}, inputs...) }
	m := add(&Fetch{Metric: "m"})
	byHost := add(&Aggregate{Func: Sum, By: []string{"host"}}, m)
	byZone := add(&Aggregate{Func: Sum, By: []string{"zone", "az"}, AllowMissing: []string{"az"}}, m)
	one := add(&Scalar{Value: 1})
	hist := add(&HistogramFetch{Metric: "h"})
	high := add(&Binary{Op: Greater}, byHost, one)
	label := func(name, value string) series.Labels { return series.Labels{{Name: name, Value: value}} }
	for _, test := range []struct {
		id   NodeID
		kind Kind
		key  string
	}{
		{m, Numbers, "{*}"},
		{byHost, Numbers, "{host}"},
		{byZone, Numbers, "{zone, az?}"},
		{one, Numbers, "{}"},
		{high, Booleans, "{host}"},
		{add(&Binary{Op: Add}, byHost, byZone), Numbers, "{host, zone, az?}"},
		{add(&Binary{Op: Add, Outer: true}, byHost, byZone), Numbers, "{az?, host?, zone?}"},
		{add(&Binary{Op: Add}, m, byZone), Numbers, "{zone, az?, *}"},
		{add(&Union{}, byHost, byZone), Numbers, "{az?, host?, zone?}"},
		{add(&Union{}, high, high), Booleans, "{host}"},
		{add(&Promote{Names: []string{"env"}}, byHost), Numbers, "{env, host}"},
		{add(&Promote{Names: []string{"env"}, AllowMissing: true}, high), Booleans, "{host, env?}"},
		{add(&Dimensions{Aliases: label("h", "host")}, byHost), Numbers, "{h, host}"},
		{add(&Dimensions{Renames: label("h", "host")}, byHost), Numbers, "{h}"},
		{add(&Const{Series: []ConstSeries{{Key: label("a", "1")}, {Key: append(label("a", "2"), label("b", "2")...)}}}), Numbers, "{a, b?}"},
		{hist, Histograms, "{*}"},
		{add(&HistogramReduce{Func: Sum}, hist), Numbers, "{}"},
		{add(&HistogramReduce{Func: Sum, Over: time.Hour}, hist), Numbers, "{*}"},
		{add(&HistogramReduce{Func: Sum, Over: time.Hour, By: []string{"a b"}}, hist), Numbers, "{'a b'}"},
		{add(&BucketPercentile{Bucket: "zone"}, byZone), Numbers, "{az?}"},
		{add(&Window{Func: Sum, Over: time.Hour}, byHost), Numbers, "{host}"},
		{add(&PathFetch{Func: Graphite, Positions: []PathBinder{{"role", 1}}}), Numbers, "{role, *}"},
		{add(&Fill{}, high), Booleans, "{host}"},
		{add(&Timeshift{Offset: 1}, high), Booleans, "{host}"},
		{add(&Conditional{}, high, byHost, one), Numbers, "{host}"},
		{add(&Is{}, byHost), Booleans, "{host}"},
		{add(&When{Lasting: time.Hour}, high), Booleans, "{host}"},
		{add(&Map{Booleans: true, Body: []Node{{Op: &Param{}}}}, byHost), Booleans, "{host}"},
		{add(&Detect{}, high, byZone), Alerts, "{host}"},
		{add(&EventCount{By: []string{"a"}}, add(&EventFetch{Type: "e"})), Numbers, "{a}"},
		{add(&AlertFetch{}), Events, "{*}"},
		{add(&Publish{Enabled: true}, high), Booleans, "{host}"},
	} {
		if n := b.Node(test.id); n.Kind != test.kind || n.Key.String() != test.key {
			t.Errorf("%s: %s %s, want %s %s", n.Op, n.Kind, n.Key, test.kind, test.key)
		}
	}
	// A key does not grow without bound.
	var many []string
	for i := range 1000 {
		many = append(many, string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	if n := b.Node(add(&Aggregate{Func: Sum, By: many}, m)); !n.Key.Open || n.Key.Names != nil {
		t.Errorf("%s", n.Key)
	}
}

func TestCorrelates(t *testing.T) {
	key := func(names ...string) Key { return newKey(false, names, nil) }
	maybe := func(names ...string) Key { return newKey(false, nil, names) }
	for _, test := range []struct {
		a, b Key
		want bool
	}{
		{key(), key("a"), true},
		{key("a"), key("a", "b"), true},
		{key("a"), key("b"), false},
		{key("a", "c"), key("a", "b"), false},
		{key("a"), maybe("b"), true},
		{key("a", "c"), newKey(false, []string{"b"}, []string{"a"}), false},
		{key("a"), newKey(false, []string{"b"}, []string{"a"}), true},
		{key("a"), Key{Open: true}, true},
	} {
		if test.a.Correlates(test.b) != test.want || test.b.Correlates(test.a) != test.want {
			t.Errorf("%s and %s: want %v", test.a, test.b, test.want)
		}
	}
}

// The steps to a function are not part of the graph, and what is in its way is told.
func TestFunction(t *testing.T) {
	var b Builder
	add := func(op Op, inputs ...NodeID) NodeID { return b.Add(op, Span{}, inputs...) }
	m := add(&Fetch{Metric: "m"})
	x := add(&Param{})
	sum := add(&Binary{Op: Add}, x, add(&Scalar{Value: 7}))
	body, _, err := b.Function(sum)
	if err != nil || len(body) != 3 || !slices.Equal(body[2].Inputs, []NodeID{0, 1}) {
		t.Fatalf("%v %v", body, err)
	}
	if _, culprit, err := b.Function(add(&Binary{Op: Add}, x, m)); err != ErrCaptured || culprit != m {
		t.Errorf("n%d %v", culprit, err)
	}
	window := add(&Window{Func: Sum, Over: 1}, x)
	if _, culprit, err := b.Function(add(&Unary{Op: Negate}, window)); err != ErrOperator || culprit != window {
		t.Errorf("n%d %v", culprit, err)
	}
	add(&Publish{Enabled: true}, add(&Map{Body: body}, m))
	want := "n0 = data('m', extrapolation=, maxExtrapolations=0)  # 0:0\nn1 = map((x + 7)) n0  # 0:0\nn2 = publish() n1  # 0:0\n"
	if got := b.Graph().String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
