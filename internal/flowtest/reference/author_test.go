package reference_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// author writes random programs and points. It is one for each pair of them.
type author struct {
	source interface{ IntN(n int) int }
	step   time.Duration
	first  []string       // the forms that the first publishes have to begin with
	noted  map[string]int // what the expression in hand is made of
	avoid  []string       // words of forms that are not to be used
	wild   int            // how many data() calls of the expression in hand are for all metrics
}

// choices are random numbers out of a text, for the fuzzer to change; 0 when it is at its end.
type choices struct{ text []byte }

func (c *choices) IntN(n int) int {
	if len(c.text) == 0 {
		return 0
	}
	x := int(c.text[0])
	if c.text = c.text[1:]; n > 256 && len(c.text) > 0 {
		x, c.text = x<<8|int(c.text[0]), c.text[1:]
	}
	return x % n
}

func randomly(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 5)) }

func pick[T any](a *author, list ...T) T { return list[a.source.IntN(len(list))] }

// note counts something that the expression in hand is made of.
func (a *author) note(parts ...string) { a.noted[strings.Join(parts, " ")]++ }

// expression writes an expression of a kind of at most some depth: N for numbers, B for booleans, S for
// the sources of numbers.
func (a *author) expression(kind byte, depth int) string {
	switch {
	case kind == 'N' && depth <= 0:
		kind = 'S'
	case kind == 'B' && depth <= 0:
		return a.complete(pick(a, "({N} > {F})", "({N} <= {F})", "({N} < {N})", "({N} is None)", "({N} == {F})"), depth)
	}
	avoided := func(form string) bool {
		return slices.ContainsFunc(a.avoid, func(word string) bool { return strings.Contains(form, word) })
	}
	for range 100 {
		if form := pick(a, forms[kind]...); !avoided(form) {
			return a.complete(form, depth)
		}
	}
	// The choices of a fuzzer that have come to their end are the same for ever.
	allowed := slices.DeleteFunc(slices.Clone(forms[kind]), avoided)
	return a.complete(allowed[0], depth)
}

// complete puts something random in place of each pair of braces.
func (a *author) complete(form string, depth int) string {
	a.note(form)
	var b strings.Builder
	for rest := form; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, behind, _ := strings.Cut(after, "}")
		text, ok := a.fill(name, form, depth)
		if !ok { // a dict of the program
			b.WriteString("{")
			behind = after
		}
		b.WriteString(text)
		rest = behind
	}
}

// fill returns what is put in place of a name in braces.
func (a *author) fill(name, form string, depth int) (text string, ok bool) {
	ms := a.step.Milliseconds()
	switch name {
	case "N", "B":
		return a.expression(name[0], depth-1), true
	case "R":
		return "resolution=" + strconv.FormatInt(ms, 10), true
	case "D":
		kind := pick(a, spans...)
		a.note("over", kind)
		n := ms * int64(1+a.source.IntN(6))
		switch kind {
		case "no multiple of a slot":
			n += ms / 4
		case "less than a slot":
			n = ms / 2
		}
		return strconv.FormatInt(n, 10), true
	case "T": // not less than a slot
		return strconv.FormatInt(ms*int64(1+a.source.IntN(8))+int64(a.source.IntN(2))*ms/4, 10), true
	case "I":
		return strconv.Itoa(1 + a.source.IntN(3)), true
	case "C":
		cycle := a.cycle()
		zone := ""
		if a.source.IntN(4) > 0 {
			zone = pick(a, zones...)
		}
		a.note("cycle", cycle)
		for _, way := range []string{"partial_values", "shift_cycles"} {
			if strings.Contains(form, way) {
				a.note(way, strings.Split(cycle, ",")[0])
			}
		}
		if zone != "" {
			a.note("zone", zone, strings.Split(cycle, ",")[0])
			cycle += ", timezone='" + zone + "'"
		}
		return cycle, true
	case "DATA":
		return a.data(), true
	}
	if list := fillings[name]; list != nil {
		text = pick(a, list...)
		if name != "F" {
			a.note(name, text)
		}
		return text, true
	}
	return "", false
}

// cycle returns a cycle that a run is not too short for, and not too long.
func (a *author) cycle() string {
	switch {
	case a.step < time.Hour:
		return pick(a, cycles[:2]...)
	case a.step < 24*time.Hour:
		return pick(a, cycles[:8]...)
	}
	return pick(a, append(cycles[8:], cycles[2:]...)...)
}

