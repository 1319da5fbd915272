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
