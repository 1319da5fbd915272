package syntax_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/syntax"
)

func TestRender(t *testing.T) {
	long := strings.Repeat("x", 150) + "daat" + strings.Repeat("y", 150)
	for _, tc := range []struct {
		name, text string
		at         syntax.Span
		hint, want string
	}{
		{"", "daat('cpu').publish()", syntax.Span{From: 0, To: 4}, "did you mean 'data'?", "" +
			"error: wrong (did you mean 'data'?)\n" +
			"  1:1 | daat('cpu').publish()\n" +
			"      | ^~~~\n"},
		{"", "a\n\tb = é + c\n", syntax.Span{From: 12, To: 13}, "", "" +
			"error: wrong\n" +
			"  2:10 | \tb = é + c\n" +
			"       | \t        ^\n"},
		{"m.flow", "f(a,\n  b)", syntax.Span{From: 2, To: 9}, "", "" +
			"error: wrong\n" +
			"  m.flow:1:3 | f(a,\n" +
			"             |   ^~\n"},
		{"", "f(", syntax.Span{From: 2, To: 2}, "", "" +
			"error: wrong\n" +
			"  1:3 | f(\n" +
			"      |   ^\n"},
		{"", "", syntax.Span{}, "", "" +
			"error: wrong\n" +
			"  1:1 | \n" +
			"      | ^\n"},
		{"", long, syntax.Span{From: 150, To: 154}, "", "" +
			"error: wrong\n" +
			"  1:151 | …" + strings.Repeat("x", 32) + "daat" + strings.Repeat("y", 62) + "…\n" +
			"        | " + strings.Repeat(" ", 33) + "^~~~\n"},
	} {
		e := syntax.NewSource(tc.name, tc.text).Errorf(syntax.NameError, tc.at, "wrong")
		e.Hint = tc.hint
		if got := e.Render(); got != tc.want {
			t.Errorf("got\n%s\nwant\n%s", got, tc.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	src := syntax.NewSource("", "a\nbc")
	one := src.Errorf(syntax.TypeError, syntax.Span{From: 2, To: 4}, "%d is wrong", 1)
	if got, want := one.Error(), "line 2:1: 1 is wrong"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if one.Start != (syntax.Position{Line: 2, Column: 1}) || one.End != (syntax.Position{Line: 2, Column: 3}) || one.Text != "bc" {
		t.Errorf("%+v", one)
	}
	two := syntax.NewSource("lib", "a").Errorf(syntax.NameError, syntax.Span{}, "no").WithHint("try %s", "b")
	if got, want := two.Error(), "lib: line 1:1: no (try b)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var err error = syntax.Errors{one, two}
	if got, want := err.Error(), "line 2:1: 1 is wrong; lib: line 1:1: no (try b)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	many := slices.Repeat(syntax.Errors{one}, 12).Error()
	if n := strings.Count(many, "wrong"); n != 10 || !strings.HasSuffix(many, "wrong (and 2 more)") {
		t.Errorf("of 12 errors: %q", many)
	}
	var e *syntax.Error
	if !errors.As(err, &e) || e != one {
		t.Errorf("errors.As finds %v", e)
	}
	if got := (syntax.Errors{one, two}).Render(); got != one.Render()+two.Render() {
		t.Errorf("got\n%s", got)
	}
}

// The recommended names of language.md 7.2.
func TestWireType(t *testing.T) {
	for kind, want := range map[syntax.ErrorKind]string{
		syntax.SyntaxError:      "ANALYTICS_PROGRAM_SYNTAX_ERROR",
		syntax.NameError:        "ANALYTICS_PROGRAM_NAME_ERROR",
		syntax.TypeError:        "ANALYTICS_PROGRAM_TYPE_ERROR",
		syntax.ArgumentError:    "ANALYTICS_PROGRAM_ARGUMENT_ERROR",
		syntax.AssertionError:   "ANALYTICS_PROGRAM_ASSERTION_ERROR",
		syntax.LimitError:       "ANALYTICS_LIMIT_EXCEEDED",
		syntax.UnsupportedError: "ANALYTICS_PROGRAM_NAME_ERROR",
		99:                      "ANALYTICS_INTERNAL_ERROR",
	} {
		if got := kind.WireType(); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}

func TestSource(t *testing.T) {
	src := syntax.NewSource("", "ab\r\né\rf\n")
	for offset, want := range map[syntax.Pos]syntax.Position{
		0: {Line: 1, Column: 1}, 2: {Line: 1, Column: 3}, 4: {Line: 2, Column: 1}, 6: {Line: 2, Column: 2},
		7: {Line: 3, Column: 1}, 9: {Line: 4, Column: 1}, 99: {Line: 4, Column: 1}, -1: {Line: 1, Column: 1},
	} {
		if got := src.Position(offset); got != want {
			t.Errorf("offset %d: %v, want %v", offset, got, want)
		}
	}
	for at, want := range map[syntax.Position]syntax.Pos{
		{Line: 1, Column: 1}: 0, {Line: 1, Column: 3}: 2, {Line: 1, Column: 9}: 2, {Line: 2, Column: 1}: 4,
		{Line: 2, Column: 2}: 6, {Line: 3, Column: 1}: 7, {Line: 4, Column: 1}: 9, {Line: 5, Column: 1}: 9,
		{Line: 0, Column: 5}: 0, {Line: 2, Column: -1}: 4,
	} {
		if got := src.Offset(at); got != want {
			t.Errorf("%v: offset %d, want %d", at, got, want)
		}
	}
	for line, want := range []string{"", "ab", "é", "f", "", ""} {
		if got := src.Line(line); got != want {
			t.Errorf("line %d: %q, want %q", line, got, want)
		}
	}
	if got := src.Slice(syntax.Span{From: 4, To: 6}); got != "é" {
		t.Errorf("slice %q", got)
	}
}

// A column is found in any line, however long, by its characters.
func TestColumnsOfLongLines(t *testing.T) {
	line := strings.Repeat("aé€😀", 700)
	text := "short\n" + line + "\n" + line
	src := syntax.NewSource("", text)
	for offset, r := range text {
		before := text[:offset]
		want := syntax.Position{
			Line:   strings.Count(before, "\n") + 1,
			Column: utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1,
		}
		if got := src.Position(syntax.Pos(offset)); got != want {
			t.Fatalf("offset %d (%c): %v, want %v", offset, r, got, want)
		}
	}
	if got, want := src.Position(syntax.Pos(len(text))), (syntax.Position{Line: 3, Column: 2801}); got != want {
		t.Errorf("the end: %v, want %v", got, want)
	}
}
