package ingest_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// What is written is read again without a loss.
func TestWrite(t *testing.T) {
	a := series.New("m", series.CumulativeCounter, series.Label{Name: "b", Value: "<x> \"y\""}, series.Label{Name: "a", Value: ""})
	b := series.New("n.o", series.Gauge)
	a.Properties, a.Tags = series.NewLabels(map[string]string{"env": "prod"}), []string{"web"}
	samples := []series.Sample{
		{Series: a, Point: series.Point{Time: 1704067200000, Value: 1.0 / 3}, Arrival: 1704067200000},
		{Series: a, Point: series.Point{Time: 1704067201000, Value: -1e300}, Arrival: 1704067205000},
		{Series: b, Point: series.Point{Time: 1704067201000, Value: math.NaN()}, Arrival: 1704067205000},
		{Series: b, Point: series.Point{Time: 1704067202000, Value: 1 << 53}, Arrival: 1704067202000},
	}
	var text bytes.Buffer
	w := ingest.NewWriter(&text)
	if refused := w.Append(samples...); refused != 1 {
		t.Errorf("%d samples were refused, want the one without a number", refused)
	}
	if err := w.Flush(); err != nil || w.Points() != 3 {
		t.Errorf("%d points, %v", w.Points(), err)
	}
	want := `{"metric":"m","type":"cumulative_counter","dimensions":{"a":"","b":"\u003cx\u003e \"y\""},"timestamp":1704067200000,"value":0.3333333333333333,"properties":{"env":"prod"},"tags":["web"]}
{"metric":"m","type":"cumulative_counter","dimensions":{"a":"","b":"\u003cx\u003e \"y\""},"timestamp":1704067201000,"value":-1e+300,"arrival":1704067205000}
{"metric":"n.o","type":"gauge","dimensions":{},"timestamp":1704067202000,"value":9.007199254740992e+15}
`
	if text.String() != want {
		t.Errorf("got\n%s", text.String())
	}
	var back []series.Sample
	err := ingest.Read(&text, "x", ingest.Options{}, func(s []series.Sample) error { back = append(back, s...); return nil })
	if err != nil || len(back) != 3 {
		t.Fatalf("%d samples, %v", len(back), err)
	}
	if s := back[0].Series; s.Properties.String() != "{env=prod}" || len(s.Tags) != 1 {
		t.Errorf("read %+v", s)
	}
	for i, s := range []series.Sample{samples[0], samples[1], samples[3]} {
		if g := back[i]; g.Point != s.Point || g.Arrival != s.Arrival || !g.Series.SameIdentity(s.Series) || g.Series.Type != s.Series.Type {
			t.Errorf("read %+v of %+v", g, s)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestWriteFails(t *testing.T) {
	w := ingest.NewWriter(broken{})
	sample := series.Sample{Series: series.New("m", series.Gauge)}
	w.Append(sample)
	if err := w.Flush(); err == nil || err.Error() != "broken" {
		t.Errorf("got %v", err)
	}
	if w.Append(sample) != 1 {
		t.Error("a broken writer takes samples")
	}
}
