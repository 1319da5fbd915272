// Package ingest reads recorded metrics: one file a format, each of which gives series samples.
// It knows neither a store nor the engine.
package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Format is a form that recorded metrics come in.
type Format string

const (
	CSV         Format = "csv"         // long: a point a row; wide: a column a series
	NDJSON      Format = "ndjson"      // a point a line; also datapoints as the service takes them
	OTLP        Format = "otlp"        // OTLP metrics as JSON, one export request after the other
	OpenMetrics Format = "openmetrics" // OpenMetrics, and the text format of Prometheus
)

// Formats are all of them.
var Formats = []Format{CSV, NDJSON, OTLP, OpenMetrics}

// Options say how recorded metrics are read. The zero value works.
type Options struct {
	Format Format    // empty: told by the name and the first bytes
	Now    time.Time // of samples that have no time of their own; zero: the present

	// Warn is told what is odd about the input and does not keep it from being read, each kind
	// once, as name:line: text. nil: nobody is.
	Warn func(text string)
}

const (
	batchSize = 1024     // most samples handed over at once
	maxLine   = 4 << 20  // bytes of a line
	maxValue  = 64 << 20 // bytes of one JSON value over several lines
)

// Read reads recorded metrics, compressed with gzip or not, and hands the samples over in
// batches, in the order of the file; take must not keep the slice. A sample whose arrival is
// not recorded has arrived at its time. Values that are not finite are handed over as well.
//
// What is cut off in its last line, as by a full disk, is read up to there, with a warning.
//
// An error names the place, as name:line: text. That of take is returned as it is.
func Read(r io.Reader, name string, o Options, take func([]series.Sample) error) error {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.Format != "" && !slices.Contains(Formats, o.Format) {
		return fmt.Errorf("format %q is not one of csv, ndjson, otlp and openmetrics", o.Format)
	}
	d := &decoder{name: name, options: o, now: o.Now.UnixMilli(), take: take, known: map[string]*series.Series{}, warned: map[string]bool{}}
	in, err := d.open(r)
	if err != nil {
		return err
	}
	head, _ := in.Peek(4096)
	format, looks := o.Format, detect("", head)
	if format == "" {
		format = detect(strings.TrimSuffix(name, ".gz"), head)
	}
	if format == "" && bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("[")) {
		return fmt.Errorf("%s: this is a JSON list; write its elements a line each, as jq -c '.[]' does", name)
	}
	if format == "" {
		return fmt.Errorf("%s: the format cannot be told; name it with --format: csv, ndjson, otlp or openmetrics", name)
	}
	if err = d.read(format, in); err == nil {
		err = d.flush()
	}
	if d.handed == 0 && err == nil {
		d.once("nothing", func() string { return fmt.Sprintf("%s: no point in what was read as %s", name, format) })
	}
	if d.handed > 0 || d.failed != nil || looks == "" || looks == format {
		return err
	}
	if err == nil {
		err = fmt.Errorf("%s: no point", name)
	}
	return fmt.Errorf("%w (this was read as %s, and looks like %s)", err, format, looks)
}

// detect tells the format by the end of the name, else by how the text begins.
func detect(name string, head []byte) Format {
	text := strings.TrimLeft(string(head), " \t\r\n")
	otlp := strings.Contains(text, `"resourceMetrics"`)
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv":
		return CSV
	case ".prom", ".om", ".metrics":
		return OpenMetrics
	case ".otlp":
		return OTLP
	}
	switch {
	case strings.HasPrefix(text, "{") && otlp:
		return OTLP
	case strings.HasPrefix(text, "{"):
		return NDJSON
	case strings.HasPrefix(text, "# TYPE "), strings.HasPrefix(text, "# HELP "), strings.HasPrefix(text, "# UNIT "):
		return OpenMetrics
	}
	line, _, _ := strings.Cut(text, "\n")
	switch {
	case hasTime(line):
		return CSV
	case isExposition(line):
		return OpenMetrics
	case strings.Contains(line, ","):
		return CSV
	}
	return ""
}

// hasTime tells whether a line is the head of a table.
func hasTime(line string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(",;\t", c) }), func(cell string) bool {
		return slices.Contains(timeColumns, strings.ToLower(strings.Trim(cell, "\" \r")))
	})
}

// isExposition tells whether a line is a metric with a value behind it.
func isExposition(line string) bool {
	_, _, rest, err := parseName(line)
	if err != nil || rest == "" {
		return false
	}
	_, err = strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return err == nil
}

