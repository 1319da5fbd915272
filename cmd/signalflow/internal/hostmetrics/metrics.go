package hostmetrics

import (
	"maps"
	"math"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// converter turns successive readings into samples. It holds what the formulas need from
// earlier readings. Its methods are for one goroutine.
type converter struct {
	host     string
	at       int64 // the time of the reading in progress, milliseconds since the epoch
	cores    map[string]Core
	streams  map[string]*stream
	readings int // made so far
	out      []series.Sample
	key      []byte // reused between calls of stream
}

// stream is one series and, for a counter, its state.
type stream struct {
	series *series.Series
	seen   int // the last reading that had it
	counter
}

// maxStreams bounds the memory for devices that came and went, such as the virtual
// interfaces of containers. Beyond it the state of those that are gone is forgotten.
const maxStreams = 10_000

// samples returns the samples of a reading, in a slice that the next call reuses.
// cpu.utilization is a difference of two readings and so absent from the first.
func (c *converter) samples(at time.Time, r Reading) []series.Sample {
	c.at = at.UnixMilli()
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
	if len(c.streams) > maxStreams {
		maps.DeleteFunc(c.streams, func(_ string, s *stream) bool { return s.seen != c.readings })
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
		// The clock of these times is too coarse for more than four decimals of a percent.
		busy := math.Round(1e6*(elapsed-idle)/elapsed) / 1e4
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
	s, _ := c.stream(metric, series.Gauge, labels)
	c.emit(s, value)
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
	s, known := c.stream(metric, series.CumulativeCounter, labels)
	if known {
		s.add(raw)
	} else {
		s.counter = counter{raw: raw, total: float64(raw)}
	}
	c.emit(s, s.total)
	return &s.counter
}

// total emits the sum of counters as a counter of its own. It starts as their sum and
// then grows by what they add, so that it does not fall when a device goes away, nor
// jump by the whole history of one that comes.
func (c *converter) total(metric string, parts []*counter) {
	if len(parts) == 0 {
		return
	}
	sum, known := c.stream(metric, series.CumulativeCounter, nil)
	for _, part := range parts {
		if known {
			sum.total += part.added
		} else {
			sum.total += part.total
		}
	}
	c.emit(sum, sum.total)
}

// stream returns the series of a metric with labels beside the host, and whether an
// earlier reading had it.
func (c *converter) stream(metric string, typ series.Type, labels []series.Label) (s *stream, known bool) {
	c.key = append(c.key[:0], metric...)
	for _, l := range labels {
		c.key = append(append(c.key, 0), l.Value...) // the names go with the metric
	}
	s, known = c.streams[string(c.key)]
	if !known {
		dimensions := append([]series.Label{{Name: "host", Value: c.host}}, labels...)
		s = &stream{series: series.New(metric, typ, dimensions...)}
		if c.streams == nil {
			c.streams = make(map[string]*stream)
		}
		c.streams[string(c.key)] = s
	}
	s.seen = c.readings
	return s, known
}

func (c *converter) emit(s *stream, value float64) {
	c.out = append(c.out, series.Sample{Series: s.series, Point: series.Point{Time: c.at, Value: value}})
}
