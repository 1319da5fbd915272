package syntax_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// tree writes an expression with all of its structure in parentheses.
func tree(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Ident:
		return x.Name
	case *syntax.Number:
		return x.Text
	case *syntax.Text:
		return fmt.Sprintf("%q", x.Value)
	case *syntax.Constant:
		return x.Kind.String()
	case *syntax.Paren:
		return tree(x.X)
	case *syntax.Tuple:
		return "tuple" + trees(x.Elems)
	case *syntax.List:
		return "list" + trees(x.Elems)
	case *syntax.Unary:
		return fmt.Sprintf("(%s %s)", x.Op, tree(x.X))
	case *syntax.Binary:
		return fmt.Sprintf("(%s %s %s)", tree(x.X), x.Op, tree(x.Y))
	case *syntax.Compare:
		s := "(" + tree(x.X)
		for _, c := range x.Rest {
			s += fmt.Sprintf(" %s %s", c.Op, tree(c.Y))
		}
		return s + ")"
	case *syntax.Conditional:
		return fmt.Sprintf("(%s if %s else %s)", tree(x.Then), tree(x.Cond), tree(x.Else))
	case *syntax.Lambda:
		return fmt.Sprintf("(lambda %s: %s)", x.Param.Name, tree(x.Body))
	case *syntax.Attribute:
		return fmt.Sprintf("(%s . %s)", tree(x.X), x.Name.Name)
	case *syntax.Index:
		return fmt.Sprintf("(%s [%s])", tree(x.X), tree(x.I))
	case *syntax.Call:
		var args []string
		for _, a := range x.Args {
			s := strings.Repeat("*", a.Stars) + tree(a.Value)
			if a.Name != nil {
				s = a.Name.Name + "=" + s
			}
			args = append(args, s)
		}
		return fmt.Sprintf("(%s call (%s))", tree(x.Func), strings.Join(args, ", "))
	case *syntax.Comprehension:
		s := "[" + tree(x.Elem)
		for _, c := range x.Clauses {
			if len(c.Names) == 0 {
				s += " if " + tree(c.X)
				continue
			}
			s += " for"
			for _, n := range c.Names {
				s += " " + n.Name
			}
			s += " in " + tree(c.X)
		}
		return s + "]"
	}
	return fmt.Sprintf("%T", x)
}

func trees(list []syntax.Expr) string {
	var s []string
	for _, x := range list {
		s = append(s, tree(x))
	}
	return "(" + strings.Join(s, ", ") + ")"
}

