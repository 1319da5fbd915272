package eval

import (
	"strings"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// comprehension evaluates a list comprehension, or a generator, which is a list as well
// (language.md 2.11). Every turn has a scope of its own, so that a function made in it
// keeps the values of its turn.
func (ev *evaluator) comprehension(x *syntax.Comprehension) (value, *syntax.Error) {
	elems := list{}
	err := ev.turns(x, x.Clauses, &elems)
	return elems, err
}

// turns evaluates the element of a comprehension once for each turn of the clauses.
func (ev *evaluator) turns(x *syntax.Comprehension, clauses []*syntax.Clause, elems *list) *syntax.Error {
	if len(clauses) == 0 {
		v, err := ev.expr(x.Elem)
		if err != nil {
			return err
		}
		*elems = append(*elems, v)
		if len(*elems) > maxElements {
			return ev.spendElements(len(*elems), x)
		}
		return nil
	}
	c := clauses[0]
	if c.Names == nil {
		yes, err := ev.condition(c.X)
		if err != nil || !yes {
			return err
		}
		return ev.turns(x, clauses[1:], elems)
	}
	v, err := ev.expr(c.X)
	if err != nil {
		return err
	}
	over, ok := elements(v)
	if !ok {
		return ev.errorf(syntax.TypeError, c.X, "'for' goes over a list or tuple, not over a %s", v.typeName())
	}
	for _, e := range over {
		if err := ev.spend(1, c); err != nil {
			return err
		}
		in := ev.inner()
		if len(c.Names) == 1 && !unpacks(in.src, c) {
			err = in.bind(c.Names[0], e)
		} else {
			err = in.unpack(c.Names, e, c.X)
		}
		if err != nil {
			return err
		}
		if err := in.turns(x, clauses[1:], elems); err != nil {
			return err
		}
	}
	return nil
}

// unpacks reports whether a comma follows the one name of a clause: "for x, in pairs".
func unpacks(src *syntax.Source, c *syntax.Clause) bool {
	rest := src.Slice(syntax.Span{From: c.Names[0].To, To: c.X.Range().From})
	return strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n\\"), ",")
}
