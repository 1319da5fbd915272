package signalflow

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// fakeHost is the wire.Backend of a FakeBackend, kept apart so that its methods are not
// part of the public type.
type fakeHost struct{ f *FakeBackend }

func (h fakeHost) Authenticate(_ context.Context, token string) (wire.Identity, error) {
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	if h.f.AccessToken != "" && token != h.f.AccessToken {
		return wire.Identity{}, errors.New("not the token of this fake backend")
	}
	return wire.Identity{OrgID: "FakeOrgAAAA", UserID: "FakeUserAAA"}, nil
}

func (h fakeHost) Prepare(_ context.Context, _ wire.Identity, req *wire.Request) (wire.Computation, error) {
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	if e := h.f.program(programOf(req)).refusal; e != nil {
		place := &e.Context
		if *place == (messages.ErrorContext{}) {
			place = nil
		}
		return nil, &wire.Error{Code: e.Error, Type: e.ErrorType, Message: e.Message, Context: place}
	}
	r := newFakeRun(h.f, req)
	h.f.enter(r) // before the client can see that it starts; Run leaves
	return r, nil
}

// programOf returns the key of what the fake was told about a request.
func programOf(req *wire.Request) string {
	if req.Type == wire.ExplainRequest {
		return req.IncidentID
	}
	return req.Program
}

// fakeRun is one computation of a FakeBackend.
type fakeRun struct {
	backend    *FakeBackend
	req        *wire.Request
	program    string
	clock      *FakeClock // nil is the real one
	start      time.Time
	stop       time.Time // zero for a run without end
	resolution time.Duration
	out        *wire.Output
	last       time.Time // logical time of the last batch, start before the first
	sent       map[idtool.ID]*messages.MetadataProperties
	expired    map[idtool.ID]bool

	wake  chan struct{}      // there is something in the inbox
	inbox []messages.Message // guarded by backend.mu
}

// newFakeRun reads what a request asks for. Callers hold mu.
func newFakeRun(f *FakeBackend, req *wire.Request) *fakeRun {
	r := &fakeRun{
		backend: f, req: req, program: programOf(req), clock: f.clock,
		sent:    make(map[idtool.ID]*messages.MetadataProperties),
		expired: make(map[idtool.ID]bool),
		wake:    make(chan struct{}, 1),
	}
	now := r.now()
	r.start, r.stop = req.Range(now)
	switch {
	case req.Start.Ms > 0: // also of a resumed run, which so has the same batches; the server drops the first ones
		r.start = time.UnixMilli(req.Start.Ms)
	case r.start.IsZero():
		r.start = now
	}
	r.last = r.start
	if req.Immediate && (r.stop.IsZero() || r.stop.After(now)) {
		r.stop = now
	}
	r.resolution = req.Resolution
	if r.resolution == 0 {
		r.resolution = f.coarsest(r.program)
	}
	return r
}

// coarsest returns the coarsest resolution that the metadata of a program's series name, or
// 1 s. Callers hold mu.
func (f *FakeBackend) coarsest(program string) time.Duration {
	ms := 0
	for _, id := range f.program(program).tsids {
		if p := f.metadata[id]; p != nil {
			ms = max(ms, p.ResolutionMS)
		}
	}
	if ms == 0 {
		return time.Second
	}
	return time.Duration(ms) * time.Millisecond
}

// errFakeOver ends a run after a terminal message that a test has asked for.
var errFakeOver = errors.New("the run is over")

// Run implements wire.Computation.
func (r *fakeRun) Run(ctx context.Context, out *wire.Output) (err error) {
	r.out = out
	defer r.backend.leave(r)
	defer func() { // of a value function, which its author wants to hear about
		if p := recover(); p != nil {
			r.backend.logf("panic in program %s: %v\n%s", r.program, p, debug.Stack())
			err = fmt.Errorf("panic in a run of the fake backend: %v", p)
		}
	}()
	// Programs in the wild look for this line, as the published fake writes it.
	r.backend.logf("Executing SignalFlow program %s: channel %s, handle %s, series %v", r.program, r.req.Channel, out.Handle(), r.tsids())
	err = r.steps(ctx)
	if err == nil {
		r.backend.leave(r) // Send puts nothing in any more
		err = r.sendInbox()
	}
	if errors.Is(err, errFakeOver) {
		return nil
	}
	return err
}

func (r *fakeRun) steps(ctx context.Context) error {
	if err := r.describe(r.tsids()); err != nil {
		return err
	}
	if err := r.scripted(0, r.start); err != nil {
		return err
	}
	at := r.start
	for n := 1; r.stop.IsZero() || !at.After(r.stop); n++ {
		if err := r.waitUntil(ctx, at); err != nil {
			return err
		}
		if err := r.batch(at); err != nil {
			return err
		}
		r.last = at
		if n == 1 {
			if err := r.inform(at); err != nil {
				return err
			}
		}
		if err := r.scripted(n, at); err != nil {
			return err
		}
		at = at.Add(r.resolution)
	}
	return r.waitUntil(ctx, r.stop)
}

// waitUntil passes on what Send has put in until the clock has come to a time.
func (r *fakeRun) waitUntil(ctx context.Context, at time.Time) error {
	for {
		if err := r.sendInbox(); err != nil {
			return err
		}
		due, cancel := r.due(at)
		if due == nil {
			return nil
		}
		select {
		case <-due:
		case <-r.wake:
		case <-ctx.Done():
			cancel()
			return context.Cause(ctx)
		}
		cancel()
	}
}

