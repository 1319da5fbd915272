package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/hostmetrics"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/server"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// machine is a made-up host: two cores, busy a quarter and three quarters of the time, a
// disk that is half full, and a network that moves 1,000 bytes a second. Time comes from
// the bubble that it lives in.
type machine struct{ boot time.Time }

func (m machine) Read(context.Context) (hostmetrics.Reading, error) {
	up := time.Since(m.boot).Seconds() + 1000
	return hostmetrics.Reading{
		Cores:       []hostmetrics.Core{{Name: "cpu0", Idle: up * 3 / 4, Total: up}, {Name: "cpu1", Idle: up / 4, Total: up}},
		Memory:      hostmetrics.Memory{Total: 1 << 30, Used: 1 << 28, Free: 3 << 28},
		Load:        &hostmetrics.Load{One: 0.5, Five: 0.25, Fifteen: 0.125},
		Filesystems: []hostmetrics.Filesystem{{Device: "/dev/a", Mountpoint: "/", Type: "ext4", Used: 50, Free: 50}},
		Interfaces:  []hostmetrics.Interface{{Name: "eth0", ReceivedBytes: uint64(up) * 1000}, {Name: "lo"}},
	}, nil
}

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// command runs the command with a made-up host, in a bubble where time passes at once.
// change adjusts the command and the context before it starts.
func command(t *testing.T, change func(t *testing.T, ctx context.Context, a *app) context.Context, args ...string) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, machine: machine{time.Now()}, host: "web-1"}
		time.Sleep(300 * time.Millisecond) // of the bubble: people do not start on whole seconds
		ctx := t.Context()
		if change != nil {
			ctx = change(t, ctx, a)
		}
		began := time.Now()
		r.code = a.main(ctx, args)
		r.took = time.Since(began)
		r.stdout, r.stderr = stdout.String(), stderr.String()
	})
	return r
}

func (r result) check(t *testing.T, code int, stderr string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.stderr, stderr) {
		t.Errorf("exit code %d, want %d; stderr wants %q:\n%s\nstdout:\n%s", r.code, code, stderr, r.stderr, r.stdout)
	}
}

const cpu = "data('cpu.utilization').mean().publish('cpu')"

func TestRunGolden(t *testing.T) {
	tests := map[string][]string{
		"run-cpu.ndjson":     {"-o", "ndjson", cpu},
		"run-cpu.csv":        {"-o", "csv", cpu},
		"run-cpu.table":      {"-o", "table", cpu},
		"run-network.ndjson": {"data('network.total', rollup='rate').publish('net')"},
		"run-disk.ndjson":    {"data('disk.utilization', filter=filter('mountpoint', '/')).publish()"},
		"run-memory.table":   {"-o", "table", "data('memory.*').publish('mem'); data('load.*').publish()"},
		"run-two.csv":        {"-o", "csv", "A = data('load.*').sum().publish('A')\n(A * 2).publish('B')"},
		"run-cores.table":    {"-o", "table", "data('cpu.utilization_per_core').mean(by=['cpu']).publish('core')"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			r := command(t, nil, append([]string{"run", "--duration", "4500ms"}, args...)...)
			r.check(t, 0, "running on this machine's metrics\n")
			if n := strings.Count(r.stdout, "\n"); n < 3 {
				t.Errorf("%d lines in 4.5 s", n)
			}
			golden(t, name, []byte(r.stdout))
		})
	}
}

// The first value comes within two seconds of the start.
func TestFirstValueComesSoon(t *testing.T) {
	r := command(t, nil, "run", "--timeout", "2s", "--duration", "2s", "-q", cpu)
	r.check(t, 0, "")
	var v struct {
		Label, Metric string
		Value         float64
	}
	if err := json.NewDecoder(strings.NewReader(r.stdout)).Decode(&v); err != nil {
		t.Fatal(err)
	}
	if v.Label != "cpu" || v.Metric != "cpu.utilization" || v.Value < 49.99 || v.Value > 50.01 {
		t.Errorf("got %+v", v)
	}
	if r.stderr != "" {
		t.Errorf("-q prints %q", r.stderr)
	}
}

