package flowtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

func TestParseHistograms(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"h(10,50,100: 5,15,4,1; sum=900 min=2 max=140)", "[10 50 100] [5 15 4 1] 900 2 140"},
		{"h(10,50,100:5,15,4,1;sum=900 min=2 max=140)", "[10 50 100] [5 15 4 1] 900 2 140"},
		{"h( 10 , 50 : 0, 2 , 0 )", "[10 50] [0 2 0] 60 10 50"},
		{"h(5; sum=20)", "[] [5] 20 4 4"},
		{"h()", "[] [0] 0 0 0"},
		{"h(10:)", "[10] [0 0] 0 0 0"},
		{"h(5; sum=20)x1", "[] [5] 20 4 4; [] [5] 20 4 4"},
		{"_ h(5; sum=20)@+2s _x1", "_; [] [5] 20 4 4 @2s; _"},
	} {
		steps, err := flowtest.ParseSteps(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		}
		var got []string
		for _, s := range steps {
			text := "_"
			if d := s.Histogram; d != nil {
				text = fmt.Sprint(d.Bounds, d.Counts, d.Sum, d.Min, d.Max)
			}
			if s.Delay > 0 {
				text += " @" + s.Delay.String()
			}
			got = append(got, text)
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: got %s, want %s", test.text, strings.Join(got, "; "), test.want)
		}
	}
	for text, want := range map[string]string{
		"h(5":                  `the parentheses of "h(5" do not close`,
		"h(a: 1,2)":            `value "h(a: 1,2)": "a" is no number`,
		"h(1: 1,)":             `value "h(1: 1,)": "" is no number`,
		"h(1: 1)":              `value "h(1: 1)": 1 buckets for 1 bounds, want one more than bounds`,
		"h(1: 1,2; mean=5)":    `value "h(1: 1,2; mean=5)": behind the counts "mean=5" is none of sum=5, min=5 and max=5`,
		"h(1: 1,2; sum=5 sum)": `value "h(1: 1,2; sum=5 sum)": behind the counts "sum" is none of sum=5, min=5 and max=5`,
		"h(1: 1,2)y":           `value "h(1: 1,2)y": "y" is not x and how many more, such as x3`,
	} {
		if _, err := flowtest.ParseSteps(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestLoadHistograms(t *testing.T) {
	samples, n, err := flowtest.ParseLoad("m{h=a} [env=prod] h(10: 5,1) _ h(10: 0,2)@+3s", flowtest.Epoch, 10*time.Second)
	if err != nil || n != 3 || len(samples) != 2 {
		t.Fatalf("%d samples in %d steps, %v", len(samples), n, err)
	}
	epoch := flowtest.Epoch.UnixMilli()
	for i, want := range []series.Sample{
		{Point: series.Point{Time: epoch, Value: 6}, Arrival: epoch},
		{Point: series.Point{Time: epoch + 20_000, Value: 2}, Arrival: epoch + 23_000},
	} {
		want.Series, want.Distribution = samples[0].Series, samples[i].Distribution
		if samples[i] != want || want.Distribution.Count() != want.Value {
			t.Errorf("sample %d is %+v, want %+v", i, samples[i], want)
		}
	}
	if s := samples[0].Series; s.Type != series.Histogram || s.ID != series.New("m", series.Histogram, s.Dimensions...).ID || s.Properties.String() != "{env=prod}" {
		t.Errorf("series %+v", s)
	}
	if _, _, err := flowtest.ParseLoad("m h(1: 1,2) 5", flowtest.Epoch, time.Second); err == nil || err.Error() != "a series of histograms has no numbers, such as 5" {
		t.Error(err)
	}
}
