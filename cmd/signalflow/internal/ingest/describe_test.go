package ingest_test

import (
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Properties and tags come from every format that has a place for them, and do not identify a
// series.
func TestPropertiesAndTags(t *testing.T) {
	for name, text := range map[string]string{
		"long.csv": "time,metric,host,property:env,tags,value,property:team\n" +
			"1704067200,m,a,prod,web  canary,1,\n1704067200,m,b,,,2,x\n1704067210,m,a,qa,other,3,y\n",
		"wide.csv": "time,host,property:env,tags,property:team,m\n" +
			"1704067200,a,prod,web canary,,1\n1704067200,b,,,x,2\n1704067210,a,qa,other,y,3\n",
		"x.json": `{"metric":"m","dimensions":{"host":"a"},"properties":{"env":"prod"},"tags":["web","canary"],"timestamp":1704067200,"value":1}
{"metric":"m","dimensions":{"host":"b"},"properties":{"team":"x"},"timestamp":1704067200,"value":2}
{"metric":"m","dimensions":{"host":"a"},"properties":{"env":"qa"},"timestamp":1704067210,"value":3}
`,
		"x.otlp": strings.Join(strings.Fields(`{"resourceMetrics": [
			{"resource": {"attributes": [{"key": "host", "value": {"stringValue": "a"}}]}, "scopeMetrics": [{"metrics": [
				{"name": "m", "metadata": [{"key": "env", "value": {"stringValue": "prod"}}], "gauge": {"dataPoints": [{"timeUnixNano": "1704067200000000000", "asDouble": 1}]}}]}]},
			{"resource": {"attributes": [{"key": "host", "value": {"stringValue": "b"}}]}, "scopeMetrics": [{"metrics": [
				{"name": "m", "metadata": [{"key": "team", "value": {"stringValue": "x"}}], "gauge": {"dataPoints": [{"timeUnixNano": "1704067200000000000", "asDouble": 2}]}}]}]},
			{"resource": {"attributes": [{"key": "host", "value": {"stringValue": "a"}}]}, "scopeMetrics": [{"metrics": [
				{"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": "1704067210000000000", "asDouble": 3}]}}]}]}]}`), ""),
	} {
		var all []*series.Series
		err := ingest.Read(strings.NewReader(text), name, ingest.Options{}, func(samples []series.Sample) error {
			for _, s := range samples {
				all = append(all, s.Series)
			}
			return nil
		})
		if err != nil || len(all) != 3 || all[0] != all[2] {
			t.Errorf("%s: %d points, %v", name, len(all), err)
			continue
		}
		a, b := all[0], all[1]
		if a.Dimensions.String() != "{host=a}" || a.Properties.String() != "{env=prod}" || b.Dimensions.String() != "{host=b}" || b.Properties.String() != "{team=x}" {
			t.Errorf("%s: %v with %v, %v with %v", name, a.Dimensions, a.Properties, b.Dimensions, b.Properties)
		}
		if tags := strings.Join(a.Tags, " "); tags != "web canary" && name != "x.otlp" || len(b.Tags) > 0 {
			t.Errorf("%s: tags %q and %q", name, a.Tags, b.Tags)
		}
	}
}

// The names of attributes are written as the service has them.
func TestOTLPNames(t *testing.T) {
	got, err := read(strings.NewReader(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"k8s.pod.labels.app.kubernetes.io/name","value":{"stringValue":"a/b"}},{"key":"größe","value":{"intValue":"7"}}]},"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":1}]}}]}]}]}`), "x.otlp", ingest.Options{})
	if err != nil || !strings.Contains(got, "m{größe=7, k8s.pod.labels.app.kubernetes.io_name=a/b} gauge 1") {
		t.Errorf("%v\n%s", err, got)
	}
}
