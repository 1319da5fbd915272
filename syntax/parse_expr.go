package syntax

// Precedences of the operators between two operands, lowest first (language.md 1.10).
// The levels below are read by expr, those above by factor and primary.
const (
	precOr = iota + 1
	precAnd
	precNot
	precCompare
	precBitOr
	precBitXor
	precBitAnd
	precShift
	precSum
	precTerm
)

var precedence = [kindsCount]uint8{
	OR: precOr, AND: precAnd,
	LT: precCompare, GT: precCompare, LE: precCompare, GE: precCompare,
	EQ: precCompare, NE: precCompare, IS: precCompare,
	PIPE: precBitOr, CARET: precBitXor, AMPERSAND: precBitAnd,
	LSHIFT: precShift, RSHIFT: precShift,
	PLUS: precSum, MINUS: precSum,
	STAR: precTerm, SLASH: precTerm,
}

// startsExpr reports whether an expression can begin with the next token.
func (p *parser) startsExpr() bool {
	switch p.tok.Kind {
	case ID, INT, FLOAT, STRING, NONE, TRUE, FALSE, LPAREN, LBRACKET, LBRACE,
		NOT, PLUS, MINUS, TILDE, LAMBDA:
		return true
	}
	return false
}

// exprList reads one expression, or a tuple without parentheses.
func (p *parser) exprList() Expr {
	x := p.expr()
	if p.tok.Kind != COMMA {
		return x
	}
	t := &Tuple{Elems: []Expr{x}}
	for p.take(COMMA) && p.startsExpr() {
		t.Elems = append(t.Elems, p.expr())
	}
	t.Span = p.since(x.Range().From)
	return t
}

func (p *parser) expr() Expr {
	p.enter()
	x := p.conditional()
	p.leave()
	return x
}

func (p *parser) conditional() Expr {
	if p.tok.Kind == LAMBDA {
		return p.lambda(p.expr)
	}
	x := p.binary(precOr)
	if !p.take(IF) {
		return x
	}
	c := &Conditional{Then: x, Cond: p.binary(precOr)}
	if p.tok.Kind != ELSE {
		p.unexpected("an operator or 'else'")
	}
	p.next()
	c.Else = p.expr()
	c.Span = p.since(x.Range().From)
	return c
}

// noCond reads an expression that is no conditional, as the "in" part and the "if" part
// of a comprehension are.
func (p *parser) noCond() Expr {
	p.enter()
	defer p.leave()
	if p.tok.Kind == LAMBDA {
		return p.lambda(p.noCond)
	}
	return p.binary(precOr)
}

func (p *parser) lambda(body func() Expr) Expr {
	from := p.tok.From
	p.next()
	l := &Lambda{Param: p.ident("the name of the parameter")}
	if p.tok.Kind == COMMA || p.tok.Kind == ASSIGN {
		panic(p.surprise("':'").WithHint("a lambda has exactly one parameter, without a default"))
	}
	p.expect(COLON)
	l.Body = body()
	l.Span = p.since(from)
	return l
}

// binary reads operators of at least the given precedence, and their operands.
func (p *parser) binary(least uint8) Expr {
	var x Expr
	if p.tok.Kind == NOT && least <= precNot {
		x = p.not()
	} else {
		x = p.factor()
	}
	for {
		prec := precedence[p.tok.Kind]
		switch {
		case prec == 0 || prec < least:
			return x
		case prec == precCompare:
			x = p.comparison(x)
			continue
		}
		op := p.tok
		p.next()
		p.link()
		b := &Binary{X: x, Op: op.Kind, OpAt: op.Span, Y: p.binary(prec + 1)}
		b.Span = p.since(x.Range().From)
		x = b
	}
}

func (p *parser) not() Expr {
	p.enter()
	defer p.leave()
	from := p.tok.From
	p.next()
	u := &Unary{Op: NOT, X: p.binary(precNot)}
	u.Span = p.since(from)
	return u
}

// comparison reads a chain of comparisons whose first operand is read.
func (p *parser) comparison(x Expr) Expr {
	c := &Compare{X: x}
	for precedence[p.tok.Kind] == precCompare {
		op := Comparison{Op: p.tok.Kind, OpAt: p.tok.Span}
		p.next()
		p.link()
		if op.Op == IS && p.take(NOT) {
			op.Op, op.OpAt.To = ISNOT, p.last.To
		}
		op.Y = p.binary(precCompare + 1)
		c.Rest = append(c.Rest, op)
	}
	c.Span = p.since(x.Range().From)
	return c
}

