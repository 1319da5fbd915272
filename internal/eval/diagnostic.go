package eval

import (
	"cmp"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// Diagnostic is something to be said about a program: an error, or a warning about one that
// compiles.
type Diagnostic struct {
	*syntax.Error
	Rule    string // of an error the word for its kind, of a warning a Rule constant
	Warning bool
	Calls   []Call // of an error: how the program came there, outermost first
}

// The rules of warnings.
const (
	RuleBooleanNumbers  = "boolean-numbers"  // booleans where numbers belong
	RuleDeprecated      = "deprecated"       // an old name
	RuleLimit           = "limit"            // more than the service takes (language.md 6)
	RuleNeverCorrelates = "never-correlates" // streams of which no two series can be paired
	RuleNoFilter        = "no-filter"        // a filter that None leaves out
	RuleSingleStream    = "single-stream"    // a function of several streams that is given one
)

// Rules are the rules of all warnings.
var Rules = []string{RuleBooleanNumbers, RuleDeprecated, RuleLimit, RuleNeverCorrelates, RuleNoFilter, RuleSingleStream}

// Check compiles a program and returns all that is to be said about it, in the order of the
// text, what is about modules last. Behind an error it goes on with the statements that do
// not depend on it. If there is an error, the graph is nil.
func Check(program string, o Options) (*graph.Graph, []Diagnostic) {
	g, all, failures := compileAll(program, o)
	all = append(all, diagnose(failures, o)...)
	slices.SortStableFunc(all, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(fileOrder(a, o), fileOrder(b, o)), cmp.Compare(a.File, b.File),
			cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.Start.Column, b.Start.Column))
	})
	return g, all
}

// fileOrder puts the program itself before its modules.
func fileOrder(d Diagnostic, o Options) int {
	if d.File == o.Name {
		return 0
	}
	return 1
}

// warnedAt tells warnings apart: code that runs twice is warned of once.
type warnedAt struct {
	rule, file string
	at         syntax.Position
}

// warn notes a warning.
func (ev *evaluator) warn(rule string, e *syntax.Error) {
	key := warnedAt{rule, e.File, e.Start}
	if ev.warned[key] {
		return
	}
	if ev.warned == nil {
		ev.warned = map[warnedAt]bool{}
	}
	ev.warned[key] = true
	ev.warnings = append(ev.warnings, Diagnostic{Error: e, Rule: rule, Warning: true})
}

// errorAt returns an error at the span of a node of the graph.
func (ev *evaluator) errorAt(kind syntax.ErrorKind, at graph.Span, msg string) *syntax.Error {
	src := ev.program
	if at.File != "" {
		src = ev.sources[at.File]
	}
	return &syntax.Error{
		Kind: kind, File: src.Name, Msg: msg, Text: src.Line(at.Line),
		Start: syntax.Position{Line: at.Line, Column: at.Column},
		End:   syntax.Position{Line: at.EndLine, Column: at.EndColumn},
	}
}

// correlations warns of operators over streams of which no two series can be paired: each
// side is sure to have a dimension that the other lacks (language.md 2.7).
func (ev *evaluator) correlations(g *graph.Graph) {
	for i, n := range g.Nodes {
		if a, b, never := g.NeverPairs(graph.NodeID(i)); never {
			ev.warn(RuleNeverCorrelates, ev.errorAt(syntax.ArgumentError, n.Span,
				"no series of these streams can be paired: their dimensions are "+a.String()+" and "+b.String()).
				WithHint("aggregate both by dimensions that they share"))
		}
	}
}
