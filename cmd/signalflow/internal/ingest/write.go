package ingest

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Writer writes samples as NDJSON, to be read again by Read without a loss: type, arrival and
// all digits of the value included, and with the first point of a series its properties and
// tags. Its methods are for one goroutine.
type Writer struct {
	out    *bufio.Writer
	heads  map[*series.Series][]byte // what every line of a series begins with
	line   []byte
	points int
	failed error
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{out: bufio.NewWriter(w), heads: map[*series.Series][]byte{}}
}

// Append writes samples, and returns how many it could not write: values that are not finite,
// histograms that are not valid, and all after an error. Flush tells the error.
func (w *Writer) Append(samples ...series.Sample) (refused int) {
	for i := range samples {
		s := &samples[i]
		if w.failed != nil || !writable(s) {
			refused++
			continue
		}
		head, known := w.head(s.Series)
		w.line = strconv.AppendInt(append(w.line[:0], head...), s.Time, 10)
		if s.Distribution != nil {
			w.line = appendHistogram(w.line, s.Distribution)
		} else {
			w.line = strconv.AppendFloat(append(w.line, valueKey...), s.Value, 'g', -1, 64)
		}
		if s.Arrival != s.Time {
			w.line = strconv.AppendInt(append(w.line, arrivalKey...), s.Arrival, 10)
		}
		if !known {
			w.line = appendMetadata(w.line, s.Series)
		}
		if _, w.failed = w.out.Write(append(w.line, '}', '\n')); w.failed == nil {
			w.points++
		}
	}
	return refused
}

// writable reports whether JSON can hold a sample.
func writable(s *series.Sample) bool {
	if s.Distribution != nil {
		return s.Distribution.Validate() == nil
	}
	return s.Series.Type != series.Histogram && s.Value-s.Value == 0 // finite
}

// maxKnown bounds what is remembered of series.
const maxKnown = 100_000

// Names of a line between its values.
const (
	timeKey    = `,"timestamp":`
	valueKey   = `,"value":`
	arrivalKey = `,"arrival":`
)

// head returns how the lines of a series begin, up to the time, and whether one has been
// written before.
func (w *Writer) head(s *series.Series) (head []byte, known bool) {
	if head, known = w.heads[s]; known {
		return head, true
	}
	if len(w.heads) >= maxKnown {
		clear(w.heads)
	}
	head = appendJSON([]byte(`{"metric":`), s.Metric)
	head = append(head, `,"type":"`+s.Type.String()+`","dimensions":`...)
	head = append(appendJSON(head, object(s.Dimensions)), timeKey...)
	w.heads[s] = head
	return head, false
}

func appendMetadata(line []byte, s *series.Series) []byte {
	if len(s.Properties) > 0 {
		line = appendJSON(append(line, `,"properties":`...), object(s.Properties))
	}
	if len(s.Tags) > 0 {
		line = appendJSON(append(line, `,"tags":`...), s.Tags)
	}
	return line
}

// appendJSON appends texts, or objects and lists of them, which always have a JSON.
func appendJSON(dst []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(dst, text...)
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
