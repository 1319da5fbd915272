package flowtest

import (
	"fmt"
	"math"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// splitItems divides steps at the blanks that are not in parentheses.
func splitItems(text string) (items []string, err error) {
	depth, from := 0, -1
	for i, c := range text {
		blank := (c == ' ' || c == '\t') && depth == 0
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		switch {
		case blank && from >= 0:
			items = append(items, text[from:i])
			from = -1
		case !blank && from < 0:
			from = i
		}
	}
	if depth != 0 {
		return nil, fmt.Errorf("the parentheses of %q do not close", text)
	}
	if from >= 0 {
		items = append(items, text[from:])
	}
	return items, nil
}

// parseHistogram reads what stands between h( and ), bounds: counts; sum= min= max=, and how
// often more it comes.
func parseHistogram(step Step, text string) ([]Step, error) {
	inside, times, _ := strings.Cut(text, ")")
	buckets, facts, _ := strings.Cut(inside, ";")
	bounds, counts, found := strings.Cut(buckets, ":")
	if !found {
		bounds, counts = "", buckets
	}
	edges, err := parseList(bounds)
	if err != nil {
		return nil, err
	}
	held, err := parseList(counts)
	if err != nil {
		return nil, err
	}
	if held == nil {
		held = make([]float64, len(edges)+1)
	}
	known := map[string]float64{"sum": math.NaN(), "min": math.NaN(), "max": math.NaN()}
	for field := range strings.FieldsSeq(facts) {
		name, value, _ := strings.Cut(field, "=")
		x, rest, ok := scanNumber(value)
		if _, expected := known[name]; !expected || !ok || rest != "" {
			return nil, fmt.Errorf("behind the counts %q is none of sum=5, min=5 and max=5", field)
		}
		known[name] = x
	}
	if step.Histogram, err = series.NewDistribution(edges, held, known["sum"], known["min"], known["max"]); err != nil {
		return nil, err
	}
	n, err := parseTimes(times, 0)
	if err != nil {
		return nil, err
	}
	return repeat(step, 0, n+1), nil
}

// parseList reads numbers with commas between them.
func parseList(text string) (numbers []float64, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		x, rest, ok := scanNumber(strings.TrimSpace(part))
		if !ok || rest != "" {
			return nil, fmt.Errorf("%q is no number", part)
		}
		numbers = append(numbers, x)
	}
	return numbers, nil
}
