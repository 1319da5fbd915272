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
	var hint string
	switch k := p.tok.Kind; {
	case k == NEWLINE, k == INDENT, k == DEDENT, k == EOF:
		return p.layoutHint()
	case k == RESERVED:
		return "'" + p.tok.Value + "' is reserved: " + reserved[p.tok.Value]
	case AND <= k && k <= TRUE:
		hint = p.keywordHint(expected)
	case k == ID:
		hint = p.wordHint()
	case k == ASSIGN:
		hint = p.assignHint(expected)
	case k == COLON:
		hint = p.colonHint(expected)
	default:
		hint = p.operatorHint(expected)
	}
	if hint == "" && p.last.Kind == ID {
		return habits[p.last.Value]
	}
	return hint
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
	case p.tok.Kind == INDENT && continues(p.src.Text[p.tok.To:]):
		return goesOn
	case p.tok.Kind == INDENT && strings.Contains(p.src.Slice(p.tok.Span), "\t"):
		return "this line begins further right than its block; a tab counts up to the next multiple of 8"
	case p.tok.Kind == INDENT:
		return "this line begins further right than its block"
	}
	return ""
}

// goesOn is the hint at a line that was meant to be a part of the one above.
const goesOn = "a statement goes on in the next line only inside brackets: put all of it in parentheses"

// continues reports whether a line begins as no statement does, but as the rest of one.
func continues(line string) bool {
	for _, start := range []string{".", "*", "/", "+ ", "- ", "=", "<", ">", "|", "&", "and ", "or "} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

// onNewLine reports whether the next token is the first on its line, and not of the text.
func (p *parser) onNewLine() bool { return NEWLINE <= p.last.Kind && p.last.Kind <= DEDENT }

// keywordHint is for a word of the language at the wrong place.
func (p *parser) keywordHint(expected string) string {
	behind := strings.TrimLeft(p.src.Text[p.tok.To:], " \t")
	switch k := p.tok.Kind; {
	case (k == AND || k == OR) && expected == "a statement" && p.onNewLine():
		return goesOn
	case strings.Contains(expected, "name"), strings.HasPrefix(behind, "=") && !strings.HasPrefix(behind, "=="):
		return "'" + p.tok.Value + "' is a word of the language and cannot be a name"
	case k == IN && expected == endOfLine, k == NOT && strings.HasPrefix(behind, "in "):
		return "'in' is no comparison; it belongs to a comprehension"
	case k == NOT && expected == "an expression", k == LAMBDA && expected == "an expression":
		return "put it in parentheses with what belongs to it"
	case k == FOR && expected == "a statement":
		return reserved["while"]
	case k == FOR && strings.HasSuffix(expected, "'}'"):
		return "there are no comprehensions of dicts"
	case k == IF && p.last.Kind == ELSE:
		return "write 'elif'"
	case (k == ELIF || k == ELSE) && expected == "a statement":
		return "no 'if' stands before it at this level"
	case (k == IF || k == DEF) && expected == "a statement":
		return "it needs a line of its own"
	}
	return ""
}

// wordHint is for a name that stands where an operator or a bracket should.
func (p *parser) wordHint() string {
	if p.last.To != p.tok.From || p.last.Kind != INT && p.last.Kind != FLOAT {
		return habits[p.tok.Value]
	}
	switch word := p.tok.Value; {
	case word == "ms" || len(word) == 1 && strings.Contains("smhdwMy", word):
		return "a duration is a text: '" + p.last.Value + word + "'"
	case word[0] == '_':
		return "a number is written without '_'"
	case word[0] == 'e' || word[0] == 'E':
		return "digits follow the 'e' of a number"
	}
	return "a name begins with a letter, and a number is decimal"
}

// compares is the hint at a "=" for which there is no better one.
const compares = "'==' compares"

func (p *parser) assignHint(expected string) string {
	behind := p.src.Text[p.tok.To:]
	switch {
	case p.last.To == p.tok.From && (p.last.Kind == EQ || p.last.Kind == NE):
		return "write '" + p.last.Value + "'"
	case p.last.To == p.tok.From && PLUS <= p.last.Kind && p.last.Kind <= RSHIFT:
		return "a name is bound once; there is no '" + p.last.Value + "='"
	case strings.HasPrefix(behind, ">"), strings.HasPrefix(behind, "<"):
		return "write '" + behind[:1] + "='"
	case expected == "a statement", strings.Contains(expected, "name"):
		return ""
	}
	return compares
}

func (p *parser) colonHint(expected string) string {
	switch {
	case strings.HasPrefix(p.src.Text[p.tok.To:], "="):
		return "write '='; there is no ':='"
	case p.last.Kind == ID && habits[p.last.Value] == "" && expected == endOfLine:
		return "a name has no type; write only the name, '=' and the value"
	case p.last.Kind == ID && expected == "',' or ')'":
		return "an argument with a name is written name=value"
	case strings.HasSuffix(expected, "']'"):
		return "a slice has no step"
	}
	return ""
}

// operatorHint is for an operator, a bracket or a literal at the wrong place.
func (p *parser) operatorHint(expected string) string {
	adjacent := p.last.To == p.tok.From
	switch k := p.tok.Kind; {
	case closes(k) && len(p.open) == 0:
		return "no bracket is open"
	case k == LBRACE && (expected == endOfLine || expected == "':'"):
		return "a block begins with ':' and is indented"
	case (k == COMMA || k == RBRACE) && expected == "':'" && len(p.open) > 0:
		return "there are no sets; a list has square brackets"
	case k == LPAREN && p.last.Kind == FOR:
		return "write the names without parentheses"
	case k == STRING && adjacent && p.last.Kind == ID:
		return "there are no string prefixes; join texts with + and str()"
	case k == FLOAT && adjacent && p.tok.Value[0] == '.' && p.last.Kind != DOT:
		return "an element of a list is written list[1]"
	case k == AMPERSAND && adjacent && p.last.Kind == k:
		return "write 'and'"
	case k == PIPE && adjacent && p.last.Kind == k:
		return "write 'or'"
	case (k == STAR || k == POWER) && adjacent && p.last.Kind == SLASH,
		k == SLASH && expected == "a statement" && strings.IndexAny(p.src.Text[p.tok.To:], "/*") == 0:
		return "a comment begins with #"
	case expected == "a statement" && p.onNewLine() && continues(p.src.Text[p.tok.From:]):
		return goesOn
	case k == SLASH && adjacent && p.last.Kind == k:
		return "there is no '//'; '/' divides, and a comment begins with #"
	case (k == STAR || k == POWER) && (expected == "an expression" || expected == "a statement") && p.last.Kind == COMMA:
		return "a star stands only before arguments and parameters"
	case k == ARROW && expected == "':'":
		return "the type of a result is not written"
	case k == ARROW, k == ELLIPSIS:
		return "'" + p.tok.Value + "' has no meaning in SignalFlow"
	}
	return ""
}
