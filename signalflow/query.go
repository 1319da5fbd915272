package signalflow

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Query runs a program over a bounded range and returns all that it put out. Nothing of it
// runs any more when Query returns. Without a Stop the range ends now, and only data that is
// there already is used; with one in the future the query waits for it.
//
// A lost connection does not harm a query: it goes on as a [Stream] does, and has the errors
// of a stream. With an error the result holds what had come until then, and is nil if nothing
// could begin; no data is no error here, see [Result.NoData].
func (c *Client) Query(ctx context.Context, program string, o Options) (*Result, error) {
	now := time.Now()
	if o.Stop.IsZero() && o.Request.Stop.IsZero() && o.Request.StopMs == 0 {
		o.Stop = now
		o.Request.Immediate = true
	}
	if o.Start.IsZero() && o.Request.Start.IsZero() && o.Request.StartMs == 0 {
		o.Start = now.Add(-defaultQueryRange)
	}
	if o.Overflow == 0 || o.Overflow == DropOldest {
		o.Overflow = FailComputation
	}
	s, err := c.Stream(ctx, program, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := newResult(s.options.MaxPoints)
	for it, err := range s.All() {
		if err == nil {
			err = r.take(it)
		}
		if err != nil {
			r.finish(s)
			return r, err
		}
	}
	r.finish(s)
	return r, nil
}

// ErrTooManyPoints is returned by [Client.Query] when a result is larger than
// Options.MaxPoints.
var ErrTooManyPoints = errors.New("signalflow: the result has more points and events than Options.MaxPoints; ask for a coarser resolution, a shorter range or fewer series")

// Latest returns the newest complete value of each series of a program, as a [Result] with
// one point for each: for one number, add Scalar(Latest). No value in it is older than
// maxAge, by the client's clock; series without one are left out.
//
// How far back Latest has to look depends on the resolution and the max delay that the
// server chooses. It begins with a short range, widens it as long as no series has a value,
// up to maxAge, and remembers for the client's life what was enough for the program: as a rule,
// one call is one short run. A series that is quiet for longer than that range is left out
// when another one is not; a longer Resolution makes the range longer. Options.Start and
// Stop are not used.
func (c *Client) Latest(ctx context.Context, program string, maxAge time.Duration, o Options) (*Result, error) {
	if maxAge <= 0 {
		return nil, fmt.Errorf("signalflow: Latest needs the age that a value may have, not %v", maxAge)
	}
	o.Stop, o.Request.Stop, o.Request.StopMs = time.Time{}, time.Time{}, 0
	for back := min(c.windows.get(program, o.Resolution), maxAge); ; {
		o.Start = time.Now().Add(-back)
		r, err := c.Query(ctx, program, o)
		if err != nil {
			return r, err
		}
		r.keepLatest(time.Now().Add(-maxAge))
		enough := r.MaxDelay + latestSlots*r.Resolution
		if len(r.Series) > 0 {
			c.windows.set(program, max(back, enough))
			return r, nil
		}
		wider := min(max(4*back, enough), maxAge)
		if wider <= back || r.matchedNothing() {
			return r, nil
		}
		back = wider
	}
}

const (
	// latestSlots is how many intervals Latest looks back beyond the max delay: the one that
	// is not over, the one that has just ended, and one to spare.
	latestSlots = 3
	// firstWindow is how far Latest looks back for a program that it does not know.
	firstWindow = time.Minute
	// maxWindows bounds how many programs are remembered.
	maxWindows = 1024
)
