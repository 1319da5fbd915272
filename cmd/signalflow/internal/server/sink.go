package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// output is the part of *wire.Output that a sink needs.
type output interface {
	Send(m messages.Message) error
}

// sink turns what a job publishes into messages. The engine calls it in the order of
// protocol.md 3.1, so each call is one message.
type sink struct {
	out    output
	handle string
	org    string
	now    func() time.Time

	points []messages.DataPayload // reused: the output does not keep messages
}

// Progress implements engine.Sink.
func (s *sink) Progress(percent int) error {
	return s.out.Send(messages.NewJobProgress(float64(percent), uint64(max(0, s.now().UnixMilli()))))
}

// Metadata implements engine.Sink with the properties of language.md 3.3.
func (s *sink) Metadata(o *engine.Output) error {
	p := &messages.MetadataProperties{
		Metric:            fmt.Sprintf("_SF_COMP_%s_%02d-PUBLISH_METRIC", s.handle, o.Publish),
		OriginatingMetric: o.Metric,
		ResolutionMS:      int(o.Resolution),
		CreatedOnMS:       int(s.now().UnixMilli()),
		InternalProperties: map[string]any{
			"sf_type":           "MetricTimeSeries",
			"sf_isPreQuantized": true,
			"sf_key":            key(o),
		},
		CustomProperties: make(map[string]string, len(o.Metadata)+1),
	}
	if o.Label != "" {
		p.InternalProperties["sf_streamLabel"] = o.Label
	}
	if s.org != "" {
		p.InternalProperties["sf_organizationID"] = s.org
	}
	for _, l := range o.Metadata {
		if !reserved(l.Name) {
			p.CustomProperties[l.Name] = l.Value
		}
	}
	p.CustomProperties[computationID] = s.handle
	return s.out.Send(messages.NewMetadata(tsid(o.ID), p))
}

const computationID = "computationId"

// reserved names belong to the service; data that use them do not get to overwrite it.
func reserved(name string) bool {
	return strings.HasPrefix(name, "sf_") || name == computationID
}

// key lists the names that identify the series.
func key(o *engine.Output) []any {
	names := make([]any, 0, len(o.Key)+3)
	for _, l := range o.Key {
		if !reserved(l.Name) {
			names = append(names, l.Name)
		}
	}
	if o.Metric != "" {
		names = append(names, "sf_originatingMetric")
	}
	return append(names, "sf_metric", computationID)
}

// Batch implements engine.Sink.
func (s *sink) Batch(b *engine.Batch) error {
	s.points = s.points[:0]
	for _, p := range b.Points {
		s.points = append(s.points, messages.DoublePayload(tsid(p.ID), p.Value))
	}
	m := messages.NewData(b.Time, s.points)
	m.MaxDelayMillis, m.HasMaxDelay = b.MaxDelay, true
	return s.out.Send(m)
}

// Expired implements engine.Sink.
func (s *sink) Expired(id uint64) error {
	return s.out.Send(messages.NewExpired(tsid(id)))
}

// Info implements engine.Sink.
func (s *sink) Info(i *engine.Info) error {
	m := messages.NewInfo(i.Code, i.Level, i.Time, i.Contents)
	m.NumInputTimeseries = i.NumInput
	m.BlockSerialNumbers = i.Blocks
	for _, span := range i.Spans {
		m.BlockContexts = append(m.BlockContexts, messages.BlockContext{Line: span.Line, Column: span.Column})
	}
	for _, id := range i.Series {
		m.TSIDs = append(m.TSIDs, tsid(id))
	}
	return s.out.Send(m)
}

// tsid keeps the bits: an identity is opaque.
func tsid(id uint64) idtool.ID { return idtool.ID(int64(id)) }
