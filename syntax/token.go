package syntax

// Kind is the kind of a token. The names of the first group are those of the published
// grammar.
type Kind uint8

const (
	ILLEGAL Kind = iota // text that starts no token; Scanner.Err says why
	EOF
	NEWLINE
	INDENT
	DEDENT
	COMMENT // from # to the end of the line
	ID
	INT
	FLOAT
	STRING

	LPAREN     // (
	RPAREN     // )
	LBRACKET   // [
	RBRACKET   // ]
	LBRACE     // {
	RBRACE     // }
	COMMA      // ,
	COLON      // :
	SEMICOLON  // ;
	DOT        // .
	ASSIGN     // =
	PLUS       // +
	MINUS      // -
	STAR       // *
	SLASH      // /
	POWER      // **
	PIPE       // |
	CARET      // ^
	AMPERSAND  // &
	LSHIFT     // <<
	RSHIFT     // >>
	TILDE      // ~
	LT         // <
	GT         // >
	LE         // <=
	GE         // >=
	EQ         // ==
	NE         // != and <>
	AT         // @
	ELLIPSIS   // ...; no production uses it
	ARROW      // ->; no production uses it
	AND        // and
	AS         // as
	ASSERT     // assert
	DEF        // def
	ELIF       // elif
	ELSE       // else
	FALSE      // False
	FOR        // for
	FROM       // from
	IF         // if
	IMPORT     // import
	IN         // in
	IS         // is
	LAMBDA     // lambda
	NONE       // None
	NOT        // not
	OR         // or
	RETURN     // return
	TRUE       // True
	RESERVED   // a reserved word that no production uses: while, class, try ...
	ISNOT      // "is not": never a token of its own, only an operator of the tree
	kindsCount // number of kinds
)

var kindTexts = [kindsCount]string{
	ILLEGAL: "illegal text", EOF: "end of program", NEWLINE: "end of line",
	INDENT: "indentation", DEDENT: "end of block", COMMENT: "comment",
	ID: "name", INT: "integer", FLOAT: "number", STRING: "string",
	LPAREN: "(", RPAREN: ")", LBRACKET: "[", RBRACKET: "]", LBRACE: "{", RBRACE: "}",
	COMMA: ",", COLON: ":", SEMICOLON: ";", DOT: ".", ASSIGN: "=", PLUS: "+", MINUS: "-",
	STAR: "*", SLASH: "/", POWER: "**", PIPE: "|", CARET: "^", AMPERSAND: "&",
	LSHIFT: "<<", RSHIFT: ">>", TILDE: "~", LT: "<", GT: ">", LE: "<=", GE: ">=",
	EQ: "==", NE: "!=", AT: "@", ELLIPSIS: "...", ARROW: "->",
	AND: "and", AS: "as", ASSERT: "assert", DEF: "def", ELIF: "elif", ELSE: "else",
	FALSE: "False", FOR: "for", FROM: "from", IF: "if", IMPORT: "import", IN: "in",
	IS: "is", LAMBDA: "lambda", NONE: "None", NOT: "not", OR: "or", RETURN: "return",
	TRUE: "True", RESERVED: "reserved word", ISNOT: "is not",
}

// String returns the text of an operator or keyword, and a description of any other kind.
func (k Kind) String() string {
	if k < kindsCount {
		return kindTexts[k]
	}
	return "unknown token"
}

// Token is one token of a program.
type Token struct {
	Kind Kind
	Span
	Value string // STRING: the text it stands for, escapes resolved; any other: as written
}

// keywords holds the words of language.md 1.5.
var keywords = func() map[string]Kind {
	words := map[string]Kind{}
	for k := AND; k <= TRUE; k++ {
		words[kindTexts[k]] = k
	}
	for _, w := range []string{
		"raise", "global", "nonlocal", "while", "try", "finally", "with", "except",
		"class", "yield", "del", "pass", "continue", "break",
	} {
		words[w] = RESERVED
	}
	return words
}()

// longestKeyword is the length of "continue".
const longestKeyword = 8

// IsName reports whether a text can be an identifier: its form is right and it is not
// reserved.
func IsName(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isNameByte(text[i]) || i == 0 && isDigit(text[i]) {
			return false
		}
	}
	return text != "" && keywords[text] == ILLEGAL
}
