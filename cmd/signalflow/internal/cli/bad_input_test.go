package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// good is five points of one series, and its first lines are those of every file below.
const good = "time,metric,host,value\n1704067200,m,a,0\n1704067210,m,a,1\n1704067220,m,a,2\n1704067230,m,a,3\n1704067240,m,a,4\n"

// goodJSON is the same.
func goodJSON() string {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, `{"metric":"m","dimensions":{"host":"a"},"timestamp":%d,"value":%d}`+"\n", 1704067200000+i*10000, i)
	}
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// What is wrong with a file is either said, with its place, or makes no difference. The table in
// docs/recorded.md says the same.
func TestBadFiles(t *testing.T) {
	all := "0 1 2 3 4"
	for _, test := range []struct {
		name, text string
		values     string // of the sum over m; empty: the file is not run on
		said       string // on standard error
	}{
		{"bom.csv", "\ufeff" + good, all, ""},
		{"crlf.csv", strings.ReplaceAll(good, "\n", "\r\n"), all, ""},
		{"crlf.json", strings.ReplaceAll(goodJSON(), "\n", "\r\n"), all, ""},
		{"points.csv.gz", zipped(good), all, ""},
		{"unnamed", zipped(goodJSON()), all, ""},
		{"points.txt", strings.ReplaceAll(good, ",", ";"), all, ""},
		{"rows.csv", ",time,m\n0,1704067200,1\n1,1704067210,2\n", "1 2", ""},
		{"cr.csv", strings.ReplaceAll(good, "\n", "\r"), "", "cr.csv: the lines end with CR alone, as on old Macs; save it with LF"},

		{"empty.csv", "", "", "empty.csv: the file is empty"},
		{"empty.json", "", "", "empty.json: the file is empty"},
		{"head.csv", "time,metric,value\n", "", "the data hold no point; "},
		{"cut.csv", good[:len(good)-12], "0 1 2 3", "cut.csv: the file is cut off; what comes before is used"},
		{"cut.json", goodJSON()[:320], "0 1 2 3", "cut.json: the file is cut off"},
		{"cut.csv.gz", zipped(good)[:60], "", "cut.csv.gz: the file is cut off"},
		{"broken.csv", strings.Replace(good, "20,m,a,2", "20,m,a", 1), "", "broken.csv:4: wrong number of fields"},
		{"broken.json", strings.Replace(goodJSON(), `:2}`, `:2`, 1), "", "broken.json:3: unexpected end of JSON input"},
		{"broken.csv.gz", zipped(good)[:20] + "xxxxxxxx" + zipped(good)[28:], "", "broken.csv.gz: flate: corrupt input"},

		{"json.csv", goodJSON(), "", "(this was read as csv, and looks like ndjson)"},
		{"utf16.csv", "\xff\xfet\x00i\x00", "", "the text is UTF-16; save it as UTF-8"},
		{"archive.csv", "PK\x03\x04", "", "this is a ZIP archive; unpack it first"},
		{"picture", "\x89PNG\r\n\x1a\n", "", "the format cannot be told; name it with --format: csv, ndjson, otlp or openmetrics"},
		{"latin1.csv", strings.ReplaceAll(good, ",a,", ",M\xfcnchen,"), all, "latin1.csv:2: the text is not UTF-8; what is no character is read as \ufffd"},
		{"latin1.json", strings.ReplaceAll(goodJSON(), `"a"`, "\"M\xfcnchen\""), all, "latin1.json:1: the text is not UTF-8"},
		{"long.json", goodJSON() + `{"metric":"n","dimensions":{"x":"` + strings.Repeat("y", 1<<20) + `"},"timestamp":1704067200,"value":1}`, all, ""},
		{"longer.json", goodJSON() + `{"metric":"n` + strings.Repeat("y", 5<<20) + `","timestamp":1704067200,"value":1}`, "", "longer.json:6: the line is longer than 4194304 bytes"},

		{"twice.csv", "time,m,m\n1704067200,1,2\n", "", `twice.csv:1: the columns 2 and 3 are both named "m"`},
		{"same.csv", "time,\"m{a=1, b=2}\",\"m{b=2, a=1}\"\n1704067200,1,2\n", "", "same.csv:2: the columns 2 and 3 are both the series m{a=1, b=2}"},
		{"nameless.csv", good + "1704067250,,a,5\n", "", "nameless.csv:7: the point has no metric"},
		{"nameless.prom", "m 1\n{a=\"b\"} 1\n", "", "nameless.prom:2: the point has no metric"},
		{"nameless.json", goodJSON() + `{"value":5}`, "", `nameless.json:6: no "metric"`},

		{"nan.csv", good + "1704067250,m,a,NaN\n1704067260,m,a,-inf\n1704067270,m,a,5\n", all + " 5", "warning: values that are no finite numbers are left out: 2 points"},
		{"types.csv", "time,metric,host,value,type\n1704067200,m,a,1,gauge\n1704067205,m,a,3,counter\n1704067210,m,a,1,gauge\n", "1 3 1", "types.csv:3: m{host=a} was a gauge and is a counter here; it stays what it was first"},
		{"mixed.csv", "time,metric,host,value,type\n1704067200,m,a,1,gauge\n1704067200,m,b,2,counter\n1704067201,m,b,2,counter\n1704067201,m,a,2,gauge\n1704067202,m,a,2,gauge\n", "3 4 2", ""},
		{"unordered.csv", "time,m\n1704067220,2\n1704067200,0\n1704067210,9\n1704067210,1\n", "0 1 2", ""},

		{"units.csv", "time,m\n1704067200,0\n1704067210000,1\n1704067220000000,2\n1704067230000000000,3\n", "0 1 2 3", "units.csv:3: the time 1704067210000 is in milliseconds, those before it in seconds; each is read as its size tells"},
		{"nanos.csv", "time,m\n1704067200000000000,0\n1704067210000000000,1\n", "0 1", "2 points from 2024-01-01T00:00:00Z to 2024-01-01T00:00:10Z"},
		{"minutes.csv", "time,m\n28401120,0\n28401121,1\n28401122,2\n", "0 1 2", "warning: the data begin in 1970: are their times in another unit"},
		{"millis.otlp", `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1704067200000","asInt":7}]}}]}]}]}`, "7", "millis.otlp:1: the time 1704067200000 is too small for nanoseconds; it is read as 2024-01-01T00:00:00Z"},
		{"future.csv", "time,m\n4102444800,0\n4102444810,1\n", "0 1", "warning: the data end in the future, at 2100-01-01T00:00:10Z"},
		{"stray.csv", good + "4102444800,m,a,5\n0,m,a,6\n", all, "lie 2 points between 1970-01-01T00:00:00Z and 2100-01-01T00:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), test.name)
			if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			r := command(t, nil, "run", "-o", "csv", "--data", file, "data('m').sum().publish()")
			code := 0
			if test.values == "" {
				code = 2
			}
			r.check(t, code, test.said)
			var values []string
			for _, line := range strings.Split(r.stdout, "\n")[1:] {
				if line != "" {
					values = append(values, line[strings.LastIndex(line, ",")+1:])
				}
			}
			if got := strings.Join(values, " "); got != test.values {
				t.Errorf("values %q, want %q", got, test.values)
			}
			future := strings.Contains(r.stderr, "the data end in the future") // the clock of the test stands in 2000
			if warns := strings.Contains(r.stderr, "warning: ") && !future; warns && test.said == "" {
				t.Errorf("said\n%s", r.stderr)
			}
			if strings.Contains(r.stderr, "--help") {
				t.Errorf("the help does not help:\n%s", r.stderr)
			}
		})
	}
}

