package cli

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
)

// A program with interpolations is formatted with a name in the place of each, of the same
// width where that is possible. Where it follows a bracket or a string without a blank it
// is the name of an attribute, as of a method call that the variable adds; inside a string
// it has an escape, so that the quotes stay: nobody knows what quotes the value has.
// Directives on one line, such as %{if}…%{else}…%{endif}, are replaced with all between them.

// holes are the names that stand for the code of a program.
type holes struct {
	mark  string // that begins each name and is nowhere in the program
	names []string
	code  [][]programs.Part
	bare  []bool // no comma may be added behind it
}

// withHoles returns the text of a program with names in the place of code.
func withHoles(parts []programs.Part) (string, *holes) {
	h := &holes{mark: "_q"}
	for strings.Contains(joined(parts), h.mark) {
		h.mark += "q"
	}
	var text strings.Builder
	var at cursor
	var ends []int // of the names
	for len(parts) > 0 {
		n := whole(parts)
		if !parts[0].Code {
			at.pass(parts[0].Text)
			text.WriteString(parts[0].Text)
		} else {
			text.WriteString(h.add(parts[:n], at.hole()))
			h.bare = append(h.bare, at.element())
			at.last, at.token = '_', '_'
			ends = append(ends, text.Len())
		}
		parts = parts[n:]
	}
	for i, end := range ends {
		h.bare[i] = h.bare[i] && !commaFollows(text.String()[end:])
	}
	return text.String(), h
}

func joined(parts []programs.Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// whole returns how many parts belong together: one, or those from a directive to the one
// that ends it on the same line.
func whole(parts []programs.Part) int {
	depth := 0
	for i, p := range parts {
		switch {
		case p.Code:
			depth += nesting(p.Text)
		case strings.ContainsAny(p.Text, "\r\n"):
			return 1
		}
		if depth <= 0 {
			return i + 1
		}
	}
	return 1
}

// nesting is 1 for a directive that begins, -1 for one that ends, and else 0.
func nesting(code string) int {
	inside, ok := strings.CutPrefix(code, "%{")
	if !ok {
		return 0
	}
	switch word := strings.TrimLeft(inside, "~ \t\r\n"); {
	case strings.HasPrefix(word, "if"), strings.HasPrefix(word, "for"):
		return 1
	case strings.HasPrefix(word, "end"):
		return -1
	}
	return 0
}

// add makes the name for code, with something before it.
func (h *holes) add(code []programs.Part, before string) string {
	first, _, _ := strings.Cut(joined(code), "\n")
	name := before + h.mark + strconv.Itoa(len(h.names)) + "z"
	name += strings.Repeat("_", max(0, utf8.RuneCountInString(first)-len(name)))
	h.names, h.code = append(h.names, name), append(h.code, code)
	return name
}

var errHoles = errors.New("an interpolation is lost") // the printer keeps all tokens, so never

// fill puts the code back into a formatted text. The comma that the printer adds behind the
// last element is taken away where that is nothing but code: its value may be empty.
func (h *holes) fill(text string) ([]programs.Part, error) {
	var parts []programs.Part
	for i, name := range h.names {
		before, after, ok := strings.Cut(text, name)
		if !ok || strings.Contains(before, h.mark) {
			return nil, errHoles
		}
		if h.bare[i] {
			after = strings.TrimPrefix(after, ",")
		}
		if before != "" {
			parts = append(parts, programs.Part{Text: before})
		}
		parts = append(parts, h.code[i]...)
		text = after
	}
	if strings.Contains(text, h.mark) {
		return nil, errHoles
	}
	if text != "" {
		parts = append(parts, programs.Part{Text: text})
	}
	return parts, nil
}

// cursor is where in a program the text ends that has been passed.
type cursor struct {
	quote   byte // of the string that is open
	comment bool
	last    byte
	token   byte // the last one that is no blank and in no comment
}

func (p *cursor) pass(text string) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\n' || c == '\r':
			p.quote, p.comment = 0, false
		case p.comment:
		case p.quote != 0 && c == '\\':
			i++
		case c == p.quote:
			p.quote = 0
		case p.quote == 0 && (c == '\'' || c == '"'):
			p.quote = c
		case p.quote == 0 && c == '#':
			p.comment = true
		}
		p.last = c
		if !p.comment && strings.IndexByte(" \t\r\n\\", c) < 0 {
			p.token = c
		}
	}
}

// hole returns what the name for code begins with here.
func (p *cursor) hole() string {
	switch {
	case p.comment:
		return ""
	case p.quote != 0:
		return `\\`
	case strings.IndexByte(`)]}'"`, p.last) >= 0 && p.last != 0:
		return "."
	}
	return ""
}

// element reports whether an element of brackets begins here.
func (p *cursor) element() bool {
	return p.quote == 0 && !p.comment && strings.IndexByte("([{,", p.token) >= 0
}

// commaFollows reports whether the next token of a text is a comma.
func commaFollows(text string) bool {
	for {
		text = strings.TrimLeft(text, " \t\r\n\\")
		if !strings.HasPrefix(text, "#") {
			return strings.HasPrefix(text, ",")
		}
		_, text, _ = strings.Cut(text, "\n")
	}
}
