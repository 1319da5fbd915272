package ingest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// layouts are the ways in which files write a time, besides numbers. Without a zone it is UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// ParseTime reads a time: a number since the epoch, whose unit its size tells, or
// 2024-01-01T00:00:00Z and what is written like it. The result is in milliseconds.
func ParseTime(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return wholeMillis(n), nil
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return millis(x)
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time: write 2024-01-01T00:00:00Z, or seconds or milliseconds since 1970", text)
}

// parseTime reads a time as ParseTime does, and says when the unit of numbers changes within the
// input: some of them mean another time than they say.
func (d *decoder) parseTime(text string) (int64, error) {
	if unit := timeUnit(text); unit != "" && unit != d.unit {
		if d.unit != "" {
			d.warn("units", "the time %s is in %s, those before it in %s; each is read as its size tells", text, unit, d.unit)
		}
		d.unit = unit
	}
	return ParseTime(text)
}

// timeUnit tells the unit of a time by its digits, "" if it is no plain number.
func timeUnit(text string) string {
	whole, part, _ := strings.Cut(strings.TrimSpace(text), ".")
	if whole == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(part, "0123456789") != "" {
		return ""
	}
	switch n := len(whole); {
	case n <= 11:
		return "seconds"
	case n <= 14:
		return "milliseconds"
	case n <= 17:
		return "microseconds"
	}
	return "nanoseconds"
}

// wholeMillis makes milliseconds of a whole number since the epoch, as millis does.
func wholeMillis(n int64) int64 {
	switch {
	case n > -1e11 && n < 1e11:
		return n * 1000
	case n > -1e14 && n < 1e14:
		return n
	case n > -1e17 && n < 1e17:
		return n / 1000
	}
	return n / 1_000_000
}

// parseName reads a metric with dimensions, m{host=a, dc="b c"}, and what stands behind it.
func parseName(text string) (metric string, labels []series.Label, rest string, err error) {
	end := strings.IndexAny(text, "{ \t")
	if end < 0 {
		return text, nil, "", nil
	}
	metric, rest = text[:end], strings.TrimLeft(text[end:], " \t")
	rest, found := strings.CutPrefix(rest, "{")
	for found {
		rest = strings.TrimLeft(rest, " \t,")
		if after, closed := strings.CutPrefix(rest, "}"); closed {
			return metric, labels, strings.TrimSpace(after), nil
		}
		var l series.Label
		if l, rest, err = parseLabel(rest); err != nil {
			return "", nil, "", err
		}
		if l.Name == "" { // {"metric", label="value"}: a name that needs quotes
			metric = l.Value
			continue
		}
		labels = append(labels, l)
	}
	return metric, labels, strings.TrimSpace(rest), nil
}

// parseLabel reads name=value or name="value"; a text alone is a value without a name.
func parseLabel(text string) (l series.Label, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		if l.Name, text, err = unquote(text); err != nil {
			return l, "", err
		}
		if !strings.HasPrefix(strings.TrimLeft(text, " \t"), "=") {
			return series.Label{Value: l.Name}, text, nil
		}
	} else {
		end := strings.IndexAny(text, "=,}")
		if end < 0 || text[end] != '=' {
			return l, "", fmt.Errorf("%q is not name=value", text)
		}
		l.Name, text = strings.TrimSpace(text[:end]), text[end:]
	}
	_, text, _ = strings.Cut(text, "=")
	text = strings.TrimLeft(text, " \t")
	if strings.HasPrefix(text, `"`) {
		l.Value, rest, err = unquote(text)
		return l, rest, err
	}
	end := strings.IndexAny(text, ",}")
	if end < 0 {
		return l, "", fmt.Errorf("the dimensions have no } at their end")
	}
	l.Value = strings.TrimSpace(text[:end])
	if l.Name == "" {
		return l, "", fmt.Errorf("the value %q has no name", l.Value)
	}
	return l, text[end:], nil
}

// unquote reads a text in double quotes, in which \\, \" and \n are escapes.
func unquote(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], nil
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("%s has no closing quote", text)
}
