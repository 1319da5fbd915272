package series

import "strings"

// Kind says which of the two kinds of series a Query selects.
type Kind uint8

const (
	Numbers    Kind = iota // gauges and counters: what data() reads
	Histograms             // what histogram() reads
	AnyKind                // both
)

// A Query selects series by kind, metric, filter and activity.
type Query struct {
	Kind   Kind
	Metric string    // a name, or a pattern in which * stands for any characters
	Filter Predicate // nil selects every series of the metric

	// Only series with a point in [From, To) count, in milliseconds since the epoch.
	// Both 0: no condition.
	From, To int64

	// Limit is the most series wanted: the most recently created of those that match.
	// 0: all.
	Limit int
}

// Matches reports whether kind, metric and filter select a series. Activity and limit are
// the business of the store.
func (q *Query) Matches(s *Series) bool {
	return (q.Kind == AnyKind || (q.Kind == Histograms) == (s.Type == Histogram)) &&
		MatchPattern(q.Metric, s.Metric) && (q.Filter == nil || q.Filter.Matches(s))
}

// String returns the data() or histogram() call that asks the same.
func (q *Query) String() string {
	text := "data("
	if q.Kind == Histograms {
		text = "histogram("
	}
	text += Quote(q.Metric)
	if q.Filter != nil {
		text += ", filter=" + q.Filter.String()
	}
	return text + ")"
}

// A Selection is the answer to a Query.
type Selection struct {
	Series  []*Series // in any order, at most Query.Limit
	Matched int       // how many matched before the limit
}

// MatchPattern reports whether a text matches a pattern in which each * stands for any
// characters, none included (language specification, section 5.2). Case counts.
func MatchPattern(pattern, text string) bool {
	head, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}

// IsPattern reports whether a metric name is a pattern.
func IsPattern(metric string) bool { return strings.Contains(metric, "*") }
