// Package memstore keeps raw points of time series in memory and serves them to jobs:
// selection by metric and filter, reads over a stretch of time, and live feeds.
//
// It is bounded by size and, if wished, by age. Points may come late, out of order and
// twice; of two points of one series with the same time the later arrival stays.
//
// Nobody holds the lock of the store for long, whatever it holds and is asked for: what concerns
// many series or samples is done in parts of a thousand, between which others get in. So a large
// query or a large delivery delays others by some tenths of a millisecond at most.
package memstore

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Options are the limits of a Store. The zero value works.
type Options struct {
	MaxAge    time.Duration    // points older than this are dropped; 0: no limit of age
	MaxPoints int              // most points held, about 20 bytes each; 0: 10,000,000. One of a histogram counts for as many as need its memory
	FeedLimit int              // most samples that wait in one live feed; 0: 65,536
	Now       func() time.Time // the clock that age and arrival are measured by; nil: time.Now
}

// Store holds points. Its methods may be called from several goroutines.
type Store struct {
	options Options

	mu       sync.RWMutex
	entries  map[uint64]*entry
	byMetric map[string]*metric
	metrics  []*metric // the same, in a list like metric.entries
	former   *entry    // which was appended to last
	created  uint64    // serial number of the youngest entry
	held     size
	oldest   int64 // points before this time are refused: age or size has dropped their like
	nextTrim int64 // when age is to be looked at again
	feeds    map[*series.Feed]*subscription
	touched  []*subscription // of the part of an Append that runs

	trimming sync.Mutex // held by who drops old points; taken before mu
}

// part is how many series or samples are dealt with under the lock at once.
const part = 1024

// metric is a metric with its series.
type metric struct {
	name string

	// Readers hold the list without the lock: it is only appended to, and a new one is made
	// when some leave.
	entries []*entry
}

// entry is one series with its points.
type entry struct {
	series  *series.Series // never changes
	created uint64         // nor does this
	chunks  []chunk        // empty once it has left the store; times rise within a chunk and from chunk to chunk
	feeds   []*subscription
	next    *entry    // which was appended to after this one the last time
	bounds  []float64 // of the newest distribution, which the next one shares if they are equal
}

// size is how much is held: points, and what they weigh in the limit of size.
type size struct{ points, weight int }

func (s *size) add(more size) {
	s.points += more.points
	s.weight += more.weight
}

// subscription is a feed with the samples that the part of an Append in progress has for it.
type subscription struct {
	query   series.Query
	after   uint64 // entries created later were given the subscription then
	feed    *series.Feed
	pending []series.Sample
}

// New returns an empty store.
func New(o Options) *Store {
	if o.MaxPoints == 0 {
		o.MaxPoints = 10_000_000
	}
	if o.FeedLimit == 0 {
		o.FeedLimit = 1 << 16
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{
		options:  o,
		entries:  make(map[uint64]*entry),
		byMetric: make(map[string]*metric),
		oldest:   math.MinInt64,
		feeds:    make(map[*series.Feed]*subscription),
	}
}

// Append stores samples and hands them to the live feeds that want them. It returns how many
// it refused: values that are not finite, histograms that are not valid, numbers for a histogram
// and histograms for a series of numbers, and points older than the store reaches back.
//
// The first *series.Series seen of an identity is kept, with its type, properties and tags, and
// is the one that readers get, for as long as it has points; a caller that passes the same
// pointer each time saves a comparison. Distributions are kept as they are: from then on the
// caller must not change them. Readers may see the first samples of a long list before the last
// ones are stored.
func (s *Store) Append(samples ...series.Sample) (refused int) {
	now := s.options.Now().UnixMilli()
	s.expire(now)
	for len(samples) > 0 {
		done, n, full := s.appendPart(samples[:min(part, len(samples))], now)
		samples = samples[done:]
		refused += n
		if full {
			s.shrink(now)
		}
	}
	return refused
}

// perSample is how many queries of feeds can be asked about a new series while a point is stored.
const perSample = 16

// appendPart stores the first of some samples, fewer if there is much to ask about new series, and
// returns how many it has done and refused, and whether there are too many points now.
func (s *Store) appendPart(samples []series.Sample, now int64) (done, refused int, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for work := 0; done < len(samples) && work < part; work++ {
		sample := samples[done]
		done++
		if !valid(&sample) || sample.Time < s.oldest {
			refused++
			continue
		}
		if sample.Arrival == 0 {
			sample.Arrival = now
		}
		before := s.created
		e := s.entry(sample.Series)
		if s.created != before {
			work += len(s.feeds) / perSample
		}
		sample.Series = e.series
		if sample.Distribution != nil {
			e.share(&sample)
		}
		s.held.add(e.insert(&sample))
		for _, sub := range e.feeds {
			if len(sub.pending) == 0 {
				s.touched = append(s.touched, sub)
			}
			sub.pending = append(sub.pending, sample)
		}
	}
	for _, sub := range s.touched {
		sub.feed.Offer(sub.pending)
		sub.pending = sub.pending[:0]
	}
	s.touched = s.touched[:0]
	return done, refused, s.held.weight > s.options.MaxPoints
}

// valid reports whether a sample can be stored, and sets the value of one of a histogram.
func valid(s *series.Sample) bool {
	if s.Series.Type != series.Histogram {
		return s.Distribution == nil && s.Value-s.Value == 0 // finite
	}
	if s.Distribution == nil || s.Distribution.Validate() != nil {
		return false
	}
	s.Value = s.Distribution.Count()
	return true
}

// share gives a distribution the bounds of the one before it, if they are equal.
func (e *entry) share(s *series.Sample) {
	bounds := s.Distribution.Bounds
	switch {
	case !slices.Equal(bounds, e.bounds):
		e.bounds = bounds
	case len(bounds) > 0 && &bounds[0] != &e.bounds[0]:
		twin := *s.Distribution
		twin.Bounds = e.bounds
		s.Distribution = &twin
	}
}

// entry returns the entry of a series, a new one if need be. Series tend to come in the same
// order each time, so the one that came next the last time is looked at first.
func (s *Store) entry(sr *series.Series) *entry {
	former := s.former
	if former != nil && former.next != nil && former.next.series == sr && len(former.next.chunks) > 0 {
		s.former = former.next
		return s.former
	}
	e := s.find(sr)
	if former != nil {
		former.next = e
	}
	s.former = e
	return e
}

// find looks a series up, and makes an entry for a new one. Should two identities ever share a
// hash, the second gets the next free number as its ID.
func (s *Store) find(sr *series.Series) *entry {
	id := sr.ID
	for {
		e, ok := s.entries[id]
		if !ok {
			return s.create(id, sr)
		}
		if e.series.SameIdentity(sr) {
			return e
		}
		id++
	}
}

func (s *Store) create(id uint64, sr *series.Series) *entry {
	if id != sr.ID {
		twin := *sr
		twin.ID = id
		sr = &twin
	}
	s.created++
	e := &entry{series: sr, created: s.created}
	s.entries[id] = e
	m := s.byMetric[sr.Metric]
	if m == nil {
		m = &metric{name: sr.Metric}
		s.byMetric[sr.Metric] = m
		s.metrics = append(s.metrics, m)
	}
	m.entries = append(m.entries, e)
	for _, sub := range s.feeds {
		if sub.query.Matches(sr) {
			e.feeds = append(e.feeds, sub)
		}
	}
	return e
}

// Stats says how much a store holds.
type Stats struct {
	Series, Points int
}

// Stats returns the present size.
func (s *Store) Stats() Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Stats{Series: len(s.entries), Points: s.held.points}
}
