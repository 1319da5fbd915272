package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Scanner turns text into tokens with the layout rules of language.md 1.4: NEWLINE, INDENT
// and DEDENT are tokens. Comments are tokens too, which the grammar does not see.
//
// At text that starts no token, and at a string with a mistake in it, it returns ILLEGAL,
// and Err says why; the next call goes on after that text.
type Scanner struct {
	src  *Source
	text string
	off  int
	bad  fault // of the last ILLEGAL token

	open    int   // brackets of any kind that are open
	indents []int // widths of the enclosing blocks
	begun   bool  // the blanks of the first line have been looked at
	indent  Span  // an INDENT to return next, when wide is set
	wide    bool
	dedents int // DEDENTs to return next
	tokens  int // calls of Next: the work done
}

// fault is a mistake that the scanner found. It becomes an Error only when one is asked
// for: text that is skipped may hold a mistake in every byte.
type fault struct {
	at        Span
	msg, hint string
}

// NewScanner returns a scanner of a source.
func NewScanner(src *Source) *Scanner {
	return &Scanner{src: src, text: src.Text}
}

// Err returns the reason of the last ILLEGAL token; nil when there was none.
func (s *Scanner) Err() *Error {
	if s.bad.msg == "" {
		return nil
	}
	err := s.src.Errorf(SyntaxError, s.bad.at, "%s", s.bad.msg)
	err.Hint = s.bad.hint
	return err
}

// resume goes back to the start of the line that holds an offset, outside all brackets, so
// that the layout of that line is looked at: NEWLINE is next.
func (s *Scanner) resume(at Pos) {
	s.off = lineBegin(s.text, int(at))
	if s.off > 0 {
		s.off--
		if s.text[s.off] == '\n' && s.off > 0 && s.text[s.off-1] == '\r' {
			s.off--
		}
	}
	s.open, s.wide, s.dedents = 0, false, 0
}

// lineBegin returns the offset of the first byte of the line that holds an offset.
func lineBegin(text string, at int) int { return strings.LastIndexAny(text[:at], "\r\n") + 1 }

// indentation returns the width of the blanks that begin the line of an offset.
func (s *Source) indentation(at Pos) int {
	width, _ := indentation(s.Text[lineBegin(s.Text, int(at)):])
	return width
}

// indentation returns the width of the blanks that a text begins with, and their length; a
// tab goes on to the next multiple of 8 (language.md 1.4, rule 3).
func indentation(text string) (width, n int) {
	for ; n < len(text) && isBlank(text[n]); n++ {
		if text[n] == '\t' {
			width = (width/8 + 1) * 8
		} else {
			width++
		}
	}
	return width, n
}

// Next returns the next token. After the last one it returns EOF, again and again.
func (s *Scanner) Next() Token {
	s.tokens++
	if !s.begun {
		s.begun = true
		if s.off < len(s.text) && isBlank(s.text[s.off]) {
			if tok, ok := s.layout(s.off); ok {
				return tok
			}
		}
	}
	if s.wide {
		s.wide = false
		return Token{Kind: INDENT, Span: s.indent}
	}
	if s.dedents > 0 {
		s.dedents--
		return Token{Kind: DEDENT, Span: s.here(0)}
	}
	for {
		s.skipBlanks()
		if s.off == len(s.text) {
			return s.end()
		}
		c := s.text[s.off]
		if c != '\n' && c != '\r' {
			return s.token(c)
		}
		start := s.off
		s.off++
		if c == '\r' && s.off < len(s.text) && s.text[s.off] == '\n' {
			s.off++
		}
		if tok, ok := s.layout(start); ok {
			return tok
		}
	}
}

// end returns what stands at the end of the text: the open blocks are closed by NEWLINE
// and one DEDENT each (rule 4).
func (s *Scanner) end() Token {
	if n := len(s.indents); n > 0 {
		s.indents, s.dedents = s.indents[:0], n
		return Token{Kind: NEWLINE, Span: s.here(0)}
	}
	return Token{Kind: EOF, Span: s.here(0)}
}

// layout reads the blanks at the start of a line, whose terminator began at start, and
// applies rules 1 and 2. It reports whether a NEWLINE is due; what follows it is queued.
func (s *Scanner) layout(start int) (Token, bool) {
	newline := Token{Kind: NEWLINE, Span: Span{Pos(start), Pos(s.off)}}
	blanks := s.off
	width, n := indentation(s.text[s.off:])
	s.off += n
	if s.open > 0 {
		return Token{}, false
	}
	if s.off < len(s.text) {
		if c := s.text[s.off]; c == '\n' || c == '\r' || c == '#' {
			return Token{}, false
		}
	}
	switch top := s.top(); {
	case width > top:
		s.indents = append(s.indents, width)
		s.indent, s.wide = Span{Pos(blanks), Pos(s.off)}, true
	default:
		// The new width need not be one of the stack, and is not pushed.
		for s.top() > width {
			s.indents = s.indents[:len(s.indents)-1]
			s.dedents++
		}
	}
	return newline, true
}

func (s *Scanner) top() int {
	if len(s.indents) == 0 {
		return 0
	}
	return s.indents[len(s.indents)-1]
}

// skipBlanks skips blanks and explicit line joins (language.md 1.3).
func (s *Scanner) skipBlanks() {
	for s.off < len(s.text) {
		switch c := s.text[s.off]; {
		case isBlank(c):
			s.off++
		case c == '\\':
			n := joinLength(s.text[s.off:])
			if n == 0 {
				return
			}
			s.off += n
		default:
			return
		}
	}
}

