package eval

import "github.com/signalfx/signalflow-client-go/syntax"

// durationBuiltin is duration() (language.md 2.4).
var durationBuiltin = &builtin{
	name:   "duration",
	params: []param{{name: "value", want: wantDuration}},
	doc:    "a length of time: of a text such as `'1h30m'`, of a number of milliseconds, or of a duration",
	call: func(a *args) (value, *syntax.Error) {
		return given(a, "value", duration(0)), nil
	},
}
