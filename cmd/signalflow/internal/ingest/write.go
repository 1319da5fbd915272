package ingest

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Writer writes samples as NDJSON, to be read again by Read without a loss: type, arrival and
// all digits of the value included. Its methods are for one goroutine.
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
		p := writtenPoint{s.Series.Metric, s.Series.Type.String(), w.dimensions(s.Series), s.Time, s.Value, s.Arrival}
		if p.Arrival == p.Timestamp {
			p.Arrival = 0
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

func (w *Writer) dimensions(s *series.Series) map[string]string {
	if pairs, ok := w.known[s]; ok {
		return pairs
	}
	pairs := make(map[string]string, len(s.Dimensions))
	for _, l := range s.Dimensions {
		pairs[l.Name] = l.Value
	}
	if len(w.known) >= maxKnown {
		clear(w.known)
	}
	w.known[s] = pairs
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
