package engine_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The model is a second reading of the specification, as plain as it can be: a stream is a
// table of series and slots, every operator a loop over all of it. Random programs over random
// points must give the same through it as through the compiler, the engine and the store.

// modelStep is the slot length of the model, two points of a series may lie in one slot.
const modelStep = 10 * second

// table is a stream: all of its series, over all slots of a run.
type table []row

type row struct {
	key    labels
	metas  []labels // by slot: every pair known of it, the key included
	metric string
	joins  int        // the first slot in which the series is a member
	values []*float64 // by slot
}

type labels = map[string]string

// model holds what a run of it is about; slot 0 is the first one that is read.
type model struct {
	points map[*series.Series][]series.Point
	slots  int // all
	sent   int // the first one that is sent
}

// expr is a random program: its text, and what it means.
type expr struct {
	text    string
	preroll int // slots that its windows reach back
	eval    func(m *model) table
}

func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func truth(b bool) *float64 {
	if b {
		return number(1)
	}
	return number(0)
}

// empty is a row without a value yet, of which only the key is known.
func (m *model) empty(key labels, metric string, joins int) row {
	return row{key, slices.Repeat([]labels{key}, m.slots), metric, joins, make([]*float64, m.slots)}
}

// sorted returns the series in a fixed order, on which sums and random choices depend.
func sorted(points map[*series.Series][]series.Point) []*series.Series {
	return slices.SortedFunc(maps.Keys(points), func(a, b *series.Series) int { return cmp.Compare(a.ID, b.ID) })
}

// union returns the pairs of both; where a name has two values, that of a.
func union(a, b labels) labels {
	all := labels{}
	maps.Copy(all, b)
	maps.Copy(all, a)
	return all
}

// shared returns the pairs that both have.
func shared(a, b labels) labels {
	both := labels{}
	for name, v := range a {
		if w, ok := b[name]; ok && v == w {
			both[name] = v
		}
	}
	return both
}

// ---- data() (4.4, 4.5) ----

type dataCall struct {
	metric, rollup, extrapolation string
	limit                         int
	filter                        string
	selects                       func(*series.Series) bool
}

func (d dataCall) expr() expr {
	text := fmt.Sprintf("data('%s', resolution='10s'", d.metric)
	if d.filter != "" {
		text += ", filter=" + d.filter
	}
	if d.rollup != "" {
		text += fmt.Sprintf(", rollup='%s'", d.rollup)
	}
	if d.extrapolation != "" {
		text += fmt.Sprintf(", extrapolation='%s', maxExtrapolations=%d", d.extrapolation, d.limit)
	}
	return expr{text: text + ")", eval: d.eval}
}

func (d dataCall) eval(m *model) (t table) {
	for _, s := range sorted(m.points) {
		points := m.points[s]
		if d.metric != "*" && d.metric != s.Metric || d.selects != nil && !d.selects(s) {
			continue
		}
		key := labels{}
		for _, l := range s.Dimensions {
			key[l.Name] = l.Value
		}
		r := m.empty(key, s.Metric, m.sent)
		var before *float64
		bySlot := make([][]float64, m.slots)
		start := epoch.UnixMilli() - int64(m.sent)*modelStep
		for _, p := range points {
			if p.Time < start {
				before, r.joins = number(p.Value), 0
				continue
			}
			slot := int((p.Time - start) / modelStep)
			if slot < m.slots {
				r.joins = min(r.joins, slot)
				bySlot[slot] = append(bySlot[slot], p.Value)
			}
		}
		for slot, values := range bySlot {
			r.values[slot] = d.roll(s.Type, values, &before)
			if r.values[slot] == nil && d.rollup == "count" && slot >= r.joins {
				r.values[slot] = number(0)
			}
		}
		d.extrapolate(&r)
		t = append(t, r)
	}
	return t
}

