package wire

import (
	"testing"

	"github.com/signalfx/signalfx-go/idtool"
)

// What is known of expired series does not grow with how many there were.
func TestExpiredIsBounded(t *testing.T) {
	var e expiredSeries
	const n = 3 * maxExpired
	for i := range n {
		e.add(idtool.ID(i))
	}
	if len(e.ids) != maxExpired || len(e.order) != maxExpired {
		t.Errorf("%d series, %d in order; want %d", len(e.ids), len(e.order), maxExpired)
	}
	for _, i := range []int{n - 1, n - maxExpired} {
		if _, known := e.ids[idtool.ID(i)]; !known {
			t.Errorf("series %d of %d is forgotten", i, n)
		}
	}
}
