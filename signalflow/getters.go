package signalflow

import (
	"context"
	"fmt"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// jobInfo is what control and information messages tell about a computation.
type jobInfo struct {
	handle       reported[string]
	progress     reported[float64]
	resolution   reported[int] // this and all other times in milliseconds
	lag          reported[int]
	maxDelay     reported[int]
	matchedSize  reported[int]
	limitSize    reported[int]
	noTimeseries reported[string]
	missing      reported[[]string]
}

// reported is a value that the server tells, or not.
type reported[T any] struct {
	v  T
	ok bool
}

// set keeps a value; one that is absent leaves the last one standing.
func (r *reported[T]) set(v T, ok bool) {
	if ok {
		r.v, r.ok = v, true
	}
}

func (r *reported[T]) get() (T, bool) { return r.v, r.ok }

// read keeps what an information message reports.
func (i *jobInfo) read(m *messages.InfoMessage) {
	switch contents := m.Contents.(type) {
	case messages.JobRunningResolutionContents:
		i.resolution.set(contents.Resolution())
	case messages.JobDetectedLagContents:
		i.lag.set(contents.Lag())
	case messages.JobInitialMaxDelayContents:
		i.maxDelay.set(contents.MaxDelay())
	case messages.FindLimitedResultSetContents:
		i.matchedSize.set(contents.Matched())
		i.limitSize.set(contents.Limit())
	case messages.FindMatchedNoTimeseriesContents:
		i.noTimeseries.set(contents.Query())
	case messages.GroupByMissingPropertyContents:
		i.missing.set(contents.PropertyNames())
	}
}

// Handle returns the server's id of the computation. Like all getters below it waits until
// the value has come, the computation has ended, or ctx has ended.
//
// After an end without the value the error is that of the computation, or wraps
// [ErrNotReported] when it ended normally; when ctx ended it wraps both
// [ErrMetadataTimeout] and the context's error.
func (c *Computation) Handle(ctx context.Context) (string, error) {
	return await(ctx, c, "handle", c.info.handle.get)
}

// Progress returns the last JOB_PROGRESS, 0 to 100: how far the run has read the history
// that it needs. It waits for the first one.
func (c *Computation) Progress(ctx context.Context) (float64, error) {
	return await(ctx, c, "progress", c.info.progress.get)
}

// Resolution returns the interval of the output, as the server chose it.
func (c *Computation) Resolution(ctx context.Context) (time.Duration, error) {
	return awaitMs(ctx, c, "resolution", c.info.resolution.get)
}

// Lag returns the lag that the server detected in the input.
func (c *Computation) Lag(ctx context.Context) (time.Duration, error) {
	return awaitMs(ctx, c, "lag", c.info.lag.get)
}

// MaxDelay returns how long the server waits for late input.
func (c *Computation) MaxDelay(ctx context.Context) (time.Duration, error) {
	return awaitMs(ctx, c, "max delay", c.info.maxDelay.get)
}

// MatchedSize returns how many series a query matched whose result was limited.
func (c *Computation) MatchedSize(ctx context.Context) (int, error) {
	return await(ctx, c, "matched size", c.info.matchedSize.get)
}

// LimitSize returns the limit that a result was cut to.
func (c *Computation) LimitSize(ctx context.Context) (int, error) {
	return await(ctx, c, "limit size", c.info.limitSize.get)
}

// MatchedNoTimeseriesQuery returns the query that matched no active series.
func (c *Computation) MatchedNoTimeseriesQuery(ctx context.Context) (string, error) {
	return await(ctx, c, "query that matched nothing", c.info.noTimeseries.get)
}

// GroupByMissingProperties returns the grouping properties that some series lack.
func (c *Computation) GroupByMissingProperties(ctx context.Context) ([]string, error) {
	return await(ctx, c, "missing properties", c.info.missing.get)
}

// TSIDMetadata returns the properties of an output series. It answers at once for every
// point that a data message has delivered, also after the series has expired. The result
// is shared: do not change it.
func (c *Computation) TSIDMetadata(ctx context.Context, tsid idtool.ID) (*messages.MetadataProperties, error) {
	return await(ctx, c, "metadata of "+tsid.String(), func() (*messages.MetadataProperties, bool) { return c.metadata.get(tsid) })
}

// await returns what get finds, waiting for it as the getters promise. get is called with
// the computation's lock held.
func await[T any](ctx context.Context, c *Computation, what string, get func() (T, bool)) (T, error) {
	for {
		c.mu.Lock()
		v, ok := get()
		if ok || c.ended {
			err := c.err
			c.mu.Unlock()
			return v, awaitErr(ok, err, what)
		}
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return v, fmt.Errorf("%s: %w: %w", what, ErrMetadataTimeout, ctx.Err())
		}
	}
}

func awaitErr(ok bool, ended error, what string) error {
	switch {
	case ok:
		return nil
	case ended != nil:
		return ended
	}
	return fmt.Errorf("%s: %w", what, ErrNotReported)
}

func awaitMs(ctx context.Context, c *Computation, what string, get func() (int, bool)) (time.Duration, error) {
	ms, err := await(ctx, c, what, get)
	return time.Duration(ms) * time.Millisecond, err
}