// due returns a channel that tells when to look at the clock again, nil if it is time.
func (r *fakeRun) due(at time.Time) (<-chan struct{}, func()) {
	if r.clock != nil {
		moved := r.clock.moves()
		if !r.clock.Now().Before(at) {
			return nil, nil
		}
		return moved, func() {}
	}
	left := time.Until(at)
	if left <= 0 {
		return nil, nil
	}
	over := make(chan struct{})
	timer := time.AfterFunc(left, func() { close(over) })
	return over, func() { timer.Stop() }
}

// batch sends the data message of one logical timestamp, empty if no series has a value.
func (r *fakeRun) batch(at time.Time) error {
	tsids := r.tsids()
	if err := r.describe(tsids); err != nil {
		return err
	}
	points := make([]messages.DataPayload, 0, len(tsids))
	asIs := false // has a type that the codec of a server avoids
	for _, id := range tsids {
		value := r.backend.value(id)
		if value == nil || r.expired[id] {
			continue
		}
		p := value(at)
		p.TSID = id
		asIs = asIs || p.Type == messages.ValTypeNull || p.Type == messages.ValTypeInt
		points = append(points, p)
	}
	if asIs {
		return r.out.SendFrame(messages.NewData(at.UnixMilli(), points), &wire.RawForm{
			Frame: func(channel string) []byte { return fakeDataFrame(channel, at.UnixMilli(), points) },
			Event: func() []byte { return fakeDataEvent(at.UnixMilli(), points) },
		})
	}
	return r.out.Send(messages.NewData(at.UnixMilli(), points))
}

// describe sends the metadata of series for which it is new.
func (r *fakeRun) describe(tsids []idtool.ID) error {
	for _, id := range tsids {
		props := r.backend.properties(id)
		if props == nil || r.sent[id] == props {
			continue
		}
		r.sent[id] = props
		if err := r.send(messages.NewMetadata(id, props), r.start); err != nil {
			return err
		}
	}
	return nil
}

// inform sends the information that every run has, after its first batch.
func (r *fakeRun) inform(at time.Time) error {
	ms := at.UnixMilli()
	resolution := map[string]any{"resolutionMs": r.resolution.Milliseconds()}
	if err := r.out.Send(messages.NewInfo(messages.JobRunningResolution, "INFO", ms, resolution)); err != nil {
		return err
	}
	if r.req.MaxDelay == 0 {
		return nil
	}
	maxDelay := map[string]any{"maxDelayMs": r.req.MaxDelay.Milliseconds()}
	return r.out.Send(messages.NewInfo(messages.JobInitialMaxDelay, "INFO", ms, maxDelay))
}

// scripted sends what the test has planned after n batches.
func (r *fakeRun) scripted(n int, at time.Time) error {
	r.backend.mu.Lock()
	msgs := r.backend.program(r.program).script[n]
	r.backend.mu.Unlock()
	for _, m := range msgs {
		if err := r.send(m, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *fakeRun) sendInbox() error {
	r.backend.mu.Lock()
	msgs := r.inbox
	r.inbox = nil
	r.backend.mu.Unlock()
	for _, m := range msgs {
		if err := r.send(m, r.last); err != nil {
			return err
		}
	}
	return nil
}

// send sends a message of a test. After an expiry there are no points of the series until
// there is metadata again (protocol.md 3.1 e).
func (r *fakeRun) send(m messages.Message, at time.Time) error {
	switch m := m.(type) {
	case *messages.ExpiredTSIDMessage:
		id, err := messages.ParseTSID(m.TSID)
		if err != nil {
			return err
		}
		r.expired[id] = true
	case *messages.MetadataMessage:
		delete(r.expired, m.TSID)
	}
	if !wire.Terminal(m) {
		return r.out.Send(fakeStamp(m, r.now(), at))
	}
	r.backend.leave(r) // before the client can see the end
	if err := r.out.Send(fakeStamp(m, r.now(), at)); err != nil {
		return err
	}
	return errFakeOver
}

func (r *fakeRun) now() time.Time {
	if r.clock != nil {
		return r.clock.Now()
	}
	return time.Now()
}

func (r *fakeRun) tsids() []idtool.ID {
	r.backend.mu.Lock()
	defer r.backend.mu.Unlock()
	return r.backend.program(r.program).tsids
}

func (f *FakeBackend) value(id idtool.ID) func(time.Time) messages.DataPayload {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.values[id]
}

func (f *FakeBackend) properties(id idtool.ID) *messages.MetadataProperties {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.metadata[id]
}

// enter counts a run that begins. Callers hold mu.
func (f *FakeBackend) enter(r *fakeRun) {
	p := f.program(r.program)
	p.runs[r] = struct{}{}
	p.started++
	f.jobsChanged()
}

// leave counts a run that ends. A second call does nothing.
func (f *FakeBackend) leave(r *fakeRun) {
	f.mu.Lock()
	defer f.mu.Unlock()
	runs := f.program(r.program).runs
	if _, counted := runs[r]; counted {
		delete(runs, r)
		f.jobsChanged()
	}
}

func (f *FakeBackend) jobsChanged() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}
