package ingest

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// jsonHistogram is the point of a histogram in NDJSON: the upper bounds of all buckets but the
// last, how many observations each bucket holds, and what is known of them all.
type jsonHistogram struct {
	Bounds []float64 `json:"bounds"`
	Counts []float64 `json:"counts"`
	Sum    *float64  `json:"sum,omitempty"`
	Min    *float64  `json:"min,omitempty"`
	Max    *float64  `json:"max,omitempty"`
}

// distribution returns what a line holds.
func (h *jsonHistogram) distribution() (*series.Distribution, error) {
	return series.NewDistribution(h.Bounds, h.Counts, known(h.Sum), known(h.Min), known(h.Max))
}

// appendHistogram writes a distribution as it is read again.
func appendHistogram(line []byte, d *series.Distribution) []byte {
	h := jsonHistogram{Bounds: d.Bounds, Counts: d.Counts}
	if h.Bounds == nil {
		h.Bounds = []float64{}
	}
	if d.Count() > 0 {
		h.Sum, h.Min, h.Max = &d.Sum, &d.Min, &d.Max
	}
	text, err := json.Marshal(h)
	if err != nil { // what is valid has only finite numbers
		panic(err)
	}
	return append(append(line, histogramKey...), text...)
}

const histogramKey = `,"histogram":`

// histogramLines takes lines apart that are written as by a Writer, and keeps the bounds of the
// last one, since they are mostly those of the next one too.
type histogramLines struct {
	text   string
	bounds []float64
}

// splitLine returns what tells the series, the time and the histogram. It is not plain if there is
// anything else in the line, or something that other code has to refuse.
func (l *histogramLines) splitLine(line []byte) (head []byte, at int64, d *series.Distribution, arrival int64, plain bool) {
	i := bytes.LastIndex(line, []byte(timeKey))
	if i < 0 || !bytes.HasPrefix(line, []byte(`{"metric":`)) || line[i-1] != '}' {
		return nil, 0, nil, 0, false
	}
	rest := string(line[i+len(timeKey):])
	when, rest, ok1 := strings.Cut(rest, histogramKey+`{"bounds":[`)
	bounds, rest, ok2 := strings.Cut(rest, `],"counts":[`)
	counts, rest, ok3 := strings.Cut(rest, `],"sum":`)
	facts, rest, ok4 := strings.Cut(rest, `}`)
	came, late := strings.CutPrefix(strings.TrimSuffix(rest, "}"), arrivalKey)
	at, err := strconv.ParseInt(when, 10, 64)
	if late && err == nil {
		arrival, err = strconv.ParseInt(came, 10, 64)
	}
	if err != nil || !(ok1 && ok2 && ok3 && ok4) || at < 1e11 || at >= 1e14 || late && (arrival < 1e11 || arrival >= 1e14) || !late && rest != "}" {
		return nil, 0, nil, 0, false
	}
	sum, extremes, ok5 := strings.Cut(facts, `,"min":`)
	least, most, ok6 := strings.Cut(extremes, `,"max":`)
	held, ok7 := plainNumbers(counts, strings.Count(counts, ",")+1)
	known, ok8 := plainNumbers(sum+","+least+","+most, 3)
	if bounds != l.text || l.bounds == nil {
		if l.bounds, plain = plainNumbers(bounds, len(held)-1); !plain {
			return nil, 0, nil, 0, false
		}
		l.text = strings.Clone(bounds)
	}
	if !(ok5 && ok6 && ok7 && ok8) {
		return nil, 0, nil, 0, false
	}
	d, err = series.NewDistribution(l.bounds, held, known[0], known[1], known[2])
	return line[:i], at, d, arrival, err == nil
}

// plainNumbers reads so many numbers with commas between them, as JSON has them.
func plainNumbers(text string, n int) ([]float64, bool) {
	numbers := make([]float64, 0, max(0, n))
	for part := range strings.SplitSeq(text, ",") {
		if text == "" {
			break
		}
		x, err := strconv.ParseFloat(part, 64)
		if err != nil || strings.ContainsAny(part, "+xXiInN_") && !strings.Contains(part, "e+") {
			return nil, false // what is a number to Go and not to JSON is not plain
		}
		numbers = append(numbers, x)
	}
	return numbers, len(numbers) == n
}

