package flowtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

func TestParseSteps(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"5", "5"},
		{"_ -1.5 1e3 .5", "_ -1.5 1000 0.5"},
		{"1+2x3", "1 3 5 7"},
		{"1-2x3", "1 -1 -3 -5"},
		{"-2+-1x1", "-2 -3"},
		{"1e1+1e1x1", "10 20"},
		{"4x0 4x2", "4 4 4 4"},
		{"_x3 1", "_ _ _ 1"},
		{"1,2,-3", "1,2,-3"},
		{"5@+2s 1x1@+1m30s 1,2@+1ms", "5@2s 1@1m30s 1@1m30s 1,2@1ms"},
		{"~0.3333 ~2 ~-1.50", "~4:0.3333 ~0:2 ~2:-1.5"},
		{"NaN Inf -Inf", "NaN +Inf -Inf"},
		{"", ""},
	} {
		steps, err := flowtest.ParseSteps(test.text)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		var got []string
		for _, s := range steps {
			text := "_"
			if len(s.Values) > 0 {
				text = strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Values), "[]"), " ", ",")
			}
			if s.Digits >= 0 {
				text = fmt.Sprintf("~%d:%s", s.Digits, text)
			}
			if s.Delay > 0 {
				text += "@" + s.Delay.String()
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: got %s, want %s", test.text, strings.Join(got, " "), test.want)
		}
	}
}

func TestParseStepsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a":            `value "a": no number`,
		"1 2b":         `value "2b": "b" is not x and how many more, such as x3`,
		"1x":           `value "1x": "x" is not x and how many more, such as x3`,
		"1+x3":         `value "1+x3": no number after the sign`,
		"1,a":          `value "1,a": "a" is no number`,
		"1@+2":         `value "1@+2": "2" is no duration such as 2s or 1m30s`,
		"1@+-2s":       `value "1@+-2s": "-2s" is no duration such as 2s or 1m30s`,
		"_y":           `value "_y": nothing is written _ or _x3`,
		"_@+2s":        `value "_@+2s": nothing is written _ or _x3`,
		"1x1000000":    `value "1x1000000": "x1000000" is not x and how many more, such as x3`,
		"1x-1":         `value "1x-1": "x-1" is not x and how many more, such as x3`,
		"_x999999 1 1": `value "1": more than 1000000 steps`,
	} {
		if _, err := flowtest.ParseSteps(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestParseSeries(t *testing.T) {
	for _, test := range []struct{ text, name, rest string }{
		{"m 1 2", "m", "1 2"},
		{"m{} 1", "m", "1"},
		{"m{b=2,a=1}  1", "m{a=1, b=2}", "1"},
		{"'my metric'{'a b'='c, d', e='it''s', f=}1", "'my metric'{'a b'='c, d', e='it''s', f=}", "1"},
		{"{a=1} 2", "{a=1}", "2"},
		{"m", "m", ""},
		{"'' 1", "''", "1"},
	} {
		metric, dimensions, rest, err := flowtest.ParseSeries(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		}
		if got := flowtest.FormatSeries(metric, dimensions); got != test.name || rest != test.rest {
			t.Errorf("%s: got %s and %q, want %s and %q", test.text, got, rest, test.name, test.rest)
		}
	}
	for text, want := range map[string]string{
		"m{a=1":  `the dimensions of "m" have no }`,
		"m{a}":   `the dimensions of "m": "a}" is not name=value`,
		"m{=1}":  `the dimensions of "m": "=1}" is not name=value`,
		"'m":     `'m has no closing quote`,
		"m{a='b": `the dimensions of "m": 'b has no closing quote`,
	} {
		if _, _, _, err := flowtest.ParseSeries(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestParseLoad(t *testing.T) {
	samples, n, err := flowtest.ParseLoad("c{h=a} cumulative_counter 1,2 _ 5@+3s", flowtest.Epoch, 10*time.Second)
	if err != nil || n != 3 || len(samples) != 3 {
		t.Fatalf("%d samples in %d steps, %v", len(samples), n, err)
	}
	epoch := flowtest.Epoch.UnixMilli()
	for i, want := range []series.Sample{
		{Point: series.Point{Time: epoch, Value: 1}, Arrival: epoch},
		{Point: series.Point{Time: epoch + 5000, Value: 2}, Arrival: epoch + 5000},
		{Point: series.Point{Time: epoch + 20_000, Value: 5}, Arrival: epoch + 23_000},
	} {
		want.Series = samples[0].Series
		if samples[i] != want {
			t.Errorf("sample %d is %+v, want %+v", i, samples[i], want)
		}
	}
	if s := samples[0].Series; s.Type != series.CumulativeCounter || s.Metric != "c" || s.Dimensions.String() != "{h=a}" {
		t.Errorf("series %+v", s)
	}
	if samples, _, err = flowtest.ParseLoad("m{h=a} [z=1, #web, a='x y', #'a b'] counter 1", flowtest.Epoch, time.Second); err != nil {
		t.Fatal(err)
	}
	if s := samples[0].Series; s.Properties.String() != "{a=x y, z=1}" || strings.Join(s.Tags, "|") != "web|a b" || s.Type != series.Counter {
		t.Errorf("series %+v", s)
	}
	for text, want := range map[string]string{
		"m [a=1":   "the properties have no ]",
		"m [a] 1":  `the properties: "a] 1" is not name=value`,
		"{a=1} 1":  "no metric before the dimensions",
		"m ~1":     "a point is written without ~",
		"m conter": `value "conter": no number`,
	} {
		if _, _, err := flowtest.ParseLoad(text, flowtest.Epoch, time.Second); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// FuzzParse: no text makes the parser fall over, and what it accepts it accepts again.
func FuzzParse(f *testing.F) {
	for _, s := range scripts(f) {
		f.Add(s.Update(nil))
	}
	f.Add("load 1s\n  m{'a''b'=c}  1+1x3 _ 2,3@+1s\nprogram live arg.x=y\n  data('m')\nwant\n  ~1")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "x") > 20 {
			return // long runs of values only take time
		}
		s, err := flowtest.Parse("fuzz", text)
		if err != nil {
			return
		}
		if again := s.Update(nil); again != text {
			t.Errorf("an update of nothing made\n%s\nof\n%s", again, text)
		}
	})
}
