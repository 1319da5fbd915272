package graph

import (
	"fmt"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The describe methods tell what one operator computes; in is the name of its input. Those
// of this file are about sources and about operators on one slot.

// ---- sources ----

func (f *Fetch) describe(string) string {
	return "The series of " + metrics(f.Metric) + selected(f.Filter) + "."
}

func (f *PathFetch) describe(string) string {
	named := "each node of the name is a dimension"
	if f.Positions != nil {
		var binders []string
		for _, p := range f.Positions {
			binders = append(binders, fmt.Sprintf("%s is node %d of the name, from 0", plain(p.Name), p.Position))
		}
		named = strings.Join(binders, ", ")
	}
	return "The series of " + metrics(f.Fetch.Metric) + ", node by node" + selected(f.Fetch.Filter) + "; " + named + "."
}

func (f *HistogramFetch) describe(string) string {
	return "The histograms of " + metrics(f.Metric) + selected(f.Filter) + "."
}

func (f *EventFetch) describe(string) string {
	return "The custom events of type " + series.Quote(f.Type) + selected(f.Filter) + "."
}

func (f *AlertFetch) describe(string) string {
	var of []string
	for _, part := range []struct{ what, value string }{
		{"the detector with the ID ", f.DetectorID}, {"detectors named ", f.DetectorName}, {"the AutoDetect detector ", f.AutoDetectID},
	} {
		if part.value != "" {
			of = append(of, part.what+series.Quote(part.value))
		}
	}
	if of == nil {
		of = []string{"all detectors"}
	}
	return "The alerts of " + strings.Join(of, " and ") + selected(f.Filter) + "."
}

func metrics(pattern string) string {
	if strings.Contains(pattern, "*") {
		return "all metrics that match " + series.Quote(pattern)
	}
	return "the metric " + series.Quote(pattern)
}

func selected(p series.Predicate) string {
	if p == nil {
		return ""
	}
	return " that pass " + p.String()
}

func (c *Const) describe(string) string {
	if len(c.Series) == 1 {
		return "One series with the value " + number(c.Series[0].Value) + " in every slot."
	}
	return fmt.Sprintf("%d series, each with a value that never changes.", len(c.Series))
}

func (*Param) describe(string) string { return "The value that the function is called with." }

// ---- slotwise ----

func (u *Unary) describe(in string) string {
	if u.Op == Not {
		return "True where " + in + " is false, and the reverse; unknown stays unknown."
	}
	return "The values of " + in + " with the other sign."
}

func (i *Is) describe(in string) string {
	what := i.String()
	if i.What == IsNone && i.Not {
		what = "has a value"
	} else if i.What == IsNone {
		what = "has no value"
	}
	return "True where " + in + " " + what + ", else false: never unknown."
}

func (m *Math) describe(in string) string {
	switch m.Func {
	case Abs:
		return "The values of " + in + " without their sign."
	case Ceil:
		return "The values of " + in + ", rounded up."
	case Floor:
		return "The values of " + in + ", rounded down."
	case Sqrt:
		return "The square root of each value of " + in + "; missing for a negative one."
	case Log:
		return "The natural logarithm of each value of " + in + "; missing for 0 and less."
	case Log10:
		return "The logarithm to base 10 of each value of " + in + "; missing for 0 and less."
	case Integrate:
		return "Each value of " + in + ", times the seconds of a slot."
	case PerSecond:
		return "Each value of " + in + ", divided by the seconds of a slot."
	}
	return ""
}

func (l *Limit) describe(in string) string {
	bound := func(word, orEqual string, inclusive bool, limit float64) string {
		if inclusive {
			word = orEqual
		}
		return word + " " + number(limit)
	}
	low := bound("above", "at least", l.LowInclusive, l.Low)
	high := bound("below", "at most", l.HighInclusive, l.High)
	pass := low + " and " + high
	switch l.Func {
	case Above:
		pass = low
	case Below:
		pass = high
	case NotBetween:
		pass = bound("below", "at most", l.LowInclusive, l.Low) + " or " + bound("above", "at least", l.HighInclusive, l.High)
	}
	rest := "nothing in place of the others"
	if l.Clamp {
		rest = "the nearer limit in place of the others"
	}
	return "The values of " + in + " that are " + pass + "; " + rest + "."
}

func (e *Equals) describe(in string) string {
	which, rest := "equal", "nothing"
	if e.Not {
		which = "do not equal"
	}
	if e.Replacement != nil {
		rest = number(*e.Replacement)
	}
	return fmt.Sprintf("The values of %s that %s %s; %s in place of the others.", in, which, number(e.Value), rest)
}

func (f *Fill) describe(in string) string {
	with := "the last value of the series"
	switch {
	case f.Value != nil && f.Booleans:
		with = truth(*f.Value)
	case f.Value != nil:
		with = number(*f.Value)
	}
	bound := ""
	switch {
	case f.For != 0 && f.Slots != 0:
		bound = fmt.Sprintf(", for at most %s and %d slots in a row", Duration(f.For), f.Slots)
	case f.For != 0:
		bound = ", for at most " + Duration(f.For) + " in a row"
	case f.Slots != 0:
		bound = fmt.Sprintf(", for at most %d slots in a row", f.Slots)
	}
	return "The values of " + in + ", and in place of missing ones " + with + bound + "."
}

func (m *Map) describe(in string) string {
	return "The function of each value x of " + in + "; it is called for missing values too, which are None."
}

func (*Threshold) describe(in string) string {
	return in + " as it is; marked as the threshold of a detector."
}
