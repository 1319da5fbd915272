package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrorKind is the class of a failure (language.md 7.1).
type ErrorKind uint8

const (
	SyntaxError      ErrorKind = iota // scanning or parsing
	NameError                         // unknown name or method, second binding
	TypeError                         // an operand or argument of the wrong type
	ArgumentError                     // wrong number of arguments, a bad value, an excluded pair
	AssertionError                    // an assert that does not hold
	LimitError                        // a limit of the language or of this implementation
	UnsupportedError                  // part of the language, and not of this implementation
)

// String returns a word for messages.
func (k ErrorKind) String() string {
	switch k {
	case SyntaxError:
		return "syntax"
	case NameError:
		return "name"
	case TypeError:
		return "type"
	case ArgumentError:
		return "argument"
	case AssertionError:
		return "assertion"
	case LimitError:
		return "limit"
	case UnsupportedError:
		return "unsupported"
	}
	return "unknown"
}

// WireType returns the errorType of an error message on the wire (language.md 7.2).
// What is unsupported is, to a client, a name that this service does not know.
func (k ErrorKind) WireType() string {
	switch k {
	case SyntaxError:
		return "ANALYTICS_PROGRAM_SYNTAX_ERROR"
	case NameError, UnsupportedError:
		return "ANALYTICS_PROGRAM_NAME_ERROR"
	case TypeError:
		return "ANALYTICS_PROGRAM_TYPE_ERROR"
	case ArgumentError:
		return "ANALYTICS_PROGRAM_ARGUMENT_ERROR"
	case AssertionError:
		return "ANALYTICS_PROGRAM_ASSERTION_ERROR"
	case LimitError:
		return "ANALYTICS_LIMIT_EXCEEDED"
	}
	return "ANALYTICS_INTERNAL_ERROR"
}

// Error is one mistake in a program.
type Error struct {
	Kind  ErrorKind
	File  string   // Name of the Source; empty for a program that has no name
	Start Position // first character
	End   Position // after the last character; equal to Start where something is missing
	Msg   string   // what is wrong: lower case, one line
	Hint  string   // what helps: one line, or empty
	Text  string   // the source line that Start is on
}

// Errorf makes an Error at a span of the source.
func (s *Source) Errorf(kind ErrorKind, at Span, format string, args ...any) *Error {
	start := s.Position(at.From)
	return &Error{
		Kind:  kind,
		File:  s.Name,
		Start: start,
		End:   s.Position(max(at.From, at.To)),
		Msg:   fmt.Sprintf(format, args...),
		Text:  s.Line(start.Line),
	}
}

// WithHint sets the hint and returns the error.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Message returns what is wrong with what helps: "msg (hint)".
func (e *Error) Message() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + " (" + e.Hint + ")"
}

// Error returns "line L:C: message", behind the name of the file where there is one.
func (e *Error) Error() string {
	text := fmt.Sprintf("line %d:%d: %s", e.Start.Line, e.Start.Column, e.Message())
	if e.File != "" {
		text = e.File + ": " + text
	}
	return text
}

// renderWidth is the number of characters of a source line that Render shows: programs
// are often one line of thousands.
const renderWidth = 100

// Render draws the error for a person: the message, then the source line with its place,
// then a caret under the first character and tildes under the rest. It ends in a newline.
//
//	error: name 'daat' is not defined (did you mean 'data'?)
//	  1:1 | daat('cpu.utilization').publish()
//	      | ^~~~
func (e *Error) Render() string {
	place := fmt.Sprintf("%d:%d", e.Start.Line, e.Start.Column)
	if e.File != "" {
		place = e.File + ":" + place
	}
	line, column := window([]rune(e.Text), e.Start.Column-1)
	length := 1
	switch {
	case e.End.Line == e.Start.Line:
		length = max(1, e.End.Column-e.Start.Column)
	case e.End.Line > e.Start.Line:
		length = max(1, len(line)-column)
	}
	length = min(length, max(1, len(line)-column))
	var b strings.Builder
	fmt.Fprintf(&b, "error: %s\n", e.Message())
	fmt.Fprintf(&b, "  %s | %s\n", place, strings.TrimRight(string(line), " \t"))
	fmt.Fprintf(&b, "  %*s | ", utf8.RuneCountInString(place), "")
	for i := range column {
		if i < len(line) && line[i] == '\t' {
			b.WriteByte('\t') // as wide as the one above it
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteByte('^')
	b.WriteString(strings.Repeat("~", length-1))
	b.WriteByte('\n')
	return b.String()
}

// window cuts a long line to the part around a column, and returns the column in it.
func window(line []rune, column int) ([]rune, int) {
	column = min(max(column, 0), len(line))
	if len(line) <= renderWidth {
		return line, column
	}
	from := max(0, min(column-renderWidth/3, len(line)-renderWidth))
	cut := append([]rune(nil), line[from:from+renderWidth]...)
	if from > 0 {
		cut[0] = '…'
	}
	if from+renderWidth < len(line) {
		cut[renderWidth-1] = '…'
	}
	return cut, column - from
}

// Errors is a list of mistakes in the order of the text. It is never empty when returned
// as an error.
type Errors []*Error

// listed is the most errors that one text lists.
const listed = 10

// Error returns the errors on one line, and of many the first ones and how many more there
// are.
func (es Errors) Error() string {
	if len(es) == 0 {
		return "no errors"
	}
	var texts []string
	for _, e := range es[:min(len(es), listed)] {
		texts = append(texts, e.Error())
	}
	text := strings.Join(texts, "; ")
	if more := len(es) - listed; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Unwrap lets errors.As find the first *Error.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// Render draws every error of the list.
func (es Errors) Render() string {
	var b strings.Builder
	for _, e := range es {
		b.WriteString(e.Render())
	}
	return b.String()
}
