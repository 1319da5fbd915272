package series

import (
	"fmt"
	"slices"
	"strings"
)

// A Predicate selects series by metric and dimensions: the compiled form of filter()
// and of its combinations (language specification, section 2.5). It is one of *Match,
// *Partition, *Path, *And, *Or and *Not, so that a store can read what it could answer from an index.
type Predicate interface {
	// Matches reports whether a series is selected.
	Matches(s *Series) bool
	// String returns the predicate in the text form of a program.
	String() string
}

// Keys under which a filter sees what is neither a dimension nor a property.
const (
	MetricKey = "sf_metric" // the name of the metric
	TagsKey   = "sf_tags"   // the tags: any of them may match
)

// Match selects the series whose value of a key equals or matches one of the terms:
// filter(key, term, ...).
type Match struct {
	Key          string // a dimension or property, MetricKey or TagsKey
	Terms        []Pattern
	MatchMissing bool // a series without the key is selected too
}

// NewMatch returns the predicate of filter(key, terms..., match_missing=matchMissing).
func NewMatch(key string, terms []string, matchMissing bool) *Match {
	m := &Match{Key: key, MatchMissing: matchMissing}
	for _, t := range terms {
		m.Terms = append(m.Terms, NewPattern(t))
	}
	return m
}

// Matches implements Predicate.
func (m *Match) Matches(s *Series) bool {
	var value string
	var ok bool
	switch m.Key {
	case MetricKey:
		value, ok = s.Metric, true
	case TagsKey:
		return slices.ContainsFunc(s.Tags, m.accepts) || len(s.Tags) == 0 && m.MatchMissing
	default:
		if value, ok = s.Dimensions.Get(m.Key); !ok {
			value, ok = s.Properties.Get(m.Key)
		}
	}
	if !ok {
		return m.MatchMissing
	}
	return m.accepts(value)
}

func (m *Match) accepts(value string) bool {
	return slices.ContainsFunc(m.Terms, func(t Pattern) bool { return t.Matches(value) })
}

// String implements Predicate.
func (m *Match) String() string {
	var b strings.Builder
	b.WriteString("filter(")
	b.WriteString(Quote(m.Key))
	for _, t := range m.Terms {
		b.WriteString(", ")
		b.WriteString(Quote(t.String()))
	}
	if m.MatchMissing {
		b.WriteString(", match_missing=True")
	}
	b.WriteByte(')')
	return b.String()
}

// And selects the series that both operands select.
type And struct{ X, Y Predicate }

// Matches implements Predicate.
func (a *And) Matches(s *Series) bool { return a.X.Matches(s) && a.Y.Matches(s) }

// String implements Predicate.
func (a *And) String() string {
	return operand(a.X, isOr) + " and " + operand(a.Y, func(p Predicate) bool { return isOr(p) || isAnd(p) })
}

// Or selects the series that one of the operands selects, or both.
type Or struct{ X, Y Predicate }

// Matches implements Predicate.
func (o *Or) Matches(s *Series) bool { return o.X.Matches(s) || o.Y.Matches(s) }

// String implements Predicate.
func (o *Or) String() string { return operand(o.X, never) + " or " + operand(o.Y, isOr) }

// Not selects the series that its operand does not select, those without the key included.
type Not struct{ X Predicate }

// Matches implements Predicate.
func (n *Not) Matches(s *Series) bool { return !n.X.Matches(s) }

// String implements Predicate.
func (n *Not) String() string {
	return "not " + operand(n.X, func(p Predicate) bool { return isOr(p) || isAnd(p) })
}

// operand writes an operand, in parentheses where its operator binds less tightly.
func operand(p Predicate, looser func(Predicate) bool) string {
	if looser(p) {
		return "(" + p.String() + ")"
	}
	return p.String()
}

func never(Predicate) bool { return false }

func isAnd(p Predicate) bool { _, ok := p.(*And); return ok }

func isOr(p Predicate) bool { _, ok := p.(*Or); return ok }

// Pattern is a text in which * stands for any characters, none included: a term of a
// filter, or the metric of data(). Upper and lower case differ.
type Pattern struct {
	text  string
	parts []string // what stands between the stars; one part means an exact text
}

// NewPattern returns the pattern of a text.
func NewPattern(text string) Pattern { return Pattern{text, strings.Split(text, "*")} }

// String returns the text of the pattern.
func (p Pattern) String() string { return p.text }

// Exact reports whether the pattern has no star, and so matches its own text only.
func (p Pattern) Exact() bool { return len(p.parts) == 1 }

// Prefix returns the text that every match begins with.
func (p Pattern) Prefix() string {
	if len(p.parts) == 0 {
		return ""
	}
	return p.parts[0]
}

// Matches reports whether a text matches. It never goes back over what it has passed.
func (p Pattern) Matches(text string) bool {
	if len(p.parts) < 2 {
		return text == p.text
	}
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		// The leftmost place leaves the most for the parts to come.
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

// Quote returns a text as a string of a program (language specification, section 1.7).
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range text {
		if i := strings.IndexRune("\b\t\n\f\r'\\", r); i >= 0 {
			b.WriteByte('\\')
			b.WriteByte(`btnfr'\`[i])
		} else if r < ' ' {
			fmt.Fprintf(&b, "\\%03o", r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
