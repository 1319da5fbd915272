package reference

import (
	"math"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// overTime returns the function of an operator that looks at several slots of one series, or
// nil. Each result is computed anew from the values of the series.
func (r *run) overTime(op graph.Op, shift int64) func(x row, slot int) Value {
	switch op := op.(type) {
	case *graph.Window:
		n := r.slotsOf(op.Over)
		return func(x row, slot int) Value {
			if op.Func == graph.Size {
				return number(float64(n))
			}
			return reduce(op.Func, op.Arg, x.since(slot-n+1, slot))
		}
	case *graph.Calendar:
		return func(x row, slot int) Value { return r.calendar(op, x, slot, shift) }
	case *graph.Delta:
		return func(x row, slot int) Value {
			if slot == x.joins {
				return none
			}
			d := binary(graph.Subtract, x.values[slot], x.values[slot-1])
			if op.PerSecond {
				d = binary(graph.Divide, d, number(r.seconds()))
			}
			return d
		}
	case *graph.Fill:
		return func(x row, slot int) Value { return r.fill(op, x, slot) }
	case *graph.EWMA:
		alpha := r.alpha(op.Alpha, op.Over)
		return func(x row, slot int) Value { return r.holt(x, slot, alpha, 0, 1, 0) }
	case *graph.DoubleEWMA:
		alpha, beta := r.alpha(op.Alpha, op.Over), r.alpha(op.Beta, op.TrendOver)
		ahead := int(math.Round(float64(op.Forecast.Milliseconds()) / float64(r.step)))
		return func(x row, slot int) Value { return r.holt(x, slot, alpha, beta, op.Damping, ahead) }
	case *graph.When:
		n := r.slotsOf(op.Lasting)
		return func(x row, slot int) Value { return lasting(op.AtLeast, n, x.since(slot-n+1, slot)) }
	case *graph.KPSS:
		n := r.slotsOf(op.Over)
		return func(x row, slot int) Value { return kpss(op.Trend, x.since(slot-n+1, slot)) }
	}
	return nil
}

// since returns the values of a series from one slot to another, both included.
func (x row) since(from, to int) []Value { return x.values[max(from, x.joins) : to+1] }

// fill puts a value in place of a missing one (language.md 5.5).
func (r *run) fill(op *graph.Fill, x row, slot int) Value {
	if x.values[slot].State != None {
		return x.values[slot]
	}
	last := slot
	for last >= x.joins && x.values[last].State == None {
		last--
	}
	missing := slot - last // slots in a row that have no value, this one included
	switch {
	case op.Slots == 0 && op.For == 0:
	case last >= x.joins && x.values[last].State == Unsure:
		return unsure // that one may have none as well
	case op.Slots > 0 && missing > op.Slots, op.For > 0 && int64(missing)*r.step > op.For.Milliseconds():
		return none
	}
	switch {
	case op.Value != nil:
		return number(*op.Value)
	case last >= x.joins:
		return x.values[last]
	}
	return none
}

// alpha returns a weight, or that of a duration (OQ-29).
func (r *run) alpha(alpha float64, over time.Duration) float64 {
	if over > 0 {
		return 2 / float64(r.slotsOf(over)+1)
	}
	return alpha
}

// holt is Holt's method with a damped trend; without a trend it is the moving average
// (language.md 5.4).
func (r *run) holt(x row, slot int, alpha, beta, damping float64, ahead int) Value {
	level, trend, size := 0.0, 0.0, 0.0
	seen := false
	for _, v := range x.since(0, slot) {
		if v.State == Unsure {
			return unsure
		}
		if v.State == None {
			continue
		}
		size = max(size, math.Abs(v.X)+v.Err/precision)
		if !seen {
			level, seen = v.X, true
			continue
		}
		before := level
		level = alpha*v.X + (1-alpha)*(level+damping*trend)
		trend = beta*(level-before) + (1-beta)*damping*trend
	}
	if x.values[slot].State == None {
		return none
	}
	weight := 0.0
	for i := 1; i <= ahead; i++ {
		weight += math.Pow(damping, float64(i))
	}
	return approximate(level+weight*trend, 100*precision*size*(1+weight))
}

// lasting tells whether a condition holds for a share of a window (language-detectors.md 2.3).
func lasting(atLeast float64, n int, values []Value) Value {
	yes, no, open := 0, 0, 0
	for _, v := range values {
		switch {
		case v.State == Unsure:
			open++
		case v.State == Number && v.X != 0:
			yes++
		case v.State == Number:
			no++
		}
	}
	need := max(1, int(math.Ceil(atLeast*float64(n)-1e-9)))
	switch {
	case yes >= need:
		return truth(true)
	case no > n-need:
		return truth(false)
	case open > 0:
		return unsure
	}
	return none
}

// kpss is the statistic of Kwiatkowski, Phillips, Schmidt and Shin (language.md 5.4).
func kpss(trend bool, values []Value) Value {
	if anyUnsure(values...) {
		return unsure
	}
	var at, xs []float64 // where a value stands in the window, and what it is
	size, blur := 0.0, 0.0
	for i, v := range values {
		if v.State == Number {
			blur = max(blur, v.Err)
			at, xs = append(at, float64(i)), append(xs, v.X)
			size = max(size, math.Abs(v.X))
		}
	}
	n := float64(len(xs))
	if n < 3 {
		return none
	}
	residuals := make([]float64, len(xs))
	slope, meanAt, mean := 0.0, average(at), average(xs)
	if trend {
		over, under := 0.0, 0.0
		for i := range xs {
			over += (at[i] - meanAt) * (xs[i] - mean)
			under += (at[i] - meanAt) * (at[i] - meanAt)
		}
		slope = over / under
	}
	for i := range xs {
		residuals[i] = xs[i] - mean - slope*(at[i]-meanAt)
	}
	lag := int(math.Floor(4 * math.Pow(n/100, 0.25)))
	s2 := 0.0
	for k := 0; k <= lag && k < len(xs); k++ {
		c := 0.0
		for i := k; i < len(xs); i++ {
			c += residuals[i] * residuals[i-k]
		}
		if k > 0 {
			c *= 2 * (1 - float64(k)/float64(lag+1))
		}
		s2 += c / n
	}
	partial, squares := 0.0, 0.0
	for _, e := range residuals {
		partial += e
		squares += partial * partial
	}
	if math.Abs(s2) < 1e-9*size*size {
		if size == 0 {
			return none
		}
		return unsure // it may be a division by zero
	}
	if blur *= 1e4; s2 < blur*blur {
		return unsure // what the errors make of it counts
	}
	x := squares / (n * n * s2)
	return approximate(x, math.Abs(x)*(1e-11*max(1, size*size/s2)+1e-2*blur/math.Sqrt(s2)))
}

func average(xs []float64) float64 {
	total := 0.0
	for _, x := range xs {
		total += x
	}
	return total / float64(len(xs))
}
