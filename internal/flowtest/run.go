package flowtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Mode is a way to run a case. All of them have to give the same.
type Mode string

const (
	History Mode = "history" // all data are there and lie in the past
	Live    Mode = "live"    // the data arrive while the job runs
	Middle  Mode = "middle"  // the job begins when half of the data have arrived
)

// Modes returns the ways in which a case is to be run.
func (c *Case) Modes() []Mode {
	switch {
	case c.Options.History:
		return []Mode{History}
	case c.Options.Live:
		return []Mode{Live}
	}
	return []Mode{History, Live, Middle}
}

// Compile returns the graph of a case's program.
func (c *Case) Compile() (*graph.Graph, error) {
	return eval.Compile(c.Program, eval.Options{Args: c.Options.Args})
}

// Run runs a case in one way. What goes wrong is part of the result.
func (c *Case) Run(ctx context.Context, mode Mode) *Result {
	g, err := c.Compile()
	if err != nil {
		return &Result{Err: err}
	}
	o := c.Options
	store := memstore.New(memstore.Options{Now: func() time.Time { return o.Start }})
	source := engine.Source(store)
	if o.Source != nil {
		source = o.Source(store)
	}
	jobClock := newClock(c.begin(mode), c.Load, store)
	r := &recorder{start: o.Start.UnixMilli(), rows: map[uint64]*Row{}}
	err = engine.Run(ctx, g, engine.Options{
		Source: source, Clock: jobClock, Start: o.Start, Stop: o.Stop,
		Resolution: o.Resolution, MaxDelay: o.MaxDelay, Timezone: o.Timezone, Inactivity: o.Inactivity,
	}, r)
	return r.result(err)
}

// begin returns the time at which the job begins.
func (c *Case) begin(mode Mode) time.Time {
	switch mode {
	case Live:
		return c.Options.Start
	case Middle:
		return c.Options.Start.Add(c.Options.Stop.Sub(c.Options.Start) / 2)
	}
	end := c.Options.Stop.Add(time.Hour)
	for _, s := range c.Load {
		if at := time.UnixMilli(s.Arrival); at.After(end) {
			end = at
		}
	}
	return end
}

// Result is what a run has given.
type Result struct {
	Slots    int      // how many were sent
	Rows     []*Row   // in the order of their names
	Messages []string // each a line, as in a messages block
	Expired  []string
	Err      error
}

// Row is one output series.
type Row struct {
	Label    string
	Key      series.Labels
	Values   []*float64 // by slot; nil: none
	Metadata series.Labels
	Metric   string
}

// Name returns the label with the key, as in a want block.
func (r *Row) Name() string { return FormatSeries(r.Label, r.Key) }

// recorder is the Sink of a run.
type recorder struct {
	start    int64
	slots    []int64
	rows     map[uint64]*Row
	messages []string
	expired  []string
}

func (r *recorder) result(err error) *Result {
	rows := slices.Collect(maps.Values(r.rows))
	for _, row := range rows {
		for len(row.Values) < len(r.slots) {
			row.Values = append(row.Values, nil)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int {
		if c := strings.Compare(a.Name(), b.Name()); c != 0 {
			return c
		}
		return strings.Compare(a.line(0), b.line(0))
	})
	return &Result{Slots: len(r.slots), Rows: rows, Messages: r.messages, Expired: r.expired, Err: err}
}

// Progress implements engine.Sink.
func (r *recorder) Progress(int) error { return nil }

// Metadata implements engine.Sink.
func (r *recorder) Metadata(o *engine.Output) error {
	row := r.rows[o.ID]
	if row == nil {
		row = &Row{}
		r.rows[o.ID] = row
	}
	row.Label, row.Key, row.Metadata, row.Metric = o.Label, o.Key, o.Metadata, o.Metric
	return nil
}

// Batch implements engine.Sink.
func (r *recorder) Batch(b *engine.Batch) error {
	if n := len(r.slots); n == 0 || r.slots[n-1] != b.Time {
		r.slots = append(r.slots, b.Time)
	}
	at := len(r.slots) - 1
	for _, p := range b.Points {
		row := r.rows[p.ID]
		if row == nil {
			return fmt.Errorf("flowtest: slot %s: value of series %x, which has no metadata", r.time(b.Time), p.ID)
		}
		for len(row.Values) < at {
			row.Values = append(row.Values, nil)
		}
		if len(row.Values) > at {
			return fmt.Errorf("flowtest: slot %s: two values of %s", r.time(b.Time), row.Name())
		}
		row.Values = append(row.Values, &p.Value)
	}
	return nil
}

// Expired implements engine.Sink.
func (r *recorder) Expired(id uint64) error {
	name := fmt.Sprintf("series %x, which has no metadata", id)
	if row := r.rows[id]; row != nil {
		name = row.Name()
	}
	at := r.start
	if n := len(r.slots); n > 0 {
		at = r.slots[n-1]
	}
	r.expired = append(r.expired, r.time(at)+" "+name)
	return nil
}

// Info implements engine.Sink.
func (r *recorder) Info(i *engine.Info) error {
	line := r.time(i.Time) + " " + i.Code
	for _, span := range i.Spans {
		line += " " + span.String()
	}
	if i.NumInput != 0 {
		line += fmt.Sprintf(" inputs=%d", i.NumInput)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Contents)) {
		line += fmt.Sprintf(" %s=%v", name, i.Contents[name])
	}
	r.messages = append(r.messages, line)
	return nil
}

// time writes a time as what has passed since the start of the range.
func (r *recorder) time(ms int64) string {
	return (time.Duration(ms-r.start) * time.Millisecond).String()
}
