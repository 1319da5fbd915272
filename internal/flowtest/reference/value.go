package reference

import "math"

// Value is what a series has in one slot, with a bound on how far another order of the same
// arithmetic may lead from it.
type Value struct {
	X     float64 // booleans are 1 and 0
	Err   float64
	State State
}

// State says what is known of a value.
type State uint8

const (
	None   State = iota // there is none
	Number              // X, within Err
	Unsure              // it hangs on a comparison of numbers closer than their errors: anything goes
)

var (
	none   = Value{}
	unsure = Value{State: Unsure}
)

// precision is the relative error that one operation may add.
const precision = 1e-12

// number returns an exact value, None if it is not finite.
func number(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return none
	}
	return Value{x, 0, Number}
}

// approximate returns a value with an error, None if it is not finite. Of what is that large
// or small, a different order of the same arithmetic may overflow, or lose its digits.
func approximate(x, err float64) Value {
	switch size := math.Abs(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return none
	case size > 1e150, size > 0 && size < 1e-150, err > 1e150:
		return unsure
	}
	return Value{x, err, Number}
}

// rounded returns a value that was computed from exact ones and may be rounded.
func rounded(x, err float64) Value {
	if err == 0 && exact(x) {
		return number(x)
	}
	return approximate(x, err+precision*math.Abs(x))
}

// exact reports whether sums and halves of such numbers are exact, in whatever order.
func exact(x float64) bool { return math.Abs(x) < 1<<32 && x*1024 == math.Trunc(x*1024) }

func truth(b bool) Value {
	if b {
		return number(1)
	}
	return number(0)
}

// compare returns -1, 0 or 1, and whether the errors leave that open.
func compare(a, b Value) (order int, open bool) {
	d := a.X - b.X
	if err := a.Err + b.Err; err > 0 && math.Abs(d) <= err*4 {
		return 0, true
	}
	switch {
	case d < 0:
		return -1, false
	case d > 0:
		return 1, false
	}
	return 0, false
}

// anyUnsure and anyNone look for such values.
func anyUnsure(values ...Value) bool { return holds(Unsure, values) }
func anyNone(values ...Value) bool   { return holds(None, values) }

func holds(s State, values []Value) bool {
	for _, v := range values {
		if v.State == s {
			return true
		}
	}
	return false
}

// present returns the numbers among values.
func present(values []Value) (numbers []Value) {
	for _, v := range values {
		if v.State == Number {
			numbers = append(numbers, v)
		}
	}
	return numbers
}
