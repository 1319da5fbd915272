package syntax

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Bounds of the tree, so that no text can exhaust the stack of the parser or of a walker.
const (
	MaxDepth    = 256    // brackets, blocks, prefix operators and conditionals inside one another
	MaxChain    = 10_000 // operators, calls, indexes and attributes in one simple statement
	maxTextSize = math.MaxInt32
)

// Parse parses a whole program or module. The name is for messages and may be empty.
//
// An error is Errors, in the order of the text; no tree is returned with it.
func Parse(name, text string) (*File, error) {
	p := &parser{src: NewSource(name, text)}
	file, err := run(p, p.file)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// ParseExpr parses a text that is one expression, or several with commas between them.
// Line ends may follow it, and nothing else.
func ParseExpr(name, text string) (Expr, error) {
	p := &parser{src: NewSource(name, text)}
	return run(p, func() Expr {
		x := p.exprList()
		for p.tok.Kind == NEWLINE {
			p.next()
		}
		if p.tok.Kind != EOF {
			p.unexpected("the end of the expression")
		}
		return x
	})
}

// run calls a production, and turns the panic of parser.fail into an error.
func run[T any](p *parser, production func() T) (tree T, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = Errors{e}
		}
	}()
	p.begin()
	return production(), nil
}

// parser is a recursive-descent parser with one token of lookahead. Methods are named
// after the productions of language.md 1.9, and leave the parser on the token that
// follows what they have read.
type parser struct {
	src      *Source
	scan     *Scanner
	tok      Token   // next token to read
	last     Token   // the one before it
	open     []Token // brackets that are open
	comments []Comment
	depth    int // see MaxDepth
	chain    int // see MaxChain
}

