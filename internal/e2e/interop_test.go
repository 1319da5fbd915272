package e2e

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

const query = "data('demo.requests').publish()"

func TestInteropExecute(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, describe := p.start()
		defer server.Stop()
		want := map[idtool.ID]series{
			1:  {"demo.requests", 1000, map[string]string{"az": "a1", "host": `quoted "h"`}},
			-2: {"demo.requests", 1000, map[string]string{"az": "a2"}},
		}
		for id, s := range want {
			describe(id, s)
		}
		server.AddProgramTSIDs(query, []idtool.ID{1, -2})
		server.SetTSIDFloatData(1, 0.1)
		server.SetTSIDFloatData(-2, -1e300)

		start := time.UnixMilli(1751328000000)
		run := p.dial(t, ctx, server).run(t, job{query, start, start.Add(40 * time.Millisecond), 10 * time.Millisecond})
		if handle, err := run.Handle(ctx); err != nil || handle == "" {
			t.Errorf("handle %q, %v", handle, err)
		}
		var wantBatches []batch
		for i := range 5 {
			at := start.Add(time.Duration(i) * 10 * time.Millisecond)
			wantBatches = append(wantBatches, batch{at, map[idtool.ID]any{1: 0.1, -2: -1e300}})
		}
		if got := run.drain(); !reflect.DeepEqual(got, wantBatches) {
			t.Errorf("data %v, want %v", got, wantBatches)
		}
		if err := run.Err(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if resolution, err := run.Resolution(ctx); resolution != 10*time.Millisecond || err != nil {
			t.Errorf("resolution %v, %v", resolution, err)
		}
		for id, s := range want {
			if got, err := run.series(id); !reflect.DeepEqual(got, s) || err != nil {
				t.Errorf("metadata of %v: %v, %v; want %v", id, got, err, s)
			}
		}
	})
}

// The resolution of a job that does not ask for one is that of its series.
func TestInteropResolutionOfSeries(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, describe := p.start()
		defer server.Stop()
		describe(1, series{Metric: "m", Resolution: 5})
		describe(2, series{Metric: "m", Resolution: 20})
		server.AddProgramTSIDs(query, []idtool.ID{1, 2})
		run := p.dial(t, ctx, server).run(t, job{Program: query})
		if resolution, err := run.Resolution(ctx); resolution != 20*time.Millisecond || err != nil {
			t.Errorf("resolution %v, %v", resolution, err)
		}
	})
}

func TestInteropLiveData(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, _ := p.start()
		defer server.Stop()
		server.AddProgramTSIDs(query, []idtool.ID{1, 2})
		server.SetTSIDFloatData(1, 1)
		server.SetTSIDFloatData(2, 2)
		run := p.dial(t, ctx, server).run(t, job{Program: query, Resolution: time.Millisecond})
		run.until(t, func(b batch) bool { return reflect.DeepEqual(b.Values, map[idtool.ID]any{1: 1.0, 2: 2.0}) })
		server.SetTSIDFloatData(1, 3)
		run.until(t, func(b batch) bool { return b.Values[1] == 3.0 })
		server.RemoveTSIDData(1)
		run.until(t, func(b batch) bool { return reflect.DeepEqual(b.Values, map[idtool.ID]any{2: 2.0}) })
		server.RemoveTSIDData(2)
		run.until(t, func(b batch) bool { return len(b.Values) == 0 })
	})
}

func TestInteropProgramError(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, _ := p.start()
		defer server.Stop()
		server.AddProgramError("bad", "there is no such metric")
		client := p.dial(t, ctx, server)
		run := client.run(t, job{Program: "bad"})
		if got := run.drain(); len(got) > 0 {
			t.Errorf("data of a bad program: %v", got)
		}
		code, text, ok := codeAndText(run.Err())
		if wantCode := map[bool]int{true: 400}[p.serverOurs]; !ok || text != "there is no such metric" || code != wantCode {
			t.Errorf("error %T %[1]v", run.Err())
		}
		// The connection is still good.
		run = client.run(t, job{Program: query, Resolution: time.Millisecond})
		if _, ok := run.next(); !ok {
			t.Errorf("no data after a program error: %v", run.Err())
		}
	})
}

func TestInteropStop(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, _ := p.start()
		defer server.Stop()
		stopped := jobEnd(server)
		run := p.dial(t, ctx, server).run(t, job{Program: query, Resolution: time.Millisecond})
		run.next()
		if err := run.StopWithReason(ctx, "seen enough"); err != nil {
			t.Fatal(err)
		}
		stopped(t, ctx)
		// Our server confirms the stop. The published fake falls silent, and our client then
		// ends the computation itself.
		run.drain()
		if err := run.Err(); err != nil {
			t.Errorf("a stopped computation ended with %v", err)
		}
	})
}

