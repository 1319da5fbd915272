package programs

import (
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// Bounds of one program: how deep locals refer to one another, and how many expressions make
// its text. Locals that refer to others twice could double it without end.
const (
	maxReferences  = 64
	maxExpressions = 100_000
)

// assembler puts the text of a program together from the expression that makes it, and
// keeps where each part comes from.
type assembler struct {
	*module
	scope    *scope
	template *template // that the expression is a part of
	depth    int
	count    *int // of expressions so far
	text     text
	types    []cty.Type // of what stands for each guess of the text, in order
}

// expr adds the text that an expression makes.
func (a *assembler) expr(x hclsyntax.Expression) {
	if *a.count++; *a.count > maxExpressions {
		return
	}
	switch x := x.(type) {
	case *hclsyntax.ParenthesesExpr:
		a.expr(x.Expression)
	case *hclsyntax.TemplateWrapExpr:
		a.expr(x.Wrapped)
	case *hclsyntax.TemplateExpr:
		a.parts(x)
	case *hclsyntax.ConditionalExpr:
		cond := a.eval(x.Condition, a.scope)
		if cond.IsKnown() && !cond.IsNull() && cond.Type() == cty.Bool && cond.False() {
			a.expr(x.FalseResult)
			return
		}
		a.expr(x.TrueResult)
	case *hclsyntax.ScopeTraversalExpr:
		a.name(x)
	case *hclsyntax.FunctionCallExpr:
		a.call(x)
	default:
		a.computed(x)
	}
}

// parts adds the text of a template.
func (a *assembler) parts(x *hclsyntax.TemplateExpr) {
	in := *a
	if t := readTemplate(a.sources[x.SrcRange.Filename], x.SrcRange); t != nil {
		in.template = t
	}
	for _, part := range x.Parts {
		if lit, ok := part.(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type() == cty.String && in.template != nil {
			for _, p := range in.template.literals(lit.SrcRange, lit.Val.AsString()) {
				in.text.add(segment{text: p.text, src: in.template.src, from: p.from, to: p.to, exact: p.exact})
			}
			continue
		}
		in.expr(part)
	}
	a.text, a.types = in.text, in.types
}

// name adds what a variable or a local stands for: the text where it is written, if it is,
// so that a mistake in it is shown there.
func (a *assembler) name(x *hclsyntax.ScopeTraversalExpr) {
	attr, only := first(x.Traversal)
	d := a.named(x.Traversal.RootName(), attr)
	if !only || d == nil || d.expr == nil || a.scope.vars != nil || a.depth > maxReferences || !isText(d.expr) {
		a.computed(x)
		return
	}
	if isReference(d.expr) {
		if _, known := asString(a.value(d)); !known {
			a.computed(x)
			return
		}
	}
	in := *a
	in.scope, in.template = &scope{}, nil
	in.depth++
	in.expr(d.expr)
	a.text, a.types = in.text, in.types
}

// isText reports whether an expression is written as the text it makes, or leads to one.
func isText(x hclsyntax.Expression) bool {
	switch x := unparen(x).(type) {
	case *hclsyntax.TemplateExpr, *hclsyntax.TemplateWrapExpr, *hclsyntax.ConditionalExpr, *hclsyntax.ScopeTraversalExpr:
		return true
	case *hclsyntax.FunctionCallExpr:
		switch x.Name {
		case "trimspace", "chomp", "file", "templatefile":
			return true
		}
	}
	return false
}

// isReference reports whether an expression is nothing but a name.
func isReference(x hclsyntax.Expression) bool {
	_, ok := unparen(x).(*hclsyntax.ScopeTraversalExpr)
	return ok
}

// call adds the text of a function: of those that keep their text as it is, where that is
// written.
func (a *assembler) call(x *hclsyntax.FunctionCallExpr) {
	switch {
	case len(x.Args) == 1 && (x.Name == "trimspace" || x.Name == "chomp"):
		in := *a
		in.text, in.types = text{}, nil
		in.expr(x.Args[0])
		if len(in.types) > 0 && in.guessesAtEnds() {
			a.computed(x)
			return
		}
		a.take(in.text.trimmed(x.Name == "trimspace"), in.types)
	case len(x.Args) == 1 && x.Name == "file":
		if path, ok := a.resolvePath(x.Args[0], a.scope); ok {
			if content, err := readFile(path); err == nil {
				a.whole[path] = true
				a.text.add(segment{text: content, src: a.source(path, content), to: len(content), exact: true})
				return
			}
		}
		a.computed(x)
	case len(x.Args) == 2 && x.Name == "templatefile":
		if !a.templateFile(x) {
			a.computed(x)
		}
	default:
		a.computed(x)
	}
}

// take appends the segments of another text.
func (a *assembler) take(t text, types []cty.Type) {
	for _, s := range t.parts {
		a.text.add(s)
	}
	a.types = append(a.types, types...)
}

func (a *assembler) guessesAtEnds() bool {
	parts := a.text.parts
	return parts[0].guess != "" || parts[len(parts)-1].guess != ""
}

func (a *assembler) source(path, content string) *syntax.Source {
	if src := a.sources[path]; src != nil {
		return src
	}
	src := syntax.NewSource(path, content)
	a.sources[path] = src
	return src
}

// templateFile adds the text that a file makes with values of its own.
func (a *assembler) templateFile(x *hclsyntax.FunctionCallExpr) bool {
	path, ok := a.resolvePath(x.Args[0], a.scope)
	if !ok {
		return false
	}
	content, err := readFile(path)
	if err != nil {
		return false
	}
	src := a.source(path, content)
	parsed, diags := hclsyntax.ParseTemplate([]byte(content), path, hcl.InitialPos)
	if diags.HasErrors() {
		return false
	}
	vars := map[string]cty.Value{}
	if v := a.eval(x.Args[1], a.scope); v.IsKnown() && !v.IsNull() && v.CanIterateElements() {
		for it := v.ElementIterator(); it.Next(); {
			name, value := it.Element()
			vars[name.AsString()] = value
		}
	}
	in := *a
	in.scope, in.template = &scope{vars: vars}, readTemplateFile(src)
	in.depth++
	in.expr(parsed)
	a.text, a.types = in.text, in.types
	return true
}

// computed adds the value of an expression that is not written as a text.
func (a *assembler) computed(x hclsyntax.Expression) {
	src, rng := a.sources[x.Range().Filename], x.Range()
	s := segment{src: src, from: rng.Start.Byte, to: rng.End.Byte}
	v := a.eval(x, a.scope)
	value, ok := asString(v)
	if !ok {
		s.guess = strings.Join(strings.Fields(src.Text[s.from:s.to]), " ")
		a.types = append(a.types, v.Type())
	}
	s.text = value
	a.text.add(s)
}

// trimmed returns a text without the blanks at its end, and at its start if both.
func (t text) trimmed(both bool) text {
	all := t.String()
	from, to := 0, len(strings.TrimRight(all, "\r\n"))
	if both {
		to = len(strings.TrimRightFunc(all, unicode.IsSpace))
		from = min(to, len(all)-len(strings.TrimLeftFunc(all, unicode.IsSpace)))
	}
	var out text
	for _, s := range t.parts {
		lo, hi := max(from-s.at, 0), min(to-s.at, len(s.text))
		if lo >= hi && s.guess == "" {
			continue
		}
		if s.exact {
			s.to = s.from + hi
			s.from += lo
		}
		s.text = s.text[min(lo, hi):hi]
		out.add(s)
	}
	return out
}
