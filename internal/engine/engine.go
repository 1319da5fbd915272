// Package engine runs compiled programs over recorded and live data.
//
// A job is one goroutine. It advances all nodes of its graph one slot at a time, in
// dependency order (language.md 3.5), and hands what is published to a Sink. Operators are
// plain structs over columns: which series a stream has is settled by Bind, which runs only
// when series come or go; Step then computes one slot by column index. Nothing in a job is
// shared, nothing depends on the order of a map, and no operator waits.
//
// History and live data go through the same code: a slot that lies far enough in the past is
// computed at once from what the Source has stored, a later one as soon as its data are
// complete (language.md 4.6). What makes no live slot wait, and what is heavy, is done in turns
// that jobs share, see Turns.
package engine

import (
	"context"
	"errors"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Source is where a job reads its data. Several jobs may use one Source at the same time.
type Source interface {
	// Select returns the series that match a query, most recently created first when there
	// are more than its limit. The pointers stay the same for as long as a series exists.
	Select(ctx context.Context, q series.Query) (series.Selection, error)

	// Read calls visit at most once for each listed series that has points in the range,
	// with its index in the list and all of those points in rising order of time, no time
	// twice. It returns when all are visited, and with the first error of visit. No lock is
	// held meanwhile: visit may wait.
	Read(ctx context.Context, list []*series.Series, r series.Range, visit func(i int, p series.Points) error) error

	// Subscribe opens a feed of everything that arrives from now on for series that match
	// metric and filter of a query, signalled on wake. A point must be readable before it
	// is in the feed. The caller closes the feed.
	Subscribe(q series.Query, wake chan<- struct{}) (*series.Feed, error)
}

// Clock tells a job the time.
type Clock interface {
	Now() time.Time
	// Timer returns a channel that receives once d has passed, and a function that frees it.
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// Options say how a job runs (language.md 4.1). Source must be set; the zero value of every
// other field works.
type Options struct {
	Source Source
	Clock  Clock // nil: the system's clock

	Start      time.Time      // zero: now; rounded down to a slot
	Stop       time.Time      // zero: never; rounded up to a slot, exclusive
	Resolution time.Duration  // lower bound of the slot length; 0: as the data have it
	MaxDelay   time.Duration  // longest wait for late data, at most 15 min; 0: as the data need it
	MinDelay   time.Duration  // shortest wait for late data, at most 15 min
	Immediate  bool           // end at once: Stop is at most now less the max delay
	Timezone   *time.Location // where days begin, for slots of a day or more; nil: UTC

	JobID      string        // part of the identity of output series; may be empty
	MaxSeries  int           // most series of one data() call; 0: 30,000; negative: no limit
	Inactivity time.Duration // a series without a point for this long leaves; 0: 24 h

	// RateOfCounters makes rate the default rollup of counters and cumulative counters, as it
	// was until 2019, in place of sum and delta (language.md 4.4, OQ-18).
	RateOfCounters bool

	// MaxInputs and MaxDerived are the most series that a job may read, and have in all of its
	// streams together; a job with more ends with an error (language.md 6). 0: 250,000 and
	// 500,000; negative: no limit.
	MaxInputs, MaxDerived int

	// Turn is what this job alone has of the turns that several jobs share, so that their heavy
	// work does not delay the slots of the others; nil: it shares nothing.
	Turn *Turn

	// MaxWindowPoints is the most points that the windows of the job may hold, 8 bytes each;
	// a job that needs more ends with an error. 0: 60,000,000; negative: no limit.
	MaxWindowPoints int64
}

const (
	maxMaxDelay       = 15 * time.Minute
	defaultMaxSeries  = 30_000
	defaultInactivity = 24 * time.Hour

	defaultMaxInputs       = 250_000
	defaultMaxDerived      = 500_000
	defaultMaxWindowPoints = 60_000_000
)

// Run runs a program until its range ends, and then returns nil. It returns earlier with
// the cause when ctx ends, with the error of the Sink that did not take something, or with
// that of the Source. It calls the Sink from its own goroutine only, never after it returned.
func Run(ctx context.Context, g *graph.Graph, o Options, sink Sink) error {
	if o.Source == nil {
		return errors.New("engine: options name no source")
	}
	defer o.Turn.Yield()
	j, err := newJob(ctx, g, o, sink)
	if err != nil {
		return err
	}
	defer j.close()
	return j.run(ctx)
}

// systemClock is the real time; inside a testing/synctest bubble, that of the bubble.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