// data writes a data() call.
func (a *author) data() string {
	metric := pick(a, "'a'", "'a'", "'a'", "'b'", "'*'")
	if metric == "'*'" {
		if a.wild++; a.wild > 2 {
			metric = "'a'" // all pairs of all series, over and over, only take time
		}
	}
	text := "data(" + metric + ", resolution=" + strconv.FormatInt(a.step.Milliseconds(), 10)
	rollup, extrapolation := "", pick(a, extrapolations...)
	if a.source.IntN(2) == 0 {
		rollup = pick(a, rollups...)
		if slices.Contains(a.avoid, rollup) {
			rollup = "latest"
		}
		text += ", rollup='" + rollup + "'"
	}
	a.note("rollup", rollup, "extrapolation", extrapolation)
	if slices.Contains(a.avoid, "extrapolation") {
		extrapolation = ""
	}
	if extrapolation != "" {
		text += ", extrapolation=" + extrapolation
	}
	if a.source.IntN(3) == 0 {
		filter := pick(a, filters...)
		a.note("filter", filter)
		text += ", filter=" + filter
	}
	return text + ")"
}

// slots is how many slots a random program runs over.
const slots = 12

// pair is a program over random points, with what each of its publishes is made of.
type pair struct {
	*flowtest.Case
	made [][]string
}

// program writes a program of several publishes over random points. Of a live one all series are
// known from before the start, and there are some for which the job waits as long as it may, so
// that whatever comes within that time comes in time.
func (a *author) program(live bool) *pair {
	steps := []time.Duration{10 * time.Second, 10 * time.Second, time.Minute, time.Hour, time.Hour, 24 * time.Hour, 24 * time.Hour}
	if slices.ContainsFunc(a.first, func(form string) bool { return strings.Contains(form, "{C}") }) {
		steps = steps[3:]
	}
	a.step = pick(a, steps...)
	start := pick(a, starts...).Truncate(24 * time.Hour)
	if a.step < 24*time.Hour {
		start = start.Add(time.Hour*time.Duration(a.source.IntN(24)) - a.step*time.Duration(a.source.IntN(slots)))
	}
	c := &flowtest.Case{Options: flowtest.Options{
		Start: start, Stop: start.Add(slots * a.step), Resolution: a.step,
		MaxDelay: min(a.step*pick(a, time.Duration(4), 1)/2, 15*time.Minute), Inactivity: forever, Live: live,
	}}
	if a.source.IntN(3) == 0 {
		c.Options.Inactivity = time.Duration(2+a.source.IntN(6)) * a.step
	}
	if a.step < 24*time.Hour {
		c.Options.Timezone = location(pick(a, zones...))
	}
	p := &pair{Case: c}
	for i, kind := range []byte{'N', 'N', 'N', 'N', 'B'} {
		a.noted, a.wild = map[string]int{}, 0
		var text string
		if depth := 1 + a.source.IntN(4); i < len(a.first) {
			text = a.complete(a.first[i], depth)
		} else {
			text = a.expression(kind, depth)
		}
		c.Program += fmt.Sprintf("%s.publish('%d')\n", text, i)
		var made []string
		for name := range a.noted {
			made = append(made, name)
		}
		p.made = append(p.made, made)
	}
	a.fillIn(c, live)
	return p
}

// fillIn adds the series that the program asks for.
func (a *author) fillIn(c *flowtest.Case, live bool) {
	var metrics []string
	for range 3 + a.source.IntN(5) {
		metrics = append(metrics, pick(a, "a", "a", "b"))
	}
	for _, family := range [][]string{{"s.x.cpu", "s.y.cpu", "s.x.mem"}, {"q/x/cpu", "q/y/cpu"}} {
		if strings.Contains(c.Program, family[0][:2]) {
			metrics = append(metrics, family...)
		}
	}
	for i, metric := range metrics {
		dims := []string{"host=" + strconv.Itoa(i%3), "dc=" + pick(a, "x", "y"), "n=" + strconv.Itoa(i)}
		from := 0
		if a.source.IntN(3) == 0 {
			from = a.source.IntN(3)
		}
		kind := pick(a, series.Gauge, series.Gauge, series.Counter, series.CumulativeCounter)
		s := named(metric, kind, dims[from:])
		if a.source.IntN(3) > 0 {
			s.Properties = series.NewLabels(map[string]string{"env": pick(a, "prod", "qa")})
			s.Tags = []string{"web"}
		}
		a.points(c, s, live)
	}
	if strings.Contains(c.Program, "'h'") {
		for _, bound := range []string{"1", "2", "4", "Inf"} {
			a.points(c, named("h", series.Gauge, []string{"le=" + bound, "dc=x"}), live)
		}
		a.points(c, named("h", series.Gauge, []string{"le=" + pick(a, "1", "2"), "dc=" + pick(a, "x", "y"), "n=1"}), live)
	}
	if strings.Contains(c.Program, "histogram(") {
		a.histograms(c, live)
	}
	if live {
		for _, metric := range []string{"a", "b", "h", "s.x.cpu", "q/x/cpu"} {
			s := named(metric, series.Gauge, []string{"dc=x", "host=1", "n=silent"})
			s.Properties, s.Tags = series.NewLabels(map[string]string{"env": "prod"}), []string{"web"}
			a.await(c, s)
		}
	}
}

