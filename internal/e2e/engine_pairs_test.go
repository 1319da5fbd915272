package e2e

import (
	"fmt"
	"math"
	"time"
)

// enginePair is one computation in both languages.
type enginePair struct {
	name    string
	program string // of ours; its output has no label
	query   string // of the peers
	signals []signal

	// Where the languages define a function differently, equal is the query that computes what
	// the program does, and low and high are what the query must lie between. Empty: there is no
	// difference.
	equal, low, high string

	// byRank compares the values of a slot in their order, not by series: of equal values either
	// may be chosen.
	byRank bool

	rangeGoal float64 // the CPU time of the better peer over ours, for a range
	slotGoal  float64 // ns for each series and slot, 0: none
	noRange   bool    // a range of it takes the peers minutes
}

// enginePairs returns the computations over n series.
func enginePairs(n int) []enginePair {
	return []enginePair{
		{
			name:      "mean-by-host",
			program:   "data('cpu').mean(by=['host']).publish()",
			query:     "avg by (host) (cpu)",
			signals:   []signal{cpuSignal},
			rangeGoal: 12, slotGoal: 25,
		},
		{
			// The rate of PromQL knows the increments between the points of the window, 29 of
			// them, and extrapolates to its edges. Ours has all 30, the one from the point
			// before the window included; so has the difference of two points 5 minutes apart.
			name:      "sum-of-rates",
			program:   "data('requests', rollup='delta').sum(over='5m').sum(by=['service']).scale(1/300).publish()",
			query:     "sum by (service) (rate(requests[5m]))",
			signals:   []signal{requestSignal},
			equal:     "sum by (service) (requests - requests offset 5m) / 300",
			low:       "sum by (service) (requests - requests offset 5m) / 300 * 30/29 * (1 - 1/14)",
			high:      "sum by (service) (requests - requests offset 5m) / 300 * 30/29",
			rangeGoal: 8,
		},
		{
			// A percentile is an element of the sorted values, a quantile lies on the line
			// between two.
			name:      "percentile",
			program:   "data('cpu').percentile(95).publish()",
			query:     "quantile(0.95, cpu)",
			signals:   []signal{cpuSignal},
			equal:     fmt.Sprintf("quantile(%v, cpu)", quantileAt(n, 0)),
			low:       fmt.Sprintf("quantile(%v, cpu)", quantileAt(n, -1)),
			high:      fmt.Sprintf("quantile(%v, cpu)", quantileAt(n, 0)),
			rangeGoal: 4, slotGoal: 60,
		},
		{
			name:      "top",
			program:   "data('cpu').top(10).publish()",
			query:     "topk(10, cpu)",
			signals:   []signal{cpuSignal},
			byRank:    true,
			rangeGoal: 5, slotGoal: 25,
		},
		{
			// A window of PromQL has no left edge, and one of ours ends with its slot: both
			// hold the same 360 points.
			name:      "mean-over-1h",
			program:   "data('cpu').mean(over='1h').publish()",
			query:     "avg_over_time(cpu[1h])",
			signals:   []signal{cpuSignal},
			rangeGoal: 80, slotGoal: 25,
		},
		{
			name:      "ratio",
			program:   "A = data('cpu')\nB = data('load')\n(A/B).publish()",
			query:     "cpu / on (host, core) load",
			signals:   []signal{cpuSignal, loadSignal},
			equal:     "cpu / on (host, core, service) load", // ours keeps the other dimensions
			rangeGoal: 8,
		},
		rollingPercentile("10m", 10*time.Minute, n),
		rollingPercentile("1h", time.Hour, n),
	}
}

// quantileAt returns the quantile that is the element of n sorted values which the 95th percentile
// is (language.md 5.4), or another one so many places away.
func quantileAt(n, away int) float64 {
	return (math.Floor(float64(n)*0.95) + float64(away)) / float64(n-1)
}

// rollingPercentile is a percentile over time. The peers sort the window of each series in each
// slot, so a long window over many series is measured in single slots only.
func rollingPercentile(window string, d time.Duration, cores int) enginePair {
	query := func(quantile float64) string { return fmt.Sprintf("quantile_over_time(%v, cpu[%s])", quantile, window) }
	n := int(d / scrape)
	return enginePair{
		name:     "percentile-over-" + window,
		program:  fmt.Sprintf("data('cpu').percentile(95, over='%s').publish()", window),
		query:    query(0.95),
		signals:  []signal{cpuSignal},
		equal:    query(quantileAt(n, 0)),
		low:      query(quantileAt(n, -1)),
		high:     query(quantileAt(n, 0)),
		slotGoal: 60,
		noRange:  n*cores > 100_000,
	}
}
