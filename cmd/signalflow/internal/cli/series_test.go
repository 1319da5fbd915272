package cli

import (
	"reflect"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

func TestNewPublishedSeries(t *testing.T) {
	tests := []struct {
		name string
		json string
		want publishedSeries
	}{
		{"computed output",
			`{"sf_key":["host","az","sf_metric","sf_originatingMetric","computationId"],"host":"web-1","az":"a1","extra":"no key",
			  "sf_metric":"_SF_COMP_GzExampleAA_01-PUBLISH_METRIC","sf_originatingMetric":"cpu.utilization","sf_streamLabel":"cpu","computationId":"GzExampleAA"}`,
			publishedSeries{"cpu", "cpu.utilization", []dimension{{"az", "a1"}, {"host", "web-1"}}}},
		{"two underscores, jobId of old",
			`{"sf_key":["jobId","sf_metric"],"jobId":"x","sf_metric":"__SF_COMP_x_01-PUBLISH_metric","sf_originatingMetric":"m"}`,
			publishedSeries{"", "m", nil}},
		{"a metric of its own", `{"sf_key":["sf_metric"],"sf_metric":"demo.requests"}`, publishedSeries{"", "demo.requests", nil}},
		{"a constant has none", `{"sf_key":["sf_metric"],"sf_metric":"_SF_COMP_x_01-PUBLISH_METRIC","sf_streamLabel":"limit"}`, publishedSeries{"limit", "", nil}},
		{"no sf_key: every custom property", `{"sf_metric":"m","b":"2","a":"1","computationId":"x"}`, publishedSeries{"", "m", []dimension{{"a", "1"}, {"b", "2"}}}},
		{"a key name twice, or without a property", `{"sf_key":["a","a","gone"],"sf_metric":"m","a":"1"}`, publishedSeries{"", "m", []dimension{{"a", "1"}}}},
		{"a number as dimension", `{"sf_key":["port"],"sf_metric":"m","port":8080}`, publishedSeries{"", "m", []dimension{{"port", "8080"}}}},
		{"nothing", `{}`, publishedSeries{}},
	}
	for _, tt := range tests {
		var p messages.MetadataProperties
		if err := p.UnmarshalJSON([]byte(tt.json)); err != nil {
			t.Fatal(err)
		}
		if got := newPublishedSeries(&p); !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, *got, tt.want)
		}
	}
}

func TestEventText(t *testing.T) {
	metadata := map[string]any{"sf_eventType": "too many errors"}
	fired := messages.NewEvent(1, 1751328010000, metadata, map[string]any{
		"is": "ANOMALOUS", "was": "OK",
		"inputs": map[string]any{"_S2": map[string]any{"value": "80"}, "_S1": map[string]any{"key": map[string]any{"host": "web-1", "az": "a1"}, "value": "81.5"}},
	})
	if got, want := eventText(fired), "event at 2025-07-01T00:00:10Z: too many errors is anomalous (was ok) az=a1 host=web-1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare := messages.NewEvent(1, 1751328010000, nil, nil)
	if got, want := eventText(bare), "event at 2025-07-01T00:00:10Z: AAAAAAAAAAE"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
