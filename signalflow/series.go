package signalflow

import (
	"maps"
	"slices"
	"strings"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Series is an output series of a program: of a publish(), or of a detect() when it belongs
// to an event. It is shared: do not change it.
type Series struct {
	ID     idtool.ID
	Label  string // of the publish(); "" when it has none
	Metric string // the metric that the series comes from; "" when the server names none
	// Dimensions are what tells the series of one label apart, such as host or az.
	Dimensions map[string]string
	// Metadata is everything that the server said; nil when it said nothing in time, and
	// then the fields above are empty, too.
	Metadata *messages.MetadataProperties
}

// Names of properties that say something about the run, not about the series.
const (
	propComputationID    = "computationId"
	propOldComputationID = "jobId"
)

func newSeries(id idtool.ID, p *messages.MetadataProperties) *Series {
	s := &Series{ID: id, Metric: p.OriginatingMetric, Metadata: p}
	s.Label, _ = p.InternalProperties["sf_streamLabel"].(string)
	if s.Metric == "" && !strings.HasPrefix(p.Metric, "_SF_COMP_") { // that is a name of the run's own
		s.Metric = p.Metric
	}
	s.Dimensions = dimensions(p)
	return s
}

// dimensions returns the custom properties that sf_key names as identifying, or all of them
// when it names none.
func dimensions(p *messages.MetadataProperties) map[string]string {
	d := make(map[string]string)
	keys, _ := p.InternalProperties["sf_key"].([]any)
	for _, k := range keys {
		name, _ := k.(string)
		if v, ok := p.CustomProperties[name]; ok {
			d[name] = v
		}
	}
	if len(keys) == 0 {
		maps.Copy(d, p.CustomProperties)
	}
	delete(d, propComputationID)
	delete(d, propOldComputationID)
	return d
}

// Name returns the label, or else the metric, with the dimensions in the order of their
// names, such as cpu{az="a1",host="web1"}. A series without metadata is named by its id.
func (s *Series) Name() string {
	name := s.Label
	if name == "" {
		name = s.Metric
	}
	if len(s.Dimensions) == 0 {
		if name == "" {
			return s.ID.String()
		}
		return name
	}
	var b strings.Builder
	b.WriteString(name)
	for i, k := range slices.Sorted(maps.Keys(s.Dimensions)) {
		b.WriteString([2]string{"{", ","}[min(i, 1)])
		b.WriteString(k + `="` + escape.Replace(s.Dimensions[k]) + `"`)
	}
	b.WriteByte('}')
	return b.String()
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// String returns the name.
func (s *Series) String() string { return s.Name() }

// output returns which output of its program the series belongs to, as far as the name that
// the run made up for its metric tells: what comes behind the handle (protocol.md 3.5).
func (s *Series) output() string {
	for _, name := range [...]string{propComputationID, propOldComputationID} {
		if handle := s.Metadata.CustomProperties[name]; handle != "" {
			if output, ok := strings.CutPrefix(s.Metadata.Metric, "_SF_COMP_"+handle+"_"); ok {
				return output
			}
		}
	}
	return ""
}

// identity tells whether two series of different runs are the same one, whose id may have
// changed; "" when the server said nothing about it.
func (s *Series) identity() string {
	if s.Metadata == nil {
		return ""
	}
	kind, _ := s.Metadata.InternalProperties["sf_originatingEventType"].(string)
	name := s.Name()
	if name == s.ID.String() { // it has none
		name = ""
	}
	if s.Label+s.Metric+kind+s.output()+name == "" {
		return ""
	}
	return s.Label + "\x00" + s.Metric + "\x00" + kind + "\x00" + s.output() + "\x00" + name
}