// joinLength returns the length of the backslash, blanks and line terminator that a text
// begins with, or 0.
func joinLength(text string) int {
	i := 1
	for i < len(text) && isBlank(text[i]) {
		i++
	}
	switch {
	case strings.HasPrefix(text[i:], "\r\n"):
		return i + 2
	case i < len(text) && (text[i] == '\n' || text[i] == '\r'):
		return i + 1
	}
	return 0
}

// token scans one token that is no layout; c is its first byte.
func (s *Scanner) token(c byte) Token {
	switch {
	case isNameByte(c) && !isDigit(c):
		n := 1
		for s.off+n < len(s.text) && isNameByte(s.text[s.off+n]) {
			n++
		}
		tok := s.take(ID, n)
		if n <= longestKeyword {
			if k, ok := keywords[tok.Value]; ok {
				tok.Kind = k
			}
		}
		return tok
	case isDigit(c), c == '.' && s.off+1 < len(s.text) && isDigit(s.text[s.off+1]):
		return s.number()
	case c == '\'' || c == '"':
		return s.str(c)
	case c == '#':
		n := strings.IndexAny(s.text[s.off:], "\r\n")
		if n < 0 {
			n = len(s.text) - s.off
		}
		return s.take(COMMENT, n)
	}
	if k, n := operator(s.text[s.off:]); n > 0 {
		switch k {
		case LPAREN, LBRACKET, LBRACE:
			s.open++
		case RPAREN, RBRACKET, RBRACE:
			s.open = max(0, s.open-1)
		}
		return s.take(k, n)
	}
	return s.illegal()
}

// illegal reports a character that starts no token.
func (s *Scanner) illegal() Token {
	r, n := utf8.DecodeRuneInString(s.text[s.off:])
	if r == utf8.RuneError && n == 1 {
		return s.fail(s.off, s.off+1, "the text is not valid UTF-8", "")
	}
	hint := ""
	switch r {
	case '%':
		hint = "there is no % operator; join texts with + and str()"
	case '!':
		hint = "write 'not', or '!=' to compare"
	case '?':
		hint = "write 'a if condition else b'"
	case '$':
		hint = "a name begins with a letter or _; what another tool replaces must be replaced before"
	case '“', '”', '‘', '’', '`':
		hint = "quote with ' or \""
	case '\ufeff':
		hint = "remove the byte order mark"
	case '\\':
		hint = "a backslash joins lines only at the end of a line"
	case '\u00a0':
		hint = "this is a no-break space; use an ordinary one"
	}
	shown := "'" + string(r) + "'"
	if r < ' ' || r == '\ufeff' || r == '\u00a0' || r == 0x7f {
		shown = quoteRune(r)
	}
	return s.fail(s.off, s.off+n, "unexpected character "+shown, hint)
}

// fail returns ILLEGAL for a range of the text and goes on after it.
func (s *Scanner) fail(from, to int, msg, hint string) Token {
	span := Span{Pos(from), Pos(to)}
	s.bad = fault{span, msg, hint}
	s.off = to
	return Token{Kind: ILLEGAL, Span: span, Value: s.text[from:to]}
}

// lineEnd returns the offset of the next line terminator, or of the end of the text.
func (s *Scanner) lineEnd(from int) int {
	if n := strings.IndexAny(s.text[from:], "\r\n"); n >= 0 {
		return from + n
	}
	return len(s.text)
}

// take returns the next n bytes as a token.
func (s *Scanner) take(k Kind, n int) Token {
	tok := Token{Kind: k, Span: s.here(n), Value: s.text[s.off : s.off+n]}
	s.off += n
	return tok
}

func (s *Scanner) here(n int) Span { return Span{Pos(s.off), Pos(s.off + n)} }

// operator returns the longest operator that a text begins with, and its length.
func operator(text string) (Kind, int) {
	var next, third byte
	if len(text) > 1 {
		next = text[1]
	}
	if len(text) > 2 {
		third = text[2]
	}
	switch text[0] {
	case '(':
		return LPAREN, 1
	case ')':
		return RPAREN, 1
	case '[':
		return LBRACKET, 1
	case ']':
		return RBRACKET, 1
	case '{':
		return LBRACE, 1
	case '}':
		return RBRACE, 1
	case ',':
		return COMMA, 1
	case ':':
		return COLON, 1
	case ';':
		return SEMICOLON, 1
	case '+':
		return PLUS, 1
	case '/':
		return SLASH, 1
	case '|':
		return PIPE, 1
	case '^':
		return CARET, 1
	case '&':
		return AMPERSAND, 1
	case '~':
		return TILDE, 1
	case '@':
		return AT, 1
	case '.':
		if next == '.' && third == '.' {
			return ELLIPSIS, 3
		}
		return DOT, 1
	case '-':
		return either(next == '>', ARROW, MINUS)
	case '*':
		return either(next == '*', POWER, STAR)
	case '=':
		return either(next == '=', EQ, ASSIGN)
	case '<':
		switch next {
		case '<':
			return LSHIFT, 2
		case '>':
			return NE, 2
		}
		return either(next == '=', LE, LT)
	case '>':
		if next == '>' {
			return RSHIFT, 2
		}
		return either(next == '=', GE, GT)
	case '!':
		if next == '=' {
			return NE, 2
		}
	}
	return ILLEGAL, 0
}

// either returns an operator of two characters, or the one of one.
func either(two bool, double, single Kind) (Kind, int) {
	if two {
		return double, 2
	}
	return single, 1
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || isDigit(c)
}

func quoteRune(r rune) string { return fmt.Sprintf("U+%04X", r) }
