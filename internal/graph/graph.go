// Package graph is the compiled form of a SignalFlow program: plain data that the
// evaluator builds, that the engine runs, and that prints itself.
//
// A graph is a list of nodes in dependency order: the inputs of a node stand before it.
// It holds no closures and no references to the program's syntax tree; each node keeps
// the span of source text that it came from, so that a message about it can point there.
package graph

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Graph is a compiled program.
type Graph struct {
	Nodes []Node
}

// NodeID is the index of a node in Graph.Nodes.
type NodeID int

// Span is a range of source text: 1-based lines and columns (in characters), the end exclusive.
type Span struct {
	Line, Column       int
	EndLine, EndColumn int
}

// A Node is one operator and the nodes it reads.
type Node struct {
	Op     Op
	Inputs []NodeID
	Span   Span
}

// Op is one of the operator types of this package: *Fetch, *Scalar, *Binary, *Unary,
// *Aggregate, *Window or *Publish.
type Op interface {
	// String returns the operator in the stable text form, without its inputs.
	String() string
	op()
}

// Fetch reads the raw series of a data() call (language specification, section 5.2).
type Fetch struct {
	Metric            string           // a metric name, or a pattern with *
	Filter            series.Predicate // nil selects every series of the metric
	Rollup            Rollup
	Extrapolation     Extrapolation
	MaxExtrapolations int           // negative: no limit
	Resolution        time.Duration // native resolution hint; 0 when absent
}

// Scalar is a static number used where a stream is expected. It has every key.
type Scalar struct{ Value float64 }

// Binary combines two inputs slot by slot. Series are paired by their keys
// (language specification, section 2.7).
type Binary struct{ Op BinaryOp }

// Unary applies to one input, slot by slot.
type Unary struct{ Op UnaryOp }

// Aggregate reduces the series of its input, in groups, to one value per slot and group.
type Aggregate struct {
	Func         Reduce
	By           []string // nil: one group of all
	AllowMissing []string // names in By that a series may lack
}

// Window reduces each series of its input over the last Over of time.
type Window struct {
	Func Reduce
	Over time.Duration
}

// Publish sends its input out of the program.
type Publish struct {
	Label   string
	Enabled bool
}

func (*Fetch) op()     {}
func (*Scalar) op()    {}
func (*Binary) op()    {}
func (*Unary) op()     {}
func (*Aggregate) op() {}
func (*Window) op()    {}
func (*Publish) op()   {}

// Rollup names how the raw points of one slot become one value.
type Rollup string

const (
	RollupDefault Rollup = "" // by metric type
	RollupAverage Rollup = "average"
	RollupSum     Rollup = "sum"
	RollupMin     Rollup = "min"
	RollupMax     Rollup = "max"
	RollupCount   Rollup = "count"
	RollupLatest  Rollup = "latest"
	RollupDelta   Rollup = "delta"
	RollupRate    Rollup = "rate"
	RollupLag     Rollup = "lag"
)

// Extrapolation names what a slot without a point holds.
type Extrapolation string

const (
	ExtrapolateNull      Extrapolation = "null"
	ExtrapolateZero      Extrapolation = "zero"
	ExtrapolateLastValue Extrapolation = "last_value"
)

// Reduce names a reduction of many values to one.
type Reduce string

const (
	Sum   Reduce = "sum"
	Mean  Reduce = "mean"
	Min   Reduce = "min"
	Max   Reduce = "max"
	Count Reduce = "count"
)

// BinaryOp is written as in a program: + - * / < <= > >= == != and or.
type BinaryOp string

const (
	Add          BinaryOp = "+"
	Subtract     BinaryOp = "-"
	Multiply     BinaryOp = "*"
	Divide       BinaryOp = "/"
	Less         BinaryOp = "<"
	LessEqual    BinaryOp = "<="
	Greater      BinaryOp = ">"
	GreaterEqual BinaryOp = ">="
	Equal        BinaryOp = "=="
	NotEqual     BinaryOp = "!="
	And          BinaryOp = "and"
	Or           BinaryOp = "or"
)

// UnaryOp is negation of a number or of a boolean.
type UnaryOp string

const (
	Negate UnaryOp = "-"
	Not    UnaryOp = "not"
)
