package ingest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

var update = flag.Bool("update", false, "write the samples that the files give beside them")

var now = time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)

// read returns the samples of a text, a line each.
func read(r io.Reader, name string, o ingest.Options) (string, error) {
	var b strings.Builder
	if o.Now.IsZero() {
		o.Now = now
	}
	err := ingest.Read(r, name, o, func(samples []series.Sample) error {
		for _, s := range samples {
			fmt.Fprintf(&b, "%s %s%s %s %v", time.UnixMilli(s.Time).UTC().Format("2006-01-02T15:04:05.999Z"), s.Series.Metric, s.Series.Dimensions, s.Series.Type, s.Value)
			if h := s.Distribution; h != nil {
				fmt.Fprintf(&b, " in %v up to %v, sum %v from %v to %v", h.Counts, h.Bounds, h.Sum, h.Min, h.Max)
			}
			if s.Arrival != s.Time {
				fmt.Fprintf(&b, " arrives %dms later", s.Arrival-s.Time)
			}
			b.WriteByte('\n')
		}
		return nil
	})
	return b.String(), err
}

// TestFiles reads the recorded files of every format.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	read1 := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		read1++
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(bytes.NewReader(text), file, ingest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			golden := file + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			zipped, err := read(gzipped(text), file+".gz", ingest.Options{})
			if err != nil || zipped != got {
				t.Errorf("compressed: %v\n%s", err, zipped)
			}
			marked, err := read(io.MultiReader(strings.NewReader("\ufeff"), bytes.NewReader(text)), file, ingest.Options{})
			if err != nil || marked != got {
				t.Errorf("with a byte order mark: %v\n%s", err, marked)
			}
		})
	}
	if read1 < 8 {
		t.Errorf("only %d files", read1)
	}
}

func gzipped(text []byte) io.Reader {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(text)
	w.Close()
	return &b
}

func TestDetect(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a", "time,metric,value\n1,m,2\n", "m"},
		{"a", `{"metric":"m","value":1}`, "m"},
		{"a", "# TYPE m gauge\nm 1\n", "m"},
		{"a", `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asDouble":1}]}}]}]}]}`, "m"},
		{"a.json", `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":1}]}}]}]}]}`, "m"},
		{"a.prom", "m 1", "m"},
		{"a.csv", "time\tm\n1\t2\n", "m"},
	} {
		got, err := read(strings.NewReader(test.text), test.name, ingest.Options{})
		if err != nil || !strings.Contains(got, " "+test.want+"{} ") {
			t.Errorf("%s: %v\n%s", test.text, err, got)
		}
	}
}

func TestErrors(t *testing.T) {
	long := strings.Repeat("x", 5<<20)
	for _, test := range []struct {
		name string
		text string
		want string
	}{
		{"x", "what is this", "x: the format cannot be told; name it with --format: csv, ndjson, otlp or openmetrics"},
		{"x.csv", "", "x.csv: the file is empty"},
		{"x.csv", "a,b\n1,2\n", `x.csv:1: no column with the time (timestamp, time, ts, date) in the head "a,b"`},
		{"x.csv", "time,metric,value\n1,m,2\n1,m,x\n", `x.csv:3: value "x" is no number`},
		{"x.csv", "time,metric,value\nnoon,m,2\n", `x.csv:2: "noon" is no time: write 2024-01-01T00:00:00Z, or seconds or milliseconds since 1970`},
		{"x.csv", "time,metric,value,type\n1,m,2,count\n", `x.csv:2: type "count" is not one of gauge, counter and cumulative_counter`},
		{"x.csv", "time,metric,value,dimensions\n1,m,2,[]\n", `x.csv:2: dimensions []: want a JSON object of texts`},
		{"x.csv", "time,metric,value\n1,m\n", "x.csv:2: wrong number of fields"},
		{"x.csv", "time,m{a\n1,2\n", `x.csv:2: column "m{a": "a" is not name=value`},
		{"x.csv", "time,m rate\n1,2\n", `x.csv:2: column "m rate": type "rate" is not one of gauge, counter and cumulative_counter`},
		{"x.csv", "time,m\n1,2\n2,y\n", `x.csv:3: value "y" of m is no number`},
		{"x.csv", "time,host\n1,a\n", "x.csv:2: no column holds numbers: a table is long with the columns metric and value, or has a column for each series"},
		{"x.json", "{\"metric\":\"m\",\"value\":1}\n{\"value\":1}", `x.json:2: no "metric"`},
		{"x.json", "{\"metric\":\"m\",\"value\":\"1\"}", "x.json:1: json: cannot unmarshal string into Go struct field jsonPoint.value of type float64"},
		{"x.json", `{"metric":"m","histogram":{"bounds":[1],"counts":[1]}}`, "x.json:1: histogram: 1 buckets for 1 bounds, want one more than bounds"},
		{"x.json", `{"metric":"m","histogram":{"counts":[1],"sum":1},"value":1}`, `x.json:1: a point with "histogram" has the type histogram and no "value"`},
		{"x.json", `{"metric":"m","type":"gauge","histogram":{"counts":[1],"sum":1}}`, `x.json:1: a point with "histogram" has the type histogram and no "value"`},
		{"x.json", `{"metric":"m","type":"histogram","value":1}`, `x.json:1: type "histogram" is not one of gauge, counter and cumulative_counter`},
		{"x.json", "[\n{\"metric\":\"m\",\"value\":1}]", "x.json: this is a JSON list; write its elements a line each, as jq -c '.[]' does"},
		{"x.json", "{\n  \"metric\":\"m\",\"value\":1}", "x.json:1: unexpected end of JSON input: an object stands on a line of its own, as jq -c writes it"},
		{"x.json", "{" + long, "x.json:1: the line is longer than 4194304 bytes"},
		{"x.otlp", `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"dataPoints":[{"asInt":"x"}]}}]}]}]}`, `x.otlp:1: export request: "x" is no integer`},
		{"x.otlp", "{\"resourceMetrics\":[]}\n{", "x.otlp:2: export request: unexpected EOF"},
		{"x.prom", "m\n", `x.prom:1: want a value and perhaps a time behind m, not ""`},
		{"x.prom", "m one\n", `x.prom:1: value "one" is no number`},
		{"x.prom", "m{a=\"b} 1\n", `x.prom:1: "b} 1 has no closing quote`},
	} {
		_, err := read(strings.NewReader(test.text), test.name, ingest.Options{})
		if err == nil || err.Error() != test.want {
			t.Errorf("%.40q:\ngot  %v\nwant %s", test.text, err, test.want)
		}
	}
	stop := errors.New("enough")
	err := ingest.Read(strings.NewReader("m 1\n"), "x.prom", ingest.Options{}, func([]series.Sample) error { return stop })
	if err != stop {
		t.Errorf("got %v, want the error of the taker", err)
	}
	if _, err := read(strings.NewReader("m 1"), "x", ingest.Options{Format: "xml"}); err == nil || !strings.Contains(err.Error(), `format "xml"`) {
		t.Errorf("unknown format: %v", err)
	}
}

