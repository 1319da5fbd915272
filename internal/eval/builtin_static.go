package eval

import (
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// staticFunctions returns the functions over static values (language.md 2.4, 5.2).
func staticFunctions() []*builtin {
	return []*builtin{
		{
			name: "duration", params: []param{{name: "value", want: wantDuration}},
			doc: "a length of time: of a text such as `'1h30m'`, of a number of milliseconds, or of a duration",
			call: func(a *args) (value, *syntax.Error) {
				return given(a, "value", duration(0)), nil
			},
		},
		{
			name: "str", params: []param{{name: "value", want: wantStatic}},
			doc: "the text of a static value, as it would be written in a program",
			call: func(a *args) (value, *syntax.Error) {
				s, err := a.ev.textOf(a.get("value"))
				return text(s), err
			},
		},
		{
			name: "len", params: []param{{name: "value", want: wantSized}},
			doc: "the number of elements of a list, tuple or dict, or of characters of a text",
			call: func(a *args) (value, *syntax.Error) {
				switch v := a.get("value").value.(type) {
				case text:
					return integer(utf8.RuneCountInString(string(v))), nil
				case *dict:
					return integer(len(v.entries)), nil
				default:
					elems, _ := elements(v)
					return integer(len(elems)), nil
				}
			},
		},
		{
			name: "range",
			params: []param{
				{name: "start", want: wantInteger},
				{name: "stop", want: wantInteger, def: "None"},
				{name: "step", want: wantInteger, def: "1"},
			},
			doc:  "a list of integers from `start` up to `stop`, which is not in it; with one argument from 0 up to that",
			call: makeRange,
		},
	}
}

func makeRange(a *args) (value, *syntax.Error) {
	start, stop, step := int64(0), int64(given(a, "start", integer(0))), int64(given(a, "step", integer(1)))
	if a.has("stop") {
		start, stop = stop, int64(given(a, "stop", integer(0)))
	}
	if step == 0 {
		return nil, a.bad(a.get("step"), "step", "it is 0")
	}
	// The number of elements, without overflow: the distance is at most 64 bits.
	var n uint64
	switch {
	case step > 0 && stop > start:
		n = (uint64(stop)-uint64(start)-1)/uint64(step) + 1
	case step < 0 && stop < start:
		n = (uint64(start)-uint64(stop)-1)/(-uint64(step)) + 1
	}
	if err := a.ev.spendElements(int(min(n, 1<<40)), a.at); err != nil {
		return nil, err
	}
	l := make(list, n)
	for i := range l {
		l[i] = integer(start + int64(i)*step)
	}
	return l, nil
}

// argsGet returns the method of Args (language.md 4.11).
func argsGet() *builtin {
	return &builtin{
		name:   "get",
		params: []param{{name: "name", want: wantName}, {name: "default", want: wantStatic, def: "None"}},
		doc:    "an argument that the job is started with, a text, or the default: `Args.get('ui.dashboard_window', '15m')`",
		call: func(a *args) (value, *syntax.Error) {
			if v, ok := a.ev.args[a.text("name")]; ok {
				return text(v), a.ev.spendText(len(v), a.at)
			}
			if v := a.get("default"); v.value != nil {
				return v.value, nil
			}
			return none{}, nil
		},
	}
}
