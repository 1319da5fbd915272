package ingest

import (
	"bufio"
	"slices"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// openMetrics reads the text formats of OpenMetrics and Prometheus: one exposition, or several
// behind one another. Times are seconds in one and milliseconds in the other, which their size
// tells. A counter is a cumulative one, and so are the buckets, the count and the sum of a
// histogram or summary. The bound +Inf of a bucket is written Inf, as histogram_percentile()
// has it. Exemplars and the times of creation are left out.
func (d *decoder) openMetrics(in *bufio.Reader) error {
	types := map[string]string{} // by family
	return d.lines(in, func(line []byte) error {
		text := string(line)
		if comment, ok := strings.CutPrefix(text, "#"); ok {
			if fields := strings.Fields(comment); len(fields) == 3 && fields[0] == "TYPE" {
				types[fields[1]] = fields[2]
			}
			return nil
		}
		return d.exposed(text, types)
	})
}

// exposed reads name{labels} value [time] [# exemplar].
func (d *decoder) exposed(text string, types map[string]string) error {
	metric, labels, rest, err := parseName(text)
	if err != nil {
		return d.errorf("%w", err)
	}
	rest, _, _ = strings.Cut(rest, "#")
	fields := strings.Fields(rest)
	if len(fields) != 1 && len(fields) != 2 {
		return d.errorf("want a value and perhaps a time behind %s, not %q", metric, rest)
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return d.errorf("value %q is no number", fields[0])
	}
	at := d.now
	if len(fields) == 2 {
		if at, err = d.parseTime(fields[1]); err != nil {
			return d.errorf("%w", err)
		}
	}
	kind, keep := exposedType(metric, labels, types)
	if !keep {
		return nil
	}
	if i := slices.IndexFunc(labels, func(l series.Label) bool { return l.Name == "le" }); i >= 0 && labels[i].Value == "+Inf" {
		labels[i].Value = "Inf"
	}
	return d.emit(d.series(metric, kind, labels), at, value, 0)
}

// exposedType returns the type of a sample, which is that of its family, and whether it is
// one that is kept.
func exposedType(metric string, labels []series.Label, types map[string]string) (kind series.Type, keep bool) {
	family, suffix := metric, ""
	if _, ok := types[family]; !ok {
		for _, end := range []string{"_total", "_bucket", "_count", "_sum", "_created"} {
			name, found := strings.CutSuffix(metric, end)
			if _, ok := types[name]; found && ok {
				family, suffix = name, end
				break
			}
		}
	}
	switch types[family] {
	case "counter":
		return series.CumulativeCounter, suffix != "_created"
	case "histogram", "summary":
		if suffix == "_created" {
			return series.Gauge, false
		}
		quantile := slices.ContainsFunc(labels, func(l series.Label) bool { return l.Name == "quantile" })
		if suffix == "" && (quantile || types[family] == "summary") {
			return series.Gauge, true
		}
		return series.CumulativeCounter, true
	}
	return series.Gauge, true
}
