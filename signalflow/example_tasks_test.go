package signalflow_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// What people write programs for, each as a function of its own, with an example that runs
// it against a fake. TestTasksAreShort counts their lines.

// queueLength is the job of an autoscaler: one number, never older than two minutes.
func queueLength(ctx context.Context, c *signalflow.Client) (float64, error) {
	r, err := c.Latest(ctx, "data('queue.length').sum().publish()", 2*time.Minute, signalflow.Options{})
	if err != nil {
		return 0, err
	}
	return r.Scalar(signalflow.Latest)
}

// checkLatency fails a CI job when a load test that began at start was too slow.
func checkLatency(ctx context.Context, c *signalflow.Client, start time.Time, limit float64) error {
	r, err := c.Query(ctx, "data('request.latency.p99').max().publish()", signalflow.Options{Start: start})
	if err != nil {
		return err
	}
	worst, err := r.Scalar(signalflow.Max)
	if err != nil {
		return err // no data fails the job, too, and says why
	}
	if worst > limit {
		return fmt.Errorf("p99 latency was %g ms, the limit is %g ms", worst, limit)
	}
	return nil
}

// export feeds gauges until ctx ends, whatever happens to the connection meanwhile.
func export(ctx context.Context, c *signalflow.Client, program string, o signalflow.Options, set func(name string, v float64)) error {
	s, err := c.Stream(ctx, program, o)
	if err != nil {
		return err
	}
	defer s.Close()
	for batch, err := range s.Batches() {
		if err != nil {
			return err
		}
		for series, value := range batch.All() {
			set(series.Name(), value.Float64())
		}
	}
	return nil
}

// watchAlerts prints what a detector says, once.
func watchAlerts(ctx context.Context, c *signalflow.Client, detector string, o signalflow.Options) error {
	s, err := c.Stream(ctx, detector, o)
	if err != nil {
		return err
	}
	defer s.Close()
	for e, err := range s.Events() {
		if err != nil {
			return err
		}
		if e.Restated {
			continue // known from before a lost connection
		}
		fmt.Println(e.Timestamp().UTC().Format(time.TimeOnly), e.Was(), "->", e.Is(), e.Inputs()["_S1"].Key["host"])
	}
	return nil
}

// printTable prints a row for each time and a column for each host.
func printTable(ctx context.Context, c *signalflow.Client, program string, o signalflow.Options) error {
	r, err := c.Query(ctx, program, o)
	if err != nil {
		return err
	}
	table := r.Table()
	for _, series := range table.Columns {
		fmt.Print("\t", series.Dimensions["host"])
	}
	fmt.Println()
	for _, row := range table.Rows {
		fmt.Print(row.Time.Format(time.TimeOnly))
		for _, value := range row.Values {
			fmt.Print("\t", value)
		}
		fmt.Println()
	}
	return nil
}

// A number for an autoscaler.
func ExampleClient_Latest() {
	server, client := fakeHosts("data('queue.length').sum().publish()", "web1")
	defer server.Stop()
	defer client.Close()

	fmt.Println(queueLength(context.Background(), client))
	// Output: 10 <nil>
}

// An assertion in a CI job.
func ExampleClient_Query() {
	server, client := fakeHosts("data('request.latency.p99').max().publish()", "web1")
	defer server.Stop()
	defer client.Close()

	start := time.Now().Add(-5 * time.Second)
	fmt.Println(checkLatency(context.Background(), client, start, 250))
	fmt.Println(checkLatency(context.Background(), client, start, 5))
	// Output:
	// <nil>
	// p99 latency was 10 ms, the limit is 5 ms
}

// An exporter that survives restarts of the server.
func ExampleClient_Stream() {
	const program = "data('cpu.utilization').mean(by='host').publish('cpu')"
	server, client := fakeHosts(program, "web1", "web2")
	defer server.Stop()
	defer client.Close()

	start, n := time.Unix(1751328000, 0), 0
	clock := signalflow.NewFakeClock(start)
	server.SetClock(clock)
	err := export(context.Background(), client, program, signalflow.Options{Start: start, Stop: start.Add(2 * time.Second)},
		func(name string, v float64) {
			fmt.Println(name, v)
			if n++; n == 2 {
				server.Restart()
				clock.Advance(2 * time.Second)
			}
		})
	fmt.Println("ended:", err)
	// Output:
	// cpu{host="web1"} 10
	// cpu{host="web2"} 20
	// cpu{host="web1"} 10
	// cpu{host="web2"} 20
	// cpu{host="web1"} 10
	// cpu{host="web2"} 20
	// ended: <nil>
}

