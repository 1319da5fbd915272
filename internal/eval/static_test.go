package eval

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// show writes a static value so that different values, and different types, differ.
func show(v value) string {
	switch v := v.(type) {
	case none:
		return "None"
	case boolean:
		return map[boolean]string{true: "True", false: "False"}[v]
	case integer:
		return strconv.FormatInt(int64(v), 10)
	case float:
		s := strconv.FormatFloat(float64(v), 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case text:
		return series.Quote(string(v))
	case duration:
		return graph.Duration(time.Duration(v))
	case list:
		return "[" + shows(v) + "]"
	case tuple:
		return "(" + shows(v) + ")"
	case filter:
		return v.pred.String()
	case *dict:
		var s []string
		for _, e := range v.entries {
			s = append(s, show(e.key)+": "+show(e.value))
		}
		return "{" + strings.Join(s, ", ") + "}"
	case *closure:
		return v.name + "()"
	case *module:
		return "module " + v.name
	}
	return v.typeName()
}

func shows(values []value) string {
	var s []string
	for _, v := range values {
		s = append(s, show(v))
	}
	return strings.Join(s, ", ")
}

func TestStatic(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		// Numbers, language.md 2.3.
		{"1 / 2", "0.5"},
		{"4 / 2", "2.0"},
		{"1 + 2 * 3 - 4", "3"},
		{"1 + 2.0", "3.0"},
		{"007", "7"},
		{"1e3", "1000.0"},
		{".5", "0.5"},
		{"9223372036854775807", "9223372036854775807"},
		{"9223372036854775808", "9.223372036854776e+18"},
		{"9223372036854775807 + 1", "9.223372036854776e+18"},
		{"-9223372036854775807 - 1", "-9223372036854775808"},
		{"-(-9223372036854775807 - 1)", "9.223372036854776e+18"},
		{"-9223372036854775807 - 2", "-9.223372036854776e+18"},
		{"3037000500 * 3037000500", "9.22337203700025e+18"},
		{"(-9223372036854775807 - 1) * -1", "9.223372036854776e+18"},
		{"-1 * (-9223372036854775807 - 1)", "9.223372036854776e+18"},
		{"2 ** 62", "4611686018427387904"},
		{"2 ** 63", "9.223372036854776e+18"},
		{"(-2) ** 63", "-9223372036854775808"},
		{"-2 ** 2", "-4"},
		{"2 ** -1", "0.5"},
		{"2 ** 3 ** 2", "512"},
		{"0 ** 0", "1"},
		{"2 ** 0.5", strconv.FormatFloat(math.Sqrt2, 'g', -1, 64)},
		{"0 * -1", "0"},
		{"+5", "5"},

		// Durations, 2.4.
		{"duration('10s')", "10s"},
		{"duration('2w2h')", "2w2h"},
		{"duration('90m')", "1h30m"},
		{"duration('1.5h')", "1h30m"},
		{"duration('1500ms')", "1s500ms"},
		{"duration(1500)", "1s500ms"},
		{"duration(0.5)", "0.5ms"},
		{"duration(0)", "0s"},
		{"duration(duration('1d'))", "1d"},
		{"(4 - 1) * duration('1w') - duration('1h')", "2w6d23h"},
		{"duration('1h') / 2", "30m"},
		{"duration('1h') / duration('30m')", "2.0"},
		{"duration('1h') * 1.5 + duration('1s')", "1h30m1s"},
		{"duration('1h') - duration('2h')", "-1h"},
		{"-duration('1h')", "-1h"},
		{"duration('100w') + duration(1)", "100w1ms"},
		{"duration('1h') == duration('60m')", "True"},
		{"duration('1h') < duration('61m') <= duration('61m')", "True"},

		// Containers and texts, 2.11.
		{"'a' + \"b\" 'c'", "'abc'"},
		{"[1] + [2, 'a']", "[1, 2, 'a']"},
		{"(1,) + ()", "(1)"},
		{"1, [2], ()", "(1, [2], ())"},

		// Comparison, 2.10.
		{"1 == 1.0", "True"},
		{"1 <> 2", "True"},
		{"9007199254740993 == 9007199254740992", "False"},
		{"9007199254740993 > 9007199254740992", "True"},
		{"'a' < 'b'", "True"},
		{"'a' >= 'é'", "False"},
		{"'a' != 'a'", "False"},
		{"[1, 'a'] == [1.0, 'a']", "True"},
		{"[1] == [1, 2]", "False"},
		{"(1, 2) == (1, 3)", "False"},
		{"None == None", "True"},
		{"True == False", "False"},
		{"1 < 2 < 3", "True"},
		{"3 > 2 > 2", "False"},
		{"1 < 2 > 1 == 1", "True"},
		{"2 < 1 < nothing", "False"},
		{"2 > 1 <= 3.5", "True"},

		// is, 2.9.
		{"None is None", "True"},
		{"0 is None", "False"},
		{"1 is not None", "True"},
		{"True is True", "True"},
		{"1 is True", "False"},
		{"False is not True", "True"},

		// and, or, not return an operand and look at the right one only if it decides, 2.10.
		{"not 0", "True"},
		{"not ''", "True"},
		{"not [0]", "False"},
		{"not None", "True"},
		{"1 and 'a'", "'a'"},
		{"0 and nothing", "0"},
		{"[] or 'a'", "'a'"},
		{"'a' or nothing", "'a'"},
		{"None or 5", "5"},
		{"None and 5", "None"},

		// Filters, 2.5.
		{"filter('a', 'b') or filter('a', 'c') and not filter('a', 'd')", "filter('a', 'b') or filter('a', 'c') and not filter('a', 'd')"},
		{"(filter('a', 'b') or filter('a', 'c')) and filter('a', 'd')", "(filter('a', 'b') or filter('a', 'c')) and filter('a', 'd')"},
		{"not not filter('a', 'b')", "filter('a', 'b')"},
		{"None and filter('a', 'b')", "None"},
		{"None and nothing", "None"},
		{"filter('a', 'b') and None", "filter('a', 'b')"},
		{"None or filter('a', 'b')", "filter('a', 'b')"},
		{"True and filter('a', 'b')", "filter('a', 'b')"},
		{"filter('a', 'b') and True", "filter('a', 'b')"},
		{"filter('a', 'b') and False", "False"},
		{"False and filter('a', 'b')", "False"},
		{"False or filter('a', 'b')", "filter('a', 'b')"},
		{"filter('a', 'b') or True", "filter('a', 'b')"},
		{"1 and filter('a', 'b')", "error: operator 'and' cannot combine number and filter"},
		{"filter('a', 'b') or 'c'", "error: operator 'or' cannot combine filter and string"},
	} {
		ev := newEvaluator(syntax.NewSource("", tc.text), Options{})
		x, err := syntax.ParseExpr("", tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		got := ""
		if v, err := ev.expr(x); err != nil {
			got = "error: " + err.Message()
		} else {
			got = show(v)
		}
		if got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

// The worked examples of filter in language.md 5.2, and of data, on which a filter acts.
func TestFilterExamples(t *testing.T) {
	prod := &series.Series{Metric: "m", Dimensions: series.Labels{{Name: "env", Value: "prod"}, {Name: "host", Value: "web"}}}
	test := &series.Series{Metric: "m", Dimensions: series.Labels{{Name: "env", Value: "prod"}, {Name: "host", Value: "test"}}}
	qa := &series.Series{Metric: "m", Dimensions: series.Labels{{Name: "env", Value: "qa"}}}
	none := &series.Series{Metric: "m"}
	for _, tc := range []struct {
		filter string
		want   []*series.Series
	}{
		{"filter('env', 'prod')", []*series.Series{prod, test}},
		{"not filter('env', 'prod')", []*series.Series{qa, none}},
		{"filter('env', 'prod', match_missing=True)", []*series.Series{prod, test, none}},
		{"filter('env', '*')", []*series.Series{prod, test, qa}},
		{"not filter('env', '*')", []*series.Series{none}},
		{"filter('env', 'prod', 'qa')", []*series.Series{prod, test, qa}},
		{"filter('env', ['p*d', 'q'])", []*series.Series{prod, test}},
		{"filter('env','prod') and not filter('host','t*')", []*series.Series{prod}},
		{"filter('sf_metric', 'm') and filter('env', 'qa') or filter('host', 'test')", []*series.Series{test, qa}},
		{"None", []*series.Series{prod, test, qa, none}},
	} {
		g, err := Compile("data('m', filter="+tc.filter+")", Options{})
		if err != nil {
			t.Errorf("%s: %v", tc.filter, err)
			continue
		}
		pred := g.Nodes[0].Op.(*graph.Fetch).Filter
		var got []*series.Series
		for _, s := range []*series.Series{prod, test, qa, none} {
			if pred == nil || pred.Matches(s) {
				got = append(got, s)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%s selects %v", tc.filter, got)
		}
	}
}

func TestNamedProgram(t *testing.T) {
	_, err := Compile("a = 1\nb = c", Options{Name: "load.flow"})
	if err == nil || err.Error() != "load.flow: line 2:5: name 'c' is not defined" {
		t.Error(err)
	}
}
