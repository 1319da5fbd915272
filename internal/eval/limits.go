package eval

import (
	"fmt"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// The limits of the service on a program (language.md 6, protocol.md 1.7). They are counted
// as distinct nodes: what a program computes twice counts once.
const (
	maxCalls     = 1000 // of functions and methods
	maxQueries   = 200  // a timeshift repeats those of its input
	maxWildcards = 35   // terms of one filter with a * that is not their end
	maxPrefixes  = 150  // terms of one filter with a * at their end
	maxTerms     = 1024 // of one filter
)

// limits warns of what the service would not take. With StrictLimits the first is an error.
func (ev *evaluator) limits(g *graph.Graph, o Options) error {
	before := len(ev.warnings)
	exceeds := func(at graph.Span, format string, args ...any) {
		ev.warn(RuleLimit, ev.errorAt(syntax.LimitError, at, fmt.Sprintf(format, args...)))
	}
	if n := utf8.RuneCountInString(ev.program.Text); n > DefaultMaxLength {
		exceeds(graph.Span{Line: 1, Column: 1, EndLine: 1, EndColumn: 1}, "the program has %d characters, more than %d", n, DefaultMaxLength)
	}
	if n, at := g.Calls(maxCalls); n > maxCalls {
		exceeds(g.Nodes[at].Span, "the program has %d distinct calls of functions and methods, more than %d", n, maxCalls)
	}
	if n, at := g.Queries(maxQueries); n > maxQueries {
		exceeds(g.Nodes[at].Span, "the program makes more than %d queries; each timeshift repeats those under it", maxQueries)
	}
	for _, n := range g.Nodes {
		filter := graph.Filter(n.Op)
		if filter == nil {
			continue
		}
		all, wildcards, prefixes := graph.Terms(filter)
		switch {
		case all > maxTerms:
			exceeds(n.Span, "the filter has %d terms, more than %d", all, maxTerms)
		case wildcards > maxWildcards:
			exceeds(n.Span, "the filter has %d terms with a * that is not their end, more than %d", wildcards, maxWildcards)
		case prefixes > maxPrefixes:
			exceeds(n.Span, "the filter has %d terms with a * at their end, more than %d", prefixes, maxPrefixes)
		}
	}
	if !o.StrictLimits || len(ev.warnings) == before {
		return nil
	}
	var errs syntax.Errors
	for _, w := range ev.warnings[before:] {
		errs = append(errs, w.Error)
	}
	ev.warnings = ev.warnings[:before]
	return errs
}
