package signalflow

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run when a goroutine of the client, the codec or the server half is
// left after the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := leakedGoroutines(); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "%d goroutines left:\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// leakedGoroutines gives goroutines that are on their way out a second to be gone.
func leakedGoroutines() (left []string) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if left = clientGoroutines(); len(left) == 0 {
			return nil
		}
		<-tick.C
	}
	return left
}
