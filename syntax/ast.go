package syntax

// Node is a node of the syntax tree.
type Node interface {
	// Range returns the text of the node, parentheses around it left out.
	Range() Span
}

// Stmt is a statement: *ExprStmt, *Assign, *Return, *Assert, *Import, *FromImport, *If or
// *Def. In the tree of a text with mistakes it may be *Bad.
type Stmt interface {
	Node
	stmt()
}

// Expr is an expression: *Ident, *Number, *Text, *Constant, *Paren, *List, *Tuple, *Dict,
// *Comprehension, *Unary, *Binary, *Compare, *Conditional, *Lambda, *Call, *Index, *Slice
// or *Attribute.
type Expr interface {
	Node
	expr()
}

// File is a parsed program or module.
type File struct {
	Span
	Source   *Source
	Stmts    []Stmt
	Comments []Comment // in the order of the text
}

// Comment is the text from # to the end of its line.
type Comment struct {
	Span
	Text string // with the #
}

// ---- statements ----

// ExprStmt is an expression that stands alone.
type ExprStmt struct {
	Span
	X Expr
}

// Assign binds names: "a = x", and with Unpack "a, b = x".
type Assign struct {
	Span
	Names  []*Ident
	Unpack bool // a comma stands on the left
	Value  Expr
}

// Return is "return", with a value or without.
type Return struct {
	Span
	Value Expr // nil when absent
}

// Assert is "assert cond" or "assert cond, message".
type Assert struct {
	Span
	Cond, Message Expr // Message is nil when absent
}

// Import is "import a.b as c, d".
type Import struct {
	Span
	Modules []*ImportName
}

// FromImport is "from a.b import c as d, e" or "from a.b import *".
type FromImport struct {
	Span
	Module *Dotted
	Star   bool
	Names  []*ImportName // each Path has one part
}

// ImportName is one imported name with the name that it is bound to.
type ImportName struct {
	Span
	Path *Dotted
	As   *Ident // nil when absent
}

// Dotted is a name of parts: "a.b.c".
type Dotted struct {
	Span
	Parts []*Ident
}

// If is an if statement.
type If struct {
	Span
	Branches []*Branch // the if and every elif
	ElseAt   Span      // the word else; empty when absent
	Else     []Stmt    // nil when absent
}

// Branch is one condition of an If with its block.
type Branch struct {
	Span
	Cond Expr
	Body []Stmt
}

// Def is a function definition.
type Def struct {
	Span
	Decorators []*Decorator
	Name       *Ident
	Params     []*Param
	ParamsEnd  Span // the closing parenthesis
	Body       []Stmt
}

// Decorator is "@name" or "@name(args)" before a definition.
type Decorator struct {
	Span
	Name *Dotted
	Call bool // parentheses are there
	Args []*Arg
}

// Param is a parameter of a function definition.
type Param struct {
	Span
	Stars      int    // 0, 1 for *name, 2 for **name
	Name       *Ident // nil for a bare *
	Annotation *Ident // nil when absent
	Default    Expr   // nil when absent
}

// Bad stands for statements that could not be read: the rest of a line with a mistake, or
// a header with its blocks. Only the tree that comes with an error has one.
type Bad struct {
	Span
	Body []Stmt // the statements of its blocks
}

// ---- expressions ----

// Ident is a name.
type Ident struct {
	Span
	Name string
}

// Number is a number as written.
type Number struct {
	Span
	Text  string
	Float bool // it has a point or an exponent
}

// Text is one string, or several that stand side by side.
type Text struct {
	Span
	Value string // escapes resolved
	Parts []Span // of each string where several stand side by side; nil for one
}

// Constant is None, True or False.
type Constant struct {
	Span
	Kind Kind // NONE, TRUE or FALSE
}

// Paren is an expression in parentheses. Its Range includes them.
type Paren struct {
	Span
	X Expr
}

// List is a list display.
type List struct {
	Span
	Elems []Expr
}

// Tuple is a tuple, with parentheses or, where the grammar allows it, without.
type Tuple struct {
	Span
	Elems  []Expr
	Parens bool
}

// Dict is a dict display.
type Dict struct {
	Span
	Entries []*DictEntry
}

// DictEntry is one "key: value" of a Dict.
type DictEntry struct {
	Span
	Key, Value Expr
}

// Comprehension is "[elem for ...]"; with Generator "(elem for ...)", or the same without
// parentheses as an argument.
type Comprehension struct {
	Span
	Generator bool
	Elem      Expr
	Clauses   []*Clause
}

// Clause is "for names in x" or "if cond" of a Comprehension.
type Clause struct {
	Span
	Names  []*Ident // nil for an if clause
	Unpack bool     // a comma stands behind a name
	X      Expr     // what is iterated, or the condition
}

// Unary is an operator before its operand: NOT, PLUS, MINUS or TILDE.
type Unary struct {
	Span
	Op Kind
	X  Expr
}

// Binary is an arithmetic, logic or bit operator between its operands.
type Binary struct {
	Span
	X    Expr
	Op   Kind
	OpAt Span
	Y    Expr
}

// Compare is one comparison, or a chain of them: a < b < c.
type Compare struct {
	Span
	X    Expr
	Rest []Comparison
}

// Comparison is an operator of a Compare with what follows it.
type Comparison struct {
	Op   Kind // LT, GT, LE, GE, EQ, NE, IS or ISNOT
	OpAt Span
	Y    Expr
}

// Conditional is "then if cond else other".
type Conditional struct {
	Span
	Then, Cond, Else Expr
}

// Lambda is a function of one parameter.
type Lambda struct {
	Span
	Param *Ident
	Body  Expr
}

// Call is a call.
type Call struct {
	Span
	Func Expr
	Args []*Arg
	End  Span // the closing parenthesis
}

// Arg is one argument of a call.
type Arg struct {
	Span
	Stars int    // 0, 1 for *x, 2 for **x
	Name  *Ident // nil for a positional argument
	Value Expr
}

// Index is x[i].
type Index struct {
	Span
	X, I Expr
}

// Slice is x[lo:hi].
type Slice struct {
	Span
	X, Lo, Hi Expr // Lo and Hi are nil when absent
}

// Attribute is x.name.
type Attribute struct {
	Span
	X    Expr
	Name *Ident
}

func (*ExprStmt) stmt()   {}
func (*Assign) stmt()     {}
func (*Return) stmt()     {}
func (*Assert) stmt()     {}
func (*Import) stmt()     {}
func (*FromImport) stmt() {}
func (*If) stmt()         {}
func (*Def) stmt()        {}
func (*Bad) stmt()        {}

func (*Ident) expr()         {}
func (*Number) expr()        {}
func (*Text) expr()          {}
func (*Constant) expr()      {}
func (*Paren) expr()         {}
func (*List) expr()          {}
func (*Tuple) expr()         {}
func (*Dict) expr()          {}
func (*Comprehension) expr() {}
func (*Unary) expr()         {}
func (*Binary) expr()        {}
func (*Compare) expr()       {}
func (*Conditional) expr()   {}
func (*Lambda) expr()        {}
func (*Call) expr()          {}
func (*Index) expr()         {}
func (*Slice) expr()         {}
func (*Attribute) expr()     {}

// Unparen returns an expression without the parentheses around it.
func Unparen(x Expr) Expr {
	for {
		p, ok := x.(*Paren)
		if !ok {
			return x
		}
		x = p.X
	}
}
