// Package wire is the server half of the SignalFlow protocol. It authenticates connections,
// decodes requests, keeps channels apart, orders and frames messages and ends computations,
// so that a [Backend] only ever sees "here is a request, send its messages in order": no
// sockets, no frames, no compression, and not whether WebSocket or HTTP is spoken.
//
// A computation has readers, any number of them and none for a while if it may outlive
// them: channels of WebSocket connections and SSE responses. Each has a queue with a bound.
// The messages of a computation go to all of its readers in the same order; one that does
// not keep up loses its own output, and the computation only if it is the last.
//
// The rules it keeps are those of protocol.md 8.7; each has a recorded conversation under
// testdata/conversations. Kept here: everything up to the first message of a computation,
// the channel on every message, rising logical timestamps (3.1 c), nothing after the
// terminal message (3.1 d), no data for an expired series (3.1 e), data as binary version 1,
// compression, and for readers that attach or resume what comes before their first batch
// (2.8, 6.6). Left to the backend, who alone can know: the first batch before the
// first information message (3.1 a), one data message per publish and timestamp, empty ones
// included (3.1 b), and metadata before data; see [Computation].
//
// Goroutines: the HTTP server's own goroutine reads a WebSocket, and one more writes it; it
// also serves an HTTP request and writes its response. Each running computation has one.
// [Server.Close] waits for all of them.
package wire