func TestInteropDetach(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, _ := p.start()
		defer server.Stop()
		stopped := jobEnd(server)
		run := p.dial(t, ctx, server).run(t, job{Program: query, Resolution: time.Millisecond})
		run.next()
		if err := run.DetachWithReason(ctx, "seen enough"); err != nil {
			t.Fatal(err)
		}
		stopped(t, ctx)
		if !p.serverOurs {
			run.drain() // the published client never closes Data after Detach
		}
		if err := run.Err(); err != nil {
			t.Errorf("a detached computation ended with %v", err)
		}
	})
}

// jobEnd returns a function that waits until the one job of the server has ended there.
func jobEnd(server fake) func(*testing.T, context.Context) {
	if ours, ok := server.(*signalflow.FakeBackend); ok {
		return func(t *testing.T, ctx context.Context) {
			t.Helper()
			if err := ours.WaitForRunning(ctx, query, 0); err != nil {
				t.Error(err)
			}
		}
	}
	logger, done := logged("sending done")
	server.SetLogger(logger)
	return func(t *testing.T, ctx context.Context) {
		t.Helper()
		select {
		case <-done:
		case <-ctx.Done():
			t.Error("the job goes on")
		}
	}
}

func TestInteropReconnect(t *testing.T) {
	interop(t, func(t *testing.T, p interopPair, ctx context.Context) {
		server, _ := p.start()
		defer server.Stop()
		client := p.dial(t, ctx, server)
		run := client.run(t, job{Program: query, Resolution: time.Millisecond})
		run.next()
		server.KillExistingConnections()
		run.drain()
		// The published client reports no error here (protocol.md 8.2).
		if lost := new(signalflow.ConnectionLostError); !p.serverOurs && !errors.As(run.Err(), &lost) {
			t.Errorf("error %T %[1]v", run.Err())
		}
		run = client.run(t, job{Program: query, Resolution: time.Millisecond})
		if _, ok := run.next(); !ok {
			t.Errorf("no data on the new connection: %v", run.Err())
		}
	})
}

// The published client only ever tells OnError of a wrong token. The other way round there is
// nothing to test: the published fake mostly cuts the connection before its answer is out.
func TestInteropWrongToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server := signalflow.NewRunningFakeBackend()
	defer server.Stop()
	client, err := connectPublished(t, ctx, server.URL(), "wrong")
	if err != nil {
		t.Fatal(err)
	}
	defer client.close()
	if err, _ := receive(t, ctx, client.errors); !strings.Contains(fmt.Sprint(err), "4401") {
		t.Errorf("OnError got %v", err)
	}
}

// What only our fake can be told to do has to reach the published client as well.
func TestInteropScript(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server := signalflow.NewRunningFakeBackend()
	defer server.Stop()
	server.AddProgramTSIDs(query, []idtool.ID{1, 2})
	server.AddTSIDMetadata(1, &messages.MetadataProperties{Metric: "m"})
	server.SetTSIDIntData(1, 1<<60+1)
	server.SetTSIDFloatData(2, 2)
	server.AddProgramMessages(query, 1,
		messages.NewInfo(messages.FindLimitedResultSet, "WARNING", 0, map[string]any{"matchedSize": 41000, "limitSize": 30000}),
		messages.NewEvent(1, 0, map[string]any{"sf_eventType": "e"}, map[string]any{"is": "anomalous"}),
	)
	server.AddProgramMessages(query, 2, messages.NewExpired(2))
	server.AddProgramMessages(query, 3, messages.NewChannelAbort("FAILED", "limit reached", 0))

	client, err := connectPublished(t, ctx, server.URL(), server.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	defer client.close()
	start := time.UnixMilli(1751328000000)
	run := client.run(t, job{Program: query, Start: start, Resolution: time.Second})
	both, one := map[idtool.ID]any{1: int64(1<<60 + 1), 2: 2.0}, map[idtool.ID]any{1: int64(1<<60 + 1)}
	want := []batch{{start, both}, {start.Add(time.Second), both}, {start.Add(2 * time.Second), one}}
	if got := run.drain(); !reflect.DeepEqual(got, want) {
		t.Errorf("data %v, want %v", got, want)
	}
	matched, err1 := run.MatchedSize(ctx)
	limit, err2 := run.LimitSize(ctx)
	if matched != 41000 || limit != 30000 || err1 != nil || err2 != nil {
		t.Errorf("matched %d, %v; limit %d, %v", matched, err1, limit, err2)
	}
	if got, ok := run.event(); !reflect.DeepEqual(got, map[string]any{"is": "anomalous"}) || !ok {
		t.Errorf("event with %v, %v", got, ok)
	}
	if id, ok := run.expired(); id != idtool.ID(2).String() || !ok {
		t.Errorf("expired %q, %v", id, ok)
	}
	if got, err := run.series(1); got.Metric != "m" || err != nil {
		t.Errorf("metadata %v, %v", got, err)
	}
}
