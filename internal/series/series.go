// Package series defines what a time series is, apart from any store, engine or wire:
// its metric, dimensions and type, the points it carries, and predicates over it.
//
// Every type that crosses the seam between the engine and a source of data lives here,
// so that a store never imports the engine and the engine never imports a store.
package series

import "strings"

// Type is the metric type of a series. It decides the default rollup
// (language specification, section 4.4).
type Type uint8

const (
	Gauge             Type = iota // a value that is valid at its time; rolled up by average
	Counter                       // a count of events since the previous point; rolled up by sum
	CumulativeCounter             // a running total that may reset; rolled up by delta
	Histogram                     // a Distribution for each time; those of a slot are merged
)

// String returns the name that ingest formats use: gauge, counter, cumulative_counter or
// histogram.
func (t Type) String() string {
	switch t {
	case Gauge:
		return "gauge"
	case Counter:
		return "counter"
	case CumulativeCounter:
		return "cumulative_counter"
	case Histogram:
		return "histogram"
	}
	return "unknown"
}

// A Label is one dimension, or one property, of a series.
type Label struct{ Name, Value string }

// Labels is sorted by name and holds each name once.
type Labels []Label

// Get returns the value of a label and whether it is present.
func (ls Labels) Get(name string) (string, bool) {
	for _, l := range ls {
		if l.Name == name {
			return l.Value, true
		}
	}
	return "", false
}

// String returns {a=1, b=2}.
func (ls Labels) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, l := range ls {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(l.Name)
		b.WriteByte('=')
		b.WriteString(l.Value)
	}
	b.WriteByte('}')
	return b.String()
}

// A Point is one raw sample: a time in milliseconds since the Unix epoch, and a value.
type Point struct {
	Time  int64
	Value float64
}

// Series is one metric time series (MTS): the identity is the metric with its dimensions. A
// histogram is another series than the numbers of the same metric and dimensions.
type Series struct {
	ID         uint64 // stable hash of the identity
	Metric     string
	Dimensions Labels
	Type       Type

	// What is known of the series beside its identity; neither changes once it is in a store.
	Properties Labels
	Tags       []string
}

// Metadata returns the dimensions and the properties. Where a name has two values, that of
// the dimension stays.
func (s *Series) Metadata() Labels { return s.Dimensions.Union(s.Properties) }
