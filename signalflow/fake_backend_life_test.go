package signalflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// Start, Stop and Restart may come from anywhere, while clients come and go.
func TestFakeRestartsUnderLoad(t *testing.T) {
	f := NewRunningFakeBackend()
	defer f.Stop()
	url := f.URL()
	c := fakeClient(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	var load, users sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for ctx.Err() == nil {
				comp, err := c.Execute(ctx, &ExecuteRequest{Program: fakeProgramText, Immediate: true})
				if err == nil {
					allData(comp)
				}
			}
		})
		users.Go(func() {
			for range 10 {
				f.Restart()
				f.KillExistingConnections()
				f.Stop()
				f.Start()
			}
		})
	}
	load.Go(func() { everyMethod(ctx, f) })
	users.Wait()
	cancel()
	load.Wait() // which kills connections, too
	f.Start()
	for { // the first may go out on a connection whose loss is still to be noticed
		comp, err := c.Execute(t.Context(), &ExecuteRequest{Program: "after", Immediate: true})
		if err != nil {
			t.Fatalf("after the restarts: %v", err)
		}
		n := len(allData(comp))
		if errors.As(comp.Err(), new(*ConnectionLostError)) {
			continue
		}
		if n != 1 || comp.Err() != nil {
			t.Errorf("after the restarts: %d messages, %v", n, comp.Err())
		}
		break
	}
	if f.URL() != url {
		t.Errorf("URL %s, it was %s", f.URL(), url)
	}
}

// everyMethod calls the methods that a test may call at any time, with messages that several
// runs share, until the context ends.
func everyMethod(ctx context.Context, f *FakeBackend) {
	props := &messages.MetadataProperties{Metric: "m", CustomProperties: map[string]string{"az": "a1"}}
	shared := []messages.Message{
		messages.NewInfo(messages.JobDetectedLag, "INFO", 0, map[string]any{"lagMs": 1}),
		messages.NewEvent(1, 0, nil, map[string]any{"is": "ok"}), messages.NewMetadata(2, props),
		messages.NewExpired(3), messages.NewJobProgress(40, 0), messages.NewData(0, nil),
	}
	f.AddProgramMessages(fakeProgramText, 1, shared...)
	for ctx.Err() == nil {
		f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1, 2})
		f.AddTSIDMetadata(1, props)
		f.SetTSIDNullData(1)
		f.SetTSIDIntData(2, 2)
		f.AddProgramError("refused", "no")
		f.Send(fakeProgramText, shared...)
		f.SetClock(nil)
		f.SetLogger(nil)
		f.KillConnection(1)
		if len(f.Requests())+len(f.Connections())+f.RunningJobsForProgram("p")+f.StartedJobsForProgram("p") == 0 || f.URL() == "" {
			runtime.Gosched()
		}
		f.RemoveTSIDData(1)
		f.AddTSIDMetadata(1, nil)
	}
}

// A client finds the fake again after a restart, in memory too.
func TestFakeRestartInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := bubbleFake(t)
		comp := fakeExecute(t, c, ExecuteRequest{})
		<-comp.Data()
		f.Stop()
		allData(comp)
		var lost *ConnectionLostError
		if !errors.As(comp.Err(), &lost) {
			t.Errorf("the lost run ends with %v", comp.Err())
		}
		time.Sleep(time.Second) // it is refused meanwhile
		f.Restart()
		if got := allData(fakeExecute(t, c, ExecuteRequest{Immediate: true})); len(got) != 1 {
			t.Errorf("after Restart: %v", got)
		}
		wantEnd(t, f)
	})
}

// The same client goes on after its connection was killed, also in the middle of a flood.
func TestFakeKillAndReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := bubbleFake(t)
		for i := range 5 {
			comp := fakeExecute(t, c, ExecuteRequest{Start: time.Now().Add(-24 * time.Hour), Resolution: time.Millisecond})
			<-comp.Data()
			f.KillExistingConnections()
			allData(comp)
			var lost *ConnectionLostError
			if !errors.As(comp.Err(), &lost) {
				t.Errorf("run %d ends with %v", i, comp.Err())
			}
		}
		if err := f.WaitForRunning(t.Context(), fakeProgramText, 0); err != nil {
			t.Error(err)
		}
	})
}

