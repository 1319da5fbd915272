package ingest

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Writer writes samples as NDJSON, to be read again by Read without a loss: type, arrival and
// all digits of the value included, and with the first point of a series its properties and
// tags. Its methods are for one goroutine.
type Writer struct {
	out    *bufio.Writer
	json   *json.Encoder
	known  map[*series.Series]map[string]string
	points int
	failed error
}

// writtenPoint is a line, its names in the order in which they are written.
type writtenPoint struct {
	Metric     string            `json:"metric"`
	Type       string            `json:"type"`
	Dimensions map[string]string `json:"dimensions"`
	Timestamp  int64             `json:"timestamp"`
	Value      float64           `json:"value"`
	Properties map[string]string `json:"properties,omitempty"`
	Tags       []string          `json:"tags,omitempty"`
	Arrival    int64             `json:"arrival,omitempty"`
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &Writer{out: out, json: encoder, known: map[*series.Series]map[string]string{}}
}

// Append writes samples, and returns how many it could not write: values that are not finite,
// and all after an error. Err tells the error.
func (w *Writer) Append(samples ...series.Sample) (refused int) {
	for i := range samples {
		s := &samples[i]
		p := writtenPoint{Metric: s.Series.Metric, Type: s.Series.Type.String(), Timestamp: s.Time, Value: s.Value}
		if s.Arrival != s.Time {
			p.Arrival = s.Arrival
		}
		var known bool
		if p.Dimensions, known = w.dimensions(s.Series); !known {
			p.Properties, p.Tags = object(s.Series.Properties), s.Series.Tags
		}
		if w.failed != nil || s.Value-s.Value != 0 { // not finite
			refused++
		} else if w.failed = w.json.Encode(&p); w.failed == nil {
			w.points++
		}
	}
	return refused
}

// maxKnown bounds what is remembered of series.
const maxKnown = 100_000

// dimensions returns those of a series, and whether it has been written before.
func (w *Writer) dimensions(s *series.Series) (pairs map[string]string, known bool) {
	if pairs, known = w.known[s]; known {
		return pairs, true
	}
	if len(w.known) >= maxKnown {
		clear(w.known)
	}
	w.known[s] = object(s.Dimensions)
	return w.known[s], false
}

func object(ls series.Labels) map[string]string {
	pairs := make(map[string]string, len(ls))
	for _, l := range ls {
		pairs[l.Name] = l.Value
	}
	return pairs
}

// Flush passes on what has been written so far, and returns the first error.
func (w *Writer) Flush() error {
	if w.failed == nil {
		w.failed = w.out.Flush()
	}
	return w.failed
}

// Points returns how many points have been written.
func (w *Writer) Points() int { return w.points }
