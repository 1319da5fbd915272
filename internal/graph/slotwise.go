package graph

import "time"

// The operators of this file compute each slot from that slot of their inputs alone, but
// for Fill, which remembers the last value.

// Binary combines two inputs slot by slot. Series are paired by their keys (language.md 2.7).
type Binary struct {
	Op    BinaryOp
	Outer bool // a series without a partner is paired with None: combine()
}

// BinaryOp is written as in a program: + - * / ** < <= > >= == != and or.
type BinaryOp string

const (
	Add          BinaryOp = "+"
	Subtract     BinaryOp = "-"
	Multiply     BinaryOp = "*"
	Divide       BinaryOp = "/"
	Power        BinaryOp = "**"
	Less         BinaryOp = "<"
	LessEqual    BinaryOp = "<="
	Greater      BinaryOp = ">"
	GreaterEqual BinaryOp = ">="
	Equal        BinaryOp = "=="
	NotEqual     BinaryOp = "!="
	And          BinaryOp = "and"
	Or           BinaryOp = "or"
)

// Compares reports whether the operator makes booleans: a comparison, or logic.
func (op BinaryOp) Compares() bool {
	switch op {
	case Add, Subtract, Multiply, Divide, Power:
		return false
	}
	return true
}

// Unary applies to one input.
type Unary struct{ Op UnaryOp }

// UnaryOp is negation of a number or of a boolean.
type UnaryOp string

const (
	Negate UnaryOp = "-"
	Not    UnaryOp = "not"
)

// Conditional takes in each slot the value of its second input where the first is True, of
// the third where it is False, and nothing where it has no value (language.md 2.8).
type Conditional struct {
	Outer bool // as in Binary
}

// Is tests each value; its result is never None (language.md 2.9).
type Is struct {
	What   IsWhat
	Number float64 // when What is IsNumber
	Not    bool
}

// IsWhat is what an Is compares with.
type IsWhat uint8

const (
	IsNone IsWhat = iota
	IsTrue
	IsFalse
	IsNumber
)

// Across reduces the values of several inputs, matched by their keys, to one: the function
// forms max(a, b) and the like. Missing values are left out (language.md 5.3).
type Across struct {
	Func  Reduce
	Arg   float64 // of Func
	Outer bool    // as in Binary
}

// Math applies a function of one number.
type Math struct{ Func MathFunc }

// MathFunc names a function of one number.
type MathFunc string

const (
	Abs       MathFunc = "abs"
	Ceil      MathFunc = "ceil"
	Floor     MathFunc = "floor"
	Sqrt      MathFunc = "sqrt"
	Log       MathFunc = "log"
	Log10     MathFunc = "log10"
	Integrate MathFunc = "integrate" // times the length of the slot in seconds
	PerSecond MathFunc = "rate"      // divided by the length of the slot in seconds
)

// Limit passes the values in a range, and None or the nearer end for the others
// (language.md 5.5).
type Limit struct {
	Func          LimitFunc
	Low, High     float64 // above has only Low, below only High
	LowInclusive  bool
	HighInclusive bool
	Clamp         bool
}

// LimitFunc names the form of a Limit.
type LimitFunc string

const (
	Above      LimitFunc = "above"
	Below      LimitFunc = "below"
	Between    LimitFunc = "between"
	NotBetween LimitFunc = "not_between"
)

// Equals passes the values that equal one, or with Not those that do not; in place of the
// others stands Replacement, or nothing (language.md 5.5).
type Equals struct {
	Not         bool
	Value       float64
	Replacement *float64
}

// Fill puts a value in place of a missing one: Value, or the last one seen of the series
// (language.md 5.5).
type Fill struct {
	Value    *float64 // nil: the last value seen; of a boolean stream 1 or 0
	For      time.Duration
	Slots    int // the most slots in a row; For and Slots are 0 where there is no limit
	Booleans bool
}

// Map computes each value, the missing ones too, by a function of it (language.md 5.5).
type Map struct {
	// Body is the function: slotwise operators over Param, Scalar and None, in dependency
	// order; the last one is the result.
	Body     []Node
	Booleans bool // the function makes booleans, as the result of the body tells
}

// Threshold marks its input as the limit of a detector; it changes nothing.
type Threshold struct{}

func (*Binary) op()      {}
func (*Unary) op()       {}
func (*Conditional) op() {}
func (*Is) op()          {}
func (*Across) op()      {}
func (*Math) op()        {}
func (*Limit) op()       {}
func (*Equals) op()      {}
func (*Fill) op()        {}
func (*Map) op()         {}
func (*Threshold) op()   {}
