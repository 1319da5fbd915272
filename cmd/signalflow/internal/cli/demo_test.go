package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRunDemo(t *testing.T) {
	r := command(t, nil, "run", "--demo", "--duration", "3s", "-o", "csv", "data('service.requests', rollup='rate').sum(by='service').publish('rps')")
	r.check(t, 0, "running on the made-up metrics of a shop\n213 series, a point every 1s\n")
	if n := strings.Count(r.stdout, `service"":""payment""`); n < 2 {
		t.Errorf("%d values of payment in 3 s:\n%s", n, r.stdout)
	}
	r = command(t, nil, "run", "--demo", "--hosts", "60", "--start", "-30m", "--stop", "-20m", "-o", "csv", "data('cpu.utilization').count().publish()")
	r.check(t, 0, "486 series, a point every 1s\n")
	if n := strings.Count(r.stdout, ",cpu.utilization,{},60\n"); n != 600 && n != 601 {
		t.Errorf("%d slots of 60 hosts in ten minutes of history", n)
	}
}

// The demo has data at any time, however long ago or far ahead, and before the start too.
func TestRunDemoAtAnyTime(t *testing.T) {
	for start, want := range map[string]string{"1970-01-08": "1970-01-08T00:00:00Z", "2024-03-01": "2024-03-01T00:00:00Z", "2099-12-01": "2099-12-01T00:00:00Z"} {
		stop := start + "T00:00:10Z"
		r := command(t, nil, "run", "--demo", "--start", start, "--stop", stop, "-o", "table", "data('service.requests').count(over='1h').sum().publish()")
		r.check(t, 0, "213 series, a point every 1s\n")
		lines := strings.Split(r.stdout, "\n")
		if len(lines) != 11 || !strings.HasPrefix(lines[0], want+"  ") || !strings.HasSuffix(lines[0], " 75600") || r.took > time.Second {
			t.Errorf("%s: took %v, got\n%s", start, r.took, r.stdout)
		}
	}
}

// Between the past and the present there is neither a gap nor a point twice.
func TestRunDemoFromThePastOn(t *testing.T) {
	r := command(t, nil, "run", "--demo", "--start", "-5s", "--duration", "20s", "-o", "csv", "data('service.requests', rollup='count').sum().publish()")
	r.check(t, 0, "")
	if n := strings.Count(r.stdout, ",service.requests,{},21\n"); n < 20 || n != strings.Count(r.stdout, "\n")-1 {
		t.Errorf("%d slots with a point of each host:\n%s", n, r.stdout)
	}
	r = command(t, nil, "run", "--demo", "--start", "-1d", "--duration", "30s", "-o", "csv", "data('service.requests', rollup='count').sum().publish()")
	r.check(t, 0, "213 series, a point every 10s\n")
	if n := strings.Count(r.stdout, ",service.requests,{},2"); n < 8640 || n != strings.Count(r.stdout, "\n")-1 {
		t.Errorf("%d slots in a day and half a minute", n)
	}
}

// The longer the range, the fewer points, so that it takes no longer.
func TestDemoStep(t *testing.T) {
	day := 24 * time.Hour
	for length, want := range map[time.Duration]string{
		0: "1s", 5 * time.Hour: "1s", 6 * time.Hour: "10s", day: "10s", 7 * day: "1m", 14 * day: "1m", 60 * day: "5m", 365 * day: "1h", 100 * 365 * day: "1h",
	} {
		if got := shortly(demoStep(length)); got != want {
			t.Errorf("%v: a point every %s, want %s", length, got, want)
		}
	}
}

// A range of the demo is the same, whenever it is recorded.
func TestRecordDemo(t *testing.T) {
	args := []string{"record", "--demo", "--start", "2024-01-01", "--stop", "2024-01-01T00:01:00Z", "--metric", "queue.depth"}
	r := command(t, nil, args...)
	r.check(t, 0, "recording the made-up metrics of a shop\n6 series, a point every 1s\n360 points recorded\n")
	again := command(t, func(_ *testing.T, ctx context.Context, _ *app) context.Context {
		time.Sleep(time.Hour)
		return ctx
	}, args...)
	if again.stdout != r.stdout || !strings.HasPrefix(r.stdout, `{"metric":"queue.depth","type":"gauge","dimensions":{"service":"web"},"timestamp":1704067200000,`) {
		t.Errorf("got\n%s and\n%s", r.stdout, again.stdout)
	}
	coarser := command(t, nil, append(args, "--resolution", "10s")...)
	coarser.check(t, 0, "36 points recorded")
	live := command(t, nil, "record", "--demo", "--duration", "2500ms", "--metric", "queue.depth")
	live.check(t, 0, "12 points recorded")
	since := command(t, nil, "record", "--demo", "--start", "-10s", "--duration", "2500ms", "--metric", "queue.depth")
	since.check(t, 0, "72 points recorded")
	for want, resolution := range map[string]string{"at least 1s apart": "10ms", "ask for a --resolution of at least 32s": "1s"} {
		command(t, nil, "record", "--demo", "--start", "2023-01-01", "--stop", "2024-01-01", "--resolution", resolution).check(t, 2, want)
	}
	r = command(t, func(_ *testing.T, ctx context.Context, a *app) context.Context {
		a.stdout = failingWriter{}
		return ctx
	}, "record", "--demo", "--start", "2024-01-01")
	r.check(t, 1, "no space left on device")
}

// What is recorded as a table is what is recorded as JSON, and what the demo itself has.
func TestRecordTable(t *testing.T) {
	dir := t.TempDir()
	span := []string{"--start", "2024-01-01T08:00:00Z", "--stop", "2024-01-01T08:10:00Z"}
	run := append([]string{"run", "-q", "-o", "csv", "data('service.errors').sum(by='region').publish()"}, span...)
	direct := command(t, nil, append(run, "--demo")...).stdout
	sizes := map[string]int64{}
	for name, count := range map[string]string{"part.json": "144", "part.csv": "123", "part.csv.gz": "123"} { // a table has no histograms
		file := filepath.Join(dir, name)
		r := command(t, nil, append([]string{"record", "--demo", "-o", file, "--metric", "service.*"}, span...)...)
		r.check(t, 0, count+" series, a point every 1s\n")
		if said := strings.Contains(r.stderr, "a table has no place for histograms, and leaves 21 series of them out"); said == (name == "part.json") {
			t.Errorf("%s: %s", name, r.stderr)
		}
		if got := command(t, nil, append(run, "--data", file)...); got.stdout != direct || strings.Count(got.stdout, "\n") != 1201 {
			t.Errorf("%s: %d lines, the demo itself has %d", name, strings.Count(got.stdout, "\n"), strings.Count(direct, "\n"))
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		sizes[name] = info.Size()
	}
	command(t, nil, "record", "--demo", "-o", filepath.Join(dir, "none.csv"), "--metric", "service.duration").
		check(t, 2, "these are histograms, for which a table has no place; record in a file that ends in .json")
	if sizes["part.csv"]*10 > sizes["part.json"] || sizes["part.csv.gz"] >= sizes["part.csv"] {
		t.Errorf("sizes: %v", sizes)
	}
}
