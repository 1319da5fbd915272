package ingest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The parts of an OTLP export request for metrics that are read, in its JSON form.
type (
	otlpRequest struct {
		ResourceMetrics []struct {
			Resource     struct{ Attributes []otlpAttribute }
			ScopeMetrics []struct{ Metrics []otlpMetric }
		}
	}
	otlpMetric struct {
		Name                 string
		Metadata             []otlpAttribute
		Gauge                *otlpPoints
		Sum                  *otlpPoints
		Histogram            *otlpPoints
		ExponentialHistogram *otlpPoints
		Summary              *otlpPoints
	}
	otlpPoints struct {
		DataPoints             []otlpPoint
		AggregationTemporality json.RawMessage
		IsMonotonic            bool
	}
	otlpPoint struct {
		Attributes        []otlpAttribute
		TimeUnixNano      otlpInteger
		StartTimeUnixNano otlpInteger // 0: not known
		AsDouble          *otlpDouble
		AsInt             *otlpInteger
		Flags             int
		Count             otlpInteger
		Sum, Min, Max     *otlpDouble
		BucketCounts      []otlpInteger
		ExplicitBounds    []float64
		QuantileValues    []struct{ Quantile, Value otlpDouble }
	}
	otlpAttribute struct {
		Key   string
		Value map[string]json.RawMessage // one of stringValue, intValue and so on
	}
)

// otlpInteger is a 64-bit integer, which JSON holds as a text, or as a number.
type otlpInteger int64

func (n *otlpInteger) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no integer", text)
	}
	*n = otlpInteger(i)
	return nil
}

// otlpDouble is a number, or "NaN", "Infinity" and "-Infinity".
type otlpDouble float64

func (x *otlpDouble) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	if err != nil {
		return fmt.Errorf("%s is no number", text)
	}
	*x = otlpDouble(f)
	return nil
}

// otlp reads export requests, one after the other, each on one line or on several.
func (d *decoder) otlp(in *bufio.Reader) error {
	limited := &io.LimitedReader{R: in, N: maxValue}
	decoder := json.NewDecoder(limited)
	for d.line = 1; ; d.line++ { // of requests, which mostly stand on one line each
		var request otlpRequest
		switch err := decoder.Decode(&request); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && limited.N <= 0:
			return d.errorf("an export request is longer than %d bytes", maxValue)
		case errors.Is(err, io.ErrUnexpectedEOF) && d.some():
			d.cutOff()
			return nil
		case err != nil:
			return d.errorf("export request: %w", err)
		}
		limited.N = maxValue
		for _, resource := range request.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				for i := range scope.Metrics {
					if err := d.otlpMetric(&scope.Metrics[i], resource.Resource.Attributes); err != nil {
						return err
					}
				}
			}
		}
	}
}

// otlpMetric hands the points of a metric on. A sum that only grows is a counter, a cumulative
// one or not as its temporality says; any other sum is a gauge. A histogram with buckets of its own
// stays one. Of it, and of an exponential one, come beside it, as counters, name_count, name_sum
// and name_bucket with the dimension le, and as gauges name_min and name_max; of a summary
// name_count, name_sum, and name with the dimension quantile.
func (d *decoder) otlpMetric(m *otlpMetric, resource []otlpAttribute) error {
	d.describe = func(s *series.Series) { s.Properties = series.SortLabels(otlpLabels(m.Metadata)) }
	points := m.Gauge
	kind := series.Gauge
	for _, p := range []*otlpPoints{m.Sum, m.Histogram, m.ExponentialHistogram, m.Summary} {
		if p == nil {
			continue
		}
		points = p
		if kind = p.counter(); p == m.Sum && !p.IsMonotonic {
			kind = series.Gauge
		} else if p == m.Summary {
			kind = series.CumulativeCounter
		}
	}
	if points == nil {
		return nil
	}
	for i := range points.DataPoints {
		if err := d.otlpPoint(m, &points.DataPoints[i], kind, resource); err != nil {
			return err
		}
	}
	return nil
}

