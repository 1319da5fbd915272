// Package term shows the values of a program as a table that keeps up with them.
package term

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
)

// Series is one row of the table. Its texts must be printable. The metric is shown where
// series of one label have different ones.
type Series struct{ Label, Metric, Dimensions string }

// Point is a value of a series. The same pointer stands for the same row.
type Point struct {
	Series *Series
	Time   time.Time
	Value  float64
}

// history is the number of slots that a trend can show.
const history = 60

// row is a series with its last values, the newest at the end. NaN is a slot without one.
type row struct {
	series *Series
	detail string // the dimensions, after the metric if that is shown
	last   time.Time
	values []float64
}

// table holds what is to be shown. It draws itself for any size and knows no terminal.
type table struct {
	rows    map[*Series]*row
	sorted  []*row // nil when rows have come or gone
	last    time.Time
	step    time.Duration // the shortest distance seen between two times: one slot
	notices []string
}

func newTable() *table { return &table{rows: make(map[*Series]*row)} }

func (t *table) add(p Point) {
	if d := p.Time.Sub(t.last); d > 0 {
		if !t.last.IsZero() && (t.step == 0 || d < t.step) {
			t.step = d
		}
		t.last = p.Time
	}
	r := t.rows[p.Series]
	if r == nil {
		r = &row{series: p.Series}
		t.rows[p.Series] = r
		t.sorted = nil
	}
	for range t.missed(r, p.Time) {
		r.push(math.NaN())
	}
	r.push(p.Value)
	r.last = p.Time
}

// missed returns how many slots a row had no value in before a time, at most its history.
func (t *table) missed(r *row, now time.Time) int {
	if r.last.IsZero() || t.step == 0 {
		return 0
	}
	return max(0, min(int(now.Sub(r.last)/t.step)-1, history))
}

func (r *row) push(v float64) {
	if len(r.values) == history {
		r.values = append(r.values[:0], r.values[1:]...)
	}
	r.values = append(r.values, v)
}

func (t *table) expire(s *Series) {
	if t.rows[s] != nil {
		delete(t.rows, s)
		t.sorted = nil
	}
}

// maxNotices is how many notices are kept; the newest are shown.
const maxNotices = 2

func (t *table) notice(text string) {
	t.notices = append(t.notices, text)
	t.notices = t.notices[max(0, len(t.notices)-maxNotices):]
}

func (t *table) order() []*row {
	if t.sorted == nil {
		t.sorted = make([]*row, 0, len(t.rows))
		for _, r := range t.rows {
			t.sorted = append(t.sorted, r)
		}
		slices.SortFunc(t.sorted, func(a, b *row) int {
			return cmp.Or(
				strings.Compare(a.series.Label, b.series.Label),
				strings.Compare(a.series.Metric, b.series.Metric),
				strings.Compare(a.series.Dimensions, b.series.Dimensions))
		})
		describe(t.sorted)
	}
	return t.sorted
}

// describe sets the details of rows that are in order.
func describe(rows []*row) {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].series.Label == rows[0].series.Label {
			n++
		}
		differ := rows[0].series.Metric != rows[n-1].series.Metric
		for _, r := range rows[:n] {
			r.detail = r.series.Dimensions
			if differ {
				r.detail = strings.TrimSpace(r.series.Metric + " " + r.series.Dimensions)
			}
		}
		rows = rows[n:]
	}
}

// columns are widths in cells; 0 leaves a column out.
type columns struct{ label, dimensions, value, trend, gap int }

