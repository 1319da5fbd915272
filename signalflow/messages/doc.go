// Package messages is the codec of the SignalFlow streaming protocol: it turns
// WebSocket frames, and the events of HTTP responses, into typed messages and back.
//
// A client decodes what it receives with a [Decoder], one per connection, or with
// [ParseMessage]:
//
//	m, err := messages.ParseMessage(frame, isText)
//	if err != nil {
//		return err // a *DecodeError: what is wrong, where, on which channel
//	}
//	switch m := m.(type) {
//	case *messages.DataMessage:
//		for _, p := range m.Payloads {
//			if v, ok := p.AsFloat(); ok {
//				fmt.Println(p.TSID, v)
//			}
//		}
//	case *messages.ErrorMessage:
//		return errors.New(m.Message)
//	}
//
// A [DataView] reads the points of a binary frame in place, for programs that do
// not need them as a slice. A server builds messages with the New… functions and
// encodes them with [AppendText] and [AppendBinary].
//
// Over HTTP the same messages are server-sent events: an [SSEReader] reads a response,
// [Decoder.DecodeSSE] decodes its events and [AppendSSE] writes them.
//
// Nothing that comes from the wire makes this package panic, and nothing becomes
// zero unnoticed: a message whose essential fields are wrong is a *[DecodeError],
// one with a broken side field is delivered and names it in Warnings. What this
// package does not know is kept: unknown types arrive as *[UnknownMessage],
// unknown control events as *[BaseControlMessage], and the whole text of every
// JSON message is in Raw and RawData.
package messages
