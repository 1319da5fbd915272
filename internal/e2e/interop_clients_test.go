package e2e

import (
	"context"
	"errors"
	"log"
	"strings"
	"testing"
	"time"

	peersf "github.com/signalfx/signalflow-client-go/v2/signalflow"
	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// patience bounds every wait of an interop test. The published client alone waits 5 s before
// it connects again, and hangs for good in some of the ways of protocol.md 8.2.
const patience = 30 * time.Second

// fake is what both fakes have in common; AddTSIDMetadata has types of its own in each.
type fake interface {
	Stop()
	URL() string
	SetLogger(*log.Logger)
	AddProgramError(program, errorMsg string)
	AddProgramTSIDs(program string, tsids []idtool.ID)
	SetTSIDFloatData(tsid idtool.ID, val float64)
	RemoveTSIDData(tsid idtool.ID)
	KillExistingConnections()
}

// series is the metadata of a series of an interop test.
type series struct {
	Metric     string
	Resolution int // in milliseconds
	Dimensions map[string]string
}

// job is what an interop test asks for.
type job struct {
	Program     string
	Start, Stop time.Time
	Resolution  time.Duration
}

// batch is a data message.
type batch struct {
	At     time.Time
	Values map[idtool.ID]any
}

// computation is what the computations of both clients have in common.
type computation interface {
	Handle(context.Context) (string, error)
	Resolution(context.Context) (time.Duration, error)
	MatchedSize(context.Context) (int, error)
	LimitSize(context.Context) (int, error)
	Err() error
	StopWithReason(ctx context.Context, reason string) error
	DetachWithReason(ctx context.Context, reason string) error
}

// interopRun is a computation of either client. next and expired return false when the
// channel is closed.
type interopRun struct {
	computation
	next    func() (batch, bool)
	expired func() (string, bool)
	event   func() (properties any, ok bool)
	series  func(idtool.ID) (series, error)
}

// interopClient is either client.
type interopClient struct {
	execute func(job) (*interopRun, error)
	close   func()
	errors  <-chan error // what OnError got, as far as there is room
}

// An interopPair is a client and a server that were not written for each other.
type interopPair struct {
	name       string
	serverOurs bool
	start      func() (server fake, describe func(idtool.ID, series))
	connect    func(t *testing.T, ctx context.Context, url, token string) (*interopClient, error)
}

var interopPairs = []interopPair{
	{"published client on our fake", true, startOurs, connectPublished},
	{"our client on the published fake", false, startPublished, connectOurs},
}

func startOurs() (fake, func(idtool.ID, series)) {
	f := signalflow.NewRunningFakeBackend()
	return f, func(id idtool.ID, s series) {
		f.AddTSIDMetadata(id, &messages.MetadataProperties{Metric: s.Metric, ResolutionMS: s.Resolution, CustomProperties: s.Dimensions})
	}
}

func startPublished() (fake, func(idtool.ID, series)) {
	f := peersf.NewRunningFakeBackend()
	return f, func(id idtool.ID, s series) {
		f.AddTSIDMetadata(id, &peer.MetadataProperties{Metric: s.Metric, ResolutionMS: s.Resolution, CustomProperties: s.Dimensions})
	}
}

func connectOurs(t *testing.T, ctx context.Context, url, token string) (*interopClient, error) {
	onError, errs := keepErrors()
	client, err := signalflow.NewClient(signalflow.StreamURL(url), signalflow.AccessToken(token), signalflow.OnError(onError))
	if err != nil {
		return nil, err
	}
	execute := func(j job) (*interopRun, error) {
		comp, err := client.Execute(ctx, &signalflow.ExecuteRequest{Program: j.Program, Start: j.Start, Stop: j.Stop, Resolution: j.Resolution})
		if err != nil {
			return nil, err
		}
		return &interopRun{
			computation: comp,
			next: func() (b batch, ok bool) {
				m, ok := receive(t, ctx, comp.Data())
				if ok {
					b = batch{m.Timestamp(), map[idtool.ID]any{}}
					for _, p := range m.Payloads {
						b.Values[p.TSID] = p.Value()
					}
				}
				return b, ok
			},
			expired: func() (id string, ok bool) {
				m, ok := receive(t, ctx, comp.Expirations())
				if ok {
					id = m.TSID
				}
				return id, ok
			},
			event: func() (properties any, ok bool) {
				m, ok := receive(t, ctx, comp.Events())
				if ok {
					properties = m.RawData()["properties"]
				}
				return properties, ok
			},
			series: func(id idtool.ID) (series, error) {
				p, err := comp.TSIDMetadata(ctx, id)
				if err != nil {
					return series{}, err
				}
				return series{p.Metric, p.ResolutionMS, p.CustomProperties}, nil
			},
		}, nil
	}
	return &interopClient{execute, client.Close, errs}, nil
}

func connectPublished(t *testing.T, ctx context.Context, url, token string) (*interopClient, error) {
	onError, errs := keepErrors()
	client, err := peersf.NewClient(peersf.StreamURL(url), peersf.AccessToken(token), peersf.OnError(onError))
	if err != nil {
		return nil, err
	}
	execute := func(j job) (*interopRun, error) {
		comp, err := client.Execute(ctx, &peersf.ExecuteRequest{Program: j.Program, Start: j.Start, Stop: j.Stop, Resolution: j.Resolution})
		if err != nil {
			return nil, err
		}
		return &interopRun{
			computation: comp,
			next: func() (b batch, ok bool) {
				m, ok := receive(t, ctx, comp.Data())
				if ok {
					b = batch{m.Timestamp(), map[idtool.ID]any{}}
					for _, p := range m.Payloads {
						b.Values[p.TSID] = p.Value()
					}
				}
				return b, ok
			},
			expired: func() (id string, ok bool) {
				m, ok := receive(t, ctx, comp.Expirations())
				if ok {
					id = m.TSID
				}
				return id, ok
			},
			event: func() (properties any, ok bool) {
				m, ok := receive(t, ctx, comp.Events())
				if ok {
					properties = m.RawData()["properties"]
				}
				return properties, ok
			},
			series: func(id idtool.ID) (series, error) {
				p, err := comp.TSIDMetadata(ctx, id)
				if err != nil {
					return series{}, err
				}
				return series{p.Metric, p.ResolutionMS, p.CustomProperties}, nil
			},
		}, nil
	}
	return &interopClient{execute, client.Close, errs}, nil
}

// receive takes one message, false when the channel is closed.
func receive[M any](t *testing.T, ctx context.Context, from <-chan M) (m M, ok bool) {
	t.Helper()
	select {
	case m, ok = <-from:
	case <-ctx.Done():
		t.Fatalf("waiting for %T: neither did one come nor was the channel closed: %v", m, ctx.Err())
	}
	return m, ok
}

// keepErrors returns an OnError function and what it was called with. The published client
// calls it in the middle of its work, so that it must not wait.
func keepErrors() (onError func(error), errs <-chan error) {
	kept := make(chan error, 100)
	return func(err error) {
		select {
		case kept <- err:
		default:
		}
	}, kept
}

// interop runs a test with each pair, in parallel: the published client takes its time.
func interop(t *testing.T, test func(t *testing.T, p interopPair, ctx context.Context)) {
	t.Parallel()
	for _, p := range interopPairs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test(t, p, ctx)
		})
	}
}

