package signalflow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// A test gives the fake a program with a series, and runs it over a range in the past,
// which comes at once.
func ExampleFakeBackend() {
	fake := signalflow.NewRunningFakeBackend()
	defer fake.Stop()
	const program = "data('cpu.utilization').publish()"
	fake.AddProgramTSIDs(program, []idtool.ID{1})
	fake.AddTSIDMetadata(1, &messages.MetadataProperties{CustomProperties: map[string]string{"host": "web-1"}})
	fake.SetTSIDFloatData(1, 42.5)

	client, err := fake.Client()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	start := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	comp, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{
		Program: program, Start: start, Stop: start.Add(2 * time.Minute), Resolution: time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	for msg := range comp.Data() {
		for _, p := range msg.Payloads {
			props, err := comp.TSIDMetadata(context.Background(), p.TSID)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(msg.Timestamp().UTC().Format(time.TimeOnly), props.CustomProperties["host"], p.Value())
		}
	}
	fmt.Println("error:", comp.Err())
	// Output:
	// 00:00:00 web-1 42.5
	// 00:01:00 web-1 42.5
	// 00:02:00 web-1 42.5
	// error: <nil>
}

// With a clock of its own the fake sends what is due when the test says so.
func ExampleFakeBackend_SetClock() {
	fake := signalflow.NewRunningFakeBackend()
	defer fake.Stop()
	clock := signalflow.NewFakeClock(time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC))
	fake.SetClock(clock)
	client, err := fake.Client()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	comp, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{Program: "p", Resolution: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println((<-comp.Data()).Timestamp().UTC().Format(time.TimeOnly))
	clock.Advance(time.Hour)
	fmt.Println((<-comp.Data()).Timestamp().UTC().Format(time.TimeOnly))
	// Output:
	// 00:00:00
	// 01:00:00
}

// A run sends what the test has planned: here it is aborted after its second batch.
func ExampleFakeBackend_AddProgramMessages() {
	fake := signalflow.NewRunningFakeBackend()
	defer fake.Stop()
	fake.AddProgramMessages("p", 2, messages.NewChannelAbort("FAILED", "limit reached", 0))
	client, err := fake.Client()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	comp, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{Program: "p", Start: time.Now().Add(-time.Hour)})
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for range comp.Data() {
		n++
	}
	var abort *signalflow.AbortError
	if errors.As(comp.Err(), &abort) {
		fmt.Println(n, "batches, then", abort.State, abort.Reason)
	}
	// Output: 2 batches, then FAILED limit reached
}

// No sleeping, no parsing of logs: wait until the program under test has started its job.
func ExampleFakeBackend_WaitForJob() {
	fake := signalflow.NewRunningFakeBackend()
	defer fake.Stop()
	client, err := fake.Client()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	go client.Execute(context.Background(), &signalflow.ExecuteRequest{Program: "p"})

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(fake.WaitForJob(ctx, "p"), fake.RunningJobsForProgram("p"))
	// Output: <nil> 1
}
