package demo_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/demo"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// histograms keeps the distributions of one series by time.
type histograms map[int64]*series.Distribution

func (h histograms) Append(samples ...series.Sample) int {
	for _, s := range samples {
		if s.Distribution != nil && s.Series.Dimensions.String() == "{host=payment-2, region=us, service=payment}" {
			h[s.Time] = s.Distribution
		}
	}
	return 0
}

// The durations are histograms of as many requests as are counted, each of them valid, and are
// read as they are appended; in an incident they are long.
func TestDurations(t *testing.T) {
	shop := demo.New(demo.Options{Incident: noon.Add(10 * time.Minute)})
	values, h := collected{}, histograms{}
	shop.Fill(t.Context(), values, noon, noon.Add(time.Hour))
	shop.Fill(t.Context(), h, noon, noon.Add(time.Hour))
	if len(h) != 360 {
		t.Fatalf("%d points", len(h))
	}
	for at, d := range h {
		if err := d.Validate(); err != nil || d.Count() != values["service.requests{host=payment-2, region=us, service=payment}"][at] {
			t.Errorf("at %d: %+v, %v", at, d, err)
		}
		if mean := d.Sum / d.Count(); mean < d.Min || mean > d.Max || d.Min <= 0 {
			t.Errorf("at %d: mean %v of %v to %v", at, mean, d.Min, d.Max)
		}
	}
	calm, bad := h[noon.UnixMilli()], h[noon.Add(15*time.Minute).UnixMilli()]
	if bad.Sum/bad.Count() < 4*calm.Sum/calm.Count() {
		t.Errorf("the mean rises from %v to %v only", calm.Sum/calm.Count(), bad.Sum/bad.Count())
	}
	source := demo.NewSource(shop, nil)
	list := selected(t, source, series.Query{Kind: series.Histograms, Metric: "service.*"}).Series
	read := histograms{}
	r := series.Range{From: noon.UnixMilli(), To: noon.Add(time.Hour).UnixMilli()}
	err := source.Read(t.Context(), list, r, func(i int, p series.Points) error {
		for k, at := range p.Times {
			read.Append(series.Sample{Series: list[i], Distribution: p.Distributions[k], Point: series.Point{Time: at}})
		}
		return nil
	})
	if err != nil || len(list) != 21 || !reflect.DeepEqual(read, h) {
		t.Errorf("%d series, %d points, %v", len(list), len(read), err)
	}
}
