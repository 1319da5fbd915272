package engine

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A Sink takes what a job sends, in the order that protocol.md 3.1 asks for:
//
//   - Progress while windows are filled with history, rising to 100;
//   - for each slot, in rising order of time: Metadata of every series that is new, one Batch
//     for each enabled publish in program order, empty ones included, then Expired of the
//     series that have ended, then Info;
//   - the first Info comes after the first slot's batches. A job without any slot sends
//     only Info.
//
// An error ends the job. What is passed belongs to the job; a Sink copies what it keeps.
type Sink interface {
	Progress(percent int) error
	Metadata(o *Output) error
	Batch(b *Batch) error
	Expired(id uint64) error
	Info(i *Info) error
}

// Output is one series of a publish node. The same ID may be announced again: then its
// metadata have changed, or it has expired and come back.
type Output struct {
	ID         uint64        // unique in the job, and stable while the series lives
	Publish    int           // serial number of the publish node among all of the program, from 0
	Label      string        // of the publish node; may be empty
	Key        series.Labels // what identifies the series among those of its publish node
	Metadata   series.Labels // all that is known of it, Key included
	Metric     string        // the metric that its data come from; empty for a constant
	Resolution int64         // slot length, ms
}

// Batch is what one publish node has for one slot. The next slot uses its memory again.
type Batch struct {
	Time     int64 // start of the slot, ms since the epoch
	Publish  int   // as in Output
	Label    string
	MaxDelay int64   // ms
	Points   []Point // series without a value are left out
}

// A Point is the value of one output series. A boolean is 1 or 0.
type Point struct {
	ID    uint64
	Value float64
}

// Info is an information message (language.md 7.5).
type Info struct {
	Code     string
	Level    string
	Time     int64 // logical time, ms since the epoch
	NumInput int   // how many series it is about
	Contents map[string]any
	Spans    []graph.Span // where in the program; none for the job as a whole
	Blocks   []int        // the nodes of the graph it is about
	Series   []uint64     // identities of some of the input series concerned
}

// The codes that a job sends.
const (
	codeResolution     = "JOB_RUNNING_RESOLUTION"
	codeMaxDelay       = "JOB_INITIAL_MAX_DELAY"
	codeLag            = "JOB_DETECTED_LAG"
	codeNative         = "JOB_DETECTED_RESOLUTION"
	codeDimensions     = "FIND_MATCHED_DIMENSIONS"
	codeFetched        = "FETCH_NUM_TIMESERIES"
	codeNothingMatched = "FIND_MATCHED_NO_TIMESERIES"
	codeLimited        = "FIND_LIMITED_RESULT_SET"
	codeInactive       = "FETCH_INACTIVE_EMITTERS"
	codeMissing        = "GROUPBY_MISSING_PROPERTY"
	codeOutputs        = "ID_NUM_TIMESERIES"

	levelInfo    = "INFO"
	levelWarning = "WARNING"
)