// known returns a number that may be absent; then it is NaN.
func known[F ~float64](x *F) float64 {
	if x == nil {
		return math.NaN()
	}
	return float64(*x)
}

// emitHistogram hands a point of a histogram on.
func (d *decoder) emitHistogram(s *series.Series, at int64, h *series.Distribution, arrival int64) error {
	return d.hand(series.Sample{Series: s, Distribution: h, Point: series.Point{Time: at, Value: h.Count()}, Arrival: arrival})
}

// running is a histogram that counts from its start on, as it was last reported.
type running struct {
	start, at   int64 // ns
	bounds      []float64
	counts      []float64
	sum         float64 // NaN: not known
	least, most float64
}

// otlpHistogram hands the histogram itself on. One that counts from its start on becomes what it
// has counted since the point before. Its first point only says where counting begins, unless
// it began after the first point of the input, as that of a process which was started later.
func (d *decoder) otlpHistogram(s *series.Series, p *otlpPoint, cumulative bool) error {
	now := running{start: int64(p.StartTimeUnixNano), at: int64(p.TimeUnixNano), bounds: p.ExplicitBounds,
		sum: known(p.Sum), least: known(p.Min), most: known(p.Max)}
	for _, n := range p.BucketCounts {
		now.counts = append(now.counts, float64(n))
	}
	if len(p.BucketCounts) == 0 {
		now.counts = []float64{float64(p.Count)}
	}
	whole, err := now.distribution()
	if err != nil {
		d.warn("histogram", "the histogram %s%s is left out: %v", s.Metric, s.Dimensions, err)
		return nil
	}
	if !cumulative {
		return d.emitHistogram(s, d.otlpTime(now.at), whole, 0)
	}
	before, seen := d.running[s]
	if seen && now.at <= before.at {
		d.warn("order", "the histogram %s%s goes back in time; it counts from its start on, so what is not in order is left out", s.Metric, s.Dimensions)
		return nil
	}
	if d.running == nil {
		d.running, d.began = map[*series.Series]*running{}, now.at
	}
	d.running[s] = &now
	switch {
	case !seen && now.start < d.began: // 0 as well: nobody knows when it began
		return nil
	case seen && now.start <= before.start && !slices.Equal(now.bounds, before.bounds):
		d.warn("bounds", "the histogram %s%s has other bounds and the same start; what it has counted since the point before is not known", s.Metric, s.Dimensions)
		return nil
	case !seen, now.restarted(before):
	default:
		if whole, err = now.since(before); err != nil {
			d.warn("histogram", "the histogram %s%s is left out: %v", s.Metric, s.Dimensions, err)
			return nil
		}
	}
	return d.emitHistogram(s, d.otlpTime(now.at), whole, 0)
}

func (r *running) distribution() (*series.Distribution, error) {
	return series.NewDistribution(slices.Clone(r.bounds), slices.Clone(r.counts), r.sum, r.least, r.most)
}

// restarted reports whether counting has begun anew since an earlier point.
func (r *running) restarted(before *running) bool {
	if r.start > before.start {
		return true
	}
	for i, n := range r.counts {
		if n < before.counts[i] {
			return true
		}
	}
	return false
}

// since returns what has been counted since an earlier point. The smallest and the largest of
// that are known no better than by their buckets, and those at the ends by the extremes of all.
func (r *running) since(before *running) (*series.Distribution, error) {
	counts := slices.Clone(r.counts)
	for i, n := range before.counts {
		counts[i] -= n
	}
	least, most := math.NaN(), math.NaN()
	if counts[0] > 0 {
		least = r.least
	}
	if counts[len(counts)-1] > 0 {
		most = r.most
	}
	return series.NewDistribution(slices.Clone(r.bounds), counts, r.sum-before.sum, least, most)
}
