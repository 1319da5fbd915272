package graph

import "time"

// Reduce names a reduction of many values to one (language.md 5.4).
type Reduce string

const (
	Sum            Reduce = "sum"
	Mean           Reduce = "mean"
	Min            Reduce = "min"
	Max            Reduce = "max"
	Count          Reduce = "count"
	Size           Reduce = "size"
	Median         Reduce = "median"
	Percentile     Reduce = "percentile"       // its argument: 0 to 100
	MeanPlusStddev Reduce = "mean_plus_stddev" // its argument: how many standard deviations
	Variance       Reduce = "variance"
	Stddev         Reduce = "stddev"
	SampleVariance Reduce = "sample_variance"
	SampleStddev   Reduce = "sample_stddev"
	CDF            Reduce = "cumulative_distribution_function" // of histograms; its argument: a value
)

// takesArg reports whether a reduction has an argument of its own.
func (r Reduce) takesArg() bool { return r == Percentile || r == MeanPlusStddev || r == CDF }

// Aggregate reduces the series of its input, in groups, to one value per slot and group.
type Aggregate struct {
	Func         Reduce
	Arg          float64  // of Func
	By           []string // nil: one group of all
	AllowMissing []string // names in By that a series may lack
}

// Window reduces each series of its input over the last Over of time (language.md 4.8).
type Window struct {
	Func Reduce
	Arg  float64 // of Func
	Over time.Duration
}

// Calendar reduces each series of its input over the cycles of a calendar (language.md 4.10).
type Calendar struct {
	Func     Reduce
	Cycle    Cycle
	Start    int    // where the cycle begins, from 0: hour of the day, day of the week or of the month, month of the quarter
	Timezone string // empty: the zone of the job
	Partial  bool   // a value in every slot, not only at the end of a cycle
	Shift    int    // whole cycles to look back
}

// Cycle names a cycle of the calendar.
type Cycle string

const (
	Hour    Cycle = "hour"
	Day     Cycle = "day"
	Week    Cycle = "week"
	Month   Cycle = "month"
	Quarter Cycle = "quarter"
)

// HistogramReduce merges the histograms of its input and takes a number from the result
// (language.md 5.7).
type HistogramReduce struct {
	Func         Reduce
	Arg          float64 // of Func
	By           []string
	AllowMissing []string
	Over         time.Duration // 0: one slot; without By each series is on its own
}

// BucketPercentile estimates a percentile from cumulative counters, one series for each
// upper bound: histogram_percentile() (language.md 5.7).
type BucketPercentile struct {
	Percent  float64
	Bucket   string // the dimension whose value is the upper bound
	Infinity string // its value for the bucket without one
}

// Select passes some of the series of its input and None for the others: top, bottom and
// random (language.md 5.4).
type Select struct {
	Func  SelectFunc
	Count int     // 0: Share counts
	Share float64 // of the series that have a value, above 0 and at most 1
	By    []string
}

// SelectFunc names the choice of a Select.
type SelectFunc string

const (
	Top    SelectFunc = "top"
	Bottom SelectFunc = "bottom"
	Random SelectFunc = "random"
)

// EventCount counts the events of each slot, 0 without any (language-detectors.md 3.7).
type EventCount struct{ By []string }

func (*Aggregate) op()        {}
func (*Window) op()           {}
func (*Calendar) op()         {}
func (*HistogramReduce) op()  {}
func (*BucketPercentile) op() {}
func (*Select) op()           {}
func (*EventCount) op()       {}
