package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Data that are coarser than what was asked for are told of, with the series that are so; not
// when nothing was asked, when it was coarser still, or when the program says how fine they are.
func TestDetectedResolution(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m{h:fine}", "1 2 3 4 5 6 7 8 9", 10*time.Second)
	load(store, "m{h:coarse}", "1 2 3", 30*time.Second)
	for _, test := range []struct {
		asked, hint time.Duration
		want        string
	}{
		{time.Second, 0, "map[detectedResolutionMs:30000 originalResolutionMs:1000]"},
		{20 * time.Second, 0, "map[detectedResolutionMs:30000 originalResolutionMs:20000]"},
		{30 * time.Second, 0, ""},
		{time.Minute, 0, ""},
		{0, 0, ""},
		{time.Second, 10 * time.Second, ""},
	} {
		p := &program{}
		p.publish("A", p.fetch(graph.Fetch{Metric: "m", Resolution: test.hint}))
		r := run(t, p, engine.Options{Source: store, Clock: clockAt(time.Hour), Start: epoch, Stop: epoch.Add(90 * time.Second), Resolution: test.asked})
		got := ""
		for _, i := range r.info("JOB_DETECTED_RESOLUTION") {
			got += fmt.Sprint(i.Contents)
			if want := []uint64{named("m{h:coarse}").ID}; !slices.Equal(i.Series, want) {
				t.Errorf("series %v, want %v", i.Series, want)
			}
		}
		if got != test.want {
			t.Errorf("asked for %v, told %v: got %q, want %q", test.asked, test.hint, got, test.want)
		}
	}
}

// Series that become inactive are counted, and the count is told of when it has doubled.
func TestInactiveEmitters(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m{h:stays}", strings.Repeat("1 ", 20), 10*time.Second)
	for i := range 7 { // fall silent one after the other
		load(store, fmt.Sprintf("m{h:%d}", i), strings.Repeat("1 ", 2+i), 10*time.Second)
	}
	for extrapolations, want := range map[int]int{-1: -1, -7: -1, 3: 3} {
		p := &program{}
		p.publish("A", p.fetch(graph.Fetch{Metric: "m", Extrapolation: graph.ExtrapolateLastValue, MaxExtrapolations: extrapolations}))
		o := overSlots(store, 20)
		o.Inactivity = 30 * time.Second
		r := run(t, p, o)
		var got []string
		for _, i := range r.info("FETCH_INACTIVE_EMITTERS") {
			got = append(got, fmt.Sprintf("%d", i.Contents["numInactiveMembers"]))
			if i.Contents["maxExtrapolations"] != want || i.Level != "WARNING" || len(i.Spans) != 1 {
				t.Errorf("%+v", i)
			}
		}
		if strings.Join(got, " ") != "1 2 4" {
			t.Errorf("told of %v, want 1, 2 and 4 of the 7", got)
		}
	}
}

// The sets of dimensions are bounded, and a series may have none.
func TestMatchedDimensions(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "m", "1 2 3", 10*time.Second)
	for i := range 150 {
		s := series.New("m", series.Gauge, series.Label{Name: fmt.Sprintf("d%03d", i), Value: "x"})
		store.Append(sampleAt(s, 0, 1))
	}
	p := &program{}
	p.publish("A", p.data("m"))
	found := run(t, p, overSlots(store, 1)).info("FIND_MATCHED_DIMENSIONS")
	if len(found) != 1 || found[0].NumInput != 151 {
		t.Fatalf("%+v", found)
	}
	sets := found[0].Contents["dimensionCounts"].([]any)
	if got := fmt.Sprint(len(sets), sets[:2]); got != "100 [map[count:1 dimensions:[]] map[count:1 dimensions:[d000]]]" {
		t.Errorf("got %s", got)
	}
}
