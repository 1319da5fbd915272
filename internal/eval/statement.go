package eval

import (
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// block evaluates statements in order, up to a return. Its result is what that returns,
// and nil when none was met.
func (ev *evaluator) block(list []syntax.Stmt) (value, *syntax.Error) {
	for _, s := range list {
		if result, err := ev.stmt(s); err != nil || result != nil {
			return result, err
		}
	}
	return nil, nil
}

func (ev *evaluator) stmt(s syntax.Stmt) (result value, err *syntax.Error) {
	if err := ev.spend(1, s); err != nil {
		return nil, err
	}
	switch s := s.(type) {
	case *syntax.ExprStmt:
		_, err := ev.expr(s.X)
		return nil, err
	case *syntax.Assign:
		return nil, ev.assign(s)
	case *syntax.Return:
		return ev.returned(s)
	case *syntax.If:
		return ev.branch(s)
	case *syntax.Def:
		return nil, ev.define(s)
	case *syntax.Assert:
		return nil, ev.assert(s)
	case *syntax.Import:
		return nil, ev.importModules(s)
	case *syntax.FromImport:
		return nil, ev.importNames(s)
	}
	return nil, ev.notYet(s, "this statement")
}

func (ev *evaluator) returned(s *syntax.Return) (value, *syntax.Error) {
	switch {
	case !ev.body:
		return nil, ev.errorf(syntax.SyntaxError, s, "'return' outside a function")
	case s.Value == nil:
		return none{}, nil
	}
	return ev.expr(s.Value)
}

func (ev *evaluator) assign(s *syntax.Assign) *syntax.Error {
	v, err := ev.expr(s.Value)
	if err != nil {
		return err
	}
	if !s.Unpack {
		return ev.bind(s.Names[0], v)
	}
	return ev.unpack(s.Names, v, s.Value)
}

// unpack binds each of several names to an element of a value.
func (ev *evaluator) unpack(names []*syntax.Ident, v value, at syntax.Node) *syntax.Error {
	elems, ok := elements(v)
	if !ok {
		return ev.errorf(syntax.TypeError, at, "a %s cannot be unpacked into names", v.typeName())
	}
	if len(elems) != len(names) {
		return ev.errorf(syntax.ArgumentError, at, "%s for %s", count(len(elems), "value"), count(len(names), "name"))
	}
	for i, id := range names {
		if err := ev.bind(id, elems[i]); err != nil {
			return err
		}
	}
	return nil
}

// ---- if ----

// branch evaluates the branch of an if statement that its conditions select. It is no scope
// of its own: what it binds stays bound.
func (ev *evaluator) branch(s *syntax.If) (value, *syntax.Error) {
	for _, b := range s.Branches {
		yes, err := ev.condition(b.Cond)
		if err != nil {
			return nil, err
		}
		if yes {
			return ev.block(b.Body)
		}
	}
	return ev.block(s.Else)
}

// condition evaluates the condition of a statement or of a comprehension, which is static.
// A stream in it is an error, but for "is": there, a stream is something other than None,
// True, False and a number (language.md 2.9, OQ-10).
func (ev *evaluator) condition(x syntax.Expr) (bool, *syntax.Error) {
	switch x := syntax.Unparen(x).(type) {
	case *syntax.Binary:
		if x.Op == syntax.AND || x.Op == syntax.OR {
			yes, err := ev.condition(x.X)
			if err != nil || yes == (x.Op == syntax.OR) {
				return yes, err
			}
			return ev.condition(x.Y)
		}
	case *syntax.Unary:
		if x.Op == syntax.NOT {
			yes, err := ev.condition(x.X)
			return !yes, err
		}
	case *syntax.Compare:
		if c := x.Rest[0]; len(x.Rest) == 1 && (c.Op == syntax.IS || c.Op == syntax.ISNOT) {
			return ev.is(x, c)
		}
	}
	v, err := ev.expr(x)
	if err != nil {
		return false, err
	}
	yes, static := truth(v)
	if !static {
		return false, ev.noCondition(x, v)
	}
	return yes, nil
}

// is evaluates "is" or "is not" in a condition.
func (ev *evaluator) is(x *syntax.Compare, c syntax.Comparison) (bool, *syntax.Error) {
	l, err := ev.operand(x.X)
	if err != nil {
		return false, err
	}
	r, err := ev.operand(c.Y)
	if err != nil {
		return false, err
	}
	if hasStream(l, r) {
		return c.Op == syntax.ISNOT, nil
	}
	same, err := ev.identical(c, l, r)
	return same == (c.Op == syntax.IS), err
}

// noCondition returns the error for a condition that has no truth.
func (ev *evaluator) noCondition(x syntax.Node, v value) *syntax.Error {
	if _, ok := v.(stream); ok {
		return ev.errorf(syntax.TypeError, x, "condition is a stream; use a conditional expression").
			WithHint("as in: a if s > 0 else b")
	}
	err := ev.errorf(syntax.TypeError, x, "condition is a %s, which is neither true nor false", v.typeName())
	switch v.(type) {
	case filter:
		return err.WithHint("ask whether there is one: f is not None")
	case *closure, function:
		return err.WithHint("call it")
	}
	return err
}

// ---- assert ----

// assert evaluates the message only when the condition does not hold: it may cost, and may
// fail (language-detectors.md 6.8).
func (ev *evaluator) assert(s *syntax.Assert) *syntax.Error {
	yes, err := ev.condition(s.Cond)
	if err != nil || yes {
		return err
	}
	text := "assertion failed: " + onOneLine(ev.src.Slice(s.Cond.Range()))
	if s.Message != nil {
		v, err := ev.operand(s.Message)
		if err != nil {
			return err
		}
		if text, err = ev.message(v); err != nil {
			return err
		}
	}
	return ev.errorf(syntax.AssertionError, s.Cond, "%s", text)
}

// message returns the text of the message of an assert. A dict is a template with the
// values for it (language.md 7.4); it is kept for programs to read as well.
func (ev *evaluator) message(v operand) (string, *syntax.Error) {
	d, ok := v.value.(*dict)
	if !ok {
		return ev.textOf(v)
	}
	ev.fault.reference = map[string]any{}
	for _, e := range d.entries {
		if name, ok := e.key.(text); ok {
			p, err := ev.plain(e.value, v.at)
			if err != nil {
				return "", err
			}
			ev.fault.reference[string(name)] = p
		}
	}
	template, ok := d.get(text("sfui_errorTemplate"))
	if t, isText := template.(text); ok && isText {
		return ev.fill(string(t), d, v.at)
	}
	return ev.textOf(v)
}

// fill replaces each {{{name}}} of a template by the text of the value of that name. A name
// without a value stays as it is.
func (ev *evaluator) fill(template string, d *dict, at syntax.Node) (string, *syntax.Error) {
	var b strings.Builder
	for {
		head, rest, ok := strings.Cut(template, "{{{")
		b.WriteString(head)
		name, tail, closed := strings.Cut(rest, "}}}")
		if !ok || !closed {
			b.WriteString(template[len(head):])
			return b.String(), nil
		}
		if v, ok := d.get(text(strings.TrimSpace(name))); ok {
			t, err := ev.textOf(operand{v, at})
			if err != nil {
				return "", err
			}
			b.WriteString(t)
		} else {
			b.WriteString("{{{" + name + "}}}")
		}
		if err := ev.spendText(b.Len(), at); err != nil {
			return "", err
		}
		template = tail
	}
}

// onOneLine writes the source of an expression without the breaks in it.
func onOneLine(source string) string {
	words := slices.DeleteFunc(strings.Fields(source), func(w string) bool { return w == "\\" })
	return strings.Join(words, " ")
}
