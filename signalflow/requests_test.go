package signalflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Every option reaches the server, in the form of each transport.
func TestOptionsReachTheServer(t *testing.T) {
	start, stop := time.UnixMilli(900_000_000_000), time.UnixMilli(900_000_060_000)
	fields := func(more map[string]any) map[string]any {
		all := map[string]any{"type": "execute", "program": "p", "start": start.UnixMilli(), "stop": stop.UnixMilli()}
		maps.Copy(all, more)
		return all
	}
	for name, test := range map[string]struct {
		options Options
		want    map[string]any
	}{
		"none":              {Options{}, fields(nil)},
		"resolution":        {Options{Resolution: 1500 * time.Microsecond}, fields(map[string]any{"resolution": 2})},
		"max delay":         {Options{MaxDelay: 15 * time.Minute}, fields(map[string]any{"maxDelay": 900_000})},
		"timezone":          {Options{Timezone: "Europe/Oslo"}, fields(map[string]any{"timezone": "Europe/Oslo"})},
		"arguments":         {Options{Args: map[string]any{"w": "10m", "n": 3}}, fields(map[string]any{"programArgs": map[string]any{"w": "10m", "n": 3}})},
		"preflight":         {Options{Preflight: true}, fields(map[string]any{"type": "preflight"})},
		"immediate":         {Options{Request: ExecuteRequest{Immediate: true}}, fields(map[string]any{"immediate": true})},
		"persistent":        {Options{Request: ExecuteRequest{Persistent: true}}, fields(map[string]any{"persistent": true})},
		"derived metadata":  {Options{Request: ExecuteRequest{WithDerivedMetadata: true}}, fields(map[string]any{"withDerivedMetadata": true})},
		"adjustable":        {Options{Request: ExecuteRequest{ResolutionAdjustable: true}}, fields(map[string]any{"resolutionAdjustable": true})},
		"no publishes":      {Options{Request: ExecuteRequest{DisableAllMetricPublishes: true}}, fields(map[string]any{"disableAllMetricPublishes": true})},
		"offset":            {Options{Request: ExecuteRequest{OffsetByMaxDelay: true}}, fields(map[string]any{"offsetByMaxDelay": true})},
		"detector UI":       {Options{Request: ExecuteRequest{UsedByDetectorUI: true}}, fields(map[string]any{"usedByDetectorUI": true})},
		"cache":             {Options{Request: ExecuteRequest{UseCache: true}}, fields(map[string]any{"useCache": true})},
		"extra":             {Options{Request: ExecuteRequest{Extra: map[string]any{"range": 5, "new": "x"}}}, fields(map[string]any{"range": 5, "new": "x"})},
		"request's own":     {Options{Request: ExecuteRequest{ResolutionMs: 7000, MaxDelayMs: 5, Timezone: "UTC", Args: map[string]any{"a": 1}}}, fields(map[string]any{"resolution": 7000, "maxDelay": 5, "timezone": "UTC", "programArgs": map[string]any{"a": 1}})},
		"option wins":       {Options{Resolution: time.Second, Request: ExecuteRequest{Resolution: time.Minute, ResolutionMs: 7000}}, fields(map[string]any{"resolution": 1000})},
		"not the channel":   {Options{Request: ExecuteRequest{Channel: "mine", Program: "other"}}, fields(nil)},
		"what an API calls": {Options{Request: ExecuteRequest{Program: "other", StopMs: 9, StartMs: 8}}, fields(nil)},
	} {
		for transport, choose := range transports {
			inFake(t, func(t *testing.T, f *FakeBackend, _ *Client) {
				c, err := f.NewClient(choose...)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				o := test.options
				o.Start, o.Stop = start, stop
				if _, err := c.Query(t.Context(), "p", o); err != nil {
					t.Fatalf("%s, %s: %v", name, transport, err)
				}
				sent := 0
				for _, r := range f.Requests() {
					if r.Type != "execute" && r.Type != "preflight" {
						continue
					}
					sent++
					var got map[string]any
					if err := json.Unmarshal(r.Text, &got); err != nil {
						t.Fatal(err)
					}
					delete(got, "channel")
					if got, want := flatten(got), flatten(test.want); got != want {
						t.Errorf("%s, %s:\n got %s\nwant %s", name, transport, got, want)
					}
				}
				if sent != 1 {
					t.Errorf("%s, %s: %d requests", name, transport, sent)
				}
			})
		}
	}
}

