package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The values of this file are made by built-ins and only taken by others.
type (
	// histograms is a stream of histograms (language.md 5.7).
	histograms struct{ node graph.NodeID }

	// events is a stream of events() or alerts() (language-detectors.md 3.7, 3.8).
	events struct{ node graph.NodeID }

	// detector is what detect() returns, a detect block (language-detectors.md 1.1).
	detector struct{ node graph.NodeID }

	// lasting is what lasting() returns (language-detectors.md 2.1).
	lasting struct {
		over    duration
		atLeast value // a number, as the program wrote it
	}

	// annotation is what annotate() returns (language-detectors.md 3.1).
	annotation struct {
		stream stream
		label  string
		extra  series.Labels
		cost   int // the steps that it takes to write it out
	}

	// jobArgs is Args, the arguments that a job is started with (language.md 4.11).
	jobArgs struct{}

	// labels is a dict of texts, checked and sorted.
	labels series.Labels

	// constants is what const() is given, checked.
	constants []graph.ConstSeries
)

func (histograms) typeName() string { return "histogram stream" }
func (events) typeName() string     { return "event stream" }
func (detector) typeName() string   { return "detect block" }
func (lasting) typeName() string    { return "lasting" }
func (annotation) typeName() string { return "annotation" }
func (jobArgs) typeName() string    { return "Args" }
func (labels) typeName() string     { return "dict" }
func (constants) typeName() string  { return "list" }

// nodeOf returns the node of a stream of any kind.
func nodeOf(v value) (graph.NodeID, bool) {
	switch v := v.(type) {
	case stream:
		return v.node, true
	case histograms:
		return v.node, true
	case events:
		return v.node, true
	case detector:
		return v.node, true
	}
	return 0, false
}

// flow returns the value for a node.
func (ev *evaluator) flow(id graph.NodeID) value {
	switch ev.graph.Node(id).Kind {
	case graph.Histograms:
		return histograms{id}
	case graph.Events:
		return events{id}
	case graph.Alerts:
		return detector{id}
	case graph.Booleans:
		return stream{id, true}
	}
	return stream{node: id}
}

// attributes returns the attributes of a value that are no methods.
func attributes(v value) map[string]value {
	if l, ok := v.(lasting); ok {
		return map[string]value{"duration": l.over, "at_least": l.atLeast}
	}
	return nil
}