func TestRunResolution(t *testing.T) {
	r := command(t, nil, "run", "--duration", "31s", "--resolution", "10s", cpu)
	r.check(t, 0, "")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if len(lines) < 2 || len(lines) > 4 {
		t.Errorf("%d values in 31 s of 10 s:\n%s", len(lines), r.stdout)
	}
	for _, line := range lines {
		var v struct{ Timestamp int64 }
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Timestamp%10_000 != 0 {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestProgramErrors(t *testing.T) {
	tests := []struct{ program, stderr string }{
		{"daat('m').publish()", "error: name 'daat' is not defined (did you mean 'data'?)\n  1:1 | daat('m').publish()\n      | ^~~~\n"},
		{"data('m'\n", "error: "},
		{"detect(data('m') > 1).publish('A')", "detect() is not run yet"},
	}
	for _, tt := range tests {
		r := command(t, nil, "run", tt.program)
		r.check(t, 1, tt.stderr)
		if !strings.Contains(r.stderr, "^") || r.stdout != "" {
			t.Errorf("no caret, or output: %q, %q", r.stderr, r.stdout)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args   []string
		stderr string
	}{
		{[]string{"run"}, "no program"},
		{[]string{"run", ""}, "the program is empty"},
		{[]string{"run", "a", "b"}, "the program is one argument, not 2"},
		{[]string{"run", "-f", "x", "b"}, "given twice"},
		{[]string{"run", "-f", "does-not-exist.flow"}, "does-not-exist.flow"},
		{[]string{"run", "does-not-exist.flow"}, "open does-not-exist.flow: "},
		{[]string{"run", "detector.tf"}, "'signalflow explain detector.tf' shows those in it"},
		{[]string{"run", "-f", "detector.json"}, "detector.json holds programs among other things"},
		{[]string{"run", "-o", "xml", cpu}, "-o xml is not one of"},
		{[]string{"run", "--duration", "-1s", cpu}, "--duration must not be negative"},
		{[]string{"run", "--duration", "soon", cpu}, "invalid argument"},
		{[]string{"run", "--resolution", "5", cpu}, "it takes numbers with units, such as 10s, 1h30m or 1d"},
		{[]string{"run", "--max-delay", "16m", cpu}, "at most 15m"},
		{[]string{"run", "--flag", cpu}, "unknown flag"},
		{[]string{"run", "--realm", "us1", cpu}, "--realm is given but no token"},
		{[]string{"run", "--token", secret, cpu}, "--token is given but not where"},
		{[]string{"walk"}, "unknown command"},
		{[]string{"check", cpu}, "echo PROGRAM | signalflow check -"},
		{[]string{"fmt", cpu}, "echo PROGRAM | signalflow fmt -"},
		{[]string{"rn"}, "Did you mean this?\n  run\n"},
	}
	for _, tt := range tests {
		r := command(t, nil, tt.args...)
		r.check(t, 2, tt.stderr)
		if !strings.Contains(r.stderr, "--help") || r.stdout != "" || strings.Contains(r.stderr, secret) {
			t.Errorf("%v: no hint, output, or the token: %q %q", tt.args, r.stderr, r.stdout)
		}
	}
}

func TestProgramFromStdinAndFile(t *testing.T) {
	stdin := func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdin = strings.NewReader("#!/usr/bin/env -S signalflow run -f\n" + cpu + "\n")
		return ctx
	}
	command(t, stdin, "run", "--duration", "2s", "-").check(t, 0, "")
	command(t, stdin, "run", "--duration", "2s", "-f", "-").check(t, 0, "")
	file := filepath.Join(t.TempDir(), "bad.flow")
	if err := os.WriteFile(file, []byte("x = 1\nmean(x).publish()\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, nil, "run", "-f", file).check(t, 1, "bad.flow:2:")
	if err := os.WriteFile(file, []byte("\ufeff"+cpu+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, nil, "run", "--duration", "2s", "-f", file).check(t, 0, "")
	command(t, nil, "run", "--duration", "2s", file).check(t, 0, "")
	const noFile = cpu + " # as in cpu.json"
	command(t, nil, "run", "--duration", "2s", noFile).check(t, 0, "")
	endless := func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdin = endlessReader{}
		return ctx
	}
	command(t, endless, "run", "-").check(t, 2, "longer than")
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

func TestNoMatchHints(t *testing.T) {
	tests := []struct{ program, stderr string }{
		{"data('cpu.utilisation').publish()", "no time series match data('cpu.utilisation')"},
		{"data('cpu.utilisation').publish()", "\nhint: did you mean 'cpu.utilization'?\n"},
		{"data('nothing.of.the.kind.at.all').publish()", "\nhint: the metrics here are cpu.num_processors, cpu.utilization"},
		{"data('cpu.util').publish()", "\nhint: metrics like it are cpu.utilization, cpu.utilization_per_core\n"},
		{"data('load.total.of.all').publish()", "\nhint: metrics like it are load.longterm, load.midterm, load.shortterm\n"},
		{"data('cpu.utilization', filter=filter('host', 'db-*')).publish()", "hint: the metric exists, so it is the filter\n"},
		{"histogram('cpu.utilization').mean().publish()", "hint: the metric consists of numbers, which data() reads\n"},
		{"data('cpu.utilization').sum(by='az').publish()", "lack 'az' at 1:"},
		{"data('cpu.utilization').sum(by=['hosts']).publish()", "\nhint: did you mean 'host' by 'hosts'?\n"},
	}
	for _, tt := range tests {
		command(t, nil, "run", "--duration", "3s", tt.program).check(t, 0, tt.stderr)
	}
	command(t, nil, "run", "--start", "-2h", "--stop", "-1h", "data('cpu.utilization').publish()").
		check(t, 0, "hint: the metric exists: it has no data in the time asked for, or has begun only now\n")
	command(t, nil, "run", "--start", "-2h", "--duration", "1s", cpu).
		check(t, 0, "warning: this machine's metrics are read from now on; nothing comes of the time before\n")
	command(t, nil, "run", "--demo", "--start", "2024-01-01", "--stop", "2024-01-01T00:00:10Z", "data('service.duration').publish()").
		check(t, 0, "hint: the metric consists of histograms, which histogram() reads\n")
}

// Nothing on standard output has a reason on standard error.
func TestNoValueIsExplained(t *testing.T) {
	const (
		nothing = "warning: no value was published: "
		growth  = "hint: data('http.requests', filter=filter('code', '2*')) reads cumulative counters, whose values are what they grow by: there is none at their first point\n"
		scrape  = "# TYPE http.requests counter\nhttp.requests{code=\"200\"} 5\n# TYPE load gauge\nload 1\n"
		counter = "data('http.requests', filter=filter('code', '2*'))"
	)
	run := func(program string) result {
		return command(t, func(_ *testing.T, ctx context.Context, a *app) context.Context {
			a.stdin = strings.NewReader(scrape)
			return ctx
		}, "run", "--data", "-", program)
	}
	run(counter+".publish()").check(t, 0, nothing)
	run(counter+".publish()").check(t, 0, growth)
	run("data('load').above(2).publish()").check(t, 0, nothing)
	run("data('load').mean(cycle='day').publish()").check(t, 0, nothing)
	run("data('load').mean(cycle='day').publish()").check(t, 0, "hint: with cycle='day' a value comes at the end of each day, and none before the first\n")
	if r := run("data('load').above(2).publish()"); strings.Contains(r.stderr, "hint: ") {
		t.Errorf("a hint: %s", r.stderr)
	}
	for text, want := range map[string]bool{"detect(when(data('m') > 1)).publish('d')": false, "alerts('a').publish()": false, "(data('m') > 1).publish()": true} {
		var said bytes.Buffer
		p := program{text: text}
		explainNothing(p.compiled(), nil, &notices{w: &said})
		if strings.Contains(said.String(), nothing) != want {
			t.Errorf("%s: %q", text, said.String())
		}
	}
	silent := filepath.Join(t.TempDir(), "silent.csv")
	if err := os.WriteFile(silent, []byte("time,m,k\n2024-01-01,1,1\n2024-01-01T00:00:10Z,1,1\n2024-01-03,,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, nil, "run", "--data", silent, "data('m').publish()").
		check(t, 0, "warning: time series at 1:1 have stopped reporting, 1 so far; each joins again when it reports\n")
	for _, program := range []string{"data('load').publish()", "data('load').sum(by='az').publish()", "data('lod').publish()", "data('load')"} {
		if r := run(program); strings.Contains(r.stderr, nothing) {
			t.Errorf("%s: %s", program, r.stderr)
		}
	}
}

func TestProgramWithoutPublish(t *testing.T) {
	const warning = "warning: the program publishes nothing; end a stream in .publish()\n"
	for _, program := range []string{"data('cpu.utilization').mean()", "data('cpu.utilization').mean().publish", "data('cpu.utilization')  # .publish()"} {
		r := command(t, nil, "run", "--duration", "3s", program)
		r.check(t, 0, warning)
		if r.stdout != "" {
			t.Errorf("stdout %q", r.stdout)
		}
	}
	for _, program := range []string{cpu, "data('cpu.utilization').stream('old')", "data('cpu.utilization').publish(", "print(1)", "from signalfx.x import y", "detect(when(data('m') > 1)).publish('d')"} {
		if r := command(t, nil, "run", "--duration", "3s", program); strings.Contains(r.stderr, warning) {
			t.Errorf("%s: warned about", program)
		}
	}
}

func TestTimeout(t *testing.T) {
	r := command(t, nil, "run", "--timeout", "5s", "data('nothing').publish()")
	r.check(t, 124, "error: no value came in time (--timeout 5s)\n")
	// The wait for a connection counts.
	r = command(t, cloud(errors.New("connection refused"), nil), "run", "--timeout", "3s", "--url", plain, "--token", secret, demoProgram)
	r.check(t, 124, "error: no value came in time (--timeout 3s): not connected to ws://stream.us1.signalfx.com/v2/signalflow")
	r.check(t, 124, "connection refused\n")
	if r.took > 4*time.Second {
		t.Errorf("it took %v", r.took)
	}
	// Once a value has come the time does not count any more.
	command(t, nil, "run", "--timeout", "3s", "--duration", "6s", cpu).check(t, 0, "")
}

func TestInterrupt(t *testing.T) {
	for signal, code := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		r := command(t, func(t *testing.T, ctx context.Context, a *app) context.Context {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(2500*time.Millisecond, func() { cancel(interrupted{signal}) })
			return ctx
		}, "run", "-q", cpu)
		if r.code != code || strings.Count(r.stdout, "\n") < 1 || r.stderr != "" {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", signal, r.code, r.stdout, r.stderr)
		}
	}
}

// closedAfter is a pipe whose reader goes away after n writes.
type closedAfter struct{ n int }

func (c *closedAfter) Write(p []byte) (int, error) {
	if c.n == 0 {
		return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
	}
	c.n--
	return len(p), nil
}

func TestBrokenPipeEndsQuietly(t *testing.T) {
	r := command(t, func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdout = &closedAfter{2}
		return ctx
	}, "run", "-q", cpu)
	if r.code != 0 || r.stderr != "" {
		t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
	}
}

func TestFullDiskIsAnError(t *testing.T) {
	r := command(t, func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdout = failingWriter{}
		return ctx
	}, "run", "-q", cpu)
	r.check(t, 1, "no space left")
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// cloud is a service of the cloud in this process, behind the command's dialer. It takes
// one token, and has one series of its own.
func cloud(refuse error, after func(s *wire.Server)) func(*testing.T, context.Context, *app) context.Context {
	return func(t *testing.T, ctx context.Context, a *app) context.Context {
		store := memstore.New(memstore.Options{})
		demo := series.New("demo.requests", series.Gauge, series.Label{Name: "az", Value: "a1"})
		store.Append(series.Sample{Series: demo, Point: series.Point{Time: time.Now().UnixMilli(), Value: 1}})
		backend := server.New(server.Options{Source: store, Authenticate: func(_ context.Context, token string) (wire.Identity, error) {
			if token != secret {
				return wire.Identity{}, errors.New("not the token")
			}
			return wire.Identity{OrgID: "GzOrgAAAAAA"}, nil
		}})
		streams := wire.NewServer(backend, wire.Options{})
		listener := memnet.Listen("cloud")
		web := &http.Server{Handler: streams}
		running, cancel := context.WithCancel(context.Background())
		var owned sync.WaitGroup
		owned.Go(func() { web.Serve(listener) })
		owned.Go(func() {
			for n := 2.0; ; n++ {
				select {
				case <-running.Done():
					return
				case <-time.After(time.Second):
					store.Append(series.Sample{Series: demo, Point: series.Point{Time: time.Now().Truncate(time.Second).UnixMilli(), Value: n}})
				}
			}
		})
		if after != nil {
			timer := time.AfterFunc(3*time.Second, func() { after(streams) })
			t.Cleanup(func() { timer.Stop() })
		}
		t.Cleanup(func() {
			cancel()
			streams.Close()
			web.Close()
			owned.Wait()
		})
		a.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "stream.us1.signalfx.com:80" {
				return nil, fmt.Errorf("dialled %s", addr)
			}
			if refuse != nil {
				return nil, refuse
			}
			return listener.DialContext(ctx, network, addr)
		}
		return ctx
	}
}

// plain is an address without TLS, which the cloud in this process does not speak.
const plain = "ws://stream.us1.signalfx.com"

const demoProgram = "data('demo.requests').publish('requests')"

func TestRunInTheCloud(t *testing.T) {
	r := command(t, cloud(nil, nil), "run", "--url", plain, "--token", secret, "--duration", "5s", demoProgram)
	r.check(t, 0, "running on stream.us1.signalfx.com\n")
	if !strings.HasPrefix(r.stdout, `{"label":"requests","metric":"demo.requests","dimensions":{"az":"a1"},"timestamp":`) {
		t.Errorf("stdout:\n%s", r.stdout)
	}
	command(t, cloud(nil, nil), "run", "--url", plain, "--token", secret, "daat").check(t, 1, "name 'daat' is not defined")
}

func TestCloudByEnvironment(t *testing.T) {
	r := command(t, func(t *testing.T, ctx context.Context, a *app) context.Context {
		a.environ = []string{"SPLUNK_ACCESS_TOKEN=" + secret, "SIGNALFX_STREAM_URL=" + plain, "SFX_TOKEN=other"}
		return cloud(nil, nil)(t, ctx, a)
	}, "run", "--duration", "3s", demoProgram)
	r.check(t, 0, "running on stream.us1.signalfx.com\n")
	r.check(t, 0, "warning: SPLUNK_ACCESS_TOKEN and SFX_TOKEN hold different tokens")
}

func TestCloudErrors(t *testing.T) {
	args := []string{"run", "--url", plain, "--token"}
	r := command(t, cloud(nil, nil), append(args, "wr0ng", demoProgram)...)
	r.check(t, 3, "API scope")
	if strings.Contains(r.stderr, "wr0ng") {
		t.Errorf("the token is shown: %s", r.stderr)
	}
	r = command(t, cloud(errors.New("connection refused"), nil), append(args, secret, demoProgram)...)
	r.check(t, 3, "error: not connected to ws://stream.us1.signalfx.com/v2/signalflow; last attempt: ")
	r.check(t, 3, "connection refused; trying again\n")
	command(t, cloud(nil, (*wire.Server).KillConnections), append(args, secret, demoProgram)...).check(t, 3, "connection lost")
}

// fake is a scripted service of the cloud in this process, behind the command's dialer.
func fake(script func(f *signalflow.FakeBackend)) func(*testing.T, context.Context, *app) context.Context {
	return func(t *testing.T, ctx context.Context, a *app) context.Context {
		listener := memnet.Listen("cloud")
		f := &signalflow.FakeBackend{AccessToken: secret, Listen: func() (net.Listener, error) { return listener, nil }}
		script(f)
		f.Start()
		t.Cleanup(f.Stop)
		a.dial = listener.DialContext
		return ctx
	}
}

// A server that sends no metadata holds neither the values back for ever nor the end.
func TestValuesWithoutMetadata(t *testing.T) {
	silent := fake(func(f *signalflow.FakeBackend) {
		f.AddProgramTSIDs(demoProgram, []idtool.ID{1, 2, 3})
		for id := range idtool.ID(3) {
			f.SetTSIDFloatData(id+1, 1)
		}
	})
	args := []string{"run", "--url", plain, "--token", secret, demoProgram, "--duration"}
	for _, seconds := range []int{2, 20} {
		r := command(t, silent, append(args, fmt.Sprint(seconds, "s"))...)
		r.check(t, 0, "warning: no metadata for series AAAAAAAAAAE; its values have no label and dimensions\n")
		if limit := time.Duration(seconds+1) * time.Second; r.took > limit {
			t.Errorf("a run of %d s took %v", seconds, r.took)
		}
		if n := strings.Count(r.stdout, "\n"); n < 3 || seconds == 20 && n < 3*19 {
			t.Errorf("%d values in %d s:\n%s", n, seconds, r.stdout)
		}
	}
}

// What a server says can not command the terminal.
func TestErrorsArePrintable(t *testing.T) {
	const escape = "\x1b[31m"
	evil := fake(func(f *signalflow.FakeBackend) {
		f.AddProgramError("bare", "too much "+escape)
		f.AddProgramErrorMessage("placed", messages.NewError(400, "SYNTAX", "unexpected "+escape,
			&messages.ErrorContext{Line: 1, Column: 5, ProgramText: escape + "placed\a"}))
		f.AddProgramMessages("aborted", 0, messages.NewChannelAbort("FAILED", escape, 0))
	})
	for program, want := range map[string]string{
		"bare": `error: 400: too much \x1b[31m`, "placed": "error: unexpected \\x1b[31m\n  1:5 | \ufffd[31mplaced\ufffd\n      |     ^", "aborted": `(FAILED): \x1b[31m`,
	} {
		r := command(t, evil, "run", "--url", plain, "--token", secret, program)
		r.check(t, 1, want)
		if strings.ContainsAny(r.stderr, "\x1b\a") {
			t.Errorf("%s: %q", program, r.stderr)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	r := command(t, nil, "run", "--help")
	r.check(t, 0, "")
	for _, want := range append([]string{"--duration", "--local", "130", "dimensions", "Examples:", "ndjson"}, tokenNames...) {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the help does not mention %s", want)
		}
	}
	for _, line := range strings.Split(r.stdout, "\n") {
		if len(line) > 160 {
			t.Errorf("a help line of %d characters: %s", len(line), line)
		}
	}
	if a, b := command(t, nil, "--version"), command(t, nil, "version"); a.code != 0 || a.stdout != b.stdout {
		t.Errorf("--version says %q with code %d, version %q", a.stdout, a.code, b.stdout)
	}
	if r := command(t, nil, "version"); r.code != 0 || !strings.HasPrefix(r.stdout, "signalflow ") {
		t.Errorf("version: %+v", r)
	}
}