// flatten writes fields in order; over HTTP a number is a text.
func flatten(fields map[string]any) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v := fields[name]
		if f, ok := v.(float64); ok {
			v = int64(f)
		}
		if object, ok := v.(map[string]any); ok {
			v = "{" + flatten(object) + "}"
		}
		out = append(out, fmt.Sprintf("%s=%v", name, v))
	}
	return strings.Join(out, " ")
}

// Without a range a query is over the last 15 minutes, and over at once.
func TestRangeOfAQuery(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		now := time.Now()
		for _, test := range []struct {
			options     Options
			start, stop time.Time
		}{
			{Options{}, now.Add(-15 * time.Minute), now},
			{Options{Start: now.Add(-time.Hour)}, now.Add(-time.Hour), now},
			{Options{Request: ExecuteRequest{StartMs: now.Add(-time.Hour).UnixMilli()}}, now.Add(-time.Hour), now},
			{Options{Stop: now.Add(-time.Minute)}, now.Add(-15 * time.Minute), now.Add(-time.Minute)},
		} {
			r, err := c.Query(t.Context(), "p", test.options)
			if err != nil || !r.First.Equal(test.start.Truncate(time.Millisecond)) || !r.Last.Equal(test.stop) {
				t.Errorf("%+v: %v to %v, %v", test.options, r.First, r.Last, err)
			}
		}
		if took := time.Since(now); took > 0 {
			t.Errorf("queries of the past took %v", took)
		}
	})
}

// resultOf is what a query makes of messages.
func resultOf(t *testing.T, msgs ...messages.Message) (r *Result) {
	t.Helper()
	r = newResult(math.MaxInt)
	tapStream(t, Options{MetadataWait: time.Millisecond}, func(s *tapped) {
		for _, m := range msgs {
			if m == nil {
				s.again()
				continue
			}
			s.send(m)
			pass(time.Second)
		}
		s.runEnded(s.run, nil)
		for it, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			if err := r.take(it); err != nil {
				t.Fatal(err)
			}
		}
		r.finish(s.Stream)
	})
	return r
}

// pointsText writes the points of a result, a series to a line.
func pointsText(r *Result) string {
	var lines []string
	for _, s := range r.Series {
		line := s.Name() + ":"
		for _, p := range s.Points {
			line += fmt.Sprintf(" %d=%v", p.Time.UnixMilli(), p.Value)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

// published is metadata as of a computed output: all that tells two of them apart is the
// number in the name.
func published(id idtool.ID, handle string, number int) messages.Message {
	return messages.NewMetadata(id, &messages.MetadataProperties{
		Metric:            fmt.Sprintf("_SF_COMP_%s_%02d-PUBLISH_METRIC", handle, number),
		OriginatingMetric: "cpu",
		CustomProperties:  map[string]string{"computationId": handle},
	})
}

// Which points belong to one series, over what may happen to it.
func TestSeriesOfAResult(t *testing.T) {
	for name, test := range map[string]struct {
		in   []messages.Message // nil: the connection is lost
		want string
	}{
		"in order": {[]messages.Message{meta(2, "b"), meta(1, "a"), pointsAt(1000, 2, 2, 1, 1), pointsAt(2000, 1, 1)}, "a: 1000=1 2000=1; b: 1000=2"},
		"resumed with the same ids": {[]messages.Message{meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Second), nil, meta(1, "a"), pointsAt(2000, 1, 2)},
			"a: 1000=1 2000=2"},
		"resumed with other ids": {[]messages.Message{meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1, 2, 1), resolutionInfo(1000, time.Second), nil, meta(1, "b"), meta(2, "a"), pointsAt(2000, 1, 2, 2, 3)},
			"a: 1000=1 2000=3; b: 1000=1 2000=2"},
		"the same name twice": {[]messages.Message{meta(1, "a"), meta(2, "a"), pointsAt(1000, 1, 1, 2, 2), pointsAt(2000, 1, 1, 2, 2)},
			"a: 1000=1 2000=1; a: 1000=2 2000=2"},
		"the same name twice, resumed": {[]messages.Message{meta(1, "a"), meta(2, "a"), pointsAt(1000, 1, 1, 2, 2), resolutionInfo(1000, time.Second), nil, meta(3, "a"), meta(4, "a"), pointsAt(2000, 3, 1, 4, 2)},
			"a: 1000=1 2000=1; a: 1000=2 2000=2"},
		"two publishes without a label": {[]messages.Message{published(1, "h1", 1), published(2, "h1", 2), pointsAt(1000, 1, 1, 2, 2), resolutionInfo(1000, time.Second), nil, published(8, "h2", 2), published(9, "h2", 1), pointsAt(2000, 8, 2, 9, 1)},
			"cpu: 1000=1 2000=1; cpu: 1000=2 2000=2"},
		"metadata that comes too late": {[]messages.Message{pointsAt(1000, 1, 1), resolutionInfo(1000, time.Second), meta(1, "a"), pointsAt(2000, 1, 2)},
			"a: 1000=1 2000=2"},
		"metadata that is replaced": {[]messages.Message{meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Second), meta(1, "b"), pointsAt(2000, 1, 2)},
			"b: 1000=1 2000=2"},
		"late data":        {[]messages.Message{meta(1, "a"), pointsAt(1000, 1, 1), pointsAt(3000, 1, 3), pointsAt(2000, 1, 2), pointsAt(4000, 1, 4), pointsAt(3500, 1, 5)}, "a: 1000=1 2000=2 3000=3 3500=5 4000=4"},
		"expired, returns": {[]messages.Message{meta(1, "a"), pointsAt(1000, 1, 1), messages.NewExpired(1), pointsAt(2000), meta(1, "a"), pointsAt(3000, 1, 3)}, "a: 1000=1 3000=3"},
	} {
		r := resultOf(t, test.in...)
		if got := pointsText(r); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
		if r.First.UnixMilli() != 1000 || name == "late data" && r.Last.UnixMilli() != 4000 {
			t.Errorf("%s: %v to %v", name, r.First, r.Last)
		}
	}
}

