package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; -update rewrites it\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// hardMessages has what goes wrong in formats: a series that appears late with dimensions
// of its own, texts that need quoting, integers beyond 2^53, very large and small numbers.
func hardMessages() [][]publishedValue {
	cpu := &publishedSeries{"cpu", "cpu.utilization", []dimension{{"host", "web-1"}}}
	bare := &publishedSeries{"", "net, total", nil}
	late := &publishedSeries{`say "hi"`, "disk.utilization", []dimension{
		{"device", "/dev/<a>&b"}, {"mountpoint", "/mnt/späť\n"}}}
	return [][]publishedValue{
		{{cpu, 1751328000000, float(12.5)}, {bare, 1751328000000, integer(9007199254740993)}},
		{},
		{{cpu, 1751328001000, float(100)}, {late, 1751328001000, float(1.5e-9)}, {bare, 1751328001000, float(-2.5e21)}},
		{{cpu, 1751328002000, float(math.NaN())}, {bare, 1751328002000, float(123456789012)}},
	}
}

func written(t *testing.T, open func(io.Writer) output, messages [][]publishedValue) *bytes.Buffer {
	t.Helper()
	var buf bytes.Buffer
	o := open(&buf)
	for _, m := range messages {
		if err := o.values(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
	return &buf
}

func TestOutputGolden(t *testing.T) {
	golden(t, "values.ndjson", written(t, newNDJSON, hardMessages()).Bytes())
	golden(t, "values.csv", written(t, newCSV, hardMessages()).Bytes())
	golden(t, "values.table", written(t, newPlainTable, hardMessages()).Bytes())
}

func TestNDJSONReadsBack(t *testing.T) {
	dec := json.NewDecoder(written(t, newNDJSON, hardMessages()))
	for _, m := range hardMessages() {
		for _, want := range m {
			var got struct {
				Label, Metric string
				Dimensions    map[string]string
				Timestamp     int64
				Value         json.Number
			}
			if err := dec.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if got.Label != want.series.label || got.Metric != want.series.metric || got.Timestamp != want.time {
				t.Errorf("got %+v, want %+v of %+v", got, want, want.series)
			}
			if len(got.Dimensions) != len(want.series.dimensions) {
				t.Errorf("dimensions %v, want %v", got.Dimensions, want.series.dimensions)
			}
			for _, d := range want.series.dimensions {
				if got.Dimensions[d.name] != d.value {
					t.Errorf("dimension %s = %q, want %q", d.name, got.Dimensions[d.name], d.value)
				}
			}
			checkNumber(t, string(got.Value), want.number)
		}
	}
}

func checkNumber(t *testing.T, text string, want number) {
	t.Helper()
	if !want.finite() {
		if text != "" {
			t.Errorf("%v is written as %q", want.float, text)
		}
		return
	}
	if want.whole {
		if got, err := strconv.ParseInt(text, 10, 64); err != nil || got != want.integer {
			t.Errorf("%d is written as %q", want.integer, text)
		}
		return
	}
	if got, err := strconv.ParseFloat(text, 64); err != nil || got != want.float {
		t.Errorf("%v is written as %q", want.float, text)
	}
}

func TestCSVHasFiveColumnsInEveryRow(t *testing.T) {
	rows, err := csv.NewReader(written(t, newCSV, hardMessages())).ReadAll() // fails on rows of unequal length
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 8 || len(rows[0]) != 5 {
		t.Fatalf("%d rows of %d columns, want 8 of 5", len(rows), len(rows[0]))
	}
	if got := rows[4][1]; got != `say "hi"` {
		t.Errorf("a label with quotes reads back as %q", got)
	}
	if got := written(t, newCSV, nil).String(); got != "timestamp,label,metric,dimensions,value\n" {
		t.Errorf("without values: %q, want the header", got)
	}
}

type brokenPipe struct{}

var errBroken = errors.New("broken")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, open := range map[string]func(io.Writer) output{"ndjson": newNDJSON, "csv": newCSV, "table": newPlainTable} {
		if err := open(brokenPipe{}).values(hardMessages()[0]); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v, want the error of the writer", name, err)
		}
	}
}

func TestOutputTakesOneWritePerMessage(t *testing.T) {
	var w countingWriter
	o := newNDJSON(&w)
	for _, m := range hardMessages() {
		o.values(m)
	}
	if w != 3 { // the empty message writes nothing
		t.Errorf("%d writes, want 3", w)
	}
}

type countingWriter int

func (w *countingWriter) Write(p []byte) (int, error) { *w++; return len(p), nil }

func BenchmarkNDJSON(b *testing.B) {
	o := newNDJSON(io.Discard)
	values := hardMessages()[0]
	b.ReportAllocs()
	for b.Loop() {
		o.values(values)
	}
}

func TestRounded(t *testing.T) {
	for in, want := range map[float64]string{93.55215000000001: "93.55215", 0.1 + 0.2: "0.3", 74844970: "74844970", 12345678901.98: "12345678902", math.MaxFloat64: "1.79769313486e+308"} {
		if got := string(float(in).rounded().appendText(nil)); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	if got := string(integer(9007199254740993).rounded().appendText(nil)); got != "9007199254740993" {
		t.Errorf("an integer is rounded to %s", got)
	}
}

func TestDimensionsText(t *testing.T) {
	s := hardMessages()[2][1].series
	if got, want := dimensionsText(s.dimensions), `device=/dev/<a>&b mountpoint=/mnt/späť\n`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if strings.Contains(dimensionsText([]dimension{{"a", "\x1b[31m"}}), "\x1b") {
		t.Error("a dimension can send escape sequences to the terminal")
	}
}
