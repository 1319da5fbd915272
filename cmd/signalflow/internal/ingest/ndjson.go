package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

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
	Properties map[string]any  `json:"properties"`
	Tags       []string        `json:"tags"`

	// Datapoints as they are sent to the service, by type.
	Gauge      []jsonPoint `json:"gauge"`
	Counter    []jsonPoint `json:"counter"`
	Cumulative []jsonPoint `json:"cumulative_counter"`
}

// ndjson reads a JSON object a line.
func (d *decoder) ndjson(in *bufio.Reader) error {
	return d.lines(in, func(line []byte) error {
		var p jsonPoint
		decoder := json.NewDecoder(bytes.NewReader(line))
		if err := decoder.Decode(&p); err != nil {
			return d.errorf("%w", err)
		}
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
		return d.jsonPoint(&p)
	})
}

// jsonPoint hands one point on; null for a value is none.
func (d *decoder) jsonPoint(p *jsonPoint) error {
	if p.Value == nil {
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
		if at, err = ParseTime(string(bytes.Trim(raw, `"`))); err != nil {
			return d.errorf("%w", err)
		}
	}
	kind, err := metricType(p.Type)
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
	return d.emit(s, at, *p.Value, p.Arrival)
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
