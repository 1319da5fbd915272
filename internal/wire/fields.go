package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// fields reads the values of one request, whatever JSON type the client chose for them. It
// keeps the first fault.
type fields struct {
	raw map[string]json.RawMessage
	err error
}

func (f *fields) fail(err *Error) {
	if f.err == nil {
		f.err = err
	}
}

// get returns the value of a field, nil when it is absent or null.
func (f *fields) get(name string) json.RawMessage {
	v := bytes.TrimSpace(f.raw[name])
	if len(v) == 0 || string(v) == "null" {
		return nil
	}
	return v
}

func (f *fields) text(name string) string {
	v := f.get(name)
	if v == nil {
		return ""
	}
	var s string
	if v[0] != '"' || json.Unmarshal(v, &s) != nil {
		f.fail(badRequest("field %q must be a string, not %s", name, kindOf(v)))
	}
	return s
}

// object returns a JSON object, nil when the field is absent.
func (f *fields) object(name string) map[string]any {
	v := f.get(name)
	if v == nil {
		return nil
	}
	var m map[string]any
	if v[0] != '{' || json.Unmarshal(v, &m) != nil {
		f.fail(badRequest("field %q must be an object, not %s", name, kindOf(v)))
	}
	return m
}

// scalar returns a value that may also come as a string, as text.
func (f *fields) scalar(name, want string) string {
	v := f.get(name)
	if v == nil {
		return ""
	}
	switch v[0] {
	case '"':
		return strings.TrimSpace(f.text(name))
	case '{', '[':
		f.fail(badRequest("field %q must be %s, not %s", name, want, kindOf(v)))
		return ""
	}
	return string(v)
}

func (f *fields) flag(name string) bool {
	const want = "true or false"
	switch v := f.scalar(name, want); strings.ToLower(v) {
	case "true", "1":
		return true
	case "false", "0", "":
		return false
	default:
		f.fail(badRequest("field %q must be %s, not %s", name, want, clip(v)))
		return false
	}
}

// millis reads a whole number of milliseconds from 0 to limit.
func (f *fields) millis(name string, limit int64) time.Duration {
	want := "a whole number of milliseconds from 0 to " + strconv.FormatInt(limit, 10)
	v := f.scalar(name, want)
	if v == "" {
		return 0
	}
	n, ok := wholeNumber(v)
	if !ok || n < 0 || n > limit {
		f.fail(badRequest("field %q must be %s, not %s", name, want, clip(v)))
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// maxMoment keeps times inside the years that a time.Time can print as RFC 3339.
const maxMoment = 253402300799999

// moment reads milliseconds since the epoch, or a relative time such as "-15m".
func (f *fields) moment(name string) TimeSpec {
	const want = "a whole number of milliseconds since 1970 from 0 to 253402300799999, or a relative time such as \"-15m\" (units s, m, h, d, w)"
	v := f.scalar(name, want)
	if v == "" {
		return TimeSpec{}
	}
	if n, ok := wholeNumber(v); ok && n >= 0 && n <= maxMoment {
		return TimeSpec{Ms: n}
	}
	if back, ok := relativeTime(v); ok {
		return TimeSpec{Back: back, Text: v}
	}
	f.fail(badRequest("field %q must be %s, not %s", name, want, clip(v)))
	return TimeSpec{}
}

// wholeNumber takes 10000 and also 10000.0 and 1e4, which are the same JSON number.
func wholeNumber(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, false
	}
	return int64(v), true
}

func relativeTime(text string) (time.Duration, bool) {
	if len(text) < 3 || text[0] != '-' {
		return 0, false
	}
	var unit time.Duration
	switch text[len(text)-1] {
	case 's':
		unit = time.Second
	case 'm':
		unit = time.Minute
	case 'h':
		unit = time.Hour
	case 'd':
		unit = 24 * time.Hour
	case 'w':
		unit = 7 * 24 * time.Hour
	default:
		return 0, false
	}
	n, err := strconv.ParseUint(text[1:len(text)-1], 10, 31)
	if err != nil || n == 0 || time.Duration(n) > math.MaxInt64/unit {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// kindOf names the JSON type of a value for an error text.
func kindOf(v json.RawMessage) string {
	switch v[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// clip quotes a value of the client for an error text, shortened.
func clip(v string) string {
	const most = 40
	if len(v) > most {
		v = v[:most] + "…"
	}
	return strconv.QuoteToASCII(v)
}

// jsonFault says what is wrong without repeating the text, which may hold a token.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return "found null"
	case errors.As(err, &syntax):
		return "broken JSON at byte " + strconv.FormatInt(syntax.Offset, 10)
	case errors.As(err, &kind):
		return "found " + kind.Value
	}
	return "broken JSON"
}
