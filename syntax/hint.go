package syntax

import (
	"fmt"
	"strings"
)

// habits are words that mean something in other languages, with what to write instead.
var habits = map[string]string{
	"true": "write 'True'", "TRUE": "write 'True'",
	"false": "write 'False'", "FALSE": "write 'False'",
	"null": "write 'None'", "NULL": "write 'None'", "Null": "write 'None'", "none": "write 'None'",
	"NONE": "write 'None'", "nil": "write 'None'", "undefined": "write 'None'",
	"AND": "write 'and'", "And": "write 'and'",
	"OR": "write 'or'", "Or": "write 'or'",
	"NOT": "write 'not'", "Not": "write 'not'",
	"IN": "'in' is no comparison; it belongs to a comprehension",
	"IF": "write 'if'", "ELSE": "write 'else'", "elsif": "write 'elif'", "elseif": "write 'elif'",
	"unless":   "write 'if not'",
	"function": "write 'def'", "func": "write 'def'", "fn": "write 'def'",
	"var": "write only the name, '=' and the value", "let": "write only the name, '=' and the value",
	"const":  "write only the name, '=' and the value",
	"async":  "there are no coroutines; everything runs at once, slot by slot",
	"await":  "there are no coroutines; everything runs at once, slot by slot",
	"print":  "there is no print; publish() sends a stream out",
	"switch": "write 'if' and 'elif'", "match": "write 'if' and 'elif'", "then": "write ':'",
}

// Habit returns what to write for a word that means something in other languages, such as
// null, or nothing. The word may be a name: a program can bind it.
func Habit(word string) string { return habits[word] }

// reserved tells what to do without the words that no production uses (language.md 1.5).
var reserved = map[string]string{
	"while":    "there are no loop statements; write a comprehension, or a function that calls itself",
	"break":    "there are no loop statements; write a comprehension, or a function that calls itself",
	"continue": "there are no loop statements; write a comprehension, or a function that calls itself",
	"class":    "there are no classes; write functions and dicts",
	"try":      "there are no exceptions; 'assert' ends a program with a message",
	"except":   "there are no exceptions; 'assert' ends a program with a message",
	"finally":  "there are no exceptions; 'assert' ends a program with a message",
	"raise":    "there are no exceptions; 'assert' ends a program with a message",
	"with":     "there is nothing to open or close; write what the block does",
	"pass":     "there is no empty statement; write 'None'",
	"del":      "a name is bound once and never unbound",
	"global":   "a function reads the names around it and binds only its own",
	"nonlocal": "a function reads the names around it and binds only its own",
	"yield":    "a function returns one value; return a list",
}

// habit returns a hint for what users of other languages type at this place, or nothing.
func (p *parser) habit(expected string) string {
	if hint := p.bracketHint(); hint != "" {
		return hint
	}
	atEnd := expected == endOfLine
	switch p.tok.Kind {
	case NEWLINE, INDENT, DEDENT, EOF:
		return p.layoutHint()
	case RPAREN, RBRACKET, RBRACE:
		if len(p.open) == 0 {
			return "no bracket is open"
		}
	case LBRACE:
		if atEnd || expected == "':'" {
			return "a block begins with ':' and is indented"
		}
	case ASSIGN:
		return p.assignHint()
	case COLON:
		switch {
		case atEnd && strings.HasPrefix(p.src.Text[p.tok.To:], "="):
			return "write '='; there is no ':='"
		case atEnd && p.last.Kind == ID:
			return nameHint(p.last, "a name has no type; write only the name, '=' and the value")
		}
	case STRING:
		if p.last.Kind == ID && p.last.To == p.tok.From {
			return "there are no string prefixes; join texts with + and str()"
		}
	case ID:
		return p.wordHint()
	case PLUS, MINUS, AMPERSAND, PIPE, SLASH, POWER, STAR:
		return p.operatorHint()
	case IN, NOT:
		if atEnd {
			return "'in' is no comparison; it belongs to a comprehension"
		}
	case FOR:
		if expected == "a statement" {
			return reserved["while"]
		}
	case IF:
		if p.last.Kind == ELSE {
			return "write 'elif'"
		}
	case ELIF, ELSE:
		if expected == "a statement" {
			return "no 'if' stands before it at this level"
		}
	case ARROW:
		return "the type of a result is not written"
	case RESERVED:
		return "'" + p.tok.Value + "' is reserved: " + reserved[p.tok.Value]
	}
	return nameHint(p.last, "")
}

// bracketHint names the innermost bracket that is never closed, where the next token shows
// that it should have been.
func (p *parser) bracketHint() string {
	if len(p.open) == 0 {
		return ""
	}
	last := p.open[len(p.open)-1]
	switch {
	case p.tok.Kind == EOF, closes(p.tok.Kind) && last.Kind != p.tok.Kind-1:
	case p.src.Position(last.From).Line == p.src.Position(p.tok.From).Line:
		return ""
	default:
		if _, closed := p.closedAt(last.From); closed {
			return ""
		}
	}
	at := p.src.Position(last.From)
	return fmt.Sprintf("the '%s' at %d:%d is not closed", last.Kind, at.Line, at.Column)
}

func (p *parser) layoutHint() string {
	switch {
	case p.last.Kind == PLUS && strings.HasSuffix(p.src.Text[:p.last.To], "++"),
		p.last.Kind == MINUS && strings.HasSuffix(p.src.Text[:p.last.To], "--"):
		return "a name is bound once; there is no '" + p.last.Value + p.last.Value + "'"
	case p.tok.Kind == INDENT && int(p.tok.To) == len(p.src.Text),
		p.tok.Kind == NEWLINE && int(p.tok.To) == len(p.src.Text) && p.last.Kind == NEWLINE:
		return "remove the blanks at the end of the program"
	case p.tok.Kind == INDENT && strings.Contains(p.src.Slice(p.tok.Span), "\t"):
		return "this line begins further right than its block; a tab counts up to the next multiple of 8"
	case p.tok.Kind == INDENT:
		return "this line begins further right than its block"
	}
	return ""
}

func (p *parser) assignHint() string {
	if p.last.To == p.tok.From {
		switch p.last.Kind {
		case PLUS, MINUS, STAR, SLASH, POWER, PIPE, AMPERSAND, CARET, LSHIFT, RSHIFT:
			return "a name is bound once; there is no '" + p.last.Value + "='"
		case EQ, NE:
			return "write '" + p.last.Value + "'"
		}
	}
	return "'==' compares"
}

// wordHint is for a name that stands where an operator or a bracket should.
func (p *parser) wordHint() string {
	if p.last.To == p.tok.From && (p.last.Kind == INT || p.last.Kind == FLOAT) {
		return "a duration is a text: '" + p.last.Value + p.tok.Value + "'"
	}
	return nameHint(p.tok, nameHint(p.last, ""))
}

// operatorHint is for an operator that stands where an expression should.
func (p *parser) operatorHint() string {
	if p.last.Kind != p.tok.Kind || p.last.To != p.tok.From {
		return ""
	}
	switch p.tok.Kind {
	case AMPERSAND:
		return "write 'and'"
	case PIPE:
		return "write 'or'"
	case SLASH:
		return "there is no '//'; '/' divides, and a comment begins with #"
	}
	return ""
}

// nameHint returns what to write for a name that is a word of another language, or a given
// hint.
func nameHint(t Token, otherwise string) string {
	if hint := habits[t.Value]; hint != "" && t.Kind == ID {
		return hint
	}
	return otherwise
}
