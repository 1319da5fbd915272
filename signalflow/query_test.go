package signalflow

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// inFake runs a test in a bubble with a client of a FakeBackend.
func inFake(t *testing.T, test func(t *testing.T, f *FakeBackend, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &FakeBackend{AccessToken: "abcd"}
		f.Listen = func() (net.Listener, error) { return memnet.Listen("fake"), nil }
		f.Start()
		defer f.Stop()
		c, err := f.Client()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		test(t, f, c)
	})
}

// hostSeries adds a series of a program for each host.
func hostSeries(f *FakeBackend, program, label string, hosts ...string) []idtool.ID {
	var ids []idtool.ID
	for i, h := range hosts {
		id := idtool.ID(len(program)*1000 + i + 1)
		f.AddTSIDMetadata(id, &messages.MetadataProperties{
			OriginatingMetric:  "cpu",
			InternalProperties: map[string]any{"sf_streamLabel": label, "sf_key": []any{"host"}},
			CustomProperties:   map[string]string{"host": h},
		})
		f.SetTSIDFloatData(id, float64(10*(i+1)))
		ids = append(ids, id)
	}
	f.AddProgramTSIDs(program, ids)
	return ids
}

func TestQueryReturnsLabelledSeries(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		hostSeries(f, "p", "cpu", "b", "a")
		f.AddProgramMessages("p", 1, messages.NewInfo(messages.FindLimitedResultSet, "WARNING", 0, map[string]any{"matchedSize": 5, "limitSize": 2}))
		f.AddProgramMessages("p", 2, messages.NewInfo(messages.FindLimitedResultSet, "WARNING", 0, map[string]any{"matchedSize": 5, "limitSize": 2}))
		for n := 1; n <= 2; n++ { // the second one repeats the first
			fetched := messages.NewInfo(messages.FetchNumTimeseries, "INFO", 0, nil)
			fetched.NumInputTimeseries = 7
			f.AddProgramMessages("p", n, fetched)
		}
		f.AddProgramMessages("p", 2, messages.NewEvent(9, 0, nil, map[string]any{"is": "anomalous"}))
		stop := time.Now()
		r, err := c.Query(t.Context(), "p", Options{Start: stop.Add(-9 * time.Second), Stop: stop})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Series) != 2 || r.Series[0].Name() != `cpu{host="a"}` || r.Series[1].Name() != `cpu{host="b"}` {
			t.Fatalf("series %v", r.Series)
		}
		if a := r.Series[0]; a.Metric != "cpu" || a.Label != "cpu" || len(a.Points) != 10 || a.Points[9].Value != FloatValue(20) || !a.Points[9].Time.Equal(stop) {
			t.Errorf("%+v", a)
		}
		if len(r.Events) != 1 || len(r.Info) != 3 || r.InputSeries != 7 || r.Resolution != time.Second || r.First.IsZero() || !r.Last.Equal(stop) {
			t.Errorf("%d events, %d messages, %v, %v to %v", len(r.Events), len(r.Info), r.Resolution, r.First, r.Last)
		}
		if _, err := r.Scalar(Mean); !errors.Is(err, ErrManySeries) || !strings.Contains(err.Error(), `2, such as cpu{host="a"} and cpu{host="b"}`) {
			t.Errorf("got %v", err)
		}
		if err := f.WaitForRunning(t.Context(), "p", 0); err != nil {
			t.Error(err)
		}
	})
}

func TestScalarReduces(t *testing.T) {
	at := func(i int) time.Time { return time.Unix(int64(i), 0) }
	r := &Result{Series: []*ResultSeries{{Series: &Series{}, Points: []Point{
		{at(1), IntValue(4)}, {at(2), FloatValue(1)}, {at(3), Value{}}, {at(4), IntValue(7)}, {at(5), Value{}},
	}}}}
	for reduce, want := range map[Reduce]float64{Latest: 7, Mean: 4, Min: 1, Max: 7, Sum: 12, Count: 3} {
		if got, err := r.Scalar(reduce); got != want || err != nil {
			t.Errorf("%v: %v, %v; want %v", reduce, got, err, want)
		}
		if parsed, err := ParseReduce(strings.ToUpper(reduce.String())); parsed != reduce || err != nil {
			t.Errorf("%v parses as %v, %v", reduce, parsed, err)
		}
	}
	if r, err := ParseReduce("avg"); r != Mean || err != nil {
		t.Errorf("avg: %v, %v", r, err)
	}
	if _, err := ParseReduce("median"); err == nil {
		t.Error("median is accepted")
	}
}

// Values of every type on the wire come as they are.
func TestQueryTypes(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		id := hostSeries(f, "p", "v", "a")[0]
		for _, test := range []struct {
			payload messages.DataPayload
			want    Value
		}{
			{messages.LongPayload(0, -9007199254740993), IntValue(-9007199254740993)},
			{messages.DoublePayload(0, 1.5), FloatValue(1.5)},
			{messages.DataPayload{Type: messages.ValTypeInt, Val: [8]byte{255, 255, 255, 255, 255, 255, 255, 249}}, IntValue(-7)},
			{messages.DataPayload{}, Value{}},
		} {
			f.SetTSIDValue(id, test.payload)
			now := time.Now()
			r, err := c.Query(t.Context(), "p", Options{Start: now, Stop: now.Add(time.Second)})
			if err != nil || len(r.Series) != 1 || r.Series[0].Points[0].Value != test.want {
				t.Errorf("%v: %v, %v", test.want, r.Series[0].Points, err)
			}
		}
	})
}

