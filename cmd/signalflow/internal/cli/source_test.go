package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recorded is a minute of two hosts, of which one is late with a point.
const recorded = `{"metric":"m","dimensions":{"host":"a"},"timestamp":1704067200000,"value":1}
{"metric":"m","dimensions":{"host":"b"},"timestamp":1704067200000,"value":10}
{"metric":"m","dimensions":{"host":"a"},"timestamp":1704067210000,"value":2}
{"metric":"m","dimensions":{"host":"b"},"timestamp":1704067210000,"arrival":1704067223500,"value":20}
{"metric":"m","dimensions":{"host":"a"},"timestamp":1704067220000,"value":3}
{"metric":"m","dimensions":{"host":"b"},"timestamp":1704067220000,"arrival":1704067224000,"value":30}
`

func recordedFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recorded.json")
	if err := os.WriteFile(file, []byte(recorded), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

const sum = "data('m').sum().publish('A')"

func TestRunData(t *testing.T) {
	file := recordedFile(t)
	rows := []string{"1704067200000,A,m,{},11\n", "1704067210000,A,m,{},22\n", "1704067220000,A,m,{},33\n"}
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{"all of it", nil, rows},
		{"from a time", []string{"--start", "2024-01-01T00:00:10Z"}, rows[1:]},
		{"up to a time", []string{"--stop", "1704067220"}, rows[:2]},
		{"the last seconds", []string{"--start", "-10s"}, rows[1:]},
		{"up to the end", []string{"--start", "-1d", "--stop", "now"}, rows},
		{"in slots of a day", []string{"--resolution", "1d"}, []string{"1704067200000,A,m,{},22\n"}},
		{"in slots of half a minute", []string{"--resolution", "30s"}, []string{"1704067200000,A,m,{},22\n"}},
		{"at real speed", []string{"--live", "--max-delay", "15s"}, rows},
		{"at real speed, without waiting for what is late", []string{"--live"}, []string{rows[0], "1704067210000,A,m,{},2\n", rows[2]}},
		{"whatever the environment says", []string{"--local"}, rows},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := command(t, nil, append([]string{"run", "--data", file, "-o", "csv", sum}, test.args...)...)
			r.check(t, 0, "running on the recorded metrics of recorded.json")
			r.check(t, 0, "6 points from 2024-01-01T00:00:00Z to 2024-01-01T00:00:20Z\n")
			want := "timestamp,label,metric,dimensions,value\n" + strings.Join(test.want, "")
			if r.stdout != want {
				t.Errorf("got\n%swant\n%s", r.stdout, want)
			}
			live := strings.Contains(test.name, "speed")
			if live && (r.took < 20*time.Second || r.took > 60*time.Second) || !live && r.took > time.Second {
				t.Errorf("took %v", r.took)
			}
		})
	}
}

func TestRunDataFromStandardInput(t *testing.T) {
	r := command(t, func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdin = strings.NewReader(recorded)
		a.environ = []string{"SFX_TOKEN=secret", "SFX_REALM=us1"}
		return ctx
	}, "run", "-o", "csv", "--data", "-", sum)
	r.check(t, 0, "running on the recorded metrics of standard input")
	if strings.Count(r.stdout, "\n") != 4 {
		t.Errorf("got\n%s", r.stdout)
	}
}

func TestSourceErrors(t *testing.T) {
	file := recordedFile(t)
	command(t, nil, "run", "--data", "-", "-").check(t, 2, "the program and the data cannot both come from standard input")
	command(t, nil, "run", "--start", "2030-01-01", "--duration", "1s", sum).check(t, 0, "warning: --start lies ahead; nothing comes before 2030-01-01T00:00:00Z")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--data", file, "--demo"}, "--data and --demo both name the data"},
		{[]string{"--data", file, "--realm", "us1"}, "--data and --demo run here"},
		{[]string{"--live"}, "--live is a way to replay --data"},
		{[]string{"--format", "csv"}, "--format says what --data holds"},
		{[]string{"--start", "yesterday"}, `--start "yesterday" is no time such as -1h, now or 2024-01-01T00:00:00Z`},
		{[]string{"--stop", "-1y"}, `--stop "-1y" is no time`},
		{[]string{"--start", "-1h", "--stop", "-2h"}, "is not before --stop"},
		{[]string{"--stop", "-2h"}, "has passed, and without a --start the program begins now"},
		{[]string{"--hosts", "100"}, "--hosts is the size of the --demo"},
		{[]string{"--demo", "--hosts", "5"}, "the --demo has from 6 to 100000 --hosts"},
		{[]string{"--demo", "--hosts", "-1"}, "the --demo has from 6 to 100000 --hosts"},
		{[]string{"--demo", "--start", "1969-12-31", "--stop", "1970-01-02"}, "the demo has no data at 1969-12-31T00:00:00Z, only from 1970-01-01T00:00:00Z to 2100-01-01T00:00:00Z"},
		{[]string{"--demo", "--stop", "2101-01-01"}, "the demo has no data at 2101-01-01T00:00:00Z"},
		{[]string{"--data", "none.csv"}, "none.csv: no such file"},
		{[]string{"--data", filepath.Dir(file)}, "is a folder; name the files in it"},
		{[]string{"--data", file, "--start", "2025-01-01"}, "nothing to run over: the data are from 2024-01-01T00:00:00Z to 2024-01-01T00:00:20Z"},
		{[]string{"--data", file, "--format", "csv"}, `recorded.json:1: bare`},
		{[]string{"--data", file, "--format", "xml"}, "--format xml is not one of csv, ndjson, otlp and openmetrics"},
	} {
		r := command(t, nil, append([]string{"run", sum}, test.args...)...)
		r.check(t, 2, test.want)
	}
}

func TestParseWhen(t *testing.T) {
	now := time.Date(2024, 1, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                     {},
		"now":                  now,
		"-90s":                 now.Add(-90 * time.Second),
		"-1h30m":               now.Add(-90 * time.Minute),
		"-1w2d":                now.Add(-9 * 24 * time.Hour),
		"-1d12h":               now.Add(-36 * time.Hour),
		"2024-01-01":           time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		"2024-01-01T01:00:00Z": time.Date(2024, 1, 1, 1, 0, 0, 0, time.UTC),
		"1704067200":           time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		"1704067200000":        time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		got, err := parseWhen(text, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got.UTC(), err, want)
		}
	}
	for _, text := range []string{"-", "--1h", "-1", "-h", "-1h1d", "1h", "-99999d", "soon"} {
		if got, err := parseWhen(text, now); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