// A computation counts from before its first message on to just before its last one.
func TestFakeCountsWhatTheClientSees(t *testing.T) {
	f, c := runningFake(t)
	if _, err := (fakeHost{f}).Prepare(t.Context(), wire.Identity{}, &wire.Request{Program: "p"}); err != nil || f.RunningJobsForProgram("p") != 1 {
		t.Errorf("%d jobs run before the first message (%v)", f.RunningJobsForProgram("p"), err)
	}
	for range 20 {
		comp := fakeExecute(t, c, ExecuteRequest{})
		if _, err := comp.Handle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := f.RunningJobsForProgram(fakeProgramText); n != 1 {
			t.Fatalf("%d jobs run when the client has the handle", n)
		}
		comp.Stop(t.Context())
		allData(comp)
		wantEnd(t, f)
	}
}

// What Send says to have gone to a run arrives, up to its very end.
func TestFakeSendAtTheEnd(t *testing.T) {
	f, c := runningFake(t)
	for i := range 200 {
		comp := fakeExecute(t, c, ExecuteRequest{Immediate: true})
		events := comp.Events()
		sent := 0
		for n := 0; n < 1000 && (f.StartedJobsForProgram(fakeProgramText) == i || f.RunningJobsForProgram(fakeProgramText) > 0); n++ {
			sent += f.Send(fakeProgramText, messages.NewEvent(1, 0, nil, nil))
			runtime.Gosched()
		}
		allData(comp)
		got := 0
		for range events {
			got++
		}
		if got != sent {
			t.Fatalf("%d events arrived, %d were sent", got, sent)
		}
	}
}

// A message without a time gets that of the batch before, data too, so that a run goes on
// in order however far it is behind the clock.
func TestFakeSendStampsData(t *testing.T) {
	f, c := runningFake(t)
	clock := NewFakeClock(time.UnixMilli(1751328000000))
	f.SetClock(clock)
	comp := fakeExecute(t, c, ExecuteRequest{Stop: clock.Now().Add(3 * time.Second)})
	data, events := comp.Data(), comp.Events()
	got := []string{describe(<-data)}
	f.Send(fakeProgramText, messages.NewData(0, []messages.DataPayload{messages.LongPayload(9, 9)}), messages.NewEvent(1, 0, nil, nil))
	got = append(got, describe(<-data))
	if e := <-events; e == nil || e.TimestampMillis != 1751328000000 {
		t.Errorf("event %+v", e)
	}
	clock.Advance(time.Hour)
	got = append(got, allData(comp)...)
	wantList(t, got, "1751328000000:", "1751328000000: 9=9", "1751328001000:", "1751328002000:", "1751328003000:")
	if comp.Err() != nil {
		t.Error(comp.Err())
	}
}

// The terminal message may come as any type; nothing follows it.
func TestFakeEndsOnPlainControlMessage(t *testing.T) {
	f, c := runningFake(t)
	f.AddProgramMessages(fakeProgramText, 2, messages.NewControl(messages.EndOfChannelEvent, 0))
	comp := fakeExecute(t, c, ExecuteRequest{Start: time.Now().Add(-time.Hour)})
	if got := allData(comp); len(got) != 2 || comp.Err() != nil {
		t.Errorf("%d batches, %v", len(got), comp.Err())
	}
	wantEnd(t, f)
}

// Several jobs follow one clock, each at its own pace, also one that was not made by
// NewFakeClock.
func TestFakeClockOfManyJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := bubbleFake(t)
		clock := new(FakeClock)
		f.SetClock(clock)
		var comps []*Computation
		for i := range 10 {
			comps = append(comps, fakeExecute(t, c, ExecuteRequest{
				Program: fmt.Sprint("p", i), Stop: clock.Now().Add(time.Minute), Resolution: time.Duration(i+1) * time.Second,
			}))
			comps[i].Data()
		}
		for range 60 {
			synctest.Wait()
			clock.Advance(time.Second)
		}
		for i, comp := range comps {
			if got := allData(comp); len(got) != 60/(i+1)+1 || comp.Err() != nil {
				t.Errorf("every %d s: %d batches, %v", i+1, len(got), comp.Err())
			}
		}
	})
}

