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

// The rules of language.md 4.9.
func TestTimeshiftExamples(t *testing.T) {
	x := []string{"s{} = 1 2 3 4 5 6"}
	checkExamples(t, []example{
		{x, "data('s').timeshift('20s').publish()", "{} = - - 1 2 3 4"},
		{x, "data('s').timeshift('25s').publish()", "{} = - - 1 2 3 4"},
		{x, "data('s').timeshift(0).publish()", "{} = 1 2 3 4 5 6"},
		{x, "data('s').timeshift('10s').timeshift('10s').publish()", "{} = - - 1 2 3 4"},
		{x, "s = data('s')\n(s - s.timeshift('10s')).publish()", "{} = - 1 1 1 1 1"},
		{x, "data('s').sum(over='20s').timeshift('10s').publish('a')\ndata('s').timeshift('10s').sum(over='20s').publish('b')", "a{} = - 1 3 5 7 9\nb{} = - 1 3 5 7 9"},
		{x, "data('s').sum(over='20s').timeshift('10s').max(over='20s').timeshift('20s').publish()", "{} = - - - 1 3 5"},
		{x, "(const(5).timeshift('1h') + data('s')).publish()", "{} = 6 7 8 9 10 11"},
		{x, "data('s').publish('raw').timeshift('30s').publish('old')", "old{} = - - - 1 2 3\nraw{} = 1 2 3 4 5 6"},
		{x, "union(data('s').timeshift('10s'), data('s').timeshift('20s'), const(1, key={'k': 'v'})).sum().publish()", "{} = 1 2 4 6 8 10"},
		// A filled series is that of then.
		{[]string{"s{} = 1 - 3 - 5"}, "data('s', extrapolation='last_value', resolution='10s').timeshift('10s').publish()", "{} = - 1 1 3 3"},
	})
}

// A job reads what lies back, however long before its range that is.
func TestTimeshiftReadsBeforeTheRange(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "s{}", numbers(1, 30), 10*time.Second)
	g, err := eval.Compile("data('s').timeshift('200s').publish()\ndata('s').sum(over='20s').timeshift('50s').publish('w')", eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := overSlots(store, 30)
	o.Start = epoch.Add(250 * time.Second)
	r := newRecorder(t)
	if err := engine.Run(context.Background(), g, o, r); err != nil {
		t.Fatal(err)
	}
	if got := r.rows(); got != "w{} = 41 43 45 47 49\n{} = 6 7 8 9 10" {
		t.Errorf("got %s", got)
	}
}

// A shift by less than a slot is an error that tells where.
func TestTimeshiftBelowASlot(t *testing.T) {
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "s{}", "1 2 3", 10*time.Second)
	g, err := eval.Compile("data('s').timeshift('9s').publish()", eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Run(context.Background(), g, overSlots(store, 3), newRecorder(t))
	if err == nil || !strings.Contains(err.Error(), "line 1:1: timeshift() by 9s is less than a slot, which is 10s") {
		t.Errorf("got %v", err)
	}
}

// Timeshifts inside one another repeat what is under them; there is a bound on that.
func TestTimeshiftsAreBounded(t *testing.T) {
	program := "def f(n, d):\n    if n == 0:\n        return data('s')\n    s = f(n - 1, 2 * d)\n    return s + s.timeshift(d)\nf(30, 10000).publish()"
	g, err := eval.Compile(program, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Run(context.Background(), g, overSlots(memstore.New(memstore.Options{}), 3), newRecorder(t))
	if err == nil || !strings.Contains(err.Error(), "timeshifts") {
		t.Errorf("got %v", err)
	}
}

// A live job goes on reading what lies back, series that appear and leave included, and gives
// the same as one over history.
func TestTimeshiftLive(t *testing.T) {
	for _, program := range []string{
		"data('m').timeshift('5s').publish('A')",
		"s = data('m')\n(s - s.timeshift('3s')).publish('A')",
		"data('m').count(by='i').timeshift('90s').sum().publish('A')",
		"union(data('m'), data('m').timeshift('10s')).sum().publish('A')",
	} {
		synctest.Test(t, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			g, err := eval.Compile(program, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			o := engine.Options{Source: store, Start: start, Stop: start.Add(200 * time.Second), Resolution: time.Second, MaxDelay: 2 * time.Second, Inactivity: 4 * time.Second}
			live, done := newRecorder(t), make(chan error)
			go func() { done <- engine.Run(context.Background(), g, o, live) }()
			for i := range 203 {
				for _, name := range []string{"a", "b", string(rune('c' + i/10%8))} {
					if name == "b" && i/20%2 == 1 {
						continue
					}
					s := series.New("m", series.Gauge, series.Label{Name: "i", Value: name})
					store.Append(series.Sample{Series: s, Point: series.Point{Time: time.Now().UnixMilli(), Value: float64(i)}})
				}
				time.Sleep(time.Second)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			past := newRecorder(t)
			o.Start, o.Stop = start.Add(100*time.Second), start.Add(200*time.Second)
			if err := engine.Run(context.Background(), g, o, past); err != nil {
				t.Fatal(err)
			}
			for name, values := range past.values {
				for slot, x := range values {
					if y, ok := live.values[name][slot]; !ok || y != x {
						t.Fatalf("%s\n%s at %d: history has %v, live had %v (%v)", program, name, slot, x, y, ok)
					}
				}
			}
			if len(past.slots) != 100 || len(live.slots) != 200 {
				t.Errorf("%d and %d slots", len(past.slots), len(live.slots))
			}
		})
	}
}
