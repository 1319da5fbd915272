package term

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var start = time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)

// fleet returns a table of n hosts, each with a cpu and a disk row, and 30 slots of values.
// One series has stopped, one skips slots, one has a label that is far too long.
func fleet(n int) *table {
	t := newTable()
	var all []*Series
	for i := range n {
		all = append(all,
			&Series{Label: "cpu", Dimensions: fmt.Sprintf("host=web-%02d", i)},
			&Series{Label: "disk", Dimensions: fmt.Sprintf("device=/dev/mapper/vg-%02d host=web-%02d mountpoint=/var/lib/containers/storage/überlauf", i, i)})
	}
	all = append(all, &Series{Label: "a label that nobody would want to read to its end", Dimensions: ""}, &Series{Label: "stopped", Dimensions: "host=gone"}, &Series{Label: "skips", Dimensions: ""})
	for slot := range 30 {
		at := start.Add(time.Duration(slot) * time.Second)
		for i, s := range all {
			if s.Label == "stopped" && slot > 20 || s.Label == "skips" && slot%3 > 0 {
				continue
			}
			v := 50 + 50*math.Sin(float64(slot+3*i)/5)
			if s.Label == "disk" {
				v *= 1e7
			}
			t.add(Point{s, at, v})
		}
	}
	t.notice("no series matched metric 'cpu.utilisation'; did you mean 'cpu.utilization'?")
	return t
}

func TestRenderGolden(t *testing.T) {
	tests := []struct{ hosts, width, height int }{
		{2, 80, 24}, {2, 40, 10}, {40, 80, 24}, {40, 40, 10}, {2, 30, 6}, {2, 140, 24}, {0, 80, 24}, {2, 12, 3},
	}
	for _, tt := range tests {
		name := fmt.Sprintf("%dhosts-%dx%d.txt", tt.hosts, tt.width, tt.height)
		t.Run(name, func(t *testing.T) {
			table := fleet(tt.hosts)
			if tt.hosts == 0 {
				table = newTable()
			}
			got := table.render("data('cpu.utilization').mean(by='host').publish('cpu')  this machine's metrics",
				"12:00:29  9 series  p pause  q quit", tt.width, tt.height, styles{})
			checkFits(t, got, tt.width, tt.height)
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got+"\n" != string(want) {
				t.Errorf("-update rewrites the golden file\ngot:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func checkFits(t *testing.T, frame string, width, height int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) > height {
		t.Fatalf("%d lines in a height of %d", len(lines), height)
	}
	for _, line := range lines {
		if w := lipgloss.Width(line); w > width {
			t.Fatalf("a line of %d cells in a width of %d: %q", w, width, line)
		}
	}
}

// Whatever the size, nothing is drawn outside it and nothing panics.
func TestRenderFitsAnySize(t *testing.T) {
	for _, hosts := range []int{1, 40} {
		table := fleet(hosts)
		for width := 0; width <= 120; width++ {
			for _, height := range []int{0, 1, 2, 3, 4, 7, 8, 9, 24, 100} {
				if frame := table.render("title", "footer", width, height, coloured()); width > 0 && height > 0 {
					checkFits(t, frame, width, height)
				}
			}
		}
	}
}

func TestManySeriesSayHowManyMore(t *testing.T) {
	frame := fleet(40).render("title", "footer", 80, 24, styles{})
	if !strings.Contains(frame, "… and") {
		t.Fatalf("the rest is not mentioned:\n%s", frame)
	}
	var more int
	fmt.Sscanf(frame[strings.Index(frame, "… and")+len("… and "):], "%d", &more)
	rows := strings.Count(frame, "\n") + 1 - 5 // title, heading, more, notice, footer
	if rows+more != 83 || more == 0 {
		t.Errorf("%d rows and %d more, want 83 together\n%s", rows, more, frame)
	}
}

// Where a label stands for several metrics, each row says which one, and their order does
// not change between runs.
func TestMetricsOfOneLabelAreTold(t *testing.T) {
	table := newTable()
	for _, metric := range []string{"memory.used", "memory.free", "memory.cached"} {
		table.add(Point{&Series{Label: "mem", Metric: metric, Dimensions: "host=a"}, start, 1})
	}
	table.add(Point{&Series{Label: "cpu", Metric: "cpu.utilization", Dimensions: "host=a"}, start, 1})
	const want = `LABEL  DIMENSIONS                   VALUE  TREND
cpu    host=a                           1  ▄
mem    memory.cached host=a             1  ▄
mem    memory.free host=a               1  ▄
mem    memory.used host=a               1  ▄`
	if got := strings.Join(table.body(table.order(), 80, 24, styles{}), "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestExpiredRowsGo(t *testing.T) {
	table := newTable()
	a, b := &Series{Label: "a", Dimensions: ""}, &Series{Label: "b", Dimensions: ""}
	table.add(Point{a, start, 1})
	table.add(Point{b, start, 2})
	table.expire(a)
	if frame := table.render("", "", 80, 24, styles{}); strings.Contains(frame, "a  ") || !strings.Contains(frame, "b  ") {
		t.Errorf("want only b:\n%s", frame)
	}
}

func TestFormatValue(t *testing.T) {
	tests := []struct {
		v    float64
		want string
	}{
		{0, "0"}, {12.5, "12.500"}, {-3, "-3"}, {100, "100"}, {99.99999, "100.000"}, {123456789, "123456789"},
		{123456.789, "123456.79"}, {12345678901, "1.23e+10"}, {0.0001, "1.00e-04"}, {-123456.789, "-123456.8"},
		{math.NaN(), "–"}, {math.Inf(1), "+Inf"}, {-1.5e300, "-1.50e+300"},
	}
	for _, tt := range tests {
		if got := formatValue(tt.v, 9); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.v, got, tt.want)
		}
	}
	if got := formatValue(12345678901, 12); got != "12345678901" {
		t.Errorf("in 12 cells: %q", got)
	}
}

func TestSparkline(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		values []float64
		width  int
		want   string
	}{
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█"},
		{[]float64{9, 0, 7}, 2, "▁█"},
		{[]float64{5, 5, 5}, 8, "▄▄▄"},
		{[]float64{0, nan, 1}, 8, "▁ █"},
		{[]float64{nan}, 8, " "},
		{[]float64{math.Inf(1), 0, 1, math.Inf(-1)}, 8, "█▁█▁"},
		{nil, 8, ""},
	}
	for _, tt := range tests {
		if got := sparkline(tt.values, tt.width); got != tt.want {
			t.Errorf("%v in %d: %q, want %q", tt.values, tt.width, got, tt.want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	table := fleet(1000)
	for b.Loop() {
		table.render("title", "footer", 120, 50, styles{})
	}
}

func TestTruncateCountsCells(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{{"abcdef", 6, "abcdef"}, {"abcdef", 4, "abc…"}, {"世界世界", 5, "世界…"}, {"世界世界", 4, "世…"}, {"abc", 0, ""}, {"abc", 1, "…"}} {
		if got := truncate(tt.in, tt.width); got != tt.want {
			t.Errorf("%q in %d: %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}
