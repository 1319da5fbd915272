package messages

import (
	"reflect"
	"testing"
)

func decodeEvent(t *testing.T, properties string) *EventMessage {
	t.Helper()
	m, err := ParseMessage([]byte(`{"type":"event","channel":"c","tsId":"__________4","timestampMs":5,"metadata":{"sf_type":"EventTimeSeries"},"properties":`+properties+`}`), true)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*EventMessage)
}

// TestEventInputs reads the three schemas of protocol.md 3.8.
func TestEventInputs(t *testing.T) {
	object := map[string]EventInput{
		"_S1": {Key: map[string]string{"az": "a1", "n": "5"}, Value: "81.5"},
		"_S2": {Value: 80.0},
	}
	older := map[string]EventInput{"a": {Value: 4.0, Source: "web-7"}, "b": {Source: "only"}}
	for name, test := range map[string]struct {
		properties string
		want       map[string]EventInput
	}{
		"object":         {`{"inputs":{"_S1":{"key":{"az":"a1","n":5,"none":null},"value":"81.5"},"_S2":{"value":80}}}`, object},
		"object in text": {`{"inputs":" {\"_S1\":{\"key\":{\"az\":\"a1\",\"n\":5},\"value\":\"81.5\"},\"_S2\":{\"value\":80}}"}`, object},
		"pair":           {`{"inputValues":"{\"a\":4}","inputSources":"{\"a\":\"web-7\",\"b\":\"only\"}"}`, older},
		"values only":    {`{"inputValues":{"a":4}}`, map[string]EventInput{"a": {Value: 4.0}}},
		"bare value":     {`{"inputs":{"_S1":3}}`, map[string]EventInput{"_S1": {Value: 3.0}}},
		"none":           {`{}`, nil},
		"no properties":  {`null`, nil},
		"broken":         {`{"inputs":"{\"_S1\"","inputValues":5}`, nil},
		"broken pair":    {`{"inputs":[],"inputValues":"{\"a\":4}"}`, map[string]EventInput{"a": {Value: 4.0}}},
	} {
		if got := decodeEvent(t, test.properties).Inputs(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestEventAccess(t *testing.T) {
	m := decodeEvent(t, `{"incidentId":"GzIncidentA","is":"ANOMALOUS","was":"Auto_Resolved","severity":"Critical","detectLabel":"too many","event_annotations":{"w":"5m"}}`)
	if m.IncidentID() != "GzIncidentA" || m.Is() != StateAnomalous || m.Was() != StateAutoResolved || m.Severity() != "Critical" ||
		m.DetectLabel() != "too many" || !reflect.DeepEqual(m.Annotations(), map[string]any{"w": "5m"}) {
		t.Errorf("%+v", m)
	}
	if m.TSID != -2 || m.TimestampMillis != 5 || m.Metadata["sf_type"] != "EventTimeSeries" {
		t.Errorf("%+v", m)
	}
	m = decodeEvent(t, `{"is":"Something_New","was":5}`)
	if m.Is() != "something_new" || m.Was() != "" || m.IncidentID() != "" || m.Annotations() != nil {
		t.Errorf("%+v", m)
	}
	other, err := ParseMessage([]byte(`{"type":"event","tsId":"AAAAAAAAAAE","logicalTimestampMs":9}`), true)
	if err != nil || other.(*EventMessage).TimestampMillis != 9 {
		t.Errorf("%v, %v", other, err)
	}
}
