package ingest

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Names of columns with a meaning of their own, in lower case.
var (
	timeColumns   = []string{"timestamp", "time", "ts", "date"}
	metricColumns = []string{"metric", "sf_metric", "__name__"}
)

// maxShown is the most characters of a head that an error repeats.
const maxShown = 200

// propertyColumn is what the name of a column begins with that is a property.
const propertyColumn = "property:"

// csv reads rows under a header line, separated by commas, or by tabs or semicolons if the
// header has more of those.
//
// In the long form, with the columns metric and value, a row is one point; type, arrival and
// dimensions (a JSON object) are known by name, and every other column is a dimension. In the
// wide form every column is a series, named metric or metric{host=a, dc=b}, behind which its
// type may stand; a column whose first entry is no number is a dimension of all others.
//
// In both, properties are in columns named property:env, tags in a column of that name with
// blanks between them. Those of the row that a series comes in first count.
func (d *decoder) csv(in *bufio.Reader) error {
	comma := separator(in)
	guard := &bounded{in: in}
	r := csv.NewReader(guard)
	r.ReuseRecord = true
	r.Comma = comma
	head, err := r.Read()
	if err != nil {
		return d.csvError(err)
	}
	head = slices.Clone(head)
	for i := range head {
		head[i] = strings.TrimSpace(head[i])
	}
	t := &csvTable{decoder: d, head: head, time: column(head, timeColumns...)}
	if t.time < 0 {
		d.line = 1
		shown := []rune(strings.Join(head, string(comma)))
		return d.errorf("no column with the time (%s) in the head %q", strings.Join(timeColumns, ", "), string(shown[:min(len(shown), maxShown)]))
	}
	t.metric, t.value = column(head, metricColumns...), column(head, "value")
	t.kind, t.arrival, t.dimensions = column(head, "type"), column(head, "arrival"), column(head, "dimensions")
	t.tags = column(head, "tags")
	for i, name := range head {
		if name, ok := strings.CutPrefix(name, propertyColumn); ok {
			t.properties = append(t.properties, csvProperty{i, name})
		}
	}
	if t.tags >= 0 || len(t.properties) > 0 {
		d.describe = t.describe
	}
	row := t.long
	if t.metric < 0 || t.value < 0 {
		row = t.wide
	}
	if err := t.unique(); err != nil {
		return err
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			err = d.csvError(err)
		} else {
			d.line, _ = r.FieldPos(0)
			t.row = record
			err = row(record)
		}
		if err != nil {
			if d.failed == nil && d.some() && guard.cut(r, err) {
				d.cutOff()
				return nil
			}
			return err
		}
	}
}

// cut tells whether an error is that of a last line that does not end as lines do.
func (b *bounded) cut(r *csv.Reader, err error) bool {
	var parse *csv.ParseError
	if errors.As(err, &parse) && parse.StartLine != parse.Line {
		return false // a quote that was left open further up
	}
	_, next := r.Read()
	return errors.Is(next, io.EOF) && b.line > 0
}

func (d *decoder) csvError(err error) error {
	var parse *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the file is empty", d.name)
	case errors.As(err, &parse):
		d.line = parse.Line
		return d.errorf("%w", parse.Err)
	}
	return fmt.Errorf("%s: %w", d.name, err)
}

func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(4096)
	line, _, _ := strings.Cut(string(head), "\n")
	most := ','
	for _, c := range "\t;" {
		if strings.Count(line, string(c)) > strings.Count(line, string(most)) {
			most = c
		}
	}
	return most
}

// column returns the place of the first column with one of the names, or -1.
func column(head []string, names ...string) int {
	return slices.IndexFunc(head, func(h string) bool { return slices.Contains(names, strings.ToLower(h)) })
}

// unique refuses a header in which a column stands twice: nobody can say which one counts.
func (t *csvTable) unique() error {
	first := map[string]int{}
	for i, name := range t.head {
		if other, twice := first[name]; twice && name != "" {
			t.line = 1
			return t.errorf("the columns %d and %d are both named %q", other+1, i+1, name)
		}
		first[name] = i
	}
	return nil
}

// csvTable is a table with what its header says; a place is -1 where there is no such column.
type csvTable struct {
	*decoder
	head                                           []string
	time, metric, value, kind, arrival, dimensions int
	tags                                           int
	properties                                     []csvProperty
	row                                            []string       // that is being read
	labels                                         []series.Label // of the row

	// the wide form:
	named   []csvSeries                 // by column
	shared  []int                       // columns of dimensions
	columns map[string][]*series.Series // by the values of the dimension columns: the series of each column
}

// csvProperty is a column of a property.
type csvProperty struct {
	column int
	name   string
}

// describe gives a series the properties and tags of the row that it comes in first.
func (t *csvTable) describe(s *series.Series) {
	var properties []series.Label
	for _, p := range t.properties {
		if t.row[p.column] != "" {
			properties = append(properties, series.Label{Name: p.name, Value: t.row[p.column]})
		}
	}
	s.Properties = series.SortLabels(t.texts(properties))
	if t.tags >= 0 {
		s.Tags = strings.Fields(t.text(t.row[t.tags]))
	}
}