func TestQueryOfEventsOnly(t *testing.T) {
	back := func() *runBackend {
		return &runBackend{play: func(n int, ctx context.Context, out *wire.Output, _ *wire.Request) error {
			for i := range int64(20) {
				out.Send(messages.NewEvent(9, 1000+i, nil, map[string]any{"n": i}))
			}
			return nil
		}}
	}
	onRuns(t, back, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		r, err := c.Query(t.Context(), "p", Options{})
		if err != nil || len(r.Events) != 20 || len(r.Series) != 0 || !errors.Is(r.NoData(), ErrNoData) {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err := c.Query(t.Context(), "p", Options{MaxPoints: 10}); !errors.Is(err, ErrTooManyPoints) || len(r.Events) > 10 {
			t.Errorf("%d events, %v", len(r.Events), err)
		}
	})
}

func TestMaxPoints(t *testing.T) {
	onRuns(t, burst(50, false), func(t *testing.T, b *runBackend, g *gate, c *Client) {
		for most, ok := range map[int]bool{49: false, 50: true} {
			r, err := c.Query(t.Context(), "p", Options{MaxPoints: most, Start: time.UnixMilli(1000)})
			if ok != (err == nil) || !ok && !errors.Is(err, ErrTooManyPoints) || len(r.Series[0].Points) != most {
				t.Errorf("at most %d: %d points, %v", most, len(r.Series[0].Points), err)
			}
		}
	})
}

// A query over a connection that breaks is that over one that does not.
func TestQueryOverBrokenConnections(t *testing.T) {
	start, stop := time.UnixMilli(900_000_000_000), time.UnixMilli(900_000_050_000)
	var whole string
	for cuts := range 4 {
		back := func() *runBackend {
			steps := &stepBackend{resolution: time.Second, publishes: 2, series: 3, pause: 10 * time.Millisecond}
			return &runBackend{play: func(n int, ctx context.Context, out *wire.Output, req *wire.Request) error {
				run := &stepRun{stepBackend: steps, req: req, base: int64(n) << 32}
				return run.Run(ctx, out)
			}}
		}
		onRuns(t, back, func(t *testing.T, b *runBackend, g *gate, c *Client) {
			var cutter sync.WaitGroup
			defer cutter.Wait()
			cutter.Go(func() {
				for range cuts {
					pass(300 * time.Millisecond) // all of it takes 1.02 s
					g.set(false)
					g.set(true)
				}
			})
			r, err := c.Query(t.Context(), "p", Options{Start: start, Stop: stop})
			if err != nil || len(r.Series) != 6 {
				t.Fatalf("%v, %v", r, err)
			}
			if got := pointsText(r); whole == "" {
				whole = got
			} else if got != whole {
				t.Errorf("%d cuts:\n got %s\nwant %s", cuts, got, whole)
			}
		})
	}
}
