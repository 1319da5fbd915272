package hostmetrics

import (
	"math"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

var noon = time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)

// find returns the value of the one sample with a metric and, besides host, labels.
func find(t *testing.T, samples []series.Sample, metric string, labels ...series.Label) float64 {
	t.Helper()
	for _, s := range samples {
		if s.Series.Metric == metric && hasOnly(s.Series.Dimensions, labels) {
			return s.Value
		}
	}
	t.Fatalf("no sample %s%v", metric, series.Labels(labels))
	return 0
}

func hasOnly(dimensions series.Labels, labels []series.Label) bool {
	for _, l := range labels {
		if v, ok := dimensions.Get(l.Name); !ok || v != l.Value {
			return false
		}
	}
	return len(dimensions) == len(labels)+1
}

func absent(t *testing.T, samples []series.Sample, metric string) {
	t.Helper()
	for _, s := range samples {
		if s.Series.Metric == metric {
			t.Errorf("%s = %v, want it absent", metric, s.Value)
		}
	}
}

func want(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

func TestCPUUtilization(t *testing.T) {
	tests := []struct {
		name          string
		before, after []Core
		want          float64 // negative: absent
	}{
		{"one core half busy", []Core{{"cpu0", 10, 20}}, []Core{{"cpu0", 10.5, 21}}, 50},
		{"mean over cores", []Core{{"cpu0", 0, 0}, {"cpu1", 0, 0}}, []Core{{"cpu0", 1, 1}, {"cpu1", 0, 1}}, 50},
		{"first reading", nil, []Core{{"cpu0", 10, 20}}, -1},
		{"no time has passed", []Core{{"cpu0", 10, 20}}, []Core{{"cpu0", 10, 20}}, -1},
		{"clock went back", []Core{{"cpu0", 10, 20}}, []Core{{"cpu0", 1, 2}}, -1},
		{"idle time taken back", []Core{{"cpu0", 10, 20}}, []Core{{"cpu0", 9.9, 21}}, 100},
		{"idle grew more than the total", []Core{{"cpu0", 10, 20}}, []Core{{"cpu0", 12, 21}}, 0},
		{"a new core does not count yet", []Core{{"cpu0", 0, 0}}, []Core{{"cpu0", 0.75, 1}, {"cpu1", 50, 50}}, 25},
		{"a core that went away", []Core{{"cpu0", 0, 0}, {"cpu1", 0, 0}}, []Core{{"cpu1", 0.1, 1}}, 90},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := converter{host: "web-1"}
			c.samples(noon, Reading{Cores: tt.before})
			samples := c.samples(noon, Reading{Cores: tt.after})
			if tt.want < 0 {
				absent(t, samples, "cpu.utilization")
				return
			}
			want(t, "cpu.utilization", find(t, samples, "cpu.utilization"), tt.want)
			want(t, "cpu.num_processors", find(t, samples, "cpu.num_processors"), float64(len(tt.after)))
		})
	}
}

func TestMemoryAndLoad(t *testing.T) {
	c := converter{host: "web-1"}
	samples := c.samples(noon, Reading{
		Memory: Memory{Total: 1000, Used: 250, Free: 500, Buffered: 50, Cached: 200},
		Load:   &Load{0.5, 1.5, 2.5},
	})
	for metric, value := range map[string]float64{
		"memory.utilization": 25, "memory.total": 1000, "memory.used": 250, "memory.free": 500,
		"memory.buffered": 50, "memory.cached": 200,
		"load.shortterm": 0.5, "load.midterm": 1.5, "load.longterm": 2.5,
	} {
		want(t, metric, find(t, samples, metric), value)
	}
	samples = c.samples(noon, Reading{})
	for _, metric := range []string{"memory.utilization", "memory.total", "load.shortterm", "disk.summary_utilization", "network.total"} {
		absent(t, samples, metric)
	}
}

func TestFilesystems(t *testing.T) {
	c := converter{host: "web-1"}
	samples := c.samples(noon, Reading{Filesystems: []Filesystem{
		{"/dev/a", "/", "ext4", 75, 25},
		{"/dev/a", "/mnt", "ext4", 75, 25},
		{"/dev/b", "/data", "xfs", 0, 100},
	}})
	root := []series.Label{{Name: "device", Value: "/dev/a"}, {Name: "fs_type", Value: "ext4"}, {Name: "mountpoint", Value: "/"}}
	want(t, "disk.utilization", find(t, samples, "disk.utilization", root...), 75)
	want(t, "df_complex.free", find(t, samples, "df_complex.free", root...), 25)
	// /dev/a counts once although it is mounted twice: (75+0) of 200.
	want(t, "disk.summary_utilization", find(t, samples, "disk.summary_utilization"), 37.5)
}

