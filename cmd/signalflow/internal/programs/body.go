package programs

import (
	"fmt"
	"slices"
	"strings"
)

// Body is the text of a program where it stands in one piece of a file: the whole file, a
// heredoc or a string. Several programs have an equal Body when one resource makes them
// all.
type Body struct {
	File     string
	From, To int // bytes of the file: of a heredoc its lines between the markers, of a string all of it
	Parts    []Part

	form   form
	indent string // of a flush heredoc: what stands before each line and is no part of it
}

// Part is a piece of a Body: text of the program, or code of Terraform.
type Part struct {
	Text string // of code as it stands in the file: "${...}" or "%{...}"
	Code bool
}

// form is how a program is written into a file.
type form uint8

const (
	plain   form = iota // as it is
	heredoc             // with ${ and %{ escaped
	quoted              // a string of Terraform
	encoded             // a string of JSON
)

// Edit puts a new text in place of a range of a file.
type Edit struct {
	File     string
	From, To int // bytes, To exclusive
	New      string
}

// Edit returns the edit that puts other parts into the file in the form that the old ones
// had there. Of the lines of a heredoc each gets the indentation back that is no part of
// the program. The text of a heredoc must end with its line.
func (b *Body) Edit(parts []Part) (Edit, error) {
	e := Edit{File: b.File, From: b.From, To: b.To}
	var out strings.Builder
	start := true // of a line
	for _, p := range parts {
		switch {
		case p.Code && (b.form == plain || b.form == encoded):
			return Edit{}, fmt.Errorf("%s: code of Terraform cannot stand in this file", b.File)
		case p.Code:
			if start && b.form == heredoc {
				out.WriteString(b.indent)
			}
			out.WriteString(p.Text)
			start = false
		default:
			start = b.write(&out, p.Text, start)
		}
	}
	switch e.New = out.String(); b.form {
	case quoted, encoded:
		e.New = `"` + e.New + `"`
	case heredoc:
		if !start {
			return Edit{}, fmt.Errorf("%s: the text of a heredoc must end with its line", b.File)
		}
	}
	return e, nil
}

// write writes text of the program and reports whether a line begins behind it.
func (b *Body) write(out *strings.Builder, text string, start bool) bool {
	for line := range strings.Lines(text) {
		switch b.form {
		case heredoc:
			// A line of blanks alone has kept them.
			if start && (strings.TrimSpace(line) != "" || !strings.HasSuffix(line, "\n")) {
				out.WriteString(b.indent)
			}
			out.WriteString(escapeTemplate(line))
		case quoted:
			out.WriteString(escapeTemplate(quoteHCL.Replace(line)))
		case encoded:
			out.WriteString(encodeJSON(line))
		default:
			out.WriteString(line)
		}
		start = strings.HasSuffix(line, "\n")
	}
	return start
}

var quoteHCL = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// escapeTemplate escapes what would begin code of Terraform.
func escapeTemplate(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "${", "$${"), "%{", "%%{")
}

// Apply makes edits of one file. Equal edits count once; of others none may overlap.
func Apply(text string, edits []Edit) (string, error) {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b Edit) int { return a.From - b.From })
	edits = slices.Compact(edits)
	var out strings.Builder
	at := 0
	for _, e := range edits {
		if e.From < at || e.To < e.From || e.To > len(text) {
			return "", fmt.Errorf("%s: the edit of bytes %d to %d overlaps with another one or lies outside", e.File, e.From, e.To)
		}
		out.WriteString(text[at:e.From])
		out.WriteString(e.New)
		at = e.To
	}
	out.WriteString(text[at:])
	return out.String(), nil
}
