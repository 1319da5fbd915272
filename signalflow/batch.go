package signalflow

import (
	"iter"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Batch is all that a program put out for one logical timestamp, over all its publishes. An
// empty one says that time has passed.
type Batch struct {
	// Time is the logical timestamp, in UTC.
	Time time.Time
	// MaxDelay is how long the server waited for late input in this step; 0 when it did not
	// say.
	MaxDelay time.Duration
	// Incomplete says that the data of some publish may be missing: it did not come in time,
	// it could not be decoded, or the program ended in the middle.
	Incomplete bool
	// Late says that a batch for this or a later timestamp was delivered before: the server
	// went back in time, which it should not, or this is the rest of an incomplete batch.
	Late bool

	msgs   []*messages.DataMessage
	layout *layout // the series of their points
	nulls  bool    // there may be nulls among them, though the layout is not new
}

// Len returns the number of points.
func (b *Batch) Len() int { return len(b.layout.series) }

// All iterates over the points: each series with its value.
func (b *Batch) All() iter.Seq2[*Series, Value] {
	return func(yield func(*Series, Value) bool) {
		series := b.layout.series
		for _, m := range b.msgs {
			points := m.Payloads
			of := series[:len(points)]
			for i := range points {
				if !yield(of[i], valueOf(&points[i])) {
					return
				}
			}
			series = series[len(points):]
		}
	}
}

// Get returns the value of the first series with a label; ok is false when there is none.
// It suits programs whose publish has a single series.
func (b *Batch) Get(label string) (v Value, ok bool) {
	for s, v := range b.All() {
		if s.Label == label {
			return v, true
		}
	}
	return Value{}, false
}

// layoutCost is what a layout for the batch alone holds, in bytes.
func (b *Batch) layoutCost() int {
	cost := 128
	for _, m := range b.msgs {
		cost += 27 * len(m.Payloads)
	}
	return cost
}

// cost estimates, from above, the heap that the batch holds without its layout, which batches share.
func (b *Batch) cost() int {
	cost := 256
	for _, m := range b.msgs {
		cost += dataCost(m)
	}
	return cost
}
