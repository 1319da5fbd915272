package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// fetch reads the series of a data() call (language.md 4.4, 4.5, 5.2), whose values are kept for some ms.
func (r *run) fetch(op *graph.Fetch, shift, hold int64) *table {
	q := series.Query{Metric: op.Metric, Filter: op.Filter}
	return r.read(op, shift, hold, q.Matches)
}

// read makes a stream of the series that are accepted.
func (r *run) read(op *graph.Fetch, shift, hold int64, accepts func(*series.Series) bool) *table {
	t := r.stream()
	t.source = op.Metric
	for _, s := range r.order {
		if accepts(s) {
			lives, bySlot := r.lives(s, r.origin-shift, hold)
			for _, l := range lives {
				t.rows = append(t.rows, r.roll(op, s, l, bySlot))
			}
		}
	}
	return t
}

// life is a stretch of slots in which a series is a member.
type life struct {
	joins, leaves int
	before        Value // the point that the first one is compared with
}

// lives returns when a series is a member, and its points by slot (language.md 4.7). Of one that has a
// point before slot 0 the first life begins there, else with its first point, but not later than
// with the first slot that is sent. It ends when the series has been silent for too long at the
// end of a slot, and another one begins with the next point.
func (r *run) lives(s *series.Series, origin, hold int64) (lives []life, bySlot [][]Point) {
	quiet := int64(24 * time.Hour / time.Millisecond)
	if r.Inactivity > 0 {
		quiet = r.Inactivity.Milliseconds()
	}
	if quiet = max(quiet, 2*r.step); hold > 0 {
		quiet = max(quiet, hold+2*r.step) // to the end of the last slot that has something of it
	}
	bySlot = make([][]Point, r.slots)
	var last int64 // time of the last point
	found := false
	for _, p := range r.data[s] {
		slot := (p.Time - origin) / r.step
		switch {
		case p.Time >= origin && slot < int64(r.slots):
			bySlot[slot] = append(bySlot[slot], p)
			found = true
		case p.Time < origin && p.Time >= origin-quiet:
			lives, last = []life{{0, r.slots, number(p.Value)}}, p.Time
		}
	}
	active := len(lives) > 0
	last = max(last, origin-quiet+r.step+1) // it stays for slot 0 at least
	for slot := range r.slots {
		begin := origin + int64(slot)*r.step
		switch points := bySlot[slot]; {
		case len(points) > 0:
			if !active {
				lives, active = append(lives, life{joins: slot, leaves: r.slots}), true
			}
			last = points[len(points)-1].Time
		case active && begin+r.step >= last+quiet:
			lives[len(lives)-1].leaves, active = slot, false
		case slot == r.sent && found && len(lives) == 0:
			lives, active, last = []life{{joins: slot, leaves: r.slots}}, true, begin
		}
	}
	return lives, bySlot
}

// roll makes one life of a series out of its points.
func (r *run) roll(op *graph.Fetch, s *series.Series, l life, bySlot [][]Point) row {
	x := r.empty(pairs(s.Dimensions), s.Metric, l.joins)
	x.leaves = l.leaves
	x.metas = slices.Repeat([]Labels{pairs(s.Metadata())}, r.slots)
	before := l.before
	for slot := l.joins; slot < l.leaves; slot++ {
		points := bySlot[slot]
		x.values[slot] = r.rollUp(op.Rollup, s.Type, points, before)
		if len(points) > 0 {
			before = number(points[len(points)-1].Value)
		} else if op.Rollup == graph.RollupCount {
			x.values[slot] = number(0)
		}
	}
	extrapolate(op, &x)
	return x
}

