package series

import (
	"fmt"
	"regexp"
	"strings"
)

// Path selects the series whose metric is a path that matches a pattern node by node: a star
// stands for any characters of one node, [abc] for one of some characters, and {a,b} for one of
// some texts (language specification, section 5.2).
type Path struct {
	pattern   string
	separator string
	wide      string
	expr      *regexp.Regexp
}

// NewPath returns the predicate of a pattern whose nodes are separated by a text of one
// character. A bracket that is not closed is an error.
func NewPath(pattern, separator string) (*Path, error) {
	p := &Path{pattern: pattern, separator: separator}
	var expr, wide strings.Builder
	for rest := pattern; rest != ""; {
		open := strings.IndexAny(rest, "*[{")
		if open < 0 {
			open = len(rest)
		}
		expr.WriteString(regexp.QuoteMeta(rest[:open]))
		wide.WriteString(rest[:open])
		if rest = rest[open:]; rest == "" {
			break
		}
		wide.WriteByte('*')
		text, length, err := p.group(rest)
		if err != nil {
			return nil, err
		}
		expr.WriteString(text)
		rest = rest[length:]
	}
	p.wide = wide.String()
	var err error
	if p.expr, err = regexp.Compile("^(?:" + expr.String() + ")$"); err != nil {
		return nil, fmt.Errorf("pattern %s: %w", Quote(pattern), err)
	}
	return p, nil
}

// group returns the expression for the star or bracket that a text begins with, and its length.
func (p *Path) group(text string) (expr string, length int, err error) {
	any := "[^" + regexp.QuoteMeta(p.separator) + "]*"
	if text[0] == '*' {
		return any, 1, nil
	}
	closing := byte(']')
	if text[0] == '{' {
		closing = '}'
	}
	end := strings.IndexByte(text, closing)
	if end < 0 {
		return "", 0, fmt.Errorf("pattern %s: '%c' is not closed", Quote(p.pattern), text[0])
	}
	inside := text[1:end]
	if closing == ']' {
		// Only a range and a leading ^ have a meaning in it.
		class := strings.NewReplacer(`\`, `\\`, "[", `\[`, "&", `\&`, "~", `\~`).Replace(inside)
		return "[" + class + "]", end + 1, nil
	}
	var texts []string
	for _, t := range strings.Split(inside, ",") {
		texts = append(texts, strings.ReplaceAll(regexp.QuoteMeta(t), `\*`, any))
	}
	return "(?:" + strings.Join(texts, "|") + ")", end + 1, nil
}

// Wide returns a pattern for Query.Metric that selects all of the series, and perhaps more.
func (p *Path) Wide() string { return p.wide }

// Matches implements Predicate.
func (p *Path) Matches(s *Series) bool { return p.expr.MatchString(s.Metric) }

// String implements Predicate.
func (p *Path) String() string {
	if p.separator == "/" {
		return "newrelic(" + Quote(p.pattern) + ")"
	}
	return "graphite(" + Quote(p.pattern) + ")"
}
