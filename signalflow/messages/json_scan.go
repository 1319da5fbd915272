package messages

import (
	"math/bits"
	"strconv"
)

// maxDepth is the deepest nesting that is read, the same as in encoding/json.
const maxDepth = 10000

// scanner walks over one JSON text and checks it. It keeps nothing: what it
// finds are positions. After a failure, fail says why and i where.
type scanner struct {
	s     string
	i     int
	depth int
	fail  string
}

func (c *scanner) failed(why string) bool {
	if c.fail == "" {
		c.fail = why
	}
	return false
}

// unexpected fails at the current byte.
func (c *scanner) unexpected(want string) bool {
	if c.i >= len(c.s) {
		return c.failed("it ends where " + want + " is wanted")
	}
	return c.failed("found " + strconv.QuoteRuneToASCII(rune(c.s[c.i])) + " where " + want + " is wanted")
}

func (c *scanner) space() {
	for c.i < len(c.s) {
		switch c.s[c.i] {
		case ' ', '\n', '\t', '\r':
			c.i++
		default:
			return
		}
	}
}

// value moves over one value.
func (c *scanner) value() bool {
	if c.i >= len(c.s) {
		return c.unexpected("a value")
	}
	switch b := c.s[c.i]; b {
	case '"':
		return c.str()
	case '{':
		return c.object()
	case '[':
		return c.array()
	case 't':
		return c.literal("true")
	case 'f':
		return c.literal("false")
	case 'n':
		return c.literal("null")
	default:
		if b == '-' || b-'0' <= 9 {
			return c.number()
		}
		return c.unexpected("a value")
	}
}

func (c *scanner) literal(word string) bool {
	if len(c.s)-c.i < len(word) || c.s[c.i:c.i+len(word)] != word {
		return c.unexpected(word)
	}
	c.i += len(word)
	return true
}

func (c *scanner) object() bool {
	if !c.down() {
		return false
	}
	for first := true; ; first = false {
		if _, _, more := c.member(first); !more {
			c.depth--
			return c.fail == ""
		}
	}
}

func (c *scanner) array() bool {
	if !c.down() {
		return false
	}
	for first := true; ; first = false {
		if _, more := c.element(first); !more {
			c.depth--
			return c.fail == ""
		}
	}
}

// down moves over the bracket that opens an object or array.
func (c *scanner) down() bool {
	if c.depth++; c.depth > maxDepth {
		return c.failed("it is nested deeper than 10000 levels")
	}
	c.i++
	return true
}

// key moves over the next key of an object and its colon, the opening brace being
// behind, and returns it as it is written between its quotes. more is false after
// the closing brace, which is then behind too, and after a failure.
func (c *scanner) key(first bool) (key string, more bool) {
	if !c.another(first, '}') {
		return "", false
	}
	if c.i >= len(c.s) || c.s[c.i] != '"' {
		return "", c.unexpected("a key in quotes")
	}
	start := c.i + 1
	if !c.str() {
		return "", false
	}
	key = c.s[start : c.i-1]
	if c.i < len(c.s) && c.s[c.i] != ':' {
		c.space()
	}
	if c.i >= len(c.s) || c.s[c.i] != ':' {
		return "", c.unexpected("':'")
	}
	c.i++
	c.space()
	return key, true
}

// member is key with the value: it begins at the position returned, and ends at
// c.i.
func (c *scanner) member(first bool) (key string, at int, more bool) {
	key, more = c.key(first)
	if !more {
		return "", 0, false
	}
	at = c.i
	return key, at, c.value()
}

// element is member for an array.
func (c *scanner) element(first bool) (at int, more bool) {
	if !c.another(first, ']') {
		return 0, false
	}
	at = c.i
	return at, c.value()
}

// another moves over the comma before the next item, or over the closing
// bracket.
func (c *scanner) another(first bool, closing byte) bool {
	c.space()
	switch {
	case c.i < len(c.s) && c.s[c.i] == closing:
		c.i++
		return false
	case first:
		return true
	case c.i >= len(c.s) || c.s[c.i] != ',':
		return c.unexpected("',' or '" + string(closing) + "'")
	}
	c.i++
	c.space()
	return true
}

// str moves over a string, eight bytes at a time where nothing special comes.
func (c *scanner) str() bool {
	s, i := c.s, c.i+1
	for {
		for i+8 <= len(s) {
			m := specials(load64(s, i))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= 0x20 {
			i++
		}
		c.i = i
		switch {
		case i >= len(s):
			return c.failed("it ends inside a string")
		case s[i] == '"':
			c.i = i + 1
			return true
		case s[i] != '\\':
			return c.failed("a control character stands in a string")
		}
		if !c.escape() {
			return false
		}
		i = c.i
	}
}

// escape moves over a backslash and what it escapes.
func (c *scanner) escape() bool {
	rest := c.s[c.i+1:]
	if rest == "" {
		return c.failed("it ends inside a string")
	}
	switch rest[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.i += 2
		return true
	case 'u':
		if len(rest) >= 5 && isHex(rest[1]) && isHex(rest[2]) && isHex(rest[3]) && isHex(rest[4]) {
			c.i += 6
			return true
		}
	}
	return c.failed("an unknown escape stands in a string")
}

func isHex(b byte) bool {
	return b-'0' <= 9 || b|0x20-'a' <= 5
}

func load64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// specials sets the top bit of the first byte of w that is a quote, a backslash
// or a control character. Bits above the first one set may be wrong.
func specials(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quotes := w ^ ones*'"'
	slashes := w ^ ones*'\\'
	return ((quotes-ones)&^quotes | (slashes-ones)&^slashes | (w-ones*0x20)&^w) & tops
}

// number moves over a number of the JSON grammar.
func (c *scanner) number() bool {
	if c.s[c.i] == '-' {
		c.i++
	}
	switch {
	case c.i < len(c.s) && c.s[c.i] == '0':
		c.i++
	case !c.digits():
		return c.unexpected("a digit")
	}
	if c.i < len(c.s) && c.s[c.i] == '.' {
		c.i++
		if !c.digits() {
			return c.unexpected("a digit")
		}
	}
	if c.i < len(c.s) && c.s[c.i]|0x20 == 'e' {
		c.i++
		if c.i < len(c.s) && (c.s[c.i] == '+' || c.s[c.i] == '-') {
			c.i++
		}
		if !c.digits() {
			return c.unexpected("a digit")
		}
	}
	return true
}

func (c *scanner) digits() bool {
	start := c.i
	for c.i < len(c.s) && c.s[c.i]-'0' <= 9 {
		c.i++
	}
	return c.i > start
}

// end moves to the end of the text, which must have nothing more than space.
func (c *scanner) end() bool {
	c.space()
	if c.i < len(c.s) {
		return c.unexpected("the end of the text")
	}
	return true
}
