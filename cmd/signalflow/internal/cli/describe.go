package cli

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// describe gives an error of the program the form in which a person sees the place.
func describe(err error, p program) error {
	var e *signalflow.ComputationError
	if !errors.As(err, &e) {
		return err
	}
	if e.Line < 1 {
		return &programError{err, fmt.Sprintf("error: %s\n", printableLines(e.Error()))}
	}
	drawn := &syntax.Error{
		File:  p.file,
		Start: syntax.Position{Line: e.Line, Column: max(1, e.Column)},
		Msg:   e.Message,
		Text:  strings.Map(visible, e.Snippet),
	}
	drawn.Msg = strings.TrimPrefix(drawn.Msg, fmt.Sprintf("line %d:%d: ", e.Line, e.Column))
	drawn.End = syntax.Position{Line: e.Line, Column: drawn.Start.Column + wordLength(e.Snippet, drawn.Start.Column)}
	drawn.Msg = printableLines(drawn.Msg)
	return &programError{err, drawn.Render()}
}

// visible replaces what would command the terminal, one for one, so that columns stay.
func visible(r rune) rune {
	if r == '\t' || unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// wordLength returns the length of the word that starts at a column, counted from 1; the
// wire tells only where an error starts.
func wordLength(line string, column int) int {
	runes := []rune(line)
	n := 0
	for i := column - 1; i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]) || runes[i] == '_'); i++ {
		n++
	}
	return max(1, n)
}
