package eval

import (
	"maps"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// functions and methods are the built-ins that work, by name. Each family adds its own in
// a file builtin_<family>.go.
var (
	functions = table(dataBuiltin, filterBuiltin, durationBuiltin)
	methods   = table(append(statBuiltins(), publishBuiltin, streamBuiltin)...)
)

func table(list ...*builtin) map[string]*builtin {
	byName := make(map[string]*builtin, len(list))
	for _, b := range list {
		byName[b.name] = b
	}
	return byName
}

// never stands for names that are known and that no version will have.
const never = "never"

// functionsNotBuilt holds the documented functions that do not work yet (language.md 5 and
// 9), each with what helps instead, if something does.
var functionsNotBuilt = map[string]string{
	"abs": "", "alerts": "", "annotate": "", "Args": "", "ceil": "", "combine": "", "const": "",
	"count": "the method works: stream.count()", "detect": "", "events": "", "floor": "", "graphite": "",
	"histogram": "", "histogram_percentile": "", "lasting": "", "len": "", "log": "", "log10": "",
	"max": "the method works: stream.max()", "mean": "the method works: stream.mean()", "median": "",
	"min": "the method works: stream.min()", "newrelic": "", "partition_filter": "", "percentile": "",
	"pow": "", "range": "", "sqrt": "", "str": "", "sum": "the method works: stream.sum()", "threshold": "",
	"union": "", "when": "", "find": never, "logs": never, "field": never,
}

// methodsNotBuilt is the same for the methods of streams.
var methodsNotBuilt = map[string]string{
	"above": "", "abs": "", "below": "", "between": "", "bottom": "", "ceil": "",
	"cumulative_distribution_function": "", "delta": "", "dimensions": "", "double_ewma": "", "equals": "",
	"ewma": "", "fill": "", "floor": "", "histogram_percentile": "", "integrate": "", "kpss": "", "log": "",
	"log10": "", "map": "", "mean_plus_stddev": "", "median": "", "not_between": "", "not_equals": "",
	"percentile": "", "pow": "", "promote": "", "random": "", "rate": "", "rateofchange": "",
	"sample_stddev": "", "sample_variance": "", "scale": "the operator works: stream * number", "size": "",
	"sqrt": "", "stddev": "", "timeshift": "", "top": "", "variance": "",
}

// notBuilt returns the error for a documented name that does not work.
func (ev *evaluator) notBuilt(at syntax.Node, what, why string) *syntax.Error {
	if why == never {
		return ev.errorf(syntax.UnsupportedError, at, "%s is not supported", what).
			WithHint("log streams and the first version of the language are no part of this one")
	}
	err := ev.notYet(at, what)
	err.Hint = why
	return err
}

// member returns a method of a value; what a module or another value holds is not its
// business.
func (ev *evaluator) member(v value, id *syntax.Ident) (value, *syntax.Error) {
	name := id.Name
	s, ok := v.(stream)
	if !ok {
		err := ev.errorf(syntax.NameError, id, "%s has no method '%s'", v.typeName(), name)
		if f, ok := v.(function); ok {
			err = err.WithHint("call it first: %s()", f.name)
		}
		return nil, err
	}
	if m, ok := methods[name]; ok {
		return function{m, s}, nil
	}
	if why, ok := methodsNotBuilt[name]; ok {
		return nil, ev.notBuilt(id, "method "+name+"()", why)
	}
	err := ev.errorf(syntax.NameError, id, "%s has no method '%s'", v.typeName(), name)
	if near := spell.Nearest(name, methodNames()); near != "" {
		err = err.WithHint("did you mean '%s'?", near)
	}
	return nil, err
}

// builtinNames returns the names of all documented functions, sorted.
func builtinNames() []string { return allNames(functions, functionsNotBuilt) }

// methodNames returns the names of all documented methods of streams, sorted.
func methodNames() []string { return allNames(methods, methodsNotBuilt) }

func allNames(built map[string]*builtin, notBuilt map[string]string) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(built)), maps.Keys(notBuilt))
	slices.Sort(all)
	return all
}
