package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// hostile texts, each n of something.
var hostile = map[string]func(n int) string{
	"parentheses":         func(n int) string { return strings.Repeat("(", n) },
	"closing parentheses": func(n int) string { return strings.Repeat(")", n) },
	"mixed brackets":      func(n int) string { return strings.Repeat("([{)]}", n) },
	"wrong brackets":      func(n int) string { return "f(a b\n" + strings.Repeat("(", n) + strings.Repeat("]", n) },
	"open calls":          func(n int) string { return strings.Repeat("f(a\n", n) },
	"open calls, blocks":  func(n int) string { return strings.Repeat("if a:\n  f(a\n  b c\n", n) },
	"open line":           func(n int) string { return "f(a b" + strings.Repeat(" c", n) },
	"words in brackets":   func(n int) string { return "f(a b" + strings.Repeat(" def", n) },
	"wrong lines":         func(n int) string { return strings.Repeat("a b\n", n) },
	"wrong line":          func(n int) string { return "a" + strings.Repeat(" b", n) },
	"wrong characters":    func(n int) string { return strings.Repeat("?", n) },
	"wrong escapes":       func(n int) string { return "a = '" + strings.Repeat(`\q`, n) + "'" },
	"wrong strings":       func(n int) string { return strings.Repeat("'\\q' ", n) },
	"open strings":        func(n int) string { return strings.Repeat("'", 2*n+1) },
	"comments":            func(n int) string { return strings.Repeat("#\n", n) + "a b\n" + strings.Repeat(" #", n) },
	"indentation":         func(n int) string { return strings.Repeat(" a\n  b\n", n) },
	"headers":             func(n int) string { return strings.Repeat("if a:\n", n) },
	"clauses":             func(n int) string { return strings.Repeat("else:\n a\n", n) },
	"decorators":          func(n int) string { return strings.Repeat("@a\n", n) },
	"not":                 func(n int) string { return strings.Repeat("not ", n) },
	"line joins":          func(n int) string { return "a" + strings.Repeat("\\\n", n) + "b" },
	"sums":                func(n int) string { return "a" + strings.Repeat("+a", n) },
	"statements":          func(n int) string { return strings.Repeat("a;", n) },
	"elements":            func(n int) string { return "[" + strings.Repeat("a,", n) + "]" },
	"deep elements": func(n int) string {
		return strings.Repeat("[", 200) + strings.Repeat("a,", n) + strings.Repeat("]", 200)
	},
	"comments in brackets": func(n int) string { return "[" + strings.Repeat("a, #\n", n) + "]" },
	"comments after a dot": func(n int) string { return "(a" + strings.Repeat(".b #\n", min(n, 9000)) + ")" },
	"calls":                func(n int) string { return strings.Repeat("f"+strings.Repeat("(a)", 9000)+"\n", n/9000+1) },
	"methods":              func(n int) string { return "(a" + strings.Repeat(".b(a)", min(n/2, 4000)) + ")" },
	"tuple":                func(n int) string { return strings.Repeat("f(a),", n) },
	"strings":              func(n int) string { return strings.Repeat("'a' ", n) },
	"dicts":                func(n int) string { return "{" + strings.Repeat("a+b:[c],", n) + "}" },
	"powers":               func(n int) string { return strings.Repeat("a**", 200) + "a" },
	"blocks": func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat("\t", i) + "if a:\n")
		}
		return b.String()
	},
}

// However a text is made, each of its tokens is scanned at most three times: read, looked
// at for the bracket that closes another, and read again behind one that is not closed.
func TestWorkIsLinear(t *testing.T) {
	for name, text := range hostile {
		for _, n := range []int{100, 1000} {
			text := text(n)
			s := syntax.NewScanner(syntax.NewSource("", text))
			tokens := 1
			for s.Next().Kind != syntax.EOF {
				tokens++
			}
			work, err := syntax.Work(text)
			if work > 3*tokens+2*syntax.MaxErrors {
				t.Errorf("%s: %d tokens scanned of %d", name, work, tokens)
			}
			var all syntax.Errors
			if err != nil && (!errors.As(err, &all) || len(all) > syntax.MaxErrors) {
				t.Errorf("%s: %d errors", name, len(all))
			}
		}
	}
}

// An eighth of a megabyte of each takes milliseconds where the work is linear, and minutes where it
// is not.
func TestHostileSizes(t *testing.T) {
	for name, text := range hostile {
		n := 1 << 17
		if name == "blocks" {
			n = 1 << 10
		}
		text := text(n / min(8, len(text(1))))
		file, err := syntax.Parse("", text)
		if printed := syntax.Print(file); err == nil && len(printed) > 200*len(text) {
			t.Errorf("%s: %d bytes printed of %d", name, len(printed), len(text))
		}
	}
}

func TestMaxErrors(t *testing.T) {
	_, err := syntax.Parse("", strings.Repeat("a b\n", syntax.MaxErrors))
	var all syntax.Errors
	if !errors.As(err, &all) || len(all) != syntax.MaxErrors || all[syntax.MaxErrors-1].Start.Line != syntax.MaxErrors {
		t.Errorf("%d errors of %d mistakes", len(all), syntax.MaxErrors)
	}
	_, err = syntax.Parse("", "a b\n"+strings.Repeat("(", syntax.MaxDepth+1)+"\na b\n")
	if !errors.As(err, &all) || len(all) != 2 || all[1].Kind != syntax.LimitError {
		t.Errorf("after a bound: %v", err)
	}
}
