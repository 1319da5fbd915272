package syntax_test

import (
	"errors"
	"runtime"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/syntax"
)

func seed(f *testing.F) {
	for _, path := range []string{"testdata/accepted.flow", "testdata/errors.flow", "testdata/recover.flow", "testdata/format.flow"} {
		_, list := chunks(f, path)
		for _, c := range list {
			f.Add(c.program)
		}
	}
	f.Add(flowProgram)
}

// The most that one text may take.
const (
	hang   = time.Second
	memory = 256 << 20 // bytes that are allocated in all, freed or not
)

// limit checks that work on a text stays within the limits. Where it is slow it gets two
// more goes: fuzzing leaves no processor idle, and what hangs does so every time.
func limit(t *testing.T, work func()) {
	t.Helper()
	var before, after runtime.MemStats
	took := hang
	for n := 0; n < 3 && took >= hang; n++ {
		runtime.ReadMemStats(&before)
		start := time.Now()
		work()
		took = time.Since(start)
		runtime.ReadMemStats(&after)
	}
	if took >= hang {
		t.Fatalf("takes %v", took)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > memory {
		t.Fatalf("allocates %d MB", n>>20)
	}
}

// FuzzScan checks that the tokens of any text stand in it in order and come to an end.
func FuzzScan(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		limit(t, func() {
			for s := syntax.NewScanner(syntax.NewSource("", text)); s.Next().Kind != syntax.EOF; {
			}
		})
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

// FuzzParse checks that any text gives a tree with sound positions, and errors with ones
// in the order of the text where it is no program.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		var file *syntax.File
		var err error
		limit(t, func() { file, err = syntax.Parse("", text) })
		checkSpans(t, file)
		bad := 0
		syntax.Walk(file, func(n syntax.Node) bool {
			if _, ok := n.(*syntax.Bad); ok {
				bad++
			}
			return true
		})
		if err == nil && bad > 0 {
			t.Fatal("a statement is left out, and no mistake reported")
		}
		if err == nil {
			return
		}
		var all syntax.Errors
		if !errors.As(err, &all) || len(all) == 0 || len(all) > syntax.MaxErrors {
			t.Fatalf("error %v", err)
		}
		last := syntax.Position{Line: 1, Column: 1}
		for _, e := range all {
			if e.Msg == "" || before(e.Start, last) || before(e.End, e.Start) {
				t.Fatalf("error from %v to %v, after %v: %v", e.Start, e.End, last, e)
			}
			last = e.Start
			if utf8.ValidString(text) && !utf8.ValidString(e.Render()) {
				t.Fatalf("rendered %q", e.Render())
			}
		}
	})
}

func before(a, b syntax.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

// FuzzPrint checks that what is printed of any program is the same program, is printed as
// it is, and is not out of proportion.
func FuzzPrint(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := syntax.Parse("", text)
		var printed string
		limit(t, func() { printed = syntax.Print(file) })
		if n := len(printed); n > 200*len(text)+100 {
			t.Fatalf("%d bytes printed of %d", n, len(text))
		}
		attached := 0
		for _, a := range syntax.Attach(file) {
			attached += len(a.Above) + len(a.Behind) + len(a.Inside)
		}
		if attached != len(file.Comments) {
			t.Fatalf("%d of %d comments belong to a node", attached, len(file.Comments))
		}
		if err == nil {
			checkPrint(t, file)
		}
	})
}
