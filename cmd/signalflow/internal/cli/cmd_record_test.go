package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// What is recorded of this machine can be run on, and gives what it gave then.
func TestRecordMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machine.json.gz")
	r := command(t, nil, "record", "--duration", "5s", "-o", file)
	r.check(t, 0, "recording this machine's metrics\n")
	r.check(t, 0, " points recorded\n")
	if r.stdout != "" {
		t.Errorf("stdout:\n%s", r.stdout)
	}
	r = command(t, nil, "run", "--data", file, "-o", "csv", "data('network.total', rollup='rate').publish('net'); data('cpu.utilization').mean().publish('cpu')")
	r.check(t, 0, "running on the recorded metrics of machine.json.gz")
	if strings.Count(r.stdout, `,cpu,cpu.utilization,{},50`) < 4 || strings.Count(r.stdout, `,net,network.total,"{""host"":""web-1""}",1000`) < 3 {
		t.Errorf("got\n%s", r.stdout)
	}
}

func TestRecordSelects(t *testing.T) {
	r := command(t, nil, "record", "--duration", "3500ms", "--metric", "cpu.*", "--filter", "filter('cpu', 'cpu1')", "-q")
	r.check(t, 0, "")
	lines := strings.SplitAfter(r.stdout, "\n")
	if len(lines) != 4 || r.stderr != "" {
		t.Fatalf("%d lines, stderr %q:\n%s", len(lines), r.stderr, r.stdout)
	}
	for _, line := range lines[:3] {
		if !strings.HasPrefix(line, `{"metric":"cpu.utilization_per_core","type":"gauge","dimensions":{"cpu":"cpu1","host":"web-1"},"timestamp":`) {
			t.Errorf("got %s", line)
		}
	}
}

// A recording without a point says what may be wrong.
func TestRecordSelectsNothing(t *testing.T) {
	const warning = "warning: --metric and --filter select nothing that has come"
	command(t, nil, "record", "--duration", "3s", "--metric", "cpu.utilisation").check(t, 0, warning)
	if r := command(t, nil, "record", "--duration", "3s", "--metric", "cpu.*"); strings.Contains(r.stderr, warning) {
		t.Errorf("warned about:\n%s", r.stdout)
	}
}

func TestRecordCloud(t *testing.T) {
	r := command(t, cloud(nil, nil), "record", "--url", plain, "--token", secret, "--metric", "demo.*", "--duration", "5s")
	r.check(t, 0, "recording stream.us1.signalfx.com\n")
	if n := strings.Count(r.stdout, `{"metric":"demo.requests","type":"gauge","dimensions":{"az":"a1"},"timestamp":`); n < 3 || n != strings.Count(r.stdout, "\n") {
		t.Errorf("%d points:\n%s", n, r.stdout)
	}
}

func TestRecordErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--filter", "filter("}, `--filter "filter(", character 8: unexpected end of program`},
		{[]string{"--metric", "cpu.*", "--filter", "filtr('a', 'b')"}, `--filter "filtr('a', 'b')", character 1: name 'filtr' is not defined (did you mean 'filter'?)`},
		{[]string{"--filter", "None).sum("}, "--filter takes an expression"},
		{[]string{"--start", "-1h"}, "this machine's metrics are recorded from now on"},
		{[]string{"--realm", "us1", "--token", "secret"}, "name those to record with --metric"},
		{[]string{"--demo", "--realm", "us1"}, "--data and --demo run here"},
		{[]string{"--duration", "-1s"}, "--duration must not be negative"},
		{[]string{"-o", "/nonexistent/x"}, "no such file or directory"},
		{[]string{"-o", "x.csv"}, "record in a file that ends in .json"},
		{[]string{"-o", "x.prom.gz"}, "what ends in .prom would be read as something else"},
		{[]string{"--demo", "--metric", "nope"}, "the demo has no series that --metric and --filter select"},
		{[]string{"--hosts", "100"}, "--hosts is the size of the --demo"},
		{[]string{"extra"}, "unknown command"},
	} {
		r := command(t, nil, append([]string{"record"}, test.args...)...)
		r.check(t, 2, test.want)
	}
	r := command(t, func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdout = failingWriter{}
		return ctx
	}, "record", "--duration", "3s")
	r.check(t, 1, "no space left on device")
}

func TestRecordEndsWithItsContext(t *testing.T) {
	r := command(t, func(t *testing.T, ctx context.Context, _ *app) context.Context {
		ctx, cancel := context.WithTimeout(ctx, 2500*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}, "record", "--metric", "cpu.utilization")
	if n := strings.Count(r.stdout, "\n"); n != 2 {
		t.Errorf("%d points:\n%s", n, r.stdout)
	}
}

func TestRecordIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := bytes.Cut(text, []byte("\n## signalflow record\n"))
	if !found {
		t.Fatal("docs/cli.md has no section signalflow record")
	}
	section, _, _ = bytes.Cut(section, []byte("\n## "))
	(&app{}).recordCommand().Flags().VisitAll(func(f *pflag.Flag) {
		if !bytes.Contains(section, []byte("--"+f.Name)) {
			t.Errorf("docs/cli.md does not mention --%s of record", f.Name)
		}
	})
}
