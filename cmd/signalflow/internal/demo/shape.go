package demo

import (
	"math"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// daily is how busy the shop is, from about 0.3 at night to 1 in the afternoon, less at
// weekends.
func daily(t time.Time) float64 {
	hours := t.UTC().Sub(t.UTC().Truncate(24 * time.Hour)).Hours()
	shape := 0.65 + 0.35*math.Cos((hours-14)/24*2*math.Pi)
	if day := t.UTC().Weekday(); day == time.Saturday || day == time.Sunday {
		shape *= 0.75
	}
	return shape
}

// network is a running total of bytes: the integral of a rate with a daily shape, and a wobble
// that is too small for it to fall.
func (s *Shop) network(host string, rate float64, t time.Time) float64 {
	const day = 24 * 3600.0
	since := t.Sub(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds()
	bytes := rate * 900
	total := 0.65*since + 0.35*math.Sin((since-14*3600)/day*2*math.Pi)*day/(2*math.Pi)
	return math.Round(bytes * (total + 0.1*s.o.Interval.Seconds()*s.white(host+"n", t)))
}

// sawtooth rises from 0 to 1 over six hours and falls at once, as memory does.
func sawtooth(name string, t time.Time) float64 {
	const period = 6 * 3600
	shift := int64(series.Hash(name, nil) % period)
	return float64((t.Unix()+shift)%period) / period
}

// logNormal is the share of requests that take at most some time, around a median.
func logNormal(x, median float64) float64 {
	const spread = 0.7
	return 0.5 * (1 + math.Erf(math.Log(x/median)/(spread*math.Sqrt2)))
}

// white is noise from -1 to 1 that is new in every interval.
func (s *Shop) white(name string, t time.Time) float64 {
	return s.random(name, t.UnixNano()/int64(s.o.Interval))
}

// noise is noise from -1 to 1 that moves on a scale of time.
func (s *Shop) noise(name string, t time.Time, scale time.Duration) float64 {
	at := float64(t.UnixNano()) / float64(scale)
	before := math.Floor(at)
	part := at - before
	part = part * part * (3 - 2*part) // without corners
	name += scale.String()
	return s.random(name, int64(before))*(1-part) + s.random(name, int64(before)+1)*part
}

// random is a number from -1 to 1 for a name and a number.
func (s *Shop) random(name string, n int64) float64 {
	h := series.Hash(name, nil) ^ s.o.Seed*0x9e3779b97f4a7c15 ^ uint64(n)*0xbf58476d1ce4e5b9
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
func (s *Shop) trouble(sv *service, t time.Time) trouble {
	var worst trouble
	consider := func(victim string, begin time.Time, length time.Duration) {
		force := force(t.Sub(begin), length)
		switch {
		case force == 0:
		case victim == sv.name:
			worst.own = max(worst.own, force)
			into := t.Sub(begin)
			worst.silent = worst.silent || into > length*2/5 && into < length*3/5
		case s.reaches(sv, victim):
			worst.called = max(worst.called, force)
		}
	}
	number := t.UnixNano() / int64(every)
	victim := s.services[1+int(s.pick("victim", number, uint64(len(s.services)-1)))]
	offset := time.Duration(s.pick("offset", number, uint64(every-time.Hour)))
	length := 20*time.Minute + time.Duration(s.pick("length", number, uint64(20*time.Minute)))
	consider(victim.name, time.Unix(0, number*int64(every)).Add(offset), length)
	if !s.o.Incident.IsZero() {
		consider("payment", s.o.Incident, 10*time.Minute)
	}
	return worst
}

// pick returns a number below n.
func (s *Shop) pick(name string, number int64, n uint64) uint64 {
	return uint64((s.random(name, number)+1)/2*float64(n)) % n
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
