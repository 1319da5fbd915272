package ingest_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A table is read again without a loss, whatever the names are.
func TestTable(t *testing.T) {
	label := func(name, value string) series.Label { return series.Label{Name: name, Value: value} }
	list := []*series.Series{
		series.New("plain", series.Gauge),
		series.New("m", series.Counter, label("host", "a"), label("az", "b")),
		series.New("m", series.CumulativeCounter, label("odd", `x, "y}" = \z`)),
		series.New("n", series.Gauge, label("empty", "")),
	}
	at := func(ms int64) int64 { return 1704067200000 + ms }
	samples := []series.Sample{
		{Series: list[0], Point: series.Point{Time: at(0), Value: 1.0 / 3}, Arrival: at(0)},
		{Series: list[2], Point: series.Point{Time: at(0), Value: 1e300}, Arrival: at(0)},
		{Series: list[1], Point: series.Point{Time: at(1000), Value: -2}, Arrival: at(1000)},
		{Series: list[3], Point: series.Point{Time: at(1000), Value: 4}, Arrival: at(1000)},
	}
	histogram := series.New("h", series.Histogram)
	var text bytes.Buffer
	w := ingest.NewTable(&text, append(list, histogram))
	if refused := w.Append(samples...); refused != 0 {
		t.Errorf("%d refused", refused)
	}
	odd := []series.Sample{{Series: histogram}, {Series: series.New("other", series.Gauge)}, {Series: list[0], Point: series.Point{Time: at(2000), Value: math.Inf(1)}}}
	if refused := w.Append(odd...); refused != 3 {
		t.Errorf("%d refused, want two without a column and one that is not finite", refused)
	}
	if err := w.Flush(); err != nil || w.Points() != 4 {
		t.Errorf("%d points, %v", w.Points(), err)
	}
	var back []series.Sample
	err := ingest.Read(bytes.NewReader(text.Bytes()), "x.csv", ingest.Options{}, func(s []series.Sample) error { back = append(back, s...); return nil })
	if err != nil || len(back) != 4 {
		t.Fatalf("%d samples, %v of\n%s", len(back), err, text.String())
	}
	for i, s := range samples {
		if g := back[i]; g.Point != s.Point || !g.Series.SameIdentity(s.Series) || g.Series.Type != s.Series.Type {
			t.Errorf("read %+v %v of %+v", g, g.Series, s.Series)
		}
	}
	failing := ingest.NewTable(broken{}, list)
	failing.Append(samples...)
	if err := failing.Flush(); err == nil || err.Error() != "broken" {
		t.Errorf("got %v", err)
	}
}
