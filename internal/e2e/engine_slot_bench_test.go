package e2e

import (
	"context"
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb"

	"github.com/signalfx/signalflow-client-go/internal/engine"
)

const (
	warmSlots  = 60 // run before anything is measured; the windows are full from the start
	roundSlots = 20 // of one job, then of the other
	pollRounds = 5  // rounds from one instant query of each peer to the next
	minRounds  = 25
	countSlots = 32 // whose allocations are counted
	polls      = 36 // times at which the peers are asked, in turn
)

// BenchmarkEngineSlot measures one slot of a live job that has run for long, in turns with the
// instant query that a client sends when it polls. The points of a slot come all at once, in the
// same order each time, and what is sent is dropped.
//
// slot-ns is all that the job does: taking the points from the feed, rolling them up, the
// operators, and the results. feed-ns is what a job needs that only counts the same series, in
// turns with the first, and op-ns is the difference. store-ns is what storing the points costs,
// which all jobs share. These, and those of the peers, are CPU time for each series that is read.
// "×cpu" is the better of the two peers over slot-ns. job-B is the memory that the job
// holds for each series, beyond the store.
func BenchmarkEngineSlot(b *testing.B) {
	eachSize(b, func(b *testing.B, cores int) {
		db := fillTSDB(b, cores, -perHour, polls, cpuSignal, loadSignal, requestSignal)
		for _, p := range enginePairs(cores) {
			b.Run(p.name, func(b *testing.B) {
				counting := newLiveRun(b, cores, enginePair{program: p.feedOnly(), signals: p.signals})
				feed, end := counting.aside()
				defer end()
				l, peers, more := newLiveRun(b, cores, p), peerEngines(), true
				rounds := 0
				l.run(func() bool {
					slot, base := l.round(), feed()
					l.costs.add("feed-ns", base)
					l.costs.add("op-ns", slot-base)
					if rounds%pollRounds == 0 {
						l.poll(peers, db, rounds/pollRounds%polls, slot)
					}
					rounds++
					more = more && b.Loop()
					return more || rounds < minRounds
				})
				l.costs.add("allocs", l.allocs)
				l.costs.add("job-B", l.held)
				l.costs.report(b)
			})
		}
	})
}

// feedOnly returns a program that reads what the pair's does, and only counts it.
func (p *enginePair) feedOnly() (program string) {
	for _, s := range p.signals {
		program += "data('" + s.name + "'"
		if s.name == requestSignal.name {
			program += ", rollup='delta'"
		}
		program += ").count().publish()\n"
	}
	return program
}

// poll sends the instant query to each peer, and compares its cost with that of a slot.
func (l *liveRun) poll(peers []peerEngine, db *tsdb.DB, number int, slot float64) {
	cheapest := math.Inf(1)
	for _, peer := range peers {
		cpu := cpuTime()
		if peer.instant(l.b, db, l.pair.query, scrapeTime(number)) == 0 {
			l.b.Fatalf("%s: %s gives nothing", peer.name, l.pair.query)
		}
		ns := float64(cpuTime()-cpu) / float64(l.cores())
		l.costs.add(peer.name+"-ns", ns)
		cheapest = min(cheapest, ns)
	}
	l.costs.add("×cpu", cheapest/slot)
}

// liveRun is a live job that is driven by its own clock: whenever it waits, the next scrape is
// stored and that time is over. So all happens on one goroutine, and nothing waits.
type liveRun struct {
	b      *testing.B
	data   *scraper
	pair   enginePair
	number int // of the latest scrape
	fired  chan time.Time
	cancel context.CancelFunc

	sent        counted          // in this round
	slots       int              // since the job is live
	begun       time.Duration    // CPU time at which the job went on
	job, store  time.Duration    // CPU time of this round
	rest        func() bool      // run between rounds; false ends the measurement
	countdown   int              // slots of which allocations are still to be counted; -1: not yet
	before      runtime.MemStats // when the job went on
	allocations uint64
	over        bool // the job has been told to end

	costs  medians
	allocs float64 // for each slot
	held   float64 // bytes for each series
}

func newLiveRun(b *testing.B, cores int, p enginePair) *liveRun {
	l := &liveRun{b: b, pair: p, data: newScraper(cores, p.signals...), fired: make(chan time.Time, 1), costs: medians{}, countdown: -1}
	l.data.fill(b, -perHour-1, 0)
	l.number = -1
	return l
}

