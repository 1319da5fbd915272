package demo

import (
	"context"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Source has the points of a shop at any time up to the present, since it makes them up when
// they are read, and offers those of the present as they come. It holds none. Its methods may be
// called concurrently.
type Source struct {
	shop   *Shop
	now    func() time.Time
	places map[uint64]place // by the identity of the series
	all    []*series.Series

	mu    sync.Mutex
	feeds map[*series.Feed]series.Query
}

// place is where a series is in the shop.
type place struct {
	service *service
	metric  *metric
}

// NewSource returns a Source of a shop, which nobody else may use from then on. The clock tells
// the present; nil: time.Now.
func NewSource(shop *Shop, now func() time.Time) *Source {
	if now == nil {
		now = time.Now
	}
	s := &Source{shop: shop, now: now, places: map[uint64]place{}, all: shop.Series(), feeds: map[*series.Feed]series.Query{}}
	for _, sv := range shop.services {
		for i := range sv.metrics {
			s.places[sv.metrics[i].series.ID] = place{sv, &sv.metrics[i]}
		}
	}
	return s
}

// Select returns the series that match a query; all have been active at any time of the past.
func (s *Source) Select(ctx context.Context, q series.Query) (series.Selection, error) {
	var found series.Selection
	if err := ctx.Err(); err != nil {
		return found, err
	}
	if q.From != 0 && q.From > s.now().UnixMilli() {
		return found, nil
	}
	for _, sr := range s.all {
		if !q.Matches(sr) {
			continue
		}
		found.Matched++
		if q.Limit == 0 || len(found.Series) < q.Limit {
			found.Series = append(found.Series, sr)
		}
	}
	return found, nil
}

// Read calls visit once for each series of the list that has points in the range and not after
// the present, with its index and those points, which visit must not keep.
func (s *Source) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(i int, p series.Points) error) error {
	end := min(r.To, s.now().UnixMilli()+1)
	wanted := map[*service][]int{} // places in the list
	for i, sr := range list {
		if at, ok := s.places[sr.ID]; ok {
			wanted[at.service] = append(wanted[at.service], i)
		}
	}
	var moments []moment // of one service
	var p series.Points  // reused
	for _, sv := range s.shop.services {
		if len(wanted[sv]) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		moments = s.shop.moments(moments[:0], sv, r.From, end)
		for _, i := range wanted[sv] {
			of := s.places[list[i].ID]
			p.Times, p.Values, p.Distributions = p.Times[:0], p.Values[:0], p.Distributions[:0]
			s.lookback(&p, of, r, end)
			for k := range moments {
				of.metric.appendTo(&p, &moments[k])
			}
			if p.Len() == 0 {
				continue
			}
			if err := visit(i, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// moments appends those of the times of points from one time up to another, ms.
func (s *Shop) moments(moments []moment, sv *service, from, to int64) []moment {
	for t := s.next(time.UnixMilli(from)); t.UnixMilli() < to; t = t.Add(s.o.Interval) {
		moments = append(moments, s.moment(sv, t.UnixNano()))
	}
	return moments
}

// lookback adds the newest point before the range, if one is asked for.
func (s *Source) lookback(p *series.Points, of place, r series.Range, end int64) {
	if r.Lookback <= 0 {
		return
	}
	step := s.shop.o.Interval
	first := s.shop.next(time.UnixMilli(r.From - r.Lookback))
	t := s.shop.next(time.UnixMilli(min(r.From, end))).Add(-step)
	for ; !t.Before(first); t = t.Add(-step) {
		m := s.shop.moment(of.service, t.UnixNano())
		if of.metric.appendTo(p, &m) {
			return
		}
	}
}

// appendTo adds the point of a time to others, and reports whether there is one.
func (x *metric) appendTo(p *series.Points, m *moment) bool {
	v, spread, ok := x.point(m)
	if !ok {
		return false
	}
	p.Times, p.Values = append(p.Times, m.ns/1e6), append(p.Values, v)
	if spread != nil {
		p.Distributions = append(p.Distributions, spread)
	}
	return true
}

// feedLimit is the most samples that wait in a feed.
const feedLimit = 1 << 16

// Subscribe opens a feed of the samples of Run for every series that matches the query.
func (s *Source) Subscribe(q series.Query, wake chan<- struct{}) (*series.Feed, error) {
	feed := series.NewFeed(feedLimit, wake, func(f *series.Feed) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.feeds, f)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feeds[feed] = q
	return feed, nil
}

// Run offers the points of each interval to the feeds when its time comes, until ctx ends.
func (s *Source) Run(ctx context.Context) { s.shop.Run(ctx, s, time.Now().Add(1), time.Time{}) }

// Append implements Store: it hands samples of the present to the feeds.
func (s *Source) Append(samples ...series.Sample) (refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for feed, q := range s.feeds {
		var wanted []series.Sample
		for i := range samples {
			if q.Matches(samples[i].Series) {
				wanted = append(wanted, samples[i])
			}
		}
		if len(wanted) > 0 {
			feed.Offer(wanted)
		}
	}
	return 0
}
