package signalflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

const fakeProgramText = `data('demo.requests').publish("A")`

// runningFake returns a fake on loopback and a client of it.
func runningFake(t *testing.T) (*FakeBackend, *Client) {
	t.Helper()
	f := NewRunningFakeBackend()
	t.Cleanup(f.Stop)
	return f, fakeClient(t, f)
}

// bubbleFake returns a fake and its client for a synctest bubble.
func bubbleFake(t *testing.T) (*FakeBackend, *Client) {
	t.Helper()
	f := &FakeBackend{Listen: func() (net.Listener, error) { return memnet.Listen("fake"), nil }}
	f.Start()
	t.Cleanup(f.Stop)
	return f, fakeClient(t, f)
}

func fakeClient(t *testing.T, f *FakeBackend) *Client {
	t.Helper()
	c, err := f.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func fakeExecute(t *testing.T, c *Client, req ExecuteRequest) *Computation {
	t.Helper()
	if req.Program == "" {
		req.Program = fakeProgramText
	}
	comp, err := c.Execute(t.Context(), &req)
	if err != nil {
		t.Fatal(err)
	}
	return comp
}

// describe shows a data message as "second:tsid=value tsid=value".
func describe(m *messages.DataMessage) string {
	text := fmt.Sprintf("%d:", m.TimestampMillis)
	for _, p := range m.Payloads {
		text += fmt.Sprintf(" %d=%v", p.TSID, p.Value())
	}
	return text
}

// allData reads a computation to its end.
func allData(comp *Computation) (list []string) {
	for m := range comp.Data() {
		list = append(list, describe(m))
	}
	return list
}

func wantList(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantEnd checks that nothing runs, at the very moment at which the client knows the end.
func wantEnd(t *testing.T, f *FakeBackend) {
	t.Helper()
	if n := f.RunningJobsForProgram(fakeProgramText); n != 0 {
		t.Errorf("%d jobs still run after the end", n)
	}
}

// A range in the past comes at once, whole, metadata first, and ends.
func TestFakeReplaysThePast(t *testing.T) {
	f, c := runningFake(t)
	if f.AccessToken != "abcd" || !strings.HasPrefix(f.URL(), "ws://127.0.0.1:") {
		t.Errorf("token %q, URL %s", f.AccessToken, f.URL())
	}
	f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1, 2, 3})
	f.AddTSIDMetadata(1, &messages.MetadataProperties{Metric: "demo.requests", CustomProperties: map[string]string{"az": "a1"}})
	f.SetTSIDFloatData(1, 12.5)
	f.SetTSIDFloatData(2, 7)
	start := time.UnixMilli(1751328000000)
	comp := fakeExecute(t, c, ExecuteRequest{Start: start, Stop: start.Add(24 * time.Hour), Resolution: time.Minute, MaxDelay: 2 * time.Second})
	got := allData(comp)
	if len(got) != 24*60+1 || got[0] != "1751328000000: 1=12.5 2=7" || got[1440] != "1751414400000: 1=12.5 2=7" {
		t.Errorf("%d batches, first %v", len(got), got[:min(len(got), 1)])
	}
	if err := comp.Err(); err != nil {
		t.Error(err)
	}
	wantEnd(t, f)
	if props, err := comp.TSIDMetadata(t.Context(), 1); err != nil || props.Metric != "demo.requests" || props.CustomProperties["az"] != "a1" {
		t.Errorf("metadata %+v, %v", props, err)
	}
	if resolution, err := comp.Resolution(t.Context()); resolution != time.Minute || err != nil {
		t.Errorf("resolution %v, %v", resolution, err)
	}
	if delay, err := comp.MaxDelay(t.Context()); delay != 2*time.Second || err != nil {
		t.Errorf("max delay %v, %v", delay, err)
	}
	if handle, err := comp.Handle(t.Context()); len(handle) != 11 || err != nil {
		t.Errorf("handle %q, %v", handle, err)
	}
}

