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
	t := &plainTable{name: 8, detail: 12, metrics: make(map[string]string), several: make(map[string]bool)}
	t.lineOutput = lineOutput{w: w, line: t.appendLine}
	return t
}

// plainTable keeps the widths of the columns. They only grow, since what is printed
// cannot be aligned again.
type plainTable struct {
	lineOutput
	name, detail int
	metrics      map[string]string // the first metric of each label
	several      map[string]bool   // labels with more than one, which is then shown
}

// values measures a message before it prints it: its lines are aligned at least with each
// other.
func (t *plainTable) values(values []publishedValue) error {
	for _, v := range values {
		if first, ok := t.metrics[v.series.label]; !ok {
			t.metrics[v.series.label] = v.series.metric
		} else if first != v.series.metric && v.series.label != "" {
			t.several[v.series.label] = true
		}
	}
	for _, v := range values {
		name, detail := t.texts(v.series)
		t.name = max(t.name, utf8.RuneCountInString(name))
		t.detail = max(t.detail, utf8.RuneCountInString(detail))
	}
	return t.lineOutput.values(values)
}

// texts returns the label of a series, and its dimensions after the metric if that is shown.
func (t *plainTable) texts(s *publishedSeries) (name, detail string) {
	name, detail = seriesName(s), dimensionsText(s.dimensions)
	if t.several[s.label] {
		detail = strings.TrimSpace(printable(s.metric) + " " + detail)
	}
	return name, detail
}

func (t *plainTable) appendLine(dst []byte, v publishedValue, _ []byte) []byte {
	name, detail := t.texts(v.series)
	return fmt.Appendf(dst, "%s  %-*s  %-*s  %12s\n",
		time.UnixMilli(v.time).UTC().Format(time.RFC3339), t.name, name, t.detail, detail, v.number.rounded().appendText(nil))
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
