package syntax

import (
	"strings"
	"unicode/utf8"
)

// number scans the longest INT or FLOAT (language.md 1.6); "1." is INT and then a dot.
func (s *Scanner) number() Token {
	text, kind := s.text[s.off:], INT
	n := digits(text, 0)
	if n < len(text) && text[n] == '.' {
		if m := digits(text, n+1); m > n+1 {
			n, kind = m, FLOAT
		}
	}
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		from := n + 1
		if from < len(text) && (text[from] == '+' || text[from] == '-') {
			from++
		}
		if m := digits(text, from); m > from {
			n, kind = m, FLOAT
		}
	}
	return s.take(kind, n)
}

// digits returns the offset after the digits that stand at an offset.
func digits(text string, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

// str scans a string token and resolves its escapes (language.md 1.7).
func (s *Scanner) str(quote byte) Token {
	start := s.off
	var b strings.Builder
	wrong := 0         // offset of the first unknown escape
	plain := start + 1 // start of the part that is not yet in b
	for i := start + 1; i < len(s.text) && s.text[i] != '\n' && s.text[i] != '\r'; {
		switch s.text[i] {
		case quote:
			value := s.text[plain:i]
			if b.Len() > 0 {
				b.WriteString(value)
				value = b.String()
			}
			if wrong > 0 {
				return s.badEscape(wrong, i+1)
			}
			tok := s.take(STRING, i+1-start)
			tok.Value = value
			return tok
		case '\\':
			r, n := escape(s.text[i+1:])
			if n == 0 {
				if wrong == 0 {
					wrong = i
				}
				i++
				continue
			}
			b.WriteString(s.text[plain:i])
			b.WriteRune(r)
			i += 1 + n
			plain = i
		default:
			i++
		}
	}
	hint := "a string ends on the line where it begins, with the quote that opened it"
	if start > 1 && s.text[start-1] == quote && s.text[start-2] == quote {
		hint = "there are no triple quotes; a string ends on the line where it begins"
	}
	return s.fail(start, s.lineEnd(start), "string is not closed", hint)
}

// escape returns the character of the escape whose backslash stands before a text, and the
// length of the escape without the backslash; 0 if it is none.
func escape(text string) (rune, int) {
	if text == "" {
		return 0, 0
	}
	if i := strings.IndexByte(`btnfr"'\`, text[0]); i >= 0 {
		return rune("\b\t\n\f\r\"'\\"[i]), 1
	}
	most := 2
	if text[0] <= '3' {
		most = 3
	}
	r, n := rune(0), 0
	for n < most && n < len(text) && text[n] >= '0' && text[n] <= '7' {
		r = r*8 + rune(text[n]-'0')
		n++
	}
	return r, n
}

// badEscape reports the escape at an offset, in a string that ends at another.
func (s *Scanner) badEscape(at, end int) Token {
	_, n := utf8.DecodeRuneInString(s.text[at+1 : end])
	tok := s.fail(s.off, end, "unknown escape "+s.text[at:at+1+n]+" in a string", `for a backslash write \\`)
	s.bad.at = Span{Pos(at), Pos(at + 1 + n)}
	return tok
}
