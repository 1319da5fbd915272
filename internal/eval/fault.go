package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// Error is a mistake with the way that evaluation took to it: through calls of functions
// and imports of modules. It wraps syntax.Errors, which tell what is wrong and where.
type Error struct {
	Errs  syntax.Errors
	Calls []Call // outermost first

	// Reference is the message of an assert that is a dict (language.md 7.4), as plain
	// values: nil, bool, int64, float64, string, []any and map[string]any. What has no such
	// form is its text.
	Reference map[string]any

	budget bool
}

// Call is a place that evaluation was in when it met a mistake further inside.
type Call struct {
	Name string          // of the function as "f()", or "import a.b"
	File string          // Name of the source that calls; empty for a program that has no name
	At   syntax.Position // of the call
}

// String returns "f() at line L:C", with the name of the file where there is one.
func (c Call) String() string {
	if c.File == "" {
		return fmt.Sprintf("%s at line %d:%d", c.Name, c.At.Line, c.At.Column)
	}
	return fmt.Sprintf("%s at %s line %d:%d", c.Name, c.File, c.At.Line, c.At.Column)
}

// shownCalls is the most calls that an error lists; a recursion has many of the same kind.
const shownCalls = 6

// Error returns the errors, and the calls that led there, innermost first.
func (e *Error) Error() string {
	text := e.Errs.Error()
	if len(e.Calls) == 0 {
		return text
	}
	calls := slices.Clone(e.Calls)
	slices.Reverse(calls)
	var texts []string
	for i, c := range calls {
		if more := len(calls) - shownCalls; more > 1 && i >= shownCalls-1 && i < len(calls)-1 {
			if i == shownCalls-1 {
				texts = append(texts, fmt.Sprintf("%d more", more))
			}
			continue
		}
		texts = append(texts, c.String())
	}
	return text + " (in " + strings.Join(texts, ", in ") + ")"
}

// Unwrap returns the errors without their calls.
func (e *Error) Unwrap() error { return e.Errs }

// Is reports whether the budget is the reason.
func (e *Error) Is(target error) bool { return target == ErrBudget && e.budget }

// fault is what is known of an error besides the error itself, gathered on its way out.
type fault struct {
	calls     []Call // innermost first
	more      syntax.Errors
	reference map[string]any
	budget    bool
}

// called notes that an error comes out of a call or an import at a place, and returns it.
func (ev *evaluator) called(name string, at syntax.Node, err *syntax.Error) *syntax.Error {
	ev.fault.calls = append(ev.fault.calls, Call{name, ev.src.Name, ev.src.Position(at.Range().From)})
	return err
}

// failure returns an error of evaluation with all that is known of it.
func (ev *evaluator) failure(err *syntax.Error) error {
	f := ev.fault
	errs := append(syntax.Errors{err}, f.more...)
	if len(f.calls) == 0 && f.reference == nil && !f.budget {
		return errs
	}
	slices.Reverse(f.calls)
	return &Error{Errs: errs, Calls: f.calls, Reference: f.reference, budget: f.budget}
}

// maxMessage bounds the characters of an error, which may quote a text of the program.
const maxMessage = 2000

// oneLine makes a text fit for a message: on one line, and not too long.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	if chars := []rune(s); len(chars) > maxMessage {
		return string(chars[:maxMessage]) + "…"
	}
	return s
}
