package graph

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Fetch reads the raw series of a data() call (language.md 5.2).
type Fetch struct {
	Metric            string           // a metric name, or a pattern with *
	Filter            series.Predicate // nil selects every series of the metric
	Rollup            Rollup
	Extrapolation     Extrapolation
	MaxExtrapolations int           // negative: no limit
	Resolution        time.Duration // native resolution hint; 0 when absent
}

// PathFetch reads the series of a metric whose name is a path, and adds the nodes of the
// path to their dimensions: graphite() and newrelic() (language.md 5.2).
type PathFetch struct {
	Func      PathFunc
	Fetch     Fetch        // its metric is matched node by node
	Positions []PathBinder // by name; nil: every node is a dimension, node0, node1 and so on
}

// PathFunc names a function that reads paths.
type PathFunc string

const (
	Graphite PathFunc = "graphite" // nodes separated by dots
	NewRelic PathFunc = "newrelic" // nodes separated by slashes
)

// PathBinder makes a dimension of one node of a path.
type PathBinder struct {
	Name     string
	Position int // from 0
}

// HistogramFetch reads the histograms of a histogram() call (language.md 5.7).
type HistogramFetch struct {
	Metric     string
	Filter     series.Predicate
	Resolution time.Duration // native resolution hint; 0 when absent
}

// EventFetch reads custom events (language-detectors.md 3.8).
type EventFetch struct {
	Type   string
	Filter series.Predicate
}

// AlertFetch reads the events of detectors; an empty field selects all
// (language-detectors.md 3.7).
type AlertFetch struct {
	DetectorID   string
	DetectorName string
	AutoDetectID string
	Filter       series.Predicate
}

// Const is one series or several of a value that never changes: const() (language.md 5.2).
type Const struct{ Series []ConstSeries }

// ConstSeries is one series of a Const.
type ConstSeries struct {
	Key   series.Labels
	Value float64
}

// Scalar is a static number used where a stream is expected. It has every key. A static
// boolean is 1 or 0.
type Scalar struct {
	Value   float64
	Boolean bool
}

// None is a static None used where a stream is expected: no value in any slot, every key.
type None struct{}

// Param is the value that a Map's function is called with.
type Param struct{ Booleans bool }

func (*Fetch) op()          {}
func (*PathFetch) op()      {}
func (*HistogramFetch) op() {}
func (*EventFetch) op()     {}
func (*AlertFetch) op()     {}
func (*Const) op()          {}
func (*Scalar) op()         {}
func (*None) op()           {}
func (*Param) op()          {}

// Rollup names how the raw points of one slot become one value (language.md 4.4).
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

// Extrapolation names what a slot without a point holds (language.md 4.5).
type Extrapolation string

const (
	ExtrapolateNull      Extrapolation = "null"
	ExtrapolateZero      Extrapolation = "zero"
	ExtrapolateLastValue Extrapolation = "last_value"
)
