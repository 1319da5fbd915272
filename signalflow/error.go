package signalflow

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

var (
	// ErrMetadataTimeout is returned by the getters of a [Computation] whose context ended
	// before the value came. The context's own error is wrapped with it, so that both
	// errors.Is(err, ErrMetadataTimeout) and errors.Is(err, ctx.Err()) hold.
	ErrMetadataTimeout = errors.New("metadata value did not come in time")

	// ErrClosed is returned by every call on a client after [Client.Close], and by
	// [Computation.Err] of the computations that the close ended.
	ErrClosed = errors.New("signalflow: client is closed")

	// ErrNotReported is returned by the getters of a [Computation] that ended normally
	// without the server ever having reported the value.
	ErrNotReported = errors.New("the computation ended without reporting it")
)

// ComputationError is the server's report of a program that it refused or that failed
// (protocol.md 3.9).
type ComputationError struct {
	Code      int    // HTTP-like: 400 for a bad program; 0 when the server gave none
	Message   string // the server's text; may be empty
	ErrorType string // machine name, an open set; may be empty

	// Line and Column are 1-based and point into the program; 0 when the server gave no
	// place. Snippet is the source line there.
	Line, Column int
	Snippet      string
	// Context holds everything that the server said about the place.
	Context messages.ErrorContext

	list *[]messages.ErrorItem // behind a pointer, so that errors can be compared as in the published package
}

// Errors returns the items of the list form of an error; nil when it had another form.
func (e *ComputationError) Errors() []messages.ErrorItem {
	if e.list == nil {
		return nil
	}
	return *e.list
}

// Error returns "400 (TYPE): message"; parts that are empty are left out.
func (e *ComputationError) Error() string {
	var b strings.Builder
	if e.Code != 0 {
		b.WriteString(strconv.Itoa(e.Code))
	}
	if e.ErrorType != "" {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("(" + e.ErrorType + ")")
	}
	if e.Message != "" {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Message)
	}
	if b.Len() == 0 {
		return "computation failed, the server gave no reason"
	}
	return b.String()
}

func newComputationError(m *messages.ErrorMessage, program string) *ComputationError {
	e := &ComputationError{
		Code:      m.Error,
		Message:   m.Message,
		ErrorType: m.ErrorType,
		Line:      m.Context.Line,
		Column:    m.Context.Column,
		Context:   m.Context,
	}
	if len(m.Errors) > 0 {
		list := m.Errors
		e.list = &list
	}
	if e.ErrorType == "" && len(m.Errors) > 0 {
		codes := make([]string, len(m.Errors))
		for i, item := range m.Errors {
			codes[i] = item.Code
		}
		e.ErrorType = strings.Join(codes, ", ")
	}
	text := m.Context.ProgramText
	if text == "" {
		text = program
	}
	e.Snippet = sourceLine(text, e.Line)
	return e
}

// ThrottledError says that the server has no room for another computation: too many on one
// connection, or too many started by the token or the organization (protocol.md 1.7). It is
// worth another try later. [Client.Stream] and [Client.Query] do that by themselves.
type ThrottledError struct {
	// TooManyChannels says that it is about the number of computations on one connection. The
	// client has learned how many the server takes: a further try gets a further connection.
	TooManyChannels bool
	Err             *ComputationError // what the server said
}

func (e *ThrottledError) Error() string {
	if e.TooManyChannels {
		return "too many computations on one connection: " + e.Err.Error()
	}
	return "the server limits how many computations may be started: " + e.Err.Error()
}

func (e *ThrottledError) Unwrap() error { return e.Err }

// isTooManyChannels recognises the error by its text, which is all that is documented.
func isTooManyChannels(message string) bool {
	return strings.Contains(strings.ToLower(message), "too many channels")
}

// channelError turns an error message on a channel into the error of its computation.
func (c *config) channelError(m *messages.ErrorMessage, program string) error {
	e := c.computationError(m, program)
	if full := isTooManyChannels(e.Message); full || e.Code == 429 {
		return &ThrottledError{TooManyChannels: full, Err: e}
	}
	if e.Code == 401 || e.Code == 403 {
		return &AuthError{Code: e.Code, Reason: c.redact(e.Message), Realm: realmOf(c.url), Err: e}
	}
	return e
}

// computationError is newComputationError without the token, wherever the server put it.
func (c *config) computationError(m *messages.ErrorMessage, program string) *ComputationError {
	r := *m
	for _, s := range []*string{&r.Message, &r.ErrorType, &r.Context.BindingName, &r.Context.ProgramText, &r.Context.Reference} {
		*s = c.redact(*s)
	}
	return newComputationError(&r, program)
}

