package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
)

const token = "s3cr3t"

// service is a backend over a store of two hosts, whose cpu is 10 and 20 and whose points
// come once a second, served to a client in memory.
type service struct {
	client *signalflow.Client
	wire   *wire.Server
	store  *memstore.Store
}

// inService runs a test with a service in a bubble, where time passes at once.
func inService(t *testing.T, test func(t *testing.T, s *service)) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		backend := New(Options{Source: store, Authenticate: func(_ context.Context, got string) (wire.Identity, error) {
			if got != token {
				return wire.Identity{}, errors.New("another token")
			}
			return wire.Identity{OrgID: "GzOrgAAAAAA"}, nil
		}})
		s := &service{store: store, wire: wire.NewServer(backend, wire.Options{})}
		listener := memnet.Listen("test")
		web := &http.Server{Handler: s.wire}
		running, cancel := context.WithCancel(context.Background())
		var owned sync.WaitGroup
		owned.Go(func() { web.Serve(listener) })
		owned.Go(func() { feed(running, store) })
		s.client = s.dial(t, listener, token)
		test(t, s)
		s.client.Close()
		if err := s.wire.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
		cancel()
		owned.Wait()
	})
}

func (s *service) dial(t *testing.T, l *memnet.Listener, token string) *signalflow.Client {
	t.Helper()
	c, err := signalflow.NewClient(signalflow.StreamURL("ws://test/v2/signalflow"), signalflow.AccessToken(token),
		signalflow.Dialer(l.DialContext), signalflow.Proxy(nil))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// feed appends a minute of history, then a point a second.
func feed(ctx context.Context, store *memstore.Store) {
	hosts := []*series.Series{
		series.New("cpu.utilization", series.Gauge, series.Label{Name: "host", Value: "a"}),
		series.New("cpu.utilization", series.Gauge, series.Label{Name: "host", Value: "b"}),
	}
	append1 := func(at time.Time) {
		for i, h := range hosts {
			store.Append(series.Sample{Series: h, Point: series.Point{Time: at.UnixMilli(), Value: float64(10 * (i + 1))}})
		}
	}
	start := time.Now().Truncate(time.Second)
	for i := range 60 {
		append1(start.Add(time.Duration(i-60) * time.Second))
	}
	for at := start; ; at = at.Add(time.Second) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(at)):
			append1(at)
		}
	}
}

func execute(t *testing.T, s *service, req signalflow.ExecuteRequest) *signalflow.Computation {
	t.Helper()
	c, err := s.client.Execute(t.Context(), &req)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestProgramErrorPointsIntoTheProgram(t *testing.T) {
	inService(t, func(t *testing.T, s *service) {
		program := "A = data('cpu.utilization')\nB = A.mean(bi='host')\nB.publish()"
		c := execute(t, s, signalflow.ExecuteRequest{Program: program})
		for range c.Data() {
			t.Error("data of a program that does not compile")
		}
		var e *signalflow.ComputationError
		if !errors.As(c.Err(), &e) {
			t.Fatalf("got %v", c.Err())
		}
		if e.Code != 400 || e.ErrorType != "ANALYTICS_PROGRAM_ARGUMENT_ERROR" || e.Line != 2 || e.Column == 0 ||
			e.Context.ProgramText != program || e.Snippet != "B = A.mean(bi='host')" {
			t.Errorf("got %+v", e)
		}
	})
}

// All mistakes of a program are told at once; the position is that of the first.
func TestProgramErrorsAreToldTogether(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{})})
	_, err := b.Prepare(t.Context(), wire.Identity{}, &wire.Request{Program: "a = dta('m')\nb = data('m') + c\nb.publish()"})
	var e *wire.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(e.Message, "line 1:5: name 'dta'") || !strings.Contains(e.Message, "line 2:17: name 'c'") || e.Context.Line != 1 {
		t.Errorf("got %q at line %d", e.Message, e.Context.Line)
	}
}

