package syntax

import (
	"math"
	"unicode/utf8"
)

// Bounds of the parser, so that no text can exhaust its stack, that of a walker, or the
// reader of its errors.
const (
	MaxDepth    = 256    // brackets, blocks, prefix operators and conditionals inside one another
	MaxChain    = 10_000 // operators, calls, indexes and attributes in one simple statement
	MaxErrors   = 100    // mistakes reported in one text
	maxTextSize = math.MaxInt32
)

// Parse parses a whole program or module. The name is for messages and may be empty.
//
// An error is Errors, in the order of the text. Each is a mistake of its own: a statement
// has one at most (and one for each unknown escape in its strings), and what follows from it
// is not reported. After MaxErrors mistakes, and after the first that exceeds a bound
// (LimitError), the rest of the text is not read. With an error comes the tree of what
// could be read, for tools that work while a program is being typed; a *Bad stands for the
// rest.
func Parse(name, text string) (*File, error) {
	p := &parser{src: NewSource(name, text)}
	f := &File{Span: Span{0, Pos(len(text))}, Source: p.src}
	p.run(func() { p.statements(&f.Stmts) })
	f.Comments = p.comments
	return f, p.err()
}

// ParseExpr parses a text that is one expression, or several with commas between them.
// Line ends may follow it, and nothing else. An error is Errors, and no tree comes with it.
func ParseExpr(name, text string) (Expr, error) {
	p := &parser{src: NewSource(name, text)}
	var x Expr
	p.run(func() {
		x = p.exprList()
		for p.tok.Kind == NEWLINE {
			p.next()
		}
		if p.tok.Kind != EOF {
			p.unexpected("the end of the expression")
		}
	})
	if err := p.err(); err != nil {
		return nil, err
	}
	return x, nil
}

// parser is a recursive-descent parser with one token of lookahead. Methods are named
// after the productions of language.md 1.9, and leave the parser on the token that
// follows what they have read.
type parser struct {
	src      *Source
	scan     *Scanner
	tok      Token   // next token to read
	last     Token   // the one before it
	escape   *Error  // the unknown escape in the next token, a string
	open     []Token // brackets that are open
	comments []Comment
	errs     Errors
	pairs    map[Pos]Pos // see closedAt
	depth    int         // see MaxDepth
	chain    int         // see MaxChain
}

// run reads the text by a production. A mistake that no statement is left out for ends it.
func (p *parser) run(production func()) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			p.errs = append(p.errs, e)
		}
	}()
	p.begin()
	production()
}

func (p *parser) err() error {
	if len(p.errs) == 0 {
		return nil
	}
	return p.errs
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

// next moves to the next token that the grammar sees. A string with an unknown escape is one
// as any other, and reported where it is read; other illegal text is a token that nothing
// expects.
func (p *parser) next() {
	p.skip()
	if p.tok.Kind == ILLEGAL && p.scan.bad.at != p.tok.Span {
		p.tok.Kind, p.escape = STRING, p.scan.Err()
	}
}

// skip moves to the next token that the grammar sees, or to illegal text.
func (p *parser) skip() {
	p.last, p.escape = p.tok, nil
	for {
		p.tok = p.scan.Next()
		if p.tok.Kind != COMMENT {
			return
		}
		p.comments = append(p.comments, Comment{p.tok.Span, p.tok.Value})
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

// fail ends the statement with a mistake.
func (p *parser) fail(at Span, kind ErrorKind, format string, args ...any) {
	panic(p.errorf(at, kind, format, args...))
}

// unexpected ends the statement at the next token.
func (p *parser) unexpected(expected string) {
	panic(p.surprise(expected))
}

// surprise is the error that the next token is.
func (p *parser) surprise(expected string) *Error {
	if p.tok.Kind == ILLEGAL {
		return p.scan.Err()
	}
	what := describe(p.tok)
	if p.escape != nil {
		what = STRING.String() // its value is not known
	}
	err := p.errorf(p.tok.Span, SyntaxError, "unexpected %s, expected %s", what, expected)
	err.Hint = p.habit(expected)
	return err
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
