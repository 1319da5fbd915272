package messages

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, so that the result is always valid.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b < utf8.RuneSelf {
			if b >= 0x20 && b != '"' && b != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, b)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			start = i + size
		}
		i += size
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
}

// appendFloat appends a finite number, with an exponent only where the digits
// would be many.
func appendFloat(dst []byte, f float64) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}

// appendValue appends a Go value as it is found in the maps of a message.
func appendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, fmt.Errorf("%v is not a number that JSON can hold", v)
		}
		return appendFloat(dst, v), nil
	case map[string]interface{}:
		return appendMap(dst, v)
	case []interface{}:
		return appendList(dst, v)
	}
	// json.Number, json.RawMessage and whatever a caller put in.
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

// appendMap appends the members in the order of their keys.
func appendMap(dst []byte, m map[string]interface{}) ([]byte, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, k), ':')
		var err error
		if dst, err = appendValue(dst, m[k]); err != nil {
			return dst, fmt.Errorf("%s: %w", quote(k), err)
		}
	}
	return append(dst, '}'), nil
}

func appendList(dst []byte, list []interface{}) ([]byte, error) {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, v); err != nil {
			return dst, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(dst, ']'), nil
}

// writing is one JSON object that is being appended to b. Its methods add one
// member each; the first error is kept.
type writing struct {
	b       []byte
	comma   bool
	channel string // in place of the message's own
	sse     bool   // for an event stream: without type and channel
	src     *source
	old     fields // the fields of src
	err     error
}

// source tells what the message was decoded from, if it was.
func (w *writing) source(src *source) {
	if src != nil {
		w.src = src
		w.old.index(src.text)
	}
}

// had tells whether the message that was decoded had a field, in good shape.
func (w *writing) had(field int) bool {
	return notNull(w.old[field]) != "" && !slices.Contains(w.src.warnings, fieldNames[field])
}

// keep tells whether a field is written: when it is set, or was in the message
// that was decoded, and always in one that was built.
func (w *writing) keep(field int, set bool) bool {
	return set || w.src == nil || w.had(field)
}

func (w *writing) key(name string) {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
	w.b = append(appendString(w.b, name), ':')
}

func (w *writing) str(name, v string) {
	w.key(name)
	w.b = appendString(w.b, v)
}

func (w *writing) int(name string, v int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writing) float(name string, v float64) { w.value(name, v) }

// value adds a value of any Go type.
func (w *writing) value(name string, v any) {
	w.key(name)
	b, err := appendValue(w.b, v)
	w.b = b
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("field %s: %w", quote(name), err)
	}
}

// text adds a value that is JSON text already; it is checked.
func (w *writing) text(name, v string) {
	w.key(name)
	w.item(v)
}

// item adds JSON text where a value is wanted.
func (w *writing) item(v string) {
	c := scanner{s: v}
	if c.space(); !c.value() || !c.end() || !utf8.ValidString(v) {
		if w.err == nil {
			w.err = fmt.Errorf("raw value is not valid JSON: %s", c.fail)
		}
		return
	}
	w.b = appendCompact(w.b, v)
}

func (w *writing) open(name string, bracket byte) {
	w.key(name)
	w.b = append(w.b, bracket)
	w.comma = false
}

func (w *writing) close(bracket byte) {
	w.b = append(w.b, bracket)
	w.comma = true
}

// next opens an element of an array.
func (w *writing) next(bracket byte) {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, bracket)
	w.comma = false
}

// number adds an element to an array.
func (w *writing) number(v int64) {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writing) typeName(typ string) {
	if !w.sse {
		w.str("type", typ)
	}
}

func (w *writing) channelName(own string) {
	if w.sse {
		return
	}
	if w.channel != "" {
		own = w.channel
	}
	if own != "" {
		w.str("channel", own)
	}
}

// others adds the members of an object that came from the wire, apart from the
// known ones, so that what this package does not know is passed on.
func (w *writing) others(object string, known ...string) {
	if c := (scanner{s: object}); kind(object) != '{' || !c.value() {
		return
	}
	for it := membersOf(object); it.next(); {
		if !slices.Contains(known, it.key) {
			w.text(it.key, it.val)
		}
	}
}

// keysOf lists the keys of an object, none when v is something else.
func keysOf(v string) (keys []string) {
	if kind(v) != '{' {
		return nil
	}
	for it := membersOf(v); it.next(); {
		keys = append(keys, it.key)
	}
	return keys
}
