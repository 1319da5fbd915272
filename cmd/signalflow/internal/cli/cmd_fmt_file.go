package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// fileToFormat is a program, or a Terraform file with the programs that were found in it.
type fileToFormat struct {
	name, text string
	stdin      bool
	programs   []*programs.Program
	problems   []programs.Problem
}

func (f *fileToFormat) isTerraform() bool { return filepath.Ext(f.name) == ".tf" }

// findPrograms reads the programs of the Terraform files, those of a folder only once.
func findPrograms(files []*fileToFormat) {
	var named []*fileToFormat
	var names []string
	for _, f := range files {
		switch {
		case !f.isTerraform():
		case f.stdin:
			found := programs.Read([]string{programs.Stdin}, strings.NewReader(f.text), programs.Options{StdinName: f.name})
			share(found, []*fileToFormat{f})
		default:
			named, names = append(named, f), append(names, f.name)
		}
	}
	share(programs.Read(names, nil, programs.Options{}), named)
}

// share gives each file what was found in it.
func share(found programs.Result, files []*fileToFormat) {
	byName := map[string]*fileToFormat{}
	for _, f := range files {
		byName[filepath.Clean(f.name)] = f
	}
	for _, p := range found.Programs {
		if p.Body == nil { // it is in several pieces
			continue
		}
		if f := byName[filepath.Clean(p.Body.File)]; f != nil {
			f.programs = append(f.programs, p)
		}
	}
	for _, p := range found.Problems {
		if f := byName[filepath.Clean(p.File)]; f != nil {
			f.problems = append(f.problems, p)
		}
	}
}

// mistake is why a program, or a file, is not formatted.
type mistake struct {
	rendered string // ends in a newline
	warning  bool   // the program may well be right
}

// format returns the text of a file with its programs formatted, and what is left alone.
func (f *fileToFormat) format() (string, []mistake) {
	if f.isTerraform() {
		return f.terraform()
	}
	const mark = "\ufeff" // of the byte order; editors put it at the start
	text := strings.TrimPrefix(f.text, mark)
	parts, err := formatParts(f.name, []programs.Part{{Text: text}})
	var errs syntax.Errors
	if errors.As(err, &errs) {
		list := make([]mistake, len(errs))
		for i, e := range errs {
			list[i].rendered = e.Render()
		}
		return f.text, list
	}
	return f.text[:len(f.text)-len(text)] + joined(parts), nil
}

// terraform formats the heredocs of a Terraform file.
func (f *fileToFormat) terraform() (string, []mistake) {
	var mistakes []mistake
	for _, p := range f.problems {
		if p.Start.Line > 0 { // else there is no program in it
			mistakes = append(mistakes, mistake{rendered: drawn(p.Place, p.Msg)})
		}
	}
	done := map[int]bool{}
	var edits []programs.Edit
	for _, p := range f.programs {
		if done[p.Body.From] || !f.heredoc(p.Body) { // one heredoc can stand for several programs
			continue
		}
		done[p.Body.From] = true
		if !f.holds(p.Body) {
			return f.text, append(mistakes, mistake{rendered: fmt.Sprintf("error: %s was changed while it was read\n", f.name)})
		}
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

// heredoc reports whether a body has lines of its own, which a quoted string has not.
func (f *fileToFormat) heredoc(b *programs.Body) bool {
	return 0 < b.From && b.From <= len(f.text) && f.text[b.From-1] == '\n'
}

// holds reports whether a body stands in the text, blanks apart: they were read one after
// the other.
func (f *fileToFormat) holds(b *programs.Body) bool {
	edit, err := b.Edit(b.Parts)
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	return err == nil && edit.To <= len(f.text) && squeeze(edit.New) == squeeze(f.text[edit.From:edit.To])
}

// formatProgram returns the edit that formats a program where it stands, or why it cannot.
func formatProgram(p *programs.Program) (programs.Edit, []mistake) {
	parts, err := formatParts("", p.Body.Parts)
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
func formatParts(name string, parts []programs.Part) ([]programs.Part, error) {
	text, holes := withHoles(parts)
	formatted, err := syntax.Format(name, text)
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
