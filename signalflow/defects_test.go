package signalflow

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

// defects holds one test for each defect of the published client that protocol.md 8.2
// lists. Each fails on that client's behaviour.
var defects = map[string]func(t *testing.T){}

func init() {
	for _, kind := range []map[string]func(t *testing.T){
		badFrameDefects, lostMessageDefects, hiddenEndDefects, connectionDefects, resourceDefects,
	} {
		maps.Copy(defects, kind)
	}
}

func TestPublishedDefects(t *testing.T) {
	for _, id := range slices.Sorted(maps.Keys(defects)) {
		t.Run(id, defects[id])
	}
}

// TestDefectsComplete compares with the list of the specification. A9 is the codec's
// benchmark; B11 and D3 come with the streams that survive a lost connection.
func TestDefectsComplete(t *testing.T) {
	spec, err := os.ReadFile("../docs/spec/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{"A9", "B11", "D3"}
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-E]\d+) (R )?\|`).FindAllSubmatch(spec, -1) {
		id := string(m[1])
		n++
		if defects[id] == nil && !slices.Contains(elsewhere, id) {
			t.Errorf("defect %s has no test", id)
		}
	}
	if n != len(defects)+len(elsewhere) {
		t.Errorf("the specification lists %d defects, %d have a test and %d are elsewhere", n, len(defects), len(elsewhere))
	}
}
