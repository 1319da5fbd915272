package syntax

// Format returns a program in the one style of docs/style.md. It keeps every comment and
// every token but the commas at the end of brackets, the quotes of plain strings, semicolons
// and "<>"; what it returns is formatted as it is. An error is that of Parse.
func Format(name, text string) (string, error) {
	file, err := Parse(name, text)
	if err != nil {
		return "", err
	}
	return Print(file), nil
}

// Print returns the text of a tree that Parse made, in the style of Format. A *Bad is
// printed as it stood.
func Print(file *File) string {
	p := &printer{builder: builder{src: file.Source, notes: file.Comments}, first: true}
	p.block(file.Stmts, 0, -1, file.To)
	return string(p.out.buf)
}

// printer prints statements; indent is where they begin.
type printer struct {
	builder
	out   layout
	last  int  // line of the text where what was printed last ends
	first bool // nothing of the block is printed
}

// block prints statements and the comments behind them: those before an offset that are
// indented more than the header of the block.
func (p *printer) block(stmts []Stmt, indent, header int, end Pos) {
	afterDef := false
	for i, s := range stmts {
		next := end
		if i+1 < len(stmts) {
			next = stmts[i+1].Range().From
		}
		p.above(p.notesBefore(s.Range().From, -1), s, indent, afterDef)
		p.statement(s, indent, next)
		_, afterDef = s.(*Def)
	}
	p.above(p.notesBefore(end, header), nil, indent, afterDef)
}

// notesBefore counts the comments before an offset that are indented more than a header.
func (p *printer) notesBefore(end Pos, header int) int {
	for i, c := range p.notes {
		if c.From >= end || p.src.indentation(c.From) <= header {
			return i
		}
	}
	return len(p.notes)
}

// above prints the next n comments on lines of their own, and the blank lines around them
// and before the statement that follows; nil is none. One blank line is kept where there
// are some, and there is one on both sides of a definition with the comments that touch it.
func (p *printer) above(n int, next Stmt, indent int, afterDef bool) {
	lines := make([]int, 0, n+1)
	for _, c := range p.notes[:n] {
		lines = append(lines, p.lineOf(c.From))
	}
	touching := -1 // index of the line on which a definition begins, with its comments
	if next != nil {
		lines = append(lines, p.lineOf(next.Range().From))
		if _, ok := next.(*Def); ok {
			for touching = n; touching > 0 && lines[touching]-lines[touching-1] == 1; {
				touching--
			}
		}
	}
	for i, line := range lines {
		if !p.first && (line-p.last > 1 || i == 0 && afterDef || i == touching) {
			p.out.endLine()
		}
		p.first, p.last = false, line
		if i < n {
			p.start(indent, false)
			p.out.write(noteText(p.notes[i]))
			p.out.endLine()
		}
	}
	p.notes = p.notes[n:]
}

func (p *printer) lineOf(at Pos) int { return p.src.Position(at).Line }

// start begins a line of a statement, or of a header: its second line is indented more than
// its block.
func (p *printer) start(indent int, header bool) {
	p.out.base, p.out.next = indent, indent+indentWidth
	if header {
		p.out.next += indentWidth
	}
	p.out.begin(indent)
}

// end prints what was made as the line of a statement or header that ended at an offset,
// with the comment behind it, if that stands before another offset.
func (p *printer) end(indent int, at, next Pos) {
	p.out.statement(p.made, indent)
	p.made = p.made[:0]
	if len(p.notes) > 0 && p.notes[0].From < next && !p.src.alone(p.notes[0]) {
		p.out.note(noteText(p.notes[0]))
		p.notes = p.notes[1:]
	}
	p.out.endLine()
	p.first, p.last = false, p.lineOf(at)
}

// statement prints a statement; next is where something follows that is not part of it.
func (p *printer) statement(s Stmt, indent int, next Pos) {
	switch s := s.(type) {
	case *If:
		p.ifStatement(s, indent, next)
	case *Def:
		p.def(s, indent, next)
	default:
		p.start(indent, false)
		p.simple(s)
		p.end(indent, s.Range().To, next)
	}
}

