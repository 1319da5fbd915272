package lint

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// chains reports comparisons of more than two operands (language.md 1.10): the grammar
// takes them, and no document says what they mean.
func (c *check) chains() {
	var parents []syntax.Node
	var visit func(n syntax.Node) bool
	visit = func(n syntax.Node) bool {
		if cmp, ok := n.(*syntax.Compare); ok && len(cmp.Rest) > 1 {
			f := c.report("chained-comparison", cmp.Span, "a chain of comparisons, which the service may read in another way or refuse", "join two comparisons with 'and'")
			f.Fix = c.unchain(cmp, parents[len(parents)-1])
		}
		parents = append(parents, n)
		for _, child := range children(n) {
			syntax.Walk(child, visit)
		}
		parents = parents[:len(parents)-1]
		return false
	}
	syntax.Walk(c.file, visit)
}

// children returns the nodes right below a node.
func children(n syntax.Node) []syntax.Node {
	var list []syntax.Node
	syntax.Walk(n, func(m syntax.Node) bool {
		if m == n {
			return true
		}
		list = append(list, m)
		return false
	})
	return list
}

// unchain writes a < b < c as a < b and b < c, if what stands between can be written twice.
func (c *check) unchain(cmp *syntax.Compare, parent syntax.Node) []Edit {
	text := c.src.Slice(cmp.X.Range())
	left := ""
	for i, part := range cmp.Rest {
		right := c.src.Slice(part.Y.Range())
		if i > 0 {
			text += " and " + left
		}
		text += " " + part.Op.String() + " " + right
		switch part.Y.(type) {
		case *syntax.Ident, *syntax.Number:
		default:
			if i < len(cmp.Rest)-1 {
				return nil
			}
		}
		left = right
	}
	switch parent.(type) {
	case *syntax.Paren, *syntax.Lambda, *syntax.Arg, *syntax.Assign, *syntax.ExprStmt:
	default:
		text = "(" + text + ")"
	}
	if c.src.Position(cmp.From).Line != c.src.Position(cmp.To).Line {
		return nil // what is between the lines would be lost
	}
	return []Edit{{cmp.Span, text}}
}

// unused reports names that are bound and nowhere used. At the top level of a module, all
// names are for others; an SLO reads those that it names.
func (c *check) unused() {
	u := c.usage
	exports := c.module()
	for _, l := range c.program.Labels {
		if c.program.Kind == SLO {
			u.used[l.Text] = true
			exports = exports || !l.Known
		}
	}
	c.unusedIn(c.file.Stmts, u, exports)
}

// module reports whether a program only binds names, for others to import.
func (c *check) module() bool {
	if c.program.Kind != Flow {
		return false
	}
	for _, s := range c.file.Stmts {
		switch s := s.(type) {
		case *syntax.Assign:
			if c.graph != nil && c.mayPublish(s.Value) {
				return false
			}
		case *syntax.Def, *syntax.Import, *syntax.FromImport, *syntax.Assert, *syntax.If:
		default:
			return false
		}
	}
	return c.graph == nil || !c.publishes() && len(c.sources()) == 0
}

func (c *check) publishes() bool {
	for _, n := range c.graph.Nodes {
		if _, ok := n.Op.(*graph.Publish); ok {
			return true
		}
	}
	return false
}

// sources returns the nodes that read something.
func (c *check) sources() []graph.NodeID {
	var list []graph.NodeID
	for i, n := range c.graph.Nodes {
		if len(n.Inputs) == 0 && n.Span.File == "" {
			switch n.Op.(type) {
			case *graph.Fetch, *graph.PathFetch, *graph.HistogramFetch, *graph.EventFetch, *graph.AlertFetch:
				list = append(list, graph.NodeID(i))
			}
		}
	}
	return list
}

// usage is which names of a file are used, which identifiers only bind or name, and which
// names may be bound to what can be called: a function, a module, a parameter.
type usage struct {
	used, callable map[string]bool
	binds          map[*syntax.Ident]bool
}

func usageOf(f *syntax.File) *usage {
	u := &usage{used: map[string]bool{}, callable: map[string]bool{}, binds: map[*syntax.Ident]bool{}}
	syntax.Walk(f, u.bind)
	syntax.Walk(f, u.use)
	return u
}

