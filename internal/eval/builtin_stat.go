package eval

import (
	"strconv"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

var (
	paramBy           = param{name: "by", want: wantNames, def: "None"}
	paramAllowMissing = param{name: "allow_missing", want: wantNamesOrTrue, def: "None"}
	paramAllMissing   = param{name: "allow_all_missing", want: wantBoolean, def: "False", named: true}
	paramOver         = param{name: "over", want: wantLength, def: "None"}

	calendarParams = []param{
		{name: "cycle", want: wantCycle, def: "None"},
		{name: "cycle_start", want: wantCycleStart, def: "None"},
		{name: "partial_values", want: wantBoolean, def: "False"},
		{name: "shift_cycles", want: wantNotNegative, def: "0"},
		{name: "timezone", want: wantZone, def: "None", named: true},
	}
)

// statMethods returns the methods that aggregate a stream, with by= or without, or
// transform each of its series, with over= or cycle= (language.md 5.0, 5.4).
func statMethods() []*builtin {
	var list []*builtin
	for _, stat := range []struct {
		reduce   graph.Reduce
		own      []param // before the others
		calendar bool
		doc      string
	}{
		{reduce: graph.Sum, calendar: true, doc: "the sum of the values"},
		{reduce: graph.Mean, calendar: true, doc: "the average of the values"},
		{reduce: graph.Min, calendar: true, doc: "the smallest value"},
		{reduce: graph.Max, calendar: true, doc: "the largest value"},
		{reduce: graph.Count, calendar: true, doc: "the number of values, 0 included"},
		{reduce: graph.Size, doc: "the number of series, with a value or without; with `over` the number of slots"},
		{reduce: graph.Median, doc: "the middle value"},
		{reduce: graph.Variance, doc: "the variance of the values"},
		{reduce: graph.Stddev, doc: "the standard deviation of the values"},
		{reduce: graph.SampleVariance, doc: "the variance of the values as a sample"},
		{reduce: graph.SampleStddev, doc: "the standard deviation of the values as a sample"},
		{reduce: graph.Percentile, own: []param{{name: "pct", want: wantPercent}}, doc: "the value that `pct` percent of the values do not exceed"},
		{reduce: graph.MeanPlusStddev, own: []param{{name: "stddevs", want: wantNumber, def: "1"}}, doc: "the average and so many standard deviations"},
	} {
		b := &builtin{
			name:     string(stat.reduce),
			params:   append(stat.own, paramBy, paramAllowMissing, paramOver),
			doc:      stat.doc,
			booleans: true, numbers: true,
			excludes: [][2]string{{"by", "over"}},
			call:     func(a *args) (value, *syntax.Error) { return reduce(a, stat.reduce) },
		}
		if stat.calendar {
			b.params = append(b.params, calendarParams...)
			b.excludes = append(b.excludes, [2]string{"by", "cycle"}, [2]string{"over", "cycle"}, [2]string{"partial_values", "shift_cycles"})
			b.needs = [][2]string{{"cycle_start", "cycle"}, {"partial_values", "cycle"}, {"shift_cycles", "cycle"}, {"timezone", "cycle"}}
		}
		b.params = append(b.params, paramAllMissing)
		list = append(list, b)
	}
	return append(list, &builtin{
		name: "rate", params: []param{paramBy, paramAllowMissing, paramAllMissing},
		doc: "the sum of counts per slot, with `by` in groups, as counts per second",
		call: func(a *args) (value, *syntax.Error) {
			input := a.input()
			if a.has("by") {
				by, missing := a.grouping()
				input = a.ev.graph.Add(&graph.Aggregate{Func: graph.Sum, By: by, AllowMissing: missing}, a.ev.span(a.at), input)
			}
			return a.result(&graph.Math{Func: graph.PerSecond}, input)
		},
	})
}

// grouping returns the names to group by, and those of them that a series may lack.
func (a *args) grouping() (by, allowMissing []string) {
	by = a.names("by")
	if a.yes("allow_all_missing") || a.yes("allow_missing") {
		return by, by
	}
	// A name that is not grouped by has nothing to miss.
	grouped := map[string]bool{}
	for _, name := range by {
		grouped[name] = true
	}
	for _, name := range a.names("allow_missing") {
		if grouped[name] {
			allowMissing = append(allowMissing, name)
		}
	}
	return by, allowMissing
}

// reduce adds an aggregation, or with over= or cycle= a transformation.
func reduce(a *args, f graph.Reduce) (value, *syntax.Error) {
	by, missing := a.grouping()
	arg := 0.0
	switch f {
	case graph.Percentile:
		arg = a.number("pct", 0)
	case graph.MeanPlusStddev:
		arg = a.number("stddevs", 1)
	}
	if a.takes("cycle") && a.has("cycle") {
		op, err := a.calendar(f)
		if err != nil {
			return nil, err
		}
		return a.result(op, a.input())
	}
	if a.has("over") {
		return a.result(&graph.Window{Func: f, Arg: arg, Over: a.length("over")}, a.input())
	}
	return a.result(&graph.Aggregate{Func: f, Arg: arg, By: by, AllowMissing: missing}, a.input())
}

// distinct returns the names without repetitions, in order of first use.
func distinct(names []string) []string {
	var once []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			once = append(once, n)
		}
	}
	return once
}