// dial connects a client that is closed with the test.
func (p interopPair) dial(t *testing.T, ctx context.Context, server fake) *interopClient {
	t.Helper()
	client, err := p.connect(t, ctx, server.URL(), "abcd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.close)
	return client
}

// run executes a program.
func (c *interopClient) run(t *testing.T, j job) *interopRun {
	t.Helper()
	run, err := c.execute(j)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// drain reads the data to its end.
func (r *interopRun) drain() (batches []batch) {
	for {
		b, ok := r.next()
		if !ok {
			return batches
		}
		batches = append(batches, b)
	}
}

// until reads data until one is as wanted.
func (r *interopRun) until(t *testing.T, want func(batch) bool) {
	t.Helper()
	for {
		b, ok := r.next()
		if !ok {
			t.Fatalf("the data ended: %v", r.Err())
		}
		if want(b) {
			return
		}
	}
}

// logged returns a logger, and a channel that is closed at the first line with a text.
func logged(text string) (*log.Logger, <-chan struct{}) {
	w := &lineWatcher{text: text, seen: make(chan struct{})}
	return log.New(w, "", 0), w.seen
}

// lineWatcher is only written to by one Logger, which takes care that calls do not meet.
type lineWatcher struct {
	text string
	seen chan struct{}
	done bool
}

func (w *lineWatcher) Write(line []byte) (int, error) {
	if !w.done && strings.Contains(string(line), w.text) {
		w.done = true
		close(w.seen)
	}
	return len(line), nil
}

// codeAndText is what a *ComputationError of either client says.
func codeAndText(err error) (code int, text string, ok bool) {
	if e := new(signalflow.ComputationError); errors.As(err, &e) {
		return e.Code, e.Message, true
	}
	if e := new(peersf.ComputationError); errors.As(err, &e) {
		return e.Code, e.Message, true
	}
	return 0, "", false
}