func TestPastRangeIsCompleteAndEnds(t *testing.T) {
	inService(t, func(t *testing.T, s *service) {
		synctest.Wait() // the history is there
		stop := time.Now().Truncate(time.Second)
		c := execute(t, s, signalflow.ExecuteRequest{
			Program: "data('cpu.utilization').mean(by='host').publish('cpu')", Start: stop.Add(-10 * time.Second), Stop: stop,
		})
		data, last := 0, uint64(0)
		for m := range c.Data() {
			data++
			if m.TimestampMillis <= last {
				t.Errorf("time goes from %d to %d", last, m.TimestampMillis)
			}
			last = m.TimestampMillis
			for _, p := range m.Payloads {
				properties, err := c.TSIDMetadata(t.Context(), p.TSID)
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]float64{"a": 10, "b": 20}[properties.CustomProperties["host"]]
				if got, ok := p.AsFloat(); !ok || got != want {
					t.Errorf("%v: %v, want %v", properties.CustomProperties, got, want)
				}
			}
		}
		if data != 10 || c.Err() != nil {
			t.Errorf("%d messages, %v; want 10 and a normal end", data, c.Err())
		}
		if r, err := c.Resolution(t.Context()); r != time.Second || err != nil {
			t.Errorf("resolution %v, %v", r, err)
		}
	})
}

func TestMetadata(t *testing.T) {
	inService(t, func(t *testing.T, s *service) {
		c := execute(t, s, signalflow.ExecuteRequest{Program: "data('cpu.utilization').sum(by='host').publish('cpu')"})
		m := <-c.Data()
		for len(m.Payloads) == 0 {
			m = <-c.Data()
		}
		p, err := c.TSIDMetadata(t.Context(), m.Payloads[0].TSID)
		if err != nil {
			t.Fatal(err)
		}
		handle, _ := c.Handle(t.Context())
		if p.Metric != "_SF_COMP_"+handle+"_00-PUBLISH_METRIC" || p.OriginatingMetric != "cpu.utilization" || p.ResolutionMS != 1000 {
			t.Errorf("got %+v", p)
		}
		for name, want := range map[string]any{"sf_streamLabel": "cpu", "sf_type": "MetricTimeSeries", "sf_isPreQuantized": true, "sf_organizationID": "GzOrgAAAAAA"} {
			if got := p.InternalProperties[name]; got != want {
				t.Errorf("%s = %v, want %v", name, got, want)
			}
		}
		if p.CustomProperties["computationId"] != handle {
			t.Errorf("computationId = %q", p.CustomProperties["computationId"])
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range c.Data() {
		}
		if c.Err() != nil {
			t.Errorf("after a stop: %v", c.Err())
		}
	})
}

// Each publish has a data message for every slot, empty ones too, and the first
// information message comes after the first of them (protocol.md 3.1).
func TestTwoPublishesKeepStep(t *testing.T) {
	inService(t, func(t *testing.T, s *service) {
		c := execute(t, s, signalflow.ExecuteRequest{
			Program: "data('cpu.utilization').publish('A')\ndata('nothing').publish('B')",
		})
		perTime := map[uint64]int{}
		for m := range c.Data() {
			perTime[m.TimestampMillis]++
			if len(perTime) > 5 {
				break
			}
		}
		c.Detach(t.Context())
		short := 0
		for at, n := range perTime {
			if n != 2 {
				short++
				if n > 2 {
					t.Errorf("%d messages for %d", n, at)
				}
			}
		}
		if short > 1 { // the one that was being read when the test stopped
			t.Errorf("messages per time: %v", perTime)
		}
		if query, err := c.MatchedNoTimeseriesQuery(t.Context()); err == nil && query != "data('nothing')" {
			t.Errorf("query %q", query)
		}
	})
}

func TestAuthenticate(t *testing.T) {
	var open Backend
	if _, err := open.Authenticate(t.Context(), "whatever"); err != nil {
		t.Errorf("a backend without tokens refuses: %v", err)
	}
}

func TestPrepareKnowsTimeZones(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{})})
	req := &wire.Request{Program: "data('m').publish()", Timezone: "Europe/Oslo"}
	prepared, err := b.Prepare(t.Context(), wire.Identity{}, req)
	if err != nil {
		t.Fatal(err)
	}
	if zone := prepared.(*computation).options.Timezone; zone.String() != "Europe/Oslo" {
		t.Errorf("zone %v", zone)
	}
	req.Timezone = "Nowhere/Land"
	if _, err := b.Prepare(t.Context(), wire.Identity{}, req); err == nil {
		t.Error("a zone that does not exist is accepted")
	}
}
