package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// A slot is not computed before the min delay has passed, even if every series has reported.
func TestMinDelay(t *testing.T) {
	for _, test := range []struct {
		least, most time.Duration
		want        string
	}{
		{0, 2 * time.Second, "0@1 1@2"},
		{3 * time.Second, 5 * time.Second, "0@4 1@5"},
		{3 * time.Second, time.Second, "0@4 1@5"}, // the min delay is the longer one
	} {
		synctest.Test(t, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			p := &program{}
			p.publish("A", p.data("m"))
			s := series.New("m", series.Gauge)
			put(store, s, 1, 0)
			j := startLive(t, store, p, engine.Options{Resolution: time.Second, MinDelay: test.least, MaxDelay: test.most, Stop: time.Now().Add(2 * time.Second)})
			for range 7 {
				wait(time.Second)
				put(store, s, 1, 0)
			}
			j.cancel(errStopped)
			<-j.done
			if got := j.sent(); got != test.want {
				t.Errorf("between %s and %s: sent %s, want %s", test.least, test.most, got, test.want)
			}
		})
	}
}

// The default rollups until 2019.
func TestRateOfCounters(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	for _, name := range []string{"m{t:gauge}", "m{t:counter}#counter", "m{t:total}#cumulative"} {
		load(store, name, "10 30 40", 10*time.Second)
	}
	p := &program{}
	p.publish("A", p.data("m"))
	o := overSlots(store, 3)
	o.RateOfCounters = true
	if got := run(t, p, o).rows(); got != "A{t:counter} = 1 3 4\nA{t:gauge} = 10 30 40\nA{t:total} = - 2 1" {
		t.Errorf("got\n%s", got)
	}
}

// A job whose streams have too many series ends with an error that tells how many.
func TestSeriesLimits(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	for _, i := range strings.Fields(numbers(1, 20)) {
		load(store, "m{i:"+i+"}", "1", 10*time.Second)
	}
	for _, test := range []struct {
		inputs, derived int
		want            string
	}{
		{0, 0, ""}, {40, 61, ""}, {-1, -1, ""},
		{39, 0, "reads 40 series, the limit is 39"},
		{0, 60, "have 61 series in all, the limit is 60"},
	} {
		// 20 series read twice, 20 pairs, and a sum.
		g, err := eval.Compile("(data('m') + data('m', rollup='sum')).sum().publish()", eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := overSlots(store, 1)
		o.MaxInputs, o.MaxDerived = test.inputs, test.derived
		err = engine.Run(context.Background(), g, o, newRecorder(t))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("limits %d and %d: got %v, want %q", test.inputs, test.derived, err, test.want)
		}
	}
}
