package signalflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// rangesOf returns how far back each run of a program looked.
func rangesOf(f *FakeBackend) (back []time.Duration) {
	for _, r := range f.Requests() {
		if r.Type != "execute" {
			continue
		}
		var start, stop int64
		fmt.Sscanf(fieldOf(r.Text, "start"), "%d", &start)
		fmt.Sscanf(fieldOf(r.Text, "stop"), "%d", &stop)
		back = append(back, time.Duration(stop-start)*time.Millisecond)
	}
	return back
}

// Latest looks back no further than it must, nor than it may, and knows the next time.
func TestLatestChoosesItsWindow(t *testing.T) {
	for name, test := range map[string]struct {
		options    Options
		resolution time.Duration // of the series
		age        time.Duration // of the newest value
		maxAge     time.Duration
		want       []time.Duration // ranges of the first call
		next       time.Duration   // of the second
	}{
		"fresh":               {Options{}, time.Second, 0, time.Hour, []time.Duration{time.Minute}, time.Minute},
		"fresh, short age":    {Options{}, time.Second, 0, 10 * time.Second, []time.Duration{10 * time.Second}, 10 * time.Second},
		"old":                 {Options{}, time.Second, 10 * time.Minute, time.Hour, []time.Duration{time.Minute, 4 * time.Minute, 16 * time.Minute}, 16 * time.Minute},
		"too old":             {Options{}, time.Second, 10 * time.Minute, 5 * time.Minute, []time.Duration{time.Minute, 4 * time.Minute, 5 * time.Minute}, 0},
		"coarse":              {Options{}, time.Minute, 0, time.Hour, []time.Duration{time.Minute}, 3 * time.Minute},
		"coarse by request":   {Options{Resolution: 10 * time.Minute}, time.Second, 0, time.Hour, []time.Duration{30 * time.Minute}, 30 * time.Minute},
		"a long max delay":    {Options{MaxDelay: 10 * time.Minute}, time.Second, 0, time.Hour, []time.Duration{time.Minute}, 10*time.Minute + 3*time.Second},
		"the caller's bounds": {Options{Start: time.Unix(1, 0), Stop: time.Unix(2, 0), Request: ExecuteRequest{StartMs: 5, StopMs: 6}}, time.Second, 0, time.Hour, []time.Duration{time.Minute}, time.Minute},
	} {
		inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
			id := hostSeries(f, "p", "v", "a")[0]
			f.AddTSIDMetadata(id, &messages.MetadataProperties{ResolutionMS: int(test.resolution.Milliseconds()), InternalProperties: map[string]any{"sf_streamLabel": "v"}})
			began := time.Now()
			newest := began.Add(-test.age)
			f.SetTSIDFunc(id, func(at time.Time) messages.DataPayload {
				if at.After(newest) {
					return messages.DataPayload{}
				}
				return messages.DoublePayload(0, 42)
			})
			r, err := c.Latest(t.Context(), "p", test.maxAge, test.options)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if v, err := r.Scalar(Latest); test.next > 0 && (v != 42 || err != nil) || test.next == 0 && !errors.Is(err, ErrNoData) {
				t.Errorf("%s: %v, %v", name, v, err)
			}
			if len(r.Series) > 0 && len(r.Series[0].Points) != 1 {
				t.Errorf("%s: %d points", name, len(r.Series[0].Points))
			}
			first := rangesOf(f)
			if fmt.Sprint(first) != fmt.Sprint(test.want) {
				t.Errorf("%s: looked back %v, want %v", name, first, test.want)
			}
			if test.next == 0 {
				return
			}
			if _, err := c.Latest(t.Context(), "p", test.maxAge, test.options); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if again := rangesOf(f)[len(first):]; len(again) != 1 || again[0] != test.next {
				t.Errorf("%s: the second call looked back %v, want %v", name, again, test.next)
			}
		})
	}
}

// Of several series, each that has a value of that age is in it, with its newest.
func TestLatestOfEachSeries(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		ids := hostSeries(f, "p", "v", "new", "old", "never")
		now := time.Now()
		until := map[int]time.Time{0: now, 1: now.Add(-30 * time.Second)}
		for i, id := range ids {
			f.SetTSIDFunc(id, func(at time.Time) messages.DataPayload {
				if at.After(until[i]) {
					return messages.DataPayload{}
				}
				return messages.LongPayload(0, at.Unix())
			})
		}
		for _, test := range []struct {
			age  time.Duration
			want string
		}{
			{time.Minute, fmt.Sprintf(`v{host="new"}: %d=%d; v{host="old"}: %d=%d`, now.UnixMilli(), now.Unix(), now.UnixMilli()-30_000, now.Unix()-30)},
			{20 * time.Second, fmt.Sprintf(`v{host="new"}: %d=%d`, now.UnixMilli(), now.Unix())},
		} {
			r, err := c.Latest(t.Context(), "p", test.age, Options{})
			if got := pointsText(r); err != nil || got != test.want {
				t.Errorf("%v:\n got %s, %v\nwant %s", test.age, got, err, test.want)
			}
		}
	})
}

// A value that was young enough when the run began and is not when it ends is left out.
func TestLatestMeasuresAgeAtTheEnd(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		for ch := c.start(); ch != ""; ch = c.start() {
			c.text("%s", metadataText(ch, 1, "a"))
			c.binary(dataFrame(ch, time.Now().UnixMilli()-1000, double(1, 1)))
			pass(5 * time.Second)
			c.end(ch)
		}
	}, func(t *testing.T, s *scriptServer) {
		r, err := s.client().Latest(t.Context(), "p", 3*time.Second, Options{})
		if err != nil || len(r.Series) != 0 {
			t.Errorf("%s, %v", pointsText(r), err)
		}
	})
}

// A program that matches nothing is run once, and the reason is said.
func TestLatestOfNothing(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		f.AddProgramMessages("p", 1, messages.NewInfo(messages.FindMatchedNoTimeseries, "WARNING", 0, map[string]any{"query": "data('x')"}))
		r, err := c.Latest(t.Context(), "p", time.Hour, Options{})
		if err != nil || f.StartedJobsForProgram("p") != 1 {
			t.Errorf("%d runs, %v", f.StartedJobsForProgram("p"), err)
		}
		if _, err := r.Scalar(Latest); !errors.Is(err, ErrNoData) || err.Error() != "no data: no active time series matches data('x')" {
			t.Errorf("%v", err)
		}
		f.AddProgramError("bad", "no")
		if _, err := c.Latest(t.Context(), "bad", time.Hour, Options{}); !errors.As(err, new(*ComputationError)) {
			t.Errorf("%v", err)
		}
	})
}

// What is remembered of programs is bounded.
func TestWindowsAreBounded(t *testing.T) {
	var w windows
	for i := range 3 * maxWindows {
		w.set(fmt.Sprint(i), time.Hour)
	}
	if len(w.back) > maxWindows || w.get(fmt.Sprint(3*maxWindows-1), 0) != time.Hour {
		t.Errorf("%d programs", len(w.back))
	}
}

// fieldOf returns a number of a request as text, "" when it is not there.
func fieldOf(text []byte, name string) string {
	var fields map[string]json.RawMessage
	json.Unmarshal(text, &fields)
	return string(fields[name])
}
