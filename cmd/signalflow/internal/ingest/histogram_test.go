package ingest_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// export is an OTLP request with one histogram. Times are seconds after 2024-01-01.
func export(start, at int, temporality, bounds, counts, more string) string {
	nano := func(s int) string { return fmt.Sprintf("%d000000000", 1704067200+s) }
	return fmt.Sprintf(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"t","histogram":{"aggregationTemporality":%s,"dataPoints":[`+
		`{"startTimeUnixNano":%q,"timeUnixNano":%q,"explicitBounds":[%s],"bucketCounts":[%s]%s}]}}]}]}]}`+"\n", temporality, nano(start), nano(at), bounds, counts, more)
}

// What counts from its start on becomes what was counted since the point before.
func TestCumulativeHistograms(t *testing.T) {
	const cumulative = `"AGGREGATION_TEMPORALITY_CUMULATIVE"`
	for _, test := range []struct {
		name string
		text []string
		want string // the histograms, without the metric
		warn string
	}{
		{"the first one tells where counting begins", []string{
			export(0, 100, cumulative, "10,20", `"5",5,5`, `,"sum":200,"min":1,"max":40`),
			export(0, 110, cumulative, "10,20", "5,7,5", `,"sum":230,"min":1,"max":40`),
			export(0, 120, cumulative, "10,20", "6,7,7", `,"sum":330,"min":1,"max":60`),
			export(0, 130, cumulative, "10,20", "6,7,7", `,"sum":330,"min":1,"max":60`),
		}, "01:50 2 in [0 2 0] up to [10 20], sum 30 from 10 to 20; 02:00 3 in [1 0 2] up to [10 20], sum 100 from 1 to 60; 02:10 0 in [0 0 0] up to [10 20], sum 0 from 0 to 0", ""},
		{"a later start", []string{
			export(0, 100, cumulative, "10", "5,5", `,"sum":200,"min":1,"max":40`),
			export(105, 110, cumulative, "10", "7,6", `,"sum":230,"min":2,"max":50`),
		}, "01:50 13 in [7 6] up to [10], sum 230 from 2 to 50", ""},
		{"counts that fall", []string{
			export(0, 100, "2", "10", "5,5", `,"sum":200`),
			export(0, 110, "2", "10", "7,4", `,"sum":230`),
		}, "01:50 11 in [7 4] up to [10], sum 230 from 0 to 20.90909090909091", ""},
		{"a process that begins meanwhile", []string{
			export(0, 100, "2", "10", "5,5", ""),
			strings.Replace(export(103, 110, "2", "10", "7,4", ""), `"t"`, `"u"`, 1),
		}, "01:50 11 in [7 4] up to [10], sum 75 from 0 to 10", ""},
		{"other bounds", []string{
			export(0, 100, "2", "10", "5,5", ""), export(0, 110, "2", "10,20", "6,5,1", ""), export(0, 120, "2", "10,20", "6,6,1", ""),
		}, "02:00 1 in [0 1 0] up to [10 20], sum 15 from 10 to 20",
			"x.otlp:2: the histogram t{} has other bounds and the same start; what it has counted since the point before is not known"},
		{"back in time", []string{
			export(0, 100, "2", "10", "5,5", ""), export(0, 90, "2", "10", "5,4", ""), export(0, 110, "2", "10", "5,6", ""),
		}, "01:50 1 in [0 1] up to [10], sum 10 from 10 to 10",
			"x.otlp:2: the histogram t{} goes back in time; it counts from its start on, so what is not in order is left out"},
		{"since the point before already", []string{
			export(90, 100, "1", "10", "5,5", `,"sum":200,"min":1,"max":40`), export(0, 90, "1", "", "", `,"count":"3","sum":6,"min":1,"max":3`),
		}, "01:40 10 in [5 5] up to [10], sum 200 from 1 to 40; 01:30 3 in [3] up to [], sum 6 from 1 to 3", ""},
		{"not valid", []string{export(0, 100, "1", "10,5", "5,5,5", ""), export(0, 100, "1", "10,15", "5,5", "")}, "",
			"x.otlp:1: the histogram t{} is left out: the bounds [10 5] do not rise, or are not finite"},
	} {
		warned := ""
		got, err := read(strings.NewReader(strings.Join(test.text, "")), "x.otlp", ingest.Options{Warn: func(text string) { warned += text }})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		var histograms []string
		for line := range strings.Lines(got) {
			if at, text, ok := strings.Cut(strings.TrimSpace(line), "{} histogram "); ok {
				histograms = append(histograms, at[len("2024-01-01T00:"):len("2024-01-01T00:01:40")]+" "+text)
			}
		}
		if text := strings.Join(histograms, "; "); text != test.want || warned != test.warn {
			t.Errorf("%s:\ngot  %s\nwant %s\nwarned %q, want %q", test.name, text, test.want, warned, test.warn)
		}
	}
}

// Histograms are written and read again without a loss, beside numbers of the same name.
func TestWriteHistograms(t *testing.T) {
	h, g := series.New("m", series.Histogram, series.Label{Name: "a", Value: "b"}), series.New("m", series.Gauge, series.Label{Name: "a", Value: "b"})
	h.Tags = []string{"web"}
	one, _ := series.NewDistribution([]float64{0.1, 1.0 / 3}, []float64{1, 0, 2.5}, -1e300, -2e299, 7)
	none, _ := series.NewDistribution(nil, []float64{0}, 0, 0, 0)
	samples := []series.Sample{
		{Series: h, Point: series.Point{Time: 1704067200000, Value: 3.5}, Arrival: 1704067201000, Distribution: one},
		{Series: g, Point: series.Point{Time: 1704067200000, Value: 5}, Arrival: 1704067200000},
		{Series: h, Point: series.Point{Time: 1704067210000}, Arrival: 1704067210000, Distribution: none},
		{Series: h, Point: series.Point{Time: 1704067210000, Value: 3}, Arrival: 1704067210000},
		{Series: h, Point: series.Point{Time: 1704067210000}, Arrival: 1704067210000, Distribution: &series.Distribution{}},
	}
	var text bytes.Buffer
	w := ingest.NewWriter(&text)
	if refused := w.Append(samples...); refused != 2 {
		t.Errorf("%d refused, want what is no histogram", refused)
	}
	w.Flush()
	want := `{"metric":"m","type":"histogram","dimensions":{"a":"b"},"timestamp":1704067200000,"histogram":{"bounds":[0.1,0.3333333333333333],"counts":[1,0,2.5],"sum":-1e+300,"min":-2e+299,"max":7},"arrival":1704067201000,"tags":["web"]}
{"metric":"m","type":"gauge","dimensions":{"a":"b"},"timestamp":1704067200000,"value":5}
{"metric":"m","type":"histogram","dimensions":{"a":"b"},"timestamp":1704067210000,"histogram":{"bounds":[],"counts":[0]}}
`
	if text.String() != want {
		t.Errorf("got\n%s", text.String())
	}
	for range 2 {
		text.WriteString(want)
	}
	var back []series.Sample
	err := ingest.Read(&text, "x", ingest.Options{}, func(s []series.Sample) error { back = append(back, s...); return nil })
	if err != nil || len(back) != 9 {
		t.Fatalf("%d samples, %v", len(back), err)
	}
	for i := range back {
		got, want := back[i], samples[i%3]
		if !got.Series.SameIdentity(want.Series) || got.Series != back[i%3].Series || got.Point != want.Point || got.Arrival != want.Arrival {
			t.Errorf("read %+v of %+v", got, want)
		}
		if (got.Distribution == nil) != (want.Distribution == nil) || i%3 == 0 && !reflect.DeepEqual(got.Distribution, want.Distribution) {
			t.Errorf("read %+v of %+v", got.Distribution, want.Distribution)
		}
	}
}

// A table has no place for histograms.
func TestTableRefusesHistograms(t *testing.T) {
	h := series.New("m", series.Histogram)
	one, _ := series.NewDistribution(nil, []float64{1}, 1, 1, 1)
	table := ingest.NewTable(&bytes.Buffer{}, []*series.Series{h})
	if table.Append(series.Sample{Series: h, Distribution: one, Point: series.Point{Time: 1, Value: 1}}) != 1 {
		t.Error("it took one")
	}
}

// Lines of histograms that are written alike are read in a shorter way, to the same end.
func TestRepeatedHistogramLines(t *testing.T) {
	const line = `{"metric":"m","type":"histogram","dimensions":{"h":"a"},"timestamp":1704067200000,"histogram":{"bounds":[1,2.5],"counts":[1,0,7],"sum":1e+2,"min":-0.5,"max":90},"arrival":1704067205000}`
	without := strings.Replace(line, `,"arrival":1704067205000`, "", 1)
	for _, line := range []string{
		line, without,
		strings.Replace(line, "[1,2.5]", "[1,3]", 1),
		strings.Replace(line, "1704067200000", "1704067200", 1),
		strings.Replace(line, `],"sum":1e+2,"min":-0.5,"max":90`, "]", 1),
		strings.Replace(line, `"min":-0.5,"max":90`, `"max":90,"min":-0.5`, 1),
		strings.Replace(line, `"sum":1e+2,`, "", 1),
		strings.Replace(line, `"max":90`, `"max":90,"more":5`, 1),
		strings.Replace(line, `1704067205000}`, `1704067205000,"tags":["b"]}`, 1),
		strings.Replace(line, `"bounds":[1,2.5],"counts":[1,0,7]`, `"bounds":[],"counts":[7]`, 1),
	} {
		once, err := read(strings.NewReader(line), "x.json", ingest.Options{})
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		thrice, err := read(strings.NewReader(strings.Repeat(line+"\n", 3)), "x.json", ingest.Options{})
		if err != nil || thrice != strings.Repeat(once, 3) || strings.Count(once, "histogram") != 1 {
			t.Errorf("%s\n%v: once\n%sthree times\n%s", line, err, once, thrice)
		}
	}
	good := without + "\n" + without + "\n"
	for from, to := range map[string]string{
		"[1,2.5]": "[2.5,1]", "[1,0,7]": "[1,0]", ":90": ":-90", "-0.5": "nan", "1e+2": "0x10", "0,7": "0,,7", ":[1,2": ":[+1,2", `90}`: `90}}`, `90}}`: `90}`, "1,0": "1,-1",
	} {
		if text, err := read(strings.NewReader(good+strings.Replace(without, from, to, 1)), "x.json", ingest.Options{}); err == nil {
			t.Errorf("%s in place of %s is taken:\n%s", to, from, text)
		}
	}
}

func BenchmarkNDJSONHistograms(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, `{"metric":"latency","type":"histogram","dimensions":{"host":"host-%d"},"timestamp":%d,"histogram":{"bounds":[10,25,50,100,250,500,1000],"counts":[%d,2,5,0,1,0,0,0],"sum":123.5,"min":1.5,"max":180}}`+"\n",
			i%100, 1704067200000+i/100*10000, i%97)
	}
	benchmark(b, text.String(), 10_000)
}
