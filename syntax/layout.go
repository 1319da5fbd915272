package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// The measures of the style (docs/style.md).
const (
	lineWidth   = 100 // characters; a line is broken in its brackets when it is longer
	indentWidth = 4   // of a block, and of what stands in brackets over several lines
	maxInset    = 60  // how far right of its statement a line in brackets begins at most
	fewBrackets = 64  // more brackets than these on a line are all broken, none is chosen
)

type pieceKind uint8

const (
	textPiece    pieceKind = iota // words and operators with the blanks around them
	endNote                       // a comment behind something on its line
	ownNote                       // a comment on a line of its own
	bracketPiece                  // brackets with elements
	chainPiece                    // operands with operators, inside brackets
)

// piece is a part of a statement that is being laid out.
type piece struct {
	kind   pieceKind
	text   string   // text or comment; of brackets the opening one
	end    string   // the closing bracket
	parts  []pieces // elements of brackets; operands of a chain, each with the operator before it
	sep    string   // between parts on one line
	comma  bool     // a comma follows the last element where each has a line of its own
	single bool     // a comma follows the only element everywhere: a tuple
	bare   bool     // the brackets stand only where each element has a line of its own
	hang   bool     // the lines of a chain after the first are indented
	head   pieces   // a comment behind the opening bracket
	tail   pieces   // comments behind the last element
	width  int      // characters on one line
	broken bool     // a comment inside: one line cannot hold it
}

// pieces is a line of them, if it fits.
type pieces []piece

func (ps pieces) width() (n int) {
	for i := range ps {
		n += ps[i].width
	}
	return n
}

func (ps pieces) broken() bool {
	for i := range ps {
		if ps[i].broken {
			return true
		}
	}
	return false
}

// first returns the index of the first piece of a kind between two others, or the length.
func (ps pieces) first(from, to pieceKind) int {
	for i := range ps {
		if from <= ps[i].kind && ps[i].kind <= to {
			return i
		}
	}
	return len(ps)
}

// measure sets the width of a piece that is complete.
func (p *piece) measure() {
	p.width = len(p.text) + len(p.end)
	if p.bare {
		p.width = 0
	}
	if p.single {
		p.width++
	}
	p.width += len(p.sep) * max(0, len(p.parts)-1)
	p.broken = len(p.head)+len(p.tail) > 0
	for _, part := range p.parts {
		p.width += part.width()
		p.broken = p.broken || part.broken()
	}
}

// layout writes pieces in lines.
type layout struct {
	buf   []byte
	col   int  // characters on the current line
	base  int  // where the statement begins
	next  int  // where its lines after a backslash begin
	blank bool // nothing is on the current line but its indentation
}

func (l *layout) write(text string) {
	if text != "" {
		l.buf = append(l.buf, text...)
		l.col += utf8.RuneCountInString(text)
		l.blank = false
	}
}

// newline begins a line inside the brackets of a statement.
func (l *layout) newline(indent int) {
	l.endLine()
	l.begin(min(indent, l.base+maxInset))
}

// endLine ends a line, without the blanks that were meant for more text.
func (l *layout) endLine() {
	l.buf = append(bytes.TrimRight(l.buf, " "), '\n')
}

// note writes a comment behind what is on the line.
func (l *layout) note(text string) {
	l.buf = bytes.TrimRight(l.buf, " ")
	l.write("  " + text)
}

func (l *layout) begin(indent int) {
	l.buf = append(l.buf, strings.Repeat(" ", indent)...)
	l.col, l.blank = indent, true
}

// flat writes pieces on the current line.
func (l *layout) flat(line pieces) {
	for i := range line {
		p := &line[i]
		if !p.bare {
			l.write(p.text)
		}
		for j, part := range p.parts {
			if j > 0 {
				l.write(p.sep)
			}
			l.flat(part)
		}
		if p.single {
			l.write(",")
		}
		if !p.bare {
			l.write(p.end)
		}
	}
}

// statement writes the line of a statement. If it is too long it is broken before the
// operators outside brackets, behind backslashes, if that is enough; otherwise in brackets.
func (l *layout) statement(line pieces, indent int) {
	if !line.broken() && l.col+line.width() <= lineWidth {
		l.flat(line)
		return
	}
	lines, ok := l.split(line, l.col, nil)
	if !ok {
		l.line(line.inline(nil), indent, 0)
		return
	}
	for i, operand := range lines {
		if i > 0 {
			l.write(" \\")
			l.newline(l.next)
		}
		l.flat(operand)
	}
}

// split appends the parts of a line that begins at a column, each short enough for a line
// of its own, and reports whether there are such parts. Brackets after a chain are better
// broken themselves.
func (l *layout) split(line pieces, col int, lines []pieces) ([]pieces, bool) {
	if !line.broken() && col+line.width()+len(" \\") <= lineWidth {
		return append(lines, line), true
	}
	n := line.first(chainPiece, chainPiece)
	if n == len(line) || line[n+1:].first(bracketPiece, chainPiece) < len(line)-n-1 {
		return nil, false
	}
	ok := true
	for i, part := range line[n].parts {
		if i == 0 {
			part = append(line[:n:n], part...)
		}
		if i == len(line[n].parts)-1 {
			part = append(part[:len(part):len(part)], line[n+1:]...)
		}
		if lines, ok = l.split(part, col, lines); !ok {
			return nil, false
		}
		col = l.next
	}
	return lines, true
}