// The table of language.md 1.10, and what 1.9 adds to it.
func TestPrecedence(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"lambda x: a if b else c", "(lambda x: (a if b else c))"},
		{"lambda x: lambda y: x", "(lambda x: (lambda y: x))"},
		{"a if b else c if d else e", "(a if b else (c if d else e))"},
		{"a or b if c or d else e or f", "((a or b) if (c or d) else (e or f))"},
		{"a or b or c", "((a or b) or c)"},
		{"a or b and c", "(a or (b and c))"},
		{"a and b or c", "((a and b) or c)"},
		{"a and b and c", "((a and b) and c)"},
		{"not a and b", "((not a) and b)"},
		{"a and not b", "(a and (not b))"},
		{"not not a", "(not (not a))"},
		{"not a < b", "(not (a < b))"},
		{"a < b < c", "(a < b < c)"},
		{"a is not b", "(a is not b)"},
		{"a is not b <> c", "(a is not b != c)"},
		{"a < b | c", "(a < (b | c))"},
		{"a | b ^ c", "(a | (b ^ c))"},
		{"a ^ b & c", "(a ^ (b & c))"},
		{"a & b << c", "(a & (b << c))"},
		{"a << b >> c", "((a << b) >> c)"},
		{"a << b + c", "(a << (b + c))"},
		{"a - b + c", "((a - b) + c)"},
		{"a + b * c", "(a + (b * c))"},
		{"a / b * c", "((a / b) * c)"},
		{"a * -b", "(a * (- b))"},
		{"- + ~ a", "(- (+ (~ a)))"},
		{"-2 ** 2", "(- (2 ** 2))"},
		{"2 ** -1", "(2 ** (- 1))"},
		{"2 ** 3 ** 2", "(2 ** (3 ** 2))"},
		{"a ** b.c", "(a ** (b . c))"},
		{"-a.b(c)[d]", "(- (((a . b) call (c)) [d]))"},
		{"a.b(c=d, *e, **f)", "((a . b) call (c=d, *e, **f))"},
		{"'a' \"b\" 'c'", `"abc"`},
		{"a, b", "tuple(a, b)"},
		{"a,", "tuple(a)"},
		{"(a)", "a"},
		{"(a,)", "tuple(a)"},
		{"()", "tuple()"},
		{"[a for b, c in d if e if f for g in h]", "[a for b c in d if e if f for g in h]"},
		{"[a for b in c, d]", "[a for b in tuple(c, d)]"},
		{"f(a for b in c)", "(f call ([a for b in c]))"},
		{"e / (e + 0 if n_e is None else e + n_e)", "(e / ((e + 0) if (n_e is None) else (e + n_e)))"},
	} {
		x, err := syntax.ParseExpr("", tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
		} else if got := tree(x); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

func TestParseExpr(t *testing.T) {
	if _, err := syntax.ParseExpr("", "a + b\n\n"); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"a = b": "line 1:3: unexpected '=', expected the end of the expression ('==' compares)",
		"a b":   "line 1:3: unexpected 'b', expected the end of the expression",
		"":      "line 1:1: unexpected end of program, expected an expression",
	} {
		if _, err := syntax.ParseExpr("", text); err == nil || err.Error() != want {
			t.Errorf("%q: got  %v\nwant %s", text, err, want)
		}
	}
}

// checkSpans checks that every node lies inside the node above it, in the order of the
// text, and that the text of an expression is that expression again.
func checkSpans(t testing.TB, file *syntax.File) {
	t.Helper()
	var open []syntax.Span
	last := syntax.Pos(0)
	syntax.Walk(file, func(n syntax.Node) bool {
		r := n.Range()
		if r.From > r.To || r.From < 0 || int(r.To) > len(file.Source.Text) {
			t.Errorf("%T has the span %v in a text of %d bytes", n, r, len(file.Source.Text))
		}
		for len(open) > 0 && (open[len(open)-1].To < r.From || open[len(open)-1].To == r.From && r.From < r.To) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 && open[len(open)-1].To < r.To {
			t.Errorf("%T %q ends after the node that it begins in", n, file.Source.Slice(r))
		}
		if len(open) == 0 && r != file.Span {
			t.Errorf("%T %q lies in no node", n, file.Source.Slice(r))
		}
		if r.From < last {
			t.Errorf("%T %q comes before what was visited before it", n, file.Source.Slice(r))
		}
		last = r.From
		open = append(open, r)
		return true
	})
	for _, c := range file.Comments {
		if file.Source.Slice(c.Span) != c.Text || !strings.HasPrefix(c.Text, "#") {
			t.Errorf("comment %q has the span of %q", c.Text, file.Source.Slice(c.Span))
		}
	}
}

func TestSpans(t *testing.T) {
	const program = "# head\nx = (a + b).f(c, k=d)[1]  # tail\nif x: y = 'é' 'b'; z\n"
	file, err := syntax.Parse("", program)
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, file)
	var got []string
	syntax.Walk(file, func(n syntax.Node) bool {
		if n != syntax.Node(file) {
			at := file.Source.Position(n.Range().From)
			got = append(got, fmt.Sprintf("%d:%d %s", at.Line, at.Column, file.Source.Slice(n.Range())))
		}
		return true
	})
	want := []string{
		"2:1 x = (a + b).f(c, k=d)[1]", "2:1 x", "2:5 (a + b).f(c, k=d)[1]", "2:5 (a + b).f(c, k=d)", "2:5 (a + b).f",
		"2:5 (a + b)", "2:6 a + b", "2:6 a", "2:10 b", "2:13 f", "2:15 c", "2:15 c", "2:18 k=d", "2:18 k", "2:20 d", "2:23 1",
		"3:1 if x: y = 'é' 'b'; z", "3:1 if x: y = 'é' 'b'; z", "3:4 x", "3:7 y = 'é' 'b'", "3:7 y", "3:11 'é' 'b'", "3:20 z", "3:20 z",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(file.Comments) != 2 || file.Comments[0].Text != "# head" || file.Comments[1].Text != "# tail" {
		t.Errorf("comments %v", file.Comments)
	}
}

