// Package replay makes recorded metrics a source of programs: a store that holds them, and a
// clock that programs follow.
package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// DefaultMaxPoints is the most points of a recording unless told: about 1 GB.
const DefaultMaxPoints = 50_000_000

// Options say what is replayed and how.
type Options struct {
	Files     []string  // their names; - is Stdin
	Stdin     io.Reader // nil: there is none
	Format    ingest.Format
	MaxPoints int // 0: DefaultMaxPoints

	// Live keeps the points back until they arrive, on a clock that runs at real speed from
	// the time given to Begin. Otherwise all of them are there, and lie in the past.
	Live bool
}

// Recording is a recording that has been read.
type Recording struct {
	Store       *memstore.Store
	First, Last time.Time // of its points, without strays
	Points      int
	Refused     int      // points whose value is not finite
	Warnings    []string // what is odd about the files

	// Strays is how many points lie more than a year from all others, and are few: what a wrong
	// clock or a missing time has made. They are in the store, but not between First and Last.
	Strays                int
	FirstStray, LastStray time.Time

	options Options
	waiting []series.Sample // in the order of their arrival; those of a live one that have not arrived
	offset  time.Duration   // of the clock of a live one from the present
}

// Open reads the files. What they hold of one series may be in any order; of two points with
// the same time the later one read counts. It ends early, with the cause, when ctx ends.
func Open(ctx context.Context, o Options) (*Recording, error) {
	if o.MaxPoints == 0 {
		o.MaxPoints = DefaultMaxPoints
	}
	r := &Recording{options: o}
	var times span
	weight := 0 // of all points; one of a histogram counts for as many as need its memory
	r.Store = memstore.New(memstore.Options{MaxPoints: o.MaxPoints + 1, Now: r.now})
	for _, name := range o.Files {
		err := r.readFile(name, func(samples []series.Sample) error {
			for i := range samples {
				times.add(samples[i].Time)
				if h := samples[i].Distribution; h != nil {
					weight += h.Weight()
				}
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r.Points += len(samples)
			if weight += len(samples); weight > o.MaxPoints {
				return fmt.Errorf("%s: more than %d points; give fewer files, or some that hold less", name, o.MaxPoints)
			}
			if o.Live {
				r.waiting = append(r.waiting, samples...)
			} else {
				r.Refused += r.Store.Append(samples...)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if r.Points == 0 {
		return nil, errors.New(strings.Join(append([]string{"the data hold no point"}, r.Warnings...), "; "))
	}
	times.settle(r)
	slices.SortStableFunc(r.waiting, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
	return r, nil
}

func (r *Recording) readFile(name string, take func([]series.Sample) error) error {
	in := r.options.Stdin
	if name == "-" {
		name = "stdin"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a folder; name the files in it", name)
		}
		in = file
	}
	return ingest.Read(in, name, ingest.Options{Format: r.options.Format, Warn: r.warn}, take)
}

func (r *Recording) warn(text string) { r.Warnings = append(r.Warnings, text) }

// Begin sets the clock of a live recording to a time, and stores what has arrived until then.
// Call it once, before the Recording is used. Of another one it does nothing.
func (r *Recording) Begin(at time.Time) {
	if r.options.Live {
		r.offset = time.Until(at)
		r.arrive()
	}
}

// Run stores the points of a live recording as they arrive, until all are there or ctx ends.
func (r *Recording) Run(ctx context.Context) {
	for len(r.waiting) > 0 {
		timer := time.NewTimer(time.UnixMilli(r.waiting[0].Arrival).Sub(r.now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			r.arrive()
		}
	}
}

// arrive stores what has arrived by now.
func (r *Recording) arrive() {
	now := r.now().UnixMilli()
	n := 0
	for n < len(r.waiting) && r.waiting[n].Arrival <= now {
		n++
	}
	r.Refused += r.Store.Append(r.waiting[:n]...)
	r.waiting = r.waiting[n:]
}

// afterwards is how long after the end of a recording its clock stands: past the end of every
// slot that a program may have.
const afterwards = 400 * 24 * time.Hour

// now is the time of the recording.
func (r *Recording) now() time.Time {
	if r.options.Live {
		return time.Now().Add(r.offset)
	}
	return r.Last.Add(afterwards)
}

// Clock returns the clock that programs follow.
func (r *Recording) Clock() *Clock { return &Clock{r} }

// Clock is the time of a recording.
type Clock struct{ recording *Recording }

// Now returns the time: of a live recording one that runs, else one long after its end.
func (c *Clock) Now() time.Time { return c.recording.now() }

// Timer returns a channel that receives once d has passed, and a function that frees it. The
// clock of a recording that is not live stands still: its timers never fire.
func (c *Clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	if !c.recording.options.Live {
		return nil, func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
