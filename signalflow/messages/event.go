package messages

import (
	"strings"
	"unicode/utf8"

	"github.com/signalfx/signalfx-go/idtool"
)

// EventMessage is an alert of a detector or a custom event (protocol.md 3.8).
type EventMessage struct {
	BaseJSONChannelMessage
	TimestampedMessage // the logical time of the event

	TSID       idtool.ID              `json:"tsId"`       // the event time series
	Metadata   map[string]interface{} `json:"metadata"`   // of the event time series; nil when absent
	Properties map[string]interface{} `json:"properties"` // what the event says; its methods read this
}

// States of an alert, as Is and Was return them.
const (
	StateOK               = "ok"
	StateAnomalous        = "anomalous"
	StateManuallyResolved = "manually_resolved"
	StateAutoResolved     = "auto_resolved"
	StateStopped          = "stopped"
)

// EventInput is an input of a detector at the time of an event.
type EventInput struct {
	Key    map[string]string // dimensions of the input series; nil for a constant
	Value  interface{}       // a number or text, as it came; nil when absent
	Source string            // text that names the source, in an older schema only
}

// NewEvent returns an event at a logical time in milliseconds since the epoch.
func NewEvent(tsid idtool.ID, logicalMs int64, metadata, properties map[string]any) *EventMessage {
	m := &EventMessage{TSID: tsid, Metadata: metadata, Properties: properties}
	m.Typ, m.TimestampMillis = EventType, uint64(logicalMs)
	return m
}

// IncidentID returns the id that the firing and the clearing event share, "" when
// absent.
func (m *EventMessage) IncidentID() string { return m.text("incidentId") }

// Is returns the state now, in lower case whatever the case on the wire: one of
// the State… constants, another name, or "".
func (m *EventMessage) Is() string { return strings.ToLower(m.text("is")) }

// Was returns the state before, in the form of Is.
func (m *EventMessage) Was() string { return strings.ToLower(m.text("was")) }

// Severity returns the severity as it came, such as "Critical"; "" when absent.
func (m *EventMessage) Severity() string { return m.text("severity") }

// DetectLabel returns the label of the detect() that fired, "" when absent.
func (m *EventMessage) DetectLabel() string { return m.text("detectLabel") }

// Annotations returns the annotations given to detect(), nil when absent.
func (m *EventMessage) Annotations() map[string]interface{} {
	a, _ := m.Properties["event_annotations"].(map[string]interface{})
	return a
}

func (m *EventMessage) text(name string) string {
	s, _ := m.Properties[name].(string)
	return s
}

// Inputs returns the inputs of the detector by name. It reads the three schemas in
// use: the object "inputs", the same as JSON in a string, and the pair of JSON
// strings "inputValues" and "inputSources". It is nil when there are none.
func (m *EventMessage) Inputs() map[string]EventInput {
	if list := inputObject(m.Properties["inputs"]); list != nil {
		inputs := make(map[string]EventInput, len(list))
		for name, v := range list {
			inputs[name] = eventInput(v)
		}
		return inputs
	}
	values, sources := inputObject(m.Properties["inputValues"]), inputObject(m.Properties["inputSources"])
	if values == nil && sources == nil {
		return nil
	}
	inputs := make(map[string]EventInput, len(values))
	for name, v := range values {
		inputs[name] = EventInput{Value: v}
	}
	for name, v := range sources {
		in := inputs[name]
		in.Source, _ = v.(string)
		inputs[name] = in
	}
	return inputs
}

// inputObject returns an object that may be JSON in a string, nil when v is
// neither.
func inputObject(v interface{}) map[string]interface{} {
	switch v := v.(type) {
	case map[string]interface{}:
		return v
	case string:
		v = strings.TrimSpace(v)
		c := scanner{s: v}
		if kind(v) == '{' && utf8.ValidString(v) && c.value() && c.end() {
			return objectValue(v, nil)
		}
	}
	return nil
}

// eventInput reads one member of "inputs"; a bare value is taken as the value.
func eventInput(v interface{}) (in EventInput) {
	object, ok := v.(map[string]interface{})
	if !ok {
		return EventInput{Value: v}
	}
	in.Value = object["value"]
	in.Source, _ = object["source"].(string)
	if key, ok := object["key"].(map[string]interface{}); ok {
		in.Key = make(map[string]string, len(key))
		for name, v := range key {
			if s, ok := v.(string); ok {
				in.Key[name] = s
			} else if b, err := appendValue(nil, v); err == nil && v != nil {
				in.Key[name] = string(b)
			}
		}
	}
	return in
}

func (r *reading) event() Message {
	m := &EventMessage{BaseJSONChannelMessage: r.base}
	if r.get(fieldTSID) == "" {
		r.warn("tsId")
	} else {
		m.TSID = r.wantTSID(fieldTSID)
	}
	time := fieldTimestamp
	if r.get(time) == "" && r.get(fieldLogicalTimestamp) != "" { // the name in another source
		time = fieldLogicalTimestamp
	}
	m.TimestampMillis = r.millis(time)
	if v := r.objectOf(r.fields[fieldMetadata], "metadata"); v != "" {
		m.Metadata = objectValue(v, r.names)
	}
	if v := r.objectOf(r.fields[fieldProperties], "properties"); v != "" {
		m.Properties = objectValue(v, r.names)
	}
	return m
}

// event writes metadata and properties as objects always, since one client fails
// without them (protocol.md 8.7).
func (w *writing) event(m *EventMessage) {
	w.base(EventType, m.Chan, m.src)
	if w.had(fieldTSID) || w.src == nil || m.TSID != 0 {
		w.tsid(m.TSID)
	}
	w.int("timestampMs", int64(m.TimestampMillis))
	w.object("metadata", m.Metadata)
	w.object("properties", m.Properties)
}

// object writes a map, a nil one as an empty object.
func (w *writing) object(name string, m map[string]interface{}) {
	if m == nil {
		m = map[string]interface{}{}
	}
	w.value(name, m)
}
