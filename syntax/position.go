package syntax

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Pos is a byte offset into the text of a Source.
type Pos int32

// Span is a range of text: the offset of its first byte, and the offset after its last.
type Span struct{ From, To Pos }

// Range returns the span itself; a type that embeds a Span is a Node by it.
func (s Span) Range() Span { return s }

// Position is a place in a text as people count it.
type Position struct {
	Line   int // from 1
	Column int // from 1, in characters
}

// Source is the text of one program or module, with its lines indexed.
type Source struct {
	Name  string // for messages; empty for a program that has no name
	Text  string
	lines []Pos // offset of the first byte of each line
	chars []Pos // characters that begin before each block of the text; nil if all lines are short
}

// blockSize is how many bytes at most are gone through to find a column: programs are often
// one line of thousands, and every node of a tree asks for its place.
const blockSize = 512

// NewSource indexes the lines of a text. A line ends at LF, CR or CR LF (language.md 1.1).
func NewSource(name, text string) *Source {
	s := &Source{Name: name, Text: text, lines: lineStarts(text)}
	for i := 1; i <= len(s.lines); i++ {
		to := Pos(len(text))
		if i < len(s.lines) {
			to = s.lines[i]
		}
		if to-s.lines[i-1] > blockSize {
			s.countChars()
			break
		}
	}
	return s
}

func lineStarts(text string) []Pos {
	lines := make([]Pos, 1, 1+strings.Count(text, "\n"))
	if strings.IndexByte(text, '\r') < 0 {
		for i := 0; ; {
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				break
			}
			i += n + 1
			lines = append(lines, Pos(i))
		}
		return lines
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n':
		case text[i] == '\r', text[i] == '\n':
			lines = append(lines, Pos(i+1))
		}
	}
	return lines
}

func (s *Source) countChars() {
	total := 0
	for from := 0; from <= len(s.Text); from += blockSize {
		s.chars = append(s.chars, Pos(total))
		total += charsIn(s.Text[from:min(from+blockSize, len(s.Text))])
	}
}

// charsIn counts the characters that begin in a part of a text.
func charsIn(part string) (n int) {
	for i := range len(part) {
		if utf8.RuneStart(part[i]) {
			n++
		}
	}
	return n
}

// charsBefore counts the characters that begin before an offset.
func (s *Source) charsBefore(p Pos) int {
	block := p / blockSize
	return int(s.chars[block]) + charsIn(s.Text[block*blockSize:p])
}

// Position returns the line and column of an offset. An offset outside the text counts as
// the nearest one inside.
func (s *Source) Position(p Pos) Position {
	p = s.clamp(p)
	line := s.lineIndex(p)
	from := s.lines[line]
	if p-from <= blockSize {
		return Position{line + 1, utf8.RuneCountInString(s.Text[from:p]) + 1}
	}
	return Position{line + 1, s.charsBefore(p) - s.charsBefore(from) + 1}
}

// Offset returns the offset of a line and column. A place outside the text, or behind the
// end of a line, counts as the nearest one inside.
func (s *Source) Offset(at Position) Pos {
	switch {
	case at.Line < 1:
		return 0
	case at.Line > len(s.lines):
		return Pos(len(s.Text))
	}
	from := int(s.lines[at.Line-1])
	line := s.Line(at.Line)
	for i := range line {
		if at.Column--; at.Column < 1 {
			return Pos(from + i)
		}
	}
	return Pos(from + len(line))
}

// Line returns the text of a line, counted from 1, without its terminator. A line that
// does not exist is empty.
func (s *Source) Line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	from, to := int(s.lines[n-1]), len(s.Text)
	if n < len(s.lines) {
		to = int(s.lines[n])
	}
	return strings.TrimRight(s.Text[from:to], "\r\n")
}

// Slice returns the text of a span.
func (s *Source) Slice(sp Span) string {
	from, to := s.clamp(sp.From), s.clamp(sp.To)
	return s.Text[from:max(from, to)]
}

// lineIndex returns the index of the line that holds an offset.
func (s *Source) lineIndex(p Pos) int {
	return sort.Search(len(s.lines), func(i int) bool { return s.lines[i] > p }) - 1
}

func (s *Source) clamp(p Pos) Pos { return min(max(p, 0), Pos(len(s.Text))) }
