package replay

import (
	"maps"
	"slices"
	"time"
)

// span gathers when the points of a recording are.
type span struct {
	months map[int64]*cluster // by time
	newest *cluster           // of the last point: most points are near the one before
	number int64
}

// cluster is some points that lie near one another.
type cluster struct {
	first, last int64 // ms
	points      int
}

const (
	month = int64(30 * 24 * time.Hour / time.Millisecond)
	year  = 12 * month

	// strayShare is how many times fewer strays are than what lies together elsewhere, if they
	// are not alone.
	strayShare = 10
)

func (s *span) add(t int64) {
	number := t / month
	if s.newest == nil || number != s.number {
		if s.months == nil {
			s.months = map[int64]*cluster{}
		}
		if s.months[number] == nil {
			s.months[number] = &cluster{first: t, last: t}
		}
		s.newest, s.number = s.months[number], number
	}
	c := s.newest
	c.first, c.last = min(c.first, t), max(c.last, t)
	c.points++
}

// settle writes down where the points are, and those that lie far from all others and are few.
func (s *span) settle(r *Recording) {
	var clusters []*cluster
	for _, number := range slices.Sorted(maps.Keys(s.months)) {
		c := s.months[number]
		if n := len(clusters); n > 0 && c.first-clusters[n-1].last <= year {
			clusters[n-1].last = c.last
			clusters[n-1].points += c.points
			continue
		}
		clusters = append(clusters, c)
	}
	most := 0
	for _, c := range clusters {
		most = max(most, c.points)
	}
	var strays []*cluster
	clusters = slices.DeleteFunc(clusters, func(c *cluster) bool {
		few := c.points*strayShare < most || c.points == 1 && most > 2
		if few {
			strays = append(strays, c)
			r.Strays += c.points
		}
		return few
	})
	r.First, r.Last = at(clusters[0].first), at(clusters[len(clusters)-1].last)
	if r.Strays > 0 {
		r.FirstStray, r.LastStray = at(strays[0].first), at(strays[len(strays)-1].last)
	}
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
