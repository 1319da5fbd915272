package flowtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A Step is what one series has in one step of a load, or in one slot of a want.
type Step struct {
	Values []float64     // none: nothing; several lie evenly in the step
	Delay  time.Duration // from the time of a point to its arrival
	Digits int           // decimals to compare; negative: all of them

	Histogram *series.Distribution // of a histogram, in place of values
}

// MaxSteps is the most steps of one line.
const MaxSteps = 1_000_000

// ParseSteps reads the steps of a series, separated by blanks:
//
//	5        one point
//	_        nothing
//	1,2,3    several points, evenly within the step
//	1+2x3    1 3 5 7: a value, and three more, each larger by 2
//	9-2x3    9 7 5 3
//	4x3      4 4 4 4
//	_x3      _ _ _
//	5@+2s    a point that arrives two seconds after its time; also behind the other forms
//	~0.3333  in a want: this, rounded to as many decimals
//
//	h(10,50: 5,15,4; sum=900 min=2 max=140)  a point of a histogram: its bounds, the counts of
//	                                         the buckets, and perhaps what is known beside them
func ParseSteps(text string) ([]Step, error) {
	var steps []Step
	items, err := splitItems(text)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		more, err := parseItem(item)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", item, err)
		}
		if steps = append(steps, more...); len(steps) > MaxSteps {
			return nil, fmt.Errorf("value %q: more than %d steps", item, MaxSteps)
		}
	}
	return steps, nil
}

func parseItem(item string) ([]Step, error) {
	step := Step{Digits: -1}
	text, delay, late := strings.Cut(item, "@+")
	if late {
		d, err := time.ParseDuration(delay)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%q is no duration such as 2s or 1m30s", delay)
		}
		step.Delay = d
	}
	if inside, ok := strings.CutPrefix(text, "h("); ok {
		return parseHistogram(step, inside)
	}
	if rest, ok := strings.CutPrefix(text, "_"); ok {
		n, err := parseTimes(rest, 1)
		if err != nil || late {
			return nil, fmt.Errorf("nothing is written _ or _x3")
		}
		return repeat(Step{Digits: -1}, 0, n), nil
	}
	if strings.Contains(text, ",") {
		for part := range strings.SplitSeq(text, ",") {
			x, rest, ok := scanNumber(part)
			if !ok || rest != "" {
				return nil, fmt.Errorf("%q is no number", part)
			}
			step.Values = append(step.Values, x)
		}
		return []Step{step}, nil
	}
	return parseRun(step, text)
}

// parseRun reads a value, or the first one of several with what each adds.
func parseRun(step Step, text string) ([]Step, error) {
	text, rounded := strings.CutPrefix(text, "~")
	x, rest, ok := scanNumber(text)
	if !ok {
		return nil, fmt.Errorf("no number")
	}
	if rounded {
		_, fraction, _ := strings.Cut(text[:len(text)-len(rest)], ".")
		step.Digits = len(fraction)
	}
	step.Values = []float64{x}
	by := 0.0
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		if by, rest, ok = scanNumber(strings.TrimPrefix(rest, "+")); !ok {
			return nil, fmt.Errorf("no number after the sign")
		}
	}
	n, err := parseTimes(rest, 0)
	if err != nil {
		return nil, err
	}
	return repeat(step, by, n+1), nil
}

// parseTimes reads x and a number, or the default without.
func parseTimes(text string, without int) (int, error) {
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(text, "x"))
	if err != nil || text[0] != 'x' || n < 0 || n >= MaxSteps {
		return 0, fmt.Errorf("%q is not x and how many more, such as x3", text)
	}
	return n, nil
}

func repeat(step Step, by float64, n int) []Step {
	steps := make([]Step, n)
	for i := range steps {
		steps[i] = step
		if len(step.Values) == 1 {
			steps[i].Values = []float64{step.Values[0] + float64(i)*by}
		}
	}
	return steps
}

// scanNumber reads a number at the start of a text.
func scanNumber(text string) (x float64, rest string, ok bool) {
	end := 0
	digits := func() {
		for end < len(text) && '0' <= text[end] && text[end] <= '9' {
			end++
		}
	}
	sign := func() {
		if end < len(text) && (text[end] == '-' || text[end] == '+') {
			end++
		}
	}
	sign()
	for _, word := range []string{"NaN", "Inf"} {
		if strings.HasPrefix(text[end:], word) {
			x, err := strconv.ParseFloat(text[:end+len(word)], 64)
			return x, text[end+len(word):], err == nil
		}
	}
	digits()
	if end < len(text) && text[end] == '.' {
		end++
		digits()
	}
	if end < len(text) && (text[end] == 'e' || text[end] == 'E') {
		before := end
		end++
		sign()
		if start := end; true {
			digits()
			if end == start {
				end = before
			}
		}
	}
	x, err := strconv.ParseFloat(text[:end], 64)
	return x, text[end:], err == nil
}

