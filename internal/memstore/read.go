package memstore

import (
	"context"
	"slices"

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
	at := reaching(e.chunks, from)
	if at == len(e.chunks) {
		return false
	}
	c := &e.chunks[at]
	return c.times[c.before(from)] < to
}

// Read calls visit at most once for each series of the list that has points in the range,
// with its index in the list and all of those points, in any order of series. The points
// are the store's own: visit must not change or keep them. The store is not locked
// meanwhile. An error of visit ends the read and is returned.
func (s *Store) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(i int, p series.Points) error) error {
	var b batch
	for from := 0; from < len(list); from += batchSeries {
		if from%part == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		s.snapshot(&b, list[from:min(from+batchSeries, len(list))], r)
		for i := range b.ends {
			if p := b.points(i); p.Len() > 0 {
				if err := visit(from+i, p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// batchSeries is how many series are looked up at once: enough for the lock to cost nothing, and
// for the memory of one to come while that of another is waited for.
const batchSeries = 64

// lineValues is how many values lie in a line of a processor's cache.
const lineValues = 8

// batch is what the store holds of some series within a range.
type batch struct {
	entries [batchSeries]*entry
	chunks  [batchSeries][]chunk
	at      [batchSeries]int // the first chunk that reaches into the range
	runs    []series.Points  // of all series, one behind the other
	ends    []int            // by series: where its runs end
	joined  chunk

	touched float64 // of no use: see snapshot
}

// snapshot fills a batch. It goes through the series again for each step on the way to their
// points, and touches these in the end: so a processor waits for the memory of many at once, which
// it cannot when whoever is visited works on one after the other.
func (s *Store) snapshot(b *batch, list []*series.Series, r series.Range) {
	b.runs, b.ends = b.runs[:0], b.ends[:0]
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, sr := range list {
		b.entries[i] = s.entries[sr.ID]
	}
	for i, e := range b.entries[:len(list)] {
		b.chunks[i] = nil
		if e != nil {
			b.chunks[i] = e.chunks
		}
	}
	for i, chunks := range b.chunks[:len(list)] {
		b.at[i] = reaching(chunks, r.From)
	}
	for i, chunks := range b.chunks[:len(list)] {
		b.runs = within(b.runs, chunks, b.at[i], r)
		b.ends = append(b.ends, len(b.runs))
	}
	for i := range b.runs {
		values := b.runs[i].Values
		for k := 0; k < len(values); k += lineValues {
			b.touched += values[k]
		}
	}
}

// points returns the points of series i as one run, which the next call uses again.
func (b *batch) points(i int) series.Points {
	from := 0
	if i > 0 {
		from = b.ends[i-1]
	}
	switch runs := b.runs[from:b.ends[i]]; len(runs) {
	case 0:
		return series.Points{}
	case 1:
		return runs[0]
	default:
		return b.joined.join(runs)
	}
}

// join makes one run of several, in the memory of a chunk that is only for that.
func (c *chunk) join(runs []series.Points) series.Points {
	*c = chunk{times: c.times[:0], values: c.values[:0], lags: c.lags[:0], distributions: c.distributions[:0]}
	every := runs[0].Every
	for i, run := range runs {
		if i > 0 && (run.Every != every || run.Times[0]-c.times[len(c.times)-1] != every) {
			every = 0
		}
		c.times = append(c.times, run.Times...)
		c.values = append(c.values, run.Values...)
		c.lags = append(c.lags, run.Lags...)
		c.distributions = append(c.distributions, run.Distributions...)
	}
	p := series.Points{Times: c.times, Values: c.values, Lags: c.lags, Every: every, First: runs[0].First}
	if len(c.distributions) > 0 {
		p.Distributions = c.distributions
	}
	return p
}

// within adds the runs of points that lie in a range, of chunks of which the one at a place is
// the first to reach into it.
func within(runs []series.Points, chunks []chunk, at int, r series.Range) []series.Points {
	if r.Lookback > 0 {
		runs = lookback(runs, chunks, at, r)
	}
	for ; at < len(chunks); at++ {
		c := &chunks[at]
		if c.first >= r.To {
			break
		}
		if i, j := c.before(r.From), c.before(r.To); i < j {
			runs = append(runs, c.run(i, j))
		}
	}
	return runs
}

// lookback adds the newest point before the range.
func lookback(runs []series.Points, chunks []chunk, at int, r series.Range) []series.Points {
	before := 0 // how many points of chunk at lie before the range
	if at < len(chunks) {
		before = chunks[at].before(r.From)
	}
	if before == 0 {
		if at == 0 {
			return runs
		}
		at--
		before = len(chunks[at].times)
	}
	c := &chunks[at]
	if c.times[before-1] < r.From-r.Lookback {
		return runs
	}
	return append(runs, c.run(before-1, before))
}

func (c *chunk) run(i, j int) series.Points {
	p := series.Points{Times: c.times[i:j:j], Values: c.values[i:j:j], Lags: c.lags[i:j:j], Every: c.every, First: c.first + int64(i)*c.every}
	if c.distributions != nil {
		p.Distributions = c.distributions[i:j:j]
	}
	return p
}
