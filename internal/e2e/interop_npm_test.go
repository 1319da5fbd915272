package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// nodeClient is the npm package signalfx in a process of its own.
type nodeClient struct {
	*process
	stdin io.WriteCloser
}

// nodeLine is one thing that it has handed to its caller.
type nodeLine struct {
	Run     int
	Message *nodeMessage
	Error   any
	Known   []string
}

type nodeMessage struct {
	Type, Event        string
	TSID               string `json:"tsId"`
	LogicalTimestampMs int64
	Data               []struct {
		TSID  string      `json:"tsId"`
		Value json.Number // a string when bigNumber was asked for
	}
	Properties map[string]any
	Message    struct{ MessageCode string }
	AbortInfo  messages.AbortInfo
}

// startNode runs programs, each with the options of one map.
func startNode(t *testing.T, url, token string, runs ...map[string]any) *nodeClient {
	t.Helper()
	arg, err := json.Marshal(map[string]any{"endpoint": url, "token": token, "runs": runs})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "node", "testdata/npm_client.js", string(arg))
	cmd.Env = append(os.Environ(), "NODE_PATH="+nodePath(t))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &nodeClient{launch(t, cmd), stdin}
}

// nodePath is where make interop-deps has put the package.
func nodePath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("NODE_PATH")
	if path == "" {
		here, err := filepath.Abs("../../.build/npm/node_modules")
		if err != nil {
			t.Fatal(err)
		}
		path = here
	}
	manifest, err := os.ReadFile(filepath.Join(path, "signalfx", "package.json"))
	if err != nil || !strings.Contains(string(manifest), `"version": "8.0.1"`) {
		t.Fatalf("npm package signalfx 8.0.1 is not in %s (%v): run make interop-deps", path, err)
	}
	return path
}

// next returns the next line, which must be one of a run and no error.
func (n *nodeClient) next(t *testing.T) nodeLine {
	t.Helper()
	line := result[nodeLine](n.process)
	if line.Error != nil {
		t.Fatalf("run %d got the error %v", line.Run, line.Error)
	}
	return line
}

// finish ends the process, which must have had nothing to complain about.
func (n *nodeClient) finish(t *testing.T) {
	t.Helper()
	n.stdin.Close()
	if err := n.cmd.Wait(); err != nil || n.errors.Len() > 0 {
		t.Errorf("node: %v\n%s", err, n.errors.Bytes())
	}
}

// A steppedRun is a wire.Computation of several publishes. It keeps the order of protocol.md
// 3.1, and every message that a run can have is in it.
type steppedRun struct {
	publishes, series, steps int
	resolution               time.Duration
	start                    time.Time
}

// at is the logical time of a step, in milliseconds.
func (r steppedRun) at(step int) int64 {
	return r.start.Add(time.Duration(step) * r.resolution).UnixMilli()
}

// id is that of a series of a publish, of all 64 bits.
func (r steppedRun) id(publish, series int) idtool.ID {
	return idtool.ID(uint64(publish*r.series+series+1) * 0x9E3779B97F4A7C15)
}

// values are the points of a publish at a step: longs and doubles, and in every third step
// none at all for the last publish.
func (r steppedRun) values(publish, step int) (points []messages.DataPayload) {
	if publish == r.publishes-1 && step%3 == 1 {
		return nil
	}
	for s := range r.series {
		if s%2 == 0 {
			points = append(points, messages.LongPayload(r.id(publish, s), int64(-step*1000-s)))
		} else {
			points = append(points, messages.DoublePayload(r.id(publish, s), float64(step)+1/float64(s+1)))
		}
	}
	return points
}

