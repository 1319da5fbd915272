package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/demo"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/server"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

const (
	demoIncident    = time.Minute // after the start of what runs on, one more incident begins
	demoMaxHosts    = 100_000
	demoMaxPoints   = 1_000_000 // of a series, in one run
	demoUsualPoints = 20_160    // of a series at most, unless a resolution is asked for: two weeks at a minute
)

// The demo can be asked for any time between these.
var (
	demoFirst = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	demoLast  = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// demoSteps are how far the points of the demo can be apart when nobody says.
var demoSteps = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, time.Hour}

// shop opens the demo for a range. Its points are as far apart as is asked for, else as the
// length of the range suggests.
func (f *sourceFlags) shop(span timeRange, step time.Duration, wanted series.Query) (*demo.Shop, error) {
	now := time.Now()
	from, to := span.start, span.stop
	if from.IsZero() {
		from = now
	}
	if to.IsZero() {
		to = now
	}
	for _, t := range []time.Time{from, to} {
		if t.Before(demoFirst) || t.After(demoLast) {
			return nil, usageError{fmt.Sprintf("the demo has no data at %s, only from %s to %s", t.UTC().Format(time.RFC3339), demoFirst.Format(time.RFC3339), demoLast.Format(time.RFC3339))}
		}
	}
	length := to.Sub(from)
	switch {
	case step == 0:
		step = demoStep(length)
	case step < time.Second:
		return nil, usageError{"the points of the demo are at least 1s apart, and --resolution asks for less"}
	case length/step > demoMaxPoints:
		least := (length/demoMaxPoints + time.Second - 1).Truncate(time.Second)
		return nil, usageError{fmt.Sprintf("a point every %s from %s to %s would be %d of each series, and the demo makes up at most %d: ask for a --resolution of at least %s, or for none",
			shortly(step), from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), length/step, demoMaxPoints, shortly(least))}
	}
	o := demo.Options{Interval: step, Hosts: f.hosts, Wanted: wanted}
	if span.start.IsZero() || span.stop.IsZero() {
		o.Incident = now.Add(demoIncident)
	}
	return demo.New(o), nil
}

// demoStep returns the finest step with which a range has not too many points.
func demoStep(length time.Duration) time.Duration {
	for _, step := range demoSteps {
		if length/step <= demoUsualPoints {
			return step
		}
	}
	return demoSteps[len(demoSteps)-1]
}

// shortly writes a duration without the zeros at its end: 1m for 1m0s.
func shortly(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// openDemo opens a session on the demo.
func openDemo(f *sourceFlags, span timeRange, notes *notices) (*session, error) {
	shop, err := f.shop(span, 0, series.Query{})
	if err != nil {
		return nil, err
	}
	notes.say(describeShop(shop))
	if span.start.IsZero() || span.stop.IsZero() {
		source := demo.NewSource(shop, nil)
		return serve(server.Options{Source: source}, source.Run), nil
	}
	clock := standingClock{span.stop.Add(afterDemo)}
	s := serve(server.Options{Source: demo.NewSource(shop, clock.Now), Clock: clock}, func(context.Context) {})
	s.options = append(s.options, atThePaceOfTheOutput)
	return s, nil
}

// afterDemo is how long after the end of a range of the demo its clock stands, so that a slot
// that goes beyond it has all of its points.
const afterDemo = 400 * 24 * time.Hour

// standingClock is a time at which all that is asked for lies in the past.
type standingClock struct{ at time.Time }

func (c standingClock) Now() time.Time { return c.at }

// Timer returns one that never fires.
func (c standingClock) Timer(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

func describeShop(shop *demo.Shop) string {
	return fmt.Sprintf("%d series, a point every %s", len(shop.Series()), shortly(shop.Interval()))
}

// recorder is what samples are written to.
type recorder interface {
	demo.Store
	Flush() error
	Points() int
}

// recordDemo records the demo: a range at once, without an end what lies in the past at once and
// the rest as it comes.
func (f *recordFlags) recordDemo(ctx context.Context, span timeRange, shop *demo.Shop, out recorder) error {
	from, to := span.start, span.stop
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !from.IsZero() && !to.IsZero() {
		shop.Fill(ctx, flushing{out, cancel}, from, to)
		return context.Cause(ctx)
	}
	if from.IsZero() {
		from = time.Now().Add(1)
	}
	if end := time.Now().Add(f.run.duration); f.run.duration > 0 && (to.IsZero() || end.Before(to)) {
		to = end
	}
	shop.Run(ctx, flushing{out, cancel}, from, to)
	return context.Cause(ctx)
}

// flushing passes on what it is given at once, and ends what runs when that fails.
type flushing struct {
	out    recorder
	failed context.CancelCauseFunc
}

// Append implements demo.Store.
func (f flushing) Append(samples ...series.Sample) (refused int) {
	refused = f.out.Append(samples...)
	if err := f.out.Flush(); err != nil {
		f.failed(err)
	}
	return refused
}

// isTable tells whether a name is that of a table, compressed or not.
func isTable(name string) bool {
	return strings.HasSuffix(strings.ToLower(strings.TrimSuffix(name, ".gz")), ".csv")
}

var (
	_ recorder = (*ingest.Writer)(nil)
	_ recorder = (*ingest.Table)(nil)
)