// A mistake in a test's own function is told, and costs one run only.
func TestFakeTellsOfPanics(t *testing.T) {
	f, c := runningFake(t)
	var mu sync.Mutex
	var text bytes.Buffer
	f.SetLogger(log.New(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(p)
	}), "", 0))
	f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1})
	f.SetTSIDFunc(1, func(time.Time) messages.DataPayload { panic("index out of mind") })
	comp := fakeExecute(t, c, ExecuteRequest{})
	allData(comp)
	var ce *ComputationError
	if err := comp.Err(); !errors.As(err, &ce) || !strings.Contains(ce.Message, "index out of mind") {
		t.Errorf("error %v", err)
	}
	wantEnd(t, f)
	handle, err := comp.Handle(t.Context())
	if err != nil {
		t.Error(err)
	}
	mu.Lock()
	logged := text.String()
	mu.Unlock()
	line := fmt.Sprintf("Executing SignalFlow program %s: channel %s, handle %s, series [AAAAAAAAAAE]\n", fakeProgramText, comp.Channel(), handle)
	if !strings.HasPrefix(logged, line) || !strings.Contains(logged, "index out of mind") {
		t.Errorf("log: %s", logged)
	}
	if f.SetTSIDFloatData(1, 1); len(allData(fakeExecute(t, c, ExecuteRequest{Immediate: true}))) != 1 {
		t.Error("the next run has no data")
	}
}

// The record of requests is bounded in bytes, too.
func TestFakeForgetsOldRequests(t *testing.T) {
	f := new(FakeBackend)
	for range 100 {
		f.record(wire.ConnInfo{}, &wire.Request{Received: make(json.RawMessage, 1<<20)}, nil)
	}
	sum := 0
	list := f.Requests()
	for _, r := range list {
		sum += len(r.Text)
	}
	if sum > maxFakeTexts+1<<20 || len(list) < 30 {
		t.Errorf("%d requests of %d bytes are kept", len(list), sum)
	}
}

// A fake as one handler of a program's own server, as the published one is used.
func TestFakeBehindAMux(t *testing.T) {
	f := NewRunningFakeBackend()
	defer f.Stop()
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("/", f)
	web := httptest.NewUnstartedServer(mux)
	web.Config.ReadTimeout, web.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	web.Start()
	defer web.Close()
	for _, url := range []string{strings.Replace(web.URL, "http", "ws", 1) + "/v2/signalflow", f.URL()} {
		c, err := NewClient(StreamURL(url), AccessToken("abcd"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		start := time.Now()
		comp := fakeExecute(t, c, ExecuteRequest{Start: start, Stop: start.Add(200 * time.Millisecond), Resolution: 10 * time.Millisecond})
		if got := allData(comp); len(got) != 21 || comp.Err() != nil {
			t.Errorf("%s: %d batches, %v", url, len(got), comp.Err())
		}
	}
	if n := len(f.Connections()); n != 2 {
		t.Errorf("%d connections", n)
	}
}

// Listen may ask the fake, and a client of a fake that never started is refused.
func TestFakeZeroValue(t *testing.T) {
	f := new(FakeBackend)
	if c, err := f.Client(); err == nil {
		c.Close()
		t.Error("a client of a fake without an address")
	}
	f.Listen = func() (net.Listener, error) { return memnet.Listen("after" + f.URL()), nil }
	f.Restart()
	defer f.Stop()
	if got := allData(fakeExecute(t, fakeClient(t, f), ExecuteRequest{Immediate: true})); len(got) != 1 {
		t.Errorf("data %v", got)
	}
}

// A server that ends takes no stream with it: all go on at the next one.
func TestStreamsOutliveServer(t *testing.T) {
	for name, url := range map[string]func(*FakeBackend) string{"websocket": (*FakeBackend).URL, "http": (*FakeBackend).HTTPURL} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &FakeBackend{Listen: func() (net.Listener, error) { return memnet.Listen("fake"), nil }}
				f.Start()
				defer f.Stop()
				c, err := f.NewClient(StreamURL(url(f)))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				var streams sync.WaitGroup
				for range 500 {
					s, err := c.Stream(t.Context(), fakeProgramText, Options{Stop: time.Now().Add(10 * time.Second), Resolution: time.Second})
					if err != nil {
						t.Fatal(err)
					}
					streams.Go(func() {
						n := 0
						for _, err := range s.Batches() {
							if err != nil {
								t.Errorf("after %d batches: %v", n, err)
								return
							}
							n++
						}
						if stats := s.Stats(); n != 11 || stats.Resumes != 1 {
							t.Errorf("%d batches and %d resumes, want 11 and 1", n, stats.Resumes)
						}
					})
				}
				time.AfterFunc(4500*time.Millisecond, f.Restart)
				streams.Wait()
			})
		})
	}
}
