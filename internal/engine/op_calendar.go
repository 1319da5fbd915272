package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// cycles reduces each series over the cycles of a calendar (language.md 4.10). A slot belongs
// to the cycle that its last millisecond lies in, so a cycle begins with the slot that holds
// its boundary.
type cycles struct {
	op       *graph.Calendar
	calendar calendar
	step     int64 // ms
	begun    bool  // whether a cycle runs
	until    int64 // when it is over, ms
	live     bitmap

	totals []float64 // of the cycle that runs
	counts []int32
	past   []vector // results of the last Shift+1 cycles, as a ring
	newest int      // the place of the last one in past
	ended  int      // how many of them are of a cycle
}

func newCycles(op *graph.Calendar, c calendar, g grid) *cycles {
	return &cycles{op: op, calendar: c, step: g.step, past: make([]vector, op.Shift+1)}
}

func (c *cycles) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	c.live = out.live
	width := wordsFor(len(out.members)) * 64
	c.totals, c.counts = grow(c.totals, width), grow(c.counts, width)
	for i := range c.past {
		c.past[i].resize(width)
	}
	for _, col := range out.left {
		c.counts[col] = 0
		for i := range c.past {
			c.past[i].drop(int(col))
		}
	}
	if c.op.Func != graph.Count {
		return
	}
	for _, col := range out.joined {
		for back := range c.ended { // of what was not there yet nothing is counted
			c.past[(c.newest-back+len(c.past))%len(c.past)].set(int(col), 0)
		}
	}
}

func (c *cycles) Step(slot int64, in []*vector, out *vector) {
	out.resize(len(c.totals))
	last := slot + c.step - 1
	turned := !c.begun || last >= c.until
	if turned {
		if c.begun {
			c.turn()
		}
		c.begun, c.until = true, c.calendar.end(c.calendar.begin(last))
	}
	c.add(in[0])
	switch {
	case c.op.Partial:
		c.result(out)
	case turned:
		// The oldest of the ring is the one to send.
		oldest := &c.past[(c.newest+1)%len(c.past)]
		copy(out.values, oldest.values)
		copy(out.present, oldest.present)
	default:
		clear(out.present)
	}
}

// turn ends a cycle.
func (c *cycles) turn() {
	c.newest = (c.newest + 1) % len(c.past)
	c.ended = min(c.ended+1, len(c.past))
	c.result(&c.past[c.newest])
	clear(c.counts)
}

// add reduces the values of a slot into the cycle that runs.
func (c *cycles) add(in *vector) {
	in.present.each(func(col int) {
		x := in.values[col]
		if c.counts[col]++; c.counts[col] == 1 {
			c.totals[col] = x
			return
		}
		switch c.op.Func {
		case graph.Min:
			c.totals[col] = min(c.totals[col], x)
		case graph.Max:
			c.totals[col] = max(c.totals[col], x)
		default:
			c.totals[col] += x
		}
	})
}

// result stores what the cycle that runs has come to.
func (c *cycles) result(out *vector) {
	clear(out.present)
	c.live.each(func(col int) {
		n := float64(c.counts[col])
		switch {
		case c.op.Func == graph.Count:
			out.set(col, n)
		case n == 0:
		case c.op.Func == graph.Mean:
			out.set(col, c.totals[col]/n)
		default:
			out.set(col, c.totals[col])
		}
	})
}
