package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

// Exit codes of the command, documented in its help and in docs/cli.md.
const (
	exitOK          = 0
	exitProgram     = 1   // the program has an error, or its run was aborted
	exitUsage       = 2   // flags, arguments or settings, or recorded data
	exitConnection  = 3   // authentication or connection
	exitTimeout     = 124 // --timeout has passed
	exitInterrupted = 130 // Ctrl-C
	exitTerminated  = 143 // SIGTERM
)

// usageError is a mistake in flags, arguments or settings.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

// dataError is a mistake in recorded data: the command was given rightly.
type dataError struct{ error }

func (e dataError) Unwrap() error { return e.error }

// programError is an error of the program with its text drawn for a person.
type programError struct {
	err      error
	rendered string // ends in a newline
}

func (e *programError) Error() string { return e.err.Error() }
func (e *programError) Unwrap() error { return e.err }

// errTimeout: --timeout has passed.
var errTimeout = errors.New("no value came in time")

// errQuit: whoever watches the table has closed it.
var errQuit = errors.New("quit")

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal os.Signal }

func (e interrupted) Error() string { return e.signal.String() }

// exitCode maps the error that ended a command to its exit code.
func exitCode(err error) int {
	var (
		usage     usageError
		data      dataError
		signalled interrupted
		auth      *signalflow.AuthError
		connect   *signalflow.ConnectError
		lost      *signalflow.ConnectionLostError
	)
	switch {
	case err == nil, errors.Is(err, errQuit), errors.Is(err, syscall.EPIPE):
		return exitOK
	case errors.As(err, &signalled):
		if signalled.signal == syscall.SIGTERM {
			return exitTerminated
		}
		return exitInterrupted
	case errors.Is(err, errTimeout):
		return exitTimeout
	case errors.As(err, &usage), errors.As(err, &data):
		return exitUsage
	case errors.As(err, &auth), errors.As(err, &connect), errors.As(err, &lost):
		return exitConnection
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitProgram
}

// SignalContext returns a context that Ctrl-C or SIGTERM ends, for Main. A second signal
// ends the process at once. A reader that goes away shows as a write error instead of
// ending the process, so that what was started is also stopped. The function releases what
// the context holds.
func SignalContext() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(interrupted{s})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}