// matches reports whether a value is what a want says.
func (s Step) matches(x *float64) bool {
	switch {
	case s.Histogram != nil: // nothing that is published is one
		return false
	case x == nil || len(s.Values) == 0:
		return x == nil && len(s.Values) == 0
	case s.Digits >= 0:
		return strconv.FormatFloat(*x+0, 'f', s.Digits, 64) == strconv.FormatFloat(s.Values[0]+0, 'f', s.Digits, 64)
	}
	want := s.Values[0]
	if want == 0 {
		return math.Abs(*x) <= 1e-9
	}
	return math.Abs(*x-want) <= 1e-9*math.Abs(want)
}

// formatValue writes a value in the notation, shortened where that says no less to a reader.
func formatValue(x *float64) string {
	if x == nil {
		return "_"
	}
	exact := strconv.FormatFloat(*x+0, 'g', -1, 64)
	if len(exact) <= 8 {
		return exact
	}
	if r := math.Round(*x*1e6) / 1e6; math.Abs(*x-r) <= 1e-12*max(1, math.Abs(r)) {
		return strconv.FormatFloat(r+0, 'g', -1, 64)
	}
	if math.Abs(*x) >= 1e6 || math.Abs(*x) < 1e-2 {
		return exact
	}
	return "~" + strconv.FormatFloat(*x, 'f', 4, 64)
}

// ParseSeries reads a metric with its dimensions, m{host=a, dc='x y'}, and then what stands
// behind it on the line. Names and values are quoted where they hold blanks or any of
// , = { } [ ] # and quotes; a quote inside quotes is written twice.
func ParseSeries(text string) (metric string, dimensions series.Labels, rest string, err error) {
	metric, rest, err = scanWord(text, "{")
	if err != nil {
		return "", nil, "", err
	}
	inside, ok := strings.CutPrefix(rest, "{")
	if !ok {
		return metric, nil, strings.TrimSpace(rest), nil
	}
	var labels []series.Label
	for {
		inside = strings.TrimLeft(inside, " \t")
		if after, ok := strings.CutPrefix(inside, "}"); ok {
			return metric, series.SortLabels(labels), strings.TrimSpace(after), nil
		}
		if inside == "" {
			return "", nil, "", fmt.Errorf("the dimensions of %q have no }", metric)
		}
		var l series.Label
		if l, inside, err = scanLabel(inside); err != nil {
			return "", nil, "", fmt.Errorf("the dimensions of %q: %w", metric, err)
		}
		labels = append(labels, l)
		inside = strings.TrimPrefix(strings.TrimLeft(inside, " \t"), ",")
	}
}

// parseMetadata reads properties and tags, [env=prod, #web], if there are any.
func parseMetadata(text string) (properties series.Labels, tags []string, rest string, err error) {
	rest, ok := strings.CutPrefix(text, "[")
	if !ok {
		return nil, nil, text, nil
	}
	for {
		rest = strings.TrimLeft(rest, " \t,")
		if after, ok := strings.CutPrefix(rest, "]"); ok {
			return series.SortLabels(properties), tags, strings.TrimSpace(after), nil
		}
		if rest == "" {
			return nil, nil, "", fmt.Errorf("the properties have no ]")
		}
		if tag, ok := strings.CutPrefix(rest, "#"); ok {
			if tag, rest, err = scanWord(tag, ",]"); err != nil {
				return nil, nil, "", err
			}
			tags = append(tags, tag)
			continue
		}
		var l series.Label
		if l, rest, err = scanLabel(rest); err != nil {
			return nil, nil, "", fmt.Errorf("the properties: %w", err)
		}
		properties = append(properties, l)
	}
}

// scanLabel reads name=value.
func scanLabel(text string) (l series.Label, rest string, err error) {
	if l.Name, rest, err = scanWord(text, "=,}]"); err != nil {
		return l, "", err
	}
	value, ok := strings.CutPrefix(rest, "=")
	if !ok || l.Name == "" {
		return l, "", fmt.Errorf("%q is not name=value", text)
	}
	l.Value, rest, err = scanWord(value, ",}]")
	return l, rest, err
}

// scanWord reads up to a blank or one of the characters, or a word in quotes.
func scanWord(text, until string) (word, rest string, err error) {
	if strings.HasPrefix(text, "'") {
		for rest = text; strings.HasPrefix(rest, "'"); { // '' is a quote inside
			part, after, closed := strings.Cut(rest[1:], "'")
			if !closed {
				return "", "", fmt.Errorf("%s has no closing quote", text)
			}
			if word += part; strings.HasPrefix(after, "'") {
				word += "'"
			}
			rest = after
		}
		return word, rest, nil
	}
	end := strings.IndexAny(text, " \t"+until)
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:], nil
}

// FormatSeries writes a name with labels as ParseSeries reads it; what has neither is ”.
func FormatSeries(name string, labels series.Labels) string {
	if len(labels) == 0 && name == "" {
		return "''"
	}
	if len(labels) == 0 {
		return quoteWord(name)
	}
	var b strings.Builder
	b.WriteString(quoteWord(name) + "{")
	for i, l := range labels {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoteWord(l.Name) + "=" + quoteWord(l.Value))
	}
	b.WriteByte('}')
	return b.String()
}

func quoteWord(word string) string {
	if strings.ContainsAny(word, " \t,={}[]'#") {
		return "'" + strings.ReplaceAll(word, "'", "''") + "'"
	}
	return word
}
