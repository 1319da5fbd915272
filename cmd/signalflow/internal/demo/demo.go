// Package demo makes up the metrics of a small shop, so that every part of the language can be
// seen at once: six services on twenty-one hosts in two regions, with a daily shape, noise, a
// latency as a histogram, and every few hours an incident.
//
// All of it is a function of time and a seed: the same seed gives the same values, whenever and
// however often they are asked for.
package demo

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Store takes samples; *memstore.Store is one. It returns how many it refused, and keeps no
// slice.
type Store interface {
	Append(samples ...series.Sample) (refused int)
}

// Options adjust a Shop. The zero value works.
type Options struct {
	Seed     uint64
	Interval time.Duration // between the points of a series; 0: ten seconds
	Hosts    int           // over all services, six at least; 0: 21

	// Wanted selects the series that are made up; the zero value selects all.
	Wanted series.Query

	// Incident is when one more incident begins, of the payment service; zero: none.
	Incident time.Time
}

// DefaultHosts is how many hosts the shop has unless told.
const DefaultHosts = 21

// Shop makes up metrics. What it says of a time is a function of that time alone; only At and
// Run, which share a slice, are for one goroutine.
type Shop struct {
	o        Options
	services []*service
	samples  []series.Sample
}

// service is one service of the shop with its series.
type service struct {
	name    string
	rate    float64  // requests a second at noon
	latency float64  // median at low load, ms
	calls   []string // the services that it waits for
	hosts   []*host
	metrics []metric // those that are wanted

	slow, quick drift // of its load
	queueing    uint64
}

// metric is a series with what makes its values, or the distributions of a histogram: false, and
// nil, mean that it sends nothing.
type metric struct {
	series *series.Series
	value  func(m *moment) (float64, bool)
	spread func(m *moment) *series.Distribution
}

// point returns the point at a time. Of a histogram the value is how many observations there are.
func (x *metric) point(m *moment) (value float64, spread *series.Distribution, ok bool) {
	if x.spread == nil {
		value, ok = x.value(m)
		return value, nil, ok
	}
	if spread = x.spread(m); spread == nil {
		return 0, nil, false
	}
	return spread.Count(), spread, true
}

type host struct {
	name  string
	first bool // the one that fails

	share, waiting, heat, leak            drift
	count, failing, failed, heating, wire uint64
}

// bounds are those of both latency histograms, ms; beyond the last lies the bucket Inf.
var bounds = []float64{10, 25, 50, 100, 250, 500, 1000, 2500, 5000}

// New returns a shop.
func New(o Options) *Shop {
	if o.Interval <= 0 {
		o.Interval = 10 * time.Second
	}
	if o.Hosts == 0 {
		o.Hosts = DefaultHosts
	}
	if o.Wanted.Metric == "" {
		o.Wanted.Metric, o.Wanted.Kind = "*", series.AnyKind
	}
	s := &Shop{o: o, services: []*service{
		{name: "web", rate: 240, latency: 35, calls: []string{"catalog", "cart", "checkout"}},
		{name: "catalog", rate: 180, latency: 18, calls: []string{"search"}},
		{name: "search", rate: 90, latency: 55},
		{name: "cart", rate: 60, latency: 22},
		{name: "checkout", rate: 25, latency: 80, calls: []string{"payment"}},
		{name: "payment", rate: 20, latency: 120},
	}}
	n := len(s.services)
	for i, sv := range s.services {
		place := (i + n*(1-i%2)) / 2 // the odd ones come first where hosts are left over
		hosts := max(1, o.Hosts/n)
		if place < o.Hosts%n {
			hosts++
		}
		s.build(sv, hosts, 3+i%2)
	}
	return s
}

