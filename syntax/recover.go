package syntax

import "strings"

// report notes a mistake and lets the parser go on: what a panic carried, or an *Error. Of
// several at one place the first counts. At a bound report ends the parse.
func (p *parser) report(r any) {
	e, ok := r.(*Error)
	if !ok {
		panic(r) // no mistake of the program
	}
	if e.Kind == LimitError || len(p.errs) == MaxErrors-1 {
		panic(e) // run notes it
	}
	if n := len(p.errs); n == 0 || p.errs[n-1].Start != e.Start {
		p.errs = append(p.errs, e)
	}
}

// bad leaves out the statement that began with a token and has a mistake: the rest of its
// line and, if that was a header, its blocks and those of the clauses that belong to it. The
// statements of the blocks are read, for they may have mistakes of their own.
func (p *parser) bad(start Token) *Bad {
	b := &Bad{Span: start.Span}
	p.leaveLine(start.From)
	b.To = max(b.To, p.last.To)
	for {
		p.take(NEWLINE)
		if p.tok.Kind == INDENT {
			p.indented(&b.Body, false)
		}
		if len(b.Body) > 0 {
			b.To = max(b.To, endOf(b.Body))
		}
		if !p.clause() {
			return b
		}
		p.leaveLine(p.tok.From)
	}
}

// clause reports whether the next token begins a clause of the statement before it.
func (p *parser) clause() bool {
	switch p.tok.Kind {
	case ELIF, ELSE:
		return true
	case RESERVED:
		return p.tok.Value == "except" || p.tok.Value == "finally"
	}
	return false
}

// leaveLine skips what is left of the line with a mistake, up to its NEWLINE. A token that
// begins a line after the given start of the statement is left for the next one.
func (p *parser) leaveLine(start Pos) {
	if p.tok.From > start {
		switch p.last.Kind {
		case NEWLINE, INDENT, DEDENT:
			return
		}
	}
	switch p.tok.Kind {
	case LPAREN, LBRACKET, LBRACE:
		p.open = append(p.open, p.tok)
	}
	if len(p.open) > 0 {
		p.leaveBrackets(start)
	}
	for p.tok.Kind != NEWLINE && p.tok.Kind != EOF {
		p.skip()
	}
}

// leaveBrackets skips to the end of the open brackets; if the outermost of them is not
// closed, to the next line that is indented as the statement is, or less.
func (p *parser) leaveBrackets(start Pos) {
	end, closed := p.closedAt(p.open[0].From)
	p.open = p.open[:0]
	if closed {
		for p.tok.From < end && p.tok.Kind != EOF {
			p.skip()
		}
		p.scan.open = 0 // brackets of the wrong kind may have been counted
		return
	}
	width := p.src.indentation(start)
	for ; p.tok.Kind != EOF; p.skip() {
		if beginsLine(p.src.Text, p.last, p.tok) && p.src.indentation(p.tok.From) <= width && !closes(p.tok.Kind) {
			p.scan.resume(p.tok.From)
			p.tok = p.last
			p.skip()
			return
		}
	}
}

// beginsLine reports whether a token is on a later line than the one before it, and nothing
// but blanks is before it there.
func beginsLine(text string, last, tok Token) bool {
	if last.Kind != INDENT && last.Kind != DEDENT && !strings.ContainsAny(text[last.From:tok.From], "\r\n") {
		return false
	}
	return isBlankText(text[lineBegin(text, int(tok.From)):tok.From])
}

// closedAt returns where the bracket that was opened at an offset is closed: the offset
// after the closing one. Of brackets of different kinds inside one another the inner one
// counts as open, and so does every bracket before a line that begins with a word that
// stands in no bracket.
func (p *parser) closedAt(open Pos) (end Pos, closed bool) {
	if p.pairs == nil {
		s := NewScanner(p.src)
		p.pairs = pairs(s)
		p.scan.tokens += s.tokens
	}
	end, closed = p.pairs[open]
	return end, closed
}

func pairs(s *Scanner) map[Pos]Pos {
	closed := map[Pos]Pos{}
	var open []Token
	var count [kindsCount]int // of each kind in open
	var last Token
	for tok := s.Next(); tok.Kind != EOF; tok = s.Next() {
		switch k := tok.Kind; k {
		case LPAREN, LBRACKET, LBRACE:
			open = append(open, tok)
			count[k]++
		case RPAREN, RBRACKET, RBRACE:
			for found := count[k-1] == 0; !found; {
				inner := open[len(open)-1]
				open = open[:len(open)-1]
				count[inner.Kind]--
				if found = inner.Kind == k-1; found {
					closed[inner.From] = tok.To
				}
			}
		case DEF, RETURN, IMPORT, FROM, ASSERT, ELIF:
			if beginsLine(s.text, last, tok) {
				open, count, s.open = open[:0], [kindsCount]int{}, 0
			}
		}
		last = tok
	}
	return closed
}

// closes reports whether a token closes a bracket; that of its kind is the kind before it.
func closes(k Kind) bool { return k == RPAREN || k == RBRACKET || k == RBRACE }

func isBlankText(text string) bool { return strings.Trim(text, " \t") == "" }
