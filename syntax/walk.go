package syntax

// Walk visits a node and all below it in the order of the text: visit is called for each
// before its children, and returns whether to visit them. Nil nodes are not visited.
// A comment is no part of the tree.
func Walk(n Node, visit func(Node) bool) {
	if isNil(n) || !visit(n) {
		return
	}
	switch n := n.(type) {
	case *File:
		walkAll(n.Stmts, visit)
	case *ExprStmt:
		Walk(n.X, visit)
	case *Assign:
		walkAll(n.Names, visit)
		Walk(n.Value, visit)
	case *Return:
		Walk(n.Value, visit)
	case *Assert:
		Walk(n.Cond, visit)
		Walk(n.Message, visit)
	case *Import:
		walkAll(n.Modules, visit)
	case *FromImport:
		Walk(n.Module, visit)
		walkAll(n.Names, visit)
	case *ImportName:
		Walk(n.Path, visit)
		Walk(n.As, visit)
	case *Dotted:
		walkAll(n.Parts, visit)
	case *If:
		walkAll(n.Branches, visit)
		walkAll(n.Else, visit)
	case *Branch:
		Walk(n.Cond, visit)
		walkAll(n.Body, visit)
	case *Def:
		walkAll(n.Decorators, visit)
		Walk(n.Name, visit)
		walkAll(n.Params, visit)
		walkAll(n.Body, visit)
	case *Bad:
		walkAll(n.Body, visit)
	case *Decorator:
		Walk(n.Name, visit)
		walkAll(n.Args, visit)
	case *Param:
		Walk(n.Name, visit)
		Walk(n.Annotation, visit)
		Walk(n.Default, visit)
	case Expr:
		walkExpr(n, visit)
	case *DictEntry:
		Walk(n.Key, visit)
		Walk(n.Value, visit)
	case *Clause:
		walkAll(n.Names, visit)
		Walk(n.X, visit)
	case *Arg:
		Walk(n.Name, visit)
		Walk(n.Value, visit)
	}
}

// Path returns the nodes around an offset, the file first and the smallest last. The offset
// after the last byte of a node belongs to it, as the cursor of an editor behind a name does.
// It is empty for an offset outside the text.
func Path(f *File, at Pos) []Node {
	var path []Node
	Walk(f, func(n Node) bool {
		r := n.Range()
		if at < r.From || at > r.To {
			return false
		}
		path = append(path, n)
		return true
	})
	return path
}

// children returns the nodes directly below a node, in the order of the text.
func children(n Node) (list []Node) {
	Walk(n, func(c Node) bool {
		if c != n {
			list = append(list, c)
		}
		return c == n
	})
	return list
}

// walkExpr visits what stands below an expression.
func walkExpr(x Expr, visit func(Node) bool) {
	switch x := x.(type) {
	case *Paren:
		Walk(x.X, visit)
	case *List:
		walkAll(x.Elems, visit)
	case *Tuple:
		walkAll(x.Elems, visit)
	case *Dict:
		walkAll(x.Entries, visit)
	case *Comprehension:
		Walk(x.Elem, visit)
		walkAll(x.Clauses, visit)
	case *Unary:
		Walk(x.X, visit)
	case *Binary:
		Walk(x.X, visit)
		Walk(x.Y, visit)
	case *Compare:
		Walk(x.X, visit)
		for _, c := range x.Rest {
			Walk(c.Y, visit)
		}
	case *Conditional:
		Walk(x.Then, visit)
		Walk(x.Cond, visit)
		Walk(x.Else, visit)
	case *Lambda:
		Walk(x.Param, visit)
		Walk(x.Body, visit)
	case *Call:
		Walk(x.Func, visit)
		walkAll(x.Args, visit)
	case *Index:
		Walk(x.X, visit)
		Walk(x.I, visit)
	case *Slice:
		Walk(x.X, visit)
		Walk(x.Lo, visit)
		Walk(x.Hi, visit)
	case *Attribute:
		Walk(x.X, visit)
		Walk(x.Name, visit)
	}
}

func walkAll[N Node](list []N, visit func(Node) bool) {
	for _, n := range list {
		Walk(n, visit)
	}
}

// isNil reports whether a child is absent: no interface value, or a nil pointer of the
// types that a node holds as a pointer.
func isNil(n Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *Ident:
		return n == nil
	case *Dotted:
		return n == nil
	}
	return false
}