// A run without times starts now and goes on in real time, down to 1 ms.
func TestFakeRunsInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := bubbleFake(t)
		f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1})
		f.SetTSIDFloatData(1, 1)
		begin := time.Now()
		comp := fakeExecute(t, c, ExecuteRequest{Resolution: time.Millisecond, Stop: begin.Add(3 * time.Second)})
		n := 0
		for m := range comp.Data() {
			if at := time.UnixMilli(int64(m.TimestampMillis)); !at.Equal(begin.Add(time.Duration(n)*time.Millisecond)) || !at.Equal(time.Now()) {
				t.Fatalf("batch %d has the time %v at %v", n, at, time.Now())
			}
			n++
		}
		if n != 3001 || comp.Err() != nil {
			t.Errorf("%d batches, %v", n, comp.Err())
		}
		wantEnd(t, f)

		// Values, series and metadata may change meanwhile.
		comp = fakeExecute(t, c, ExecuteRequest{})
		next := func() string { return describe(<-comp.Data()) }
		first := next()
		f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1, 2})
		f.SetTSIDFloatData(2, 2)
		f.AddTSIDMetadata(2, &messages.MetadataProperties{Metric: "second"})
		second := next()
		f.RemoveTSIDData(1)
		third := next()
		base := begin.Add(3 * time.Second).UnixMilli()
		wantList(t, []string{first, second, third}, fmt.Sprintf("%d: 1=1", base), fmt.Sprintf("%d: 1=1 2=2", base+1000), fmt.Sprintf("%d: 2=2", base+2000))
		if props, err := comp.TSIDMetadata(t.Context(), 2); err != nil || props.Metric != "second" {
			t.Errorf("metadata %+v, %v", props, err)
		}
	})
}

func TestFakeImmediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := bubbleFake(t)
		now := time.Now()
		comp := fakeExecute(t, c, ExecuteRequest{Start: now.Add(-2 * time.Second), Stop: now.Add(time.Hour), Immediate: true})
		ms := now.UnixMilli()
		wantList(t, allData(comp), fmt.Sprintf("%d:", ms-2000), fmt.Sprintf("%d:", ms-1000), fmt.Sprintf("%d:", ms))
		if time.Since(now) != 0 || comp.Err() != nil {
			t.Errorf("took %v, %v", time.Since(now), comp.Err())
		}
	})
}

func TestFakeProgramError(t *testing.T) {
	f, c := runningFake(t)
	f.AddProgramError(fakeProgramText, `name "foo" is not defined`)
	comp := fakeExecute(t, c, ExecuteRequest{})
	if got := allData(comp); got != nil {
		t.Errorf("data after an error: %v", got)
	}
	var ce *ComputationError
	if err := comp.Err(); !errors.As(err, &ce) || ce.Code != 400 || ce.Message != `name "foo" is not defined` {
		t.Errorf("error %#v", err)
	}
	wantEnd(t, f)
	if n := f.StartedJobsForProgram(fakeProgramText); n != 0 {
		t.Errorf("%d jobs started", n)
	}
	f.AddProgramErrorMessage(fakeProgramText, messages.NewError(422, "ANALYTICS_PROGRAM_NAME_ERROR", "bad", &messages.ErrorContext{Line: 3, Column: 7}))
	comp = fakeExecute(t, c, ExecuteRequest{})
	allData(comp)
	if err := comp.Err(); !errors.As(err, &ce) || ce.Code != 422 || ce.ErrorType != "ANALYTICS_PROGRAM_NAME_ERROR" || ce.Line != 3 || ce.Column != 7 {
		t.Errorf("error %#v", err)
	}
	f.AddProgramError(fakeProgramText, "")
	comp = fakeExecute(t, c, ExecuteRequest{Immediate: true})
	if got := allData(comp); len(got) != 1 || comp.Err() != nil {
		t.Errorf("after the error was taken back: %v, %v", got, comp.Err())
	}
}

func TestFakeStopAndDetach(t *testing.T) {
	f, c := runningFake(t)
	one, two := fakeExecute(t, c, ExecuteRequest{}), fakeExecute(t, c, ExecuteRequest{Channel: "two"})
	if err := f.WaitForRunning(t.Context(), fakeProgramText, 2); err != nil {
		t.Fatal(err)
	}
	handle, err := one.Handle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := one.StopWithReason(t.Context(), "enough"); err != nil {
		t.Error(err)
	}
	allData(one)
	if err := one.Err(); err != nil {
		t.Errorf("after a stop: %v", err)
	}
	if n := f.RunningJobsForProgram(fakeProgramText); n != 1 {
		t.Errorf("%d jobs run after the stop of one of two", n)
	}
	if err := two.DetachWithReason(t.Context(), "bye"); err != nil {
		t.Error(err)
	}
	if err := f.WaitForRunning(t.Context(), fakeProgramText, 0); err != nil {
		t.Error(err)
	}
	if n := f.StartedJobsForProgram(fakeProgramText); n != 2 {
		t.Errorf("%d jobs started", n)
	}
	var got []string
	for _, r := range f.Requests() {
		if strings.Contains(string(r.Text), f.AccessToken) {
			t.Errorf("the token is in the record: %s", r.Text)
		}
		got = append(got, fmt.Sprint(r.Connection, " ", r.Type, " ", r.Channel, " ", r.Handle == handle, " ", r.Reason, " ", r.Err))
	}
	wantList(t, got, "1 authenticate  false  <nil>", "1 execute ch-1 false  <nil>", "1 execute two false  <nil>", "1 stop  true enough <nil>", "1 detach two false bye <nil>")
}

