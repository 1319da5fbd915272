package graph

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// samples is a node of every operator over n0, a stream, and n1, a boolean one, with what
// is told about it.
func samples() []struct {
	op               Op
	inputs           int // of n0, n1, n0, …
	expression, does string
} {
	five := 5.0
	return []struct {
		op               Op
		inputs           int
		expression, does string
	}{
		{&Fetch{Metric: "cpu.*", Filter: series.NewMatch("env", []string{"prod"}, false), MaxExtrapolations: -1, Extrapolation: ExtrapolateNull}, 0,
			"data('cpu.*', filter=filter('env', 'prod'))", "The series of all metrics that match 'cpu.*' that pass filter('env', 'prod')."},
		{&PathFetch{Func: Graphite, Fetch: Fetch{Metric: "a.*", MaxExtrapolations: -1, Extrapolation: ExtrapolateNull}, Positions: []PathBinder{{"role", 1}}}, 0,
			"graphite('a.*', role=1)", "The series of all metrics that match 'a.*', node by node; role is node 1 of the name, from 0."},
		{&PathFetch{Func: NewRelic, Fetch: Fetch{Metric: "a", MaxExtrapolations: -1, Extrapolation: ExtrapolateNull}}, 0,
			"newrelic('a')", "The series of the metric 'a', node by node; each node of the name is a dimension."},
		{&HistogramFetch{Metric: "h"}, 0, "histogram('h')", "The histograms of the metric 'h'."},
		{&EventFetch{Type: "deploy"}, 0, "events('deploy')", "The custom events of type 'deploy'."},
		{&AlertFetch{}, 0, "alerts()", "The alerts of all detectors."},
		{&AlertFetch{DetectorName: "cpu", DetectorID: "A"}, 0, "alerts(detector_id='A', detector_name='cpu')",
			"The alerts of the detector with the ID 'A' and detectors named 'cpu'."},
		{&Const{Series: []ConstSeries{{Value: 5}}}, 0, "const(5)", "One series with the value 5 in every slot."},
		{&Const{Series: make([]ConstSeries, 2)}, 0, "const(0; 0)", "2 series, each with a value that never changes."},
		{&Scalar{Value: 1, Boolean: true}, 0, "True", "A static value."},
		{&None{}, 0, "None", "A static value."},
		{&Param{}, 0, "x", "The value that the function is called with."},
		{&Binary{Op: Add}, 2, "n0 + n1", "n0 + n1 in each slot; missing where a value is. Series are paired where their dimensions agree; one without a partner drops out."},
		{&Binary{Op: Divide, Outer: true}, 2, "combine(n0 / n1)", "n0 / n1 in each slot; missing where a value is, and where the divisor is 0. " +
			"Series are paired where their dimensions agree; one without a partner is paired with None."},
		{&Binary{Op: Greater}, 2, "n0 > n1", "Compares n0 with n1 in each slot; unknown where a value is missing. Series are paired where their dimensions agree; one without a partner drops out."},
		{&Binary{Op: And}, 2, "n0 and n1", "True where n0 and n1 are, false where one of them is. Series are paired where their dimensions agree; one without a partner drops out."},
		{&Binary{Op: Or}, 2, "n0 or n1", "True where n0 or n1 is, false where both are false. Series are paired where their dimensions agree; one without a partner drops out."},
		{&Unary{Op: Negate}, 1, "-n0", "The values of n0 with the other sign."},
		{&Unary{Op: Not}, 1, "not n0", "True where n0 is false, and the reverse; unknown stays unknown."},
		{&Conditional{}, 3, "n1 if n0 else n0", "n1 where n0 is true, n0 where it is false, nothing where it is neither. Series are paired where their dimensions agree; one without a partner drops out."},
		{&Is{}, 1, "n0 is None", "True where n0 has no value, else false: never unknown."},
		{&Is{Not: true}, 1, "n0 is not None", "True where n0 has a value, else false: never unknown."},
		{&Is{What: IsTrue}, 1, "n0 is True", "True where n0 is True, else false: never unknown."},
		{&Across{Func: Percentile, Arg: 90}, 2, "percentile(n0, n1, 90)",
			"The percentile 90 of n0, n1 in each slot; missing values are left out. Series are paired where their dimensions agree; one without a partner drops out."},
		{&Math{Func: Abs}, 1, "n0.abs()", "The values of n0 without their sign."},
		{&Math{Func: Ceil}, 1, "n0.ceil()", "The values of n0, rounded up."},
		{&Math{Func: Floor}, 1, "n0.floor()", "The values of n0, rounded down."},
		{&Math{Func: Sqrt}, 1, "n0.sqrt()", "The square root of each value of n0; missing for a negative one."},
		{&Math{Func: Log}, 1, "n0.log()", "The natural logarithm of each value of n0; missing for 0 and less."},
		{&Math{Func: Log10}, 1, "n0.log10()", "The logarithm to base 10 of each value of n0; missing for 0 and less."},
		{&Math{Func: Integrate}, 1, "n0.integrate()", "Each value of n0, times the seconds of a slot."},
		{&Math{Func: PerSecond}, 1, "n0.rate()", "Each value of n0, divided by the seconds of a slot."},
		{&Limit{Func: Above, Low: 5}, 1, "n0.above(5)", "The values of n0 that are above 5; nothing in place of the others."},
		{&Limit{Func: Below, High: 5, HighInclusive: true, Clamp: true}, 1, "n0.below(5, inclusive=True, clamp=True)",
			"The values of n0 that are at most 5; the nearer limit in place of the others."},
		{&Limit{Func: Between, Low: 1, High: 5, LowInclusive: true}, 1, "n0.between(1, 5, low_inclusive=True)",
			"The values of n0 that are at least 1 and below 5; nothing in place of the others."},
		{&Limit{Func: NotBetween, Low: 1, High: 5, LowInclusive: true}, 1, "n0.not_between(1, 5, low_inclusive=True)",
			"The values of n0 that are at most 1 or above 5; nothing in place of the others."},
		{&Equals{Value: 5}, 1, "n0.equals(5)", "The values of n0 that equal 5; nothing in place of the others."},
		{&Equals{Value: 5, Not: true, Replacement: new(float64)}, 1, "n0.not_equals(5, replacement=0)",
			"The values of n0 that do not equal 5; 0 in place of the others."},
		{&Fill{}, 1, "n0.fill()", "The values of n0, and in place of missing ones the last value of the series."},
		{&Fill{Value: &five, For: time.Minute, Slots: 3}, 1, "n0.fill(5, duration=1m, maxCount=3)",
			"The values of n0, and in place of missing ones 5, for at most 1m and 3 slots in a row."},
		{&Fill{Value: new(float64), Booleans: true, Slots: 3}, 1, "n0.fill(False, maxCount=3)",
			"The values of n0, and in place of missing ones False, for at most 3 slots in a row."},
		{&Map{Body: []Node{{Op: &Param{}}}}, 1, "n0.map(x)", "The function of each value x of n0; it is called for missing values too, which are None."},
		{&Threshold{}, 1, "n0.threshold()", "n0 as it is; marked as the threshold of a detector."},
		{&Aggregate{Func: Mean}, 1, "n0.mean()", "The mean over all series of n0 in each slot: one series comes out."},
		{&Aggregate{Func: Max, By: []string{"host"}}, 1, "n0.max(by=[host])",
			"The largest value over the series of n0 with the same host in each slot. Series that lack it are left out."},
		{&Aggregate{Func: Size, By: []string{"host", "az"}, AllowMissing: []string{"az"}}, 1, "n0.size(by=[host, az], allow_missing=[az])",
			"The number of series, with a value or without, over the series of n0 with the same host and az in each slot. Series that lack another than az are left out."},
		{&Aggregate{Func: Count, By: []string{"a", "b"}}, 1, "n0.count(by=[a, b])",
			"The number of values over the series of n0 with the same a and b in each slot. Series that lack one of these are left out."},
		{&Aggregate{Func: Stddev, By: []string{"a"}, AllowMissing: []string{"a"}}, 1, "n0.stddev(by=[a], allow_missing=[a])",
			"The standard deviation over the series of n0 with the same a in each slot. Series that lack one are groups of their own."},
		{&Window{Func: Size, Over: time.Hour}, 1, "n0.size(over=1h)",
			"The number of slots, with a value or without, of each series of n0 over the last 1h; missing values are left out."},
		{&Window{Func: MeanPlusStddev, Arg: 2, Over: time.Hour}, 1, "n0.mean_plus_stddev(2, over=1h)",
			"The mean plus 2 standard deviations of each series of n0 over the last 1h; missing values are left out."},
		{&Calendar{Func: Sum, Cycle: Week, Start: 6, Partial: true}, 1, "n0.sum(cycle=week, cycle_start=6, partial_values=True)",
			"The sum of each series of n0 over each week from Sunday in the time zone of the job: in each slot what the week has brought so far."},
		{&Calendar{Func: Mean, Cycle: Month, Start: 9, Timezone: "Europe/Berlin", Shift: 2}, 1, "n0.mean(cycle=month, cycle_start=9, timezone='Europe/Berlin', shift_cycles=2)",
			"The mean of each series of n0 over each month from day 10 in Europe/Berlin: a value at the end of each month, of the one 2 before it."},
		{&Calendar{Func: Min, Cycle: Day, Start: 6, Shift: 1}, 1, "n0.min(cycle=day, cycle_start=6, shift_cycles=1)",
			"The smallest value of each series of n0 over each day from 06:00 in the time zone of the job: a value at the end of each day, of the one before it."},
		{&Calendar{Func: Min, Cycle: Quarter, Start: 1}, 1, "n0.min(cycle=quarter, cycle_start=1)",
			"The smallest value of each series of n0 over each quarter from month 2 of it in the time zone of the job: a value at the end of each quarter."},
		{&HistogramReduce{Func: Percentile, Arg: 99, By: []string{"svc"}, Over: time.Hour}, 1, "n0.percentile(99, by=[svc], over=1h)",
			"The percentile 99 over the last 1h, of one histogram made of the series of n0 with the same svc in each slot. Series that lack it are left out."},
		{&HistogramReduce{Func: Count, Over: time.Hour}, 1, "n0.count(over=1h)", "The number of observations over the last 1h, of each histogram of n0."},
		{&HistogramReduce{Func: CDF, Arg: 5}, 1, "n0.cumulative_distribution_function(5)",
			"The share of observations up to 5 of one histogram made of all series of n0 in each slot: one series comes out."},
		{&BucketPercentile{Percent: 90, Bucket: "le", Infinity: "Inf"}, 1, "n0.histogram_percentile(90, bucket_name='le', infinity_bucket_name='Inf')",
			"The percentile 90, estimated from counts of values up to a bound: the series of n0 that differ only in le, which is the bound."},
		{&Select{Func: Top, Count: 3, By: []string{"az"}}, 1, "n0.top(3, by=[az])", "The 3 series of n0 with the highest values for each az in each slot; the others have no value there."},
		{&Select{Func: Bottom, Share: 0.07}, 1, "n0.bottom(percentage=0.07)", "The 7 % of the series of n0 with the lowest values in each slot; the others have no value there."},
		{&Select{Func: Random, Count: 1}, 1, "n0.random(1)", "The 1 series of n0 chosen by chance in each slot; the others have no value there."},
		{&EventCount{}, 1, "n0.count()", "The number of events of n0 in each slot, 0 included."},
		{&EventCount{By: []string{"a"}}, 1, "n0.count(by=[a])", "The number of events of n0 in each slot for each a, 0 included."},
		{&Delta{}, 1, "n0.delta()", "The change of each series of n0 since the slot before; missing if one of them is."},
		{&Delta{PerSecond: true}, 1, "n0.rateofchange()", "The change of each series of n0 since the slot before, per second; missing if one of them is."},
		{&EWMA{Alpha: 0.5}, 1, "n0.ewma(0.5)", "The moving average of each series of n0, in which older values weigh less and less: the newest value has the weight 0.5."},
		{&EWMA{Over: time.Hour}, 1, "n0.ewma(over=1h)", "The moving average of each series of n0, in which older values weigh less and less: the weights are those of 1h."},
		{&DoubleEWMA{Alpha: 0.5, Beta: 0.1, Damping: 1, Forecast: time.Hour}, 1, "n0.double_ewma(0.5, 0.1, forecast=1h)",
			"The moving average of each series of n0 with its trend, carried on for 1h into the future: the weights are 0.5 and 0.1."},
		{&DoubleEWMA{Over: time.Hour, TrendOver: time.Minute, Damping: 1}, 1, "n0.double_ewma(over=1h, trend_over=1m)",
			"The moving average of each series of n0 with its trend: the weights are those of 1h and 1m."},
		{&KPSS{Over: time.Hour, Trend: true}, 1, "n0.kpss(over=1h, mode=trend)", "How far each series of n0 is from being stationary around a trend, over the last 1h (KPSS)."},
		{&Timeshift{Offset: time.Hour}, 1, "n0.timeshift(1h)", "n0 as it was 1h before; what it reads is asked for once more, at that time."},
		{&Union{}, 2, "union(n0, n1)", "All series of n0, n1, side by side."},
		{&Promote{Names: []string{"env", "az"}}, 1, "n0.promote([env, az])", "The series of n0, with env and az among their dimensions; those that lack one are left out."},
		{&Promote{Names: []string{"env"}, AllowMissing: true}, 1, "n0.promote([env], allow_missing=True)", "The series of n0, with env among their dimensions; what a series lacks is passed over."},
		{&Dimensions{Aliases: series.Labels{{Name: "h", Value: "host"}}, Renames: series.Labels{{Name: "z", Value: "az"}}}, 1, "n0.dimensions(aliases={'h': 'host'}, renames={'z': 'az'})",
			"The series of n0 with other dimensions: h is a copy of host, z is the new name of az; series that lack what is copied or renamed are left out."},
		{&Dimensions{Renames: series.Labels{{Name: "z", Value: "az"}}, AllowMissing: true}, 1, "n0.dimensions(renames={'z': 'az'}, allow_missing=True)",
			"The series of n0 with other dimensions: z is the new name of az; what a series lacks is passed over."},
		{&Publish{Label: "A", Enabled: true}, 1, "n0.publish('A')", "Sends n0 out of the program as 'A'."},
		{&Publish{}, 1, "n0.publish(enable=False)", "Declares n0 as an output without a label, which is hidden: nothing is sent."},
		{&When{Lasting: time.Hour, AtLeast: 1}, 1, "when(n0, lasting=1h)", "True where n0 has been true in every slot of the last 1h; a missing slot is not true."},
		{&When{Lasting: time.Hour, AtLeast: 0.07}, 1, "when(n0, lasting=1h, at_least=0.07)",
			"True where n0 has been true in at least 7 % of the slots of the last 1h, missing ones counted."},
		{&Detect{}, 1, "detect(n0)", "An alert for each series of n0: raised where it is true, cleared where it is false."},
		{&Detect{Off: true, Annotations: make([]Annotation, 1), AutoResolveAfter: time.Hour}, 3, "detect(n0, off=n1, annotations=[n0], auto_resolve_after=1h)",
			"An alert for each series of n0: raised where it is true and n1 is not, cleared where n1 is true and it is not. It ends by itself when the condition has told nothing for 1h."},
		{&Detect{Off: true, Split: true}, 2, "detect(n0, off=n1, mode='split')",
			"An alert for each series of n0: raised where it is true; from then on only n1 counts, and clears it where it is true."},
	}
}

func TestDescribe(t *testing.T) {
	told := map[string]bool{}
	for _, s := range samples() {
		g := &Graph{Nodes: []Node{{Op: &Fetch{}}, {Op: &Fetch{}, Kind: Booleans}, {Op: s.op, Inputs: []NodeID{0, 1, 0}[:s.inputs]}}}
		if got := g.Expression(2); got != s.expression {
			t.Errorf("%T\n got %s\nwant %s", s.op, got, s.expression)
		}
		if got := g.Describe(2); got != s.does {
			t.Errorf("%T\n got %s\nwant %s", s.op, got, s.does)
		}
		told[reflect.TypeOf(s.op).Elem().Name()] = true
	}
	for _, name := range operators(t) {
		if !told[name] {
			t.Errorf("nothing is told about the operator %s", name)
		}
	}
}

// operators returns the names of the types of this package that are operators.
func operators(t *testing.T) (names []string) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "op" && fn.Recv != nil {
				names = append(names, fn.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
			}
		}
	}
	if len(names) < 30 {
		t.Fatalf("only %d operators are found", len(names))
	}
	return names
}
