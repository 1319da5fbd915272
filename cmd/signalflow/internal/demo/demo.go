// Package demo makes up the metrics of a small shop, so that every part of the language can be
// seen at once: six services on twenty-one hosts in two regions, with a daily shape, noise, a
// latency histogram, and every few hours an incident.
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

	// Incident is when one more incident begins, of the payment service; zero: none.
	Incident time.Time
}

// Shop makes up metrics. Its methods are for one goroutine.
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
	buckets []*series.Series // by bound
	queue   *series.Series
}

type host struct {
	name                                            string
	requests, errors, latency, cpu, memory, network *series.Series
}

// bounds are those of the latency histogram, ms; beyond the last lies the bucket Inf.
var bounds = []float64{10, 25, 50, 100, 250, 500, 1000, 2500, 5000}

// New returns a shop.
func New(o Options) *Shop {
	if o.Interval <= 0 {
		o.Interval = 10 * time.Second
	}
	s := &Shop{o: o, services: []*service{
		{name: "web", rate: 240, latency: 35, calls: []string{"catalog", "cart", "checkout"}},
		{name: "catalog", rate: 180, latency: 18, calls: []string{"search"}},
		{name: "search", rate: 90, latency: 55},
		{name: "cart", rate: 60, latency: 22},
		{name: "checkout", rate: 25, latency: 80, calls: []string{"payment"}},
		{name: "payment", rate: 20, latency: 120},
	}}
	for i, sv := range s.services {
		sv.build(3 + i%2)
	}
	return s
}

// build makes the series of a service on some hosts.
func (sv *service) build(hosts int) {
	name := series.Label{Name: "service", Value: sv.name}
	for i := range hosts {
		region := "eu"
		if i%2 == 1 {
			region = "us"
		}
		h := &host{name: sv.name + "-" + strconv.Itoa(i+1)}
		make := func(metric string, kind series.Type) *series.Series {
			return series.New(metric, kind, name, series.Label{Name: "host", Value: h.name}, series.Label{Name: "region", Value: region})
		}
		h.requests = make("service.requests", series.Counter)
		h.errors = make("service.errors", series.Counter)
		h.latency = make("service.latency", series.Gauge)
		h.cpu = make("cpu.utilization", series.Gauge)
		h.memory = make("memory.utilization", series.Gauge)
		h.network = make("network.total", series.CumulativeCounter)
		sv.hosts = append(sv.hosts, h)
	}
	for i := range len(bounds) + 1 {
		le := "Inf"
		if i < len(bounds) {
			le = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		sv.buckets = append(sv.buckets, series.New("service.latency.bucket", series.Counter, name, series.Label{Name: "le", Value: le}))
	}
	sv.queue = series.New("queue.depth", series.Gauge, name)
}

// Interval returns how long the points of a series are apart.
func (s *Shop) Interval() time.Duration { return s.o.Interval }

// At returns the points of a time, in a slice that the next call uses again. What is counted
// is what has happened in the interval before.
func (s *Shop) At(t time.Time) []series.Sample {
	s.samples = s.samples[:0]
	for _, sv := range s.services {
		s.service(sv, t)
	}
	return s.samples
}

// Fill appends the points from one time up to another, that one not included.
func (s *Shop) Fill(store Store, from, to time.Time) {
	for t := from.Truncate(s.o.Interval); t.Before(to); t = t.Add(s.o.Interval) {
		if !t.Before(from) {
			store.Append(s.At(t)...)
		}
	}
}

// Run appends the points of each interval when its time comes, until ctx ends.
func (s *Shop) Run(ctx context.Context, store Store) {
	for {
		now := time.Now()
		next := now.Truncate(s.o.Interval).Add(s.o.Interval)
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			store.Append(s.At(next)...)
		}
	}
}

// service adds the points of a service.
func (s *Shop) service(sv *service, t time.Time) {
	trouble := s.trouble(sv, t)
	seconds := s.o.Interval.Seconds()
	load := daily(t) * (1 + 0.12*s.noise(sv.name, t, 5*time.Minute) + 0.05*s.noise(sv.name, t, 30*time.Second))
	median := sv.latency * (1 + 0.5*load*load) * (1 + 7*trouble.own + 2.5*trouble.called)
	total := 0.0
	for i, h := range sv.hosts {
		bad := i == 0 && trouble.own > 0
		if bad && trouble.silent {
			continue
		}
		share := load * sv.rate / float64(len(sv.hosts)) * (1 + 0.1*s.noise(h.name, t, time.Minute))
		requests := math.Round(share * seconds * (1 + 0.1*s.white(h.name, t)))
		failing := 0.002 + 0.3*trouble.own + 0.1*trouble.called
		errors := min(requests, math.Round(requests*failing*(1+0.5*s.white(h.name+"e", t))+0.3*s.white(h.name+"f", t)))
		busy := 12 + 38*load + 4*s.noise(h.name+"c", t, time.Minute) + 3*s.white(h.name+"c", t)
		if bad {
			busy += trouble.own * 55
		}
		total += requests
		s.put(h.requests, t, requests)
		s.put(h.errors, t, max(0, errors))
		s.put(h.latency, t, round(median*(1.15+0.15*s.noise(h.name+"l", t, 20*time.Second)), 2))
		s.put(h.cpu, t, round(min(100, max(0, busy)), 2))
		s.put(h.memory, t, round(45+20*sawtooth(h.name, t)+2*s.noise(h.name+"m", t, 10*time.Minute), 2))
		s.put(h.network, t, s.network(h.name, sv.rate, t))
	}
	for i, b := range sv.buckets {
		part := 1.0
		if i < len(bounds) {
			part = logNormal(bounds[i], median)
		}
		s.put(b, t, math.Round(total*part))
	}
	s.put(sv.queue, t, math.Round(2+6*load+120*trouble.own+15*trouble.called+2*s.white(sv.name+"q", t)))
}

func (s *Shop) put(to *series.Series, t time.Time, value float64) {
	at := t.UnixMilli()
	s.samples = append(s.samples, series.Sample{Series: to, Point: series.Point{Time: at, Value: value}, Arrival: at})
}
