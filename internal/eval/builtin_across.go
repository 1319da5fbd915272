package eval

import (
	"math"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// acrossFunctions returns the functions that reduce several streams and numbers to one, and
// those of a number or a stream (language.md 5.3).
func acrossFunctions() []*builtin {
	streams := param{name: "streams", want: wantOperand, rest: true}
	var list []*builtin
	for _, f := range []struct {
		reduce graph.Reduce
		doc    string
	}{
		{graph.Sum, "the sum of the streams and numbers that have a value"},
		{graph.Mean, "their average"},
		{graph.Min, "the smallest of them"},
		{graph.Max, "the largest of them"},
		{graph.Median, "the middle one of them"},
		{graph.Count, "how many of them have a value"},
	} {
		list = append(list, &builtin{
			name: string(f.reduce), params: []param{streams}, doc: f.doc,
			call: func(a *args) (value, *syntax.Error) { return across(a, f.reduce, 0) },
		})
	}
	list = append(list, &builtin{
		name: "percentile", params: []param{streams, {name: "pct", want: wantPercent, named: true}},
		doc:  "a percentile of them",
		call: func(a *args) (value, *syntax.Error) { return across(a, graph.Percentile, a.number("pct", 0)) },
	})
	for _, f := range mathFunctions {
		list = append(list, &builtin{
			name: string(f.name), params: []param{{name: "x", want: wantOperand}}, doc: f.doc + " of a number or a stream",
			call: func(a *args) (value, *syntax.Error) {
				x := a.get("x")
				if s, ok := x.value.(stream); ok {
					return a.result(&graph.Math{Func: f.name}, s.node)
				}
				n, _ := number(x.value)
				return staticMath(a, f.compute(n), x.value)
			},
		})
	}
	return append(list, &builtin{
		name: "pow", params: []param{{name: "x", want: wantOperand}, {name: "y", want: wantOperand}},
		doc: "`x` to the power `y`, each a number or a stream",
		call: func(a *args) (value, *syntax.Error) {
			return a.power(a.get("x"), a.get("y"))
		},
	}, &builtin{
		name:   "histogram_percentile",
		params: append([]param{{name: "stream", want: wantStream}}, bucketParams...),
		doc:    "the method of this name, as a function",
		call: func(a *args) (value, *syntax.Error) {
			return bucketPercentile(a, a.get("stream").value.(stream).node)
		},
	})
}

// mathFunctions are functions of one number, and methods of the same name.
var mathFunctions = []struct {
	name    graph.MathFunc
	doc     string
	compute func(float64) float64
}{
	{graph.Abs, "the value without its sign", math.Abs},
	{graph.Ceil, "the next integer up", math.Ceil},
	{graph.Floor, "the next integer down", math.Floor},
	{graph.Sqrt, "the square root", math.Sqrt},
	{graph.Log, "the natural logarithm", math.Log},
	{graph.Log10, "the logarithm to the base 10", math.Log10},
}

// staticMath returns a computed number; of an integer an integer where that is exact.
func staticMath(a *args, f float64, of value) (value, *syntax.Error) {
	if i, ok := of.(integer); ok {
		switch {
		case a.fn.name == "ceil" || a.fn.name == "floor" || a.fn.name == "abs" && i >= 0:
			return i, nil
		case a.fn.name == "abs" && i > math.MinInt64:
			return -i, nil
		}
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, a.bad(a.get("x"), "x", "%s() of it is not a real number", a.fn.name)
	}
	return float(f), nil
}

// across reduces the arguments of a function: static numbers now, others in the graph.
func across(a *args, f graph.Reduce, arg float64) (value, *syntax.Error) {
	if !slices.ContainsFunc(a.rest, func(v operand) bool { _, ok := v.value.(stream); return ok }) {
		return reduceNumbers(a, f, arg)
	}
	a.single()
	if len(a.rest) == 1 && f != graph.Count {
		return a.rest[0].value, nil
	}
	var inputs []graph.NodeID
	for _, v := range a.rest {
		id, _ := a.ev.node(v, false)
		inputs = append(inputs, id)
	}
	return a.result(&graph.Across{Func: f, Arg: arg}, inputs...)
}

// reduceNumbers reduces static numbers. The smallest and largest stay what they are, and
// integers stay exact in a sum.
func reduceNumbers(a *args, f graph.Reduce, arg float64) (value, *syntax.Error) {
	sorted := make([]value, len(a.rest))
	for i, v := range a.rest {
		sorted[i] = v.value
	}
	slices.SortStableFunc(sorted, func(x, y value) int { sign, _ := order(x, y); return sign })
	n := len(sorted)
	switch f {
	case graph.Count:
		return integer(n), nil
	case graph.Min:
		return sorted[0], nil
	case graph.Max:
		return sorted[n-1], nil
	case graph.Percentile:
		return sorted[min(n-1, int(math.Floor(float64(n)*arg/100+1e-9)))], nil
	case graph.Median:
		if n%2 == 1 {
			return sorted[n/2], nil
		}
		x, _ := number(sorted[n/2-1])
		y, _ := number(sorted[n/2])
		return a.ev.finite(x/2+y/2, a.at)
	}
	total, exactly, float := int64(0), true, 0.0
	for _, v := range a.rest {
		x, _ := number(v.value)
		float += x
		if i, ok := v.value.(integer); !ok || !exactly {
			exactly = false
		} else {
			total, exactly = exact(syntax.PLUS, total, int64(i))
		}
	}
	if f == graph.Mean {
		return a.ev.finite(float/float64(n), a.at)
	}
	if exactly {
		return integer(total), nil
	}
	return a.ev.finite(float, a.at)
}

// power computes x to the y: static numbers now, others in the graph.
func (a *args) power(x, y operand) (value, *syntax.Error) {
	if hasStream(x, y) {
		base, _ := a.ev.node(x, false)
		exponent, _ := a.ev.node(y, false)
		return a.result(&graph.Binary{Op: graph.Power}, base, exponent)
	}
	i, intX := x.value.(integer)
	j, intY := y.value.(integer)
	if intX && intY {
		if n, ok := exact(syntax.POWER, int64(i), int64(j)); ok {
			return integer(n), nil
		}
	}
	base, _ := number(x.value)
	exponent, _ := number(y.value)
	if base == 0 && exponent < 0 {
		return nil, a.ev.errorf(syntax.ArgumentError, a.at, "division by zero in %s()", a.fn.name)
	}
	return a.ev.finite(math.Pow(base, exponent), a.at)
}

// single warns of a function whose only argument is a stream: in other languages it reduces
// the series of that stream, which here is what the method does. A list of streams may well
// have one element.
func (a *args) single() {
	if len(a.rest) != 1 {
		return
	}
	if arg, ok := a.rest[0].at.(*syntax.Arg); ok && arg.Stars > 0 {
		return
	}
	a.ev.warn(RuleSingleStream, a.ev.errorf(syntax.ArgumentError, a.at, "%s() of one stream leaves its series apart: it takes several streams", a.fn.name).
		WithHint("to join the series write .%s() behind the stream", a.fn.name))
}
