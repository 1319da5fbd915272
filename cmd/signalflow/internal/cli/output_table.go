package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// newPlainTable returns an output of one line a value, in columns: what -o table gives
// where no table can be redrawn.
func newPlainTable(w io.Writer) output {
	t := &plainTable{name: 8, dimensions: 12}
	return &lineOutput{w: w, line: t.appendLine}
}

// plainTable keeps the widths of the columns. They only grow, since what is printed
// cannot be aligned again.
type plainTable struct{ name, dimensions int }

func (t *plainTable) appendLine(dst []byte, v publishedValue) []byte {
	name, dimensions := seriesName(v.series), dimensionsText(v.series.dimensions)
	t.name = max(t.name, utf8.RuneCountInString(name))
	t.dimensions = max(t.dimensions, utf8.RuneCountInString(dimensions))
	return fmt.Appendf(dst, "%s  %-*s  %-*s  %12s\n",
		time.UnixMilli(v.time).UTC().Format(time.RFC3339), t.name, name, t.dimensions, dimensions, v.number.rounded().appendText(nil))
}

// seriesName returns the label, or the metric of a series without one.
func seriesName(s *publishedSeries) string {
	if s.label == "" {
		return printable(s.metric)
	}
	return printable(s.label)
}

// dimensionsText returns a=1 b=2.
func dimensionsText(dimensions []dimension) string {
	var b strings.Builder
	for i, d := range dimensions {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(printable(d.name))
		b.WriteByte('=')
		b.WriteString(printable(d.value))
	}
	return b.String()
}

// printable escapes what would break a line or command the terminal: names and values
// come from whoever sends data.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			quoted := strconv.Quote(s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}
