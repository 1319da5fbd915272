package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
)

// serveWith runs a server with some options and a store of some series of m, which have a point a
// second for the last ten minutes.
func serveWith(t *testing.T, hosts int, o Options, w wire.Options) (dial func() *signalflow.Client, close func()) {
	store := memstore.New(memstore.Options{})
	now := time.Now().Truncate(time.Second)
	for i := range hosts {
		s := series.New("m", series.Gauge, series.Label{Name: "host", Value: fmt.Sprint(i)})
		for k := range 600 {
			store.Append(series.Sample{Series: s, Point: series.Point{Time: now.Add(time.Duration(k-600) * time.Second).UnixMilli(), Value: 1}})
		}
	}
	o.Source = store
	streams := wire.NewServer(New(o), w)
	listener := memnet.Listen("test")
	web := &http.Server{Handler: streams}
	var owned sync.WaitGroup
	owned.Go(func() { web.Serve(listener) })
	dial = func() *signalflow.Client {
		c, err := signalflow.NewClient(signalflow.StreamURL("ws://test/v2/signalflow"), signalflow.AccessToken(token),
			signalflow.Dialer(listener.DialContext), signalflow.Proxy(nil), signalflow.QueueSize(1), signalflow.OnOverflow(signalflow.Block))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return dial, func() {
		if err := streams.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
		owned.Wait()
	}
}

// A job whose reader does not read gives its turn to others while it waits.
func TestUnreadJobGivesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, closeServer := serveWith(t, 100, Options{Turns: engine.NewTurns(1)}, wire.Options{MaxQueueBytes: 1 << 14, SlowConsumerAfter: time.Hour})
		defer closeServer()
		past := func() *signalflow.ExecuteRequest {
			return &signalflow.ExecuteRequest{Program: "data('m').publish()", Start: time.Now().Add(-10 * time.Minute), Stop: time.Now().Add(-time.Minute)}
		}
		unread, reading := dial(), dial()
		defer unread.Close()
		defer reading.Close()
		stuck, err := unread.Execute(t.Context(), past())
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c, err := reading.Execute(t.Context(), past())
		if err != nil {
			t.Fatal(err)
		}
		begin, n := time.Now(), 0
		for range c.Data() {
			n++
		}
		if n != 540 || c.Err() != nil || time.Since(begin) > time.Minute {
			t.Errorf("%d messages in %v, %v; want 540 at once", n, time.Since(begin), c.Err())
		}
		n = 0
		for range stuck.Data() { // it was not lost
			n++
		}
		if n != 540 || stuck.Err() != nil {
			t.Errorf("%d messages, %v; want 540", n, stuck.Err())
		}
	})
}

// What needs more than the limits of a job ends with an error that says what to do.
func TestLimitsOfJobs(t *testing.T) {
	for want, o := range map[string]engine.Options{
		"reads 10 series, the limit is 5; select fewer":     {MaxInputs: 5},
		"20 series in all, the limit is 15":                 {MaxDerived: 15},
		"would hold 3840 points, the limit is 100; shorten": {MaxWindowPoints: 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			dial, closeServer := serveWith(t, 10, Options{Jobs: o}, wire.Options{})
			defer closeServer()
			client := dial()
			defer client.Close()
			c, err := client.Execute(t.Context(), &signalflow.ExecuteRequest{
				Program: "data('m').mean(over='1m').publish()", Start: time.Now().Add(-2 * time.Minute), Stop: time.Now().Add(-time.Minute),
			})
			if err != nil {
				t.Fatal(err)
			}
			for range c.Data() {
				t.Error("data of a job beyond its limit")
			}
			var e *signalflow.ComputationError
			if !errors.As(c.Err(), &e) || e.Code != 400 || e.ErrorType != "ANALYTICS_LIMIT_EXCEEDED" || !strings.Contains(e.Message, want) {
				t.Errorf("got %v, want %q", c.Err(), want)
			}
		})
	}
}

