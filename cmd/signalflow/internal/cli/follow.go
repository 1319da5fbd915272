package cli

import (
	"context"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// follower takes what a computation sends to an output and to the notices.
type follower struct {
	computation *signalflow.Computation
	out         output
	notes       *notices
	has         func() []*series.Series // the series that exist; nil when that is not known

	series   map[int64]knownSeries // by tsId
	values   []publishedValue      // reused
	got      bool                  // a value has come
	warned   bool                  // of what leaves values out
	patience time.Duration         // what is left of metadataTimeout
	end      time.Time             // when the duration is over; zero: never
}

// knownSeries is a series with the metadata that it was made of.
type knownSeries struct {
	properties *messages.MetadataProperties
	series     *publishedSeries
}

func newFollower(c *signalflow.Computation, out output, notes *notices, has func() []*series.Series) *follower {
	return &follower{computation: c, out: out, notes: notes, has: has, series: make(map[int64]knownSeries), patience: metadataTimeout}
}

const (
	stopTimeout     = time.Second     // to tell a server that nobody listens any more
	metadataTimeout = 5 * time.Second // for metadata that should have come before the data, of all series together
)

// follow takes messages until the computation has ended, and returns why, nil for a
// complete run. It stops the computation itself after duration (0: never; the result is
// nil), after timeout without a value (errTimeout), when the output fails, and when ctx
// ends (its cause).
func (f *follower) follow(ctx context.Context, duration, timeout time.Duration) error {
	data, info := f.computation.Data(), f.computation.Info()
	events, expirations := f.computation.Events(), f.computation.Expirations()
	if duration > 0 {
		f.end = time.Now().Add(duration)
	}
	over, freeOver := after(duration)
	defer freeOver()
	late, freeLate := after(timeout)
	defer freeLate()
	for data != nil || info != nil || events != nil || expirations != nil {
		var err error
		select {
		case m, ok := <-data:
			if !ok {
				data = nil
				continue
			}
			err = f.data(ctx, m)
			if f.got {
				late = nil
			}
		case m, ok := <-info:
			if !ok {
				info = nil
				continue
			}
			f.info(m)
		case m, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			f.notes.say(eventText(m))
		case m, ok := <-expirations:
			if !ok {
				expirations = nil
				continue
			}
			f.expired(m)
		case <-over:
			f.stop(ctx) // what has come until then is still taken
			over, late = nil, nil
		case <-late:
			err = errTimeout
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if err != nil {
			f.stop(ctx)
			return err
		}
	}
	return f.computation.Err()
}

// after returns a channel that receives once d has passed, never for 0.
func after(d time.Duration) (<-chan time.Time, func()) {
	if d <= 0 {
		return nil, func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

func (f *follower) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	f.computation.Stop(ctx) // when this fails the connection has ended it
}

func (f *follower) data(ctx context.Context, m *messages.DataMessage) error {
	f.values = f.values[:0]
	for _, p := range m.Payloads {
		n, ok := payloadNumber(p)
		if !ok {
			continue
		}
		s, err := f.seriesOf(ctx, p)
		if err != nil {
			return err
		}
		f.values = append(f.values, publishedValue{series: s, time: int64(m.TimestampMillis), number: n})
	}
	f.got = f.got || len(f.values) > 0
	return f.out.values(f.values)
}

func payloadNumber(p messages.DataPayload) (number, bool) {
	if p.Type == messages.ValTypeLong {
		return integer(p.Int64()), true
	}
	v, ok := p.AsFloat()
	return float(v), ok
}

// seriesOf returns the series of a point, with its newest metadata. They come before the
// data; without them a value is printed bare rather than lost.
func (f *follower) seriesOf(ctx context.Context, p messages.DataPayload) (*publishedSeries, error) {
	id := int64(p.TSID)
	known, ok := f.series[id]
	properties, err := f.computation.TSIDMetadata(atOnce, p.TSID)
	if err != nil && !ok {
		properties, err = f.lateMetadata(ctx, p.TSID)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && !ok:
		f.notes.warn("no metadata for series " + p.TSID.String() + "; its values have no label and dimensions")
		known.series = &publishedSeries{}
	case ok && (err != nil || properties == known.properties):
		return known.series, nil
	default:
		if ok {
			f.out.expired(known.series)
		}
		known = knownSeries{properties, newPublishedSeries(properties)}
	}
	f.series[id] = known
	return known.series, nil
}

// atOnce is a context for calls that are not to wait.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// lateMetadata waits for metadata, as long as there is patience: a server that sends none
// must not hold the values back for ever, and not beyond the end of the run.
func (f *follower) lateMetadata(ctx context.Context, id idtool.ID) (*messages.MetadataProperties, error) {
	began := time.Now()
	until := began.Add(f.patience)
	if !f.end.IsZero() && f.end.Before(until) {
		until = f.end
	}
	wait, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	properties, err := f.computation.TSIDMetadata(wait, id)
	f.patience -= time.Since(began)
	return properties, err
}

func (f *follower) expired(m *messages.ExpiredTSIDMessage) {
	id, err := m.ID()
	if err != nil {
		return
	}
	if known, ok := f.series[int64(id)]; ok {
		f.out.expired(known.series)
		delete(f.series, int64(id))
	}
}
