package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// closure is a function that a program defines, with the scope that it was defined in
// (language.md 2.13).
type closure struct {
	*builtin // its name and parameters, which bind their arguments as those of a built-in do

	names    []*syntax.Ident // of the parameters
	defaults []value         // of the parameters; nil when one has none
	src      *syntax.Source
	scope    *scope // outside of the body
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
	f := &closure{builtin: &builtin{name: d.Name.Name}, src: ev.src, scope: ev.scope, body: d.Body}
	if err := ev.parameters(f, d.Params); err != nil {
		return err
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

// parameters evaluates the parameters of a definition.
func (ev *evaluator) parameters(f *closure, list []*syntax.Param) *syntax.Error {
	seen := map[string]*syntax.Ident{}
	named := false
	for _, p := range list {
		if p.Name == nil { // a bare star
			named = true
			continue
		}
		if first, ok := seen[p.Name.Name]; ok {
			return resolve.Rebound(ev.src, p.Name, first)
		}
		seen[p.Name.Name] = p.Name
		var def value
		if p.Default != nil {
			var err *syntax.Error
			if def, err = ev.expr(p.Default); err != nil {
				return err
			}
		}
		param := param{name: p.Name.Name, want: wantAny, rest: p.Stars == 1, optional: true, named: named, keywords: p.Stars == 2}
		if def != nil {
			param.def = ev.src.Slice(p.Default.Range())
		}
		named = named || param.rest
		f.names, f.defaults, f.params = append(f.names, p.Name), append(f.defaults, def), append(f.params, param)
	}
	return nil
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
		builtin: &builtin{name: "lambda", params: []param{{name: x.Param.Name, want: wantAny}}},
		names:   []*syntax.Ident{x.Param}, defaults: []value{nil},
		src: ev.src, scope: ev.scope, result: x.Body,
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

// bindParams binds the parameters of a function in the scope of its call. An error in the
// arguments is one of the caller, at the caller's place.
func (ev *evaluator) bindParams(in *evaluator, f *closure, at syntax.Span, c *callArgs) *syntax.Error {
	a, err := ev.bindArgs(function{builtin: f.builtin}, c, at)
	if err != nil {
		return err
	}
	for i, p := range f.params {
		v := a.values[i].value
		switch {
		case p.rest:
			v = tuple(values(a.rest))
		case p.keywords:
			d := &dict{}
			for _, k := range a.more {
				d.set(text(k.name), k.value)
			}
			v = d
		case v == nil:
			v = f.defaults[i]
		}
		if err := in.bind(f.names[i], v); err != nil {
			return err
		}
	}
	return nil
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

func values(list []operand) []value {
	plain := make([]value, len(list))
	for i, v := range list {
		plain[i] = v.value
	}
	return plain
}
