package signalflow

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// stepBackend computes the same for the same timestamp in every run: so a stream that was
// begun anew can be compared with one that was not disturbed.
type stepBackend struct {
	resolution time.Duration
	publishes  int
	series     int           // of each publish
	eventEvery int           // steps between two changes of state; 0 for no events
	exclusive  bool          // the start does not belong to the range
	newIDs     bool          // ids differ from run to run
	live       bool          // steps come when their time has come
	pause      time.Duration // between two messages of a step

	mu   sync.Mutex
	runs int
}

func (b *stepBackend) Authenticate(context.Context, string) (wire.Identity, error) {
	return wire.Identity{OrgID: "org"}, nil
}

func (b *stepBackend) Prepare(_ context.Context, _ wire.Identity, req *wire.Request) (wire.Computation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs++
	r := &stepRun{stepBackend: b, req: req}
	if b.newIDs {
		r.base = int64(b.runs) << 32
	}
	return r, nil
}

type stepRun struct {
	*stepBackend
	req  *wire.Request
	base int64
}

func (r *stepRun) id(publish, series int) idtool.ID {
	return idtool.ID(r.base + int64(publish*1000+series+1))
}

func (r *stepRun) Run(ctx context.Context, out *wire.Output) error {
	now := time.Now()
	start, stop := r.req.Range(now)
	if start.IsZero() {
		start = now
	}
	first := start.Truncate(r.resolution)
	if first.Before(start) || r.exclusive {
		first = first.Add(r.resolution)
	}
	for p := range r.publishes {
		for s := range r.series {
			out.Send(messages.NewMetadata(r.id(p, s), stepMetadata(out.Handle(), p, s)))
		}
	}
	if r.eventEvery > 0 {
		out.Send(messages.NewMetadata(r.id(9, 9), &messages.MetadataProperties{
			InternalProperties: map[string]any{"sf_type": "EventTimeSeries", "sf_originatingEventType": "too much", "sf_eventType": "_SF_COMP_" + out.Handle()},
			CustomProperties:   map[string]string{"computationId": out.Handle()},
		}))
	}
	firing := false
	for at := first; stop.IsZero() || !at.After(stop); at = at.Add(r.resolution) {
		if wait := time.Until(at.Add(r.resolution)); r.live && wait > 0 && !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
		if err := r.step(out, at, at.Equal(first), &firing); err != nil {
			return err
		}
	}
	return nil
}

func (r *stepRun) step(out *wire.Output, at time.Time, first bool, firing *bool) error {
	ms := at.UnixMilli()
	for p := range r.publishes {
		var points []messages.DataPayload
		for s := range r.series {
			if v, ok := stepValue(ms, p, s); ok {
				points = append(points, messages.LongPayload(r.id(p, s), v))
			}
		}
		if err := out.Send(messages.NewData(ms, points)); err != nil {
			return err
		}
		if r.pause > 0 {
			time.Sleep(r.pause)
		}
	}
	if first {
		out.Send(messages.NewInfo(messages.JobRunningResolution, "INFO", ms, map[string]any{"resolutionMs": r.resolution.Milliseconds()}))
	}
	if r.eventEvery > 0 {
		if want := r.fires(ms); want != *firing {
			*firing = want
			state := map[bool]string{true: "anomalous", false: "ok"}
			return out.Send(messages.NewEvent(r.id(9, 9), ms, nil, map[string]any{"is": state[want], "was": state[!want]}))
		}
	}
	return nil
}

// fires is the state of the detector at a time.
func (b *stepBackend) fires(ms int64) bool {
	return ms/b.resolution.Milliseconds()/int64(b.eventEvery)%2 == 1
}

// stepValue is the value of a series at a time; some have none.
func stepValue(ms int64, publish, series int) (int64, bool) {
	x := uint64(ms)*2654435761 + uint64(publish*31+series)*40503
	x ^= x >> 13
	return int64(x % 1000), x%7 != 0
}

func stepMetadata(handle string, publish, series int) *messages.MetadataProperties {
	return &messages.MetadataProperties{
		Metric:            fmt.Sprintf("_SF_COMP_%s_%02d-PUBLISH_METRIC", handle, publish),
		OriginatingMetric: "m",
		InternalProperties: map[string]any{
			"sf_streamLabel": fmt.Sprint("P", publish), "sf_key": []any{"host", "computationId"}, "sf_type": "MetricTimeSeries",
		},
		CustomProperties: map[string]string{"host": fmt.Sprint("h", series), "computationId": handle},
	}
}

// cuttable is a network whose connections break after so many bytes, in the middle of a frame
// if it happens so.
type cuttable struct {
	listener *memnet.Listener
	server   *wire.Server
	rand     *rand.Rand
	most     int // bytes until a cut

	mu   sync.Mutex
	cuts int
	left int // cuts to go
}

func (n *cuttable) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := n.listener.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c := &cutConn{Conn: conn, net: n, room: -1}
	if n.left > 0 {
		n.left--
		c.room = n.rand.IntN(n.most)
	}
	return c, nil
}

type cutConn struct {
	net.Conn
	net  *cuttable
	room int // bytes until the cut, -1 for none
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.room == 0 {
		c.net.mu.Lock()
		c.net.cuts++
		c.net.mu.Unlock()
		c.room = -2
		c.Conn.Close()
	}
	if c.room == -2 {
		return 0, net.ErrClosed
	}
	if c.room > 0 {
		p = p[:min(len(p), c.room)]
	}
	n, err := c.Conn.Read(p)
	if c.room > 0 {
		c.room -= n
	}
	return n, err
}

// serveSteps serves a backend on an in-memory network, for the rest of the test.
func serveSteps(t *testing.T, b wire.Backend) *cuttable {
	t.Helper()
	listener := memnet.Listen("steps")
	server := wire.NewServer(b, wire.Options{})
	web := &http.Server{Handler: server}
	served := make(chan struct{})
	go func() {
		defer close(served)
		web.Serve(listener)
	}()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
		<-served
	})
	return &cuttable{listener: listener, server: server}
}

// client returns a client of the network, closed at the end of the test.
func (n *cuttable) client(t *testing.T, options ...ClientParam) *Client {
	t.Helper()
	c, err := NewClient(append([]ClientParam{StreamURL("ws://steps/v2/signalflow"), AccessToken("t"), Dialer(n.dial), Proxy(nil)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
