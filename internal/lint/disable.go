package lint

import (
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// marker begins a comment to this package.
const marker = "signalflow:"

// Disabled returns the rules that a comment switches off, without the # at its start, and
// whether it does so for the whole program.
func Disabled(comment string) (rules []string, program bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimLeft(comment, "#")), marker)
	if !ok {
		return nil, false
	}
	text = strings.TrimSpace(text)
	list, program := strings.CutPrefix(text, "disable-program=")
	if !program {
		if list, ok = strings.CutPrefix(text, "disable="); !ok {
			return nil, false
		}
	}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			rules = append(rules, name)
		}
	}
	return rules, program
}

// disable removes the findings that comments of the program switch off. Of what is said
// about labels outside of it only disable-program does.
func (c *check) disable() {
	type scope struct {
		rule        string
		first, last int // lines
	}
	var scopes []scope
	for _, comment := range c.comments() {
		rules, program := Disabled(comment.Text)
		if rules == nil {
			continue
		}
		first, last := c.reach(comment)
		if program {
			first, last = 0, int(^uint(0)>>1)
		}
		for _, rule := range rules {
			c.knownRule(rule, comment)
			scopes = append(scopes, scope{rule, first, last})
		}
	}
	if scopes == nil {
		return
	}
	c.findings = slices.DeleteFunc(c.findings, func(f Finding) bool {
		line := c.src.Position(f.At.From).Line
		if f.Label >= 0 {
			line = 0
		}
		return slices.ContainsFunc(scopes, func(s scope) bool {
			return s.rule == f.Rule && line >= s.first && line <= s.last
		})
	})
}

// knownRule warns of a rule that does not exist.
func (c *check) knownRule(rule string, comment syntax.Comment) {
	if _, ok := severities[rule]; ok {
		return
	}
	var names []string
	for _, r := range Rules {
		names = append(names, r.Name)
	}
	hint := "docs/rules.md lists the rules"
	if near := spell.Nearest(rule, names); near != "" {
		hint = "did you mean '" + near + "'?"
	}
	c.report("unknown-rule", comment.Span, "there is no rule '"+rule+"'", hint)
}

// comments returns the comments of the program, also of one with mistakes, whose tree may
// lack some.
func (c *check) comments() []syntax.Comment {
	if !strings.Contains(c.src.Text, marker) {
		return nil
	}
	var list []syntax.Comment
	s := syntax.NewScanner(c.src)
	for {
		switch t := s.Next(); t.Kind {
		case syntax.EOF:
			return list
		case syntax.COMMENT:
			list = append(list, syntax.Comment{Span: t.Span, Text: c.src.Slice(t.Span)})
		}
	}
}

// reach returns the lines that a comment is about: its own, or if nothing else stands on
// it those of the statement below, or without one the next line.
func (c *check) reach(comment syntax.Comment) (first, last int) {
	at := c.src.Position(comment.From)
	if strings.TrimSpace(c.src.Line(at.Line)[:comment.From-c.src.Offset(syntax.Position{Line: at.Line, Column: 1})]) != "" {
		return at.Line, at.Line
	}
	var below syntax.Stmt
	syntax.Walk(c.file, func(n syntax.Node) bool {
		if s, ok := n.(syntax.Stmt); ok && below == nil && s.Range().From > comment.To {
			below = s
		}
		return below == nil
	})
	if below == nil {
		return at.Line, at.Line + 1
	}
	r := below.Range()
	return at.Line, c.src.Position(r.To).Line
}
