package syntax

func (p *parser) list() Expr {
	from := p.opening()
	l := &List{}
	if p.tok.Kind != RBRACKET {
		x := p.expr()
		if p.tok.Kind == FOR {
			c := p.comprehension(x, from, false)
			p.closing(RBRACKET, "'for', 'if' or ']'")
			c.Span = p.since(from)
			return c
		}
		l.Elems = p.elements(x, RBRACKET)
	}
	p.closing(RBRACKET, "',' or ']'")
	l.Span = p.since(from)
	return l
}

// tuple reads what is in parentheses: an expression, a tuple or a generator.
func (p *parser) tuple() Expr {
	from := p.opening()
	if p.take(RPAREN) {
		return &Tuple{Span: p.since(from), Parens: true}
	}
	x := p.expr()
	switch p.tok.Kind {
	case FOR:
		c := p.comprehension(x, from, true)
		p.closing(RPAREN, "'for', 'if' or ')'")
		c.Span = p.since(from)
		return c
	case COMMA:
		t := &Tuple{Elems: p.elements(x, RPAREN), Parens: true}
		p.closing(RPAREN, "',' or ')'")
		t.Span = p.since(from)
		return t
	}
	p.closing(RPAREN, "',' or ')'")
	return &Paren{p.since(from), x}
}

// elements reads what follows the first element of a display, up to its closing bracket.
func (p *parser) elements(first Expr, end Kind) []Expr {
	elems := []Expr{first}
	for p.take(COMMA) && p.tok.Kind != end {
		elems = append(elems, p.expr())
	}
	return elems
}

func (p *parser) dict() Expr {
	from := p.opening()
	d := &Dict{}
	for p.tok.Kind != RBRACE {
		e := &DictEntry{Key: p.expr()}
		p.expect(COLON)
		e.Value = p.expr()
		e.Span = Span{e.Key.Range().From, e.Value.Range().To}
		d.Entries = append(d.Entries, e)
		if !p.take(COMMA) {
			break
		}
	}
	p.closing(RBRACE, "',' or '}'")
	d.Span = p.since(from)
	return d
}

// comprehension reads the clauses after the element of a comprehension.
func (p *parser) comprehension(elem Expr, from Pos, generator bool) *Comprehension {
	c := &Comprehension{Generator: generator, Elem: elem}
	for p.tok.Kind == FOR || p.tok.Kind == IF {
		clause := &Clause{}
		start := p.tok.From
		isFor := p.tok.Kind == FOR
		p.next()
		p.link()
		switch {
		case !isFor:
			clause.X = p.noCond()
		default:
			p.loopNames(clause)
			p.expect(IN)
			clause.X = p.iterated(generator)
		}
		clause.Span = p.since(start)
		c.Clauses = append(c.Clauses, clause)
	}
	c.Span = p.since(from)
	return c
}

func (p *parser) loopNames(c *Clause) {
	c.Names = []*Ident{p.ident("a name")}
	for p.take(COMMA) {
		c.Unpack = true
		if p.tok.Kind != ID {
			return
		}
		c.Names = append(c.Names, p.ident("a name"))
	}
}

// iterated reads the "in" part of a for clause; that of a list comprehension may be a
// tuple without parentheses of two or more.
func (p *parser) iterated(generator bool) Expr {
	if generator {
		p.enter()
		defer p.leave()
		return p.binary(precOr)
	}
	x := p.noCond()
	if p.tok.Kind != COMMA {
		return x
	}
	p.next()
	t := &Tuple{Elems: []Expr{x, p.noCond()}}
	for p.take(COMMA) && p.startsExpr() {
		t.Elems = append(t.Elems, p.noCond())
	}
	t.Span = p.since(x.Range().From)
	return t
}
