package demo

import (
	"math"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// moment is the state of a service at a time.
type moment struct {
	ns           int64 // since the epoch
	load, median float64
	trouble      trouble
	total        float64 // requests of all hosts, if counted
	counted      bool
}

func (s *Shop) moment(sv *service, ns int64) moment {
	m := moment{ns: ns, trouble: s.trouble(sv, ns)}
	m.load = daily(ns) * (1 + 0.12*s.noise(sv.slow, &m) + 0.05*s.noise(sv.quick, &m))
	m.median = sv.latency * (1 + 0.5*m.load*m.load) * (1 + 7*m.trouble.own + 2.5*m.trouble.called)
	return m
}

const day = int64(24 * time.Hour)

// daily is how busy the shop is, from about 0.3 at night to 1 in the afternoon, less at
// weekends.
func daily(ns int64) float64 {
	days, into := floorDiv(ns, day)
	hours := time.Duration(into).Hours()
	shape := 0.65 + 0.35*math.Cos((hours-14)/24*2*math.Pi)
	if weekday := ((days+4)%7 + 7) % 7; weekday == 6 || weekday == 0 { // it began on a Thursday
		shape *= 0.75
	}
	return shape
}

// floorDiv returns the quotient, rounded down, and what is left, which is not negative.
func floorDiv(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		quotient, rest = quotient-1, rest+b
	}
	return quotient, rest
}

// network is a running total of bytes: the integral of a rate with a daily shape, and a wobble
// that is too small for it to fall.
func (s *Shop) network(host uint64, bytes float64, m *moment) float64 {
	const day = 24 * 3600.0
	since := time.Duration(m.ns - time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()).Seconds()
	total := 0.65*since + 0.35*math.Sin((since-14*3600)/day*2*math.Pi)*day/(2*math.Pi)
	return math.Round(bytes * (total + 0.1*s.o.Interval.Seconds()*s.white(host, m)))
}

// sawtooth rises from 0 to 1 over six hours and falls at once, as memory does.
func sawtooth(key uint64, m *moment) float64 {
	const period = 6 * 3600
	seconds, _ := floorDiv(m.ns, int64(time.Second))
	_, into := floorDiv(seconds+int64(key%period), period)
	return float64(into) / period
}

// spread is how far the times of requests lie apart.
const spread = 0.7

// logNormal is the share of requests that take at most some time, around a median.
func logNormal(x, median float64) float64 {
	return 0.5 * (1 + math.Erf(math.Log(x/median)/(spread*math.Sqrt2)))
}

// key makes a number of a name, for noise of its own.
func key(name string) uint64 { return series.Hash(name, nil) }

// durations spreads requests around a median. The shortest and the longest of them lie about where
// so many reach, within their buckets.
func durations(requests, median float64) *series.Distribution {
	counts := make([]float64, len(bounds)+1)
	below := 0.0
	for i, b := range bounds {
		upTo := math.Round(requests * logNormal(b, median))
		counts[i], below = upTo-below, upTo
	}
	counts[len(bounds)] = requests - below
	first, last := 0, len(bounds)
	for ; first < last && counts[first] == 0; first++ {
	}
	for ; last > first && counts[last] == 0; last-- {
	}
	far := math.Exp(spread * math.Sqrt2 * math.Erfinv(1-1/max(1, requests)))
	d, err := series.NewDistribution(bounds, counts, math.NaN(), within(first, median/far), within(last, median*far))
	if err != nil { // all of it is valid by itself
		panic(err)
	}
	return d
}

// within returns a duration, ms to two digits, or what is nearest to it in a bucket.
func within(bucket int, x float64) float64 {
	x = round(x, 2)
	if bucket > 0 {
		x = max(x, bounds[bucket-1])
	}
	if bucket < len(bounds) {
		x = min(x, bounds[bucket])
	}
	return x
}

// white is noise from -1 to 1 that is new in every interval.
func (s *Shop) white(key uint64, m *moment) float64 {
	return s.random(key, m.ns/int64(s.o.Interval))
}

// drift is noise that moves on a scale of time.
type drift struct {
	key   uint64
	scale float64 // ns
}

func newDrift(name string, scale time.Duration) drift {
	return drift{key(name + scale.String()), float64(scale)}
}

// noise is noise from -1 to 1 that moves.
func (s *Shop) noise(d drift, m *moment) float64 {
	at := float64(m.ns) / d.scale
	before := math.Floor(at)
	part := at - before
	part = part * part * (3 - 2*part) // without corners
	return s.random(d.key, int64(before))*(1-part) + s.random(d.key, int64(before)+1)*part
}

// random is a number from -1 to 1 for a key and a number.
func (s *Shop) random(key uint64, n int64) float64 {
	h := key ^ s.o.Seed*0x9e3779b97f4a7c15 ^ uint64(n)*0xbf58476d1ce4e5b9
	h ^= h >> 31
	h *= 0x94d049bb133111eb
	h ^= h >> 29
	return float64(h>>11)/(1<<52) - 1
}

func round(x float64, digits int) float64 {
	unit := math.Pow(10, float64(digits))
	return math.Round(x*unit) / unit
}

// trouble is what an incident does to a service: its own, or that of a service it calls, from
// 0 to 1.
type trouble struct {
	own, called float64
	silent      bool // the host that fails sends nothing
}

// every is how often an incident comes.
const every = 6 * time.Hour

// trouble returns the state of a service at a time.
func (s *Shop) trouble(sv *service, ns int64) trouble {
	var worst trouble
	consider := func(victim string, begin int64, length time.Duration) {
		into := time.Duration(ns - begin)
		force := force(into, length)
		switch {
		case force == 0:
		case victim == sv.name:
			worst.own = max(worst.own, force)
			worst.silent = worst.silent || into > length*2/5 && into < length*3/5
		case s.reaches(sv, victim):
			worst.called = max(worst.called, force)
		}
	}
	number, _ := floorDiv(ns, int64(every))
	victim := s.services[1+int(s.pick(victimKey, number, uint64(len(s.services)-1)))]
	offset := int64(s.pick(offsetKey, number, uint64(every-time.Hour)))
	length := 20*time.Minute + time.Duration(s.pick(lengthKey, number, uint64(20*time.Minute)))
	consider(victim.name, number*int64(every)+offset, length)
	if !s.o.Incident.IsZero() {
		consider("payment", s.o.Incident.UnixNano(), 10*time.Minute)
	}
	return worst
}

var victimKey, offsetKey, lengthKey = key("victim"), key("offset"), key("length")

// pick returns a number below n.
func (s *Shop) pick(key uint64, number int64, n uint64) uint64 {
	return uint64((s.random(key, number)+1)/2*float64(n)) % n
}

// reaches reports whether a service waits for another one, directly or not.
func (s *Shop) reaches(sv *service, other string) bool {
	return slices.ContainsFunc(sv.calls, func(name string) bool {
		if name == other {
			return true
		}
		i := slices.IndexFunc(s.services, func(x *service) bool { return x.name == name })
		return s.reaches(s.services[i], other)
	})
}

// force is how bad an incident is: it comes up over a tenth of its length and goes over a fifth.
func force(into, length time.Duration) float64 {
	x := float64(into) / float64(length)
	switch {
	case x <= 0 || x >= 1:
		return 0
	case x < 0.1:
		return x / 0.1
	case x > 0.8:
		return (1 - x) / 0.2
	}
	return 1
}