// What a program asks for and its slots cannot give is an error that points into the program.
func TestImpossibleShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, closeServer := serveWith(t, 1, Options{}, wire.Options{})
		defer closeServer()
		client := dial()
		defer client.Close()
		c, err := client.Execute(t.Context(), &signalflow.ExecuteRequest{
			Program: "x = 1\ndata('m').timeshift('5s').publish()", Resolution: 10 * time.Second,
			Start: time.Now().Add(-2 * time.Minute), Stop: time.Now().Add(-time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range c.Data() {
			t.Error("data of a job that cannot run")
		}
		var e *signalflow.ComputationError
		if !errors.As(c.Err(), &e) || e.Code != 400 || !strings.Contains(e.Message, "line 2:") || !strings.Contains(e.Message, "is less than a slot") {
			t.Errorf("got %v", c.Err())
		}
	})
}

// The limits of organizations, each counted for itself.
func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{Source: memstore.New(memstore.Options{}), MaxJobs: 2, MaxStarts: 3})
		start := func(org string) error {
			_, err := b.Prepare(t.Context(), wire.Identity{OrgID: org}, &wire.Request{Type: wire.ExecuteRequest, Program: "data('m').publish()"})
			return err
		}
		refused := func(err error, want string) {
			t.Helper()
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != 429 || e.Type != wire.TypeTooManyJobs || !strings.Contains(e.Message, want) {
				t.Errorf("got %v, want 429 with %q", err, want)
			}
		}
		accepted := func(err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		accepted(start("a"))
		accepted(start("a"))
		refused(start("a"), "2 programs of the organization are running, which is the limit; stop some")
		accepted(start("b"))
		b.jobs.leave("a")
		accepted(start("a"))
		b.jobs.leave("a")
		refused(start("a"), "3 programs of the organization were started within this minute")
		time.Sleep(time.Minute) // of the bubble's clock
		accepted(start("a"))
		b.jobs.leave("b")
		accepted(start("c"))
		if len(b.jobs.orgs) != 2 { // b is forgotten
			t.Errorf("%d organizations are kept", len(b.jobs.orgs))
		}
		if _, err := b.Prepare(t.Context(), wire.Identity{OrgID: "d"}, &wire.Request{Program: "dta('m')"}); err == nil || b.jobs.orgs["d"] != nil {
			t.Error("a program that does not compile counts")
		}
	})
}

// The number of running jobs falls however a job ends.
func TestJobsAreCountedUntilTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{Source: memstore.New(memstore.Options{}), MaxJobs: 1})
		streams := wire.NewServer(b, wire.Options{})
		listener := memnet.Listen("test")
		web := &http.Server{Handler: streams}
		var owned sync.WaitGroup
		owned.Go(func() { web.Serve(listener) })
		client, err := signalflow.NewClient(signalflow.StreamURL("ws://test/v2/signalflow"), signalflow.AccessToken(token), signalflow.Dialer(listener.DialContext), signalflow.Proxy(nil))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			c, err := client.Execute(t.Context(), &signalflow.ExecuteRequest{Program: "data('m').publish()"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Handle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			for range c.Data() {
			}
			synctest.Wait()
		}
		client.Close()
		streams.Close()
		web.Close()
		owned.Wait()
		if n := b.jobs.orgs[""].running; n != 0 {
			t.Errorf("%d jobs are counted as running", n)
		}
	})
}

// What a request says goes to the engine, and so does what only the server decides.
func TestOptionsOfJobs(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{}), Jobs: engine.Options{MaxSeries: 7, Inactivity: time.Hour, MinDelay: 2 * time.Second}})
	for asked, want := range map[time.Duration]time.Duration{0: 2 * time.Second, 5 * time.Second: 5 * time.Second} {
		prepared, err := b.Prepare(context.Background(), wire.Identity{}, &wire.Request{
			Program: "data('m').publish()", MinDelay: asked, MaxDelay: 9 * time.Second, Resolution: time.Minute, Immediate: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		o := prepared.(*computation).options
		if o.MinDelay != want || o.MaxDelay != 9*time.Second || o.Resolution != time.Minute || !o.Immediate || o.MaxSeries != 7 || o.Inactivity != time.Hour || o.Turn == nil {
			t.Errorf("%+v", o)
		}
	}
}
