package messages

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file read JSON text that a scanner has found valid. A
// value is the text of it without space around, "" for one that is absent.

// kind is the first byte of a value, with '0' for any number and 0 for an absent
// one.
func kind(v string) byte {
	if v == "" {
		return 0
	}
	if v[0] == '-' || v[0]-'0' <= 9 {
		return '0'
	}
	return v[0]
}

// kindName names the JSON type of a value, for error texts.
func kindName(v string) string {
	switch kind(v) {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	case '0':
		return "a number"
	}
	return "nothing"
}

// objectItems visits the members of an object.
type objectItems struct {
	scanner
	key     string // as written, between its quotes
	val     string
	started bool
}

func membersOf(v string) objectItems { return objectItems{scanner: scanner{s: v, i: 1}} }

func (o *objectItems) next() bool {
	key, at, more := o.member(!o.started)
	if !more {
		return false
	}
	o.started, o.key, o.val = true, unescape(key), o.s[at:o.i]
	return true
}

// arrayItems visits the elements of an array.
type arrayItems struct {
	scanner
	val     string
	started bool
}

func elementsOf(v string) arrayItems { return arrayItems{scanner: scanner{s: v, i: 1}} }

func (a *arrayItems) next() bool {
	at, more := a.element(!a.started)
	if !more {
		return false
	}
	a.started, a.val = true, a.s[at:a.i]
	return true
}

// stringValue is the text of a string value. It shares memory with v unless
// something in it was escaped.
func stringValue(v string) string { return unescape(v[1 : len(v)-1]) }

func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for {
		b = append(b, s[:i]...)
		s = s[i+1:]
		switch s[0] {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := hex4(s[1:])
			s = s[4:]
			if utf16.IsSurrogate(r) {
				r, s = surrogate(r, s)
			}
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, s[0])
		}
		s = s[1:]
		if i = strings.IndexByte(s, '\\'); i < 0 {
			return string(append(b, s...))
		}
	}
}

// surrogate joins r with the escape after s[0], if that is its second half. A
// lone half becomes U+FFFD, as in encoding/json.
func surrogate(r rune, s string) (rune, string) {
	if len(s) >= 7 && s[1] == '\\' && s[2] == 'u' {
		if both := utf16.DecodeRune(r, hex4(s[3:])); both != utf8.RuneError {
			return both, s[6:]
		}
	}
	return utf8.RuneError, s
}

func hex4(s string) rune {
	v, _ := strconv.ParseUint(s[:4], 16, 16)
	return rune(v)
}

// How a number reads as a 64-bit integer.
type intForm int

const (
	intNone  intForm = iota // not a number, or a number outside int64
	intCut                  // a fraction was cut off
	intExact                // an integer with a point or an exponent, such as 1.5E3
	intPlain                // an integer written as one
)

// intValue reads a number as an integer.
func intValue(v string) (int64, intForm) {
	if kind(v) != '0' {
		return 0, intNone
	}
	digits := v
	if v[0] == '-' {
		digits = v[1:]
	}
	if len(digits) <= 18 { // cannot overflow
		var n int64
		for i := 0; ; i++ {
			if i == len(digits) {
				if v[0] == '-' {
					n = -n
				}
				return n, intPlain
			}
			d := digits[i] - '0'
			if d > 9 {
				break
			}
			n = n*10 + int64(d)
		}
	}
	if !fractional(v) {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return 0, intNone
		}
		return n, intPlain
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < -1<<63 || f >= 1<<63 {
		return 0, intNone
	}
	if whole := math.Trunc(f); whole != f {
		return int64(whole), intCut
	}
	return int64(f), intExact
}

// fractional reports whether a number is written with a point or an exponent.
func fractional(v string) bool {
	for i := range len(v) {
		if c := v[i]; c == '.' || c|0x20 == 'e' {
			return true
		}
	}
	return false
}

// anyValue turns a value into Go: nil, bool, float64, string, []interface{} or
// map[string]interface{}. A number outside float64 stays a json.Number. Strings
// do not share memory with v; n remembers the short ones.
func anyValue(v string, n *names) any {
	c := scanner{s: v}
	return c.read(n)
}

// objectValue is anyValue for an object, with space around it or not.
func objectValue(v string, n *names) map[string]interface{} {
	c := scanner{s: v}
	c.space()
	return c.readObject(n)
}

// read moves over a value and returns it. It looks at each byte once, however
// deep the value is nested.
func (c *scanner) read(n *names) any {
	start := c.i
	switch c.s[c.i] {
	case '"':
		c.str()
		return n.boxed(stringValue(c.s[start:c.i]))
	case '{':
		return c.readObject(n)
	case '[':
		return c.readArray(n)
	}
	c.value()
	switch v := c.s[start:c.i]; v[0] {
	case 'n':
		return nil
	case 't', 'f':
		return v[0] == 't'
	default:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return json.Number(strings.Clone(v))
		}
		return f
	}
}

func (c *scanner) readObject(n *names) map[string]interface{} {
	m := make(map[string]interface{})
	c.down()
	for first := true; ; first = false {
		key, more := c.key(first)
		if !more {
			c.depth--
			return m
		}
		name := n.str(unescape(key))
		m[name] = c.read(n)
	}
}

// readArray gives a short list its exact size.
func (c *scanner) readArray(n *names) []interface{} {
	var short [8]interface{}
	var long []interface{}
	count := 0
	c.down()
	for first := true; c.another(first, ']'); first = false {
		v := c.read(n)
		switch {
		case count < len(short):
			short[count] = v
		case count == len(short):
			long = append(append(make([]interface{}, 0, 4*len(short)), short[:]...), v)
		default:
			long = append(long, v)
		}
		count++
	}
	c.depth--
	if long == nil {
		long = append(make([]interface{}, 0, count), short[:count]...)
	}
	return long
}

// appendCompact appends a value without the space between its tokens.
func appendCompact(dst []byte, v string) []byte {
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case ' ', '\n', '\t', '\r':
		case '"':
			c := scanner{s: v, i: i}
			c.str()
			dst = append(dst, v[i:c.i]...)
			i = c.i - 1
		default:
			dst = append(dst, v[i])
		}
	}
	return dst
}