// simple makes pieces of a statement without blocks.
func (p *printer) simple(s Stmt) {
	switch s := s.(type) {
	case *ExprStmt:
		p.expr(s.X, true)
	case *Assign:
		p.names(s.Names, s.Unpack)
		p.text(" = ")
		p.expr(s.Value, true)
	case *Return:
		p.text("return")
		if s.Value != nil {
			p.text(" ")
			p.expr(s.Value, true)
		}
	case *Assert:
		p.text("assert ")
		p.expr(s.Cond, true)
		if s.Message != nil {
			p.text(", ")
			p.expr(s.Message, true)
		}
	case *Import:
		p.text("import ")
		for i, name := range s.Modules {
			if i > 0 {
				p.text(", ")
			}
			p.importName(name)
		}
	case *FromImport:
		p.fromImport(s)
	case *Bad:
		p.text(p.src.Slice(s.Span))
	}
}

func (p *printer) fromImport(s *FromImport) {
	p.text("from ")
	p.dotted(s.Module)
	p.text(" import ")
	if s.Star {
		p.text("*")
		return
	}
	from := func(i int) Pos { return s.Names[i].From }
	p.brackets(piece{text: "(", end: ")", comma: true, bare: true}, s.To, len(s.Names), from, func(i int) {
		p.importName(s.Names[i])
	})
}

func (p *printer) importName(n *ImportName) {
	p.dotted(n.Path)
	if n.As != nil {
		p.text(" as ")
		p.word(n.As.From, n.As.Name)
	}
}

func (p *printer) dotted(d *Dotted) {
	for i, part := range d.Parts {
		if i > 0 {
			p.text(".")
		}
		p.word(part.From, part.Name)
	}
}

func (p *printer) ifStatement(s *If, indent int, next Pos) {
	header := p.src.indentation(s.From)
	word := "if "
	for i, b := range s.Branches {
		end := next
		switch {
		case i+1 < len(s.Branches):
			end = s.Branches[i+1].From
		case s.Else != nil:
			end = s.ElseAt.From
		}
		p.clause(b.From, indent)
		p.text(word)
		p.expr(b.Cond, true)
		p.text(":")
		p.suite(b.Body, b.Cond.Range().To, indent, header, end)
		word = "elif "
	}
	if s.Else != nil {
		p.clause(s.ElseAt.From, indent)
		p.text("else:")
		p.suite(s.Else, s.ElseAt.To, indent, header, next)
	}
}

// clause begins the line of a header, below the comments that stand before it.
func (p *printer) clause(at Pos, indent int) {
	p.first = true
	p.above(p.notesBefore(at, -1), nil, indent, false)
	p.start(indent, true)
}

// suite prints the header that was made, which ends at an offset, and its block.
func (p *printer) suite(body []Stmt, at Pos, indent, header int, next Pos) {
	p.end(indent, at, body[0].Range().From)
	p.first = true
	p.block(body, indent+indentWidth, header, next)
}

func (p *printer) def(d *Def, indent int, next Pos) {
	for _, dec := range d.Decorators {
		p.clause(dec.From, indent)
		p.text("@")
		p.dotted(dec.Name)
		if dec.Call {
			p.args(dec.Args, dec.To-1)
		}
		p.end(indent, dec.To, d.Name.From)
	}
	p.clause(d.Name.From, indent)
	p.text("def " + d.Name.Name)
	p.params(d)
	p.text(":")
	p.suite(d.Body, d.ParamsEnd.To, indent, p.src.indentation(d.From), next)
}

// params makes a piece of the parameters; a comma may not end them after a star.
func (p *printer) params(d *Def) {
	comma := true
	for _, param := range d.Params {
		comma = comma && param.Stars == 0
	}
	from := func(i int) Pos { return d.Params[i].From }
	p.brackets(piece{text: "(", end: ")", comma: comma}, d.ParamsEnd.From, len(d.Params), from, func(i int) {
		param := d.Params[i]
		p.word(param.From, "**"[:param.Stars])
		if param.Name != nil {
			p.word(param.Name.From, param.Name.Name)
		}
		equals := "="
		if param.Annotation != nil {
			p.text(": ")
			p.word(param.Annotation.From, param.Annotation.Name)
			equals = " = "
		}
		if param.Default != nil {
			p.text(equals)
			p.expr(param.Default, true)
		}
	})
}