func named(metric string, kind series.Type, dims []string) *series.Series {
	labels := map[string]string{}
	for _, d := range dims {
		name, value, _ := strings.Cut(d, "=")
		labels[name] = value
	}
	return series.New(metric, kind, labelsOf(labels)...)
}

func labelsOf(m map[string]string) []series.Label { return series.NewLabels(m) }

// forever is longer than any program looks back.
const forever = 20 * 365 * 24 * time.Hour

// appear adds a point of a series from before all that a program looks at.
func (a *author) appear(c *flowtest.Case, s *series.Series) {
	a.point(c, s, c.Options.Start.Add(-max(400*a.step, 2*365*24*time.Hour)).UnixMilli(), 1, 0)
}

// point adds a point. One from before the start has come by then: a live job knows its series.
func (a *author) point(c *flowtest.Case, s *series.Series, at int64, v float64, late int64) {
	if start := c.Options.Start.UnixMilli(); at < start {
		late = min(late, start-at)
	}
	p := series.Sample{Series: s, Point: series.Point{Time: at, Value: v}, Arrival: at + late}
	if s.Type == series.Histogram {
		p.Distribution = a.distribution()
		p.Value = p.Distribution.Count()
	}
	c.Load = append(c.Load, p)
}

// await adds a series whose points come as late as they may, or never if that makes no end of it.
func (a *author) await(c *flowtest.Case, s *series.Series) {
	a.appear(c, s)
	if c.Options.Inactivity == forever {
		return
	}
	for i := -2 * slots; i < slots; i++ {
		at := c.Options.Start.Add(time.Duration(i) * a.step).UnixMilli()
		a.point(c, s, at, 1, (a.step+c.Options.MaxDelay).Milliseconds()-1)
	}
}

// points adds a series with some gaps, two steps a slot, from long before the start or from
// within the range on. One of a live program has a point right before the start.
func (a *author) points(c *flowtest.Case, s *series.Series, live bool) {
	first, last := -40*2, 2*slots
	switch {
	case live:
		a.appear(c, s)
	case a.source.IntN(4) == 0:
		first = a.source.IntN(2 * slots)
	}
	if c.Options.Inactivity < forever && a.source.IntN(3) == 0 {
		last = a.source.IntN(2 * slots) // it falls silent
	}
	gaps := 2 + a.source.IntN(8)
	dense := strings.Contains(s.Metric, "/") // newrelic() takes no resolution, so the points must show it
	longest := c.Options.MaxDelay.Milliseconds() - 1
	for i := first; i < last; i++ {
		if dense && i%2 == 0 && i >= first+2 {
			// one in each slot
		} else if dense || i != first && i != -2 && (i%2 != 0 && a.source.IntN(4) > 0 || a.source.IntN(gaps) == 1) {
			if i%2 == 0 && (i >= 0 || !live) && c.Options.Inactivity < forever && a.source.IntN(8) == 0 {
				i += 2 * a.source.IntN(10) // long enough to leave
			}
			continue
		}
		at := c.Options.Start.Add(time.Duration(i) * a.step / 2).UnixMilli()
		v := float64(a.source.IntN(9) - 2)
		switch a.source.IntN(16) {
		case 0, 1:
			v /= 4
		case 2:
			v /= 10
		}
		late := 1 + int64(a.source.IntN(int(min(a.step.Milliseconds()/10, longest-1))))
		if a.source.IntN(4) == 0 {
			late = int64(a.source.IntN(int(longest)))
		}
		if a.source.IntN(16) == 0 && late < longest {
			a.point(c, s, at, v+1, late) // and corrected at once
			late++
		}
		a.point(c, s, at, v, late)
	}
}