func TestCountersNeverFall(t *testing.T) {
	eth0 := series.Label{Name: "interface", Value: "eth0"}
	c := converter{host: "web-1"}
	read := func(interfaces ...Interface) []series.Sample { return c.samples(noon, Reading{Interfaces: interfaces}) }
	step := func(name string, samples []series.Sample, rx, total float64) {
		t.Helper()
		if rx >= 0 {
			want(t, name+": if_octets.rx", find(t, samples, "if_octets.rx", eth0), rx)
		}
		want(t, name+": network.total", find(t, samples, "network.total"), total)
	}
	lo := Interface{Name: "lo", ReceivedBytes: 10, SentBytes: 10}
	step("start at what the system shows", read(Interface{Name: "eth0", ReceivedBytes: 100, SentBytes: 50}, lo), 100, 170)
	step("grow", read(Interface{Name: "eth0", ReceivedBytes: 130, SentBytes: 50}, lo), 130, 200)
	step("reset: what is shown now is new", read(Interface{Name: "eth0", ReceivedBytes: 5, SentBytes: 60}, lo), 135, 215)
	step("gone", read(lo), -1, 215)
	step("back", read(Interface{Name: "eth0", ReceivedBytes: 6, SentBytes: 60}, lo), 136, 216)
	step("a new one brings no history", read(Interface{Name: "eth1", ReceivedBytes: 1 << 40}, lo), -1, 216)
	step("but counts from then on", read(Interface{Name: "eth1", ReceivedBytes: 1<<40 + 7}, lo), -1, 223)
}

func TestCounterStateIsBounded(t *testing.T) {
	c := converter{host: "web-1"}
	for i := range 3 * maxStreams / 8 {
		c.samples(noon, Reading{Interfaces: []Interface{{Name: "veth" + string(rune(0x4e00+i))}}})
	}
	if len(c.streams) > maxStreams {
		t.Errorf("%d streams kept for one interface that exists", len(c.streams))
	}
}

func TestDisksAndTypes(t *testing.T) {
	c := converter{host: "web-1"}
	reading := Reading{
		Cores: []Core{{"cpu0", 1, 1}}, Memory: Memory{Total: 1, Used: 1}, Load: &Load{},
		Filesystems: []Filesystem{{"/dev/a", "/", "ext4", 1, 1}},
		Disks:       []Disk{{"sda", 3, 4, 512, 1024}, {"sdb", 1, 0, 0, 0}},
		Interfaces:  []Interface{{Name: "eth0"}},
	}
	c.samples(noon, reading)
	reading.Cores = []Core{{"cpu0", 1, 2}}
	samples := c.samples(noon, reading)
	sda := series.Label{Name: "device", Value: "sda"}
	want(t, "disk_ops.write", find(t, samples, "disk_ops.write", sda), 4)
	want(t, "disk_octets.read", find(t, samples, "disk_octets.read", sda), 512)
	want(t, "disk_ops.total", find(t, samples, "disk_ops.total"), 8)

	cumulative := map[string]bool{}
	for _, s := range samples {
		if s.Time != noon.UnixMilli() {
			t.Errorf("%s is of %d", s.Series.Metric, s.Time)
		}
		if host, _ := s.Series.Dimensions.Get("host"); host != "web-1" {
			t.Errorf("%s has host %q", s.Series.Metric, host)
		}
		for i := 1; i < len(s.Series.Dimensions); i++ {
			if s.Series.Dimensions[i-1].Name >= s.Series.Dimensions[i].Name {
				t.Errorf("%s: dimensions are not sorted: %v", s.Series.Metric, s.Series.Dimensions)
			}
		}
		if s.Series.Type == series.CumulativeCounter {
			cumulative[s.Series.Metric] = true
		}
	}
	for _, metric := range []string{"network.total", "if_octets.rx", "if_errors.tx", "disk_ops.total", "disk_ops.read", "disk_octets.write"} {
		if !cumulative[metric] {
			t.Errorf("%s is not a cumulative counter", metric)
		}
	}
	for _, metric := range []string{"cpu.utilization", "memory.total", "disk.utilization", "load.longterm", "cpu.num_processors"} {
		if cumulative[metric] {
			t.Errorf("%s is not a gauge", metric)
		}
	}
}