// Everything that a test can put in arrives between the batches where it was planned.
func TestFakeScript(t *testing.T) {
	f, c := runningFake(t)
	f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1, 2})
	f.AddTSIDMetadata(1, &messages.MetadataProperties{Metric: "m"})
	f.SetTSIDIntData(1, 1)
	f.SetTSIDIntData(2, 2)
	f.AddProgramMessages(fakeProgramText, 0, messages.NewJobProgress(40, 0))
	f.AddProgramMessages(fakeProgramText, 1, messages.NewInfo(messages.FindLimitedResultSet, "WARNING", 0, map[string]any{"matchedSize": 41000, "limitSize": 30000}))
	f.AddProgramMessages(fakeProgramText, 2,
		messages.NewExpired(1),
		messages.NewEvent(-2, 0, nil, map[string]any{"is": "anomalous", "was": "ok", "incidentId": "GzIncidentA"}))
	f.AddProgramMessages(fakeProgramText, 4, messages.NewMetadata(1, &messages.MetadataProperties{Metric: "again"}))
	start := time.UnixMilli(1751328000000)
	comp := fakeExecute(t, c, ExecuteRequest{Start: start, Stop: start.Add(4 * time.Second)})
	events, expired, control := comp.Events(), comp.Expirations(), comp.Control()
	wantList(t, allData(comp),
		"1751328000000: 1=1 2=2", "1751328001000: 1=1 2=2", "1751328002000: 2=2", "1751328003000: 2=2", "1751328004000: 1=1 2=2")
	if size, err := comp.MatchedSize(t.Context()); size != 41000 || err != nil {
		t.Errorf("matched size %d, %v", size, err)
	}
	if e := <-events; e == nil || e.Is() != "anomalous" || e.IncidentID() != "GzIncidentA" || e.TSID != -2 || e.TimestampMillis != 1751328001000 {
		t.Errorf("event %+v", e)
	}
	if e := <-expired; e == nil || e.TSID != tsidText(1) {
		t.Errorf("expiration %+v", e)
	}
	found := false
	for m := range control {
		if p, ok := m.(*messages.JobProgressControlMessage); ok {
			found = p.Progress == 40 && p.TimestampMillis != 0
		}
	}
	if !found {
		t.Error("no progress")
	}
	if props, err := comp.TSIDMetadata(t.Context(), 1); err != nil || props.Metric != "again" {
		t.Errorf("metadata %+v, %v", props, err)
	}
}

func tsidText(id idtool.ID) string { return string(messages.AppendTSID(nil, id)) }

func TestFakeScriptedEnds(t *testing.T) {
	start := time.UnixMilli(1751328000000)
	req := ExecuteRequest{Start: start, Stop: start.Add(time.Minute)}

	f, c := runningFake(t)
	f.AddProgramMessages(fakeProgramText, 2, messages.NewChannelAbort("FAILED", "limit reached", 0), messages.NewJobProgress(50, 0))
	comp := fakeExecute(t, c, req)
	wantList(t, allData(comp), "1751328000000:", "1751328001000:")
	var abort *AbortError
	if err := comp.Err(); !errors.As(err, &abort) || abort.State != "FAILED" || abort.Reason != "limit reached" {
		t.Errorf("error %#v", err)
	}
	wantEnd(t, f)

	const other = "other"
	f.AddProgramMessages(other, 1, messages.NewError(500, "ANALYTICS_INTERNAL_ERROR", "late", &messages.ErrorContext{Line: 2, Column: 4}))
	req.Program = other
	comp = fakeExecute(t, c, req)
	wantList(t, allData(comp), "1751328000000:")
	var ce *ComputationError
	if err := comp.Err(); !errors.As(err, &ce) || ce.Code != 500 || ce.Line != 2 {
		t.Errorf("error %#v", err)
	}
}