func (r steppedRun) Run(_ context.Context, out *wire.Output) error {
	send := func(m messages.Message, err error) error {
		if err == nil {
			err = out.Send(m)
		}
		return err
	}
	err := send(messages.NewJobProgress(100, uint64(time.Now().UnixMilli())), nil)
	for p := range r.publishes {
		for s := range r.series {
			err = send(messages.NewMetadata(r.id(p, s), &messages.MetadataProperties{
				Metric:             "_SF_COMP_" + out.Handle(),
				ResolutionMS:       int(r.resolution.Milliseconds()),
				InternalProperties: map[string]any{"sf_streamLabel": fmt.Sprint("P", p)},
				CustomProperties:   map[string]string{"host": fmt.Sprintf("h\"%d\" åß🚀", s)},
			}), err)
		}
	}
	resolution := map[string]any{"resolutionMs": r.resolution.Milliseconds()}
	for step := range r.steps {
		for p := range r.publishes {
			err = send(messages.NewData(r.at(step), r.values(p, step)), err)
		}
		if step == 0 || step == r.steps-1 {
			err = send(messages.NewInfo(messages.JobRunningResolution, "INFO", r.at(step), resolution), err)
		}
		if step%100 == 50 {
			err = send(messages.NewEvent(r.id(0, 0), r.at(step), map[string]any{"sf_eventType": "e"}, map[string]any{"is": "anomalous", "was": "ok"}), err)
		}
	}
	return err
}

// nodeBackend runs the same for every request.
type nodeBackend struct{ run steppedRun }

func (b nodeBackend) Authenticate(context.Context, string) (wire.Identity, error) {
	return wire.Identity{OrgID: "LOCALORG", UserID: "LOCALUSER"}, nil
}

func (b nodeBackend) Prepare(context.Context, wire.Identity, *wire.Request) (wire.Computation, error) {
	return b.run, nil
}

// The Node.js client learns the number of data messages of a step from the first one and
// hands over a step when it is complete: a server that breaks an order rule, or a frame that
// cannot be read, loses it the rest. It asks for compression always.
func TestNodeGetsEveryBatch(t *testing.T) {
	t.Parallel()
	run := steppedRun{publishes: 3, series: 40, steps: 200, resolution: time.Second, start: time.UnixMilli(1751328000000)}
	for _, compress := range []bool{true, false} {
		t.Run(fmt.Sprint("compress=", compress), func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			handler := wire.NewServer(nodeBackend{run}, wire.Options{Observe: func(_ wire.ConnInfo, req *wire.Request, _ error) {
				if req.Type == "execute" && req.Compress == compress {
					asked.Add(1)
				}
			}})
			defer handler.Close()
			server := httptest.NewServer(handler)
			defer server.Close()

			options := map[string]any{"program": "p", "start": run.at(0), "stop": run.at(run.steps), "resolution": 1000}
			if !compress {
				options["compress"] = false
			}
			node := startNode(t, strings.Replace(server.URL, "http", "ws", 1), "T", options, maps.Clone(options))
			seen := []*nodeSteps{{run: run}, {run: run}}
			for ended := 0; ended < len(seen); {
				line := node.next(t)
				if line.Message != nil {
					seen[line.Run].add(t, line.Message)
					continue
				}
				seen[line.Run].check(t, line.Known)
				ended++
			}
			node.finish(t)
			if got := int(asked.Load()); got != len(seen) {
				t.Errorf("%d requests with compress=%v, want %d", got, compress, len(seen))
			}
		})
	}
}

// nodeSteps is what a run of the Node.js client has got so far.
type nodeSteps struct {
	run                            steppedRun
	steps, metadata, infos, events int
	control                        []string
}

