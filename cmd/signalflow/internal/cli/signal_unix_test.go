//go:build unix

package cli

import (
	"context"
	"os"
	"syscall"
	"testing"
)

// A signal ends the context, with the signal as its cause.
func TestSignalContext(t *testing.T) {
	ctx, release := SignalContext()
	defer release()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if code := exitCode(context.Cause(ctx)); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
}

func TestSignalContextIsReleased(t *testing.T) {
	ctx, release := SignalContext()
	release()
	if ctx.Err() == nil {
		t.Error("the context lives on")
	}
	release() // as often as one likes
}