// The alerts of a detector.
func ExampleStream_Events() {
	const detector = "detect(when(data('cpu.utilization') > 80)).publish('cpu too high')"
	server, client := fakeHosts(detector)
	defer server.Stop()
	defer client.Close()
	inputs := map[string]any{"_S1": map[string]any{"key": map[string]any{"host": "web1"}, "value": "93"}}
	server.AddProgramMessages(detector, 2, messages.NewEvent(7, 0, nil, map[string]any{"was": "ok", "is": "anomalous", "inputs": inputs}))
	server.AddProgramMessages(detector, 4, messages.NewEvent(7, 0, nil, map[string]any{"was": "anomalous", "is": "ok", "inputs": inputs}))

	start := time.Unix(1751328000, 0)
	fmt.Println(watchAlerts(context.Background(), client, detector, signalflow.Options{Start: start, Stop: start.Add(5 * time.Second)}))
	// Output:
	// 00:00:01 ok -> anomalous web1
	// 00:00:03 anomalous -> ok web1
	// <nil>
}

// A table such as data frames are made of.
func ExampleResult_Table() {
	const program = "data('cpu.utilization').mean(by='host').publish('cpu')"
	server, client := fakeHosts(program, "web1", "web2")
	defer server.Stop()
	defer client.Close()

	start := time.Unix(1751328000, 0)
	fmt.Println(printTable(context.Background(), client, program, signalflow.Options{Start: start, Stop: start.Add(2 * time.Second)}))
	// Output:
	// 	web1	web2
	// 00:00:00	10	20
	// 00:00:01	10	20
	// 00:00:02	10	20
	// <nil>
}

// A result without data says why.
func ExampleErrNoData() {
	const program = "data('no.such.metric').publish()"
	server, client := fakeHosts(program)
	defer server.Stop()
	defer client.Close()
	server.AddProgramMessages(program, 1, messages.NewInfo(messages.FindMatchedNoTimeseries, "WARNING", 0, map[string]any{"query": "data('no.such.metric')"}))

	r, err := client.Query(context.Background(), program, signalflow.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = r.Scalar(signalflow.Mean)
	fmt.Println(errors.Is(err, signalflow.ErrNoData), err)
	// Output: true no data: no active time series matches data('no.such.metric')
}

// fakeHosts is a server for the examples, with a program that has a series for each host, and
// a client of it.
func fakeHosts(program string, hosts ...string) (*signalflow.FakeBackend, *signalflow.Client) {
	server := signalflow.NewRunningFakeBackend()
	var ids []idtool.ID
	for i, host := range hosts {
		id := idtool.ID(i + 1)
		server.AddTSIDMetadata(id, &messages.MetadataProperties{
			OriginatingMetric:  "cpu.utilization",
			InternalProperties: map[string]any{"sf_streamLabel": "cpu", "sf_key": []any{"host"}},
			CustomProperties:   map[string]string{"host": host},
		})
		server.SetTSIDFloatData(id, float64(10*(i+1)))
		ids = append(ids, id)
	}
	server.AddProgramTSIDs(program, ids)
	client, err := server.Client()
	if err != nil {
		panic(err)
	}
	return server, client
}

func TestTasksAreShort(t *testing.T) {
	most := map[string]int{"queueLength": 10, "checkLatency": 30, "export": 30, "watchAlerts": 30, "printTable": 30}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "example_tasks_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
		limit, task := most[f.Name.Name]
		if task && lines > limit || strings.HasPrefix(f.Name.Name, "Example") && lines > 30 {
			t.Errorf("%s has %d lines", f.Name.Name, lines)
		}
		delete(most, f.Name.Name)
	}
	if len(most) > 0 {
		t.Errorf("not found: %v", most)
	}
}
