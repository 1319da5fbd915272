package reference

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// binary computes an operator (language.md 2.7).
func binary(op graph.BinaryOp, a, b Value) Value {
	if op == graph.And || op == graph.Or {
		return logic(op, a, b)
	}
	switch {
	case anyNone(a, b):
		return none
	case anyUnsure(a, b):
		return unsure
	case op.Compares():
		return comparison(op, a, b)
	}
	return arithmetic(op, a, b)
}

// logic is Kleene's: what decides alone decides beside None.
func logic(op graph.BinaryOp, a, b Value) Value {
	decides := op == graph.Or
	for _, v := range []Value{a, b} {
		if v.State == Number && (v.X != 0) == decides {
			return truth(decides)
		}
	}
	switch {
	case anyUnsure(a, b):
		return unsure
	case anyNone(a, b):
		return none
	}
	return truth(!decides)
}

func comparison(op graph.BinaryOp, a, b Value) Value {
	order, open := compare(a, b)
	if open {
		return unsure
	}
	switch op {
	case graph.Less:
		return truth(order < 0)
	case graph.LessEqual:
		return truth(order <= 0)
	case graph.Greater:
		return truth(order > 0)
	case graph.GreaterEqual:
		return truth(order >= 0)
	case graph.Equal:
		return truth(order == 0)
	}
	return truth(order != 0)
}

func arithmetic(op graph.BinaryOp, a, b Value) Value {
	switch op {
	case graph.Add:
		return sum(a, b)
	case graph.Subtract:
		return sum(a, Value{-b.X, b.Err, Number})
	case graph.Multiply:
		return rounded(a.X*b.X, math.Abs(a.X)*b.Err+math.Abs(b.X)*a.Err+a.Err*b.Err)
	case graph.Divide:
		return divide(a, b)
	}
	return power(a, b)
}

func divide(a, b Value) Value {
	if b == number(1) {
		return a
	}
	if b.Err > 0 && math.Abs(b.X) <= 1e3*b.Err {
		return unsure // it may be a division by zero
	}
	return rounded(a.X/b.X, (a.Err+math.Abs(a.X/b.X)*b.Err)/math.Abs(b.X))
}

func power(a, b Value) Value {
	x := math.Pow(a.X, b.X)
	if a.Err == 0 && b.Err == 0 {
		return rounded(x, 0)
	}
	if a.X <= 1e3*a.Err || math.Abs(x) > 1e300 {
		return unsure // near a border of where there is a result
	}
	return rounded(x, math.Abs(x)*(math.Abs(b.X)*a.Err/a.X+math.Abs(math.Log(a.X))*b.Err))
}

// sum adds values. Its error is relative to the largest sum on the way.
func sum(values ...Value) Value {
	if len(values) == 1 {
		return values[0]
	}
	total, size, err := 0.0, 0.0, 0.0
	exactly := true
	for _, v := range values {
		total += v.X
		size += math.Abs(v.X)
		err += v.Err
		exactly = exactly && exact(v.X)
	}
	if !exactly || size >= 1<<40 {
		err += precision * size
	}
	return approximate(total, err)
}

// conditional is x if condition else y (language.md 2.8).
func conditional(v []Value) Value {
	switch {
	case v[0].State == Unsure:
		return unsure
	case v[0].State == None:
		return none
	case v[0].X != 0:
		return v[1]
	}
	return v[2]
}

// slotwise returns the function of an operator that computes each value on its own, or nil.
func (r *run) slotwise(op graph.Op) func(Value) Value {
	switch op := op.(type) {
	case *graph.Unary:
		return func(v Value) Value {
			if v.State == Number && op.Op == graph.Not {
				return truth(v.X == 0)
			}
			v.X = -v.X
			return v
		}
	case *graph.Is:
		return func(v Value) Value { return is(op, v) }
	case *graph.Math:
		return func(v Value) Value {
			return onNumbers(v, func(v Value) Value { return function(op.Func, v, r.seconds()) })
		}
	case *graph.Limit:
		return func(v Value) Value { return onNumbers(v, func(v Value) Value { return limit(op, v) }) }
	case *graph.Equals:
		return func(v Value) Value { return onNumbers(v, func(v Value) Value { return equals(op, v) }) }
	case *graph.Map:
		return func(v Value) Value { return r.function(op.Body, v) }
	}
	return nil
}