// sourceLine returns a 1-based line of a text, or "".
func sourceLine(text string, line int) string {
	if line < 1 {
		return ""
	}
	for ; line > 1; line-- {
		_, rest, found := strings.Cut(text, "\n")
		if !found {
			return ""
		}
		text = rest
	}
	first, _, _ := strings.Cut(text, "\n")
	return strings.TrimRight(first, "\r")
}

// AuthError says that the server refused the access token, on the connection or for one
// request. A client never presents a refused token again.
type AuthError struct {
	Code   int    // 401 or 403 (HTTP, or an error message), 4401 (close code); 0 when none was given
	Reason string // the server's words, without the token
	Realm  string // the realm of the endpoint, or its host when it names none
	Err    error  // the error underneath, if any
}

func (e *AuthError) Error() string {
	var b strings.Builder
	b.WriteString("authentication failed")
	if e.Code != 0 {
		fmt.Fprintf(&b, " (%d)", e.Code)
	}
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	b.WriteString("; SignalFlow needs an organization access token with API scope, or a user session token")
	if strings.Contains(e.Realm, ".") {
		b.WriteString(", for " + e.Realm)
	} else if e.Realm != "" {
		b.WriteString(", of realm " + e.Realm)
	}
	if e.Code == 403 {
		b.WriteString(", whose role may run programs (admin or power)")
	}
	b.WriteString(" (an ingest token does not work here)")
	return b.String()
}

func (e *AuthError) Unwrap() error { return e.Err }

// AbortError says that the server ended the computation before its time: CHANNEL_ABORT
// (protocol.md 3.3.4).
type AbortError struct {
	State  string // STOPPED when somebody stopped it; FAILED and others are the server's own
	Reason string
}

func (e *AbortError) Error() string {
	return join("computation aborted", e.State, e.Reason)
}

// ConnectionLostError says that the connection of a computation broke before the
// computation ended: what was received is incomplete.
type ConnectionLostError struct {
	Code   int    // WebSocket close code; 1006 when the connection broke without one
	Reason string // the server's words, or what broke
	Err    error  // the error of the network, if any
}

func (e *ConnectionLostError) Error() string {
	return join("connection lost", strconv.Itoa(e.Code), e.Reason)
}

func (e *ConnectionLostError) Unwrap() error { return e.Err }

// OverflowError says that a channel that was asked for was not read fast enough: its
// computation's queue was full, see [QueueSize] and [OnOverflow].
type OverflowError struct {
	Channel string // data, events, info, expirations or control; stream for a Stream
	Dropped int    // messages of that channel, or items of the stream, that did not reach the reader
}

// streamChannel is the Channel of an OverflowError of a stream.
const streamChannel = "stream"

func (e *OverflowError) Error() string {
	if e.Channel == streamChannel {
		return fmt.Sprintf("the loop over the stream fell behind: %d items dropped (see QueueSize and Options.Overflow)", e.Dropped)
	}
	return fmt.Sprintf("the reader of the %s channel fell behind: %d messages dropped (see QueueSize and OnOverflow)", e.Channel, e.Dropped)
}

// ConnectError says that a call gave up waiting for a connection. It wraps the error of
// the last attempt, and the context's error when it was the context that ended the wait.
type ConnectError struct {
	URL  string // the endpoint
	Last error  // of the last attempt; nil when the first is still under way
	Err  error  // the context's error; nil when the connect timeout passed
}

func (e *ConnectError) Error() string {
	var b strings.Builder
	b.WriteString("not connected to " + e.URL)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Err == nil && e.Last == nil {
		b.WriteString(": the first attempt had no answer in time (see ConnectTimeout)")
	}
	if e.Last != nil {
		b.WriteString("; last attempt: " + e.Last.Error())
	}
	return b.String()
}

func (e *ConnectError) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	if e.Last != nil {
		errs = append(errs, e.Last)
	}
	return errs
}

// join writes "what (state): reason", leaving out what is empty.
func join(what, state, reason string) string {
	if state != "" {
		what += " (" + state + ")"
	}
	if reason != "" {
		what += ": " + reason
	}
	return what
}

// realmOf returns the realm that a stream endpoint names, or its host.
func realmOf(u *url.URL) string {
	host := u.Hostname()
	rest, found := strings.CutPrefix(host, "stream.")
	if !found {
		return host
	}
	for _, domain := range []string{signalfxDomain, splunkDomain} {
		if realm, found := strings.CutSuffix(rest, "."+domain); found {
			return realm
		}
	}
	return host
}
