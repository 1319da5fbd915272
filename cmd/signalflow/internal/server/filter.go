package server

import (
	"context"

	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Filter implements wire.Filterer. The filters of an attach request are an expression of
// filter() calls, as in the argument of data() (language.md 2.5). They look at the properties
// that the metadata of an output series has, and under sf_metric at its metric.
func (b *Backend) Filter(_ context.Context, _ wire.Identity, filters string) (func(*messages.MetadataProperties) bool, error) {
	program := "data('*', filter=" + filters + ").publish()"
	g, err := eval.Compile(program, eval.Options{})
	if err != nil {
		refused := refuse(`field "filters" takes an expression such as filter('host', 'a*') and not filter('az', 'b'): ` + err.Error())
		return nil, refused
	}
	if len(g.Nodes) == 2 { // nothing but what is written above
		if fetch, ok := g.Nodes[0].Op.(*graph.Fetch); ok && fetch.Filter != nil {
			return func(p *messages.MetadataProperties) bool { return fetch.Filter.Matches(described(p)) }, nil
		}
	}
	return nil, refuse(`field "filters" takes one expression such as filter('host', 'a*') and not filter('az', 'b')`)
}

// described returns a series with the metric and the properties of metadata.
func described(p *messages.MetadataProperties) *series.Series {
	metric := p.OriginatingMetric
	if metric == "" {
		metric = p.Metric
	}
	labels := make([]series.Label, 0, len(p.CustomProperties))
	for name, value := range p.CustomProperties {
		labels = append(labels, series.Label{Name: name, Value: value})
	}
	return series.New(metric, series.Gauge, labels...)
}
