package programs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// fill writes what stands for the values that are not known: a text that fits into the
// program where it stands, so that all else can be checked.
func (a *assembler) fill() {
	parts := a.text.parts
	a.text = text{}
	types := a.types
	var before strings.Builder
	for i, s := range parts {
		if s.guess != "" && s.text == "" {
			after := ""
			if i+1 < len(parts) {
				after = parts[i+1].text
			}
			s.text = guess(before.String(), after, types[0])
			types = types[1:]
		}
		a.text.add(s)
		before.WriteString(s.text)
	}
}

// What stands for a value by where it stands.
const (
	guessText     = "unknown"
	guessString   = "'unknown'"
	guessNumber   = "1"
	guessDuration = "1h"
	guessFilter   = "filter('unknown', '*')"
	guessStream   = "data('unknown')"
	guessBoolean  = "when(data('unknown') > 1)"
)

// guess returns a text for a value of which the type is perhaps known, between the text of
// the program that is before and after it.
func guess(before, after string, t cty.Type) string {
	line := before[strings.LastIndexAny(before, "\n\r")+1:]
	switch in, from := within(line); in {
	case '#':
		return guessText
	case '\'', '"':
		return guessInString(before[:len(before)-len(line)+from], line[from+1:], after, in)
	}
	switch t {
	case cty.Number:
		return guessNumber
	case cty.Bool:
		return "True"
	}
	return guessOperand(tokens(before), after)
}

// within tells whether a line of a program ends inside of a string or of a comment, and
// where that begins.
func within(line string) (in byte, from int) {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case in != 0 && c == '\\':
			i++
		case in != 0 && c == in:
			in = 0
		case in == 0 && (c == '\'' || c == '"' || c == '#'):
			in, from = c, i
			if c == '#' {
				return in, from
			}
		}
	}
	return in, from
}

var unitsBehind = regexp.MustCompile(`^(ms|[smhdw])['"]`)

// guessInString returns a text for a part of a string, whose first part is begun.
func guessInString(before, begun, after string, quote byte) string {
	if begun != "" || !strings.HasPrefix(after, string(quote)) {
		if unitsBehind.MatchString(after) && strings.Trim(begun, "0123456789") == "" {
			return guessNumber
		}
		return guessText
	}
	list := tokens(before)
	c := enclosing(list)
	switch name := c.keyword; {
	case name == "rollup":
		return "average"
	case name == "extrapolation":
		return "null"
	case name == "mode":
		return "paired"
	case durations[name], name == "" && durationAt(c):
		return guessDuration
	}
	return guessText
}

// durations are the arguments that take one.
var durations = map[string]bool{
	"over": true, "lasting": true, "duration": true, "resolution": true, "offset": true, "auto_resolve_after": true,
	"trend_over": true, "forecast": true,
}

// durationAt reports whether an argument that is given by place is a duration.
func durationAt(c callee) bool {
	switch c.name {
	case "when":
		return c.index == 1
	case "lasting", "duration", "timeshift":
		return c.index == 0
	}
	return false
}

// tokens returns the tokens of a text that a program begins with.
func tokens(text string) []syntax.Token {
	s := syntax.NewScanner(syntax.NewSource("", text))
	var list []syntax.Token
	for {
		t := s.Next()
		switch t.Kind {
		case syntax.EOF:
			// The end of the text is no end of the line.
			for len(list) > 0 && int(list[len(list)-1].To) >= len(text) && slices.Contains(layout, list[len(list)-1].Kind) {
				list = list[:len(list)-1]
			}
			return list
		case syntax.COMMENT:
		default:
			list = append(list, t)
		}
	}
}

var layout = []syntax.Kind{syntax.NEWLINE, syntax.INDENT, syntax.DEDENT}

// callee is the call that a text ends in.
type callee struct {
	name    string // of the function or method; empty: brackets of another kind, or none
	open    syntax.Kind
	index   int    // of the argument
	keyword string // that the argument is given by
	filters bool   // filter() has been called in the statement, or its argument
}

// enclosing returns the innermost brackets that are open behind tokens.
func enclosing(list []syntax.Token) callee {
	depth, c := 0, callee{}
	commas, argument := 0, true // still in the last argument
	for i := len(list) - 1; i >= 0; i-- {
		switch t := list[i]; t.Kind {
		case syntax.RPAREN, syntax.RBRACKET, syntax.RBRACE:
			depth++
		case syntax.LPAREN, syntax.LBRACKET, syntax.LBRACE:
			if depth--; depth >= 0 {
				continue
			}
			c.open, c.index = t.Kind, commas
			if i > 0 && list[i-1].Kind == syntax.ID && t.Kind == syntax.LPAREN {
				c.name = list[i-1].Value
			}
			return c
		case syntax.COMMA:
			if depth == 0 {
				commas++
				argument = false
			}
		case syntax.ASSIGN:
			if depth == 0 && argument && c.keyword == "" && i > 0 && list[i-1].Kind == syntax.ID {
				c.keyword = list[i-1].Value
			}
		case syntax.ID:
			if argument && t.Value == "filter" && depth == 0 {
				c.filters = true
			}
		case syntax.NEWLINE:
			if depth == 0 {
				return c
			}
		}
	}
	return c
}

// guessOperand returns a text for what follows tokens.
func guessOperand(list []syntax.Token, after string) string {
	if len(list) == 0 {
		return ""
	}
	switch list[len(list)-1].Kind {
	case syntax.NEWLINE, syntax.INDENT, syntax.DEDENT, syntax.SEMICOLON, syntax.COLON,
		syntax.ID, syntax.INT, syntax.FLOAT, syntax.STRING, syntax.RPAREN, syntax.RBRACKET, syntax.RBRACE,
		syntax.TRUE, syntax.FALSE, syntax.NONE:
		if c := enclosing(list); c.open == syntax.LBRACE {
			return guessString
		}
		return "" // perhaps a method of what is before
	case syntax.DOT:
		if strings.HasPrefix(after, "(") {
			return "mean"
		}
		return "mean()"
	case syntax.LT, syntax.GT, syntax.LE, syntax.GE, syntax.EQ, syntax.NE,
		syntax.PLUS, syntax.MINUS, syntax.STAR, syntax.SLASH, syntax.POWER:
		return guessNumber
	case syntax.IF, syntax.ELIF:
		return "True"
	}
	return guessValue(enclosing(list), list[len(list)-1].Kind)
}

// guessValue returns a text for an argument, an element or what is assigned.
func guessValue(c callee, last syntax.Kind) string {
	switch {
	case c.keyword == "filter", c.filters:
		return guessFilter
	case c.keyword != "" && c.open == syntax.LPAREN && last == syntax.ASSIGN:
		return "None" // the same as to leave it out
	case c.open == syntax.LBRACKET, c.open == syntax.LBRACE:
		return guessString
	}
	switch c.name {
	case "":
		if last == syntax.AND || last == syntax.OR || last == syntax.NOT {
			return guessBoolean
		}
		return guessStream
	case "data", "histogram", "events", "alerts", "graphite", "newrelic":
		if c.index == 0 && last != syntax.AND && last != syntax.OR && last != syntax.NOT {
			return guessString
		}
		return guessFilter
	case "detect":
		return guessBoolean
	case "when":
		switch {
		case c.index == 0:
			return guessStream + " > 1"
		case c.index == 1:
			return "'" + guessDuration + "'"
		}
	case "lasting", "duration", "timeshift":
		if c.index == 0 {
			return "'" + guessDuration + "'"
		}
	case "filter", "publish", "sum", "mean", "min", "max", "count", "size", "median", "promote":
		return guessString
	}
	return guessNumber
}