func TestWalkStops(t *testing.T) {
	file, err := syntax.Parse("", "def f(a=b):\n  c\n")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	syntax.Walk(file, func(n syntax.Node) bool {
		if id, ok := n.(*syntax.Ident); ok {
			names = append(names, id.Name)
		}
		_, param := n.(*syntax.Param)
		return !param
	})
	if got := strings.Join(names, " "); got != "f c" {
		t.Errorf("visited %q", got)
	}
}

func TestBounds(t *testing.T) {
	deep := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	blocks := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "if a:\n")
		}
		return b.String() + strings.Repeat(" ", n) + "a\n"
	}
	for name, text := range map[string]func(n int) string{
		"parentheses":  func(n int) string { return deep("(", "a", ")", n) },
		"lists":        func(n int) string { return deep("[", "", "]", n) },
		"calls":        func(n int) string { return deep("f(", "a", ")", n) },
		"dicts":        func(n int) string { return deep("{a:", "a", "}", n) },
		"not":          func(n int) string { return deep("not ", "a", "", n) },
		"signs":        func(n int) string { return deep("-", "a", "", n) },
		"powers":       func(n int) string { return deep("a**", "a", "", n) },
		"lambdas":      func(n int) string { return deep("lambda a:", "a", "", n) },
		"conditionals": func(n int) string { return deep("a if b else ", "a", "", n) },
		"subscripts":   func(n int) string { return deep("a[", "a", "]", n) },
		"in":           func(n int) string { return deep("[a for a in ", "a", "]", n) },
		"blocks":       blocks,
	} {
		if _, err := syntax.Parse("", text(syntax.MaxDepth/3)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, n := range []int{syntax.MaxDepth + 1, 2000} {
			_, err := syntax.Parse("", text(n))
			var e *syntax.Error
			if !errors.As(err, &e) || e.Kind != syntax.LimitError || e.Msg != "the program is nested deeper than 256 levels" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, link := range map[string]string{
		"sum": "+a", "call": "()", "attribute": ".a", "index": "[0]", "compare": "<a", "and": " and a",
	} {
		if _, err := syntax.Parse("", "a"+strings.Repeat(link, syntax.MaxChain)+"\nb"+link); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := syntax.Parse("", "a"+strings.Repeat(link, syntax.MaxChain+1))
		var e *syntax.Error
		if !errors.As(err, &e) || e.Kind != syntax.LimitError || e.Msg != "a statement has more than 10000 operators and calls" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPath(t *testing.T) {
	file, err := syntax.Parse("", "def f(x):\n    return x.mean(by='host')\ny = 1")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[syntax.Position]string{
		{Line: 1, Column: 6}:  "File Def Ident",
		{Line: 2, Column: 5}:  "File Def Return",
		{Line: 2, Column: 29}: "File Def Return Call",
		{Line: 2, Column: 18}: "File Def Return Call Attribute Ident",
		{Line: 2, Column: 21}: "File Def Return Call Arg Ident",
		{Line: 2, Column: 22}: "File Def Return Call Arg Text",
		{Line: 3, Column: 6}:  "File Assign Number",
	} {
		var got []string
		for _, n := range syntax.Path(file, file.Source.Offset(at)) {
			got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", n), "*syntax."))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v: %v, want %s", at, got, want)
		}
	}
	if got := syntax.Path(file, -1); got != nil {
		t.Errorf("outside: %v", got)
	}
}
