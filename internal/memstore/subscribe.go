package memstore

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Subscribe opens a live feed of the samples of every series that matches the query, those
// that appear later included; activity and limit of the query play no part. After each
// delivery a signal goes to wake, which must have a buffer. The reader closes the feed. What
// arrives before Subscribe has returned may be in the feed, too.
func (s *Store) Subscribe(q series.Query, wake chan<- struct{}) (*series.Feed, error) {
	sub := &subscription{query: q}
	sub.feed = series.NewFeed(s.options.FeedLimit, wake, s.unsubscribe)
	s.mu.Lock()
	s.feeds[sub.feed] = sub
	sub.after = s.created
	s.mu.Unlock()
	visitMatching(s.lists(q.Metric), &q, func(some []*entry) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range some {
			if e.created <= sub.after {
				e.feeds = append(e.feeds, sub)
			}
		}
		return nil
	})
	return sub.feed, nil
}

func (s *Store) unsubscribe(f *series.Feed) {
	s.mu.Lock()
	sub := s.feeds[f]
	delete(s.feeds, f)
	s.mu.Unlock()
	visitMatching(s.lists(sub.query.Metric), &sub.query, func(some []*entry) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range some {
			if i := slices.Index(e.feeds, sub); i >= 0 {
				last := len(e.feeds) - 1
				e.feeds[i] = e.feeds[last]
				e.feeds[last] = nil
				e.feeds = e.feeds[:last]
			}
		}
		return nil
	})
}

// lists returns the series of the metrics that match a name or pattern. The lists may be read
// without the lock.
func (s *Store) lists(pattern string) (lists [][]*entry) {
	var matching []*metric
	s.mu.RLock()
	all := s.metrics
	if m := s.byMetric[pattern]; m != nil {
		matching = append(matching, m)
	}
	s.mu.RUnlock()
	if series.IsPattern(pattern) {
		matching = matching[:0]
		for _, m := range all {
			if series.MatchPattern(pattern, m.name) {
				matching = append(matching, m)
			}
		}
	}
	for some := range slices.Chunk(matching, part) {
		s.mu.RLock()
		for _, m := range some {
			lists = append(lists, m.entries)
		}
		s.mu.RUnlock()
	}
	return lists
}

// visitMatching calls visit with the entries that match a query, some at a time. It needs no
// lock: neither the lists nor the identity of a series change.
func visitMatching(lists [][]*entry, q *series.Query, visit func(some []*entry) error) error {
	some := make([]*entry, 0, part)
	for _, list := range lists {
		for _, e := range list {
			if !q.Matches(e.series) {
				continue
			}
			if some = append(some, e); len(some) == part {
				if err := visit(some); err != nil {
					return err
				}
				some = some[:0]
			}
		}
	}
	return visit(some)
}