// One series has one pointer, however often it comes: stores are quicker by it.
func TestSeriesAreMadeOnce(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,metric,host,value\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "%d,m,h%d,1\n", i, i%3)
	}
	made := map[*series.Series]int{}
	batches := 0
	err := ingest.Read(strings.NewReader(b.String()), "x.csv", ingest.Options{}, func(samples []series.Sample) error {
		batches++
		for _, s := range samples {
			made[s.Series]++
		}
		return nil
	})
	if err != nil || len(made) != 3 || batches != 3 {
		t.Errorf("%d series in %d batches, %v; want 3 in 3", len(made), batches, err)
	}
}

// Lines that are written alike are read in a shorter way, to the same end.
func TestRepeatedLines(t *testing.T) {
	for _, line := range []string{
		`{"metric":"m","type":"counter","dimensions":{"h":"a"},"timestamp":1704067200000,"value":1.5}`,
		`{"metric":"m","type":"counter","dimensions":{"h":"a"},"timestamp":1704067200000,"value":-1e+300,"arrival":1704067205000}`,
		`{"metric":"m","dimensions":{},"timestamp":1704067200,"value":1}`,
		`{"metric":"m","dimensions":{},"timestamp":1704067200000,"value":null}`,
		`{"metric":"m","dimensions":{},"timestamp":1704067200000,"value":1,"properties":{"a":"b"}}`,
		`{"metric":"m","dimensions":{},"timestamp":1704067200000,"value":1,"timestamp":1704067201000,"value":2}`,
		`{"metric":"m","dimensions":{"x":"},\"timestamp\":1,\"value\":2"},"timestamp":1704067200000,"value":1}`,
	} {
		once, err := read(strings.NewReader(line), "x.json", ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		thrice, err := read(strings.NewReader(strings.Repeat(line+"\n", 3)), "x.json", ingest.Options{})
		if err != nil || thrice != strings.Repeat(once, 3) {
			t.Errorf("%s\n%v: once\n%sthree times\n%s", line, err, once, thrice)
		}
	}
	first := `{"metric":"m","dimensions":{},"timestamp":1704067200000,"value":1}` + "\n"
	for _, value := range []string{"0x10", "1_0", "Infinity", "nan", "+1", "1e", ""} {
		if _, err := read(strings.NewReader(first+strings.Replace(first, ":1}", ":"+value+"}", 1)), "x.json", ingest.Options{}); err == nil {
			t.Errorf("the value %q is taken", value)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.*")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, format := range ingest.Formats {
			f.Add(string(format), text)
		}
	}
	f.Fuzz(func(t *testing.T, format string, text []byte) {
		err := ingest.Read(bytes.NewReader(text), "fuzz", ingest.Options{Format: ingest.Format(format), Now: now}, func(samples []series.Sample) error {
			for _, s := range samples {
				if s.Series == nil || s.Arrival == 0 && s.Time != 0 {
					t.Errorf("sample %+v", s)
				}
			}
			return nil
		})
		if err != nil && !strings.HasPrefix(err.Error(), "f") {
			t.Errorf("the error names no place: %v", err)
		}
	})
}

func BenchmarkCSVLong(b *testing.B) {
	var text strings.Builder
	text.WriteString("timestamp,metric,host,value\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "%d,cpu.utilization,host-%d,%d.5\n", 1704067200+i/100*10, i%100, i%97)
	}
	benchmark(b, text.String(), 10_000)
}

func BenchmarkCSVWide(b *testing.B) {
	var text strings.Builder
	text.WriteString("timestamp")
	for i := range 1000 {
		fmt.Fprintf(&text, ",m{host=h%d}", i)
	}
	for i := range 10 {
		fmt.Fprintf(&text, "\n%d", 1704067200+i*10)
		for k := range 1000 {
			fmt.Fprintf(&text, ",%d.25", k%97)
		}
	}
	benchmark(b, text.String(), 10_000)
}

func BenchmarkNDJSON(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, `{"metric":"cpu.utilization","type":"gauge","dimensions":{"host":"host-%d"},"timestamp":%d,"value":%d.5}`+"\n", i%100, 1704067200000+i/100*10000, i%97)
	}
	benchmark(b, text.String(), 10_000)
}

func benchmark(b *testing.B, text string, samples int) {
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := ingest.Read(strings.NewReader(text), "x", ingest.Options{}, func(s []series.Sample) error { n += len(s); return nil })
		if err != nil || n != samples {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*samples), "ns/sample")
}
