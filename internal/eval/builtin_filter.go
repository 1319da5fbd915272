package eval

import (
	"github.com/signalfx/signalflow-client-go/syntax"
)

// filterBuiltin is filter() (language.md 5.2, 2.5).
var filterBuiltin = &builtin{
	name: "filter",
	params: []param{
		{name: "key", want: wantName},
		{name: "terms", want: wantTerms, rest: true},
		{name: "match_missing", want: wantBoolean, def: "False", named: true},
	},
	doc: "the series whose dimension `key` (or `sf_metric`) equals one of the terms, in which `*` stands for any characters",
	call: func(a *args) (value, *syntax.Error) {
		var terms []string
		for _, v := range a.rest {
			switch t := v.value.(type) {
			case text:
				terms = append(terms, string(t))
			case list:
				terms = append(terms, names(t)...)
			}
		}
		if len(terms) == 0 {
			return nil, a.bad(a.rest[0], "terms", "the list is empty")
		}
		if err := a.ev.spend(len(terms), a.at); err != nil {
			return nil, err
		}
		key := string(given(a, "key", text("")))
		missing := bool(given(a, "match_missing", boolean(false)))
		return newFilter(key, terms, missing), nil
	},
}
