package e2e

import (
	"runtime"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

// A reader that does nothing but add up values keeps up with any server, also when it has to
// share one processor with the goroutine that reads the connection: that one must not fill
// the queue in its own time slices while the reader waits for one.
func TestFloodOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const queue = 1 << 20 // bytes: 1,500 messages of 16 points
	want := streamRequest{Channels: 1, Points: 16, Messages: 50_000}
	url := want.url(result[string](start(t, "server", nil)))
	data, ended, err := openOurs(url, 1, signalflow.QueueSize(queue))
	if err != nil {
		t.Fatal(err)
	}
	got := sumOurs(data[0])
	if err := ended(); err != nil {
		t.Error(err)
	}
	if got.Messages < want.Messages || got.Points != got.Messages*want.Points {
		t.Errorf("read %d messages with %d points, want at least %d of %d", got.Messages, got.Points, want.Messages, want.Points)
	}
}
