package syntax_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/syntax"
)

func seed(f *testing.F) {
	for _, path := range []string{"testdata/accepted.flow", "testdata/errors.flow", "testdata/recover.flow"} {
		_, list := chunks(f, path)
		for _, c := range list {
			f.Add(c.program)
		}
	}
	f.Add(program)
}

// FuzzScan checks that the tokens of any text stand in it in order and come to an end.
func FuzzScan(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		s := syntax.NewScanner(syntax.NewSource("", text))
		end := syntax.Pos(0)
		depth := 0
		// Blanks and line ends aside, a token has a byte of its own; each line can add layout.
		for n := 0; ; n++ {
			if n > 3*len(text)+3 {
				t.Fatal("more tokens than the text can have")
			}
			tok := s.Next()
			if tok.From < end || tok.To < tok.From || int(tok.To) > len(text) {
				t.Fatalf("%s at %v, after %d", tok.Kind, tok.Span, end)
			}
			end = tok.To
			switch tok.Kind {
			case syntax.INDENT:
				depth++
			case syntax.DEDENT:
				depth--
			case syntax.ILLEGAL:
				if s.Err() == nil {
					t.Fatal("illegal without a reason")
				}
			case syntax.EOF:
				if depth != 0 {
					t.Fatalf("%d blocks are open at the end", depth)
				}
				return
			}
		}
	})
}

// FuzzParse checks that any text gives a tree with sound positions, or an error with one.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := syntax.Parse("", text)
		if err == nil {
			checkSpans(t, file)
			return
		}
		var e *syntax.Error
		if !errors.As(err, &e) || e.Msg == "" || e.Start.Line < 1 || e.Start.Column < 1 {
			t.Fatalf("error %v", err)
		}
		if e.End.Line < e.Start.Line || e.End.Line == e.Start.Line && e.End.Column < e.Start.Column {
			t.Fatalf("error from %v to %v", e.Start, e.End)
		}
		if utf8.ValidString(text) && !utf8.ValidString(e.Render()) {
			t.Fatalf("rendered %q", e.Render())
		}
	})
}
