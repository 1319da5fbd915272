package syntax

import "math"

// Attached are the comments that belong to a node.
type Attached struct {
	Above  []Comment // on lines of their own before it
	Behind []Comment // at the end of its last line; of an If, Def or Branch, of its first header
	Inside []Comment // on lines of their own in its block or brackets, with nothing after them
}

// Attach gives each comment of a file to one node. A comment at the end of a line belongs to
// the largest node that ends on it and leaves the comment outside; one on a line of its own
// to the largest node that begins after it. Where none does, in the last lines of a block or
// of brackets, it belongs to what the block or the brackets are of: a comment after the
// last statement is in the block whose header is indented less.
func Attach(f *File) map[Node]*Attached {
	a := &attacher{src: f.Source, to: map[Node]*Attached{}}
	a.within(f, f.Comments)
	return a.to
}

type attacher struct {
	src *Source
	to  map[Node]*Attached
}

func (a *attacher) of(n Node) *Attached {
	if a.to[n] == nil {
		a.to[n] = &Attached{}
	}
	return a.to[n]
}

// within attaches comments that stand in a node.
func (a *attacher) within(n Node, comments []Comment) {
	if len(comments) == 0 {
		return
	}
	var last Node
	place := func(until Pos, next Node) {
		for len(comments) > 0 && comments[0].From < until {
			a.place(n, last, next, comments[0])
			comments = comments[1:]
		}
	}
	for _, child := range children(n) {
		r := child.Range()
		place(r.From, child)
		inside := 0
		for inside < len(comments) && comments[inside].From < r.To {
			inside++
		}
		a.within(child, comments[:inside])
		comments, last = comments[inside:], child
	}
	place(math.MaxInt32, nil)
}

// place attaches a comment that stands in a node between two of its children; nil is none.
func (a *attacher) place(in, last, next Node, c Comment) {
	alone := a.src.alone(c)
	if !alone && beginsBlock(in, next) {
		a.of(in).Behind = append(a.of(in).Behind, c)
		return
	}
	if last != nil {
		switch block := a.block(last, c); {
		case !alone && a.src.Position(last.Range().To).Line == a.src.Position(c.From).Line:
			a.of(last).Behind = append(a.of(last).Behind, c)
			return
		case alone && block != nil:
			a.of(block).Inside = append(a.of(block).Inside, c)
			return
		}
	}
	if next != nil {
		a.of(next).Above = append(a.of(next).Above, c)
	} else {
		a.of(in).Inside = append(a.of(in).Inside, c)
	}
}

// beginsBlock reports whether a child is the first statement of the block of a node.
func beginsBlock(n, child Node) bool {
	switch n := n.(type) {
	case *Branch:
		return child == Node(n.Body[0])
	case *Def:
		return child == Node(n.Body[0])
	}
	return false
}

// block returns the innermost node with a block that ends with a node, and whose header is
// indented less than a comment after it; nil if there is none.
func (a *attacher) block(n Node, c Comment) (found Node) {
	width := a.src.indentation(c.From)
	for {
		var body []Stmt
		switch b := n.(type) {
		case *If:
			if body = b.Else; body == nil {
				n = b.Branches[len(b.Branches)-1]
				continue
			}
		case *Branch:
			body = b.Body
		case *Def:
			body = b.Body
		}
		if body == nil || a.src.indentation(n.Range().From) >= width {
			return found
		}
		found, n = n, body[len(body)-1]
	}
}
