package reference_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Forms of expressions. In braces stands what is put there: N a stream of numbers, B one of
// booleans, D a duration, T one of a slot at least, I a small count, F a number, P a percentage,
// BY names to group by, M a metric and A all of them, W a filter, C a cycle.
var (
	sources = strings.Fields(`
		data({M}) data({M}) data({M},filter={W}) data({A},filter={W})
		data({M},rollup='average') data({M},rollup='sum') data({M},rollup='min') data({M},rollup='max') data({M},rollup='count')
		data({M},rollup='latest') data({M},rollup='delta') data({M},rollup='rate')
		data({M},extrapolation='zero') data({M},extrapolation='last_value')
		data({M},extrapolation='zero',maxExtrapolations={I}) data({M},extrapolation='last_value',maxExtrapolations={I})`)
	// The first ones are cheap: a fuzzer whose text is at its end chooses them.
	numeric = lines(`
		(-{N}) | ({N} + {N}) | ({N} - {N}) | ({N} * {N}) | ({N} / {N}) | ({N} ** {N})
		({N} + {F}) | ({F} - {N}) | ({N} * {F}) | ({F} / {N}) | ({N} / {F}) | ({N} ** 2) | ({F} ** {N})
		({N} if {B} else {N}) | ({N} if {B} else {F}) | ({F} if {B} else None) | (None if {B} else {N}) | ({F} if {B} else {F})
		min({N}, {N}) | max({N}, {F}) | sum({N}, {N}) | mean({N}, {N}, {F}) | median({N}, {N}) | count({N}, {N}) | percentile({N}, {N}, pct={P}) | max({N})
		abs({N}) | floor({N}) | {N}.abs() | {N}.ceil() | {N}.floor() | {N}.sqrt() | {N}.log() | {N}.log10() | {N}.scale({F}) | {N}.pow(2) | {N}.pow(base=2) | pow({N}, {N}) | {N}.integrate()
		{N}.rate() | {N}.rate(by={BY})
		{N}.above({F}) | {N}.above({F}, inclusive=True) | {N}.above({F}, clamp=True) | {N}.below({F}) | {N}.below({F}, inclusive=True, clamp=True)
		{N}.between(-1, 4) | {N}.between(-1, 4, low_inclusive=True, clamp=True) | {N}.between(0, 3, high_inclusive=True) | {N}.not_between(0, 3) | {N}.not_between(0, 3, low_inclusive=True, high_inclusive=True)
		{N}.equals({F}) | {N}.equals({F}, replacement={F}) | {N}.not_equals({F}) | {N}.not_equals({F}, {F})
		{N}.fill() | {N}.fill({F}) | {N}.fill(duration={D}) | {N}.fill({F}, duration={D}) | {N}.fill(maxCount={I})
		{N}.map(lambda x: x * {F} + 1) | {N}.map(lambda x: 1 if x > {F} else 0) | {N}.map(lambda x: 0 if x is None else x) | {N}.map(lambda x: max(x, {F}) - abs(x)) | {B}.map(lambda x: 2 if x is True else 1 if x is False else 0)
		{N}.delta() | {N}.rateofchange() | {N}.ewma(0.5) | {N}.ewma(over={D}) | {N}.double_ewma(0.5, 0.25) | {N}.double_ewma(0.5, 0.5, forecast={D}, damping=0.5) | {N}.double_ewma(over={D})
		{N}.kpss({D}) | {N}.kpss({D}, mode='trend') | {N}.timeshift({T}) | {N}.timeshift(0)
		{N}.sum(cycle={C}) | {N}.mean(cycle={C}) | {N}.max(cycle={C}, partial_values=True) | {N}.min(cycle={C}, partial_values=True) | {N}.count(cycle={C}) | {N}.sum(cycle={C}, shift_cycles=1) | {N}.mean(cycle={C}, partial_values=True) | {N}.mean(cycle={C}, timezone='Asia/Kolkata')
		{N}.top({I}) | {N}.bottom({I}) | {N}.top(percentage=0.5) | {N}.bottom(percentage=30) | {N}.top({I}, by={BY}) | {N}.bottom({I}, by={BY})
		{N}.promote('dc') | {N}.promote('dc', 'host', allow_missing=True) | {N}.dimensions(aliases={'d': 'dc'}) | {N}.dimensions(renames={'d': 'dc'}, allow_missing=True)
		union({N}, {N}) | combine({N} + {N}) | combine({F} if {N} is None else {N}) | const({F}, key={'dc': 'x'}) | (const(timeseries=[{'key': {'dc': 'x'}, 'value': 1}, {'key': {'dc': 'y'}, 'value': 2}]) + {N}) | ({N} - 0.5 * threshold({F}))
		{N}.sum() | {N}.mean() | {N}.min() | {N}.max() | {N}.count() | {N}.size() | {N}.median() | {N}.percentile({P}) | {N}.variance() | {N}.stddev() | {N}.sample_variance() | {N}.sample_stddev() | {N}.mean_plus_stddev({F}) | {B}.count() | {B}.sum()
		{N}.sum(by={BY}) | {N}.mean(by={BY}) | {N}.min(by={BY}) | {N}.max(by={BY}) | {N}.count(by={BY}) | {N}.size(by={BY}) | {N}.median(by={BY}) | {N}.percentile({P}, by={BY}) | {N}.variance(by={BY}) | {N}.stddev(by={BY}) | {N}.sample_variance(by={BY}) | {N}.sample_stddev(by={BY}) | {N}.mean_plus_stddev(by={BY})
		{N}.sum(by={BY}, allow_missing=True) | {N}.mean(by={BY}, allow_missing='dc') | {N}.count(by={BY}, allow_all_missing=True) | data({A}).sum(by='sf_metric')
		{N}.sum(over={D}) | {N}.mean(over={D}) | {N}.min(over={D}) | {N}.max(over={D}) | {N}.count(over={D}) | {N}.size(over={D}) | {N}.median(over={D}) | {N}.percentile({P}, over={D}) | {N}.variance(over={D}) | {N}.stddev(over={D}) | {N}.sample_variance(over={D}) | {N}.sample_stddev(over={D}) | {N}.mean_plus_stddev({F}, over={D})`)
	boolean = lines(`
		({N} > {F}) | ({N} < {N}) | ({N} <= {N}) | ({N} > {N}) | ({N} >= {N}) | ({N} == {N}) | ({N} != {N})
		({N} <= {F}) | ({F} < {N}) | ({N} == {F}) | (not {B}) | ({F} < {N} < {F})
		({B} and {B}) | ({B} or {B}) | ({B} and True) | (False or {B}) | ({B} == {B}) | ({B} != True)
		({N} is None) | ({N} is not None) | ({B} is True) | ({B} is not False) | ({N} is {F})
		({B} if {B} else {B}) | {N}.map(lambda x: x > {F}) | {B}.fill(True) | when({B}) | when({B}, {D}) | when({B}, {D}, at_least=0.5) | when({B}, {D}, 0.28) | {B}.fill(duration={D})`)
)