// Each wire type arrives as it was set, those too that a real server avoids.
func TestFakeTypedValues(t *testing.T) {
	f, c := runningFake(t)
	f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1, 2, 3, 4, 5})
	f.SetTSIDIntData(1, math.MaxInt64)
	f.SetTSIDFloatData(2, 0.5)
	f.SetTSIDNullData(3)
	small := messages.LongPayload(0, -7)
	small.Type = messages.ValTypeInt
	f.SetTSIDValue(4, small)
	f.SetTSIDFunc(5, func(at time.Time) messages.DataPayload { return messages.LongPayload(5, at.Unix()) })
	start := time.UnixMilli(1751328000000)
	comp := fakeExecute(t, c, ExecuteRequest{Start: start, Stop: start.Add(time.Second)})
	want := []any{int64(math.MaxInt64), 0.5, nil, int32(-7), int64(1751328000)}
	for i, p := range (<-comp.Data()).Payloads {
		if p.TSID != idtool.ID(i+1) || p.Value() != want[i] {
			t.Errorf("series %d has %T %v, want %T %v", p.TSID, p.Value(), p.Value(), want[i], want[i])
		}
	}
	allData(comp)
}

// Metadata may come after the points, for tests of code that waits for it.
func TestFakeLateMetadata(t *testing.T) {
	f, c := runningFake(t)
	clock := NewFakeClock(time.UnixMilli(1751328000000))
	f.SetClock(clock)
	f.AddProgramTSIDs(fakeProgramText, []idtool.ID{1})
	f.SetTSIDIntData(1, 1)
	comp := fakeExecute(t, c, ExecuteRequest{})
	if got := describe(<-comp.Data()); got != "1751328000000: 1=1" {
		t.Errorf("got %s", got)
	}
	none, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := comp.TSIDMetadata(none, 1); !errors.Is(err, ErrMetadataTimeout) {
		t.Errorf("metadata before it came: %v", err)
	}
	if n := f.Send(fakeProgramText, messages.NewMetadata(1, &messages.MetadataProperties{Metric: "late"})); n != 1 {
		t.Errorf("went to %d runs", n)
	}
	if props, err := comp.TSIDMetadata(t.Context(), 1); err != nil || props.Metric != "late" {
		t.Errorf("metadata %+v, %v", props, err)
	}
}

// With a clock of its own a fake sends nothing before its time, and then all that is due.
func TestFakeClock(t *testing.T) {
	f, c := runningFake(t)
	clock := NewFakeClock(time.UnixMilli(1751328000000))
	f.SetClock(clock)
	comp := fakeExecute(t, c, ExecuteRequest{Stop: clock.Now().Add(time.Hour), Resolution: 20 * time.Minute})
	data := comp.Data()
	got := []string{describe(<-data)}
	select {
	case m := <-data:
		t.Fatalf("%s came before its time", describe(m))
	default:
	}
	clock.Advance(40 * time.Minute)
	got = append(got, describe(<-data), describe(<-data))
	clock.Advance(20 * time.Minute)
	got = append(got, allData(comp)...)
	wantList(t, got, "1751328000000:", "1751329200000:", "1751330400000:", "1751331600000:")
	if comp.Err() != nil {
		t.Error(comp.Err())
	}
}

// Each connection authenticates for itself, and one can be cut alone.
func TestFakeConnections(t *testing.T) {
	f, good := runningFake(t)
	one := fakeExecute(t, good, ExecuteRequest{})
	<-one.Data()

	bad, err := NewClient(StreamURL(f.URL()), AccessToken("wrong"))
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	var ae *AuthError
	if _, err := bad.Execute(t.Context(), &ExecuteRequest{Program: fakeProgramText}); !errors.As(err, &ae) {
		t.Errorf("Execute with a wrong token: %v", err)
	}

	other := fakeClient(t, f)
	two := fakeExecute(t, other, ExecuteRequest{Program: "two"})
	<-two.Data()
	var authenticated []FakeConnection
	for _, conn := range f.Connections() { // the refused one may still be closing
		if conn.Authenticated {
			authenticated = append(authenticated, conn)
		}
	}
	if len(authenticated) != 2 || authenticated[0].Channels != 1 {
		t.Fatalf("connections %+v", authenticated)
	}
	if f.KillConnection(12345) || !f.KillConnection(authenticated[0].ID) {
		t.Error("KillConnection does not say what is there")
	}
	allData(one)
	var lost *ConnectionLostError
	if err := one.Err(); !errors.As(err, &lost) {
		t.Errorf("the killed one ends with %v", err)
	}
	if err := f.WaitForRunning(t.Context(), fakeProgramText, 0); err != nil {
		t.Error(err)
	}
	if n := f.RunningJobsForProgram("two"); n != 1 {
		t.Errorf("the other connection has %d jobs", n)
	}
	f.KillExistingConnections()
	allData(two)
	if err := two.Err(); !errors.As(err, &lost) {
		t.Errorf("the last one ends with %v", err)
	}
}

