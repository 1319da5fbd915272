package main

import (
	"strings"
	"testing"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

func TestStream(t *testing.T) {
	const program = "data('m').publish()"
	server := signalflow.NewRunningFakeBackend()
	defer server.Stop()
	server.AddProgramTSIDs(program, []idtool.ID{1})
	server.AddTSIDMetadata(1, &messages.MetadataProperties{OriginatingMetric: "m", CustomProperties: map[string]string{"host": "a"}})
	server.SetTSIDFloatData(1, 2.5)
	server.AddProgramMessages(program, 1,
		messages.NewInfo(messages.JobInitialMaxDelay, "INFO", 0, map[string]any{"maxDelayMs": 2000}),
		messages.NewInfo(messages.JobDetectedLag, "INFO", 0, map[string]any{"lagMs": 300}))

	var out strings.Builder
	err := run([]string{"-url", server.URL(), "-access-token", server.AccessToken, "-program", program, "-duration", "100ms"}, &out)
	if err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"resolution: 1s", "max delay: 2s", "lag: 300ms", "m map[host:a] 2.5", "done"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}

	out.Reset()
	if err := run([]string{"-url", server.URL(), "-access-token", "wrong"}, &out); err == nil || !strings.Contains(out.String(), "API scope") {
		t.Errorf("wrong token: %v\n%s", err, out.String())
	}
}
