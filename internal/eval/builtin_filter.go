package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// filterFunctions returns the functions that make filters (language.md 5.2, 2.5).
func filterFunctions() []*builtin {
	return []*builtin{
		{
			name: "filter",
			params: []param{
				{name: "key", want: wantName},
				{name: "terms", want: wantTerms, rest: true},
				{name: "match_missing", want: wantBoolean, def: "False", named: true},
			},
			doc:  "the series whose dimension `key` (or `sf_metric`) equals one of the terms, in which `*` stands for any characters",
			call: makeFilter,
		},
		{
			name:   "partition_filter",
			params: []param{{name: "index", want: wantInteger}, {name: "size", want: wantInteger}},
			doc:    "the share `index`, from 1, of all series, divided into `size` shares",
			call: func(a *args) (value, *syntax.Error) {
				index, size := given(a, "index", integer(0)), given(a, "size", integer(0))
				switch {
				case index <= 0:
					return nil, a.bad(a.get("index"), "index", "invalid argument: %d is not positive", index)
				case size <= 0:
					return nil, a.bad(a.get("size"), "size", "invalid argument: %d is not positive", size)
				case index > size:
					return nil, a.bad(a.get("index"), "index", "invalid argument: %d is more than the size %d", index, size)
				}
				return filter{&series.Partition{Index: uint64(index), Size: uint64(size)}, 1}, nil
			},
		},
	}
}

func makeFilter(a *args) (value, *syntax.Error) {
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
	return newFilter(a.text("key"), terms, a.yes("match_missing")), nil
}

// dictFilter returns the filter that a dict stands for: all of its keys, each with one of
// its values (language.md 2.5, OQ-6).
func dictFilter(d *dict) (value, string) {
	var f filter
	for _, e := range d.entries {
		key, isText := e.key.(text)
		terms, problem := wantTerms.take(e.value)
		if one, ok := terms.(text); ok {
			terms = list{one}
		}
		l, _ := terms.(list)
		switch {
		case !isText || key == "":
			return nil, "a key of the dict is no name"
		case problem != "" || len(l) == 0:
			return nil, "the dict has no text and no list of texts for '" + string(key) + "'"
		}
		match := newFilter(string(key), names(l), false)
		f.cost += match.cost
		if f.pred == nil {
			f.pred = match.pred
		} else {
			f.pred = &series.And{X: f.pred, Y: match.pred}
		}
	}
	if f.pred == nil {
		return nil, "the dict is empty"
	}
	return f, ""
}
