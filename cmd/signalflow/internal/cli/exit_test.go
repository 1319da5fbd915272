package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

func TestExitCode(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errQuit, 0},
		{&fs.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, 0},
		{&programError{err: &signalflow.ComputationError{Code: 400}}, 1},
		{&signalflow.AbortError{State: "FAILED"}, 1},
		{&signalflow.OverflowError{}, 1},
		{errors.New("no space left on device"), 1},
		{usageError{"bad flag"}, 2},
		{&signalflow.AuthError{Code: 4401}, 3},
		{&signalflow.ConnectError{}, 3},
		{&signalflow.ConnectionLostError{Code: 1006}, 3},
		{errTimeout, 124},
		{interrupted{os.Interrupt}, 130},
		{interrupted{syscall.SIGTERM}, 143},
		{context.Canceled, 130},
	}
	for _, tt := range tests {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.err, got, tt.want)
		}
		if tt.err == nil {
			continue
		}
		if got := exitCode(errors.Join(fmt.Errorf("run: %w", tt.err), nil)); got != tt.want {
			t.Errorf("%v, wrapped: %d, want %d", tt.err, got, tt.want)
		}
	}
}
