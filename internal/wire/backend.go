package wire

import (
	"context"
	"errors"
	"fmt"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Backend is what a Server serves. Its methods are called concurrently.
type Backend interface {
	// Authenticate maps a token to an identity, or refuses it. On any error the connection
	// is closed with code 4401; the message of an *Error becomes part of the close reason,
	// other texts stay on the server, and the token is in neither.
	Authenticate(ctx context.Context, token string) (Identity, error)

	// Prepare checks and compiles a request, whose Type is ExecuteRequest, PreflightRequest,
	// StartRequest or ExplainRequest. Its error is the one answer on the channel: an *Error
	// keeps its code, type and position, any other becomes code 500. A backend refuses with
	// code 400 what it cannot do. The context ends when the client goes away or detaches.
	Prepare(ctx context.Context, id Identity, req *Request) (Computation, error)
}

// Filterer is a Backend that can narrow what an attaching reader gets. Without it, attach
// requests with filters are refused.
type Filterer interface {
	// Filter compiles the filters of an attach request (protocol.md 2.8). The function it
	// returns decides about each output series by its metadata; it is called by one goroutine
	// at a time. An *Error is the answer, any other becomes code 500.
	Filter(ctx context.Context, id Identity, filters string) (func(*messages.MetadataProperties) bool, error)
}

// Identity is who a connection speaks for. The organization bounds what it may stop.
type Identity struct {
	OrgID  string
	UserID string
}

// Computation is one prepared run.
//
// Run sends the messages of the run to out, in order, until its range ends, and returns nil:
// END_OF_CHANNEL follows. An error is sent as the terminal `error` message instead. A run
// that sends a terminal message itself (CHANNEL_ABORT, error) then just returns.
//
// Run is called exactly once for what Prepare has returned, with a context that may have
// ended already. When ctx ends, Run returns promptly; what it returns is then ignored,
// because the cause decides about the last message (ErrDetached, ErrDisconnected,
// ErrShutdown, ErrUnread, ErrSlowConsumer, or *StopError; see context.Cause).
//
// Run has to keep three rules that this package cannot check (protocol.md 3.1): the
// metadata of a series precedes its data and events; the first batch, which is all data
// messages of the first logical timestamp, precedes the first information message; and
// every logical timestamp has the same number of data messages, one per publish, even if
// some have no points.
type Computation interface {
	Run(ctx context.Context, out *Output) error
}

// Causes for which the context of a computation ends, besides *StopError.
var (
	ErrDetached     = errors.New("the last reader detached")
	ErrDisconnected = errors.New("the connection is gone")
	ErrShutdown     = errors.New("server shutting down")
	ErrUnread       = errors.New("nobody read the computation or kept it alive")
	ErrSlowConsumer = errors.New("slow consumer")
)

// StopError is the cause of a computation's end after a stop request.
type StopError struct{ Reason string }

func (e *StopError) Error() string {
	if e.Reason == "" {
		return "stopped by request"
	}
	return fmt.Sprintf("stopped by request: %s", e.Reason)
}

// ErrEnded is returned by Output.Send after the terminal message of a computation.
var ErrEnded = errors.New("the channel has had its terminal message")

// Error is an answer that refuses a request or ends a computation, as the client sees it
// (protocol.md 3.9).
type Error struct {
	Code    int    // HTTP-like: 400, 401, 403, 404, 429, 500; 0 is sent as 500
	Type    string // machine name, for example ANALYTICS_PROGRAM_NAME_ERROR
	Message string
	Context *messages.ErrorContext // place in the program; nil when there is none
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%d (%s): %s", e.Code, e.Type, e.Message)
	if e.Context != nil && e.Context.Line > 0 {
		text = fmt.Sprintf("%s at line %d, column %d", text, e.Context.Line, e.Context.Column)
	}
	return text
}

// Values of Error.Type that this package uses itself.
const (
	TypeBadRequest      = "BAD_REQUEST"
	TypeUnauthorized    = "UNAUTHORIZED"
	TypeNotFound        = "NOT_FOUND"
	TypeTooManyChannels = "TOO_MANY_CHANNELS"
	TypeTooManyJobs     = "TOO_MANY_COMPUTATIONS"
	TypeTooLarge        = "TOO_LARGE"
	TypeInternalError   = "INTERNAL_ERROR"
)

func badRequest(format string, args ...any) *Error {
	return &Error{Code: 400, Type: TypeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// asMessage turns any error into the message that reports it.
func asMessage(err error) *messages.ErrorMessage {
	var e *Error
	if !errors.As(err, &e) {
		return messages.NewError(500, TypeInternalError, err.Error(), nil)
	}
	code := e.Code
	if code == 0 {
		code = 500
	}
	return messages.NewError(code, e.Type, e.Message, e.Context)
}