// build makes the hosts of a service and its series. The rate is that of a usual number of
// hosts, and grows with it.
func (s *Shop) build(sv *service, hosts, usual int) {
	sv.slow, sv.quick = newDrift(sv.name, 5*time.Minute), newDrift(sv.name, 30*time.Second)
	sv.queueing = key(sv.name + "q")
	for i := range hosts {
		sv.hosts = append(sv.hosts, newHost(sv.name+"-"+strconv.Itoa(i+1), i == 0))
	}
	bytes := sv.rate * 900
	sv.rate *= float64(hosts) / float64(usual)
	for i, h := range sv.hosts {
		s.hostMetrics(sv, h, i, bytes)
	}
	for i, h := range sv.hosts {
		s.duration(sv, h, i)
	}
	for i := range len(bounds) + 1 {
		s.bucket(sv, i)
	}
	s.add(sv, "queue.depth", series.Gauge, func(m *moment) (float64, bool) {
		return math.Round(2 + 6*m.load + 120*m.trouble.own + 15*m.trouble.called + 2*s.white(sv.queueing, m)), true
	})
}

func newHost(name string, first bool) *host {
	return &host{
		name: name, first: first,
		share: newDrift(name, time.Minute), waiting: newDrift(name+"l", 20*time.Second),
		heat: newDrift(name+"c", time.Minute), leak: newDrift(name+"m", 10*time.Minute),
		count: key(name), failing: key(name + "e"), failed: key(name + "f"), heating: key(name + "c"), wire: key(name + "n"),
	}
}

// add gives a service a series, if it is wanted.
func (s *Shop) add(sv *service, name string, kind series.Type, value func(*moment) (float64, bool), labels ...series.Label) {
	s.addMetric(sv, metric{series: series.New(name, kind, append(labels, series.Label{Name: "service", Value: sv.name})...), value: value})
}

func (s *Shop) addMetric(sv *service, x metric) {
	if s.o.Wanted.Matches(x.series) {
		sv.metrics = append(sv.metrics, x)
	}
}

// hostMetrics makes the series of a host.
func (s *Shop) hostMetrics(sv *service, h *host, number int, bytes float64) {
	add := func(name string, kind series.Type, value func(m *moment) float64) {
		s.add(sv, name, kind, func(m *moment) (float64, bool) {
			if h.first && m.trouble.silent {
				return 0, false
			}
			return value(m), true
		}, placeOf(h, number)...)
	}
	add("service.requests", series.Counter, func(m *moment) float64 { return s.requests(sv, h, m) })
	add("service.errors", series.Counter, func(m *moment) float64 {
		requests := s.requests(sv, h, m)
		failing := 0.002 + 0.3*m.trouble.own + 0.1*m.trouble.called
		errors := min(requests, math.Round(requests*failing*(1+0.5*s.white(h.failing, m))+0.3*s.white(h.failed, m)))
		return max(0, errors)
	})
	add("service.latency", series.Gauge, func(m *moment) float64 {
		return round(m.median*(1.15+0.15*s.noise(h.waiting, m)), 2)
	})
	add("cpu.utilization", series.Gauge, func(m *moment) float64 {
		busy := 12 + 38*m.load + 4*s.noise(h.heat, m) + 3*s.white(h.heating, m)
		if h.first {
			busy += m.trouble.own * 55
		}
		return round(min(100, max(0, busy)), 2)
	})
	add("memory.utilization", series.Gauge, func(m *moment) float64 {
		return round(45+20*sawtooth(h.count, m)+2*s.noise(h.leak, m), 2)
	})
	add("network.total", series.CumulativeCounter, func(m *moment) float64 { return s.network(h.wire, bytes, m) })
}

// placeOf returns the dimensions that tell a host.
func placeOf(h *host, number int) []series.Label {
	region := "eu"
	if number%2 == 1 {
		region = "us"
	}
	return []series.Label{{Name: "host", Value: h.name}, {Name: "region", Value: region}}
}

