package syntax

// endOfLine is what is expected after a statement.
const endOfLine = "an operator or the end of the line"

// statements reads statements up to the end of the block, or of the program.
func (p *parser) statements(list *[]Stmt) {
	for {
		switch p.tok.Kind {
		case EOF, DEDENT:
			return
		case NEWLINE:
			// In a block, only blanks that end the program give one of its own.
			if p.depth > 0 && p.last.Kind != INDENT {
				p.report(p.surprise("a statement"))
			}
			p.next()
		case INDENT:
			p.report(p.surprise("a statement"))
			p.indented(list, true)
		default:
			*list = p.statement(*list)
		}
	}
}

// indented reads the statements between INDENT, which is next, and DEDENT. Where the
// indentation is a mistake, a clause in it is no other.
func (p *parser) indented(list *[]Stmt, mistake bool) {
	p.enter()
	p.next()
	if mistake && p.clause() {
		*list = append(*list, p.bad(p.tok))
	}
	p.statements(list)
	p.take(DEDENT)
	p.leave()
}

// statement appends a compound statement, or the simple ones of a line. What has a mistake
// is reported and left out.
func (p *parser) statement(list []Stmt) []Stmt {
	start, depth := p.tok, p.depth
	read, ok := p.attempt(list)
	if ok {
		return read
	}
	p.depth = depth
	return append(list, p.bad(start))
}

func (p *parser) attempt(list []Stmt) (read []Stmt, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			p.report(r)
		}
	}()
	switch p.tok.Kind {
	case IF:
		read = append(list, p.ifStatement())
	case DEF:
		read = append(list, p.def(nil, p.tok.From))
	case AT:
		read = append(list, p.decorated())
	default:
		read = p.simpleLine(list)
	}
	return read, true
}

func (p *parser) simpleLine(list []Stmt) []Stmt {
	for {
		p.chain = 0
		s := p.small()
		list = append(list, s)
		if p.tok.Kind == NEWLINE || p.tok.Kind == EOF {
			break
		}
		if !p.take(SEMICOLON) {
			p.unexpected(after(s))
		}
		if p.tok.Kind == NEWLINE || p.tok.Kind == EOF {
			break
		}
	}
	p.take(NEWLINE)
	return list
}

// after returns what is expected after a statement that is complete.
func after(s Stmt) string {
	switch s.(type) {
	case *Import, *FromImport:
		return "the end of the line"
	}
	return endOfLine
}

func (p *parser) small() Stmt {
	switch p.tok.Kind {
	case RETURN:
		return p.returnStatement()
	case ASSERT:
		return p.assertStatement()
	case IMPORT:
		return p.importStatement()
	case FROM:
		return p.fromStatement()
	}
	return p.assignment()
}

// assignment reads an expression list and then, at "=", takes it as the names to bind.
func (p *parser) assignment() Stmt {
	from := p.tok.From
	if !p.startsExpr() {
		p.unexpected("a statement")
	}
	x := p.exprList()
	if p.tok.Kind != ASSIGN {
		return &ExprStmt{x.Range(), x}
	}
	a := &Assign{}
	switch target := x.(type) {
	case *Ident:
		a.Names = []*Ident{target}
	case *Tuple:
		if target.Parens {
			p.badTarget(target)
		}
		a.Unpack = true
		for _, e := range target.Elems {
			name, ok := e.(*Ident)
			if !ok {
				p.badTarget(e)
			}
			a.Names = append(a.Names, name)
		}
	default:
		p.badTarget(x)
	}
	p.next()
	a.Value = p.exprList()
	if p.tok.Kind == ASSIGN {
		err := p.surprise(endOfLine)
		if err.Hint == compares {
			err.Hint = "bind each name in a statement of its own"
		}
		panic(err)
	}
	a.Span = p.since(from)
	return a
}

// badTarget ends the parse at the "=" after what cannot be bound.
func (p *parser) badTarget(x Expr) {
	err := p.surprise(endOfLine)
	if _, ok := Unparen(x).(*Compare); !ok && err.Hint == compares {
		err.Hint = "only names can be bound, as in a = x or a, b = x"
	}
	panic(err)
}

func (p *parser) returnStatement() Stmt {
	from := p.tok.From
	p.next()
	r := &Return{}
	if p.startsExpr() {
		r.Value = p.exprList()
	}
	r.Span = p.since(from)
	return r
}

func (p *parser) assertStatement() Stmt {
	from := p.tok.From
	p.next()
	a := &Assert{Cond: p.expr()}
	if p.take(COMMA) {
		a.Message = p.expr()
	}
	a.Span = p.since(from)
	return a
}

func (p *parser) importStatement() Stmt {
	from := p.tok.From
	p.next()
	s := &Import{}
	for {
		name := &ImportName{Path: p.dotted()}
		name.Span = name.Path.Span
		p.alias(name)
		s.Modules = append(s.Modules, name)
		if !p.take(COMMA) {
			break
		}
	}
	s.Span = p.since(from)
	return s
}

func (p *parser) fromStatement() Stmt {
	from := p.tok.From
	p.next()
	s := &FromImport{Module: p.dotted()}
	p.expect(IMPORT)
	switch p.tok.Kind {
	case STAR:
		p.next()
		s.Star = true
	case LPAREN:
		p.opening()
		s.Names = p.importNames()
		p.closing(RPAREN, "',' or ')'")
	default:
		s.Names = p.importNames()
	}
	s.Span = p.since(from)
	return s
}

