package hostmetrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Store takes samples; *memstore.Store is one. It returns how many it refused.
type Store interface {
	Append(samples ...series.Sample) (refused int)
}

// Options configures a Collector. Only Store is required.
type Options struct {
	// Store receives the samples of one reading in one call, all with the same time. It
	// must not keep the slice.
	Store Store

	Reader   Reader        // nil: Machine
	Host     string        // the value of the dimension host
	Interval time.Duration // between readings; 0: one second
	Logger   *slog.Logger  // nil: nothing is logged
}

// primeDelay is how long the first two readings are apart: long enough for several ticks
// of the kernel's processor clock (10 ms), short enough that nobody waits for it.
const primeDelay = 100 * time.Millisecond

// Collector reads a machine at a fixed interval.
type Collector struct {
	o         Options
	converter converter
	failed    map[string]bool // the texts of read errors that were logged
}

// New returns a Collector; Prime and Run make it read.
func New(o Options) *Collector {
	if o.Reader == nil {
		o.Reader = Machine{}
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Collector{o: o, converter: converter{host: o.Host}, failed: make(map[string]bool)}
}

// Prime makes two readings a tenth of a second apart and appends the second, so that every
// metric, those that are a difference between readings too, has a value from the start.
// It returns the context's cause when that ends first. Call it before Run, if at all.
func (c *Collector) Prime(ctx context.Context) error {
	c.converter.samples(time.Now(), c.read(ctx))
	if err := wait(ctx, primeDelay); err != nil {
		return err
	}
	c.collect(ctx, time.Now())
	return nil
}

// Run appends a reading at each multiple of the interval, with that time, until ctx ends.
// A reading that takes longer than the interval makes it leave out what it missed.
func (c *Collector) Run(ctx context.Context) {
	for {
		now := time.Now()
		at := now.Truncate(c.o.Interval).Add(c.o.Interval)
		if wait(ctx, at.Sub(now)) != nil {
			return
		}
		c.collect(ctx, at)
	}
}

func (c *Collector) collect(ctx context.Context, at time.Time) {
	reading := c.read(ctx)
	if ctx.Err() != nil { // a reading cut short would show devices as gone
		return
	}
	if refused := c.o.Store.Append(c.converter.samples(at, reading)...); refused > 0 {
		c.o.Logger.Warn("the store refused host metrics", "samples", refused)
	}
}

// read logs each failure once: a machine without, say, disk counters says so every second.
func (c *Collector) read(ctx context.Context) Reading {
	reading, err := c.o.Reader.Read(ctx)
	if err != nil && ctx.Err() == nil && !c.failed[err.Error()] && len(c.failed) < 100 {
		c.failed[err.Error()] = true
		c.o.Logger.Warn("some host metrics cannot be read", "error", err)
	}
	return reading
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
