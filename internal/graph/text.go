package graph

import (
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The String of an operator holds all of its fields: equal texts mean equal operators.

// form writes name(arg, arg). An empty argument is left out.
func form(name string, args ...string) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('(')
	first := true
	for _, a := range args {
		if a == "" {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		b.WriteString(a)
		first = false
	}
	b.WriteByte(')')
	return b.String()
}

// named writes name=text, and nothing for an empty text.
func named(name, text string) string {
	if text == "" {
		return ""
	}
	return name + "=" + text
}

func flag(name string, on bool) string {
	if !on {
		return ""
	}
	return name + "=True"
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return series.Quote(text)
}

func period(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return Duration(d)
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func whole(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func predicate(p series.Predicate) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// outer marks an operator that pairs a series without a partner with None.
func outer(on bool, text string) string {
	if on {
		return "outer " + text
	}
	return text
}

// pairs writes labels as a dict.
func pairs(ls series.Labels) string {
	if len(ls) == 0 {
		return ""
	}
	texts := make([]string, len(ls))
	for i, l := range ls {
		texts[i] = series.Quote(l.Name) + ": " + series.Quote(l.Value)
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

// names writes a list of dimension names, quoted where they hold other than the usual
// characters.
func names(list []string) string {
	if list == nil {
		return ""
	}
	texts := make([]string, len(list))
	for i, name := range list {
		texts[i] = plain(name)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func plain(name string) string {
	if name == "" || strings.ContainsFunc(name, unusual) {
		return series.Quote(name)
	}
	return name
}

func unusual(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.' || r == '-')
}

// Duration returns the canonical text of a duration in a program, largest unit first:
// 1w2d3h4m5s6ms (language.md 2.4). What is finer than a millisecond is a fraction of one;
// a negative duration, which no program can write, has a minus in front.
func Duration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	rest := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := rest / uint64(u.size); n > 0 {
			b.WriteString(strconv.FormatUint(n, 10) + u.name)
			rest %= uint64(u.size)
		}
	}
	if rest > 0 {
		b.WriteString(strconv.FormatFloat(float64(rest)/float64(time.Millisecond), 'f', -1, 64) + "ms")
	}
	return b.String()
}
