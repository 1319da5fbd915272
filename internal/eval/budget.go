package eval

import (
	"errors"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// What one compilation may cost. A program of a few lines can double a list, a text or a
// filter with every call, so the sum of all work is bounded as well as each result.
const (
	// DefaultMaxSteps bounds the work of one compilation, modules included. A step is one
	// statement, one expression, one element of a list, one term of a filter, or 16 bytes
	// of text; a node of the graph is nodeSteps besides.
	DefaultMaxSteps = 1_000_000

	nodeSteps   = 16
	maxText     = 1 << 20 // bytes of one text
	maxElements = 100_000 // elements of one list, tuple or dict
	maxDepth    = 64      // calls inside one another (language.md 6)
)

// ErrBudget is what errors.Is finds in the error of a program that would cost more than the
// budget of a compilation: too many steps, a text or a list too long.
var ErrBudget = errors.New("the program costs more than the budget of a compilation")

// spend counts steps of work.
func (ev *evaluator) spend(n int, at syntax.Node) *syntax.Error {
	if ev.steps += n; ev.steps+nodeSteps*ev.graph.Len() > ev.maxSteps || n < 0 {
		return ev.exhausted(at, "the program takes more than %d steps to compile", ev.maxSteps)
	}
	return nil
}

// spendText counts the work of making a text of n bytes.
func (ev *evaluator) spendText(n int, at syntax.Node) *syntax.Error {
	if n > maxText || n < 0 {
		return ev.exhausted(at, "the text is longer than %d bytes", maxText)
	}
	return ev.spend(n/16, at)
}

// spendElements counts the work of making a list, a tuple or a dict of n elements.
func (ev *evaluator) spendElements(n int, at syntax.Node) *syntax.Error {
	if n > maxElements || n < 0 {
		return ev.exhausted(at, "the list is longer than %d elements", maxElements)
	}
	return ev.spend(n, at)
}

// spendValue counts the work of writing out a value, as a node of the graph does with what
// it is given: a value inside two lists counts twice.
func (ev *evaluator) spendValue(v value, at syntax.Node) *syntax.Error {
	switch v := v.(type) {
	case text:
		return ev.spend(len(v)/16, at)
	case filter:
		return ev.spend(v.cost, at)
	case annotation:
		return ev.spend(v.cost, at)
	case *dict:
		for _, e := range v.entries {
			if err := ev.spendValue(e.key, at); err != nil {
				return err
			}
			if err := ev.spendValue(e.value, at); err != nil {
				return err
			}
		}
		return ev.spend(len(v.entries), at)
	}
	elems, _ := elements(v)
	for _, e := range elems {
		if err := ev.spendValue(e, at); err != nil {
			return err
		}
	}
	return ev.spend(len(elems), at)
}

func (ev *evaluator) exhausted(at syntax.Node, format string, limit int) *syntax.Error {
	ev.fault.budget = true
	return ev.errorf(syntax.LimitError, at, format, limit)
}