// path reads the series of graphite() and newrelic(): a pattern that is matched node by node, and nodes
// that become dimensions (language.md 5.2).
func (r *run) path(op *graph.PathFetch, shift, hold int64) (*table, error) {
	separator := map[graph.PathFunc]string{graph.Graphite: ".", graph.NewRelic: "/"}[op.Func]
	pattern, err := regexp.Compile("^" + nodePattern(op.Fetch.Metric, separator) + "$")
	if err != nil {
		return nil, err
	}
	t := r.read(&op.Fetch, shift, hold, func(s *series.Series) bool {
		return pattern.MatchString(s.Metric) && (op.Fetch.Filter == nil || op.Fetch.Filter.Matches(s))
	})
	for i := range t.rows {
		x := &t.rows[i]
		nodes := Labels{}
		for at, node := range strings.Split(x.metric, separator) {
			if op.Positions == nil {
				nodes[fmt.Sprint("node", at)] = node
			}
			for _, b := range op.Positions {
				if b.Position == at {
					nodes[b.Name] = node
				}
			}
		}
		x.key = union(nodes, x.key)
		for slot := range x.metas {
			x.metas[slot] = union(nodes, x.metas[slot])
		}
	}
	return t, nil
}

// nodePattern writes a pattern of nodes as a regular expression: a star stays within its node, and so do
// classes and lists.
func nodePattern(text, separator string) string {
	within := "[^" + separator + "]*"
	var b strings.Builder
	list := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*':
			b.WriteString(within)
		case c == '[':
			end := i + strings.IndexByte(text[i:], ']')
			b.WriteString(text[i : end+1])
			i = end
		case c == '{':
			b.WriteString("(?:")
			list = true
		case c == '}':
			b.WriteString(")")
			list = false
		case c == ',' && list:
			b.WriteString("|")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// rollUp makes one value of the points of a slot (language.md 4.4).
func (r *run) rollUp(f graph.Rollup, kind series.Type, points []Point, before Value) Value {
	if len(points) == 0 {
		return none
	}
	if f == graph.RollupDefault {
		f = map[series.Type]graph.Rollup{series.Gauge: graph.RollupAverage, series.Counter: graph.RollupSum,
			series.CumulativeCounter: graph.RollupDelta}[kind]
	}
	values := make([]Value, len(points))
	lags := make([]Value, len(points))
	for i, p := range points {
		values[i], lags[i] = number(p.Value), number(float64(p.Lag))
	}
	last := values[len(values)-1]
	switch f {
	case graph.RollupAverage:
		return reduce(graph.Mean, 0, values)
	case graph.RollupSum:
		return sum(values...)
	case graph.RollupMin:
		return reduce(graph.Min, 0, values)
	case graph.RollupMax:
		return reduce(graph.Max, 0, values)
	case graph.RollupCount:
		return number(float64(len(points)))
	case graph.RollupLatest:
		return last
	case graph.RollupRate:
		total := sum(values...)
		if kind == series.CumulativeCounter {
			total = increments(before, values)
		}
		return binary(graph.Divide, total, number(r.seconds()))
	case graph.RollupDelta:
		switch kind {
		case series.CumulativeCounter:
			return increments(before, values)
		case series.Counter:
			return sum(values...)
		}
		return binary(graph.Subtract, last, before)
	}
	return reduce(graph.Mean, 0, lags) // lag
}

// increments adds up the steps of a running total; one down is a new start from zero.
func increments(before Value, values []Value) Value {
	total := none
	for _, v := range values {
		if before.State == Number {
			step := v.X - before.X
			if step < 0 {
				step = max(v.X, 0)
			}
			if total.State == None {
				total = number(0)
			}
			total = sum(total, rounded(step, 0))
		}
		before = v
	}
	return total
}

// extrapolate fills slots without a value (language.md 4.5).
func extrapolate(op *graph.Fetch, x *row) {
	last, filled := none, 0
	for slot := x.joins; slot < x.leaves; slot++ {
		v := &x.values[slot]
		switch {
		case v.State != None:
			last, filled = *v, 0
		case op.MaxExtrapolations >= 0 && filled >= op.MaxExtrapolations:
		case op.Extrapolation == graph.ExtrapolateZero:
			*v = number(0)
			filled++
		case op.Extrapolation == graph.ExtrapolateLastValue && last.State != None:
			*v = last
			filled++
		}
	}
}
