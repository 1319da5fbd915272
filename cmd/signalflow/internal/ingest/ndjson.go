package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// jsonPoint is a line of ndjson. The names are those of our recordings and of the output of
// signalflow run; time and labels are what others write.
type jsonPoint struct {
	Metric     string          `json:"metric"`
	Name       string          `json:"name"`
	Label      string          `json:"label"`
	Type       string          `json:"type"`
	Timestamp  json.RawMessage `json:"timestamp"`
	Time       json.RawMessage `json:"time"`
	Arrival    int64           `json:"arrival"`
	Value      *float64        `json:"value"`
	Dimensions map[string]any  `json:"dimensions"`
	Labels     map[string]any  `json:"labels"`
	Histogram  *jsonHistogram  `json:"histogram"`
	Properties map[string]any  `json:"properties"`
	Tags       []string        `json:"tags"`

	// Datapoints as they are sent to the service, by type.
	Gauge      []jsonPoint `json:"gauge"`
	Counter    []jsonPoint `json:"counter"`
	Cumulative []jsonPoint `json:"cumulative_counter"`
}

// ndjson reads a JSON object a line.
func (d *decoder) ndjson(in *bufio.Reader) error {
	heads := map[string]*series.Series{} // of lines as our Writer writes them, up to the time
	var histograms histogramLines
	return d.lines(in, func(line []byte) error {
		head, at, value, arrival, plain := splitLine(line)
		if s := heads[string(head)]; s != nil && plain {
			return d.emit(s, at, value, arrival)
		}
		if !plain {
			var h *series.Distribution
			head, at, h, arrival, plain = histograms.splitLine(line)
			if s := heads[string(head)]; s != nil && plain {
				return d.emitHistogram(s, at, h, arrival)
			}
		}
		var p jsonPoint
		if err := json.Unmarshal(line, &p); err != nil {
			if !d.some() && d.line == 1 && bytes.HasPrefix(line, []byte("{")) && !bytes.HasSuffix(line, []byte("}")) {
				err = fmt.Errorf("%w: an object stands on a line of its own, as jq -c writes it", err)
			}
			return d.errorf("%w", err)
		}
		if err := d.jsonPoints(&p); err != nil {
			return err
		}
		if plain && len(heads) < maxKnown && len(d.batch) > 0 {
			heads[string(head)] = d.batch[len(d.batch)-1].Series
		}
		return nil
	})
}

// splitLine takes a line apart that is written as by a Writer: what tells the series, the time
// and the value. It is not plain if there is anything else in it.
func splitLine(line []byte) (head []byte, at int64, value float64, arrival int64, plain bool) {
	if !bytes.HasPrefix(line, []byte(`{"metric":`)) || line[len(line)-1] != '}' {
		return nil, 0, 0, 0, false
	}
	line = line[:len(line)-1]
	i := bytes.LastIndexByte(line, '}') + 1 // behind the dimensions
	rest, ok := bytes.CutPrefix(line[i:], []byte(timeKey))
	if i == 0 || !ok {
		return nil, 0, 0, 0, false
	}
	when, rest, ok := bytes.Cut(rest, []byte(valueKey))
	number, came, late := bytes.Cut(rest, []byte(arrivalKey))
	at, err := strconv.ParseInt(string(when), 10, 64)
	if err != nil || !ok || at < 1e11 { // seconds are told apart elsewhere
		return nil, 0, 0, 0, false
	}
	if late {
		arrival, err = strconv.ParseInt(string(came), 10, 64)
	}
	if err != nil || at >= 1e14 || late && (arrival < 1e11 || arrival >= 1e14) || bytes.ContainsAny(number, "+xXiInN_") && !bytes.Contains(number, []byte("e+")) {
		return nil, 0, 0, 0, false // what is a number to Go and not to JSON is not plain
	}
	value, err = strconv.ParseFloat(string(number), 64)
	return line[:i], at, value, arrival, err == nil
}

// jsonPoints hands on what one line holds.
func (d *decoder) jsonPoints(p *jsonPoint) error {
	groups := []struct {
		kind   string
		points []jsonPoint
	}{{"gauge", p.Gauge}, {"counter", p.Counter}, {"cumulative_counter", p.Cumulative}}
	several := false
	for _, g := range groups {
		for _, p := range g.points {
			several = true
			p.Type = g.kind
			if err := d.jsonPoint(&p); err != nil {
				return err
			}
		}
	}
	if several {
		return nil
	}
	return d.jsonPoint(p)
}

// jsonPoint hands one point on; null for a value is none.
func (d *decoder) jsonPoint(p *jsonPoint) error {
	if p.Value == nil && p.Histogram == nil {
		return nil
	}
	metric := p.Metric
	if metric == "" {
		metric = p.Name
	}
	if metric == "" {
		return d.errorf(`no "metric"`)
	}
	at := d.now
	for _, raw := range []json.RawMessage{p.Timestamp, p.Time} {
		if raw == nil {
			continue
		}
		var err error
		if at, err = d.parseTime(string(bytes.Trim(raw, `"`))); err != nil {
			return d.errorf("%w", err)
		}
	}
	kind, histogram, err := p.kind()
	if err != nil {
		return d.errorf("%w", err)
	}
	labels := append(jsonLabels(p.Labels), jsonLabels(p.Dimensions)...)
	if p.Label != "" { // of a stream that was published under it
		labels = append(labels, series.Label{Name: "label", Value: p.Label})
	}
	before := len(d.known)
	s := d.series(metric, kind, labels)
	if len(d.known) > before { // those of its first point count
		s.Properties, s.Tags = series.SortLabels(jsonLabels(p.Properties)), p.Tags
	}
	if histogram != nil {
		return d.emitHistogram(s, at, histogram, wholeMillis(p.Arrival))
	}
	return d.emit(s, at, *p.Value, wholeMillis(p.Arrival))
}

// kind returns the type of a point, and its histogram if it is one of these.
func (p *jsonPoint) kind() (series.Type, *series.Distribution, error) {
	if p.Histogram == nil {
		kind, err := metricType(p.Type)
		return kind, nil, err
	}
	if p.Value != nil || p.Type != "" && p.Type != series.Histogram.String() {
		return 0, nil, fmt.Errorf("a point with \"histogram\" has the type histogram and no \"value\"")
	}
	h, err := p.Histogram.distribution()
	if err != nil {
		err = fmt.Errorf("histogram: %w", err)
	}
	return series.Histogram, h, err
}

// jsonLabels makes labels of an object, without what is null.
func jsonLabels(pairs map[string]any) (labels []series.Label) {
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		if v := pairs[name]; v != nil {
			labels = append(labels, series.Label{Name: name, Value: fmt.Sprint(v)})
		}
	}
	return labels
}
