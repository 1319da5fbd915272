package messages

import (
	"encoding/json"
	"sync/atomic"
	"time"
)

// Events of a control message (protocol.md 3.3).
const (
	StreamStartEvent  = "STREAM_START"
	JobStartEvent     = "JOB_START"
	JobProgressEvent  = "JOB_PROGRESS"
	ChannelAbortEvent = "CHANNEL_ABORT"
	EndOfChannelEvent = "END_OF_CHANNEL"
	KeepAliveEvent    = "KEEP_ALIVE"
)

// Values of the field "type" of a message (protocol.md 3).
const (
	AuthenticatedType      = "authenticated"
	ControlMessageType     = "control-message"
	ErrorType              = "error"
	MetadataType           = "metadata"
	MessageType            = "message"
	DataType               = "data"
	EventType              = "event"
	ExpiredTSIDType        = "expired-tsid"
	ComputationStartedType = "computation-started"
	EstimationType         = "estimation"
	LogDataType            = "log-data"
	LiveTailStartedType    = "livetail-started"

	// WebsocketErrorType is never on the wire; older clients made such
	// messages up for a lost connection.
	WebsocketErrorType = "websocket-error"
)

// Message is any message of a stream. The concrete types of this package are
// pointers; a type switch over them is the usual way to read a message.
type Message interface {
	Type() string
	Base() *BaseMessage
}

// ChannelMessage is a message that belongs to a channel. Channel returns ""
// for a message that concerns the whole connection.
type ChannelMessage interface {
	Channel() string
}

// JSONMessage is a message that came as JSON, which is every kind but data.
type JSONMessage interface {
	Message
	JSONBase() *BaseJSONMessage
	RawData() map[string]interface{}
}

// BaseMessage holds what every message has: its type.
type BaseMessage struct {
	Typ string `json:"type"`
}

// Type returns the type of the message, one of the …Type constants or a name
// that this package does not know. A keep-alive may come without one: "".
func (bm *BaseMessage) Type() string { return bm.Typ }

// Base returns the message's base.
func (bm *BaseMessage) Base() *BaseMessage { return bm }

// String describes the message in a few words.
func (bm *BaseMessage) String() string { return bm.Typ + " message" }

// BaseChannelMessage holds the channel of a message.
type BaseChannelMessage struct {
	Chan string `json:"channel,omitempty"`
}

// Channel returns the name of the channel, "" for a connection-level message.
func (bcm *BaseChannelMessage) Channel() string { return bcm.Chan }

// BaseJSONMessage is the base of every message that came as JSON. It keeps the
// text it was decoded from, for RawData, Raw and for encoding it again.
type BaseJSONMessage struct {
	BaseMessage
	src *source
}

// source is what a decoded message remembers of its origin. It is shared by
// copies of the message and never changes once the message is handed out,
// apart from the lazily parsed map.
type source struct {
	text     string
	warnings []string
	parsed   atomic.Pointer[map[string]interface{}]
}

// JSONBase returns the message's JSON base.
func (j *BaseJSONMessage) JSONBase() *BaseJSONMessage { return j }

// RawData returns the whole message as a map, with numbers as float64, lists as
// []interface{} and objects as map[string]interface{}. It is parsed at the first
// call and then kept; treat it as read-only. It is safe for concurrent use, and
// nil for a message that was built and not decoded.
func (j *BaseJSONMessage) RawData() map[string]interface{} {
	if j.src == nil {
		return nil
	}
	if m := j.src.parsed.Load(); m != nil {
		return *m
	}
	m := objectValue(j.src.text, nil)
	// When two callers race, both get the map of the first.
	if !j.src.parsed.CompareAndSwap(nil, &m) {
		return *j.src.parsed.Load()
	}
	return m
}

// Raw returns a copy of the JSON text that the message was decoded from, nil for
// a message that was built and not decoded.
func (j *BaseJSONMessage) Raw() json.RawMessage {
	if j.src == nil {
		return nil
	}
	return json.RawMessage(j.src.text)
}

// Warnings names the fields that were repaired or dropped while the message was
// decoded, as paths such as "timestampMs" or "properties.sf_resolutionMs".
func (j *BaseJSONMessage) Warnings() []string {
	if j.src == nil {
		return nil
	}
	return j.src.warnings
}

// String returns the type and the JSON text.
func (j *BaseJSONMessage) String() string {
	if j.src == nil {
		return j.BaseMessage.String()
	}
	return j.BaseMessage.String() + " " + j.src.text
}

// BaseJSONChannelMessage is a JSON message with a channel.
type BaseJSONChannelMessage struct {
	BaseJSONMessage
	BaseChannelMessage
}

// String returns the JSON text.
func (j *BaseJSONChannelMessage) String() string {
	if j.src == nil {
		return j.BaseMessage.String()
	}
	return j.src.text
}

// TimestampedMessage holds a time in milliseconds since the Unix epoch. A time
// before 1970 is kept in two's complement, so that Timestamp is right for it too.
type TimestampedMessage struct {
	TimestampMillis uint64 `json:"timestampMs"`
}

// Timestamp returns the time of the message, in the local time zone.
func (m *TimestampedMessage) Timestamp() time.Time {
	return time.UnixMilli(int64(m.TimestampMillis))
}