// bind notes the identifiers of a node that do not use a name.
func (u *usage) bind(n syntax.Node) bool {
	note := func(ids ...*syntax.Ident) {
		for _, id := range ids {
			u.binds[id] = true
		}
	}
	call := func(id *syntax.Ident) {
		if note(id); id != nil {
			u.callable[id.Name] = true
		}
	}
	switch n := n.(type) {
	case *syntax.Assign:
		note(n.Names...)
		if _, ok := syntax.Unparen(n.Value).(*syntax.Lambda); ok {
			call(n.Names[0])
		}
	case *syntax.Def:
		call(n.Name)
	case *syntax.Param:
		call(n.Name)
		note(n.Annotation)
	case *syntax.Arg:
		note(n.Name)
	case *syntax.Attribute:
		note(n.Name)
	case *syntax.Clause:
		note(n.Names...)
	case *syntax.Lambda:
		note(n.Param)
	case *syntax.Decorator:
		note(n.Name.Parts[1:]...)
	case *syntax.FromImport:
		note(n.Module.Parts...)
	case *syntax.ImportName:
		note(n.Path.Parts...)
		call(n.Path.Parts[0])
		call(n.As)
	}
	return true
}

func (u *usage) use(n syntax.Node) bool {
	if id, ok := n.(*syntax.Ident); ok && !u.binds[id] {
		u.used[id.Name] = true
	}
	return true
}

// unusedIn reports the unused names of statements; exports tells that others may use them.
func (c *check) unusedIn(stmts []syntax.Stmt, u *usage, exports bool) {
	for _, s := range stmts {
		switch s := s.(type) {
		case *syntax.Assign:
			if !exports {
				c.unusedAssign(s, u)
			}
		case *syntax.Import:
			c.unusedImports(s.Modules, u, exports)
		case *syntax.FromImport:
			c.unusedImports(s.Names, u, exports)
		case *syntax.Def:
			if !exports && c.isUnused(s.Name, u) && len(s.Decorators) == 0 {
				c.report("unused-variable", s.Name.Span, "function '"+s.Name.Name+"' is never used", "")
			}
			c.unusedIn(s.Body, u, false)
		case *syntax.If:
			for _, b := range s.Branches {
				c.unusedIn(b.Body, u, exports)
			}
			c.unusedIn(s.Else, u, exports)
		}
	}
}

func (c *check) unusedAssign(s *syntax.Assign, u *usage) {
	if c.mayPublish(s.Value) {
		return
	}
	for _, id := range s.Names {
		if !c.isUnused(id, u) {
			return // of several names, one may be needed for the others
		}
	}
	c.report("unused-variable", s.Names[0].Span, "variable '"+s.Names[0].Name+"' is never used", "")
}

func (c *check) unusedImports(names []*syntax.ImportName, u *usage, exports bool) {
	if exports {
		return
	}
	for _, n := range names {
		id := n.As
		if id == nil {
			id = n.Path.Parts[0]
		}
		if c.isUnused(id, u) {
			c.report("unused-variable", n.Span, "import '"+id.Name+"' is never used", "")
		}
	}
}

// isUnused reports whether a name is used nowhere. One that begins with an underscore says
// of itself that it is not.
func (c *check) isUnused(id *syntax.Ident, u *usage) bool {
	return !u.used[id.Name] && id.Name[0] != '_' && c.guess(id.Span) == nil
}

// mayPublish reports whether an expression publishes something, or calls a function of the
// program or of a module, which may.
func (c *check) mayPublish(x syntax.Expr) bool {
	found := false
	syntax.Walk(x, func(n syntax.Node) bool {
		call, ok := n.(*syntax.Call)
		if !ok {
			return !found
		}
		switch f := syntax.Unparen(call.Func).(type) {
		case *syntax.Attribute:
			found = found || f.Name.Name == "publish" || c.boundName(f.X)
		case *syntax.Ident:
			found = found || c.boundName(f)
		default:
			found = true
		}
		return !found
	})
	return found
}

// boundName reports whether an expression is a function or module that the program binds,
// or a part of one.
func (c *check) boundName(x syntax.Expr) bool {
	for {
		switch y := syntax.Unparen(x).(type) {
		case *syntax.Attribute:
			x = y.X
		case *syntax.Ident:
			return c.usage.callable[y.Name]
		default:
			return false
		}
	}
}
