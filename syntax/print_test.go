package syntax_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// The file holds programs and, below a line of three dashes and "=>", what is printed for
// the program above.
func TestFormat(t *testing.T) {
	const path = "testdata/format.flow"
	head, list := chunks(t, path)
	var b strings.Builder
	b.WriteString(head + "\n")
	for i, c := range list {
		if c.label == "=>" {
			continue
		}
		got, err := syntax.Format("", c.program)
		if err != nil {
			t.Fatalf("%s:%d: %v", path, c.line, err)
		}
		fmt.Fprintf(&b, "%s\n%s\n--- =>\n%s", strings.TrimSpace("--- "+c.label), c.program, got)
		if !*update && (i+1 == len(list) || list[i+1].program+"\n" != got) {
			t.Errorf("%s:%d: got\n%s", path, c.line, got)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// What is printed of anything accepted is the same program, and is printed as it is.
func TestPrintParsesEqual(t *testing.T) {
	for _, path := range []string{"testdata/accepted.flow", "testdata/format.flow"} {
		_, list := chunks(t, path)
		for _, c := range list {
			file, err := syntax.Parse("", c.program)
			if err != nil {
				t.Fatal(err)
			}
			checkPrint(t, file)
			if t.Failed() {
				t.Fatalf("%s:%d", path, c.line)
			}
		}
	}
}

// checkPrint prints a tree and checks that the text has the same tree and comments, and is
// printed as it is.
func checkPrint(t testing.TB, file *syntax.File) {
	t.Helper()
	text := syntax.Print(file)
	again, err := syntax.Parse("", text)
	if err != nil {
		t.Fatalf("%v in what was printed of\n%s\nwhich is\n%s", err, file.Source.Text, text)
	}
	if got, want := shape(again), shape(file); got != want {
		t.Fatalf("printed\n%s\nwhich is\n%s\nof\n%s\nwhich is\n%s", text, got, file.Source.Text, want)
	}
	if twice := syntax.Print(again); twice != text {
		t.Fatalf("printed\n%s\nand of that\n%s\nof\n%s", text, twice, file.Source.Text)
	}
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimRight(line, " \t") != line {
			t.Fatalf("line %d of what was printed ends in blanks:\n%s", i+1, text)
		}
	}
}

// shape writes a tree and its comments without positions.
func shape(file *syntax.File) string {
	var b strings.Builder
	writeShape(&b, reflect.ValueOf(file.Stmts))
	for _, c := range file.Comments {
		fmt.Fprintf(&b, "\n%s", strings.TrimRight(c.Text, " \t"))
	}
	return b.String()
}

func writeShape(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		writeShape(b, v.Elem())
	case reflect.Slice:
		fmt.Fprintf(b, "[%d", v.Len())
		if v.Type().Elem() != reflect.TypeFor[syntax.Span]() {
			for i := range v.Len() {
				b.WriteString(" ")
				writeShape(b, v.Index(i))
			}
		}
		b.WriteString("]")
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[syntax.Span]() {
			return
		}
		b.WriteString("(" + v.Type().Name())
		for i := range v.NumField() {
			b.WriteString(" ")
			writeShape(b, v.Field(i))
		}
		b.WriteString(")")
	default:
		fmt.Fprintf(b, "%#v", v.Interface())
	}
}

// A comment keeps its place in the order of things wherever it stands: behind any token in
// brackets, and at the end of any line.
func TestCommentsAnywhere(t *testing.T) {
	for _, path := range []string{"testdata/accepted.flow", "testdata/format.flow"} {
		_, list := chunks(t, path)
		for _, c := range list {
			for _, at := range gaps(c.program) {
				for _, comment := range []string{"\n # c\n\n# d\n", " # c\n  # d\n"} {
					text := c.program[:at] + comment + c.program[at:]
					file, err := syntax.Parse("", text)
					if err != nil {
						t.Fatalf("%s:%d: %v in\n%s", path, c.line, err, text)
					}
					checkPrint(t, file)
					if t.Failed() {
						t.Fatalf("%s:%d", path, c.line)
					}
				}
			}
		}
	}
}

// gaps returns the offsets behind tokens where a comment and a line end may be put.
func gaps(text string) (list []int) {
	s := syntax.NewScanner(syntax.NewSource("", text))
	depth := 0
	var last syntax.Token
	for tok := s.Next(); tok.Kind != syntax.EOF; tok = s.Next() {
		if depth > 0 || tok.Kind == syntax.NEWLINE && last.Kind != syntax.NEWLINE && last.To > 0 {
			if last.Kind != syntax.COMMENT {
				list = append(list, int(last.To))
			}
		}
		switch tok.Kind {
		case syntax.LPAREN, syntax.LBRACKET, syntax.LBRACE:
			depth++
		case syntax.RPAREN, syntax.RBRACKET, syntax.RBRACE:
			depth--
		}
		last = tok
	}
	return list
}

// The programs of the page that describes the style are in that style.
func TestStylePage(t *testing.T) {
	const path = "../docs/style.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	programs := strings.Split(string(page), "```signalflow\n")[1:]
	if len(programs) < 5 {
		t.Fatalf("%s has %d programs", path, len(programs))
	}
	for _, p := range programs {
		p, _, _ := strings.Cut(p, "```")
		got, err := syntax.Format("", p)
		if err != nil || got != p {
			t.Errorf("%s: %v: of\n%s\nis printed\n%s", path, err, p, got)
		}
	}
}
