package graph

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The String of an operator holds all of its fields: equal texts mean equal operators.

// String returns data('metric', ...) with the arguments that are not the default.
func (f *Fetch) String() string {
	var b strings.Builder
	b.WriteString("data(" + series.Quote(f.Metric))
	if f.Filter != nil {
		b.WriteString(", filter=" + f.Filter.String())
	}
	if f.Rollup != RollupDefault {
		b.WriteString(", rollup=" + string(f.Rollup))
	}
	if f.Extrapolation != ExtrapolateNull {
		b.WriteString(", extrapolation=" + string(f.Extrapolation))
	}
	if f.MaxExtrapolations >= 0 {
		b.WriteString(", maxExtrapolations=" + strconv.Itoa(f.MaxExtrapolations))
	}
	if f.Resolution != 0 {
		b.WriteString(", resolution=" + Duration(f.Resolution))
	}
	b.WriteByte(')')
	return b.String()
}

// String returns scalar(value).
func (s *Scalar) String() string {
	return "scalar(" + strconv.FormatFloat(s.Value, 'g', -1, 64) + ")"
}

// String returns the operator.
func (b *Binary) String() string { return string(b.Op) }

// String returns the operator; negation is neg, which no Binary is.
func (u *Unary) String() string {
	if u.Op == Negate {
		return "neg"
	}
	return string(u.Op)
}

// String returns func(by=[...], allow_missing=[...]).
func (a *Aggregate) String() string {
	var args []string
	if a.By != nil {
		args = append(args, "by="+names(a.By))
	}
	if a.AllowMissing != nil {
		args = append(args, "allow_missing="+names(a.AllowMissing))
	}
	return string(a.Func) + "(" + strings.Join(args, ", ") + ")"
}

// String returns func(over=duration).
func (w *Window) String() string {
	return fmt.Sprintf("%s(over=%s)", w.Func, Duration(w.Over))
}

// String returns publish('label', enable=False).
func (p *Publish) String() string {
	var args []string
	if p.Label != "" {
		args = append(args, series.Quote(p.Label))
	}
	if !p.Enabled {
		args = append(args, "enable=False")
	}
	return "publish(" + strings.Join(args, ", ") + ")"
}

// names writes a list of dimension names, quoted where they hold other than the usual
// characters.
func names(list []string) string {
	quoted := make([]string, len(list))
	for i, name := range list {
		quoted[i] = name
		if name == "" || strings.ContainsFunc(name, unusual) {
			quoted[i] = series.Quote(name)
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
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
