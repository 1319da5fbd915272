package programs

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// piece is a part of a template of Terraform as it stands in the file: a run of text, an
// escape with what it stands for, or code.
type piece struct {
	from, to int // bytes of the file, to exclusive
	text     string
	code     bool // text is that of the file, "${...}" or "%{...}"
	exact    bool // text is that of the file
}

// template is a heredoc, a quoted string or the whole of a template file, in pieces.
type template struct {
	src      *syntax.Source
	form     form
	from, to int // of the body: between the markers of a heredoc, with the quotes of a string
	indent   string
	pieces   []piece
	raw      []piece // before the indentation was taken away
}

// readTemplate reads the heredoc or the quoted string that an expression is; nil if it is
// neither.
func readTemplate(src *syntax.Source, rng hcl.Range) *template {
	text := src.Text[rng.Start.Byte:rng.End.Byte]
	t := &template{src: src, from: rng.Start.Byte, to: rng.End.Byte}
	switch {
	case strings.HasPrefix(text, "<<"):
		t.form = heredoc
	case strings.HasPrefix(text, `"`):
		t.form = quoted
	default:
		return nil
	}
	// It has been parsed before, so it has no mistakes. The end of a heredoc is only one with
	// the end of its line.
	tokens, _ := hclsyntax.LexExpression([]byte(text+"\n"), src.Name, rng.Start)
	if t.form == heredoc {
		if t = t.between(tokens); t == nil {
			return nil
		}
	}
	t.split(tokens)
	if strings.HasPrefix(text, "<<-") {
		t.raw = slices.Clone(t.pieces)
		t.flush()
	}
	return t
}

// readTemplateFile reads a whole file as a template.
func readTemplateFile(src *syntax.Source) *template {
	t := &template{src: src, form: heredoc, to: len(src.Text)}
	tokens, _ := hclsyntax.LexTemplate([]byte(src.Text), src.Name, hcl.InitialPos)
	t.split(tokens)
	return t
}

// between finds the body of a heredoc: what is between its markers.
func (t *template) between(tokens hclsyntax.Tokens) *template {
	for _, tok := range tokens {
		switch tok.Type {
		case hclsyntax.TokenOHeredoc:
			t.from = tok.Range.End.Byte
		case hclsyntax.TokenCHeredoc:
			// The blanks before the closing marker are part of its token.
			t.to = tok.Range.Start.Byte
			return t
		}
	}
	return nil
}

// split makes pieces of the tokens of a template.
func (t *template) split(tokens hclsyntax.Tokens) {
	depth, code := 0, 0
	for _, tok := range tokens {
		switch tok.Type {
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if depth == 0 {
				code = tok.Range.Start.Byte
			}
			depth++
		case hclsyntax.TokenTemplateSeqEnd:
			if depth--; depth == 0 {
				t.pieces = append(t.pieces, piece{from: code, to: tok.Range.End.Byte, text: t.src.Text[code:tok.Range.End.Byte], code: true})
			}
		case hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit:
			if depth == 0 {
				t.literal(tok.Range.Start.Byte, tok.Range.End.Byte)
			}
		}
	}
}

// literal makes pieces of a run of text: one a line, and one an escape.
func (t *template) literal(from, to int) {
	text := t.src.Text
	start := from
	flush := func(at int) {
		if at > start {
			t.pieces = append(t.pieces, piece{from: start, to: at, text: text[start:at], exact: true})
		}
	}
	for at := from; at < to; {
		n, value := t.escape(text[at:to])
		switch {
		case n > 0:
			flush(at)
			t.pieces = append(t.pieces, piece{from: at, to: at + n, text: value})
			at += n
			start = at
		case text[at] == '\n':
			at++
			flush(at)
			start = at
		default:
			at++
		}
	}
	flush(to)
}

// escape returns the length of the escape that a text begins with, and what it stands for.
func (t *template) escape(s string) (n int, value string) {
	switch {
	case strings.HasPrefix(s, "$${"):
		return 3, "${"
	case strings.HasPrefix(s, "%%{"):
		return 3, "%{"
	case t.form != quoted || s[0] != '\\' || len(s) < 2:
		return 0, ""
	}
	digits := 0
	switch s[1] {
	case 'n':
		return 2, "\n"
	case 'r':
		return 2, "\r"
	case 't':
		return 2, "\t"
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return 2, s[1:2]
	}
	if len(s) < 2+digits {
		return 0, ""
	}
	r := rune(0)
	for _, c := range s[2 : 2+digits] {
		d := strings.IndexRune("0123456789abcdef", unicode.ToLower(c))
		if d < 0 {
			return 0, ""
		}
		r = r<<4 | rune(d)
	}
	return 2 + digits, string(r)
}

// flush removes the blanks that all lines of a "<<-" heredoc begin with; lines of nothing
// else do not count.
func (t *template) flush() {
	least := -1
	t.lines(func(p *piece) {
		blanks := leading(p.text)
		if p.code {
			blanks = 0
		}
		if !p.code && blanks == len(p.text) && strings.HasSuffix(p.text, "\n") {
			return
		}
		n := utf8.RuneCountInString(p.text[:blanks])
		if least < 0 || n < least {
			least, t.indent = n, p.text[:blanks]
		}
	})
	t.lines(func(p *piece) {
		if p.code || leading(p.text) == len(p.text) && strings.HasSuffix(p.text, "\n") {
			return
		}
		n := 0
		for i := 0; i < least; i++ {
			_, size := utf8.DecodeRuneInString(p.text[n:])
			n += size
		}
		p.text, p.from = p.text[n:], p.from+n
	})
}

// lines calls a function with the first piece of each line.
func (t *template) lines(visit func(*piece)) {
	start := true
	for i := range t.pieces {
		p := &t.pieces[i]
		if start {
			visit(p)
		}
		start = !p.code && t.src.Text[p.to-1] == '\n'
	}
}

// leading returns the length of the blanks that a text begins with.
func leading(s string) int {
	return len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
}

// literals returns the pieces of text in a range of the file that stand for a value. Marks
// such as "~}" trim what is around them, and can keep indentation from being taken away.
func (t *template) literals(rng hcl.Range, value string) []piece {
	for _, list := range [][]piece{t.pieces, t.raw} {
		var in []piece
		var all strings.Builder
		for _, p := range list {
			if !p.code && p.from >= rng.Start.Byte && p.to <= rng.End.Byte {
				in = append(in, p)
				all.WriteString(p.text)
			}
		}
		if skip := strings.Index(all.String(), value); skip >= 0 {
			return cut(in, skip, skip+len(value))
		}
	}
	return []piece{{from: rng.Start.Byte, to: rng.End.Byte, text: value}}
}

// cut returns the bytes from..to of the text of pieces.
func cut(list []piece, from, to int) []piece {
	var out []piece
	at := 0
	for _, p := range list {
		lo, hi := max(from-at, 0), min(to-at, len(p.text))
		at += len(p.text)
		if lo >= hi {
			continue
		}
		if p.exact {
			p.to = p.from + hi
			p.from += lo
		}
		p.text = p.text[lo:hi]
		out = append(out, p)
	}
	return out
}

// body returns the template as a Body.
func (t *template) body() *Body {
	b := &Body{File: t.src.Name, From: t.from, To: t.to, form: t.form, indent: t.indent}
	for _, p := range t.pieces {
		if n := len(b.Parts); n > 0 && !p.code && !b.Parts[n-1].Code {
			b.Parts[n-1].Text += p.text
			continue
		}
		b.Parts = append(b.Parts, Part{p.text, p.code})
	}
	return b
}