// run runs the job; rest is called after each roundSlots slots and says whether to go on.
func (l *liveRun) run(rest func() bool) {
	l.rest = rest
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l.cancel = cancel
	o := withoutLimits(engine.Options{Source: l.data.store, Clock: l, Start: origin})
	if err := engine.Run(ctx, compile(l.b, l.pair.program), o, &l.sent); !errors.Is(err, context.Canceled) {
		l.b.Error(err)
	}
	var ended runtime.MemStats
	clean()
	runtime.ReadMemStats(&ended)
	l.held = (float64(l.before.HeapAlloc) - float64(ended.HeapAlloc)) / float64(l.cores())
}

// clean collects all garbage, and what is kept in pools.
func clean() {
	runtime.GC()
	runtime.GC()
}

func (l *liveRun) cores() int { return len(l.data.samples) / len(l.data.signals) }

// aside runs the job on a goroutine of its own, one round for each call of the first function,
// until the second is called.
func (l *liveRun) aside() (round func() float64, end func()) {
	asked, done := make(chan bool), make(chan float64)
	go func() {
		if <-asked {
			l.run(func() bool {
				done <- l.round()
				return <-asked
			})
		}
		close(done)
		for range asked { // if the job has failed
		}
	}()
	round = func() float64 {
		asked <- true
		return <-done
	}
	return round, func() {
		close(asked)
		<-done
	}
}

// round notes what the slots of a round have cost, and returns slot-ns.
func (l *liveRun) round() float64 {
	perSeries := float64(roundSlots * l.cores())
	slot, store := float64(l.job)/perSeries, float64(l.store)/perSeries
	if l.sent.batches%roundSlots != 0 || l.sent.points < roundSlots {
		l.b.Errorf("%s: %d batches with %d values in %d slots", l.pair.program, l.sent.batches, l.sent.points, roundSlots)
	}
	l.costs.add("slot-ns", slot)
	l.costs.add("store-ns", store)
	l.reset()
	return slot
}

func (l *liveRun) reset() { l.job, l.store, l.sent = 0, 0, counted{} }

// Now implements engine.Clock.
func (l *liveRun) Now() time.Time { return time.UnixMilli(l.data.now) }

// Timer implements engine.Clock: the job has nothing to do until the next scrape, so that comes.
func (l *liveRun) Timer(time.Duration) (<-chan time.Time, func()) {
	if l.over {
		return nil, func() {}
	}
	l.pause()
	l.number++
	l.data.prepare(l.number)
	cpu := cpuTime()
	l.data.store.Append(l.data.samples...)
	l.store += cpuTime() - cpu
	select {
	case <-l.fired: // the job was woken by the feed before
	default:
	}
	l.fired <- l.Now()
	l.resume()
	return l.fired, func() {}
}

// pause accounts for the slot that is over.
func (l *liveRun) pause() {
	l.slots++
	switch over := l.slots - warmSlots; {
	case l.countdown >= 0:
		l.count()
	case over <= 0:
		l.reset()
	default:
		l.job += cpuTime() - l.begun
		if over%roundSlots == 0 && !l.rest() {
			l.countdown = countSlots
		}
	}
}

// count adds up what a slot has allocated, and ends the job with the last one.
func (l *liveRun) count() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	l.allocations += now.Mallocs - l.before.Mallocs
	if l.countdown--; l.countdown == 0 {
		l.allocs = float64(l.allocations) / countSlots
		l.over = true
		l.cancel()
		clean()
	}
}

// resume is the last step before the job goes on.
func (l *liveRun) resume() {
	if l.countdown >= 0 {
		runtime.ReadMemStats(&l.before)
	}
	l.begun = cpuTime()
}

// counted is a Sink that keeps nothing.
type counted struct{ batches, points int }

func (c *counted) Progress(int) error            { return nil }
func (c *counted) Metadata(*engine.Output) error { return nil }

func (c *counted) Batch(b *engine.Batch) error {
	c.batches++
	c.points += len(b.Points)
	return nil
}

func (c *counted) Expired(uint64) error    { return nil }
func (c *counted) Info(*engine.Info) error { return nil }
