package ingest

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Table writes samples as CSV with a column for each series, the smallest and quickest form, to
// be read again by Read. It keeps neither arrival nor properties. Its methods are for one
// goroutine.
type Table struct {
	out     *bufio.Writer
	columns map[*series.Series]int
	row     []float64 // NaN where there is no value
	time    int64     // of the row
	filled  bool      // the row has a value
	line    []byte
	points  int
	failed  error
}

// NewTable returns a Table of some series to w, and writes its head. Histograms have no column.
func NewTable(w io.Writer, list []*series.Series) *Table {
	t := &Table{out: bufio.NewWriterSize(w, 64<<10), columns: map[*series.Series]int{}}
	head := append(t.line, "timestamp"...)
	for _, s := range list {
		if s.Type == series.Histogram {
			continue
		}
		t.columns[s] = len(t.row)
		t.row = append(t.row, math.NaN())
		head = append(append(head, ','), quoteCell(columnName(s))...)
	}
	_, t.failed = t.out.Write(append(head, '\n'))
	return t
}

// columnName returns what parseName reads: the metric, its dimensions, and the type behind them
// if it is no gauge.
func columnName(s *series.Series) string {
	var b strings.Builder
	b.WriteString(s.Metric)
	for i, l := range s.Dimensions {
		b.WriteString([]string{"{", ", "}[min(i, 1)])
		b.WriteString(l.Name + "=" + quoteValue(l.Value))
	}
	if len(s.Dimensions) > 0 {
		b.WriteByte('}')
	}
	if s.Type != series.Gauge {
		b.WriteString(" " + s.Type.String())
	}
	return b.String()
}

// quoteValue puts a text in quotes if it has anything in it that would end it.
func quoteValue(text string) string {
	if text != "" && !strings.ContainsAny(text, "\",{}\\\n ") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// quoteCell does the same for a cell of CSV.
func quoteCell(text string) string {
	if !strings.ContainsAny(text, "\",\r\n") {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// Append writes samples, a row for those of one time that stand together, and returns how many
// it could not write: of series that have no column, values that are not finite, and all after
// an error.
func (t *Table) Append(samples ...series.Sample) (refused int) {
	for i := range samples {
		s := &samples[i]
		column, ok := t.columns[s.Series]
		if !ok || t.failed != nil || s.Value-s.Value != 0 {
			refused++
			continue
		}
		if s.Time != t.time {
			t.endRow()
			t.time = s.Time
		}
		t.row[column], t.filled = s.Value, true
		t.points++
	}
	return refused
}

// endRow writes the row that has been gathered.
func (t *Table) endRow() {
	if !t.filled || t.failed != nil {
		return
	}
	t.line = strconv.AppendInt(t.line[:0], t.time, 10)
	for i, v := range t.row {
		t.line = append(t.line, ',')
		if v == v {
			t.line = strconv.AppendFloat(t.line, v, 'g', -1, 64)
			t.row[i] = math.NaN()
		}
	}
	t.filled = false
	_, t.failed = t.out.Write(append(t.line, '\n'))
}

// Flush passes on what has been written so far, and returns the first error. What comes later
// of the same time stands in a row of its own.
func (t *Table) Flush() error {
	t.endRow()
	if t.failed == nil {
		t.failed = t.out.Flush()
	}
	return t.failed
}

// Points returns how many points have been written.
func (t *Table) Points() int { return t.points }
