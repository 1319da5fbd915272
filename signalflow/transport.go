package signalflow

import (
	"context"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// transport is how a client reaches a server. The seam is "open a request, receive its
// ordered messages": what a connection is, and how many there are, is the transport's own.
//
// All methods may be called concurrently. After close, open and send return ErrClosed.
type transport interface {
	// connect waits until requests can be sent, as open does.
	connect(ctx context.Context) error
	// open sends a request that is answered on a channel of its own and returns once it is
	// written. From before that moment, s gets everything that comes on the channel.
	//
	// It waits for an authenticated connection until ctx ends or the connect timeout has
	// passed, and returns a *ConnectError then, or an *AuthError at once when the token is
	// refused. With exclusive set, nothing else shares the connection.
	open(ctx context.Context, r openRequest, s sink) error
	// send writes a request that has no answer of its own.
	send(ctx context.Context, r request) error
	// authenticate presents another token than that of the configuration so far, and returns
	// once every connection has been accepted with it. Requests that follow use it.
	authenticate(ctx context.Context) error
	// close ends every connection and waits, for a bounded time, for what it started.
	close()
}

type openRequest struct {
	request
	channel   string    // as in the request
	named     bool      // the caller chose the channel's name, and may choose it again
	exclusive bool      // the sink may block
	after     time.Time // the last logical timestamp that is known; zero for none
}

// sink receives the messages of one channel, one call at a time and in order. It does not
// block, except when its request was exclusive.
type sink interface {
	// bind comes before the request is written, and again if it is written anew on another
	// connection because the first was lost before the server could see it.
	bind(l link)
	// receive takes a message that was size bytes long on the wire.
	receive(m messages.Message, size int)
	// gap says that a message of the channel could not be decoded.
	gap(err *messages.DecodeError)
	// lost says that the connection is gone: no further call follows.
	lost(err error)
}

// link is the way back from a channel to its server.
type link interface {
	// send writes a further request about the channel on the same connection.
	send(ctx context.Context, r request) error
	// begin queues a request without waiting; wait waits until it is written. The request
	// is written when its turn comes whether anybody waits or not, but never when the
	// connection's queue of requests is full or the connection is lost.
	begin(r request) (wait func(context.Context) error)
	// release forgets the channel: what still comes on it is dropped.
	release()
	// down is closed when the connection is gone.
	down() <-chan struct{}
}

// newTransport returns the transport that the options chose.
func newTransport(conf *config, report func(error)) transport {
	if conf.usesSSE() {
		return newSSETransport(conf, report)
	}
	return newWebSocketTransport(conf, report)
}
