package e2e

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"
)

// What the benchmarks measure is the same computation: over the same points our engine and both
// peers give the same values, and where the languages differ, the query is where it has to be.
func TestEnginesAgree(t *testing.T) {
	const cores, part = 200, 5 * time.Minute
	slots := int(part / scrape)
	db := fillTSDB(t, cores, -perHour, slots, cpuSignal, loadSignal, requestSignal)
	for _, p := range enginePairs(cores) {
		t.Run(p.name, func(t *testing.T) {
			data := newScraper(cores, p.signals...)
			data.fill(t, -perHour, slots)
			ours := span(t, data.store, compile(t, p.program), part).table()
			if len(ours) != slots {
				t.Fatalf("%d slots, want %d", len(ours), slots)
			}
			for _, peer := range peerEngines() {
				query := peer.table(t, db, p.query, part)
				if p.equal == "" {
					sameTable(t, ours, query, p.byRank)
					continue
				}
				sameTable(t, ours, peer.table(t, db, p.equal, part), p.byRank)
				if p.low != "" {
					within(t, query, peer.table(t, db, p.low, part), peer.table(t, db, p.high, part))
				}
			}
		})
	}
}

// sameTable compares two results; numbers may differ by what the order of additions does.
func sameTable(t *testing.T, ours, peer table, byRank bool) {
	t.Helper()
	if len(ours) != len(peer) {
		t.Fatalf("%d slots, the peer has %d", len(ours), len(peer))
	}
	for at, row := range ours {
		other := peer[at]
		if len(row) != len(other) {
			t.Fatalf("slot %d: %d series, the peer has %d", at, len(row), len(other))
		}
		if byRank {
			x, y := slices.Sorted(maps.Values(row)), slices.Sorted(maps.Values(other))
			if !slices.Equal(x, y) {
				t.Fatalf("slot %d: %v, the peer has %v", at, x, y)
			}
			continue
		}
		for name, x := range row {
			if y, ok := other[name]; !ok || math.Abs(x-y) > 1e-9*math.Abs(x) {
				t.Fatalf("slot %d: %s is %v, the peer has %v %v", at, name, x, y, ok)
			}
		}
	}
}

func within(t *testing.T, got, low, high table) {
	t.Helper()
	if got.size() == 0 || got.size() != low.size() || got.size() != high.size() {
		t.Fatalf("%d values between %d and %d", got.size(), low.size(), high.size())
	}
	for at, row := range got {
		for name, x := range row {
			from, to := low[at][name], high[at][name]
			if slack := 1e-9 * math.Abs(x); x < from-slack || x > to+slack {
				t.Fatalf("slot %d: %s is %v, not from %v to %v", at, name, x, from, to)
			}
		}
	}
}