// layout fits the columns for rows into a width. What is narrow loses the trend first,
// then the dimensions.
func layout(rows []*row, width int) columns {
	c := columns{value: 12, trend: 20, gap: 2}
	switch {
	case width < 40:
		c.value, c.trend, c.gap = 9, 0, 1
	case width < 60:
		c.value, c.trend, c.gap = 9, 8, 1
	}
	longestLabel, longestDimensions := len("LABEL"), 0
	for _, r := range rows {
		longestLabel = max(longestLabel, lipgloss.Width(r.series.Label))
		longestDimensions = max(longestDimensions, lipgloss.Width(r.detail))
	}
	if longestDimensions > 0 {
		longestDimensions = max(longestDimensions, len("DIMENSIONS"))
	}
	rest := width - c.value - c.gap
	if c.trend > 0 {
		rest -= c.trend + c.gap
	}
	c.label = max(0, min(longestLabel, rest))
	if longestDimensions > 0 && rest >= 16 {
		rest -= c.gap
		c.label = min(longestLabel, max(8, rest*2/5))
		c.dimensions = min(longestDimensions, rest-c.label)
	}
	if spare := width - c.total(); c.trend > 0 && spare > 0 {
		c.trend = min(c.trend+spare, history)
	}
	if c.label == 0 { // room for values only
		c.value, c.gap = min(c.value, width), 0
	}
	return c
}

func (c columns) total() int {
	total := c.label + c.gap + c.value
	if c.dimensions > 0 {
		total += c.gap + c.dimensions
	}
	if c.trend > 0 {
		total += c.gap + c.trend
	}
	return total
}

// render draws the table: at most height lines of at most width cells. The rows that fit
// are shown, and how many more there are.
func (t *table) render(title, footer string, width, height int, s styles) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	rows := t.order()
	head, foot := []string{s.title.Render(truncate(title, width))}, []string(nil)
	for _, n := range t.notices {
		foot = append(foot, s.notice.Render(truncate(n, width)))
	}
	foot = append(foot, s.faint.Render(truncate(footer, width)))
	if height < 8 { // too low for more than values
		head, foot = nil, foot[:min(len(foot), max(0, height-1))]
	}
	body := t.body(rows, width, height-len(head)-len(foot), s)
	return strings.Join(slices.Concat(head, body, foot), "\n")
}

func (t *table) body(rows []*row, width, height int, s styles) []string {
	if len(rows) == 0 {
		return []string{s.faint.Render(truncate("waiting for the first value", width))}
	}
	shown := min(len(rows), max(1, height-1)) // one line is the heading
	if shown < len(rows) {
		shown = max(1, shown-1) // and one says how many more
	}
	c := layout(rows[:shown], width)
	var lines []string
	if height > 1 {
		lines = append(lines, s.heading.Render(c.line("LABEL", "DIMENSIONS", "VALUE", "TREND")))
	}
	for _, r := range rows[:shown] {
		lines = append(lines, t.line(r, c, s))
	}
	if more := len(rows) - shown; more > 0 && len(lines) < height {
		lines = append(lines, s.faint.Render(truncate(fmt.Sprintf("… and %d more series", more), width)))
	}
	return lines
}

// line draws a row, faint when the series has had no value for a while.
func (t *table) line(r *row, c columns, s styles) string {
	value := formatValue(r.values[len(r.values)-1], c.value)
	values := r.values
	stale := t.missed(r, t.last.Add(t.step))
	if stale > 0 { // the slots since then belong to the trend too
		values = slices.Concat(values, slices.Repeat([]float64{math.NaN()}, stale))
	}
	trend := sparkline(values, c.trend)
	if stale >= 3 {
		return s.faint.Render(c.line(r.series.Label, r.detail, value, trend))
	}
	left := c.left(r.series.Label, r.detail, value)
	if c.trend == 0 {
		return left
	}
	return left + strings.Repeat(" ", c.gap) + s.trend.Render(trend)
}

func (c columns) line(label, dimensions, value, trend string) string {
	left := c.left(label, dimensions, value)
	if c.trend == 0 {
		return left
	}
	return left + strings.Repeat(" ", c.gap) + trend
}

func (c columns) left(label, dimensions, value string) string {
	gap := strings.Repeat(" ", c.gap)
	text := pad(label, c.label) + gap
	if c.dimensions > 0 {
		text += pad(dimensions, c.dimensions) + gap
	}
	value = truncate(value, c.value)
	return text + strings.Repeat(" ", c.value-lipgloss.Width(value)) + value
}