func TestNoDataSaysWhy(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		f.AddProgramMessages("none", 1, messages.NewInfo(messages.FindMatchedNoTimeseries, "WARNING", 0, map[string]any{"query": "data('x')"}))
		f.AddProgramMessages("group", 1, messages.NewInfo(messages.GroupByMissingProperty, "WARNING", 0, map[string]any{"propertyNames": []any{"az", "zone"}}))
		f.AddProgramMessages("limited", 1, messages.NewInfo(messages.FindLimitedResultSet, "WARNING", 0, map[string]any{"matchedSize": 5, "limitSize": 2}))
		for program, want := range map[string]string{
			"none":    "no data: no active time series matches data('x')",
			"group":   "no data: series lack the grouping property az, zone",
			"limited": "no data: a query matched 5 time series and was limited to 2",
			"quiet":   "no data: the program ran, and no series has a value in the range",
		} {
			r, err := c.Query(t.Context(), program, Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Scalar(Latest)
			if !errors.Is(err, ErrNoData) || !errors.As(err, new(*NoDataError)) || err.Error() != want {
				t.Errorf("%s: %v, want %s", program, err, want)
			}
			if r.NoData() == nil {
				t.Errorf("%s: NoData is nil", program)
			}
		}
	})
}

func TestQueryErrors(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		f.AddProgramError("bad", "no such thing")
		if _, err := c.Query(t.Context(), "bad", Options{}); !errors.As(err, new(*ComputationError)) {
			t.Errorf("got %v", err)
		}
		hostSeries(f, "big", "b", "a")
		now := time.Now()
		if r, err := c.Query(t.Context(), "big", Options{Start: now.Add(-time.Hour), Stop: now, MaxPoints: 100}); !errors.Is(err, ErrTooManyPoints) || len(r.Series) != 1 {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if r, err := c.Query(ctx, "big", Options{Start: now, Stop: now.Add(time.Hour)}); !errors.Is(err, context.DeadlineExceeded) || len(r.Series[0].Points) < 59 {
			t.Errorf("got %v with %v", err, r)
		}
		if _, err := c.Stream(t.Context(), "big", Options{Preflight: true, Start: now}); err == nil || !strings.Contains(err.Error(), "a Start and a Stop") {
			t.Errorf("a preflight without an end: %v", err)
		}
		for _, program := range []string{"bad", "big"} {
			if err := f.WaitForRunning(t.Context(), program, 0); err != nil {
				t.Error(err)
			}
		}
		if _, err := c.Query(t.Context(), "", Options{}); err == nil {
			t.Error("no program, no error")
		}
	})
}

// A value that is too old is no value, and what a program needs is learned once.
func TestLatestIsNeverOld(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		id := hostSeries(f, "p", "v", "a")[0]
		old := time.Now().Add(-5 * time.Minute)
		f.SetTSIDFunc(id, func(at time.Time) messages.DataPayload {
			if at.After(old) {
				return messages.DataPayload{} // null from then on
			}
			return messages.DoublePayload(0, 42)
		})
		r, err := c.Latest(t.Context(), "p", 4*time.Minute, Options{})
		if err != nil || !errors.Is(r.NoData(), ErrNoData) {
			t.Errorf("4 minutes: %v, %v", r.Series, err)
		}
		r, err = c.Latest(t.Context(), "p", 10*time.Minute, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := r.Scalar(Latest); v != 42 || err != nil {
			t.Errorf("10 minutes: %v, %v", v, err)
		}
		before := f.StartedJobsForProgram("p")
		if _, err = c.Latest(t.Context(), "p", 10*time.Minute, Options{}); err != nil || f.StartedJobsForProgram("p") != before+1 {
			t.Errorf("%d jobs, want 1: %v", f.StartedJobsForProgram("p")-before, err)
		}
		if _, err := c.Latest(t.Context(), "p", 0, Options{}); err == nil {
			t.Error("no age, no error")
		}
	})
}

func TestTableHasARowForEachTime(t *testing.T) {
	inFake(t, func(t *testing.T, f *FakeBackend, c *Client) {
		ids := hostSeries(f, "p", "v", "a", "b")
		f.AddProgramMessages("p", 2, messages.NewExpired(ids[1]))
		now := time.Now()
		r, err := c.Query(t.Context(), "p", Options{Start: now.Add(-2 * time.Second), Stop: now})
		if err != nil {
			t.Fatal(err)
		}
		table := r.Table()
		if len(table.Columns) != 2 || len(table.Rows) != 3 || table.Rows[2].Values[0] != FloatValue(10) || !table.Rows[2].Values[1].IsNull() {
			t.Errorf("%+v", table)
		}
	})
}
