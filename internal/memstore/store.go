// Package memstore keeps raw points of time series in memory and serves them to jobs:
// selection by metric and filter, reads over a stretch of time, and live feeds.
//
// It is bounded by size and, if wished, by age. Points may come late, out of order and
// twice; of two points of one series with the same time the later arrival stays.
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
	byMetric map[string][]*entry
	created  uint64 // serial number of the youngest entry
	held     size
	oldest   int64 // points before this time are refused: age or size has dropped their like
	nextTrim int64 // when age is to be looked at again
	feeds    map[*series.Feed]*subscription
	touched  []*subscription // of the Append that runs
}

// entry is one series with its points.
type entry struct {
	series  *series.Series
	created uint64
	chunks  []chunk // never empty; times rise within a chunk and from chunk to chunk
	feeds   []*subscription
	bounds  []float64 // of the newest distribution, which the next one shares if they are equal
}

// size is how much is held: points, and what they weigh in the limit of size.
type size struct{ points, weight int }

func (s *size) add(more size) {
	s.points += more.points
	s.weight += more.weight
}

// subscription is a feed with the samples that the Append in progress has for it.
type subscription struct {
	query   series.Query
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
		byMetric: make(map[string][]*entry),
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
// caller must not change them.
func (s *Store) Append(samples ...series.Sample) (refused int) {
	now := s.options.Now().UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	for i := range samples {
		sample := samples[i]
		if !valid(&sample) || sample.Time < s.oldest {
			refused++
			continue
		}
		if sample.Arrival == 0 {
			sample.Arrival = now
		}
		e := s.entry(sample.Series)
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
	if s.held.weight > s.options.MaxPoints {
		s.shrink()
	}
	for _, sub := range s.touched {
		sub.feed.Offer(sub.pending)
		sub.pending = sub.pending[:0]
	}
	s.touched = s.touched[:0]
	return refused
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

// entry returns the entry of a series, a new one if need be. Should two identities ever
// share a hash, the second gets the next free number as its ID.
func (s *Store) entry(sr *series.Series) *entry {
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
	s.byMetric[sr.Metric] = append(s.byMetric[sr.Metric], e)
	for _, sub := range s.feeds {
		if sub.query.Matches(sr) {
			e.feeds = append(e.feeds, sub)
		}
	}
	return e
}

// Subscribe opens a live feed of the samples of every series that matches the query, those
// that appear later included; activity and limit of the query play no part. After each
// delivery a signal goes to wake, which must have a buffer. The reader closes the feed.
func (s *Store) Subscribe(q series.Query, wake chan<- struct{}) (*series.Feed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := &subscription{query: q}
	sub.feed = series.NewFeed(s.options.FeedLimit, wake, s.unsubscribe)
	s.feeds[sub.feed] = sub
	s.visitMetrics(q.Metric, func(e *entry) {
		if sub.query.Matches(e.series) {
			e.feeds = append(e.feeds, sub)
		}
	})
	return sub.feed, nil
}

func (s *Store) unsubscribe(f *series.Feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.feeds[f]
	delete(s.feeds, f)
	s.visitMetrics(sub.query.Metric, func(e *entry) {
		for i, other := range e.feeds {
			if other == sub {
				last := len(e.feeds) - 1
				e.feeds[i] = e.feeds[last]
				e.feeds[last] = nil
				e.feeds = e.feeds[:last]
				return
			}
		}
	})
}

// visitMetrics calls visit for every entry whose metric matches a name or pattern.
func (s *Store) visitMetrics(metric string, visit func(*entry)) {
	if !series.IsPattern(metric) {
		for _, e := range s.byMetric[metric] {
			visit(e)
		}
		return
	}
	for name, entries := range s.byMetric {
		if series.MatchPattern(metric, name) {
			for _, e := range entries {
				visit(e)
			}
		}
	}
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
