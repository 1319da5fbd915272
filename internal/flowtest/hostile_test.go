package flowtest_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// TestManySeries: of 100,000 series that match, those that came last are used, as many as one
// data() may have, and the job says so.
func TestManySeries(t *testing.T) {
	const all, most = 100_000, 30_000
	s, err := flowtest.Parse("many", "program stop=10s resolution=10s\n  data('m').count().publish('A')\n  data('m').min().publish('B')\nwant\n  A  30000\n  B  70000\n"+
		"messages\n  0s FIND_LIMITED_RESULT_SET 1:1 limitSize=30000 matchedSize=100000\n")
	if err != nil {
		t.Fatal(err)
	}
	c := s.Cases[0]
	for i := range all {
		sr := series.New("m", series.Gauge, series.Label{Name: "n", Value: strconv.Itoa(i)})
		at := flowtest.Epoch.UnixMilli()
		c.Load = append(c.Load, series.Sample{Series: sr, Point: series.Point{Time: at, Value: float64(i)}, Arrival: at})
	}
	r := c.Run(context.Background(), flowtest.History)
	for _, f := range c.Verify(flowtest.History, r) {
		t.Error(s.String(f))
	}
	if !strings.Contains(strings.Join(r.Messages, "\n"), "FETCH_NUM_TIMESERIES 1:1 inputs="+strconv.Itoa(most)) {
		t.Errorf("messages:\n%s", strings.Join(r.Messages, "\n"))
	}
}

// TestRankOfThousand: percentile 95 of 1,000 series is the 50th largest (language.md 5.4).
func TestRankOfThousand(t *testing.T) {
	s, err := flowtest.Parse("ranks", "program stop=10s resolution=10s\n  data('m').percentile(95).publish('A')\nwant\n  A  951\n")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		sr := series.New("m", series.Gauge, series.Label{Name: "n", Value: strconv.Itoa(i)})
		at := flowtest.Epoch.UnixMilli()
		s.Cases[0].Load = append(s.Cases[0].Load, series.Sample{Series: sr, Point: series.Point{Time: at, Value: float64(i*7%1000 + 1)}, Arrival: at})
	}
	for _, f := range s.Run(context.Background()) {
		t.Error(s.String(f))
	}
}
