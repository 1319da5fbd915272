package engine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// layout is the part of a graph that its enabled publish nodes need (language.md 3.1), in
// dependency order. What stands under a timeshift() is laid out once more for its offset, down
// to the data, and reads what was then (language.md 4.9).
type layout []placed

// placed is a node of the graph in its place in a layout.
type placed struct {
	*graph.Node
	id     int
	serial int   // of a publish: its number among all of the program
	offset int64 // ms by which it lies back in time
	in     []int // places of its inputs

	before int64 // slots before the first one wanted at which its values must begin
	hold   int64 // ms after a point for which what comes after it has something of it
}

// moment is a node at an offset in time.
type moment struct {
	id     graph.NodeID
	offset int64 // ms
}

// maxPlaced is the most nodes that timeshifts, each of which repeats what is under it, may make
// of a program.
const maxPlaced = 250_000

func newLayout(g *graph.Graph) (layout, error) {
	var all []moment
	known := make(map[moment]bool)
	var visit func(m moment)
	visit = func(m moment) {
		if known[m] || len(all) > maxPlaced {
			return
		}
		known[m] = true
		all = append(all, m)
		for _, in := range g.Nodes[m.id].Inputs {
			visit(shifted(g, in, m.offset))
		}
	}
	serials := make(map[int]int)
	for i := range g.Nodes {
		if p, ok := g.Nodes[i].Op.(*graph.Publish); ok {
			serials[i] = len(serials)
			if p.Enabled {
				visit(moment{graph.NodeID(i), 0})
			}
		}
	}
	if len(all) > maxPlaced {
		return nil, &LimitError{What: "the program has more nodes, with what its timeshifts repeat", Limit: maxPlaced, Remedy: "shift fewer streams inside one another"}
	}
	slices.SortFunc(all, func(a, b moment) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.offset, b.offset)) })
	l := make(layout, len(all))
	place := make(map[moment]int, len(all))
	for i, m := range all {
		n := &g.Nodes[m.id]
		l[i] = placed{Node: n, id: int(m.id), serial: serials[int(m.id)], offset: m.offset}
		for _, in := range n.Inputs {
			l[i].in = append(l[i].in, place[shifted(g, in, m.offset)])
		}
		place[m] = i
	}
	return l, nil
}

// shifted returns what a node at an offset is, where timeshifts are offsets.
func shifted(g *graph.Graph, id graph.NodeID, offset int64) moment {
	for {
		t, ok := g.Nodes[id].Op.(*graph.Timeshift)
		if !ok {
			return moment{id, offset}
		}
		id, offset = g.Nodes[id].Inputs[0], offset+t.Offset.Milliseconds()
	}
}

// align rounds the offsets down to whole slots. One of less than a slot is an error (language.md
// 4.9).
func (l layout) align(step int64) error {
	for i := range l {
		at := &l[i]
		if at.offset > 0 && at.offset < step {
			return &PlaceError{at.Span, fmt.Sprintf("timeshift() by %s is less than a slot, which is %s; shift by more, or run at a finer resolution",
				time.Duration(at.offset)*time.Millisecond, time.Duration(step)*time.Millisecond)}
		}
		at.offset -= at.offset % step
	}
	return nil
}

// reach settles for each node how far back its values are needed, so that the windows after
// it are full (language.md 4.8) when the first slot is sent.
func (l layout) reach(g grid, first int64, zone *time.Location) error {
	for i := len(l) - 1; i >= 0; i-- {
		at := &l[i]
		slots, hold := int64(0), int64(0)
		switch op := at.Op.(type) {
		case *graph.Window:
			slots = windowSlots(op.Over, g.step) - 1
			hold = slots * g.step
		case *graph.When:
			slots = windowSlots(op.Lasting, g.step) - 1
			hold = slots * g.step
		case *graph.HistogramReduce:
			slots = windowSlots(op.Over, g.step) - 1
			hold = slots * g.step
		case *graph.KPSS:
			slots = windowSlots(op.Over, g.step) - 1
			hold = slots * g.step
		case *graph.Delta:
			slots, hold = 1, g.step
		case *graph.Fill:
			hold = max(op.For.Milliseconds(), int64(op.Slots)*g.step)
		case *graph.Calendar:
			c, err := newCalendar(op, zone, g)
			if err != nil {
				return &PlaceError{at.Span, err.Error()}
			}
			slots = c.slotsBefore(op, g, first-at.offset-at.before*g.step)
			hold = int64(op.Shift+2) * c.longest().Milliseconds()
		}
		for _, in := range at.in {
			l[in].before = max(l[in].before, at.before+slots)
			l[in].hold = max(l[in].hold, at.hold+hold)
		}
	}
	for i := range l { // a series stays for the last slot that has something of it, to its end
		if l[i].hold > 0 {
			l[i].hold += 2 * g.step
		}
	}
	return nil
}

// slotsBefore returns how many slots before a slot the cycles begin that it tells of.
func (c calendar) slotsBefore(op *graph.Calendar, g grid, slot int64) int64 {
	var begin int64
	if op.Partial {
		begin = c.begin(slot + g.step - 1)
	} else {
		begin = c.begin(slot - 1)
		for range op.Shift {
			begin = c.begin(begin - 1)
		}
	}
	return max(0, slot-g.floor(begin)) / g.step
}
