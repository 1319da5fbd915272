package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// newNDJSON returns an output of one JSON object a line and value, with the keys label,
// metric, dimensions, timestamp and value in this order.
func newNDJSON(w io.Writer) output {
	return &lineOutput{w: w, line: appendJSONLine, text: jsonText}
}

func appendJSONLine(dst []byte, v publishedValue, text []byte) []byte {
	dst = strconv.AppendInt(append(dst, text...), v.time, 10)
	dst = append(dst, `,"value":`...)
	if v.number.finite() {
		dst = v.number.appendText(dst)
	} else {
		dst = append(dst, "null"...) // JSON has no NaN and no infinities
	}
	return append(dst, '}', '\n')
}

// jsonText returns a line up to the time.
func jsonText(s *publishedSeries) []byte {
	text := appendString([]byte(`{"label":`), s.label)
	text = appendString(append(text, `,"metric":`...), s.metric)
	text = appendDimensions(append(text, `,"dimensions":`...), s.dimensions)
	return append(text, `,"timestamp":`...)
}

func appendDimensions(dst []byte, dimensions []dimension) []byte {
	dst = append(dst, '{')
	for i, d := range dimensions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, d.name)
		dst = append(dst, ':')
		dst = appendString(dst, d.value)
	}
	return append(dst, '}')
}

// appendString appends s as a JSON string. Ordinary text is copied; what needs care is
// left to encoding/json.
func appendString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendQuoted(dst, s)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func appendQuoted(dst []byte, s string) []byte {
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false) // the text goes to programs, not into a page
	enc.Encode(s)            // a string never fails
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
