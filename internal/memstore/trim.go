package memstore

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// expire drops what is older than the limit of age. It looks at every series, so it does
// so only when a sixteenth of that age has passed since the last time.
func (s *Store) expire(now int64) {
	age := s.options.MaxAge.Milliseconds()
	if age > 0 && s.trimDue(now, age) {
		s.trimming.Lock()
		defer s.trimming.Unlock()
		s.dropBefore(now - age)
	}
}

// trimDue reports whether it is time to look at the age of all points. When the clock has been
// set back, what it took for too old is not any more.
func (s *Store) trimDue(now, age int64) bool {
	step := max(age/16, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	back := now < s.nextTrim-step
	if !back && now < s.nextTrim {
		return false
	}
	if back {
		s.oldest = min(s.oldest, now-age)
	}
	s.nextTrim = now + step
	return !back
}

// tooFar is how far ahead of the clock a point is, ms, if it is to be among the first to go.
const tooFar = int64(24 * time.Hour / time.Millisecond)

// shrink drops points until an eighth of the limit of size is free, so that the work is rare: first
// those that lie too far ahead, the farthest first, for what a sender with a wrong clock leaves
// would never be the oldest; then the oldest, whatever their series. Others may append meanwhile,
// one part each before they come here, too.
func (s *Store) shrink(now int64) {
	s.trimming.Lock()
	defer s.trimming.Unlock()
	s.mu.RLock()
	left := s.held.weight
	s.mu.RUnlock()
	if left <= s.options.MaxPoints { // somebody else was here
		return
	}
	runs := s.runs()
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.last, b.last) })
	keep := s.options.MaxPoints - s.options.MaxPoints/8
	n, end := len(runs), now+tooFar
	for ; n > 0 && left > keep && runs[n-1].last > end; n-- {
		left -= runs[n-1].weight
	}
	if n < len(runs) {
		s.dropFrom(max(end, runs[n].first))
	}
	horizon := int64(math.MinInt64)
	for _, r := range runs[:n] {
		if left <= keep {
			break
		}
		left -= r.weight
		horizon = r.last + 1
	}
	s.dropBefore(horizon)
}

// run is a part of a chunk.
type run struct {
	first, last int64 // times of its ends
	weight      int
}

// runs returns all points in runs. A chunk of a busy series goes in quarters, so that one chunk
// for each series does not mean all or nothing.
func (s *Store) runs() []run {
	var runs []run
	s.visitAll(func(some []*entry) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		for _, e := range some {
			for i := range e.chunks {
				c := &e.chunks[i]
				n := len(c.times)
				step := max(1, n/4)
				for from := 0; from < n; from += step {
					to := min(from+step, n)
					runs = append(runs, run{c.times[from], c.times[to-1], c.weight(from, to)})
				}
			}
		}
	})
	return runs
}

// dropBefore drops the points before a time. Such points are refused from then on. Callers hold
// trimming.
func (s *Store) dropBefore(t int64) {
	s.mu.Lock()
	known := t <= s.oldest
	s.oldest = max(s.oldest, t)
	s.mu.Unlock()
	if !known {
		s.drop(func(e *entry) size { return e.dropBefore(t) })
	}
}

// dropFrom drops the points from a time on. Callers hold trimming.
func (s *Store) dropFrom(t int64) { s.drop(func(e *entry) size { return e.dropFrom(t) }) }

// drop drops some points of each series, and the series that have none left.
func (s *Store) drop(some func(e *entry) size) {
	thinned := make(map[string]bool) // metrics that lose series
	s.visitAll(func(entries []*entry) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range entries {
			if len(e.chunks) == 0 {
				continue
			}
			dropped := some(e)
			s.held.add(size{-dropped.points, -dropped.weight})
			if len(e.chunks) == 0 {
				delete(s.entries, e.series.ID)
				e.next = nil // or those that have gone would keep each other
				thinned[e.series.Metric] = true
			}
		}
	})
	for name := range thinned {
		s.thin(name)
	}
	if len(thinned) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.metrics = without(s.metrics, func(m *metric) bool { return len(m.entries) == 0 })
	}
}

// thin takes the series without points out of the list of a metric.
func (s *Store) thin(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.byMetric[name]
	m.entries = without(m.entries, func(e *entry) bool { return len(e.chunks) == 0 })
	if len(m.entries) == 0 {
		delete(s.byMetric, name)
	}
}

// without makes a new list without some elements: readers may hold the old one.
func without[T any](list []T, gone func(T) bool) []T {
	left := make([]T, 0, len(list))
	for _, x := range list {
		if !gone(x) {
			left = append(left, x)
		}
	}
	return left
}

// visitAll calls visit with all entries, some at a time, without the lock.
func (s *Store) visitAll(visit func(some []*entry)) {
	for _, list := range s.lists("*") {
		for some := range slices.Chunk(list, part) {
			visit(some)
		}
	}
}
