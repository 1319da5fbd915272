// Package wire is the server half of the SignalFlow protocol. It authenticates connections,
// decodes requests, keeps channels apart, orders and frames messages and ends computations,
// so that a [Backend] only ever sees "here is a request, send its messages in order": no
// sockets, no frames, no compression.
//
// The rules it keeps are those of protocol.md 8.7; each has a recorded conversation under
// testdata/conversations. Kept here: everything up to the first message of a computation,
// the channel on every message, rising logical timestamps (3.1 c), nothing after the
// terminal message (3.1 d), no data for an expired series (3.1 e), data as binary version 1,
// and compression. Left to the backend, who alone can know: the first batch before the
// first information message (3.1 a), one data message per publish and timestamp, empty ones
// included (3.1 b), and metadata before data; see [Computation].
//
// Goroutines: the HTTP server's own goroutine reads a connection, one more writes it, and
// each running computation has one. [Server.Close] waits for all of them.
package wire
