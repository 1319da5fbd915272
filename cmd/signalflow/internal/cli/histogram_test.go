package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// Histograms of the demo can be looked at, and what is recorded of them gives the same.
func TestHistograms(t *testing.T) {
	span := []string{"--start", "2024-01-01T08:00:00Z", "--stop", "2024-01-01T08:05:00Z"}
	run := append([]string{"run", "-q", "-o", "csv", "histogram('service.duration').percentile(pct=99, by=['service'], over='1m').publish('p99')"}, span...)
	direct := command(t, nil, append(run, "--demo")...)
	direct.check(t, 0, "")
	if n := strings.Count(direct.stdout, `p99,service.duration,"{""service"":""payment""}",`); n != 300 || strings.Count(direct.stdout, "\n") != 1801 {
		t.Errorf("%d values of payment in\n%.2000s", n, direct.stdout)
	}
	file := filepath.Join(t.TempDir(), "durations.json.gz")
	// The windows of the first minute reach back.
	r := command(t, nil, "record", "--demo", "-o", file, "--metric", "service.duration", "--start", "2024-01-01T07:59:00Z", "--stop", "2024-01-01T08:05:00Z")
	r.check(t, 0, "21 series, a point every 1s\n7560 points recorded\n")
	again := command(t, nil, append(run, "--data", file)...)
	if again.check(t, 0, ""); again.stdout != direct.stdout {
		t.Errorf("of the recording\n%.1000s\nof the demo\n%.1000s", again.stdout, direct.stdout)
	}
}