func (p *parser) begin() {
	if len(p.src.Text) > maxTextSize {
		p.fail(Span{}, LimitError, "the text is longer than %d bytes", maxTextSize)
	}
	if i := invalidUTF8(p.src.Text); i >= 0 {
		p.fail(Span{Pos(i), Pos(i + 1)}, SyntaxError, "the text is not valid UTF-8")
	}
	p.scan = NewScanner(p.src)
	p.next()
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// next moves to the next token that the grammar sees.
func (p *parser) next() {
	p.last = p.tok
	for {
		p.tok = p.scan.Next()
		switch p.tok.Kind {
		case COMMENT:
			p.comments = append(p.comments, Comment{p.tok.Span, p.tok.Value})
			continue
		case ILLEGAL:
			panic(p.scan.Err())
		}
		return
	}
}

// take reads a token of the kind, if it is next.
func (p *parser) take(k Kind) bool {
	if p.tok.Kind != k {
		return false
	}
	p.next()
	return true
}

// expect reads a token that must come next.
func (p *parser) expect(k Kind) Token {
	if p.tok.Kind != k {
		p.unexpected("'" + k.String() + "'")
	}
	p.next()
	return p.last
}

// opening reads a bracket that closing must end.
func (p *parser) opening() Pos {
	p.open = append(p.open, p.tok)
	p.next()
	return p.last.From
}

// closing reads the bracket that ends what opening began.
func (p *parser) closing(k Kind, expected string) Span {
	if p.tok.Kind != k {
		p.unexpected(expected)
	}
	p.open = p.open[:len(p.open)-1]
	p.next()
	return p.last.Span
}

// since returns the span from an offset to the end of the last token read.
func (p *parser) since(from Pos) Span { return Span{from, p.last.To} }

func (p *parser) ident(what string) *Ident {
	if p.tok.Kind != ID {
		p.unexpected(what)
	}
	p.next()
	return &Ident{p.last.Span, p.last.Value}
}

// enter counts a level of nesting; leave must follow.
func (p *parser) enter() {
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.tok.Span, LimitError, "the program is nested deeper than %d levels", MaxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

// link counts one operator, call, index or attribute of a statement.
func (p *parser) link() {
	if p.chain++; p.chain > MaxChain {
		p.fail(p.last.Span, LimitError, "a statement has more than %d operators and calls", MaxChain)
	}
}

func (p *parser) errorf(at Span, kind ErrorKind, format string, args ...any) *Error {
	return p.src.Errorf(kind, at, format, args...)
}

// fail ends the parse.
func (p *parser) fail(at Span, kind ErrorKind, format string, args ...any) {
	panic(p.errorf(at, kind, format, args...))
}

// unexpected ends the parse at the next token.
func (p *parser) unexpected(expected string) {
	err := p.errorf(p.tok.Span, SyntaxError, "unexpected %s, expected %s", describe(p.tok), expected)
	err.Hint = p.habit(expected)
	panic(err)
}

// describe names a token in a message.
func describe(t Token) string {
	switch t.Kind {
	case EOF, NEWLINE, INDENT, DEDENT:
		return t.Kind.String()
	case STRING:
		if utf8.RuneCountInString(t.Value) > 20 {
			return "string"
		}
		return "string '" + t.Value + "'"
	}
	return "'" + t.Value + "'"
}

// habit returns a hint for what users of other languages type at this place, or nothing.
func (p *parser) habit(expected string) string {
	adjacent := p.last.To == p.tok.From
	operator := strings.HasPrefix(expected, "an operator")
	switch p.tok.Kind {
	case EOF, RPAREN, RBRACKET, RBRACE:
		if n := len(p.open); n > 0 && p.open[n-1].Kind != p.tok.Kind-1 {
			at := p.src.Position(p.open[n-1].From)
			return fmt.Sprintf("the '%s' at %d:%d is not closed", p.open[n-1].Kind, at.Line, at.Column)
		}
	case NEWLINE, INDENT:
		switch {
		case int(p.tok.To) == len(p.src.Text) && p.last.Kind == NEWLINE:
			return "remove the blanks at the end of the program"
		case p.tok.Kind == INDENT && strings.Contains(p.src.Slice(p.tok.Span), "\t"):
			return "this line begins further right than its block; a tab counts up to the next multiple of 8"
		case p.tok.Kind == INDENT:
			return "this line begins further right than its block"
		}
	case ASSIGN:
		switch p.last.Kind {
		case PLUS, MINUS, STAR, SLASH, POWER, PIPE, AMPERSAND, CARET:
			if adjacent {
				return "a name is bound once; there is no '" + p.last.Value + "='"
			}
		}
		return "'==' compares"
	case COLON:
		if operator && strings.HasPrefix(p.src.Text[p.tok.To:], "=") {
			return "write '='; there is no ':='"
		}
	case STRING:
		if p.last.Kind == ID && adjacent {
			return "there are no string prefixes; join texts with + and str()"
		}
	case ID:
		switch {
		case adjacent && (p.last.Kind == INT || p.last.Kind == FLOAT):
			return "a duration is a text: '" + p.last.Value + p.tok.Value + "'"
		case p.tok.Value == "AND", p.tok.Value == "OR", p.tok.Value == "NOT":
			return "write '" + strings.ToLower(p.tok.Value) + "'"
		}
	case AMPERSAND, PIPE:
		if p.last.Kind == p.tok.Kind && adjacent {
			return "write '" + map[Kind]string{AMPERSAND: "and", PIPE: "or"}[p.tok.Kind] + "'"
		}
	case SLASH:
		if p.last.Kind == SLASH && adjacent {
			return "there is no '//'; '/' divides, and a comment begins with #"
		}
	case IN, NOT:
		if operator {
			return "'in' is no comparison; it belongs to a comprehension"
		}
	case FOR:
		if expected != "a statement" {
			return ""
		}
		return "there are no loop statements; write a comprehension, or a function that calls itself"
	case IF:
		if p.last.Kind == ELSE {
			return "write 'elif'"
		}
	case RESERVED:
		return "'" + p.tok.Value + "' is reserved and has no meaning in SignalFlow"
	}
	return ""
}

// ---- statements ----

func (p *parser) file() *File {
	f := &File{Span: Span{0, Pos(len(p.src.Text))}, Source: p.src}
	for p.tok.Kind != EOF {
		if !p.take(NEWLINE) {
			f.Stmts = p.statement(f.Stmts)
		}
	}
	f.Comments = p.comments
	return f
}

// statement appends a compound statement, or the simple ones of a line.
func (p *parser) statement(list []Stmt) []Stmt {
	switch p.tok.Kind {
	case IF:
		return append(list, p.ifStatement())
	case DEF:
		return append(list, p.def(nil, p.tok.From))
	case AT:
		return append(list, p.decorated())
	}
	return p.simpleLine(list)
}

func (p *parser) simpleLine(list []Stmt) []Stmt {
	for {
		p.chain = 0
		list = append(list, p.small())
		if p.tok.Kind == NEWLINE || p.tok.Kind == EOF {
			break
		}
		if !p.take(SEMICOLON) {
			p.unexpected("an operator or the end of the line")
		}
		if p.tok.Kind == NEWLINE || p.tok.Kind == EOF {
			break
		}
	}
	p.take(NEWLINE)
	return list
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
		err := p.errorf(p.tok.Span, SyntaxError, "unexpected '=', expected an operator or the end of the line")
		panic(err.WithHint("bind each name in a statement of its own"))
	}
	a.Span = p.since(from)
	return a
}

// badTarget ends the parse at the "=" after what cannot be bound.
func (p *parser) badTarget(x Expr) {
	err := p.errorf(p.tok.Span, SyntaxError, "unexpected '=', expected an operator or the end of the line")
	switch Unparen(x).(type) {
	case *Compare:
	default:
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
	defer p.leave()
	p.expect(COLON)
	if !p.take(NEWLINE) {
		return p.simpleLine(nil)
	}
	if p.tok.Kind != INDENT {
		p.unexpected("an indented block")
	}
	p.next()
	var body []Stmt
	for {
		body = p.statement(body)
		if p.take(DEDENT) {
			return body
		}
	}
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
	p.closing(RPAREN, "',' or ')'")
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
			p.typed(param)
		case p.tok.Kind == STAR && !star:
			p.next()
			star, param.Stars = true, 1
			if p.tok.Kind == ID {
				p.typed(param)
			}
		default:
			p.typed(param)
			if p.take(ASSIGN) {
				param.Default = p.expr()
			}
		}
		param.Span = p.since(from)
		list = append(list, param)
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
func (p *parser) typed(param *Param) {
	param.Name = p.ident("a parameter or ')'")
	if p.take(COLON) {
		param.Annotation = p.ident("the name of a type")
	}
}
