package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// mistake is why a program, or a file, is not formatted.
type mistake struct {
	rendered string // ends in a newline
	warning  bool   // the program may well be right
}

// format returns the text of a file with its programs formatted, and what is left alone.
func (f *fileToFormat) format() (string, []mistake) {
	var mistakes []mistake
	for _, p := range f.problems {
		if p.Start.Line == 0 && len(f.programs) == 0 && filepath.Ext(f.name) == ".tf" {
			continue // there is no program in it
		}
		mistakes = append(mistakes, mistake{rendered: drawn(p.Place, p.Msg)})
	}
	done := map[int]bool{}
	var edits []programs.Edit
	for _, p := range f.programs {
		body := p.Body
		if body == nil || body.File != f.name || !f.formattable(body) || done[body.From] {
			continue
		}
		done[body.From] = true
		edit, why := formatProgram(p)
		if why != nil {
			mistakes = append(mistakes, why...)
			continue
		}
		edits = append(edits, edit)
	}
	text, err := programs.Apply(f.text, edits)
	if err != nil {
		return f.text, append(mistakes, mistake{rendered: fmt.Sprintf("error: %v\n", err)})
	}
	return text, mistakes
}

// formattable reports whether a body has lines of its own: a file or a heredoc has, a
// quoted string has not.
func (f *fileToFormat) formattable(b *programs.Body) bool {
	return filepath.Ext(f.name) != ".tf" || 0 < b.From && b.From <= len(f.text) && f.text[b.From-1] == '\n'
}

// formatProgram returns the edit that formats a program where it stands, or why it cannot.
func formatProgram(p *programs.Program) (programs.Edit, []mistake) {
	parts, err := formatParts(p.Body.Parts)
	if err == nil {
		edit, err := p.Body.Edit(parts)
		if err != nil {
			return edit, []mistake{{rendered: fmt.Sprintf("error: %v\n", err)}}
		}
		return edit, nil
	}
	// What is wrong is told about the text that the service would get, if it is wrong there:
	// it has values in place of interpolations.
	if _, err := syntax.Parse("", p.Text); err != nil {
		var errs syntax.Errors
		errors.As(err, &errs)
		var list []mistake
		for _, e := range errs {
			list = append(list, mistake{rendered: drawn(p.At(e.Start, e.End), e.Message()), warning: len(p.Guesses) > 0})
		}
		return programs.Edit{}, list
	}
	at := p.Place(syntax.Span{})
	return programs.Edit{}, []mistake{{warning: true, rendered: fmt.Sprintf(
		"warning: %s:%d: %s is left alone: only with other values of its interpolations it is a program\n", at.File, at.Start.Line, p.Name)}}
}

// drawn draws what is wrong at a place of a file.
func drawn(at programs.Place, msg string) string {
	if at.Start.Line == 0 {
		return fmt.Sprintf("error: %s: %s\n", at.File, printableLines(msg))
	}
	e := &syntax.Error{File: at.File, Start: at.Start, End: at.End, Msg: printableLines(msg), Text: strings.Map(visible, at.Line)}
	return e.Render()
}

// formatParts formats a program that may have code of Terraform in it.
func formatParts(parts []programs.Part) ([]programs.Part, error) {
	text, holes := withHoles(parts)
	formatted, err := syntax.Format("", text)
	if err != nil {
		return nil, err
	}
	list, err := holes.fill(formatted)
	if err != nil {
		return nil, err
	}
	if i := strings.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		for k := range list {
			if !list[k].Code {
				list[k].Text = strings.ReplaceAll(list[k].Text, "\n", "\r\n")
			}
		}
	}
	return list, nil
}
