// Package lint checks programs: it reports the mistakes that the compiler finds, and by
// rules of its own what compiles and is hardly meant. It reads the tree and the graph of a
// program and what its surroundings say of it; it runs nothing.
//
// Rules lists the rules; docs/rules.md describes each. A comment in the program switches a
// rule off:
//
//	x = data('m')  # signalflow: disable=unused-variable
//
// At the end of a line it holds for that line, on a line of its own for the statement below
// it; disable-program= holds for the whole program.
package lint

import (
	"cmp"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// Severity tells how bad a finding is.
type Severity uint8

// The severities, from the least.
const (
	Info    Severity = iota // worth knowing
	Warning                 // the program runs, and hardly does what is meant
	Error                   // the service refuses the program, or a part of it never works
)

// String returns the word for a severity.
func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "info"
}

// Kind is what a program is for.
type Kind uint8

// The kinds of programs.
const (
	Flow     Kind = iota // not known: a file of its own
	Detector             // its detect blocks have rules
	Chart                // what it publishes is drawn
	SLO                  // its variables are read; it publishes nothing
)

// Program is a program with what is known of its surroundings.
type Program struct {
	Text string
	Kind Kind

	// Labels are those that the surroundings name: of the rules of a detector, of the
	// options of a chart, of the variables that an SLO reads. AllLabels tells that there are
	// no others.
	Labels    []Label
	AllLabels bool

	// Guesses are the parts of Text that only stand for what is not known: what is wrong
	// with them says nothing of the program.
	Guesses []Guess
}

// Label is a label named outside of the program.
type Label struct {
	Text     string
	Known    bool   // all of Text is
	Severity string // of a rule of a detector; empty when there is none
}

// Guess is a part of a program that stands for a value that is not known.
type Guess struct {
	syntax.Span
	Name string
}

// Options adjusts a check. The zero value works.
type Options struct {
	Library      *eval.Library // the modules that can be imported; nil: none
	StrictLimits bool          // what exceeds a limit of the service is an error
}

// Finding is something to be said about a program.
type Finding struct {
	Rule     string
	Severity Severity
	At       syntax.Span // in the text
	Label    int         // index of the Label that it is about, in place of At; -1: none
	Msg      string      // one line, lower case
	Hint     string      // what helps; empty: nothing known
	Fix      []Edit      // what removes it without a change of meaning; nil: nothing known
}

// Message returns what is wrong with what helps.
func (f *Finding) Message() string {
	if f.Hint == "" {
		return f.Msg
	}
	return f.Msg + " (" + f.Hint + ")"
}

// Edit puts a new text in place of a span of the program.
type Edit struct {
	syntax.Span
	New string
}

// Check returns what is to be said about a program, in the order of its text; what is about
// labels outside of it comes last.
func Check(p Program, o Options) []Finding {
	// The length is a limit of the service, and warned of as such.
	g, diagnostics := eval.Check(p.Text, eval.Options{MaxLength: -1, Library: o.Library, StrictLimits: o.StrictLimits})
	c := &check{program: p, graph: g}
	c.file, _ = syntax.Parse("", p.Text) // with mistakes: what could be read
	c.src, c.usage = c.file.Source, usageOf(c.file)
	for _, d := range diagnostics {
		c.diagnostic(d, o)
	}
	c.guesses()
	c.joined()
	if !c.broken {
		c.chains()
		c.heartbeatCalls()
		if !c.guessedStatements() {
			c.unused()
			c.labels()
		}
	}
	if g != nil {
		alerts := c.alerts()
		c.streams(alerts)
		c.slips()
		c.detectors(alerts)
	}
	c.disable()
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.At.From, b.At.From))
	})
	return c.findings
}

// check is one check of a program.
type check struct {
	program  Program
	src      *syntax.Source
	file     *syntax.File
	usage    *usage
	graph    *graph.Graph // nil: it does not compile
	broken   bool         // by a mistake, and not only by a library that is not there
	findings []Finding

	quiets map[graph.NodeID]quiet // what the conditions read so far tell of silence
}

// report adds a finding of a rule at a span, with the severity of the rule.
func (c *check) report(rule string, at syntax.Span, msg, hint string) *Finding {
	c.findings = append(c.findings, Finding{Rule: rule, Severity: severities[rule], At: at, Label: -1, Msg: msg, Hint: hint})
	return &c.findings[len(c.findings)-1]
}

// reportNode adds a finding at the span of a node of the graph. One that a module has made
// is not the program's.
func (c *check) reportNode(rule string, id graph.NodeID, msg, hint string) {
	if at := c.graph.Nodes[id].Span; at.File == "" {
		c.report(rule, c.span(at), msg, hint)
	}
}

// span returns the span of lines and columns of the text.
func (c *check) span(at graph.Span) syntax.Span {
	return syntax.Span{
		From: c.src.Offset(syntax.Position{Line: at.Line, Column: at.Column}),
		To:   c.src.Offset(syntax.Position{Line: at.EndLine, Column: at.EndColumn}),
	}
}