func lines(text string) (forms []string) {
	for line := range strings.Lines(text) {
		for form := range strings.SplitSeq(line, "|") {
			if form = strings.TrimSpace(form); form != "" {
				forms = append(forms, form)
			}
		}
	}
	return forms
}

// author writes random programs and points.
type author struct {
	source interface{ IntN(n int) int }
	step   time.Duration
	forms  map[byte][]string // by N and B, and S for sources: those that may be used
	used   map[string]int
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

// expression writes an expression of a kind of at most some depth.
func (a *author) expression(kind byte, depth int) string {
	if kind == 'N' && depth <= 0 {
		kind = 'S'
	}
	form := pick(a, a.forms[kind]...)
	a.used[form]++
	return a.complete(form, depth)
}

// complete puts something random in place of each pair of braces.
func (a *author) complete(form string, depth int) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(form, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		switch name {
		case "N", "B":
			b.WriteString(a.expression(name[0], depth-1))
		case "M", "A":
			metric := "'*'"
			if name == "M" {
				metric = pick(a, "'a'", "'a'", "'a'", "'b'", "'*'")
			}
			b.WriteString(metric + ", resolution=" + strconv.FormatInt(a.step.Milliseconds(), 10))
		case "W":
			b.WriteString(pick(a, "filter('dc', 'x')", "not filter('dc', 'x') or filter('host', '1') and filter('dc', '*')", "filter('host', '1', '2', match_missing=True)"))
		case "D":
			b.WriteString(strconv.FormatInt(a.step.Milliseconds()*int64(1+a.source.IntN(6))-int64(a.source.IntN(2))*a.step.Milliseconds()/4, 10))
		case "T": // not less than a slot
			b.WriteString(strconv.FormatInt(a.step.Milliseconds()*int64(1+a.source.IntN(8))+int64(a.source.IntN(2))*a.step.Milliseconds()/4, 10))
		case "I":
			b.WriteString(strconv.Itoa(1 + a.source.IntN(3)))
		case "F":
			b.WriteString(pick(a, "0", "1", "2", "3", "(-1)", "0.5", "1.5"))
		case "P":
			b.WriteString(pick(a, "0", "10", "50", "75", "95", "100", "33.3"))
		case "C": // a day of short slots would be very many
			cycle := "'hour'"
			if a.step >= time.Hour {
				cycle = pick(a, "'hour'", "'day'", "'day', cycle_start='5h'", "'week', cycle_start='tuesday'")
			}
			b.WriteString(cycle)
		case "BY":
			b.WriteString(pick(a, "['dc']", "'host'", "['host', 'dc']", "['dc', 'none']"))
		default: // a dict of the program
			b.WriteString("{")
			form = rest
			continue
		}
		form = after
	}
}