func TestFakeLifecycle(t *testing.T) {
	f := new(FakeBackend) // the zero value, with any token
	f.Stop()
	f.Start()
	f.Start()
	url := f.URL()
	c := fakeClient(t, f)
	comp := fakeExecute(t, c, ExecuteRequest{})
	<-comp.Data()
	f.Stop()
	f.Stop()
	allData(comp)
	if err := comp.Err(); err == nil {
		t.Error("a computation of a stopped fake ended well")
	}
	wantEnd(t, f)
	if f.URL() != url {
		t.Errorf("URL %s after Stop, %s before", f.URL(), url)
	}
	f.Restart()
	f.Restart()
	defer f.Stop()
	if f.URL() != url {
		t.Errorf("URL %s after Restart, %s before", f.URL(), url)
	}
	again := fakeClient(t, f)
	if got := allData(fakeExecute(t, again, ExecuteRequest{Immediate: true})); len(got) != 1 {
		t.Errorf("after Restart: %v", got)
	}
}

// It can be part of another server, and bad requests do it no harm.
func TestFakeAsHandler(t *testing.T) {
	f := &FakeBackend{AccessToken: "abcd"}
	web := httptest.NewServer(f)
	defer web.Close()
	defer f.Stop()
	resp, err := http.Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a request without upgrade and token: %s", resp.Status)
	}
	c, err := NewClient(StreamURL(strings.Replace(web.URL, "http", "ws", 1)+"/some/path"), AccessToken("abcd"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Stop(t.Context(), &StopRequest{Handle: "GzExampleAA"}); err != nil {
		t.Error(err)
	}
	if got := allData(fakeExecute(t, c, ExecuteRequest{Immediate: true})); len(got) != 1 {
		t.Errorf("data %v", got)
	}
}

func TestFakeLogsTheProgram(t *testing.T) {
	f, c := runningFake(t)
	var mu sync.Mutex
	var text bytes.Buffer
	f.SetLogger(log.New(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(p)
	}), "", 0))
	fakeExecute(t, c, ExecuteRequest{})
	if err := f.WaitForJob(t.Context(), fakeProgramText); err != nil {
		t.Fatal(err)
	}
	f.Stop() // the line is written by then
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(text.String(), "Executing SignalFlow program "+fakeProgramText) {
		t.Errorf("log: %s", &text)
	}
	f.SetLogger(nil)
}

type writerFunc func(p []byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }

func TestFakeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := bubbleFake(t)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.WaitForJob(short, fakeProgramText); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no job") {
			t.Errorf("no job: %v", err)
		}
		if err := f.WaitForRunning(short, fakeProgramText, 3); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("not three jobs: %v", err)
		}
		done := make(chan error)
		go func() { done <- f.WaitForJob(t.Context(), fakeProgramText) }()
		synctest.Wait()
		fakeExecute(t, c, ExecuteRequest{Immediate: true})
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := f.WaitForJob(t.Context(), fakeProgramText); err != nil {
			t.Errorf("a job that is over: %v", err)
		}
	})
}

// Everything at once, for the race detector.
func TestFakeConcurrentUse(t *testing.T) {
	f, c := runningFake(t)
	var users sync.WaitGroup
	for i := range 4 {
		users.Go(func() {
			id := idtool.ID(i)
			for range 20 {
				f.AddProgramTSIDs(fakeProgramText, []idtool.ID{id, id + 1})
				f.AddTSIDMetadata(id, &messages.MetadataProperties{Metric: "m"})
				f.SetTSIDFloatData(id, float64(i))
				f.AddProgramMessages(fakeProgramText, 3, messages.NewJobProgress(1, 0))
				f.SetLogger(nil)
				comp := fakeExecute(t, c, ExecuteRequest{Resolution: time.Millisecond, Start: time.Now().Add(-5 * time.Millisecond)})
				<-comp.Data()
				f.Send(fakeProgramText, messages.NewJobProgress(2, 0))
				f.Connections()
				f.Requests()
				f.RunningJobsForProgram(fakeProgramText)
				f.RemoveTSIDData(id)
				if i%2 == 0 {
					comp.Stop(t.Context())
				} else {
					comp.Detach(t.Context())
				}
				allData(comp)
			}
		})
	}
	users.Wait()
	if err := f.WaitForRunning(t.Context(), fakeProgramText, 0); err != nil {
		t.Error(err)
	}
}
