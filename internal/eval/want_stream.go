package eval

import (
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// streamHint tells what helps where a stream of another kind is expected.
func streamHint(v value) string {
	switch v := v.(type) {
	case stream:
		if v.boolean {
			return "make numbers of it first, as in 1 if s else 0"
		}
	case function:
		return "call it: " + v.name + "()"
	}
	return kindHint(v)
}

// kindHint tells how a stream of another kind becomes one of numbers.
func kindHint(v value) string {
	switch v.(type) {
	case histograms:
		return "take numbers of it first: count(), mean(), percentile()"
	case events:
		return "count them first: count()"
	case detector:
		return "combine the conditions, not the alerts"
	}
	return ""
}

var (
	wantStream = &want{name: "stream", hint: streamHint, take: func(v value) (value, string) {
		if s, ok := v.(stream); ok && !s.boolean {
			return s, ""
		}
		return nil, ""
	}}

	// wantAnyStream takes a stream of numbers or of booleans.
	wantAnyStream = &want{name: "stream", hint: streamHint, take: only[stream]("").take}

	// wantOperand takes a number or a stream of numbers.
	wantOperand = &want{name: "number or stream", hint: streamHint, take: func(v value) (value, string) {
		if _, ok := number(v); ok {
			return v, ""
		}
		return wantStream.take(v)
	}}

	// wantExpression takes what an expression of streams may come to.
	wantExpression = &want{name: "stream", hint: streamHint, take: func(v value) (value, string) {
		switch v.(type) {
		case none, boolean, integer, float, stream:
			return v, ""
		}
		return nil, ""
	}}

	// wantCondition takes a stream of booleans.
	wantCondition = &want{name: "boolean stream", take: func(v value) (value, string) {
		if s, ok := v.(stream); ok && s.boolean {
			return s, ""
		}
		return nil, ""
	}, hint: func(v value) string {
		switch v.(type) {
		case stream:
			return "compare the stream first, as in s > 0"
		case events:
			return "events are no signal; the number of them is: count() > 0"
		}
		return kindHint(v)
	}}

	wantFunction = &want{name: "function", take: func(v value) (value, string) {
		if _, ok := callable(v); ok {
			return v, ""
		}
		return nil, ""
	}, hint: func(v value) string {
		return "such as lambda x: 0 if x is None else x"
	}}

	// wantFilter takes a filter, or a dict in its place.
	wantFilter = &want{name: "filter", take: func(v value) (value, string) {
		switch v := v.(type) {
		case filter:
			return v, ""
		case *dict:
			return dictFilter(v)
		}
		return nil, ""
	}, hint: func(v value) string {
		switch v.(type) {
		case text:
			return "filter('name', 'value')"
		case list, tuple:
			return "combine filters with 'and' and 'or'"
		}
		return ""
	}}
)

var (
	// wantStatic takes a value that has a text.
	wantStatic = &want{name: "static value", take: func(v value) (value, string) {
		switch v.(type) {
		case none, boolean, integer, float, text, duration, list, tuple, *dict, filter:
			return v, ""
		}
		return nil, ""
	}}

	wantSized = &want{name: "list, tuple, dict or string", take: func(v value) (value, string) {
		switch v.(type) {
		case text, list, tuple, *dict:
			return v, ""
		}
		return nil, ""
	}}

	// wantTexts takes a dict of texts to texts; a number becomes its text.
	wantTexts = &want{name: "dict of strings", take: func(v value) (value, string) { return pairsOf(v, true) }}

	// wantNamePairs takes a dict of names to names.
	wantNamePairs = &want{name: "dict of strings", take: func(v value) (value, string) {
		pairs, problem := pairsOf(v, false)
		all, _ := pairs.(labels)
		for _, l := range all {
			if l.Name == "" || l.Value == "" {
				return nil, "a name in the dict is empty"
			}
		}
		return pairs, problem
	}}

	// wantKeys takes the key of a constant, or a list of keys.
	wantKeys = &want{name: "dict or list of dicts", take: func(v value) (value, string) {
		elems, ok := elements(v)
		if !ok {
			elems = []value{v}
		}
		var all constants
		for _, e := range elems {
			key, problem := pairsOf(e, true)
			if key == nil {
				return nil, problem
			}
			all = append(all, graph.ConstSeries{Key: series.Labels(key.(labels))})
		}
		if len(all) == 0 {
			return nil, "the list is empty"
		}
		return all, ""
	}}

	// wantTimeseries takes a list of dicts, each with the key and the value of a series.
	wantTimeseries = &want{name: "list of dicts", take: func(v value) (value, string) {
		elems, ok := elements(v)
		if !ok {
			return nil, ""
		}
		var all constants
		for _, e := range elems {
			d, ok := e.(*dict)
			if !ok {
				return nil, ""
			}
			n, hasValue := d.get(text("value"))
			f, isNumber := number(n)
			k, hasKey := d.get(text("key"))
			if !hasValue || !isNumber || len(d.entries) != 2 || !hasKey {
				return nil, "a series is a dict with a 'key', a dict, and a 'value', a number"
			}
			key, problem := pairsOf(k, true)
			if key == nil {
				if problem == "" {
					problem = "the 'key' of a series is a dict of strings, not a " + k.typeName()
				}
				return nil, problem
			}
			all = append(all, graph.ConstSeries{Key: series.Labels(key.(labels)), Value: f})
		}
		if len(all) == 0 {
			return nil, "the list is empty"
		}
		return all, ""
	}}

	wantAnnotations = &want{name: "list of annotations", take: func(v value) (value, string) {
		elems, ok := elements(v)
		if !ok {
			return nil, ""
		}
		for _, e := range elems {
			if _, ok := e.(annotation); !ok {
				return nil, ""
			}
		}
		return list(elems), ""
	}, hint: func(v value) string {
		return "[annotate(s, 'label'), …]"
	}}
)

// pairsOf returns a dict of texts as sorted labels. With numbers the values may be numbers.
func pairsOf(v value, numbers bool) (value, string) {
	d, ok := v.(*dict)
	if !ok {
		return nil, ""
	}
	var pairs series.Labels
	for _, e := range d.entries {
		name, ok := e.key.(text)
		if !ok {
			return nil, "a key of the dict is a " + e.key.typeName() + ", not a string"
		}
		l := series.Label{Name: string(name)}
		switch x := e.value.(type) {
		case text:
			l.Value = string(x)
		case integer, float:
			if numbers {
				l.Value = numberText(x)
				break
			}
			return nil, "the value of '" + string(name) + "' is a number, not a string"
		default:
			return nil, "the value of '" + string(name) + "' is a " + x.typeName() + ", not a string"
		}
		pairs = append(pairs, l)
	}
	return labels(series.SortLabels(pairs)), ""
}

// numberText returns the text of a number, as str() writes it.
func numberText(v value) string {
	if i, ok := v.(integer); ok {
		return strconv.FormatInt(int64(i), 10)
	}
	f, _ := number(v)
	return floatText(f)
}
