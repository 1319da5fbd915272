package engine

import (
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// path is what graphite() and newrelic() make of the name of a metric (language.md 5.2).
type path struct {
	op *graph.PathFetch
}

func separator(f graph.PathFunc) string {
	if f == graph.NewRelic {
		return "/"
	}
	return "."
}

// fetchOf returns the data() call that selects what an operator selects, be it histograms, if
// it reads series.
func fetchOf(op graph.Op) (*graph.Fetch, *path) {
	switch op := op.(type) {
	case *graph.Fetch:
		return op, nil
	case *graph.PathFetch:
		f := op.Fetch
		p, err := series.NewPath(f.Metric, separator(op.Func))
		if err != nil { // check has refused it
			return nil, nil
		}
		f.Metric = p.Wide()
		if f.Filter == nil {
			f.Filter = p
		} else {
			f.Filter = &series.And{X: p, Y: f.Filter}
		}
		return &f, &path{op}
	case *graph.HistogramFetch:
		return &graph.Fetch{Metric: op.Metric, Filter: op.Filter, Resolution: op.Resolution}, nil
	}
	return nil, nil
}

// badPattern tells what is wrong with the pattern of an operator that has one.
func badPattern(op graph.Op) error {
	p, ok := op.(*graph.PathFetch)
	if !ok {
		return nil
	}
	_, err := series.NewPath(p.Fetch.Metric, separator(p.Func))
	return err
}

// rename adds the nodes of its metric's name to the key of a series.
func (p *path) rename(m *member) {
	nodes := strings.Split(m.metric, separator(p.op.Func))
	var bound []series.Label
	for _, b := range p.op.Positions {
		if b.Position < len(nodes) {
			bound = append(bound, series.Label{Name: b.Name, Value: nodes[b.Position]})
		}
	}
	if p.op.Positions == nil {
		for i, node := range nodes {
			bound = append(bound, series.Label{Name: "node" + strconv.Itoa(i), Value: node})
		}
	}
	labels := series.SortLabels(bound)
	m.key, m.meta = labels.Union(m.key), labels.Union(m.meta)
}