// slots is how many slots a random program runs over.
const slots = 12

// program writes a case: a program of several publishes over random points. Of a live one all
// series are known from before the start, and there are some that are silent since, so that
// the job waits for whatever may still come.
func (a *author) program(live bool) *flowtest.Case {
	a.step = pick(a, 10*time.Second, 10*time.Second, 10*time.Second, time.Hour)
	c := &flowtest.Case{Options: flowtest.Options{
		Start: flowtest.Epoch, Stop: flowtest.Epoch.Add(slots * a.step), Resolution: a.step,
		MaxDelay: min(a.step/2, 15*time.Minute), Inactivity: 365 * 24 * time.Hour, Live: live,
	}}
	for i, kind := range []byte{'N', 'N', 'B'} {
		c.Program += fmt.Sprintf("%s.publish('%d')\n", a.expression(kind, 1+a.source.IntN(4)), i)
	}
	// In an outer join a series without a partner is another one than with it. The reference
	// knows only whether there is one, not since when, so all are there from the start.
	early := live || strings.Contains(c.Program, "combine(")
	for i := range 3 + a.source.IntN(5) {
		dims := []string{"host=" + strconv.Itoa(i%3), "dc=" + pick(a, "x", "y"), "n=" + strconv.Itoa(i)}
		from := 0
		if a.source.IntN(3) == 0 {
			from = a.source.IntN(3)
		}
		kind := pick(a, series.Gauge, series.Gauge, series.Counter, series.CumulativeCounter)
		a.points(c, pick(a, "a", "a", "b"), kind, dims[from:], early)
	}
	if live {
		for _, metric := range []string{"a", "b"} {
			a.appear(c, named(metric, series.Gauge, []string{"dc=x", "host=1", "n=silent"}))
		}
	}
	return c
}

func named(metric string, kind series.Type, dims []string) *series.Series {
	var labels []series.Label
	for _, d := range dims {
		name, value, _ := strings.Cut(d, "=")
		labels = append(labels, series.Label{Name: name, Value: value})
	}
	return series.New(metric, kind, labels...)
}

// appear adds a point of a series from before all that a program looks at.
func (a *author) appear(c *flowtest.Case, s *series.Series) {
	at := c.Options.Start.Add(-400 * a.step).UnixMilli()
	c.Load = append(c.Load, series.Sample{Series: s, Point: series.Point{Time: at, Value: 1}, Arrival: at})
}

// points adds a series with some gaps, two steps a slot, from long before the start or from
// within the range on.
func (a *author) points(c *flowtest.Case, metric string, kind series.Type, dims []string, early bool) {
	s := named(metric, kind, dims)
	first := -40 * 2
	if early {
		a.appear(c, s)
	} else if a.source.IntN(4) == 0 {
		first = a.source.IntN(2 * slots)
	}
	gaps := 2 + a.source.IntN(8)
	for i := first; i < 2*slots; i++ {
		if i%2 != 0 && a.source.IntN(4) > 0 || a.source.IntN(gaps) == 1 && i > first {
			continue
		}
		at := c.Options.Start.Add(time.Duration(i) * a.step / 2).UnixMilli()
		v := float64(a.source.IntN(9) - 2)
		if a.source.IntN(8) == 0 {
			v /= 4
		}
		late := int64(a.source.IntN(int(a.step.Milliseconds()) / 10))
		c.Load = append(c.Load, series.Sample{Series: s, Point: series.Point{Time: at, Value: v}, Arrival: at + 1 + late})
	}
}
