package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// runCalendar runs a program over values that are 6 h apart from epoch on, a Monday and the
// first of a quarter; the slots from and to are counted from epoch too.
func runCalendar(t *testing.T, program, values string, from, to int, zone *time.Location) *recorder {
	t.Helper()
	const step = 6 * time.Hour
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "x{}", values, step)
	g, err := eval.Compile(program, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t)
	o := engine.Options{
		Source: store, Clock: clockAt(1000 * 24 * time.Hour), Resolution: step, Timezone: zone,
		Start: epoch.Add(time.Duration(from) * step), Stop: epoch.Add(time.Duration(to) * step),
	}
	if err := engine.Run(context.Background(), g, o, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The examples of language.md 4.10.
func TestCalendarExamples(t *testing.T) {
	const x = "1 2 3 4 5 6 7 8 9"
	const metric = "data('x', resolution='6h')"
	tests := []struct {
		call, want string
		from, to   int
	}{
		{"sum(cycle='day', partial_values=True)", "1 3 6 10 5 11 18 26 9", 0, 9},
		{"sum(cycle='day')", "- - - - 10 - - - 26", 0, 9},
		{"sum(cycle='day', shift_cycles=1)", "- - - - - - - - 10", 0, 9},
		// A job that begins later has read the cycles that it tells of.
		{"sum(cycle='day')", "10 - - - 26", 4, 9},
		{"sum(cycle='day', shift_cycles=1)", "10", 8, 9},
		{"sum(cycle='day', partial_values=True)", "11 18 26 9", 5, 9},
		{"mean(cycle='day')", "- - - - 2.5 - - - 6.5", 0, 9},
		{"min(cycle='day')", "- - - - 1 - - - 5", 0, 9},
		{"max(cycle='day', partial_values=True)", "1 2 3 4 5 6 7 8 9", 0, 9},
		{"count(cycle='day', partial_values=True)", "1 2 3 4 1 2 3 4 1", 0, 9},
		{"sum(cycle='day', cycle_start='6h')", "- 1 - - - 14 - - -", 0, 9},
		// A boundary within a slot: the slot that holds it begins the cycle.
		{"sum(cycle='day', cycle_start='8h')", "- 1 - - - 14 - - -", 0, 9},
		{"sum(cycle='day', timezone='Etc/GMT-6')", "- - - 6 - - - 22 -", 0, 9},
		// Nested, as production programs have it.
		{"sum(cycle='day', partial_values=True).max(cycle='month', partial_values=True)", "1 3 6 10 10 11 18 26 26", 0, 9},
		{"sum(cycle='day').timeshift('0s').max(over='1d')", "- - - - 10 10 10 10 26", 0, 9},
	}
	for _, test := range tests {
		r := runCalendar(t, metric+"."+test.call+".publish()", x, test.from, test.to, nil)
		if got := r.row("{}"); got != test.want {
			t.Errorf("%s from %d: got %s, want %s", test.call, test.from, got, test.want)
		}
	}
}

// At the end of April, a month back is March, whatever their lengths.
func TestShiftedMonths(t *testing.T) {
	values := strings.TrimSpace(strings.Repeat("1 ", 4*(31+29+31+30)+1))
	end := 4 * (31 + 29 + 31 + 30)
	r := runCalendar(t, "data('x', resolution='6h').sum(cycle='month', shift_cycles=1).publish()", values, end-1, end+1, nil)
	if got := r.row("{}"); got != "- 124" {
		t.Errorf("got %s, want March with 31 days of 4 slots", got)
	}
}

// A day of a change of clocks has 23 or 25 hours.
func TestDaysOfOtherLengths(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	load(store, "x{}", strings.Repeat("1 ", 24*92), time.Hour)
	g, err := eval.Compile("data('x', resolution='1h').count(cycle='day').publish()", eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t)
	day := time.Date(2024, 3, 30, 0, 0, 0, 0, zone)
	o := engine.Options{Source: store, Clock: clockAt(1000 * time.Hour * 24), Timezone: zone, Start: day, Stop: day.AddDate(0, 0, 3)}
	if err := engine.Run(context.Background(), g, o, r); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(strings.ReplaceAll(r.row("{}"), "-", "")), " "); got != "24 24 23" {
		t.Errorf("got %s", got)
	}
	if want := fmt.Sprint(day.AddDate(0, 0, 2).UnixMilli()); r.values["{}"][day.AddDate(0, 0, 2).UnixMilli()] != 23 {
		t.Errorf("the short day is not told at %s", want)
	}
}

// A series that has been silent for longer than a day still counts for its month.
func TestSilentSeriesStayForTheirCycle(t *testing.T) {
	values := "5" + strings.Repeat(" -", 4*31) + " 1"
	r := runCalendar(t, "data('x', resolution='6h').sum(cycle='month').publish()", values, 4*30, 4*31+2, nil)
	if got := r.row("{}"); got != "- - - - 5 -" {
		t.Errorf("got %s", got)
	}
}
