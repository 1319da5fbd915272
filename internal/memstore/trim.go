package memstore

import (
	"cmp"
	"slices"
)

// expire drops what is older than the limit of age. It looks at every series, so it does
// so only when a sixteenth of that age has passed since the last time. When the clock has been
// set back, what it took for too old is not any more.
func (s *Store) expire(now int64) {
	age := s.options.MaxAge.Milliseconds()
	step := max(age/16, 1)
	switch {
	case age == 0:
	case now < s.nextTrim-step:
		s.oldest = min(s.oldest, now-age)
		s.nextTrim = now + step
	case now >= s.nextTrim:
		s.nextTrim = now + step
		s.dropBefore(now - age)
	}
}

// shrink drops the oldest points, whatever their series, until an eighth of the limit
// of size is free, so that the work is rare.
func (s *Store) shrink() {
	type part struct {
		last   int64
		weight int
	}
	var parts []part
	for _, e := range s.entries {
		for i := range e.chunks {
			// A chunk of a busy series goes in quarters, so that one chunk for each series
			// does not mean all or nothing.
			c := &e.chunks[i]
			n := len(c.times)
			step := max(1, n/4)
			for from := 0; from < n; from += step {
				to := min(from+step, n)
				parts = append(parts, part{c.times[to-1], c.weight(from, to)})
			}
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.last, b.last) })
	keep := s.options.MaxPoints - s.options.MaxPoints/8
	left := s.held.weight
	horizon := s.oldest
	for _, p := range parts {
		if left <= keep {
			break
		}
		left -= p.weight
		horizon = p.last + 1
	}
	s.dropBefore(horizon)
}

// dropBefore drops the points before a time, and the series that have none left. Such
// points are refused from then on.
func (s *Store) dropBefore(t int64) {
	if t <= s.oldest {
		return
	}
	s.oldest = t
	thinned := make(map[string]bool) // metrics that lose series
	for id, e := range s.entries {
		dropped := e.dropBefore(t)
		s.held.add(size{-dropped.points, -dropped.weight})
		if len(e.chunks) == 0 {
			delete(s.entries, id)
			thinned[e.series.Metric] = true
		}
	}
	for metric := range thinned {
		left := slices.DeleteFunc(s.byMetric[metric], func(e *entry) bool { return len(e.chunks) == 0 })
		if s.byMetric[metric] = left; len(left) == 0 {
			delete(s.byMetric, metric)
		}
	}
}
