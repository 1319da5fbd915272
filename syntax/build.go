package syntax

import (
	"strings"
	"unicode/utf8"
)

// builder makes pieces of expressions and places the comments between them.
type builder struct {
	src   *Source
	notes []Comment // not yet placed
	made  pieces    // of the current part
	depth int       // brackets around it
}

func (b *builder) text(text string) {
	b.made = append(b.made, piece{text: text, width: utf8.RuneCountInString(text)})
}

// word makes a piece of what stands at an offset, behind the comments before it.
func (b *builder) word(at Pos, text string) {
	b.place(at)
	b.text(text)
}

// place makes pieces of the comments that stand before an offset. Outside brackets there
// are none inside a statement.
func (b *builder) place(before Pos) {
	if b.depth == 0 {
		return
	}
	b.placeEnd(before)
	for len(b.notes) > 0 && b.notes[0].From < before {
		b.note(ownNote)
	}
}

// placeEnd does it for a comment that ends the line of what was made last.
func (b *builder) placeEnd(before Pos) {
	if b.depth > 0 && len(b.made) > 0 && len(b.notes) > 0 && b.notes[0].From < before && !b.src.alone(b.notes[0]) {
		b.note(endNote)
	}
}

func (b *builder) note(kind pieceKind) {
	b.made = append(b.made, piece{kind: kind, text: noteText(b.notes[0]), broken: true})
	b.notes = b.notes[1:]
}

// noteText returns a comment as it is printed.
func noteText(c Comment) string { return strings.TrimRight(c.Text, " \t") }

// alone reports whether a comment stands on a line of its own.
func (s *Source) alone(c Comment) bool {
	return isBlankText(s.Text[lineBegin(s.Text, int(c.From)):c.From])
}

// brackets makes a piece of brackets with n elements; the closing one stands before end.
func (b *builder) brackets(p piece, end Pos, n int, from func(i int) Pos, element func(i int)) {
	outer := b.made
	p.kind, p.sep = bracketPiece, ", "
	b.depth++
	b.made = pieces{{}} // stands for the opening bracket
	for i := range n {
		b.placeEnd(from(i))
		b.endPart(&p, i)
		b.place(from(i))
		element(i)
	}
	b.placeEnd(end)
	b.endPart(&p, n)
	b.place(end)
	p.tail = b.made
	b.depth--
	p.measure()
	b.made = append(outer, p)
}

// endPart ends the part before the one of an index; before the first is the opening bracket.
func (b *builder) endPart(p *piece, i int) {
	if i == 0 {
		p.head = b.made[1:]
	} else {
		p.parts = append(p.parts, b.made)
	}
	b.made = nil
}

// chain makes a piece of n operands that may stand on lines of their own.
func (b *builder) chain(sep string, hang bool, n int, from func(i int) Pos, operand func(i int)) {
	outer := b.made
	b.made = nil
	p := piece{kind: chainPiece, sep: sep, hang: hang}
	for i := range n {
		if i > 0 {
			b.placeEnd(from(i))
			p.parts = append(p.parts, b.made)
			b.made = nil
		}
		operand(i)
	}
	p.parts = append(p.parts, b.made)
	p.measure()
	b.made = append(outer, p)
}
