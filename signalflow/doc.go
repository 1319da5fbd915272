// Package signalflow is a client of the SignalFlow streaming analytics service of Splunk
// Observability Cloud, and of any server that speaks its protocol.
//
// A [Client] holds one authenticated connection, made in the background as soon as the
// client exists and remade whenever it is lost:
//
//	c, err := signalflow.NewClient(
//		signalflow.StreamURLForRealm("us1"),
//		signalflow.AccessToken(token))
//	...
//	defer c.Close()
//
// There are two layers. Most programs want the upper one, which is small:
//
//   - [Client.Latest] answers with the newest value: a number for an autoscaler.
//   - [Client.Query] answers with all that a program put out over a range, as labelled
//     [Result.Series]; [Result.Scalar] makes one number of it, [Result.Table] a table.
//   - [Client.Stream] goes on for as long as you like, through lost connections and restarts
//     of the server: every logical timestamp comes once, in order, as one [Batch] with its
//     metadata. [Stream.Latest] is the state of the moment.
//
// A loop over a stream:
//
//	s, err := c.Stream(ctx, "data('cpu.utilization').mean(by='host').publish('cpu')", signalflow.Options{})
//	...
//	defer s.Close()
//	for batch, err := range s.Batches() {
//		if err != nil {
//			return err
//		}
//		for series, value := range batch.All() {
//			fmt.Println(batch.Time, series.Name(), value)
//		}
//	}
//
// The lower layer is the protocol itself. [Client.Execute] starts a program and returns its
// [Computation], whose messages arrive on channels as the server sent them:
//
//	comp, err := c.Execute(ctx, &signalflow.ExecuteRequest{
//		Program: "data('cpu.utilization').mean().publish('cpu')",
//	})
//	...
//	for msg := range comp.Data() {
//		...
//	}
//	return comp.Err()
//
// [Client.Preflight], [Client.Start], [Client.Attach], [Client.KeepAlive], [Client.Explain],
// [Client.Feedback] and [Client.Authenticate] are the other requests.
//
// The transport is WebSocket, or HTTP with server-sent events where a network lets nothing
// else through: see [SSE]. What is said here holds for both.
//
// # What the client promises
//
// It does not hang. Every call that can wait takes a context and honours it. The goroutine
// that reads the connection never waits for a consumer: each computation has one queue of
// its own, bounded in bytes, and [Computation.Data], [Computation.Events],
// [Computation.Info] and [Computation.Expirations] are views on it. Reading any subset of
// them, or none, is fine: a view that nobody asked for keeps the newest messages and
// counts the rest; one that was asked for and falls behind by more than the bound ends its
// computation with an [OverflowError] (see [QueueSize] and [OnOverflow] for the other
// policies).
//
// It does not lie about failure. [Computation.Err] is nil only when the server said that
// the computation is complete, or when the caller stopped or detached it. Everything else
// is a typed error that errors.As finds: [ComputationError], [AuthError], [ThrottledError],
// [AbortError], [ConnectionLostError], [OverflowError]; after [Client.Close] it is
// [ErrClosed].
//
// It does not leak. Goroutines have an owner that waits for them: [Client.Close] returns
// within a second in any state, and nothing of the client runs after it.
//
// The access token is sent to the server once for each connection and appears nowhere
// else: not in errors, not in logs, not in a dump of the client.
//
// # Testing
//
// [FakeBackend] is a SignalFlow server for tests, with scripted metadata and data.
package signalflow
