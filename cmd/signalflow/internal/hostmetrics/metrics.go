package hostmetrics

import (
	"maps"
	"sort"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Sample is the value of one series at the time of a reading.
type Sample struct {
	Metric     string
	Dimensions series.Labels
	Type       series.Type
	Value      float64
}

// converter turns successive readings into samples. It holds what the formulas need from
// earlier readings. The zero value is ready; it is not safe for concurrent use.
type converter struct {
	host     string
	cores    map[string]Core
	counters map[string]*counter
	readings int // made so far
	out      []Sample
}

// maxCounters bounds the memory for devices that came and went, such as the virtual
// interfaces of containers. Beyond it the state of those that are gone is forgotten.
const maxCounters = 10_000

// samples returns the samples of a reading, in a slice that the next call reuses.
// cpu.utilization is a difference of two readings and so absent from the first.
func (c *converter) samples(r Reading) []Sample {
	c.out = c.out[:0]
	c.readings++
	c.cpu(r.Cores)
	c.memory(r.Memory)
	if r.Load != nil {
		c.gauge("load.shortterm", r.Load.One)
		c.gauge("load.midterm", r.Load.Five)
		c.gauge("load.longterm", r.Load.Fifteen)
	}
	c.filesystems(r.Filesystems)
	c.disks(r.Disks)
	c.interfaces(r.Interfaces)
	if len(c.counters) > maxCounters {
		maps.DeleteFunc(c.counters, func(_ string, n *counter) bool { return n.seen != c.readings })
	}
	return c.out
}

// cpu: 100 times the share of time that was not idle since the previous reading, for each
// processor; cpu.utilization is the mean over the processors.
func (c *converter) cpu(cores []Core) {
	if len(cores) == 0 {
		return
	}
	c.gauge("cpu.num_processors", float64(len(cores)))
	previous := c.cores
	c.cores = make(map[string]Core, len(cores))
	sum, n := 0.0, 0
	for _, core := range cores {
		c.cores[core.Name] = core
		before, ok := previous[core.Name]
		elapsed := core.Total - before.Total
		if !ok || elapsed <= 0 {
			continue // new, or its clock went back: no difference to speak of
		}
		// The kernel may take back a little idle time: keep the share within its range.
		idle := min(max(core.Idle-before.Idle, 0), elapsed)
		busy := 100 * (elapsed - idle) / elapsed
		c.gauge("cpu.utilization_per_core", busy, series.Label{Name: "cpu", Value: core.Name})
		sum += busy
		n++
	}
	if n > 0 {
		c.gauge("cpu.utilization", sum/float64(n))
	}
}

func (c *converter) memory(m Memory) {
	if m.Total == 0 {
		return
	}
	c.gauge("memory.total", float64(m.Total))
	c.gauge("memory.used", float64(m.Used))
	c.gauge("memory.free", float64(m.Free))
	c.gauge("memory.buffered", float64(m.Buffered))
	c.gauge("memory.cached", float64(m.Cached))
	c.percentage("memory.utilization", m.Used, m.Buffered+m.Cached+m.Free+m.Used)
}

func (c *converter) filesystems(all []Filesystem) {
	var used, free uint64
	counted := make(map[string]bool) // a device mounted twice holds its bytes once
	for _, f := range all {
		labels := []series.Label{{Name: "device", Value: f.Device}, {Name: "fs_type", Value: f.Type}, {Name: "mountpoint", Value: f.Mountpoint}}
		c.gauge("df_complex.used", float64(f.Used), labels...)
		c.gauge("df_complex.free", float64(f.Free), labels...)
		c.percentage("disk.utilization", f.Used, f.Used+f.Free, labels...)
		if !counted[f.Device] {
			counted[f.Device] = true
			used, free = used+f.Used, free+f.Free
		}
	}
	c.percentage("disk.summary_utilization", used, used+free)
}

func (c *converter) disks(all []Disk) {
	var operations []*counter
	for _, d := range all {
		device := series.Label{Name: "device", Value: d.Device}
		operations = append(operations,
			c.count("disk_ops.read", d.Reads, device),
			c.count("disk_ops.write", d.Writes, device))
		c.count("disk_octets.read", d.ReadBytes, device)
		c.count("disk_octets.write", d.WriteBytes, device)
	}
	c.total("disk_ops.total", operations)
}

func (c *converter) interfaces(all []Interface) {
	var octets []*counter
	for _, i := range all {
		name := series.Label{Name: "interface", Value: i.Name}
		octets = append(octets,
			c.count("if_octets.rx", i.ReceivedBytes, name),
			c.count("if_octets.tx", i.SentBytes, name))
		c.count("if_packets.rx", i.ReceivedPackets, name)
		c.count("if_packets.tx", i.SentPackets, name)
		c.count("if_errors.rx", i.ReceivedErrors, name)
		c.count("if_errors.tx", i.SentErrors, name)
		c.count("if_dropped.rx", i.ReceivedDropped, name)
		c.count("if_dropped.tx", i.SentDropped, name)
	}
	c.total("network.total", octets)
}

func (c *converter) gauge(metric string, value float64, labels ...series.Label) {
	c.emit(metric, series.Gauge, value, labels)
}

func (c *converter) percentage(metric string, part, whole uint64, labels ...series.Label) {
	if whole > 0 {
		c.gauge(metric, 100*float64(part)/float64(whole), labels...)
	}
}

// counter is a running total that never falls, whatever its source does.
type counter struct {
	raw   uint64  // as read last
	total float64 // as sent last
	added float64 // what the last reading added
	seen  int     // the last reading that had it
}

// add takes a new reading. A source that went back has started again from zero: what it
// shows now has been counted since.
func (n *counter) add(raw uint64) {
	n.added = float64(raw - n.raw)
	if raw < n.raw {
		n.added = float64(raw)
	}
	n.raw = raw
	n.total += n.added
}

// count emits a cumulative counter and returns its state.
func (c *converter) count(metric string, raw uint64, labels ...series.Label) *counter {
	n, seen := c.counter(metric + "\x00" + labels[0].Value)
	if seen {
		n.add(raw)
	} else {
		*n = counter{raw: raw, total: float64(raw)}
	}
	c.emit(metric, series.CumulativeCounter, n.total, labels)
	return n
}

// total emits the sum of counters as a counter of its own. It starts as their sum and
// then grows by what they add, so that it does not fall when a device goes away, nor
// jump by the whole history of one that comes.
func (c *converter) total(metric string, parts []*counter) {
	if len(parts) == 0 {
		return
	}
	sum, seen := c.counter(metric)
	for _, part := range parts {
		if seen {
			sum.total += part.added
		} else {
			sum.total += part.total
		}
	}
	c.emit(metric, series.CumulativeCounter, sum.total, nil)
}

func (c *converter) counter(key string) (n *counter, seen bool) {
	if c.counters == nil {
		c.counters = make(map[string]*counter)
	}
	n, seen = c.counters[key]
	if !seen {
		n = new(counter)
		c.counters[key] = n
	}
	n.seen = c.readings
	return n, seen
}

func (c *converter) emit(metric string, typ series.Type, value float64, labels []series.Label) {
	dimensions := append(series.Labels{{Name: "host", Value: c.host}}, labels...)
	sort.Slice(dimensions, func(i, j int) bool { return dimensions[i].Name < dimensions[j].Name })
	c.out = append(c.out, Sample{Metric: metric, Dimensions: dimensions, Type: typ, Value: value})
}