// ---- calendar windows ----

var wantCycle = words("cycle", string(graph.Hour), string(graph.Day), string(graph.Week), string(graph.Month), string(graph.Quarter))

// cycles holds the cycles of the calendar, and how the places in one are written: a number
// before a unit, or names (language.md 4.10).
var cycles = []struct {
	cycle       graph.Cycle
	unit        string
	first, last int
	names       []string // of the places, from the first
}{
	{cycle: graph.Hour, unit: "m"},
	{cycle: graph.Day, unit: "h", last: 23},
	{cycle: graph.Week, first: 1, last: 7, names: []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}},
	{cycle: graph.Month, unit: "d", first: 1, last: 28},
	{cycle: graph.Quarter, first: 1, last: 3, names: []string{"january", "february", "march"}},
}

// calendar returns the operator of a calendar window.
func (a *args) calendar(f graph.Reduce) (graph.Op, *syntax.Error) {
	op := &graph.Calendar{
		Func: f, Cycle: graph.Cycle(a.text("cycle")), Timezone: a.text("timezone"),
		Partial: a.yes("partial_values"), Shift: int(given(a, "shift_cycles", integer(0))),
	}
	var err *syntax.Error
	op.Start, err = a.cycleStart(op.Cycle)
	return op, err
}

// cycleStart returns where a cycle begins, counted from 0.
func (a *args) cycleStart(cycle graph.Cycle) (int, *syntax.Error) {
	v := a.get("cycle_start")
	for _, c := range cycles {
		if c.cycle != cycle || v.value == nil {
			continue
		}
		expected := "'" + strconv.Itoa(c.first) + c.unit + "'"
		switch {
		case c.names != nil:
			expected = either(c.names)
		case c.last > c.first:
			expected += " to '" + strconv.Itoa(c.last) + c.unit + "'"
		}
		switch start := v.value.(type) {
		case integer:
			if start >= integer(c.first) && start <= integer(c.last) {
				return int(start) - c.first, nil
			}
			return 0, a.bad(v, "cycle_start", "%d is no place in the cycle '%s'", start, cycle).WithHint("it is %s", expected)
		case text:
			for i := c.first; i <= c.last; i++ {
				if c.names == nil && string(start) == strconv.Itoa(i)+c.unit || c.names != nil && string(start) == c.names[i-c.first] {
					return i - c.first, nil
				}
			}
			return 0, a.bad(v, "cycle_start", "'%s' is no place in the cycle '%s'", start, cycle).WithHint("it is %s", expected)
		}
	}
	return 0, nil
}

// knownZone reports whether a text names a time zone.
func knownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}