// importNames reads the names of a from import.
func (p *parser) importNames() []*ImportName {
	var names []*ImportName
	for {
		id := p.ident("a name to import")
		name := &ImportName{Span: id.Span, Path: &Dotted{id.Span, []*Ident{id}}}
		p.alias(name)
		names = append(names, name)
		if !p.take(COMMA) || p.tok.Kind != ID {
			return names
		}
	}
}

// alias reads "as name", if it is next.
func (p *parser) alias(n *ImportName) {
	if p.take(AS) {
		n.As = p.ident("a name")
		n.To = p.last.To
	}
}

func (p *parser) dotted() *Dotted {
	d := &Dotted{Parts: []*Ident{p.ident("a name")}}
	for p.take(DOT) {
		d.Parts = append(d.Parts, p.ident("a name"))
	}
	d.Span = p.since(d.Parts[0].From)
	return d
}

func (p *parser) ifStatement() Stmt {
	s := &If{}
	from := p.tok.From
	for p.tok.Kind == IF || p.tok.Kind == ELIF {
		b := &Branch{}
		start := p.tok.From
		p.next()
		p.chain = 0
		b.Cond = p.expr()
		b.Body = p.suite()
		b.Span = Span{start, endOf(b.Body)}
		s.Branches = append(s.Branches, b)
		if p.tok.Kind != ELIF {
			break
		}
	}
	s.Span = Span{from, s.Branches[len(s.Branches)-1].To}
	if p.take(ELSE) {
		s.ElseAt = p.last.Span
		s.Else = p.suite()
		s.To = endOf(s.Else)
	}
	return s
}

// endOf returns where a block ends: with its last statement, before the end of the line.
func endOf(body []Stmt) Pos { return body[len(body)-1].Range().To }

// suite reads the colon and the block of a compound statement.
func (p *parser) suite() []Stmt {
	p.enter()
	p.expect(COLON)
	var body []Stmt
	switch {
	case !p.take(NEWLINE):
		body = p.simpleLine(nil)
	case p.tok.Kind == INDENT:
		p.depth-- // indented counts the level
		p.indented(&body, false)
		p.depth++
	}
	if len(body) == 0 {
		p.report(p.surprise("an indented block"))
		body = []Stmt{&Bad{Span: Span{p.last.From, p.last.From}}}
	}
	p.leave()
	return body
}

func (p *parser) decorated() Stmt {
	from := p.tok.From
	var list []*Decorator
	for p.tok.Kind == AT {
		start := p.tok.From
		p.next()
		p.chain = 0
		d := &Decorator{Name: p.dotted()}
		if p.tok.Kind == LPAREN {
			p.opening()
			d.Call, d.Args = true, p.args()
			p.closing(RPAREN, "',' or ')'")
		}
		d.Span = p.since(start)
		p.expectLineEnd()
		list = append(list, d)
	}
	if p.tok.Kind != DEF {
		p.unexpected("'@' or 'def'")
	}
	return p.def(list, from)
}

func (p *parser) expectLineEnd() {
	if p.tok.Kind != NEWLINE {
		p.unexpected("the end of the line")
	}
	p.next()
}

func (p *parser) def(decorators []*Decorator, from Pos) Stmt {
	p.expect(DEF)
	p.chain = 0
	d := &Def{Decorators: decorators, Name: p.ident("the name of the function")}
	if p.tok.Kind != LPAREN {
		p.unexpected("'('")
	}
	p.opening()
	d.Params = p.params()
	d.ParamsEnd = p.closing(RPAREN, "',' or ')'")
	d.Body = p.suite()
	d.Span = Span{from, endOf(d.Body)}
	return d
}

// params reads the parameters of a definition: plain ones, then those after one star,
// then one with two stars, which ends the list. A trailing comma may follow plain
// parameters only.
func (p *parser) params() []*Param {
	var list []*Param
	star := false
	for p.tok.Kind != RPAREN {
		param := &Param{}
		from := p.tok.From
		switch {
		case p.tok.Kind == POWER:
			p.next()
			param.Stars = 2
			p.typed(param, "the name of the parameter")
		case p.tok.Kind == STAR && !star:
			p.next()
			star, param.Stars = true, 1
			if p.tok.Kind == ID {
				p.typed(param, "")
			}
		default:
			p.typed(param, "a parameter or ')'")
			if p.take(ASSIGN) {
				param.Default = p.expr()
			}
		}
		param.Span = p.since(from)
		list = append(list, param)
		if param.Stars > 0 && p.tok.Kind == ASSIGN {
			panic(p.surprise("',' or ')'").WithHint("a parameter with a star has no default"))
		}
		if param.Stars == 2 && p.tok.Kind != RPAREN {
			p.unexpected("')'")
		}
		if !p.take(COMMA) {
			break
		}
		if star && p.tok.Kind == RPAREN {
			p.unexpected("a parameter")
		}
	}
	return list
}

// typed reads a parameter's name with its annotation.
func (p *parser) typed(param *Param, expected string) {
	param.Name = p.ident(expected)
	if p.take(COLON) {
		param.Annotation = p.ident("the name of a type")
	}
}
