package signalflow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// cpuServer is a server for the examples: a program with one series, of which there are
// two points.
func cpuServer(program string) *signalflow.FakeBackend {
	fake := signalflow.NewRunningFakeBackend()
	fake.AddProgramTSIDs(program, []idtool.ID{1})
	fake.AddTSIDMetadata(1, &messages.MetadataProperties{
		OriginatingMetric: "cpu.utilization",
		CustomProperties:  map[string]string{"host": "web-7"},
	})
	fake.SetTSIDFloatData(1, 42.5)
	fake.AddProgramMessages(program, 1,
		messages.NewInfo(messages.JobInitialMaxDelay, "INFO", 0, map[string]any{"maxDelayMs": 2000}),
		messages.NewInfo(messages.JobDetectedLag, "INFO", 0, map[string]any{"lagMs": 300}))
	return fake
}

// The whole life of a computation.
func Example() {
	const program = "data('cpu.utilization').mean(by='host').publish()"
	server := cpuServer(program) // in real life StreamURLForRealm and your token
	defer server.Stop()

	client, err := signalflow.NewClient(
		signalflow.StreamURL(server.URL()),
		signalflow.AccessToken(server.AccessToken),
		signalflow.OnError(func(err error) { log.Println("client:", err) }))
	if err != nil {
		log.Println("bad option:", err)
		return
	}
	defer client.Close()

	start := time.Unix(1751328000, 0)
	comp, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{
		Program: program,
		Start:   start,
		Stop:    start.Add(time.Second),
	})
	if err != nil {
		log.Println("not started:", err)
		return
	}
	defer comp.Stop(context.Background())

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	resolution, err := comp.Resolution(ctx)
	fmt.Println("resolution", resolution, err)
	maxDelay, err := comp.MaxDelay(ctx)
	fmt.Println("max delay", maxDelay, err)
	lag, err := comp.Lag(ctx)
	fmt.Println("lag", lag, err)

	for msg := range comp.Data() {
		for _, point := range msg.Payloads {
			meta, err := comp.TSIDMetadata(ctx, point.TSID)
			if err != nil {
				log.Println("no metadata:", err)
				continue
			}
			fmt.Println(msg.Timestamp().UTC().Format(time.TimeOnly), meta.OriginatingMetric, meta.CustomProperties, point.Value())
		}
	}
	fmt.Println("ended:", comp.Err())
	// Output:
	// resolution 1s <nil>
	// max delay 2s <nil>
	// lag 300ms <nil>
	// 00:00:00 cpu.utilization map[host:web-7] 42.5
	// 00:00:01 cpu.utilization map[host:web-7] 42.5
	// ended: <nil>
}

// Every end that is not a good one has a type of its own.
func ExampleComputation_Err() {
	server := signalflow.NewRunningFakeBackend()
	defer server.Stop()
	server.AddProgramErrorMessage("data(foo).publish()", messages.NewError(400, "ANALYTICS_PROGRAM_NAME_ERROR",
		"name 'foo' is not defined", &messages.ErrorContext{Line: 1, Column: 6}))
	client, _ := server.Client()
	defer client.Close()

	comp, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{Program: "data(foo).publish()"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range comp.Data() {
	}
	var program *signalflow.ComputationError
	var aborted *signalflow.AbortError
	var lost *signalflow.ConnectionLostError
	switch err := comp.Err(); {
	case err == nil:
		fmt.Println("complete")
	case errors.As(err, &program):
		fmt.Printf("%d:%d: %s\n%s\n", program.Line, program.Column, program.Message, program.Snippet)
	case errors.As(err, &aborted):
		fmt.Println("aborted by the server:", aborted.Reason)
	case errors.As(err, &lost):
		fmt.Println("what came is incomplete:", err)
	}
	// Output:
	// 1:6: name 'foo' is not defined
	// data(foo).publish()
}

// A wrong token is told by the first call, and never tried again.
func ExampleAuthError() {
	server := signalflow.NewRunningFakeBackend()
	defer server.Stop()
	client, _ := signalflow.NewClient(signalflow.StreamURL(server.URL()), signalflow.AccessToken("wrong"))
	defer client.Close()

	_, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{Program: "data('m').publish()"})
	var refused *signalflow.AuthError
	fmt.Println(errors.As(err, &refused), refused.Code)
	// Output: true 4401
}