// counter returns the type of what is counted: 1 or AGGREGATION_TEMPORALITY_DELTA is since the
// point before.
func (p *otlpPoints) counter() series.Type {
	if t := strings.Trim(string(p.AggregationTemporality), `"`); t == "1" || strings.HasSuffix(t, "DELTA") {
		return series.Counter
	}
	return series.CumulativeCounter
}

const otlpNoValue = 1 // the flag of a point that says that there is none

func (d *decoder) otlpPoint(m *otlpMetric, p *otlpPoint, kind series.Type, resource []otlpAttribute) error {
	if p.Flags&otlpNoValue != 0 {
		return nil
	}
	labels := otlpLabels(resource, p.Attributes)
	at := d.otlpTime(int64(p.TimeUnixNano))
	var err error
	put := func(suffix string, kind series.Type, value float64, more ...series.Label) {
		if err == nil {
			err = d.emit(d.series(m.Name+suffix, kind, append(slices.Clone(labels), more...)), at, value, 0)
		}
	}
	switch {
	case p.AsDouble != nil:
		put("", kind, float64(*p.AsDouble))
	case p.AsInt != nil:
		put("", kind, float64(*p.AsInt))
	}
	if m.Gauge != nil || m.Sum != nil {
		return err
	}
	if m.Histogram != nil && err == nil {
		err = d.otlpHistogram(d.series(m.Name, series.Histogram, slices.Clone(labels)), p, kind != series.Counter)
	}
	put("_count", kind, float64(p.Count))
	if p.Sum != nil {
		put("_sum", kind, float64(*p.Sum))
	}
	if p.Min != nil {
		put("_min", series.Gauge, float64(*p.Min))
	}
	if p.Max != nil {
		put("_max", series.Gauge, float64(*p.Max))
	}
	total := 0.0
	for i, n := range p.BucketCounts {
		total += float64(n)
		bound := "Inf"
		if i < len(p.ExplicitBounds) {
			bound = strconv.FormatFloat(p.ExplicitBounds[i], 'g', -1, 64)
		}
		put("_bucket", kind, total, series.Label{Name: "le", Value: bound})
	}
	for _, q := range p.QuantileValues {
		put("", series.Gauge, float64(q.Value), series.Label{Name: "quantile", Value: strconv.FormatFloat(float64(q.Quantile), 'g', -1, 64)})
	}
	return err
}

// otlpTime makes milliseconds of nanoseconds; 0 is the present. Some senders write another unit:
// what would lie before 1973 is taken for what its size tells.
func (d *decoder) otlpTime(ns int64) int64 {
	switch {
	case ns == 0:
		return d.now
	case ns < 1e17:
		d.warn("unit", "the time %d is too small for nanoseconds; it is read as %s", ns, time.UnixMilli(wholeMillis(ns)).UTC().Format(time.RFC3339))
		return wholeMillis(ns)
	}
	return ns / 1_000_000
}

// otlpLabels makes dimensions of attributes; those of a point win over those of its resource.
// Their names are written as the service has them from the collector: what is neither a letter,
// a digit nor one of _ - . becomes _.
func otlpLabels(lists ...[]otlpAttribute) (labels []series.Label) {
	for _, list := range lists {
		for _, a := range list {
			labels = append(labels, series.Label{Name: strings.Map(otlpNameRune, a.Key), Value: a.text()})
		}
	}
	return labels
}

func otlpNameRune(c rune) rune {
	if unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("_-.", c) {
		return c
	}
	return '_'
}

// text writes the value of an attribute; of arrays and the like their JSON.
func (a *otlpAttribute) text() string {
	for _, kind := range slices.Sorted(maps.Keys(a.Value)) {
		var s string
		if json.Unmarshal(a.Value[kind], &s) == nil {
			return s
		}
		return string(a.Value[kind])
	}
	return ""
}