// A hundred thousand series are read and run on, up to the limit of a data() call, of which it is
// told.
func TestVeryManySeries(t *testing.T) {
	var text strings.Builder
	text.WriteString("time")
	for i := range 100_000 {
		fmt.Fprintf(&text, ",m{host=h%d}", i)
	}
	for i := range 3 {
		fmt.Fprintf(&text, "\n%d", 1704067200+i*10)
		text.WriteString(strings.Repeat(",1", 100_000))
	}
	file := filepath.Join(t.TempDir(), "many.csv")
	if err := os.WriteFile(file, []byte(text.String()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := command(t, nil, "run", "-o", "csv", "--data", file, "data('m').count().publish()")
	r.check(t, 0, "300000 points from")
	r.check(t, 0, "100000 time series match at 1:1, only 30000 are used")
	if n := strings.Count(r.stdout, ",m,{},30000\n"); n != 3 {
		t.Errorf("got\n%s", r.stdout)
	}
}

// The clock of the machine may be set forward or back while a program runs on what it is told
// live: with recorded data the clock is that of the recording.
func TestReplayGoesOnAtTheSpeedOfItsTimes(t *testing.T) {
	r := command(t, nil, "run", "-o", "csv", "--data", recordedFile(t), "--live", "--start", "2024-01-01T00:00:00Z", sum)
	r.check(t, 0, "replayed at real speed")
	if r.took < 20*time.Second || r.took > time.Minute {
		t.Errorf("took %v", r.took)
	}
}
