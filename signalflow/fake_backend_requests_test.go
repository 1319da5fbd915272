package signalflow

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// Each request of the client is served by the fake, over WebSocket, over HTTP by option, and
// over HTTP by address.
func TestFakeServesAllRequestsOnBothTransports(t *testing.T) {
	for name, options := range map[string]func(f *FakeBackend) []ClientParam{
		"websocket": func(*FakeBackend) []ClientParam { return nil },
		"option":    func(*FakeBackend) []ClientParam { return []ClientParam{SSE()} },
		"address":   func(f *FakeBackend) []ClientParam { return []ClientParam{StreamURL(f.HTTPURL() + "/v2/signalflow")} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &FakeBackend{AccessToken: "abcd", Listen: func() (net.Listener, error) { return memnet.Listen("fake"), nil }}
				f.AddProgramTSIDs("p", []idtool.ID{1, 2, 3})
				f.AddProgramTSIDs("GzIncidentA", []idtool.ID{1})
				f.SetTSIDFloatData(1, 1e6)
				f.SetTSIDIntData(2, 1<<60+1)
				f.SetTSIDNullData(3)
				f.Start()
				defer f.Stop()
				c, err := f.NewClient(options(f)...)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				testAllRequests(t, f, c)
				for _, r := range f.Requests() {
					if r.SSE != (name != "websocket" || r.Type == "feedback") {
						t.Errorf("%s came over HTTP: %v", r.Type, r.SSE)
					}
				}
			})
		})
	}
}

func testAllRequests(t *testing.T, f *FakeBackend, c *Client) {
	now := time.Now()
	past := ExecuteRequest{Program: "p", Start: now.Add(-2 * time.Second), Stop: now, Args: map[string]any{"window": "10m"}}
	run := func(what string, comp *Computation, err error) []*messages.DataMessage {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var list []*messages.DataMessage
		for m := range comp.Data() {
			list = append(list, m)
		}
		if comp.Err() != nil {
			t.Errorf("%s ends with %v", what, comp.Err())
		}
		return list
	}
	comp, err := c.Execute(t.Context(), &past)
	list := run("execute", comp, err)
	if len(list) != 3 || len(list[0].Payloads) != 3 {
		t.Fatalf("execute: %v", list)
	}
	if _, ok := list[0].Payloads[0].Value().(float64); !ok {
		t.Errorf("a double is %v", list[0].Payloads[0])
	}
	if got := fmt.Sprint(list[0].Payloads[0].Value(), list[0].Payloads[1].Value(), list[0].Payloads[2].Value()); got != "1e+06 1152921504606846977 <nil>" {
		t.Errorf("values %s", got)
	}
	for _, r := range f.Requests() {
		if r.Type == "execute" && r.Args["window"] != "10m" {
			t.Errorf("arguments %v", r.Args)
		}
	}
	comp, err = c.Preflight(t.Context(), &past)
	run("preflight", comp, err)
	comp, err = c.Explain(t.Context(), "GzIncidentA", &past)
	if list := run("explain", comp, err); len(list) != 3 || len(list[0].Payloads) != 1 {
		t.Errorf("explain: %v", list)
	}
	handle, err := c.Start(t.Context(), &ExecuteRequest{Program: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.RunningJobsForProgram("p"); n != 1 {
		t.Errorf("%d jobs run", n)
	}
	attached, err := c.Attach(t.Context(), &AttachRequest{Handle: handle})
	if err != nil {
		t.Fatal(err)
	}
	if m := <-attached.Data(); len(m.Payloads) != 3 {
		t.Errorf("attached: %v", m)
	}
	if err := c.KeepAlive(t.Context(), handle); err != nil {
		t.Error(err)
	}
	if feedback, err := c.Feedback(t.Context(), handle); err != nil || feedback.State != "running" || len(feedback.Messages) != 1 {
		t.Errorf("feedback %+v, %v", feedback, err)
	}
	if err := c.Stop(t.Context(), &StopRequest{Handle: handle, Reason: "done"}); err != nil {
		t.Error(err)
	}
	for range attached.Data() {
	}
	if err := f.WaitForRunning(t.Context(), "p", 0); err != nil {
		t.Error(err)
	}
}