// inline appends the pieces to others with those of chains in place of the chains.
func (ps pieces) inline(to pieces) pieces {
	for _, p := range ps {
		if p.kind != chainPiece {
			to = append(to, p)
			continue
		}
		for i, part := range p.parts {
			if i > 0 {
				to = append(to, piece{text: p.sep, width: len(p.sep)})
			}
			to = part.inline(to)
		}
	}
	return to
}

// element writes pieces that stand in brackets. The lines after the first begin at indent;
// tail is the width of what must follow on the last one.
func (l *layout) element(line pieces, indent, tail int) {
	for len(line) > 0 && line[0].kind == ownNote {
		l.write(line[0].text)
		l.newline(indent)
		line = line[1:]
	}
	for len(line) > 0 {
		if !line.broken() && l.col+line.width()+tail <= lineWidth {
			l.flat(line)
			return
		}
		n := line.first(chainPiece, chainPiece)
		if n == len(line) {
			l.line(line, indent, tail)
			return
		}
		rest := line[n+1:]
		behind := rest[:rest.first(endNote, chainPiece)].width()
		if len(rest) == 0 {
			behind = tail
		}
		l.line(line[:n], indent, 1)
		l.chain(&line[n], indent, behind)
		line = rest
	}
}

// chain writes operands, each on a line of its own if they do not fit on one.
func (l *layout) chain(c *piece, indent, tail int) {
	if !c.broken && l.col+c.width+tail <= lineWidth {
		l.flat(pieces{*c})
		return
	}
	inner := indent
	if c.hang {
		inner += indentWidth
	}
	for i, part := range c.parts {
		if i > 0 {
			l.newline(inner)
			indent = inner
		}
		behind := 0
		if i == len(c.parts)-1 {
			behind = tail
		}
		l.element(part, indent, behind)
	}
}

// line writes pieces of which none is a chain, with as few of the brackets broken as will
// do. A comment ends its line; what follows it is indented.
func (l *layout) line(line pieces, indent, tail int) {
	for {
		n := line.first(endNote, ownNote)
		if n == len(line) {
			l.breakSome(line, indent, tail)
			return
		}
		l.breakSome(line[:n], indent, 0)
		switch note := line[n]; {
		case note.kind == endNote:
			l.note(note.text)
		default:
			if !l.blank {
				l.newline(indent + indentWidth)
			}
			l.write(note.text)
		}
		line = line[n+1:]
		if len(line) > 0 {
			l.newline(indent + indentWidth)
		}
	}
}

// breakSome writes pieces without comments between them.
func (l *layout) breakSome(line pieces, indent, tail int) {
	breaks := make([]bool, len(line))
	choose(line, breaks, l.col, indent, tail)
	for i := range line {
		if breaks[i] {
			l.brackets(&line[i], indent)
		} else {
			l.flat(line[i : i+1])
		}
	}
}

// choose marks the brackets to break: those that hold a comment, and on each line that is
// too long the ones with most in them. The line begins at a column; when brackets are
// broken, what follows them begins a line at indent.
func choose(line pieces, breaks []bool, col, indent, tail int) {
	widest, count := -1, 0
	for i := range line {
		if line[i].kind != bracketPiece {
			continue
		}
		if line[i].broken {
			choose(line[:i], breaks[:i], col, indent, len(line[i].text))
			breaks[i] = true
			choose(line[i+1:], breaks[i+1:], indent+len(line[i].end), indent, tail)
			return
		}
		if len(line[i].parts) > 0 {
			count++
			if widest < 0 || line[i].width > line[widest].width {
				widest = i
			}
		}
	}
	switch {
	case col+line.width()+tail <= lineWidth || count == 0:
	case count > fewBrackets:
		for i := range line {
			breaks[i] = len(line[i].parts) > 0
		}
	default:
		breaks[widest] = true
		choose(line[:widest], breaks[:widest], col, indent, len(line[widest].text))
		choose(line[widest+1:], breaks[widest+1:], indent+len(line[widest].end), indent, tail)
	}
}

// brackets writes brackets with each element on a line of its own.
func (l *layout) brackets(p *piece, indent int) {
	inner := indent + indentWidth
	l.write(p.text)
	for _, note := range p.head {
		l.note(note.text)
	}
	for i, part := range p.parts {
		var note string
		if n := len(part) - 1; n >= 0 && part[n].kind == endNote {
			part, note = part[:n], part[n].text
		}
		comma := ""
		if p.comma || i < len(p.parts)-1 {
			comma = ","
		}
		l.newline(inner)
		l.element(part, inner, len(comma))
		l.write(comma)
		if note != "" {
			l.note(note)
		}
	}
	for _, note := range p.tail {
		l.newline(inner)
		l.write(note.text)
	}
	l.newline(indent)
	l.write(p.end)
}
