package wire

import (
	"log/slog"
	"time"
)

// Options adjusts a Server. The zero value is ready.
type Options struct {
	// MaxChannels is how many computations one connection may have at a time; 0 = 300
	// (protocol.md 1.7), negative = no limit.
	MaxChannels int

	// KeepAlive is the time between two KEEP_ALIVE messages; 0 = 15 s. Clients give a
	// connection up after 60 s of silence (protocol.md 1.6).
	KeepAlive time.Duration

	// AuthTimeout is how long a new connection may take to authenticate; 0 = 5 s.
	AuthTimeout time.Duration

	// MaxQueueBytes bounds what waits to be written for one channel; 0 = 8 MiB. A single
	// message may be larger if it finds the queue empty.
	MaxQueueBytes int

	// MaxConnectionBytes bounds what waits to be written for all channels of a connection
	// together; 0 = 64 MiB. A channel for which nothing waits may queue one message all the
	// same, so that busy channels do not shut out the others.
	MaxConnectionBytes int

	// SlowConsumerAfter is how long Output.Send waits for room in a full queue, with a reader
	// that takes nothing, before the channel is aborted (protocol.md 6.7); 0 = 5 s, negative =
	// no wait. While it waits the computation stands still, so that a past range is replayed
	// as fast as its reader reads. Where a computation has other readers too, it is the longest
	// that they wait for one: the queue of that one has to be half empty by then.
	SlowConsumerAfter time.Duration

	// WriteTimeout is how long one write to the socket may take before the connection is
	// given up; 0 = 30 s.
	WriteTimeout time.Duration

	// ReadLimit is the longest request in bytes, over HTTP its body; 0 = 1 MiB. A longer one
	// closes the connection with code 1009, or is refused with status 413.
	ReadLimit int64

	// PersistentGrace is how long a persistent computation, or one in the background, lives
	// without a reader or a keepalive request; 0 = 10 min (protocol.md 6.4).
	PersistentGrace time.Duration

	// MaxPersistent is how many computations that may live without a reader an organization
	// may have at a time, read or not; 0 = 100, negative = no limit. Beyond it requests are
	// refused with error 429.
	MaxPersistent int

	// MaxResponses is how many SSE responses an organization may have open at a time; 0 = 1,000,
	// negative = no limit. Beyond it requests are refused with status 429.
	MaxResponses int

	// MaxAttachBytes bounds the metadata that a computation keeps, as JSON, for readers that
	// attach to it; 0 = 64 MiB, negative = nothing is kept. A computation whose live series
	// have more cannot be attached to.
	MaxAttachBytes int

	// Now is the clock of the timestamps that this package makes and of relative times in
	// requests; nil = time.Now. Timeouts always follow the real clock.
	Now func() time.Time

	// Logger gets what an operator wants to know; nil = nothing. Tokens are never logged.
	Logger *slog.Logger

	// Observe, if not nil, is told of each request of a connection, in order and before it
	// is acted on, and of each HTTP request whose token was accepted. err is the fault of a
	// malformed one. It is called on the goroutine that reads the connection or serves the
	// HTTP request.
	Observe func(c ConnInfo, req *Request, err error)
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxChannels, 300)
	setDefault(&o.MaxPersistent, 100)
	setDefault(&o.MaxResponses, 1000)
	setDefault(&o.MaxAttachBytes, 64<<20)
	setDefault(&o.KeepAlive, 15*time.Second)
	setDefault(&o.AuthTimeout, 5*time.Second)
	setDefault(&o.MaxQueueBytes, 8<<20)
	setDefault(&o.MaxConnectionBytes, 64<<20)
	setDefault(&o.SlowConsumerAfter, 5*time.Second)
	setDefault(&o.WriteTimeout, 30*time.Second)
	setDefault(&o.ReadLimit, 1<<20)
	setDefault(&o.PersistentGrace, 10*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