func onNumbers(v Value, f func(Value) Value) Value {
	if v.State == Number {
		return f(v)
	}
	return v
}

// is tests a value; it is never None (language.md 2.9).
func is(op *graph.Is, v Value) Value {
	if v.State == Unsure {
		return unsure
	}
	result := false
	switch op.What {
	case graph.IsNone:
		result = v.State == None
	case graph.IsTrue:
		result = v.State == Number && v.X != 0
	case graph.IsFalse:
		result = v.State == Number && v.X == 0
	case graph.IsNumber:
		if order, open := compare(v, number(op.Number)); v.State == Number {
			if open {
				return unsure
			}
			result = order == 0
		}
	}
	return truth(result != op.Not)
}

// function computes a function of one number (language.md 5.5).
func function(f graph.MathFunc, v Value, seconds float64) Value {
	switch f {
	case graph.Abs:
		return Value{math.Abs(v.X), v.Err, Number}
	case graph.Ceil, graph.Floor:
		if _, open := compare(Value{X: math.Round(v.X)}, v); open {
			return unsure
		}
		if f == graph.Ceil {
			return number(math.Ceil(v.X))
		}
		return number(math.Floor(v.X))
	case graph.Integrate:
		return rounded(v.X*seconds, v.Err*seconds)
	case graph.PerSecond:
		return rounded(v.X/seconds, v.Err/seconds)
	}
	if v.Err > 0 && math.Abs(v.X) <= 1e3*v.Err {
		return unsure // near the border of where there is a result
	}
	switch f {
	case graph.Sqrt:
		return rounded(math.Sqrt(v.X), v.Err/math.Sqrt(math.Abs(v.X)+1e-300))
	case graph.Log:
		return approximate(math.Log(v.X), v.Err/math.Abs(v.X)+precision)
	}
	return approximate(math.Log10(v.X), v.Err/math.Abs(v.X)+precision)
}

func limit(op *graph.Limit, v Value) Value {
	low, lowOpen := compare(v, number(op.Low))
	high, highOpen := compare(v, number(op.High))
	aboveLow := low > 0 || low == 0 && op.LowInclusive
	belowHigh := high < 0 || high == 0 && op.HighInclusive
	switch op.Func {
	case graph.Above:
		highOpen, belowHigh = false, true
	case graph.Below:
		lowOpen, aboveLow = false, true
	case graph.NotBetween:
		aboveLow = !(low < 0 || low == 0 && op.LowInclusive)
		belowHigh = !(high > 0 || high == 0 && op.HighInclusive)
	}
	switch {
	case lowOpen || highOpen:
		return unsure
	case op.Func == graph.NotBetween && aboveLow && belowHigh:
		return none
	case op.Func == graph.NotBetween || aboveLow && belowHigh:
		return v
	case !op.Clamp:
		return none
	case !aboveLow:
		return number(op.Low)
	}
	return number(op.High)
}

func equals(op *graph.Equals, v Value) Value {
	order, open := compare(v, number(op.Value))
	switch {
	case open:
		return unsure
	case (order == 0) != op.Not:
		return v
	case op.Replacement == nil:
		return none
	}
	return number(*op.Replacement)
}

// function computes the function of a Map.
func (r *run) function(body []graph.Node, param Value) Value {
	results := make([]Value, len(body))
	for i, n := range body {
		in := make([]Value, len(n.Inputs))
		for j, id := range n.Inputs {
			in[j] = results[id]
		}
		switch op := n.Op.(type) {
		case *graph.Param:
			results[i] = param
		case *graph.Scalar:
			results[i] = number(op.Value)
		case *graph.None:
			results[i] = none
		case *graph.Binary:
			results[i] = binary(op.Op, in[0], in[1])
		case *graph.Conditional:
			results[i] = conditional(in)
		case *graph.Across:
			results[i] = reduce(op.Func, op.Arg, in)
		default:
			results[i] = r.slotwise(op)(in[0])
		}
	}
	return results[len(body)-1]
}
