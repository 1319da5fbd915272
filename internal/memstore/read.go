package memstore

import (
	"context"
	"slices"
	"sort"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Select returns the series that match a query; when there are more than its limit, the most
// recently created. Of a series that comes or goes meanwhile it may know or not.
func (s *Store) Select(ctx context.Context, q series.Query) (series.Selection, error) {
	if err := ctx.Err(); err != nil {
		return series.Selection{}, err
	}
	var found []*entry
	err := visitMatching(s.lists(q.Metric), &q, func(some []*entry) error {
		s.mu.RLock()
		defer s.mu.RUnlock()
		for _, e := range some {
			if e.active(q.From, q.To) {
				found = append(found, e)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return series.Selection{}, err
	}
	matched := len(found)
	if q.Limit > 0 && matched > q.Limit {
		slices.SortFunc(found, func(a, b *entry) int { return int(int64(b.created) - int64(a.created)) })
		found = found[:q.Limit]
	}
	selection := series.Selection{Series: make([]*series.Series, len(found)), Matched: matched}
	for i, e := range found {
		selection.Series[i] = e.series
	}
	return selection, nil
}

// active reports whether the entry has a point in [from, to).
func (e *entry) active(from, to int64) bool {
	if from == 0 && to == 0 {
		return len(e.chunks) > 0
	}
	at := sort.Search(len(e.chunks), func(i int) bool { return e.chunks[i].last() >= from })
	if at == len(e.chunks) {
		return false
	}
	c := &e.chunks[at]
	i := sort.Search(len(c.times), func(i int) bool { return c.times[i] >= from })
	return c.times[i] < to
}

// Read calls visit at most once for each series of the list that has points in the range,
// with its index in the list and all of those points, in any order of series. The points
// are the store's own: visit must not change or keep them. The store is not locked
// meanwhile. An error of visit ends the read and is returned.
func (s *Store) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(i int, p series.Points) error) error {
	var joined chunk
	var runs []series.Points
	for i, sr := range list {
		if i%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		runs = s.snapshot(runs[:0], sr, r)
		var p series.Points
		switch len(runs) {
		case 0:
			continue
		case 1:
			p = runs[0]
		default:
			p = joined.join(runs)
		}
		if err := visit(i, p); err != nil {
			return err
		}
	}
	return nil
}

// join makes one run of several, in the memory of a chunk that is only for that.
func (c *chunk) join(runs []series.Points) series.Points {
	*c = chunk{c.times[:0], c.values[:0], c.lags[:0], c.distributions[:0]}
	for _, run := range runs {
		c.times = append(c.times, run.Times...)
		c.values = append(c.values, run.Values...)
		c.lags = append(c.lags, run.Lags...)
		c.distributions = append(c.distributions, run.Distributions...)
	}
	p := series.Points{Times: c.times, Values: c.values, Lags: c.lags}
	if len(c.distributions) > 0 {
		p.Distributions = c.distributions
	}
	return p
}

// snapshot adds the runs of points of a series that lie in a range.
func (s *Store) snapshot(runs []series.Points, sr *series.Series, r series.Range) []series.Points {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.entries[sr.ID]
	if !ok {
		return runs
	}
	at := sort.Search(len(e.chunks), func(i int) bool { return e.chunks[i].last() >= r.From })
	if r.Lookback > 0 {
		runs = e.lookback(runs, at, r)
	}
	for ; at < len(e.chunks); at++ {
		c := &e.chunks[at]
		if c.first() >= r.To {
			break
		}
		i, j := 0, len(c.times)
		if c.first() < r.From {
			i = sort.Search(j, func(i int) bool { return c.times[i] >= r.From })
		}
		if c.last() >= r.To {
			j = sort.Search(j, func(i int) bool { return c.times[i] >= r.To })
		}
		if i < j {
			runs = append(runs, c.run(i, j))
		}
	}
	return runs
}

// lookback adds the newest point before the range, where at is the first chunk that
// reaches into the range.
func (e *entry) lookback(runs []series.Points, at int, r series.Range) []series.Points {
	before := 0 // how many points of chunk at lie before the range
	if at < len(e.chunks) {
		times := e.chunks[at].times
		before = sort.Search(len(times), func(i int) bool { return times[i] >= r.From })
	}
	if before == 0 {
		if at == 0 {
			return runs
		}
		at--
		before = len(e.chunks[at].times)
	}
	c := &e.chunks[at]
	if c.times[before-1] < r.From-r.Lookback {
		return runs
	}
	return append(runs, c.run(before-1, before))
}

func (c *chunk) run(i, j int) series.Points {
	p := series.Points{Times: c.times[i:j:j], Values: c.values[i:j:j], Lags: c.lags[i:j:j]}
	if c.distributions != nil {
		p.Distributions = c.distributions[i:j:j]
	}
	return p
}