// decoder is what the formats share: the place of errors, series that are made once, and
// samples on their way out.
type decoder struct {
	name    string
	line    int
	options Options
	now     int64
	take    func([]series.Sample) error
	batch   []series.Sample
	handed  int   // samples handed over
	failed  error // of take
	known   map[string]*series.Series
	key     []byte
	warned  map[string]bool
	unit    string // of the newest time

	// describe gives a series its properties and tags when it is made; nil: it has none.
	describe func(*series.Series)

	running map[*series.Series]*running // histograms that count from their start on
	began   int64                       // time of the first point of one, ns
}

func (d *decoder) read(f Format, in *bufio.Reader) error {
	switch f {
	case CSV:
		return d.csv(in)
	case NDJSON:
		return d.ndjson(in)
	case OTLP:
		return d.otlp(in)
	case OpenMetrics:
		return d.openMetrics(in)
	}
	panic("format " + f)
}

func (d *decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", d.name, d.line, fmt.Errorf(format, args...))
}

// series returns the series of a metric with dimensions, the same one for the same.
func (d *decoder) series(metric string, kind series.Type, labels []series.Label) *series.Series {
	sorted := series.SortLabels(labels)
	mark := byte(0)
	if kind == series.Histogram { // another series than numbers of the same name
		mark = 1
	}
	d.key = append(append(d.key[:0], metric...), mark)
	d.key = sorted.AppendKey(d.key)
	s, ok := d.known[string(d.key)]
	switch {
	case !ok:
		s = series.New(d.text(metric), kind, d.texts(sorted)...)
		if d.describe != nil {
			d.describe(s)
		}
		d.known[string(d.key)] = s
	case s.Type != kind:
		d.warn("type", "%s%s was a %s and is a %s here; it stays what it was first", s.Metric, s.Dimensions, s.Type, kind)
	}
	return s
}

// emit hands a sample on.
func (d *decoder) emit(s *series.Series, at int64, value float64, arrival int64) error {
	return d.hand(series.Sample{Series: s, Point: series.Point{Time: at, Value: value}, Arrival: arrival})
}

func (d *decoder) hand(s series.Sample) error {
	if s.Series.Metric == "" {
		return d.errorf("the point has no metric")
	}
	if s.Arrival == 0 {
		s.Arrival = s.Time
	}
	d.batch = append(d.batch, s)
	if len(d.batch) == batchSize {
		return d.flush()
	}
	return nil
}

func (d *decoder) flush() error {
	if len(d.batch) == 0 {
		return nil
	}
	batch := d.batch
	d.batch = d.batch[:0]
	d.handed += len(batch)
	d.failed = d.take(batch)
	return d.failed
}

// lines calls do for each line that is not empty.
func (d *decoder) lines(in io.Reader, do func(line []byte) error) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
	whole := true // the line ends where lines end
	scanner.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		whole = bytes.IndexByte(data, '\n') >= 0
		return bufio.ScanLines(data, atEOF)
	})
	for scanner.Scan() {
		d.line++
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := do(line); err != nil {
			complete := whole || bytes.HasPrefix(line, []byte("{")) && bytes.HasSuffix(line, []byte("}"))
			if !complete && d.some() && d.failed == nil {
				d.cutOff()
				return nil
			}
			return err
		}
	}
	err := scanner.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		d.line++
		return d.errorf("the line is longer than %d bytes", maxLine)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return nil
}

// typeNames are the metric types by the names that formats use.
var typeNames = map[string]series.Type{
	"gauge": series.Gauge, "counter": series.Counter,
	"cumulative_counter": series.CumulativeCounter, "cumulative": series.CumulativeCounter,
}

// metricType reads the name of a type; an empty one is a gauge.
func metricType(name string) (series.Type, error) {
	kind, ok := typeNames[strings.ToLower(name)]
	if !ok && name != "" {
		return 0, fmt.Errorf("type %q is not one of gauge, counter and cumulative_counter", name)
	}
	return kind, nil
}

// millis makes milliseconds of a number since the epoch, whose unit its size tells: seconds
// up to the year 5138, then milliseconds, microseconds and nanoseconds.
func millis(x float64) (int64, error) {
	switch size := math.Abs(x); {
	case math.IsNaN(x) || size > 1e20:
		return 0, fmt.Errorf("%g is no time", x)
	case size < 1e11:
		return int64(math.Round(x * 1e3)), nil
	case size < 1e14:
		return int64(math.Round(x)), nil
	case size < 1e17:
		return int64(math.Round(x / 1e3)), nil
	default:
		return int64(math.Round(x / 1e6)), nil
	}
}
