package eval

import (
	"fmt"

	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// closure is a function that a program defines, with the scope that it was defined in
// (language.md 2.13).
type closure struct {
	name     string // "lambda" for a lambda
	src      *syntax.Source
	scope    *scope // outside of the body
	params   []*syntax.Param
	defaults []value // by parameter; nil when it has none
	body     []syntax.Stmt
	result   syntax.Expr // of a lambda, which has no body
}

// define evaluates a definition: its decorators and defaults, once, and binds its name.
func (ev *evaluator) define(d *syntax.Def) *syntax.Error {
	var decorators []operand
	for _, dec := range d.Decorators {
		v, err := ev.decorator(dec)
		if err != nil {
			return err
		}
		decorators = append(decorators, operand{v, dec})
	}
	f := &closure{name: d.Name.Name, src: ev.src, scope: ev.scope, params: d.Params, body: d.Body}
	seen := map[string]*syntax.Ident{}
	for _, p := range d.Params {
		if p.Name != nil {
			if first, ok := seen[p.Name.Name]; ok {
				return resolve.Rebound(ev.src, p.Name, first)
			}
			seen[p.Name.Name] = p.Name
		}
		var def value
		if p.Default != nil {
			var err *syntax.Error
			if def, err = ev.expr(p.Default); err != nil {
				return err
			}
		}
		f.defaults = append(f.defaults, def)
	}
	var result value = f
	for i := len(decorators) - 1; i >= 0; i-- {
		dec := decorators[i]
		var err *syntax.Error
		if result, err = ev.apply(dec, dec.at.Range(), &callArgs{positional: []operand{{result, dec.at}}}); err != nil {
			return err
		}
	}
	return ev.bind(d.Name, result)
}

// decorator evaluates what follows the @: a name of parts, or a call of one.
func (ev *evaluator) decorator(d *syntax.Decorator) (value, *syntax.Error) {
	var x syntax.Expr = d.Name.Parts[0]
	for _, part := range d.Name.Parts[1:] {
		x = &syntax.Attribute{Span: syntax.Span{From: d.Name.From, To: part.To}, X: x, Name: part}
	}
	if d.Call {
		x = &syntax.Call{Span: syntax.Span{From: d.Name.From, To: d.To}, Func: x, Args: d.Args}
	}
	return ev.expr(x)
}

func (ev *evaluator) lambda(x *syntax.Lambda) value {
	return &closure{
		name: "lambda", src: ev.src, scope: ev.scope, result: x.Body,
		params: []*syntax.Param{{Span: x.Param.Span, Name: x.Param}}, defaults: []value{nil},
	}
}

// call evaluates a function or method call.
func (ev *evaluator) call(x *syntax.Call) (value, *syntax.Error) {
	v, err := ev.expr(x.Func)
	if err != nil {
		return nil, err
	}
	callee := operand{v, x.Func}
	name, ok := callable(v)
	if !ok {
		return nil, ev.noFunction(callee)
	}
	at := x.Span
	if m, ok := syntax.Unparen(x.Func).(*syntax.Attribute); ok {
		at.From = m.Name.From // what stands before it is another node's
	}
	outer := ev.graph.Outer
	if f, ok := v.(function); ok && f.outer {
		ev.graph.Outer = true
	}
	c, err := ev.callArgs(x, name)
	ev.graph.Outer = outer
	if err != nil {
		return nil, err
	}
	return ev.apply(callee, at, c)
}

// callable returns the name of a function for messages, and whether the value is one.
func callable(v value) (name string, ok bool) {
	switch f := v.(type) {
	case function:
		return f.name, true
	case *closure:
		return f.name, true
	}
	return "", false
}

func (ev *evaluator) noFunction(callee operand) *syntax.Error {
	return ev.errorf(syntax.TypeError, callee.at, "a %s cannot be called", callee.typeName())
}

// apply calls a function with arguments that are evaluated. at is the call, without what a
// method is called on.
func (ev *evaluator) apply(callee operand, at syntax.Span, c *callArgs) (value, *syntax.Error) {
	switch f := callee.value.(type) {
	case function:
		for _, v := range c.positional {
			if err := ev.spendValue(v.value, at); err != nil {
				return nil, err
			}
		}
		for _, k := range c.keywords {
			if err := ev.spendValue(k.value, at); err != nil {
				return nil, err
			}
		}
		a, err := ev.bindArgs(f, c, at)
		if err != nil {
			return nil, err
		}
		return f.call(a)
	case *closure:
		if ev.depth >= maxDepth {
			return nil, ev.errorf(syntax.LimitError, at, "call depth exceeds %d", maxDepth)
		}
		in := &evaluator{compilation: ev.compilation, src: f.src, scope: newScope(f.scope), depth: ev.depth + 1, body: true}
		if err := ev.bindParams(in, f, at, c); err != nil {
			return nil, err
		}
		v, err := in.run(f)
		if err != nil {
			return nil, ev.called(f.name+"()", at, err)
		}
		return v, nil
	}
	return nil, ev.noFunction(callee)
}

// run evaluates the body of a function whose parameters are bound.
func (ev *evaluator) run(f *closure) (value, *syntax.Error) {
	if f.result != nil {
		return ev.expr(f.result)
	}
	v, err := ev.block(f.body)
	if v == nil && err == nil {
		return none{}, nil // it fell off its end
	}
	return v, err
}

// ---- arguments ----

// bindParams binds the parameters of a function in the scope of its call. An error in
// the arguments is one of the caller, at the caller's place.
func (ev *evaluator) bindParams(in *evaluator, f *closure, at syntax.Span, c *callArgs) *syntax.Error {
	values, err := ev.matchParams(f, c)
	if err != nil {
		return err
	}
	for i, p := range f.params {
		if p.Name == nil {
			continue
		}
		if values[i] == nil {
			values[i] = f.defaults[i]
		}
		if values[i] == nil {
			return ev.missing(f, p, at, c)
		}
		if err := in.bind(p.Name, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// matchParams returns the argument of each parameter, nil where none is given.
func (ev *evaluator) matchParams(f *closure, c *callArgs) ([]value, *syntax.Error) {
	values := make([]value, len(f.params))
	rest := c.positional
	byName := map[string]int{}
	others := -1 // the parameter that takes the keywords that no other takes
	named := false
	for i, p := range f.params {
		switch {
		case p.Stars == 2:
			others = i
			values[i] = &dict{}
			continue
		case p.Stars == 1:
			named = true
			if p.Name != nil {
				values[i] = tuple(plainValues(rest))
				rest = nil
			}
			continue
		case !named && len(rest) > 0:
			values[i] = rest[0].value
			rest = rest[1:]
		}
		byName[p.Name.Name] = i
	}
	if len(rest) > 0 {
		return nil, ev.errorf(syntax.ArgumentError, rest[0].at, "%s() takes %s, got %d", f.name, f.arity(), len(c.positional))
	}
	for _, k := range c.keywords {
		i, ok := byName[k.name]
		switch {
		case ok && values[i] != nil:
			return nil, ev.errorf(syntax.ArgumentError, k.at, "argument '%s' of %s() is given twice", k.name, f.name)
		case ok:
			values[i] = k.value
		case others < 0:
			return nil, ev.unknownKeyword(f, k)
		default:
			d := values[others].(*dict)
			if _, ok := d.get(text(k.name)); ok {
				return nil, ev.errorf(syntax.ArgumentError, k.at, "argument '%s' of %s() is given twice", k.name, f.name)
			}
			d.set(text(k.name), k.value)
		}
	}
	return values, nil
}

// splat adds the entries of a dict to the arguments of a call: f(**options).
func (ev *evaluator) splat(c *callArgs, arg *syntax.Arg, v value) *syntax.Error {
	d, ok := v.(*dict)
	if !ok {
		return ev.errorf(syntax.TypeError, arg, "'**' in a call: expected dict, got %s", v.typeName())
	}
	for _, e := range d.entries {
		name, ok := e.key.(text)
		if !ok {
			return ev.errorf(syntax.TypeError, arg, "'**' in a call: expected names for keys, got a %s", e.key.typeName())
		}
		c.keywords = append(c.keywords, keywordArg{string(name), arg, operand{e.value, arg}})
	}
	return ev.spend(4*len(d.entries), arg) // each is bound, and perhaps put into a dict again
}

func plainValues(list []operand) []value {
	values := make([]value, len(list))
	for i, v := range list {
		values[i] = v.value
	}
	return values
}

func (ev *evaluator) unknownKeyword(f *closure, k keywordArg) *syntax.Error {
	err := ev.errorf(syntax.ArgumentError, nameOf(k.at), "%s() has no argument '%s'", f.name, k.name)
	var names []string
	for _, p := range f.params {
		if p.Name != nil && p.Stars == 0 {
			names = append(names, p.Name.Name)
		}
	}
	if near := spell.Nearest(k.name, names); near != "" {
		err = err.WithHint("did you mean '%s'?", near)
	}
	return err
}

func (ev *evaluator) missing(f *closure, p *syntax.Param, at syntax.Span, c *callArgs) *syntax.Error {
	if len(c.positional)+len(c.keywords) == 0 {
		return ev.errorf(syntax.ArgumentError, at, "%s() takes %s, got 0", f.name, f.arity()).
			WithHint("argument '%s' is missing", p.Name.Name)
	}
	return ev.errorf(syntax.ArgumentError, at, "argument '%s' of %s() is missing", p.Name.Name, f.name)
}

// arity tells how many arguments a call takes by place.
func (f *closure) arity() string {
	least, most := 0, 0
	for i, p := range f.params {
		if p.Stars > 0 {
			if p.Stars == 1 && p.Name != nil {
				return "at least " + count(least, "argument")
			}
			break
		}
		most++
		if f.defaults[i] == nil {
			least = most
		}
	}
	switch {
	case least == most:
		return count(most, "argument")
	case least == 0:
		return "at most " + count(most, "argument")
	}
	return fmt.Sprintf("%d to %s", least, count(most, "argument"))
}
