package engine

import (
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// Cycles follow each other without a gap, each a whole one, over years with their changes of
// clocks: 23 and 25 hours, midnights that do not exist, half hours.
func TestCyclesAreWhole(t *testing.T) {
	for _, zone := range []string{"UTC", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Lord_Howe",
		"Asia/Amman", "Antarctica/Troll"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range []graph.Calendar{
			{Cycle: graph.Hour}, {Cycle: graph.Day}, {Cycle: graph.Day, Start: 2}, {Cycle: graph.Day, Start: 23}, {Cycle: graph.Week},
			{Cycle: graph.Week, Start: 6}, {Cycle: graph.Month}, {Cycle: graph.Month, Start: 27}, {Cycle: graph.Quarter}, {Cycle: graph.Quarter, Start: 1},
		} {
			c, err := newCalendar(&op, loc, grid{step: 1000})
			if err != nil {
				t.Fatal(err)
			}
			begin := c.begin(time.Date(2016, 8, 1, 5, 17, 0, 0, time.UTC).UnixMilli())
			for range 3000 {
				end := c.end(begin)
				if length := time.Duration(end-begin) * time.Millisecond; length <= 0 || length > c.longest() {
					t.Fatalf("%s %s: %s long from %s", zone, op.Cycle, length, time.UnixMilli(begin).In(loc))
				}
				for _, at := range []int64{begin, begin + 1, (begin + end) / 2, end - 1} {
					if got := c.begin(at); got != begin {
						t.Fatalf("%s %s: %s is in the cycle from %s, want %s", zone, op.Cycle,
							time.UnixMilli(at).In(loc), time.UnixMilli(got).In(loc), time.UnixMilli(begin).In(loc))
					}
				}
				begin = end
				if begin > time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() {
					break
				}
			}
		}
	}
}

func TestCycleStarts(t *testing.T) {
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 5, 15, 3, 30, 0, 0, loc) // a Wednesday
	for _, test := range []struct {
		op   graph.Calendar
		want string
	}{
		{graph.Calendar{Cycle: graph.Hour}, "2024-05-15 03:00"},
		{graph.Calendar{Cycle: graph.Day}, "2024-05-15 00:00"},
		{graph.Calendar{Cycle: graph.Day, Start: 9}, "2024-05-14 09:00"},
		{graph.Calendar{Cycle: graph.Week}, "2024-05-13 00:00"},
		{graph.Calendar{Cycle: graph.Week, Start: 2}, "2024-05-15 00:00"},
		{graph.Calendar{Cycle: graph.Week, Start: 3}, "2024-05-09 00:00"},
		{graph.Calendar{Cycle: graph.Month}, "2024-05-01 00:00"},
		{graph.Calendar{Cycle: graph.Month, Start: 19}, "2024-04-20 00:00"},
		{graph.Calendar{Cycle: graph.Quarter}, "2024-04-01 00:00"},
		{graph.Calendar{Cycle: graph.Quarter, Start: 1}, "2024-05-01 00:00"},
		{graph.Calendar{Cycle: graph.Quarter, Start: 2}, "2024-03-01 00:00"},
		{graph.Calendar{Cycle: graph.Day, Timezone: "Asia/Tokyo"}, "2024-05-14 11:00"},
	} {
		c, err := newCalendar(&test.op, loc, grid{step: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if got := time.UnixMilli(c.begin(at.UnixMilli())).In(loc).Format("2006-01-02 15:04"); got != test.want {
			t.Errorf("%v: %s, want %s", test.op, got, test.want)
		}
	}
}