func (n *nodeSteps) add(t *testing.T, m *nodeMessage) {
	t.Helper()
	switch m.Type {
	case "data":
		got := map[string]float64{}
		for _, p := range m.Data {
			got[p.TSID], _ = p.Value.Float64()
		}
		want := map[string]float64{}
		for p := range n.run.publishes {
			for _, point := range n.run.values(p, n.steps) {
				want[point.TSID.String()], _ = point.AsFloat()
			}
		}
		if m.LogicalTimestampMs != n.run.at(n.steps) || !maps.Equal(got, want) {
			t.Errorf("step %d: at %d, %d points", n.steps, m.LogicalTimestampMs, len(got))
		}
		n.steps++
	case "metadata":
		n.metadata++
		if host, _ := m.Properties["host"].(string); !strings.HasSuffix(host, `" åß🚀`) {
			t.Errorf("metadata of %s with %v", m.TSID, m.Properties)
		}
	case "message":
		n.infos++
	case "event":
		n.events++
		if m.Properties["is"] != "anomalous" || m.TSID != n.run.id(0, 0).String() {
			t.Errorf("event %+v", m)
		}
	case "control-message":
		n.control = append(n.control, m.Event)
	default:
		t.Errorf("message of type %q", m.Type)
	}
}

func (n *nodeSteps) check(t *testing.T, known []string) {
	t.Helper()
	series := n.run.publishes * n.run.series
	want := nodeSteps{run: n.run, steps: n.run.steps, metadata: series, infos: 2, events: n.run.steps / 100,
		control: []string{"STREAM_START", "JOB_START", "JOB_PROGRESS", "END_OF_CHANNEL"}}
	if !reflect.DeepEqual(*n, want) || len(known) != series {
		t.Errorf("got %+v and %d known series,\nwant %+v and %d", *n, len(known), want, series)
	}
}

// The requests are those that the client was seen to send, with the fields that it passes on
// although they mean nothing to a server.
func TestNodeOnOurFake(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server := signalflow.NewRunningFakeBackend()
	defer server.Stop()
	server.AddProgramTSIDs(query, []idtool.ID{1})
	server.AddTSIDMetadata(1, &messages.MetadataProperties{Metric: "demo.requests"})
	server.SetTSIDFloatData(1, 0.25)
	server.AddProgramError("bad", `no "such" metric`)
	server.AddProgramMessages("abort", 1, messages.NewChannelAbort("FAILED", "limit reached", 0))

	start := time.Now().Add(-time.Minute).UnixMilli()
	node := startNode(t, server.URL(), server.AccessToken,
		map[string]any{"program": query, "start": start, "stop": start + 4000, "resolution": 1000, "immediate": false},
		map[string]any{"program": query, "start": start, "bigNumber": true},
		map[string]any{"program": "bad"},
		map[string]any{"program": "abort", "start": start, "resolution": 1000},
	)
	batches := map[int]int{}
	for over := map[int]bool{}; len(over) < 3 || batches[1] < 10; {
		line := result[nodeLine](node.process)
		switch m := line.Message; {
		case line.Error != nil && line.Run == 2:
			if text := fmt.Sprint(line.Error); !strings.Contains(text, `no "such" metric`) {
				t.Errorf("a bad program got %s", text)
			}
			over[2] = true
		case line.Error != nil:
			t.Fatalf("run %d got the error %v", line.Run, line.Error)
		case m == nil:
			over[line.Run] = true
		case m.Type == "data" && line.Run < 2:
			if len(m.Data) != 1 || m.Data[0].Value != "0.25" || m.LogicalTimestampMs != start+int64(batches[line.Run])*1000 {
				t.Errorf("run %d: batch %d is %+v", line.Run, batches[line.Run], m)
			}
			batches[line.Run]++
		case m.Event == "CHANNEL_ABORT" && (line.Run != 3 || m.AbortInfo.State != "FAILED" || m.AbortInfo.Reason != "limit reached"):
			t.Errorf("run %d aborted: %+v", line.Run, m.AbortInfo)
		}
	}
	if batches[0] != 5 {
		t.Errorf("%d batches of 5", batches[0])
	}
	// Its close is a detach.
	if _, err := io.WriteString(node.stdin, "close 1\n"); err != nil {
		t.Fatal(err)
	}
	if err := server.WaitForRunning(ctx, query, 0); err != nil {
		t.Error(err)
	}
	node.finish(t)
	for _, r := range server.Requests() {
		if r.Err != nil {
			t.Errorf("request %s: %v", r.Text, r.Err)
		}
	}
}