func (d dataCall) roll(kind series.Type, values []float64, before **float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	rollup := d.rollup
	if rollup == "" {
		rollup = [...]string{series.Gauge: "average", series.Counter: "sum", series.CumulativeCounter: "delta"}[kind]
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	last := values[len(values)-1]
	var increments *float64
	if kind == series.CumulativeCounter {
		for i, v := range values {
			from := *before
			if i > 0 {
				from = number(values[i-1])
			}
			if from == nil {
				continue
			}
			step := v - *from
			if step < 0 {
				step = max(v, 0)
			}
			if increments == nil {
				increments = number(0)
			}
			*increments += step
		}
	}
	old := *before
	*before = number(last)
	switch rollup {
	case "average":
		return number(sum / float64(len(values)))
	case "sum":
		return number(sum)
	case "min":
		return number(slices.Min(values))
	case "max":
		return number(slices.Max(values))
	case "count":
		return number(float64(len(values)))
	case "latest":
		return number(last)
	case "rate":
		if kind != series.CumulativeCounter {
			return number(sum / 10)
		}
		if increments == nil {
			return nil
		}
		return number(*increments / 10)
	}
	switch kind { // delta
	case series.CumulativeCounter:
		return increments
	case series.Counter:
		return number(sum)
	}
	if old == nil {
		return nil
	}
	return number(last - *old)
}

func (d dataCall) extrapolate(r *row) {
	var last *float64
	run := 0
	for slot, v := range r.values {
		switch {
		case slot < r.joins:
		case v != nil:
			last, run = v, 0
		case d.limit >= 0 && run >= d.limit:
		case d.extrapolation == "zero":
			r.values[slot] = number(0)
			run++
		case d.extrapolation == "last_value" && last != nil:
			r.values[slot] = last
			run++
		}
	}
}

// ---- methods (4.8, 5.0, 5.4) ----

// reduction applies a statistic to values; it is None of nothing, but for a count.
func reduction(f string, values []float64) *float64 {
	if f == "count" {
		return number(float64(len(values)))
	}
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch f {
	case "mean":
		return number(sum / float64(len(values)))
	case "min":
		return number(slices.Min(values))
	case "max":
		return number(slices.Max(values))
	}
	return number(sum)
}

func (x expr) over(f string, n int) expr {
	return expr{fmt.Sprintf("%s.%s(over='%ds')", x.text, f, 10*n), x.preroll + n - 1, func(m *model) (t table) {
		for _, in := range x.eval(m) {
			r := m.empty(in.key, in.metric, in.joins)
			r.metas = in.metas
			for slot := in.joins; slot < m.slots; slot++ {
				var values []float64
				for i := max(0, slot-n+1); i <= slot; i++ {
					if v := in.values[i]; v != nil {
						values = append(values, *v)
					}
				}
				r.values[slot] = reduction(f, values)
			}
			t = append(t, r)
		}
		return t
	}}
}

func (x expr) by(f string, by []string, missing bool) expr {
	text := x.text + "." + f + "("
	if by != nil {
		text += "by=['" + strings.Join(by, "', '") + "']"
		if missing {
			text += ", allow_missing=True"
		}
	}
	return expr{text + ")", x.preroll, func(m *model) (t table) {
		groups := map[string]table{}
		keys := map[string]labels{}
		if by == nil && f == "count" {
			keys[""] = labels{}
		}
		for _, in := range x.eval(m) {
			if in.joins >= m.slots {
				continue
			}
			key, id := labels{}, ""
			for _, name := range by {
				value, ok := in.metas[in.joins][name]
				if name == "sf_metric" {
					value, ok = in.metric, true
				}
				if ok {
					key[name] = value
					id += name + "=" + value + ";"
				}
			}
			if len(key) < len(by) && !missing {
				continue
			}
			groups[id], keys[id] = append(groups[id], in), key
		}
		for id, key := range keys {
			r := m.empty(key, "", m.slots)
			if by == nil && f == "count" {
				r.joins = 0
			}
			for _, in := range groups[id] {
				r.joins, r.metric = min(r.joins, in.joins), in.metric
			}
			for slot := r.joins; slot < m.slots; slot++ {
				var values []float64
				var meta labels
				for _, in := range groups[id] {
					if v := in.values[slot]; v != nil {
						values = append(values, *v)
					}
					if in.joins <= slot && meta == nil {
						meta = in.metas[slot]
					} else if in.joins <= slot {
						meta = shared(meta, in.metas[slot])
					}
				}
				r.values[slot], r.metas[slot] = reduction(f, values), union(key, meta)
			}
			t = append(t, r)
		}
		return t
	}}
}

// ---- operators (2.7) ----

func constant(text string, x float64) expr {
	return expr{text: text, eval: func(m *model) table {
		r := m.empty(labels{}, "", 0)
		for slot := range r.values {
			r.values[slot] = number(x)
		}
		return table{r}
	}}
}

func matches(a, b labels) bool {
	if names(a) > names(b) {
		a, b = b, a
	}
	for name, v := range a {
		if w, ok := b[name]; name != "sf_metric" && (!ok || v != w) {
			return false
		}
	}
	return true
}

// names counts those that take part in matching.
func names(key labels) int {
	if _, ok := key["sf_metric"]; ok {
		return len(key) - 1
	}
	return len(key)
}

func (x expr) op(op string, y expr) expr {
	return expr{"(" + x.text + " " + op + " " + y.text + ")", max(x.preroll, y.preroll), func(m *model) (t table) {
		right := y.eval(m)
		for _, l := range x.eval(m) {
			for _, r := range right {
				if !matches(l.key, r.key) {
					continue
				}
				o := m.empty(union(l.key, r.key), cmp.Or(l.metric, r.metric), max(l.joins, r.joins))
				metas := l.metas
				if names(r.key) > names(l.key) {
					metas = r.metas
				}
				for slot := o.joins; slot < m.slots; slot++ {
					o.metas[slot] = union(o.key, metas[slot])
					o.values[slot] = operate(op, l.values[slot], r.values[slot])
				}
				t = append(t, o)
			}
		}
		return t
	}}
}

func operate(op string, a, b *float64) *float64 {
	isFalse := func(x *float64) bool { return x != nil && *x == 0 }
	isTrue := func(x *float64) bool { return x != nil && *x != 0 }
	switch {
	case op == "and" && (isFalse(a) || isFalse(b)):
		return number(0)
	case op == "or" && (isTrue(a) || isTrue(b)):
		return number(1)
	case a == nil || b == nil:
		return nil
	}
	switch op {
	case "+":
		return number(*a + *b)
	case "-":
		return number(*a - *b)
	case "*":
		return number(*a * *b)
	case "/":
		return number(*a / *b)
	case "<":
		return truth(*a < *b)
	case "<=":
		return truth(*a <= *b)
	case ">":
		return truth(*a > *b)
	case ">=":
		return truth(*a >= *b)
	case "==":
		return truth(*a == *b)
	case "!=":
		return truth(*a != *b)
	case "and":
		return number(1)
	}
	return number(0) // or
}

func (x expr) prefix(op string, f func(float64) *float64) expr {
	return expr{"(" + op + x.text + ")", x.preroll, func(m *model) table {
		t := x.eval(m)
		for i := range t {
			values := make([]*float64, m.slots)
			for slot, v := range t[i].values {
				if v != nil {
					values[slot] = f(*v)
				}
			}
			t[i].values = values
		}
		return t
	}}
}
