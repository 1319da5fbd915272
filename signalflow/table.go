package signalflow

import (
	"slices"
	"time"
)

// Table is a result with a column for each series and a row for each timestamp.
type Table struct {
	Columns []*Series
	Rows    []Row
}

// Row is what all series had at one time: Values are in the order of the columns, null where
// a series has no point.
type Row struct {
	Time   time.Time // in UTC
	Values []Value
}

// Table returns the result as a table, in the order of time.
func (r *Result) Table() Table {
	t := Table{Columns: make([]*Series, len(r.Series))}
	rows := make(map[time.Time][]Value)
	for i, s := range r.Series {
		t.Columns[i] = s.Series
		for _, p := range s.Points {
			values := rows[p.Time]
			if values == nil {
				values = make([]Value, len(r.Series))
				rows[p.Time] = values
			}
			values[i] = p.Value
		}
	}
	t.Rows = make([]Row, 0, len(rows))
	for at, values := range rows {
		t.Rows = append(t.Rows, Row{at, values})
	}
	slices.SortFunc(t.Rows, func(a, b Row) int { return a.Time.Compare(b.Time) })
	return t
}
