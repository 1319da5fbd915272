package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/v2/signalflow"
	"github.com/signalfx/signalflow-client-go/v2/signalflow/messages"
)

const query = "data('cpu.utilization').publish()"

// start makes a backend with two hosts, and a client of it.
func start(t *testing.T) (*signalflow.FakeBackend, *signalflow.Client) {
	fake := signalflow.NewRunningFakeBackend()
	t.Cleanup(fake.Stop)
	fake.AddProgramTSIDs(query, []idtool.ID{1, 2})
	for id, host := range map[idtool.ID]string{1: "web-1", 2: "web-2"} {
		fake.AddTSIDMetadata(id, &messages.MetadataProperties{
			OriginatingMetric: "cpu.utilization",
			CustomProperties:  map[string]string{"host": host},
		})
		fake.SetTSIDFloatData(id, 10*float64(id))
	}
	client, err := fake.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return fake, client
}

func TestScaler(t *testing.T) {
	_, client := start(t)
	for reduce, want := range map[string]float64{"min": 10, "max": 20, "avg": 15} {
		s := &scaler{client: client, query: query, window: 100 * time.Millisecond, reduce: reduce}
		got, err := s.metric(context.Background())
		for errors.Is(err, errNoPoints) { // a slow machine: poll again, as autoscalers do
			got, err = s.metric(context.Background())
		}
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", reduce, got, err, want)
		}
	}
}

func TestScalerError(t *testing.T) {
	fake, client := start(t)
	fake.AddProgramError("nonsense", "no such name")
	_, err := (&scaler{client: client, query: "nonsense", window: time.Minute}).metric(context.Background())
	var failure *signalflow.ComputationError
	if !errors.As(err, &failure) || failure.Message != "no such name" {
		t.Errorf("error %#v", err)
	}
}

func TestExporter(t *testing.T) {
	fake, client := start(t)
	e := &exporter{client: client, query: query, wait: time.Millisecond}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.loop(ctx)
	}()
	await(t, ctx, e, `cpu_utilization{host="web-1"} 10`, `cpu_utilization{host="web-2"} 20`)
	fake.SetTSIDFloatData(2, 25)
	fake.KillExistingConnections()
	await(t, ctx, e, `cpu_utilization{host="web-1"} 10`, `cpu_utilization{host="web-2"} 25`)
	cancel()
	<-ended
}

// await polls the exporter, as a scraper does, until it shows the lines.
func await(t *testing.T, ctx context.Context, e *exporter, lines ...string) {
	t.Helper()
	want, got := strings.Join(lines, "\n")+"\n", ""
	for scrape := time.NewTicker(5 * time.Millisecond); got != want; {
		select {
		case <-ctx.Done():
			t.Fatalf("shows\n%s, want\n%s", got, want)
		case <-scrape.C:
		}
		var text strings.Builder
		e.write(&text)
		got = text.String()
	}
}
