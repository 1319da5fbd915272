// Package programs finds SignalFlow programs in files: alone in a .flow file or on standard
// input, in the program_text of Terraform resources, and in the JSON of detectors, charts
// and SLOs. It knows where each character of a program stands in its file, so that what is
// said about a program can be said about the file, and puts a new text in its place.
package programs

import (
	"sort"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// Kind is what a program is for.
type Kind uint8

// The kinds of programs.
const (
	Flow     Kind = iota // a file of its own
	Detector             // its detect blocks have rules
	Chart                // what it publishes is drawn
	SLO                  // its variables are read; it publishes nothing
)

// String returns a word for the kind.
func (k Kind) String() string {
	switch k {
	case Detector:
		return "detector"
	case Chart:
		return "chart"
	case SLO:
		return "slo"
	}
	return "flow"
}

// Program is one program with where it was found.
type Program struct {
	File string // as it was given, "<stdin>" for standard input
	Name string // such as signalfx_detector.cpu; empty for a file that is a program
	Kind Kind
	Text string // what the service would get: dedented, with the values of variables

	// Labels are the labels that its surroundings speak of: those of the rules of a
	// detector, those with options in a chart, the variables that an SLO reads.
	Labels []Label
	// AllLabels tells that no further ones are made where they cannot be read, such as in a
	// dynamic block.
	AllLabels bool

	// Guesses are the parts of Text that stand for values that are not known.
	Guesses []Guess

	// Body is where the text of the program stands in one piece; nil where it does not.
	Body *Body

	text text
}

// Label is the label of a published stream or detect block, named outside of the program.
type Label struct {
	Text     string
	Known    bool   // all of Text is
	Severity string // of the rule, as written; empty when there is none
	At       Place

	// Lines are those that a comment on the label can be on: from the one above its block to
	// its own.
	Lines []string
}

// Guess is a part of a program text that stands for a value that is not known.
type Guess struct {
	syntax.Span
	Name string // such as var.threshold
}

// Place is a range of a file.
type Place struct {
	File       string
	From, To   int // bytes, To exclusive
	Start, End syntax.Position
	Line       string // the text of the line that it starts on, without its terminator
}

// Problem is something that keeps a file from being read, or a part of it.
type Problem struct {
	Place // Start is zero for all of the file
	Msg   string
}

// Place returns where a span of Text stands. A part that was computed stands where its
// expression does; a span that begins in one file and ends in another has no length.
func (p *Program) Place(sp syntax.Span) Place {
	if len(p.text.parts) == 0 {
		return Place{File: p.File}
	}
	return p.text.place(sp)
}

// At returns the place of a range of lines and columns of Text, as a *syntax.Error has it.
func (p *Program) At(start, end syntax.Position) Place {
	src := p.text.source()
	return p.Place(syntax.Span{From: src.Offset(start), To: src.Offset(end)})
}

// Exact reports whether a span of Text stands in one file as it is, so that an edit of it
// can be made there.
func (p *Program) Exact(sp syntax.Span) bool { return p.text.exact(sp) }

// text is a program text put together from parts of files.
type text struct {
	parts []segment
	joint *syntax.Source
}

// segment is a piece of a text with where it came from.
type segment struct {
	at    int // in the text
	text  string
	src   *syntax.Source
	from  int // in the source, to exclusive
	to    int
	exact bool   // the text is that of the source
	guess string // the name of a value that is not known
}

// add appends a segment.
func (t *text) add(s segment) {
	if s.text == "" && s.guess == "" {
		return
	}
	s.at = t.length()
	t.parts = append(t.parts, s)
	t.joint = nil
}

func (t *text) length() int {
	if len(t.parts) == 0 {
		return 0
	}
	last := t.parts[len(t.parts)-1]
	return last.at + len(last.text)
}

func (t *text) source() *syntax.Source {
	if t.joint == nil {
		all := make([]byte, 0, t.length())
		for _, s := range t.parts {
			all = append(all, s.text...)
		}
		t.joint = syntax.NewSource("", string(all))
	}
	return t.joint
}

func (t *text) String() string { return t.source().Text }

// segment returns the piece that holds an offset; behind the end the last one.
func (t *text) segment(at int) segment {
	i := sort.Search(len(t.parts), func(i int) bool { return t.parts[i].at > at })
	return t.parts[max(0, i-1)]
}

func (t *text) place(sp syntax.Span) Place {
	s := t.segment(int(sp.From))
	from := s.from
	if s.exact {
		from += min(int(sp.From)-s.at, len(s.text))
	}
	to := from
	if sp.To > sp.From {
		if e := t.segment(int(sp.To) - 1); e.src == s.src {
			if to = e.to; e.exact {
				to = e.from + int(sp.To) - e.at
			}
		}
	}
	return placeIn(s.src, from, max(from, to))
}

func (t *text) exact(sp syntax.Span) bool {
	if len(t.parts) == 0 {
		return false
	}
	s := t.segment(int(sp.From))
	return s.exact && int(sp.To) <= s.at+len(s.text)
}

func placeIn(src *syntax.Source, from, to int) Place {
	start, end := src.Position(syntax.Pos(from)), src.Position(syntax.Pos(to))
	return Place{File: src.Name, From: from, To: to, Start: start, End: end, Line: src.Line(start.Line)}
}

// program makes a program of a text.
func (t text) program(p Program) *Program {
	p.Text, p.text = t.String(), t
	for _, s := range t.parts {
		if s.guess != "" {
			at := syntax.Pos(s.at)
			p.Guesses = append(p.Guesses, Guess{Span: syntax.Span{From: at, To: at + syntax.Pos(len(s.text))}, Name: s.guess})
		}
	}
	return &p
}
