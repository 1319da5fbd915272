package server

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// recorded is an output that keeps the JSON of what it is sent.
type recorded struct {
	texts []string
	err   error
}

func (r *recorded) Send(m messages.Message) error {
	if r.err != nil {
		return r.err
	}
	text, err := messages.AppendText(nil, m, "ch-1")
	r.texts = append(r.texts, string(text))
	return err
}

func newSink(out output) *sink {
	return &sink{out: out, handle: "GzExampleAA", now: func() time.Time { return time.UnixMilli(1751328000123) }}
}

func TestSinkMessages(t *testing.T) {
	var out recorded
	s := newSink(&out)
	labels := series.Labels{{Name: "az", Value: "a1"}}
	calls := []error{
		s.Progress(40),
		s.Metadata(&engine.Output{ID: 1<<64 - 1, Publish: 3, Key: labels,
			Metadata: series.Labels{{Name: "az", Value: "a1"}, {Name: "computationId", Value: "forged"}, {Name: "sf_metric", Value: "forged"}}}),
		s.Batch(&engine.Batch{Time: 1751328000000, MaxDelay: 2000, Points: []engine.Point{{ID: 1, Value: 12.5}}}),
		s.Batch(&engine.Batch{Time: 1751328001000}),
		s.Expired(1),
		s.Info(&engine.Info{Code: "GROUPBY_MISSING_PROPERTY", Level: "WARNING", Time: 1751328000000, NumInput: 7,
			Contents: map[string]any{"propertyNames": []string{"az"}}, Spans: []graph.Span{{Line: 2, Column: 5}}, Blocks: []int{4}, Series: []uint64{1}}),
	}
	for i, err := range calls {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	var decoded []messages.Message
	for _, text := range out.texts {
		m, err := messages.ParseMessage([]byte(text), true)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		decoded = append(decoded, m)
	}
	if m := decoded[0].(*messages.JobProgressControlMessage); m.Progress != 40 || m.TimestampMillis != 1751328000123 {
		t.Errorf("progress: %s", out.texts[0])
	}
	meta := decoded[1].(*messages.MetadataMessage)
	if meta.TSID != -1 || meta.Properties.Metric != "_SF_COMP_GzExampleAA_03-PUBLISH_METRIC" ||
		!reflect.DeepEqual(meta.Properties.CustomProperties, map[string]string{"az": "a1", "computationId": "GzExampleAA"}) ||
		!reflect.DeepEqual(meta.Properties.InternalProperties["sf_key"], []any{"az", "sf_metric", "computationId"}) {
		t.Errorf("metadata: %s", out.texts[1])
	}
	for _, absent := range []string{"sf_streamLabel", "sf_originatingMetric", "sf_organizationID"} {
		if v, ok := meta.Properties.InternalProperties[absent]; ok {
			t.Errorf("%s = %v, want it absent", absent, v)
		}
	}
	if m := decoded[2].(*messages.DataMessage); m.TimestampMillis != 1751328000000 || len(m.Payloads) != 1 || m.Payloads[0].TSID != 1 || m.MaxDelayMillis != 2000 {
		t.Errorf("data: %s", out.texts[2])
	}
	if m := decoded[3].(*messages.DataMessage); len(m.Payloads) != 0 {
		t.Errorf("empty batch: %s", out.texts[3])
	}
	if m := decoded[4].(*messages.ExpiredTSIDMessage); m.TSID != "AAAAAAAAAAE" {
		t.Errorf("expired: %s", out.texts[4])
	}
	info := decoded[5].(*messages.InfoMessage)
	names, _ := info.Contents.(messages.GroupByMissingPropertyContents).PropertyNames()
	if info.NumInputTimeseries != 7 || info.BlockContexts[0] != (messages.BlockContext{Line: 2, Column: 5}) ||
		info.BlockSerialNumbers[0] != 4 || info.TSIDs[0] != 1 || !reflect.DeepEqual(names, []string{"az"}) {
		t.Errorf("info: %s", out.texts[5])
	}
}

// What the output refuses ends the job.
func TestSinkReturnsTheErrorOfItsOutput(t *testing.T) {
	gone := errors.New("nobody reads")
	s := newSink(&recorded{err: gone})
	for i, err := range []error{s.Progress(1), s.Metadata(&engine.Output{}), s.Batch(&engine.Batch{}), s.Expired(1), s.Info(&engine.Info{})} {
		if !errors.Is(err, gone) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	s := newSink(discard{})
	batch := &engine.Batch{Time: 1, Points: make([]engine.Point, 1000)}
	b.ReportAllocs()
	for b.Loop() {
		s.Batch(batch)
	}
}

type discard struct{}

func (discard) Send(messages.Message) error { return nil }

// The order that clients need (protocol.md 3.1): metadata before the data of a series, the
// first batch before the first information, the same number of data messages for every time,
// and nothing of a series after its end.
func TestOrderOfMessages(t *testing.T) {
	store := memstore.New(memstore.Options{})
	from := time.UnixMilli(1751328000000)
	point := func(host string, second int) {
		s := series.New("m", series.Gauge, series.Label{Name: "host", Value: host})
		store.Append(series.Sample{Series: s, Point: series.Point{Time: from.Add(time.Duration(second) * time.Second).UnixMilli(), Value: float64(second)}})
	}
	for second := range 40 {
		point("a", second)
		if second < 10 || second > 30 { // leaves and comes back
			point("b", second)
		}
		if second > 20 { // is a member of the range from its start, leaves and comes back
			point("c", second)
		}
	}
	g, err := eval.Compile(`m = data('m', resolution='1s')
m.publish('same').mean().publish('same')
(m > 5).publish()
(m.max(by='host') - m.mean(over='5s')).publish('hidden', enable=False)
data('nothing').sum().publish('empty')
data('nothing').count().publish('count')`, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out recorded
	err = engine.Run(t.Context(), g, engine.Options{
		Source: store, Start: from.Add(5 * time.Second), Stop: from.Add(40 * time.Second), Inactivity: 5 * time.Second,
	}, newSink(&out))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	perTime := map[uint64]int{}
	last, informed, labels, ended := uint64(0), false, map[any]int{}, 0
	for _, text := range out.texts {
		m, err := messages.ParseMessage([]byte(text), true)
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *messages.MetadataMessage:
			known[m.TSID.String()] = true
			labels[m.Properties.InternalProperties["sf_streamLabel"]]++
		case *messages.DataMessage:
			if m.TimestampMillis < last {
				t.Errorf("time goes back from %d to %d", last, m.TimestampMillis)
			}
			last = m.TimestampMillis
			perTime[last]++
			for _, p := range m.Payloads {
				if !known[p.TSID.String()] {
					t.Errorf("data of %s at %d without metadata", p.TSID, last)
				}
			}
		case *messages.ExpiredTSIDMessage:
			id, err := m.ID()
			if err != nil || !known[id.String()] {
				t.Errorf("the unknown series %s ends: %v", id, err)
			}
			delete(known, id.String())
			ended++
		case *messages.InfoMessage:
			if !informed && (len(perTime) != 1 || perTime[last] != 5) {
				t.Errorf("information after %v", perTime)
			}
			informed = true
		}
	}
	if len(perTime) != 35 {
		t.Errorf("%d times, want 35", len(perTime))
	}
	for at, n := range perTime {
		if n != 5 {
			t.Errorf("%d data messages at %d, want 5", n, at)
		}
	}
	// a, and twice b and c, each also as a comparison without a label; the mean; the count.
	if labels["same"] != 6 || labels[nil] != 5 || labels["hidden"] != 0 || labels["empty"] != 0 || labels["count"] != 1 || ended != 4 {
		t.Errorf("metadata %v, %d ended", labels, ended)
	}
}