func (p *parser) factor() Expr {
	switch p.tok.Kind {
	case PLUS, MINUS, TILDE:
		p.enter()
		defer p.leave()
		u := &Unary{Op: p.tok.Kind}
		from := p.tok.From
		p.next()
		u.X = p.factor()
		u.Span = p.since(from)
		return u
	}
	x := p.primary()
	if p.tok.Kind != POWER {
		return x
	}
	p.enter()
	defer p.leave()
	op := p.tok
	p.next()
	p.link()
	b := &Binary{X: x, Op: POWER, OpAt: op.Span, Y: p.factor()}
	b.Span = p.since(x.Range().From)
	return b
}

func (p *parser) primary() Expr {
	x := p.atom()
	from := x.Range().From
	for {
		switch p.tok.Kind {
		case LPAREN:
			p.opening()
			p.link()
			c := &Call{Func: x, Args: p.args()}
			c.End = p.closing(RPAREN, "',' or ')'")
			c.Span = p.since(from)
			x = c
		case LBRACKET:
			p.link()
			x = p.subscript(x)
		case DOT:
			p.next()
			p.link()
			a := &Attribute{X: x, Name: p.attributeName()}
			a.Span = p.since(from)
			x = a
		default:
			return x
		}
	}
}

// attributeName reads the name after a dot; after "1." the dot was meant for a number.
func (p *parser) attributeName() *Ident {
	if p.tok.Kind != ID {
		err := p.surprise("a name after '.'")
		if dot := int(p.last.From); err.Hint == "" && dot > 0 && isDigit(p.src.Text[dot-1]) {
			err.Hint = "a number does not end in a point"
		}
		panic(err)
	}
	return p.ident("a name")
}

func (p *parser) subscript(x Expr) Expr {
	from := x.Range().From
	p.opening()
	var lo Expr
	if p.tok.Kind != COLON {
		lo = p.expr()
		if p.tok.Kind != COLON {
			p.closing(RBRACKET, "':' or ']'")
			return &Index{p.since(from), x, lo}
		}
	}
	p.expect(COLON)
	s := &Slice{X: x, Lo: lo}
	if p.tok.Kind != RBRACKET && p.startsExpr() {
		s.Hi = p.expr()
	}
	p.closing(RBRACKET, "an expression or ']'")
	s.Span = p.since(from)
	return s
}

// args reads the arguments of a call up to its closing parenthesis: after *x only plain
// ones and then **x may follow, and no trailing comma.
func (p *parser) args() []*Arg {
	var list []*Arg
	star := false
	for p.tok.Kind != RPAREN || star {
		arg := p.arg(star)
		list = append(list, arg)
		star = star || arg.Stars == 1
		if arg.Stars == 2 && p.tok.Kind != RPAREN {
			p.unexpected("')'")
		}
		if !p.take(COMMA) {
			return list
		}
	}
	return list
}

// arg reads one argument; star tells that one with * has been read.
func (p *parser) arg(star bool) *Arg {
	a := &Arg{}
	from := p.tok.From
	switch {
	case p.tok.Kind == POWER:
		a.Stars = 2
		p.next()
	case p.tok.Kind == STAR && !star:
		a.Stars = 1
		p.next()
	case star && !p.startsExpr():
		p.unexpected("an argument")
	case !p.startsExpr():
		p.unexpected("an argument or ')'")
	}
	a.Value = p.expr()
	name, isName := a.Value.(*Ident)
	switch {
	case a.Stars > 0:
	case p.tok.Kind == ASSIGN && isName:
		p.next()
		a.Name, a.Value = name, p.expr()
	case p.tok.Kind == FOR:
		a.Value = p.comprehension(a.Value, from, true)
	}
	a.Span = p.since(from)
	return a
}

func (p *parser) atom() Expr {
	t := p.tok
	switch t.Kind {
	case ID:
		p.next()
		return &Ident{t.Span, t.Value}
	case INT, FLOAT:
		p.next()
		return &Number{t.Span, t.Value, t.Kind == FLOAT}
	case STRING:
		return p.text()
	case NONE, TRUE, FALSE:
		p.next()
		return &Constant{t.Span, t.Kind}
	case LPAREN:
		return p.tuple()
	case LBRACKET:
		return p.list()
	case LBRACE:
		return p.dict()
	}
	p.unexpected("an expression")
	return nil
}

// text reads strings that stand side by side as one.
func (p *parser) text() Expr {
	from, value := p.tok.From, p.tok.Value
	p.string()
	if p.tok.Kind != STRING {
		return &Text{p.last.Span, value, nil}
	}
	joined, parts := []byte(value), []Span{p.last.Span}
	for p.tok.Kind == STRING {
		joined, parts = append(joined, p.tok.Value...), append(parts, p.tok.Span)
		p.string()
	}
	return &Text{p.since(from), string(joined), parts}
}

// string reads one string, and reports an unknown escape in it.
func (p *parser) string() {
	if p.escape != nil {
		p.report(p.escape)
	}
	p.next()
}
