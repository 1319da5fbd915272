package engine

import (
	"fmt"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// layout is the part of a graph that its enabled publish nodes need (language.md 3.1), in
// dependency order.
type layout []placed

// placed is a node of the graph in its place in a layout.
type placed struct {
	*graph.Node
	id     int
	serial int   // of a publish: its number among all of the program
	in     []int // places of its inputs

	before int64 // slots before the first one wanted at which its values must begin
	hold   int64 // ms for which what comes after it keeps its values
}

func newLayout(g *graph.Graph) layout {
	needed := make([]bool, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if p, ok := g.Nodes[i].Op.(*graph.Publish); ok && p.Enabled {
			needed[i] = true
		}
		if needed[i] {
			for _, in := range g.Nodes[i].Inputs {
				needed[in] = true
			}
		}
	}
	var l layout
	place := make([]int, len(g.Nodes))
	published := 0
	for i := range g.Nodes {
		n := &g.Nodes[i]
		at := placed{Node: n, id: i, serial: published}
		if _, ok := n.Op.(*graph.Publish); ok {
			published++
		}
		if !needed[i] {
			continue
		}
		for _, in := range n.Inputs {
			at.in = append(at.in, place[in])
		}
		place[i] = len(l)
		l = append(l, at)
	}
	return l
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
		case *graph.KPSS:
			slots = windowSlots(op.Over, g.step) - 1
			hold = slots * g.step
		case *graph.Delta:
			slots, hold = 1, g.step
		case *graph.Fill:
			hold = max(op.For.Milliseconds(), int64(op.Slots)*g.step)
		case *graph.Calendar:
			c, err := newCalendar(op, zone)
			if err != nil {
				return fmt.Errorf("engine: line %s: %w", at.Span, err)
			}
			slots = c.slotsBefore(op, g, first-at.before*g.step)
			hold = int64(op.Shift+2) * c.longest().Milliseconds()
		}
		for _, in := range at.in {
			l[in].before = max(l[in].before, at.before+slots)
			l[in].hold = max(l[in].hold, at.hold+hold)
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