// duration makes the histogram of how long the requests of a host have taken, ms.
func (s *Shop) duration(sv *service, h *host, number int) {
	name := series.New("service.duration", series.Histogram, append(placeOf(h, number), series.Label{Name: "service", Value: sv.name})...)
	s.addMetric(sv, metric{series: name, spread: func(m *moment) *series.Distribution {
		if h.first && m.trouble.silent {
			return nil
		}
		return durations(s.requests(sv, h, m), m.median*(1+0.15*s.noise(h.waiting, m)))
	}})
}

// bucket makes a series of the latency histogram of counters.
func (s *Shop) bucket(sv *service, i int) {
	le := "Inf"
	if i < len(bounds) {
		le = strconv.FormatFloat(bounds[i], 'g', -1, 64)
	}
	s.add(sv, "service.latency.bucket", series.Counter, func(m *moment) (float64, bool) {
		part := 1.0
		if i < len(bounds) {
			part = logNormal(bounds[i], m.median)
		}
		return math.Round(s.total(sv, m) * part), true
	}, series.Label{Name: "le", Value: le})
}

// requests is how many requests a host has had in the interval before.
func (s *Shop) requests(sv *service, h *host, m *moment) float64 {
	share := m.load * sv.rate / float64(len(sv.hosts)) * (1 + 0.1*s.noise(h.share, m))
	return math.Round(share * s.o.Interval.Seconds() * (1 + 0.1*s.white(h.count, m)))
}

// total is how many requests all hosts of a service have reported.
func (s *Shop) total(sv *service, m *moment) float64 {
	if !m.counted {
		m.counted = true
		for _, h := range sv.hosts {
			if !h.first || !m.trouble.silent {
				m.total += s.requests(sv, h, m)
			}
		}
	}
	return m.total
}

// Interval returns how long the points of a series are apart.
func (s *Shop) Interval() time.Duration { return s.o.Interval }

// Series returns the series in the order in which At has them.
func (s *Shop) Series() (all []*series.Series) {
	for _, sv := range s.services {
		for i := range sv.metrics {
			all = append(all, sv.metrics[i].series)
		}
	}
	return all
}

// At returns the points of a time, in a slice that the next call uses again. What is counted
// is what has happened in the interval before.
func (s *Shop) At(t time.Time) []series.Sample {
	s.samples = s.samples[:0]
	at := t.UnixMilli()
	for _, sv := range s.services {
		if len(sv.metrics) == 0 {
			continue
		}
		m := s.moment(sv, t.UnixNano())
		for i := range sv.metrics {
			if v, spread, ok := sv.metrics[i].point(&m); ok {
				s.samples = append(s.samples, series.Sample{Series: sv.metrics[i].series, Distribution: spread,
					Point: series.Point{Time: at, Value: v}, Arrival: at})
			}
		}
	}
	return s.samples
}

// next returns the first time of points that is not before t.
func (s *Shop) next(t time.Time) time.Time {
	at := t.UnixNano()
	step := int64(s.o.Interval)
	into := at % step
	if into < 0 {
		into += step
	}
	if into == 0 {
		return t
	}
	return t.Add(time.Duration(step - into))
}

// Fill appends the points from one time up to another, that one not included, at once. It ends
// early with ctx.
func (s *Shop) Fill(ctx context.Context, store Store, from, to time.Time) {
	for t := s.next(from); t.Before(to) && ctx.Err() == nil; t = t.Add(s.o.Interval) {
		store.Append(s.At(t)...)
	}
}

// Run appends the points from a time on up to another, that one not included, or for ever if it
// is zero. Those of the future it appends when their time comes. It ends early with ctx.
func (s *Shop) Run(ctx context.Context, store Store, from, to time.Time) {
	for due := s.next(from); to.IsZero() || due.Before(to); due = due.Add(s.o.Interval) {
		if !waitUntil(ctx, due) {
			return
		}
		store.Append(s.At(due)...)
	}
}

// waitUntil reports whether a time comes before ctx ends.
func waitUntil(ctx context.Context, due time.Time) bool {
	left := time.Until(due)
	if left <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