// describes tells whether a column holds what is known of a series beside its identity.
func (t *csvTable) describes(column int) bool {
	return column == t.tags || strings.HasPrefix(t.head[column], propertyColumn)
}

// csvSeries is what the head of a column of the wide form says.
type csvSeries struct {
	metric string // empty: it is none
	kind   series.Type
	labels []series.Label
}

// long reads a row that is one point. Without a value it is none.
func (t *csvTable) long(row []string) error {
	if row[t.value] == "" {
		return nil
	}
	at, err := t.parseTime(row[t.time])
	if err != nil {
		return t.errorf("%w", err)
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(row[t.value]), 64)
	if err != nil {
		return t.errorf("value %q is no number", row[t.value])
	}
	var kind series.Type
	if t.kind >= 0 {
		if kind, err = metricType(row[t.kind]); err != nil {
			return t.errorf("%w", err)
		}
	}
	var arrival int64
	if t.arrival >= 0 && row[t.arrival] != "" {
		if arrival, err = ParseTime(row[t.arrival]); err != nil {
			return t.errorf("%w", err)
		}
	}
	if err := t.rowLabels(row); err != nil {
		return err
	}
	return t.emit(t.series(row[t.metric], kind, t.labels), at, value, arrival)
}

// rowLabels reads the dimensions of a row of the long form.
func (t *csvTable) rowLabels(row []string) error {
	t.labels = t.labels[:0]
	for i, cell := range row {
		switch i {
		case t.time, t.metric, t.value, t.kind, t.arrival, t.tags:
		case t.dimensions:
			if cell == "" {
				continue
			}
			var pairs map[string]string
			if err := json.Unmarshal([]byte(cell), &pairs); err != nil {
				return t.errorf("dimensions %s: want a JSON object of texts", cell)
			}
			for _, name := range slices.Sorted(maps.Keys(pairs)) {
				t.labels = append(t.labels, series.Label{Name: name, Value: pairs[name]})
			}
		default:
			if cell != "" && t.head[i] != "" && !t.describes(i) {
				t.labels = append(t.labels, series.Label{Name: t.head[i], Value: cell})
			}
		}
	}
	return nil
}

// wide reads a row that has a point of each series.
func (t *csvTable) wide(row []string) error {
	if t.named == nil {
		if err := t.nameColumns(row); err != nil {
			return err
		}
	}
	at, err := t.parseTime(row[t.time])
	if err != nil {
		return t.errorf("%w", err)
	}
	columns, err := t.rowSeries(row)
	if err != nil {
		return err
	}
	for i, cell := range row {
		if columns[i] == nil || cell == "" {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
		if err != nil {
			return t.errorf("value %q of %s is no number", cell, t.head[i])
		}
		if err := t.emit(columns[i], at, value, 0); err != nil {
			return err
		}
	}
	return nil
}

// nameColumns tells series and dimensions apart, by the first row.
func (t *csvTable) nameColumns(row []string) error {
	t.named, t.columns = make([]csvSeries, len(t.head)), map[string][]*series.Series{}
	found := false
	for i, head := range t.head {
		s := &t.named[i]
		if i == t.time || head == "" || t.describes(i) { // a column without a name is the number of the row
			continue
		}
		if _, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64); err != nil && row[i] != "" && !strings.Contains(head, "{") {
			t.shared = append(t.shared, i)
			continue
		}
		var rest string
		var err error
		if s.metric, s.labels, rest, err = parseName(head); err == nil {
			s.kind, err = metricType(rest)
		}
		if err != nil {
			return t.errorf("column %q: %w", head, err)
		}
		found = found || s.metric != ""
	}
	if !found {
		return t.errorf("no column holds numbers: a table is long with the columns metric and value, or has a column for each series")
	}
	return nil
}

// rowSeries returns the series of each column for the dimensions that a row names.
func (t *csvTable) rowSeries(row []string) ([]*series.Series, error) {
	t.key = t.key[:0]
	for _, i := range t.shared {
		t.key = append(append(t.key, row[i]...), 0)
	}
	if columns, ok := t.columns[string(t.key)]; ok {
		return columns, nil
	}
	id := string(t.key)
	taken := map[*series.Series]int{}
	columns := make([]*series.Series, len(t.head))
	for i, s := range t.named {
		if s.metric == "" {
			continue
		}
		labels := slices.Clone(s.labels)
		for _, k := range t.shared {
			if row[k] != "" {
				labels = append(labels, series.Label{Name: t.head[k], Value: row[k]})
			}
		}
		columns[i] = t.series(s.metric, s.kind, labels)
		if other, twice := taken[columns[i]]; twice {
			return nil, t.errorf("the columns %d and %d are both the series %s%s", other+1, i+1, columns[i].Metric, columns[i].Dimensions)
		}
		taken[columns[i]] = i
	}
	t.columns[id] = columns
	return columns, nil
}
