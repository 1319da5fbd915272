package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// diagnostic adds what the compiler says of the program. What it says of a module is said
// where the program calls or imports it.
func (c *check) diagnostic(d eval.Diagnostic, o Options) {
	at, msg := c.at(d.Start, d.End), d.Msg
	if d.File != "" {
		if d.Warning || len(d.Calls) == 0 {
			return
		}
		at = c.at(d.Calls[0].At, d.Calls[0].At)
		if nodes := syntax.Path(c.file, at.From); len(nodes) > 0 {
			at = nodes[len(nodes)-1].Range() // the name that is called or imported
		}
		msg = fmt.Sprintf("%s, in %s line %d:%d", msg, d.File, d.Start.Line, d.Start.Column)
	}
	f := c.report(d.Rule, at, msg, d.Hint)
	switch {
	case d.Warning:
		f.Fix = c.rename(d)
		return
	case o.Library == nil && c.imports(at):
		f.Rule, f.Severity = "missing-library", Warning
		f.Msg, f.Hint = f.Msg+", so that what uses it is not checked", "give the folder that holds it with --library"
		return
	}
	c.broken = true
	f.Severity = Error
	if d.Kind == syntax.ArgumentError && c.byWithOver(at) {
		f.Rule = "by-with-over"
	}
}

func (c *check) at(start, end syntax.Position) syntax.Span {
	return syntax.Span{From: c.src.Offset(start), To: c.src.Offset(end)}
}

// rename returns the edit that writes the new name in place of the old one that a warning
// is about: its hint is "write new()".
func (c *check) rename(d eval.Diagnostic) []Edit {
	name, ok := strings.CutPrefix(d.Hint, "write ")
	name, call := strings.CutSuffix(name, "()")
	if d.Rule != eval.RuleDeprecated || !ok || !call || !syntax.IsName(name) {
		return nil
	}
	for _, n := range syntax.Path(c.file, c.src.Offset(d.Start)) {
		if id, ok := n.(*syntax.Ident); ok {
			return []Edit{{id.Span, name}}
		}
	}
	return nil
}

// imports reports whether a place is the module of an import.
func (c *check) imports(at syntax.Span) bool {
	for _, n := range syntax.Path(c.file, at.From) {
		switch n.(type) {
		case *syntax.Import, *syntax.FromImport:
			return true
		}
	}
	return false
}

// byWithOver reports whether a place is the one of two arguments by and over that came
// second.
func (c *check) byWithOver(at syntax.Span) bool {
	for _, n := range syntax.Path(c.file, at.From) {
		call, ok := n.(*syntax.Call)
		if !ok {
			continue
		}
		by, over := argument(call, "by"), argument(call, "over")
		if by != nil && over != nil && (by.Value.Range() == at || over.Value.Range() == at) {
			return true
		}
	}
	return false
}

// argument returns the argument of a call that is given by a name; nil if there is none.
func argument(call *syntax.Call, name string) *syntax.Arg {
	for _, a := range call.Args {
		if a.Name != nil && a.Name.Name == name {
			return a
		}
	}
	return nil
}

// guesses turns what is wrong with guessed parts into a remark that they are not known, and
// tells of those that are in order.
func (c *check) guesses() {
	said := map[string]bool{}
	for i := range c.findings {
		f := &c.findings[i]
		if g := c.guess(f.At); g != nil {
			f.Rule, f.Severity, f.Fix = "unknown-value", Warning, nil
			f.Msg = fmt.Sprintf("%s is not known, and what stands for it does not fit: %s", g.Name, f.Msg)
			f.Hint = g.hint()
			said[g.Name] = true
		}
	}
	for _, g := range c.program.Guesses {
		if said[g.Name] {
			continue
		}
		said[g.Name] = true
		text := strconv.Quote(c.src.Slice(g.Span))
		if g.From == g.To {
			text = "nothing"
		}
		c.report("unknown-value", g.Span, fmt.Sprintf("%s is not known; %s stands for it", g.Name, text), g.hint())
	}
}

// hint tells how to give the value of a variable.
func (g *Guess) hint() string {
	if strings.HasPrefix(g.Name, "var.") {
		return "give its value with --var or --var-file"
	}
	return ""
}

// guess returns the guessed part that a place lies in or begins with; nil if there is none.
func (c *check) guess(at syntax.Span) *Guess {
	for i, g := range c.program.Guesses {
		if at.From >= g.From && at.From < g.To || c.methodOf(g.Span, at.From) {
			return &c.program.Guesses[i]
		}
	}
	return nil
}

// methodOf reports whether a place is the name of a method of what a span holds.
func (c *check) methodOf(x syntax.Span, at syntax.Pos) bool {
	if at != x.To+1 || c.src.Text[x.To] != '.' {
		return false
	}
	for _, n := range syntax.Path(c.file, at) {
		if a, ok := n.(*syntax.Attribute); ok && a.X.Range() == x && a.Name.From == at {
			return true
		}
	}
	return false
}

// guessedStatements reports whether whole lines of the program are not known: they may
// use any name and publish anything.
func (c *check) guessedStatements() bool {
	return slices.ContainsFunc(c.program.Guesses, func(g Guess) bool {
		line := c.src.Line(c.src.Position(g.From).Line)
		return g.From == g.To && strings.TrimSpace(line) == ""
	})
}

// guessedMethods reports whether methods are not known: publish may be among them.
func (c *check) guessedMethods() bool {
	return slices.ContainsFunc(c.program.Guesses, func(g Guess) bool { return g.From == g.To })
}

// guessedNumbers reports whether a number of the program is only guessed, so that nothing
// can be said of how its numbers compare.
func (c *check) guessedNumbers() bool {
	for _, g := range c.program.Guesses {
		if _, err := strconv.ParseFloat(c.src.Slice(g.Span), 64); err == nil {
			return true
		}
	}
	return false
}
