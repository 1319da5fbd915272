package cli

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// eventText says what an event is about (protocol.md 3.8). Events are no values: they are
// told beside them.
func eventText(m *messages.EventMessage) string {
	var b strings.Builder
	b.WriteString("event at " + time.UnixMilli(int64(m.TimestampMillis)).UTC().Format(time.RFC3339) + ": " + eventName(m))
	if is := m.Is(); is != "" {
		b.WriteString(" is " + is)
		if was := m.Was(); was != "" {
			b.WriteString(" (was " + was + ")")
		}
	}
	inputs := m.Inputs()
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		for _, dim := range slices.Sorted(maps.Keys(inputs[name].Key)) {
			b.WriteString(" " + dim + "=" + inputs[name].Key[dim])
		}
		if len(inputs[name].Key) > 0 {
			break // the first input with dimensions names what the event is about
		}
	}
	return b.String()
}

func eventName(m *messages.EventMessage) string {
	label, _ := m.Metadata["sf_streamLabel"].(string)
	eventType, _ := m.Metadata["sf_eventType"].(string)
	for _, name := range []string{m.DetectLabel(), label, eventType} {
		if name != "" {
			return name
		}
	}
	return m.TSID.String()
}
