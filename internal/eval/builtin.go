package eval

import (
	"maps"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// The built-ins by name: functions, and the methods of each kind of value. Each family adds
// its own in a file builtin_<family>.go.
var (
	functions        = map[string]*builtin{}
	methods          = map[string]*builtin{} // of streams of numbers, and of booleans where they say so
	histogramMethods = map[string]*builtin{}
	eventMethods     = map[string]*builtin{}
	detectorMethods  = map[string]*builtin{}
	argsMethods      = map[string]*builtin{}
)

// The tables are filled at the start of the process, and not where they are declared: the
// functions in them look names up in them.
func init() {
	fill(functions, sourceFunctions(), filterFunctions(), constFunctions(), staticFunctions(), acrossFunctions(), detectFunctions())
	fill(methods, statMethods(), rankMethods(), historyMethods(), valueMethods(), metadataMethods())
	fill(histogramMethods, histogramReductions())
	fill(eventMethods, eventReductions())
	fill(detectorMethods, []*builtin{publishMethod()})
	fill(argsMethods, []*builtin{argsGet()})
}

func fill(table map[string]*builtin, families ...[]*builtin) {
	for _, family := range families {
		for _, b := range family {
			table[b.name] = b
		}
	}
}

// refused holds the names that are known and that no version will have, each with what
// helps instead.
var refused = map[string]string{
	"logs":                    "log streams are no part of this; count the logs as a metric where they are collected",
	"field":                   "it belongs to logs(); of metrics and events the filter is filter('name', 'value')",
	"find":                    "it belongs to the first version of the language; data() with a filter finds series",
	"above_or_below_detector": "it is a function of the library: from signalfx.detectors.aperiodic import aperiodic",
	"range_detector":          "it is a function of the library: from signalfx.detectors.aperiodic import aperiodic",
}

// instead holds methods that people look for, with what does the same.
var instead = map[string]string{
	"average": "mean()", "avg": "mean()", "alias": "dimensions(aliases=)", "derivative": "rateofchange()",
	"diff": "delta()", "exclude": "above(), below() or between()", "exp": "pow(base=2.718281828459045)",
	"filter": "the filter= of data()", "group_by": "the by= of a statistic", "groupby": "the by= of a statistic",
	"last": "data(rollup='latest')", "lasting": "when(s > 0, lasting='5m')", "moving_average": "mean(over=)", "rename": "dimensions(renames=)",
	"shift": "timeshift()", "std": "stddev()", "sum_by": "sum(by=)", "var": "variance()",
}

// methodsOf returns the methods of a value.
func methodsOf(v value) map[string]*builtin {
	switch v := v.(type) {
	case stream:
		if !v.boolean {
			return methods
		}
		some := map[string]*builtin{}
		for name, m := range methods {
			if m.booleans {
				some[name] = m
			}
		}
		return some
	case histograms:
		return histogramMethods
	case events:
		return eventMethods
	case detector:
		return detectorMethods
	case jobArgs:
		return argsMethods
	}
	return nil
}

// member returns what v.name is of a value of a built-in: a method or an attribute.
func (ev *evaluator) member(v value, id *syntax.Ident) (value, *syntax.Error) {
	s, isStream := v.(stream)
	if m, ok := methods[id.Name]; ok && isStream && (!s.boolean || m.booleans) {
		return function{m, v}, nil
	}
	known := methodsOf(v)
	if m, ok := known[id.Name]; ok && !isStream {
		return function{m, v}, nil
	}
	fields := attributes(v)
	if field, ok := fields[id.Name]; ok {
		return field, nil
	}
	err := ev.errorf(syntax.NameError, id, "%s has no method '%s'", v.typeName(), id.Name)
	if fields != nil {
		err = ev.errorf(syntax.NameError, id, "%s has no attribute '%s'", v.typeName(), id.Name)
	}
	names := slices.AppendSeq(slices.Collect(maps.Keys(known)), maps.Keys(fields))
	slices.Sort(names)
	switch near := spell.Nearest(id.Name, names); {
	case isStream && s.boolean && methods[id.Name] != nil:
		err = err.WithHint("make numbers of it first: (1 if s else 0).%s()", id.Name)
	case near != "":
		err = err.WithHint("did you mean '%s'?", near)
	default:
		if hint := ev.memberHint(v, id.Name); hint != "" {
			err = err.WithHint("%s", hint)
		}
	}
	return nil, err
}

// memberHint tells what helps who asks a value for a method that it does not have.
func (ev *evaluator) memberHint(v value, name string) string {
	switch v := v.(type) {
	case stream:
		if other := instead[name]; other != "" {
			return "use " + other
		}
	case function:
		return "call it first: " + v.name + "()"
	case histograms, events:
		if methods[name] != nil {
			return kindHint(v)
		}
	case detector:
		return "its only method is publish()"
	}
	return ""
}

// global returns what a name means that the program has not bound; nil if nothing.
func (ev *evaluator) global(id *syntax.Ident) (value, *syntax.Error) {
	if f, ok := functions[id.Name]; ok {
		return function{builtin: f}, nil
	}
	if id.Name == "Args" {
		return jobArgs{}, nil
	}
	if why, ok := refused[id.Name]; ok {
		return nil, ev.errorf(syntax.UnsupportedError, id, "%s() is not supported", id.Name).WithHint("%s", why)
	}
	return nil, nil
}

// builtinNames returns the names of all functions, the refused ones too, sorted.
func builtinNames() []string {
	all := append(slices.Collect(maps.Keys(functions)), "Args")
	all = slices.AppendSeq(all, maps.Keys(refused))
	slices.Sort(all)
	return all
}

// result adds an operator to the graph, at the place of the call, and returns the stream of
// it: what most built-ins end with.
func (a *args) result(op graph.Op, inputs ...graph.NodeID) (value, *syntax.Error) {
	return a.ev.flow(a.node(op, inputs...)), nil
}
