package signalflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// fakeProgram is what a FakeBackend knows about one program text.
type fakeProgram struct {
	tsids   []idtool.ID
	refusal *messages.ErrorMessage
	script  map[int][]messages.Message // by the number of batches before them
	started int
	runs    map[*fakeRun]struct{} // those that run
}

// program returns the entry of a text. Callers hold mu.
func (f *FakeBackend) program(text string) *fakeProgram {
	p := f.programs[text]
	if p == nil {
		if f.programs == nil {
			f.programs = make(map[string]*fakeProgram)
		}
		p = &fakeProgram{script: make(map[int][]messages.Message), runs: make(map[*fakeRun]struct{})}
		f.programs[text] = p
	}
	return p
}

// AddProgramTSIDs sets the series that a program puts out, in place of earlier ones. A
// running program has them from its next batch on.
func (f *FakeBackend) AddProgramTSIDs(program string, tsids []idtool.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.program(program).tsids = slices.Clone(tsids)
}

// AddProgramError makes a program be refused: its channel gets one error message with code
// 400 and this text, and nothing else. An empty text takes that back.
func (f *FakeBackend) AddProgramError(program string, errorMsg string) {
	if errorMsg == "" {
		f.AddProgramErrorMessage(program, nil)
		return
	}
	f.AddProgramErrorMessage(program, messages.NewError(400, "", errorMsg, nil))
}

// AddProgramErrorMessage is [FakeBackend.AddProgramError] with all that an error can have:
// code, type and a place in the program. nil takes the refusal back.
func (f *FakeBackend) AddProgramErrorMessage(program string, refusal *messages.ErrorMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.program(program).refusal = refusal
}

// AddProgramMessages has every run of a program send further messages: right after its n-th
// batch, or after JOB_START and the metadata if n is 0. Messages for the same n are sent in
// the order in which they were added. Make them with the functions of package messages:
//
//	messages.NewInfo(messages.FindLimitedResultSet, "WARNING", 0, contents)
//	messages.NewEvent(tsid, 0, metadata, properties)
//	messages.NewExpired(tsid)                       // no points of tsid from then on
//	messages.NewMetadata(tsid, props)               // late, or for a series that returns
//	messages.NewJobProgress(40, 0)
//	messages.NewChannelAbort("FAILED", "limit", 0)  // ends the run
//	messages.NewError(400, "TYPE", "text", &messages.ErrorContext{Line: 1, Column: 5})
//
// A timestamp of 0 becomes that of the batch, in control messages the present. Messages are
// kept, not copied: do not change them afterwards.
func (f *FakeBackend) AddProgramMessages(program string, n int, msgs ...messages.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.program(program)
	p.script[n] = append(p.script[n], msgs...)
}

// Send has all runs of a program that are under way send further messages now, between two
// batches; see [FakeBackend.AddProgramMessages] for what can be sent. A timestamp of 0
// becomes that of the batch before. Send returns to how many runs the messages go.
func (f *FakeBackend) Send(program string, msgs ...messages.Message) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	runs := f.program(program).runs
	for r := range runs {
		r.inbox = append(r.inbox, msgs...)
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return len(runs)
}

// AddTSIDMetadata sets the metadata of a series, which every run that puts the series out
// sends before its first point. A new one for a series that is put out already follows
// before its next point. Without metadata none is sent, and the points come all the same:
// so a test may have it come late, with [FakeBackend.AddProgramMessages]. nil takes the
// metadata away.
func (f *FakeBackend) AddTSIDMetadata(tsid idtool.ID, props *messages.MetadataProperties) {
	if props == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.metadata, tsid)
		return
	}
	p := *props
	p.InternalProperties = maps.Clone(p.InternalProperties)
	p.CustomProperties = maps.Clone(p.CustomProperties)
	p.CustomRaw = maps.Clone(p.CustomRaw)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.metadata == nil {
		f.metadata = make(map[idtool.ID]*messages.MetadataProperties)
	}
	f.metadata[tsid] = &p
}

// SetTSIDFloatData sets the value of a series for all batches from now on, as a double.
func (f *FakeBackend) SetTSIDFloatData(tsid idtool.ID, val float64) {
	f.SetTSIDValue(tsid, messages.DoublePayload(tsid, val))
}

// SetTSIDIntData sets the value of a series for all batches from now on, as a long.
func (f *FakeBackend) SetTSIDIntData(tsid idtool.ID, val int64) {
	f.SetTSIDValue(tsid, messages.LongPayload(tsid, val))
}

