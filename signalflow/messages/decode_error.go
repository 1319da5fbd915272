package messages

import (
	"strconv"
	"strings"
	"unicode"
)

// Classes of decode errors (protocol.md 3.11).
const (
	ClassShortHeader         = "short_header"
	ClassUnsupportedVersion  = "unsupported_version"
	ClassUnknownType         = "unknown_type"
	ClassUnknownFlags        = "unknown_flags"
	ClassBadChannel          = "bad_channel"
	ClassUnsupportedEncoding = "unsupported_encoding"
	ClassTruncatedBody       = "truncated_body"
	ClassCountExceedsBody    = "count_exceeds_body"
	ClassTrailingBytes       = "trailing_bytes"
	ClassBadValueType        = "bad_value_type"
	ClassBadIntRange         = "bad_int_range"
	ClassInflate             = "inflate"
	ClassInflateLimit        = "inflate_limit"
	ClassJSON                = "json"
	ClassJSONType            = "json_type"
	ClassMissingField        = "missing_field"
	ClassBadTSID             = "bad_tsid"
)

// DecodeError says what is wrong with a frame and where. It concerns one message
// only: the connection and the other channels are not affected by it.
type DecodeError struct {
	Class   string // one of the Class… constants
	Channel string // the channel of the message, "" when not known
	Type    string // the type of the message, "" when not known
	Field   string // path of the offending field, "" when it is not one field
	Offset  int    // byte offset in the frame, or in the inflated body; -1 when it has no place
	Detail  string // what was found and what was wanted
}

// Error returns class, place and detail in one line.
func (e *DecodeError) Error() string {
	var b strings.Builder
	b.WriteString("bad ")
	if e.Type != "" {
		b.WriteString(oneLine(e.Type))
		b.WriteByte(' ')
	}
	b.WriteString("message")
	if e.Channel != "" {
		b.WriteString(" on channel ")
		b.WriteString(quote(e.Channel))
	}
	b.WriteString(": ")
	b.WriteString(e.Class)
	b.WriteString(": ")
	b.WriteString(e.Detail)
	if e.Offset >= 0 {
		b.WriteString(" (at byte ")
		b.WriteString(strconv.Itoa(e.Offset))
		b.WriteByte(')')
	}
	return b.String()
}

// maxExcerpt bounds foreign text in error messages, in bytes.
const maxExcerpt = 64

// excerpt cuts foreign text so that an error stays readable.
func excerpt(s string) string {
	if len(s) <= maxExcerpt {
		return s
	}
	return strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
}

// quote quotes foreign text, cut to a readable length.
func quote(s string) string { return strconv.QuoteToASCII(excerpt(s)) }

// oneLine cuts foreign text that is shown without quotes, and takes line breaks
// and the like out of it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, excerpt(s))
}
