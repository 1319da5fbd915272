package eval

import (
	"fmt"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// builtin is a function or method of the language. Its signature is data, so that one
// helper binds the arguments of all of them, and so that all argument errors sound alike.
type builtin struct {
	name     string
	params   []param
	doc      string // what it does, one line of docs/language.md
	stream   bool   // a function that makes a stream of whatever it is given
	booleans bool   // a method that streams of booleans have as well
	numbers  bool   // of booleans it makes numbers, which only this implementation does
	outer    bool   // the operators in its arguments pair a series without a partner with None
	instead  string // the name that has taken the place of an old one

	excludes [][2]string // arguments that cannot be combined
	needs    [][2]string // the first says nothing without the second
	either   [][2]string // one of the two is required

	call func(*args) (value, *syntax.Error)
}

// param is one parameter. None in place of an optional argument equals leaving it out.
type param struct {
	name     string
	want     *want
	def      string // the default as written; empty: the argument is required
	rest     bool   // takes every further positional argument, at least one
	optional bool   // of a rest: none will do
	named    bool   // by keyword only
	keywords bool   // takes every keyword argument that no other parameter has the name of
}

// signature returns the parameters as a program would declare them.
func (b *builtin) signature() string {
	var parts []string
	star := false
	for _, p := range b.params {
		text := p.name
		switch {
		case p.rest:
			text, star = "*"+text, true
		case p.keywords:
			text = "**" + text
		case p.named && !star:
			parts, star = append(parts, "*"), true
		}
		if p.def != "" {
			text += "=" + p.def
		}
		parts = append(parts, text)
	}
	return b.name + "(" + strings.Join(parts, ", ") + ")"
}

// args holds the arguments of one call, converted to what their parameters want.
type args struct {
	ev     *evaluator
	fn     function
	at     syntax.Span     // the call, without what its method is called on
	values []operand       // by parameter; without a value when not given, or given as None
	rest   []operand       // what a rest parameter has taken
	more   []keywordArg    // what a keywords parameter has taken
	taken  map[string]bool // the names of these
}

// callArgs holds the arguments of one call in the order of the program, evaluated, before
// they are matched with parameters: of a built-in or of a function of the program.
type callArgs struct {
	positional []operand
	keywords   []keywordArg
}

// keywordArg is an argument that is given by name.
type keywordArg struct {
	name string
	at   syntax.Node // the name and the value
	operand
}

// callArgs evaluates the arguments of a call to the function of a name.
func (ev *evaluator) callArgs(x *syntax.Call, name string) (*callArgs, *syntax.Error) {
	c := &callArgs{}
	for _, arg := range x.Args {
		v, err := ev.operand(arg.Value)
		if err != nil {
			return nil, err
		}
		switch {
		case arg.Stars == 2:
			if err := ev.splat(c, arg, v.value); err != nil {
				return nil, err
			}
		case arg.Stars == 1:
			elems, ok := elements(v.value)
			if !ok {
				return nil, ev.errorf(syntax.TypeError, arg, "'*' in a call: expected list or tuple, got %s", v.typeName())
			}
			if err := ev.spend(len(elems), arg); err != nil {
				return nil, err
			}
			for _, e := range elems {
				c.positional = append(c.positional, operand{e, arg})
			}
		case arg.Name != nil:
			c.keywords = append(c.keywords, keywordArg{arg.Name.Name, arg, v})
		case len(c.keywords) > 0:
			return nil, ev.errorf(syntax.ArgumentError, arg, "positional argument of %s() follows a keyword argument", name)
		default:
			c.positional = append(c.positional, v)
		}
	}
	return c, nil
}

// bindArgs matches the arguments of a call with the parameters of a built-in.
func (ev *evaluator) bindArgs(f function, c *callArgs, at syntax.Span) (*args, *syntax.Error) {
	if s, ok := f.on.(stream); ok && s.boolean && f.numbers {
		ev.warn(RuleBooleanNumbers, ev.errorf(syntax.TypeError, at, "%s() of a boolean stream takes True for 1 and False for 0, which the service may refuse", f.name).
			WithHint("write (1 if s else 0).%s()", f.name))
	}
	if f.instead != "" {
		ev.warn(RuleDeprecated, ev.errorf(syntax.NameError, at, "%s() is an old name", f.name).WithHint("write %s()", f.instead))
	}
	a := &args{ev: ev, fn: f, at: at, values: make([]operand, len(f.params))}
	for _, k := range c.keywords {
		if err := a.keyword(k); err != nil {
			return nil, err
		}
	}
	if err := a.positional(c.positional); err != nil {
		return nil, err
	}
	if err := a.complete(len(c.positional) + len(c.keywords)); err != nil {
		return nil, err
	}
	return a, a.together()
}

// keyword binds an argument that is given by name.
func (a *args) keyword(k keywordArg) *syntax.Error {
	for i, p := range a.fn.params {
		if p.keywords {
			return a.another(p, k)
		}
		if p.name != k.name || p.rest {
			continue
		}
		if a.values[i].at != nil {
			return a.twice(p, k.at)
		}
		return a.set(i, k.operand)
	}
	err := a.ev.errorf(syntax.ArgumentError, nameOf(k.at), "%s() has no argument '%s'", a.fn.name, k.name)
	if hint := a.fn.argumentHint(k.name); hint != "" {
		err = err.WithHint("%s", hint)
	}
	return err
}

// keywords returns the names that arguments can be given by.
func (b *builtin) keywords() []string {
	var names []string
	for _, p := range b.params {
		if !p.rest && !p.keywords {
			names = append(names, p.name)
		}
	}
	return names
}

// another keeps a keyword argument that no parameter has the name of.
func (a *args) another(p param, k keywordArg) *syntax.Error {
	if a.taken == nil {
		a.taken = map[string]bool{}
	}
	if a.taken[k.name] {
		return a.twice(param{name: k.name}, k.at)
	}
	a.taken[k.name] = true
	p.name = k.name
	v, err := a.convert(p, k.operand)
	if err != nil {
		if near := spell.Nearest(k.name, a.fn.keywords()); near != "" {
			err = err.WithHint("did you mean '%s'?", near)
		}
		return err
	}
	k.operand = v
	a.more = append(a.more, k)
	return nil
}

// nameOf returns the place of the name of a keyword argument; one that comes out of a dict
// has none of its own.
func nameOf(at syntax.Node) syntax.Node {
	if arg, ok := at.(*syntax.Arg); ok && arg.Name != nil {
		return arg.Name
	}
	return at
}

func (a *args) twice(p param, at syntax.Node) *syntax.Error {
	return a.ev.errorf(syntax.ArgumentError, at, "argument '%s' of %s() is given twice", p.name, a.fn.name)
}

// positional binds the arguments that are given by place, in order.
func (a *args) positional(values []operand) *syntax.Error {
	next := 0
	for i, p := range a.fn.params {
		switch {
		case p.named, p.keywords:
		case p.rest:
			for ; next < len(values); next++ {
				v, err := a.convert(p, values[next])
				if err != nil {
					return err
				}
				a.rest = append(a.rest, v)
			}
		case next < len(values):
			if a.values[i].at != nil {
				return a.twice(p, values[next].at)
			}
			if err := a.set(i, values[next]); err != nil {
				return err
			}
			next++
		}
	}
	if next < len(values) {
		return a.ev.errorf(syntax.ArgumentError, values[next].at, "%s() takes %s, got %d", a.fn.name, a.fn.arity(), len(values))
	}
	return nil
}

// arity tells how many arguments a call takes by place.
func (b *builtin) arity() string {
	least, most := 0, 0
	for _, p := range b.params {
		switch {
		case p.rest && p.optional:
			return "at least " + count(least, "argument")
		case p.rest:
			return "at least " + count(least+1, "argument")
		case p.named, p.keywords:
		case p.def == "":
			least++
			fallthrough
		default:
			most++
		}
	}
	switch least {
	case most:
		return count(most, "argument")
	case 0:
		return "at most " + count(most, "argument")
	}
	return fmt.Sprintf("%d to %s", least, count(most, "argument"))
}

// complete reports the first required argument that is not given.
func (a *args) complete(given int) *syntax.Error {
	for i, p := range a.fn.params {
		if p.def != "" || a.values[i].value != nil || p.rest && (p.optional || len(a.rest) > 0) || p.keywords {
			continue
		}
		if given == 0 {
			return a.ev.errorf(syntax.ArgumentError, a.at, "%s() takes %s, got 0", a.fn.name, a.fn.arity()).
				WithHint("argument '%s' is missing", p.name)
		}
		return a.ev.errorf(syntax.ArgumentError, a.at, "argument '%s' of %s() is missing", p.name, a.fn.name)
	}
	return nil
}

// set converts and keeps the argument of one parameter.
func (a *args) set(i int, v operand) *syntax.Error {
	p := a.fn.params[i]
	a.values[i].at = v.at
	if p.def != "" && isNone(v) && p.want != wantAny {
		return nil
	}
	v, err := a.convert(p, v)
	a.values[i] = v
	return err
}

func (a *args) convert(p param, v operand) (operand, *syntax.Error) {
	converted, problem := p.want.take(v.value)
	switch {
	case problem != "":
		err := a.bad(v, p.name, "%s", problem)
		if p.want.hint != nil {
			err.Hint = p.want.hint(v.value)
		}
		return v, err
	case converted == nil:
		err := a.ev.errorf(syntax.TypeError, v.at, "argument '%s' of %s(): expected %s, got %s", p.name, a.fn.name, p.want.name, p.want.got(v.value))
		if p.want.hint != nil {
			err.Hint = p.want.hint(v.value)
		}
		if _, ok := elements(v.value); ok && p.rest {
			err.Hint = "write * before the list to pass its elements"
		}
		return v, err
	}
	return operand{converted, v.at}, nil
}

// bad returns the error for an argument that has the right type and a wrong value.
func (a *args) bad(v operand, name, format string, rest ...any) *syntax.Error {
	return a.ev.errorf(syntax.ArgumentError, v.at, "argument '%s' of %s(): %s", name, a.fn.name, fmt.Sprintf(format, rest...))
}

// get returns an argument by the name of its parameter; without a value if it is not given.
func (a *args) get(name string) operand {
	for i, p := range a.fn.params {
		if p.name == name {
			return a.values[i]
		}
	}
	panic("eval: " + a.fn.name + "() has no parameter " + name)
}