// SetTSIDNullData has a series come with a null value: there is a point, but its Value is
// nil. To have no point, see [FakeBackend.RemoveTSIDData].
func (f *FakeBackend) SetTSIDNullData(tsid idtool.ID) {
	f.SetTSIDValue(tsid, messages.DataPayload{})
}

// SetTSIDValue sets the value of a series as it is to be on the wire, for example of the
// 32-bit type messages.ValTypeInt. The TSID of the payload does not matter.
func (f *FakeBackend) SetTSIDValue(tsid idtool.ID, val messages.DataPayload) {
	f.SetTSIDFunc(tsid, func(time.Time) messages.DataPayload { return val })
}

// SetTSIDFunc has the values of a series computed from the logical timestamp of the batch.
// Runs of several programs may call value at the same time.
func (f *FakeBackend) SetTSIDFunc(tsid idtool.ID, value func(at time.Time) messages.DataPayload) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.values == nil {
		f.values = make(map[idtool.ID]func(time.Time) messages.DataPayload)
	}
	f.values[tsid] = value
}

// RemoveTSIDData takes the value of a series away: batches have no point for it.
func (f *FakeBackend) RemoveTSIDData(tsid idtool.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.values, tsid)
}

// RunningJobsForProgram returns how many computations of a program run now. A computation
// is in the count when its client reads the first message, and has left it when the client
// reads the last one.
func (f *FakeBackend) RunningJobsForProgram(program string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.program(program).runs)
}

// StartedJobsForProgram returns how many computations of a program have started so far,
// ended ones included and refused ones not.
func (f *FakeBackend) StartedJobsForProgram(program string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.program(program).started
}

// WaitForJob waits until a computation of a program has started, be it over already or
// not. The error is that of the context.
func (f *FakeBackend) WaitForJob(ctx context.Context, program string) error {
	return f.waitFor(ctx, func() error {
		if p := f.program(program); p.started == 0 {
			return fmt.Errorf("no job of program %q has started", program)
		}
		return nil
	})
}

// WaitForRunning waits until exactly n computations of a program run. The error is that of
// the context.
func (f *FakeBackend) WaitForRunning(ctx context.Context, program string, n int) error {
	return f.waitFor(ctx, func() error {
		if have := len(f.program(program).runs); have != n {
			return fmt.Errorf("%d jobs of program %q run, not %d", have, program, n)
		}
		return nil
	})
}

// waitFor looks at each change of the number of jobs whether missing returns nil.
func (f *FakeBackend) waitFor(ctx context.Context, missing func() error) error {
	for {
		f.mu.Lock()
		err := missing()
		if f.changed == nil {
			f.changed = make(chan struct{})
		}
		changed := f.changed
		f.mu.Unlock()
		if err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("fake backend: %w: %w", err, context.Cause(ctx))
		}
	}
}

// FakeRequest is one request that a fake has received.
type FakeRequest struct {
	Connection uint64 // as in FakeConnection; 0 for one over HTTP that is not answered with a stream
	Type       string // "authenticate", "execute", "stop", "detach", …; "" when there was none
	Channel    string // "" over HTTP
	Program    string
	Handle     string
	Reason     string
	Text       json.RawMessage // the whole request without the token, over HTTP as it would be over WebSocket; nil if it was no JSON object
	Err        error           // what was wrong with it, nil for nothing
	SSE        bool            // over HTTP

	Args       map[string]any // programArgs; nil when there were none
	After      time.Time      // what the header Last-Event-ID says; zero when there was none
	IncidentID string
}

// Bounds of the record of requests; the older half goes when one is passed.
const (
	maxFakeRequests = 200_000
	maxFakeTexts    = 64 << 20 // bytes of their texts
)

// Requests returns the requests received so far on all connections, in their order of
// arrival: the newest 100,000 at least, if they are of a usual length.
func (f *FakeBackend) Requests() []FakeRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func (f *FakeBackend) record(c wire.ConnInfo, req *wire.Request, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.requests); n >= maxFakeRequests || n > 0 && f.texts > maxFakeTexts {
		for _, old := range f.requests[:(n+1)/2] {
			f.texts -= len(old.Text)
		}
		f.requests = slices.Clone(f.requests[(n+1)/2:])
	}
	f.texts += len(req.Received)
	f.requests = append(f.requests, FakeRequest{
		Connection: c.ID, Type: req.Type, Channel: req.Channel, Program: req.Program,
		Handle: req.Handle, Reason: req.Reason, Text: req.Received, Err: err, SSE: c.SSE,
		Args: req.Args, After: req.After, IncidentID: req.IncidentID,
	})
}
