package cli

import (
	"io"
	"strconv"
	"strings"
)

// newCSV returns an output of comma-separated values (RFC 4180, lines end in LF) in the
// long format: one row a value, always the same five columns, so that a series that
// appears late, or with other dimensions, shifts nothing. The dimensions are one column
// that holds a JSON object.
func newCSV(w io.Writer) output {
	return &lineOutput{w: w, header: "timestamp,label,metric,dimensions,value\n", line: appendCSVLine, text: csvText}
}

func appendCSVLine(dst []byte, v publishedValue, text []byte) []byte {
	dst = append(strconv.AppendInt(dst, v.time, 10), text...)
	if v.number.finite() {
		dst = v.number.appendText(dst)
	}
	return append(dst, '\n')
}

// csvText returns the fields between the time and the value.
func csvText(s *publishedSeries) []byte {
	text := append(appendField([]byte{','}, s.label), ',')
	text = append(appendField(text, s.metric), ',')
	return append(appendField(text, string(appendDimensions(nil, s.dimensions))), ',')
}

func appendField(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}
