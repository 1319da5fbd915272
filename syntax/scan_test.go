package syntax_test

import (
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// tokens writes the tokens of a text: layout and literals by kind, the others as they are.
func tokens(text string) string {
	s := syntax.NewScanner(syntax.NewSource("", text))
	var list []string
	for {
		t := s.Next()
		switch t.Kind {
		case syntax.EOF:
			return strings.Join(list, " ")
		case syntax.ILLEGAL:
			return strings.Join(append(list, s.Err().Error()), " ")
		case syntax.NEWLINE:
			list = append(list, "NEWLINE")
		case syntax.INDENT:
			list = append(list, "INDENT")
		case syntax.DEDENT:
			list = append(list, "DEDENT")
		case syntax.INT:
			list = append(list, "INT:"+t.Value)
		case syntax.FLOAT:
			list = append(list, "FLOAT:"+t.Value)
		case syntax.STRING:
			list = append(list, "<"+t.Value+">")
		default:
			list = append(list, t.Value)
		}
	}
}

func TestScan(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		// Layout, language.md 1.4.
		{"", ""},
		{"a", "a"},
		{"a\n", "a NEWLINE"},
		{"a\n\n\nb", "a NEWLINE b"},
		{"\n\na", "NEWLINE a"},
		{"a\n  b\nc", "a NEWLINE INDENT b NEWLINE DEDENT c"},
		{"a\n  b", "a NEWLINE INDENT b NEWLINE DEDENT"},
		{"a\n  b\n", "a NEWLINE INDENT b NEWLINE DEDENT"},
		{"a\n b\n  c\n d\ne", "a NEWLINE INDENT b NEWLINE INDENT c NEWLINE DEDENT d NEWLINE DEDENT e"},
		{"a\n b\n  c\n   d\ne", "a NEWLINE INDENT b NEWLINE INDENT c NEWLINE INDENT d NEWLINE DEDENT DEDENT DEDENT e"},
		{"a\n    b\n            c\n        d\n            e\n    f", // the worked example
			"a NEWLINE INDENT b NEWLINE INDENT c NEWLINE DEDENT d NEWLINE INDENT e NEWLINE DEDENT f NEWLINE DEDENT"},
		{"a\n  b\n c", "a NEWLINE INDENT b NEWLINE DEDENT c"},
		{"a\n\tb\n        c", "a NEWLINE INDENT b NEWLINE c NEWLINE DEDENT"},
		{"a\n   \tb\n        c", "a NEWLINE INDENT b NEWLINE c NEWLINE DEDENT"},
		{"a\n \t b\n         c", "a NEWLINE INDENT b NEWLINE c NEWLINE DEDENT"},
		{"  a", "NEWLINE INDENT a NEWLINE DEDENT"},
		{"  # c\na", "# c NEWLINE a"},
		{"  \na", "NEWLINE a"},
		{"a\n   # c\n     \n\t\nb", "a # c NEWLINE b"},
		{"a # c\n  b", "a # c NEWLINE INDENT b NEWLINE DEDENT"},
		{"a\n  b\n# c\n  d", "a NEWLINE INDENT b # c NEWLINE d NEWLINE DEDENT"},
		{"a\n  ", "a NEWLINE INDENT NEWLINE DEDENT"},
		{"(a\n  b\n)\nc", "( a b ) NEWLINE c"},
		{"{[(\n]\n}\n)\na", "{ [ ( ] } ) NEWLINE a"},
		{"(#c\na)", "( #c a )"},
		{")\na", ") NEWLINE a"},
		{"a\rb\r\nc", "a NEWLINE b NEWLINE c"},
		{"a \\\n b", "a b"},
		{"a \\ \t\r\n b", "a b"},
		{"a\\\rb", "a b"},
		{"a\n\\\n  b", "a NEWLINE b"},
		{"a\\", "a line 1:2: unexpected character '\\' (a backslash joins lines only at the end of a line)"},

		// Numbers, 1.6.
		{"0 007 12", "INT:0 INT:007 INT:12"},
		{"1.5 .5 0.5 1e3 1.5E-3 .5e+2", "FLOAT:1.5 FLOAT:.5 FLOAT:0.5 FLOAT:1e3 FLOAT:1.5E-3 FLOAT:.5e+2"},
		{"1.", "INT:1 ."},
		{"1.e3", "INT:1 . e3"},
		{"1e", "INT:1 e"},
		{"1e+", "INT:1 e +"},
		{"1.5.5", "FLOAT:1.5 FLOAT:.5"},
		{"1..5", "INT:1 . FLOAT:.5"},
		{"5m", "INT:5 m"},
		{"0x1f", "INT:0 x1f"},
		{"1_000", "INT:1 _000"},

		// Strings, 1.7.
		{`'a' "b"`, "<a> <b>"},
		{`'' "'" '"'`, `<> <'> <">`},
		{`'it\'s' "\"\\"`, `<it's> <"\>`},
		{`'\b\t\n\f\r'`, "<\b\t\n\f\r>"},
		{`'\0' '\7' '\07' '\101' '\377' '\400' '\1234'`, "<\x00> <\a> <\a> <A> <ÿ> <\x200> <S4>"},
		{`'é 漢 #'`, "<é 漢 #>"},
		{`'{{{a}}} %s'`, "<{{{a}}} %s>"},

		// Operators, 1.8; the longest wins.
		{"a<=b<>c<<d>>e>=f==g!=h**i", "a <= b <> c << d >> e >= f == g != h ** i"},
		{"a->b...c@d", "a -> b ... c @ d"},
		{"a<-b", "a < - b"},
		{"a===b", "a == = b"},
		{"a***b", "a ** * b"},
		{"....5", "... FLOAT:.5"},
		{"a|b^c&d~e", "a | b ^ c & d ~ e"},
		{"And and _if if ifx", "And and _if if ifx"},
	} {
		if got := tokens(tc.text); got != tc.want {
			t.Errorf("%q\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

func TestKeywords(t *testing.T) {
	for _, word := range strings.Fields("def return from import as assert if elif else for in lambda or and not is None True False " +
		"raise global nonlocal while try finally with except class yield del pass continue break") {
		if syntax.IsName(word) {
			t.Errorf("%s is a name", word)
		}
		s := syntax.NewScanner(syntax.NewSource("", word))
		if tok := s.Next(); tok.Kind == syntax.ID || tok.Value != word {
			t.Errorf("%s is the token %v", word, tok)
		}
	}
	for _, text := range []string{"a", "_", "a9", "none", "filter"} {
		if !syntax.IsName(text) {
			t.Errorf("%s is no name", text)
		}
	}
	for _, text := range []string{"", "9a", "a-b", "é"} {
		if syntax.IsName(text) {
			t.Errorf("%q is a name", text)
		}
	}
}

func TestScanGoesOn(t *testing.T) {
	s := syntax.NewScanner(syntax.NewSource("", "a % '\\d' b\nc 'd\ne"))
	var got []string
	for tok := s.Next(); tok.Kind != syntax.EOF; tok = s.Next() {
		text := tok.Kind.String()
		if tok.Kind == syntax.ILLEGAL {
			text = s.Err().Msg
		}
		got = append(got, text)
	}
	want := "name, unexpected character '%', unknown escape \\d in a string, name, end of line, name, string is not closed, end of line, name"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestInvalidUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"a = '\xff'":   "line 1:6: the text is not valid UTF-8",
		"a\nb # é\xc3": "line 2:6: the text is not valid UTF-8",
		"\ufeffa":      "line 1:1: unexpected character U+FEFF (remove the byte order mark)",
		"a\u00a0= 1":   "line 1:2: unexpected character U+00A0 (this is a no-break space; use an ordinary one)",
		"a\x00":        "line 1:2: unexpected character U+0000",
	} {
		if _, err := syntax.Parse("", text); err == nil || err.Error() != want {
			t.Errorf("%q: got  %v\nwant %s", text, err, want)
		}
	}
}
