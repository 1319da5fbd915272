package cli

import (
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// newPublishedSeries makes a series from its metadata (protocol.md 3.5).
func newPublishedSeries(p *messages.MetadataProperties) *publishedSeries {
	label, _ := p.InternalProperties["sf_streamLabel"].(string)
	s := &publishedSeries{label: label, metric: displayMetric(p)}
	for _, name := range keyNames(p) {
		value, ok := p.CustomProperties[name]
		if ok && !serviceName(name) {
			s.dimensions = append(s.dimensions, dimension{name, value})
		}
	}
	slices.SortFunc(s.dimensions, func(a, b dimension) int { return strings.Compare(a.name, b.name) })
	return s
}

// displayMetric returns the metric, and for a generated name the one that the data come
// from (language.md 3.3).
func displayMetric(p *messages.MetadataProperties) string {
	if strings.HasPrefix(strings.ToLower(strings.TrimLeft(p.Metric, "_")), "sf_") {
		return p.OriginatingMetric
	}
	return p.Metric
}

// keyNames returns the names that identify the series: sf_key, or every custom property
// where that is missing.
func keyNames(p *messages.MetadataProperties) []string {
	var names []string
	if list, ok := p.InternalProperties["sf_key"].([]any); ok {
		for _, item := range list {
			if name, ok := item.(string); ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	for name := range p.CustomProperties {
		names = append(names, name)
	}
	return names
}

// serviceName: what the service adds to every series is no dimension of it.
func serviceName(name string) bool {
	return strings.HasPrefix(name, "sf_") || name == "computationId" || name == "jobId" || name == "programId"
}
