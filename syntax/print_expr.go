package syntax

import "strings"

// expr makes pieces of an expression; hang tells whether the lines of a chain after the
// first are indented.
func (b *builder) expr(x Expr, hang bool) {
	switch x := x.(type) {
	case *Ident:
		b.word(x.From, x.Name)
	case *Number:
		b.word(x.From, x.Text)
	case *Constant:
		b.word(x.From, x.Kind.String())
	case *Text:
		b.strings(x, hang)
	case *Unary:
		op := x.Op.String()
		if x.Op == NOT {
			op = "not "
		}
		b.word(x.From, op)
		b.expr(x.X, hang)
	case *Binary:
		b.binary(x, hang)
	case *Compare:
		b.compare(x, hang)
	case *Conditional:
		b.conditional(x, hang)
	case *Lambda:
		b.word(x.From, "lambda ")
		b.word(x.Param.From, x.Param.Name+": ")
		b.expr(x.Body, true)
	case *Call, *Index, *Slice, *Attribute:
		b.expr(operand(x), hang)
		b.postfix(x)
	default:
		b.display(x)
	}
}

// display makes pieces of an expression in brackets.
func (b *builder) display(x Expr) {
	end := x.Range().To - 1
	switch x := x.(type) {
	case *Paren:
		b.one("(", ")", x.X.Range().From, end, func() {
			if !b.methods(x.X) {
				b.expr(x.X, false)
			}
		})
	case *List:
		b.exprs(piece{text: "[", end: "]", comma: true}, end, x.Elems)
	case *Tuple:
		if x.Parens {
			b.exprs(piece{text: "(", end: ")", comma: true, single: len(x.Elems) == 1}, end, x.Elems)
		} else {
			b.bareTuple(x)
		}
	case *Dict:
		from := func(i int) Pos { return x.Entries[i].From }
		b.brackets(piece{text: "{", end: "}", comma: true}, end, len(x.Entries), from, func(i int) {
			b.expr(x.Entries[i].Key, true)
			b.text(": ")
			b.expr(x.Entries[i].Value, true)
		})
	case *Comprehension:
		switch {
		case !x.Generator:
			b.one("[", "]", x.Elem.Range().From, end, func() { b.comprehension(x) })
		case x.Elem.Range().From > x.From:
			b.one("(", ")", x.Elem.Range().From, end, func() { b.comprehension(x) })
		default: // the only thing in the parentheses of a call, or one of its arguments
			b.comprehension(x)
		}
	}
}

// one makes a piece of brackets that hold one expression and never a comma.
func (b *builder) one(open, shut string, from, end Pos, element func()) {
	b.brackets(piece{text: open, end: shut}, end, 1, func(int) Pos { return from }, func(int) { element() })
}

func (b *builder) exprs(p piece, end Pos, list []Expr) {
	from := func(i int) Pos { return list[i].Range().From }
	b.brackets(p, end, len(list), from, func(i int) { b.expr(list[i], len(list) > 1) })
}

func (b *builder) bareTuple(t *Tuple) {
	for i, x := range t.Elems {
		if i > 0 {
			b.text(", ")
		}
		b.expr(x, true)
	}
	if len(t.Elems) == 1 {
		b.text(",")
	}
}

func (b *builder) slice(x *Slice) {
	from := x.To - 1
	for _, bound := range []Expr{x.Hi, x.Lo} {
		if bound != nil {
			from = bound.Range().From
		}
	}
	b.one("[", "]", from, x.To-1, func() {
		if x.Lo != nil {
			b.expr(x.Lo, false)
		}
		b.text(":")
		if x.Hi != nil {
			b.expr(x.Hi, false)
		}
	})
}

// args makes a piece of the arguments of a call. A comma may not end them after a star, and
// does not where one expression is all.
func (b *builder) args(list []*Arg, end Pos) {
	comma := true
	for _, a := range list {
		comma = comma && a.Stars == 0 && (len(list) > 1 || a.Name != nil)
	}
	from := func(i int) Pos { return list[i].From }
	b.brackets(piece{text: "(", end: ")", comma: comma}, end, len(list), from, func(i int) {
		a := list[i]
		switch {
		case a.Stars > 0:
			b.word(a.From, "**"[:a.Stars])
		case a.Name != nil:
			b.word(a.From, a.Name.Name+"=")
		}
		b.expr(a.Value, len(list) > 1 || a.Name != nil)
	})
}

// strings makes pieces of a string, or of several that stand side by side.
func (b *builder) strings(x *Text, hang bool) {
	if x.Parts == nil {
		b.word(x.From, quoted(b.src.Slice(x.Span)))
		return
	}
	from := func(i int) Pos { return x.Parts[i].From }
	b.chain(" ", hang, len(x.Parts), from, func(i int) {
		b.word(from(i), quoted(b.src.Slice(x.Parts[i])))
	})
}

