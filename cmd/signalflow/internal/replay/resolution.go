package replay

import (
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// steps are the distances between points that a series can have, besides whole hours
// (language.md 4.3).
var steps = []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// firstPoints is how many points of each series tell its step.
const firstPoints = 100

// Resolution returns how far the points of a live recording are apart: of each series the most
// frequent distance, of all series the longest; 0 if nothing tells. A job that begins before
// its data cannot see that, and would run once a second.
func (r *Recording) Resolution() time.Duration {
	times := map[*series.Series][]int64{}
	for _, s := range r.waiting {
		if t := times[s.Series]; len(t) < firstPoints {
			times[s.Series] = append(t, s.Time)
		}
	}
	var longest time.Duration
	for _, t := range times {
		longest = max(longest, step(t))
	}
	return longest
}

// step returns the most frequent distance between times, the shorter of two.
func step(times []int64) (most time.Duration) {
	slices.Sort(times)
	counts := map[time.Duration]int{}
	for i := 1; i < len(times); i++ {
		counts[roundUp(time.Duration(times[i]-times[i-1])*time.Millisecond)]++
	}
	for d, n := range counts {
		if n > counts[most] || n == counts[most] && d < most {
			most = d
		}
	}
	return most
}

// roundUp returns the next step; a tenth more than one still counts as it, since times jitter.
func roundUp(d time.Duration) time.Duration {
	for _, s := range steps {
		if d <= s+s/10 {
			return s
		}
	}
	return (d - d/10 + time.Hour - 1).Truncate(time.Hour)
}
