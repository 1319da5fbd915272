package series

import "testing"

// Where points come regularly, their times are known without looking at them.
func TestPointsStartEnd(t *testing.T) {
	times := []int64{10, 20, 30}
	for _, p := range []Points{{Times: times}, {Times: times, Every: 10, First: 10}} {
		if p.Start() != 10 || p.End() != 30 {
			t.Errorf("every %d: from %d to %d, want 10 to 30", p.Every, p.Start(), p.End())
		}
	}
}