// quoted returns a string as it is printed: in single quotes, if nothing in it cares.
func quoted(raw string) string {
	if body := raw[1 : len(raw)-1]; !strings.ContainsAny(body, `'"\`) {
		return "'" + body + "'"
	}
	return raw
}

// binary makes one chain of operators of the same level.
func (b *builder) binary(x *Binary, hang bool) {
	if x.Op == POWER {
		b.expr(x.X, hang)
		b.word(x.OpAt.From, " ** ")
		b.expr(x.Y, hang)
		return
	}
	level := precedence[x.Op]
	links := []*Binary{x} // the last one first
	left := x.X
	for {
		l, ok := left.(*Binary)
		if !ok || precedence[l.Op] != level {
			break
		}
		links, left = append(links, l), l.X
	}
	link := func(i int) *Binary { return links[len(links)-i] }
	from := func(i int) Pos { return link(i).OpAt.From }
	b.chain(" ", hang, len(links)+1, from, func(i int) {
		if i == 0 {
			b.expr(left, true)
			return
		}
		b.word(from(i), link(i).Op.String()+" ")
		b.expr(link(i).Y, true)
	})
}

func (b *builder) compare(x *Compare, hang bool) {
	from := func(i int) Pos { return x.Rest[i-1].OpAt.From }
	b.chain(" ", hang, len(x.Rest)+1, from, func(i int) {
		if i == 0 {
			b.expr(x.X, true)
			return
		}
		b.word(from(i), x.Rest[i-1].Op.String()+" ")
		b.expr(x.Rest[i-1].Y, true)
	})
}

// conditional makes one chain of conditionals that follow each other's else.
func (b *builder) conditional(x *Conditional, hang bool) {
	operands := []Expr{x.Then, x.Cond}
	last := x.Else
	for {
		c, ok := last.(*Conditional)
		if !ok {
			break
		}
		operands, last = append(operands, c.Then, c.Cond), c.Else
	}
	operands = append(operands, last)
	from := func(i int) Pos { return operands[i].Range().From }
	b.chain(" ", hang, len(operands), from, func(i int) {
		switch {
		case i == 0:
		case i%2 == 1:
			b.word(from(i), "if ")
		default:
			b.word(from(i), "else ")
		}
		b.expr(operands[i], true)
	})
}

func (b *builder) comprehension(x *Comprehension) {
	from := func(i int) Pos { return x.Clauses[i-1].From }
	b.chain(" ", false, len(x.Clauses)+1, from, func(i int) {
		if i == 0 {
			b.expr(x.Elem, true)
			return
		}
		c := x.Clauses[i-1]
		if c.Names == nil {
			b.word(c.From, "if ")
		} else {
			b.word(c.From, "for ")
			b.names(c.Names, c.Unpack)
			b.text(" in ")
		}
		b.expr(c.X, true)
	})
}

// names makes pieces of the names that are bound by an assignment or in a comprehension.
func (b *builder) names(list []*Ident, unpack bool) {
	for i, id := range list {
		if i > 0 {
			b.text(", ")
		}
		b.word(id.From, id.Name)
	}
	if unpack && len(list) == 1 {
		b.text(",")
	}
}

// methods makes a chain of the calls of methods on one another, if there are two or more,
// and reports whether it did.
func (b *builder) methods(x Expr) bool {
	var links []Expr // the last one first
	calls := 0
	start := x
	for below := operand(start); below != nil; below = operand(start) {
		if _, ok := start.(*Attribute); ok {
			calls++
		}
		links, start = append(links, start), below
	}
	if calls < 2 {
		return false
	}
	// Each part goes from one attribute to the next; the first is what they begin with.
	var parts [][]Expr
	part := []Expr{}
	for i := len(links) - 1; i >= 0; i-- {
		if _, ok := links[i].(*Attribute); ok {
			parts = append(parts, part)
			part = nil
		}
		part = append(part, links[i])
	}
	parts = append(parts, part)
	from := func(i int) Pos { return parts[i][0].(*Attribute).Name.From }
	b.chain("", false, len(parts), from, func(i int) {
		if i == 0 {
			b.expr(start, true)
		}
		for _, l := range parts[i] {
			b.postfix(l)
		}
	})
	return true
}

// operand returns what a call, index, slice or attribute is of, and nil for any other.
func operand(x Expr) Expr {
	switch x := x.(type) {
	case *Call:
		return x.Func
	case *Index:
		return x.X
	case *Slice:
		return x.X
	case *Attribute:
		return x.X
	}
	return nil
}

// postfix makes a piece of the last call, index or attribute of an expression.
func (b *builder) postfix(x Expr) {
	switch x := x.(type) {
	case *Attribute:
		b.word(x.Name.From, "."+x.Name.Name)
	case *Call:
		b.args(x.Args, x.End.From)
	case *Index:
		b.one("[", "]", x.I.Range().From, x.To-1, func() { b.expr(x.I, false) })
	case *Slice:
		b.slice(x)
	}
}
