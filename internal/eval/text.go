package eval

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// textOf returns the text of a static value, as str() does (language.md 2.3, 5.2): of a
// text itself, of a number the shortest that reads as the same number, of a duration the
// compound form, of a list its elements. A stream has no text at compile time.
func (ev *evaluator) textOf(v operand) (string, *syntax.Error) {
	if t, ok := v.value.(text); ok {
		return string(t), nil
	}
	return ev.repr(v)
}

// repr is textOf with quotes around a text, as it stands in a program.
func (ev *evaluator) repr(v operand) (string, *syntax.Error) {
	var b strings.Builder
	if err := ev.writeValue(&b, v.value, v.at); err != nil {
		return "", err
	}
	return b.String(), ev.spendText(b.Len(), v.at)
}

func (ev *evaluator) writeValue(b *strings.Builder, v value, at syntax.Node) *syntax.Error {
	switch v := v.(type) {
	case none:
		b.WriteString("None")
	case boolean:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case integer:
		b.WriteString(strconv.FormatInt(int64(v), 10))
	case float:
		b.WriteString(floatText(float64(v)))
	case text:
		b.WriteString(series.Quote(string(v)))
	case duration:
		b.WriteString(graph.Duration(time.Duration(v)))
	case list:
		return ev.writeElements(b, "[", v, "]", at)
	case tuple:
		if len(v) == 1 {
			return ev.writeElements(b, "(", v, ",)", at)
		}
		return ev.writeElements(b, "(", v, ")", at)
	case *dict:
		return ev.writeDict(b, v, at)
	case filter:
		if err := ev.spend(v.cost, at); err != nil {
			return err
		}
		b.WriteString(v.pred.String())
	default:
		return ev.errorf(syntax.TypeError, at, "a %s has no text", v.typeName())
	}
	if b.Len() > maxText {
		return ev.spendText(b.Len(), at)
	}
	return nil
}

func (ev *evaluator) writeElements(b *strings.Builder, open string, elems []value, end string, at syntax.Node) *syntax.Error {
	b.WriteString(open)
	for i, e := range elems {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := ev.writeElement(b, e, at); err != nil {
			return err
		}
	}
	b.WriteString(end)
	return nil
}

func (ev *evaluator) writeDict(b *strings.Builder, d *dict, at syntax.Node) *syntax.Error {
	b.WriteByte('{')
	for i, e := range d.entries {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := ev.writeElement(b, e.key, at); err != nil {
			return err
		}
		b.WriteString(": ")
		if err := ev.writeElement(b, e.value, at); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// writeElement writes what stands in a container. It may be a value without a text of its
// own, of which the type is written; that is what the text of a container is for: to look at.
func (ev *evaluator) writeElement(b *strings.Builder, v value, at syntax.Node) *syntax.Error {
	if err := ev.spend(1, at); err != nil {
		return err
	}
	switch v.(type) {
	case none, boolean, integer, float, text, duration, list, tuple, *dict, filter:
		return ev.writeValue(b, v, at)
	}
	b.WriteString("<" + v.typeName() + ">")
	return nil
}

// floatText writes a float so that it reads as one: 5.0, 0.01, 1e+21.
func floatText(f float64) string {
	format := byte('g')
	if a := math.Abs(f); a == 0 || a >= 1e-6 && a < 1e21 {
		format = 'f' // a label of "1e+06" helps nobody
	}
	s := strconv.FormatFloat(f, format, -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// plain returns a static value as Go's own types, for programs that read an error.
func (ev *evaluator) plain(v value, at syntax.Node) (any, *syntax.Error) {
	if err := ev.spend(1, at); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case none:
		return nil, nil
	case boolean:
		return bool(v), nil
	case integer:
		return int64(v), nil
	case float:
		return float64(v), nil
	case text:
		return string(v), nil
	case list, tuple:
		elems, _ := elements(v)
		all := make([]any, 0, len(elems))
		for _, e := range elems {
			p, err := ev.plain(e, at)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
		return all, nil
	case *dict:
		all := make(map[string]any, len(v.entries))
		for _, e := range v.entries {
			key, err := ev.textOf(operand{e.key, at})
			if err != nil {
				return nil, err
			}
			if all[key], err = ev.plain(e.value, at); err != nil {
				return nil, err
			}
		}
		return all, nil
	case duration, filter:
		return ev.repr(operand{v, at})
	}
	return "<" + v.typeName() + ">", nil
}
