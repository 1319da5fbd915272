package graph

import (
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Name returns what a program calls an operator, for messages: "percentile()".
func Name(op Op) string {
	switch op := op.(type) {
	case nil:
		return "nothing"
	case *None:
		return "None in place of a stream"
	case *Binary:
		if op.Outer {
			return "combine()"
		}
		return "operator '" + string(op.Op) + "'"
	case *Unary:
		return "operator '" + string(op.Op) + "'"
	case *Conditional:
		return "a conditional expression on a stream"
	case *Is:
		return "'is' on a stream"
	case *Across:
		return string(op.Func) + "() of several streams"
	case *Window:
		return string(op.Func) + "(over=)"
	case *Calendar:
		return string(op.Func) + "(cycle=)"
	}
	name, _, _ := strings.Cut(op.String(), "(")
	return name + "()"
}

// ---- sources ----

// String returns data('metric', ...) with the arguments that are not the default.
func (f *Fetch) String() string { return f.text("data") }

func (f *Fetch) text(name string, more ...string) string {
	args := []string{series.Quote(f.Metric), named("filter", predicate(f.Filter)), named("rollup", string(f.Rollup))}
	if f.Extrapolation != ExtrapolateNull {
		args = append(args, "extrapolation="+string(f.Extrapolation))
	}
	if f.MaxExtrapolations >= 0 {
		args = append(args, "maxExtrapolations="+strconv.Itoa(f.MaxExtrapolations))
	}
	return form(name, append(append(args, named("resolution", period(f.Resolution))), more...)...)
}

// String returns graphite('metric', ..., name=position).
func (f *PathFetch) String() string {
	var binders []string
	for _, p := range f.Positions {
		binders = append(binders, plain(p.Name)+"="+strconv.Itoa(p.Position))
	}
	return f.Fetch.text(string(f.Func), binders...)
}

// String returns histogram('metric', ...).
func (f *HistogramFetch) String() string {
	return form("histogram", series.Quote(f.Metric), named("filter", predicate(f.Filter)), named("resolution", period(f.Resolution)))
}

// String returns events('type', filter=...).
func (f *EventFetch) String() string {
	return form("events", series.Quote(f.Type), named("filter", predicate(f.Filter)))
}

// String returns alerts(...).
func (f *AlertFetch) String() string {
	return form("alerts", named("detector_id", quoted(f.DetectorID)), named("detector_name", quoted(f.DetectorName)),
		named("autodetect_id", quoted(f.AutoDetectID)), named("filter", predicate(f.Filter)))
}

// String returns const(value, key={...}), and of other than one series const(value, key={...}; ...).
func (c *Const) String() string {
	var b strings.Builder
	for i, s := range c.Series {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(number(s.Value))
		if len(s.Key) > 0 {
			b.WriteString(", key=" + pairs(s.Key))
		}
	}
	return "const(" + b.String() + ")"
}

// String returns scalar(value).
func (s *Scalar) String() string { return "scalar(" + s.text() + ")" }

func (s *Scalar) text() string {
	if s.Boolean {
		return truth(s.Value)
	}
	return number(s.Value)
}

// truth writes a boolean that is 1 or 0.
func truth(f float64) string {
	if f != 0 {
		return "True"
	}
	return "False"
}

// String returns None.
func (*None) String() string { return "None" }

// String returns x, or boolean x.
func (p *Param) String() string {
	if p.Booleans {
		return "boolean x"
	}
	return "x"
}

// ---- slotwise ----

// String returns the operator.
func (b *Binary) String() string { return outer(b.Outer, string(b.Op)) }

// String returns the operator; negation is neg, which no Binary is.
func (u *Unary) String() string {
	if u.Op == Negate {
		return "neg"
	}
	return string(u.Op)
}

// String returns if.
func (c *Conditional) String() string { return outer(c.Outer, "if") }

// String returns is None, is not True, is 5.
func (i *Is) String() string {
	text := "is "
	if i.Not {
		text = "is not "
	}
	switch i.What {
	case IsTrue:
		return text + "True"
	case IsFalse:
		return text + "False"
	case IsNumber:
		return text + number(i.Number)
	}
	return text + "None"
}

// String returns max across.
func (a *Across) String() string {
	name := string(a.Func)
	if a.Func.takesArg() {
		name = form(name, number(a.Arg))
	}
	return outer(a.Outer, name+" across")
}

// String returns func().
func (m *Math) String() string { return form(string(m.Func)) }

// String returns above(low, ...) and the like.
func (l *Limit) String() string {
	clamp := flag("clamp", l.Clamp)
	switch l.Func {
	case Above:
		return form("above", number(l.Low), flag("inclusive", l.LowInclusive), clamp)
	case Below:
		return form("below", number(l.High), flag("inclusive", l.HighInclusive), clamp)
	}
	return form(string(l.Func), number(l.Low), number(l.High), flag("low_inclusive", l.LowInclusive),
		flag("high_inclusive", l.HighInclusive), clamp)
}

// String returns equals(value, replacement=...) or not_equals(...).
func (e *Equals) String() string {
	name := "equals"
	if e.Not {
		name = "not_equals"
	}
	return form(name, number(e.Value), optional("replacement", e.Replacement))
}

func optional(name string, f *float64) string {
	if f == nil {
		return ""
	}
	return name + "=" + number(*f)
}

// String returns fill(value, duration=..., maxCount=...).
func (f *Fill) String() string {
	value := ""
	switch {
	case f.Value != nil && f.Booleans:
		value = truth(*f.Value)
	case f.Value != nil:
		value = number(*f.Value)
	}
	return form("fill", value, named("duration", period(f.For)), named("maxCount", whole(f.Slots)))
}

// String returns threshold().
func (*Threshold) String() string { return "threshold()" }

// ---- reductions ----

// argument writes the own argument of a reduction.
func argument(r Reduce, arg float64) string {
	if !r.takesArg() {
		return ""
	}
	return number(arg)
}

// String returns func(argument, by=[...], allow_missing=[...]).
func (a *Aggregate) String() string {
	return form(string(a.Func), argument(a.Func, a.Arg), named("by", names(a.By)), named("allow_missing", names(a.AllowMissing)))
}

// String returns func(argument, over=duration).
func (w *Window) String() string {
	return form(string(w.Func), argument(w.Func, w.Arg), "over="+Duration(w.Over))
}

// String returns func(cycle=..., ...).
func (c *Calendar) String() string {
	return form(string(c.Func), named("cycle", string(c.Cycle)), named("cycle_start", whole(c.Start)), named("timezone", quoted(c.Timezone)),
		flag("partial_values", c.Partial), named("shift_cycles", whole(c.Shift)))
}

// String returns histogram func(argument, by=[...], over=duration).
func (h *HistogramReduce) String() string {
	return "histogram " + form(string(h.Func), argument(h.Func, h.Arg), named("by", names(h.By)),
		named("allow_missing", names(h.AllowMissing)), named("over", period(h.Over)))
}

// String returns histogram_percentile(percent, ...).
func (p *BucketPercentile) String() string {
	return form("histogram_percentile", number(p.Percent), named("bucket_name", series.Quote(p.Bucket)),
		named("infinity_bucket_name", series.Quote(p.Infinity)))
}

// String returns top(count, by=[...]) and the like.
func (s *Select) String() string {
	share := ""
	if s.Count == 0 {
		share = "percentage=" + number(s.Share)
	}
	return form(string(s.Func), whole(s.Count), share, named("by", names(s.By)))
}

// String returns event count(by=[...]).
func (c *EventCount) String() string { return "event " + form("count", named("by", names(c.By))) }

// ---- history ----

// String returns delta() or rateofchange().
func (d *Delta) String() string {
	if d.PerSecond {
		return "rateofchange()"
	}
	return "delta()"
}

// String returns ewma(alpha) or ewma(over=duration).
func (e *EWMA) String() string {
	if e.Over != 0 {
		return form("ewma", "over="+Duration(e.Over))
	}
	return form("ewma", number(e.Alpha))
}

// String returns double_ewma(...).
func (d *DoubleEWMA) String() string {
	rest := []string{named("forecast", period(d.Forecast)), ""}
	if d.Damping != 1 {
		rest[1] = "damping=" + number(d.Damping)
	}
	if d.Over != 0 {
		return form("double_ewma", append([]string{"over=" + Duration(d.Over), "trend_over=" + Duration(d.TrendOver)}, rest...)...)
	}
	return form("double_ewma", append([]string{number(d.Alpha), number(d.Beta)}, rest...)...)
}

// String returns kpss(over=duration, mode=trend).
func (k *KPSS) String() string {
	mode := ""
	if k.Trend {
		mode = "mode=trend"
	}
	return form("kpss", "over="+Duration(k.Over), mode)
}

// String returns timeshift(duration).
func (t *Timeshift) String() string { return form("timeshift", Duration(t.Offset)) }

// ---- metadata and output ----

// String returns union().
func (*Union) String() string { return "union()" }

// String returns promote([...]).
func (p *Promote) String() string {
	return form("promote", names(p.Names), flag("allow_missing", p.AllowMissing))
}

// String returns dimensions(aliases={...}, renames={...}).
func (d *Dimensions) String() string {
	return form("dimensions", named("aliases", pairs(d.Aliases)), named("renames", pairs(d.Renames)), flag("allow_missing", d.AllowMissing))
}

// String returns publish('label', enable=False).
func (p *Publish) String() string {
	enable := ""
	if !p.Enabled {
		enable = "enable=False"
	}
	return form("publish", quoted(p.Label), enable)
}

// String returns when(lasting=duration, at_least=share).
func (w *When) String() string {
	return form("when", "lasting="+Duration(w.Lasting), "at_least="+number(w.AtLeast))
}

// String returns detect(...); which of the inputs are off and annotations is said there.
func (d *Detect) String() string {
	off, mode, drawn := "", "", ""
	if d.Off {
		off = "on, off"
	}
	if d.Split {
		mode = "mode=split"
	}
	if len(d.Annotations) > 0 {
		texts := make([]string, len(d.Annotations))
		for i, a := range d.Annotations {
			texts[i] = form("annotate", series.Quote(a.Label), pairs(a.Extra))
		}
		drawn = "annotations=[" + strings.Join(texts, ", ") + "]"
	}
	return form("detect", off, mode, drawn, named("event_annotations", pairs(d.EventAnnotations)),
		named("auto_resolve_after", period(d.AutoResolveAfter)))
}
