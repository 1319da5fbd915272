package eval

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// want is a type that a parameter takes. take returns the argument as the built-in gets
// it; nil when its type is wrong, and a problem when its type is right and its value is not.
type want struct {
	name string // as in "expected string, got number"
	take func(value) (v value, problem string)
	hint func(value) string // what helps with a value of the wrong type; nil, or empty: nothing
}

// got describes a value of the wrong type: of a list of names, what is wrong in it.
func (w *want) got(v value) string {
	if elems, ok := elements(v); ok && (w == wantNames || w == wantNamesOrTrue || w == wantNamesOrNone || w == wantTerms) {
		for _, e := range elems {
			if _, ok := e.(text); !ok {
				return fmt.Sprintf("%s with a %s in it", v.typeName(), e.typeName())
			}
		}
	}
	return v.typeName()
}

// only makes a want that takes the values of one type as they are.
func only[T value](name string) *want {
	return &want{name: name, take: func(v value) (value, string) {
		if t, ok := v.(T); ok {
			return t, ""
		}
		return nil, ""
	}}
}

var (
	wantText = only[text]("string")
	// wantAny takes whatever it is given: a parameter of a function of the program, to which
	// None is a value like others.
	wantAny = &want{name: "value", take: func(v value) (value, string) { return v, "" }}

	wantBoolean = only[boolean]("boolean")

	// wantName takes a text that is not empty.
	wantName = &want{name: "string", take: func(v value) (value, string) {
		t, ok := v.(text)
		switch {
		case !ok:
			return nil, ""
		case t == "":
			return nil, "the text is empty"
		}
		return t, ""
	}}

	// wantInteger takes a whole number, also one that was computed as a float.
	wantInteger = &want{name: "integer", take: func(v value) (value, string) {
		switch n := v.(type) {
		case integer:
			return n, ""
		case float:
			if n == float(math.Trunc(float64(n))) && math.Abs(float64(n)) < 1<<53 {
				return integer(n), ""
			}
			return nil, strconv.FormatFloat(float64(n), 'g', -1, 64) + " is no integer"
		}
		return nil, ""
	}}

	// wantDuration takes a duration, a text of one, or a number of milliseconds.
	wantDuration = &want{name: "duration", take: func(v value) (value, string) {
		switch d := v.(type) {
		case duration:
			return d, ""
		case text:
			ns, ok := parseDuration(string(d))
			if !ok {
				return nil, "'" + string(d) + "' is not a duration such as 10s, 5m, 1h30m or 2w"
			}
			return inRange(ns)
		}
		n, ok := number(v)
		if !ok {
			return nil, ""
		}
		return inRange(n * float64(time.Millisecond))
	}}

	// wantLength takes a duration that is longer than nothing.
	wantLength = &want{name: "duration", take: func(v value) (value, string) {
		d, problem := wantDuration.take(v)
		if d, ok := d.(duration); ok && d <= 0 {
			return nil, graph.Duration(time.Duration(d)) + " is not a positive duration"
		}
		return d, problem
	}}

	// wantNames takes a text, or a list or tuple of texts, and makes a list of it.
	wantNames = &want{name: "string or list of strings", take: func(v value) (value, string) {
		if t, ok := v.(text); ok {
			v = list{t}
		}
		elems, ok := elements(v)
		if !ok {
			return nil, ""
		}
		for _, e := range elems {
			switch t, ok := e.(text); {
			case !ok:
				return nil, ""
			case t == "":
				return nil, "the text is empty"
			}
		}
		return list(elems), ""
	}}

	// wantNamesOrTrue takes True as well, for all names.
	wantNamesOrTrue = &want{name: "string or list of strings", take: func(v value) (value, string) {
		if b, ok := v.(boolean); ok {
			return b, ""
		}
		return wantNames.take(v)
	}}

	// wantNamesOrNone takes None as well, for no names: promote(None).
	wantNamesOrNone = &want{name: "string or list of strings", take: func(v value) (value, string) {
		if _, ok := v.(none); ok {
			return list{}, ""
		}
		return wantNames.take(v)
	}}

	// wantTerms takes one term of a filter, or a list of them.
	wantTerms = &want{name: "string", take: func(v value) (value, string) {
		if _, ok := v.(text); ok {
			return v, ""
		}
		return wantNames.take(v)
	}}
)

// durationUnits holds the units of a duration text; of two that match, the first counts.
var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"ms", time.Millisecond},
	{"s", time.Second},
	{"m", time.Minute},
	{"h", time.Hour},
	{"d", 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
}

// inRange makes a duration of nanoseconds.
func inRange(ns float64) (value, string) {
	d, ok := nanoseconds(ns)
	if !ok {
		return nil, "the duration is out of range"
	}
	return duration(d), ""
}

// parseDuration reads one or more groups of a number and a unit, without blanks, and
// returns nanoseconds (language.md 2.4).
func parseDuration(s string) (ns float64, ok bool) {
	total := 0.0
	for first := true; first || s != ""; first = false {
		digits := 0
		for digits < len(s) && (s[digits] >= '0' && s[digits] <= '9' || s[digits] == '.') {
			digits++
		}
		n, err := strconv.ParseFloat(s[:digits], 64)
		if err != nil {
			return 0, false
		}
		size, length := unit(s[digits:])
		if length == 0 {
			return 0, false
		}
		total += n * float64(size)
		s = s[digits+length:]
	}
	return total, true
}

func unit(s string) (size time.Duration, length int) {
	for _, u := range durationUnits {
		if len(s) >= len(u.name) && s[:len(u.name)] == u.name {
			return u.size, len(u.name)
		}
	}
	return 0, 0
}

// names returns the texts of a list that a want has checked.
func names(l list) []string {
	var texts []string
	for _, v := range l {
		if t, ok := v.(text); ok {
			texts = append(texts, string(t))
		}
	}
	return texts
}
