package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

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
// it are full (language.md 4.8).
func (l layout) reach(step int64) {
	for i := len(l) - 1; i >= 0; i-- {
		at := &l[i]
		slots := pastSlots(at.Op, step)
		for _, in := range at.in {
			l[in].before = max(l[in].before, at.before+slots)
			l[in].hold = max(l[in].hold, at.hold+slots*step)
		}
	}
}

// pastSlots returns how many slots before the present one an operator looks at.
func pastSlots(op graph.Op, step int64) int64 {
	switch op := op.(type) {
	case *graph.Window:
		return windowSlots(op.Over, step) - 1
	}
	return 0
}
