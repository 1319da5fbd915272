package messages

import (
	"strings"
	"sync"

	"github.com/signalfx/signalfx-go/idtool"
)

// DefaultMaxInflated is the default limit of an inflated body: 64 MiB.
const DefaultMaxInflated = 64 << 20

// A Decoder turns WebSocket frames into messages. Its zero value is ready. It
// remembers channel and property names (a bounded number) so that they need no
// memory of their own in each message, and is therefore not safe for concurrent
// use: it belongs to the one goroutine that reads a connection.
type Decoder struct {
	// MaxInflated is the largest inflated body that is accepted, in bytes. 0
	// means DefaultMaxInflated.
	MaxInflated int64

	// IgnoreReservedFlags accepts binary frames with flag bits that have no
	// meaning yet, instead of refusing them.
	IgnoreReservedFlags bool

	names *names
	z     *inflater // made at the first compressed frame, and reused
}

// Decode decodes one frame: isText tells a WebSocket text frame from a binary
// one. The frame is not kept and may be reused at once. An error is always a
// *DecodeError and concerns this one message only.
func (d *Decoder) Decode(frame []byte, isText bool) (Message, error) {
	if d.names == nil {
		d.names = new(names)
	}
	if isText {
		return d.decodeJSON(string(frame), "", "")
	}
	return d.decodeBinary(frame)
}

var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// ParseMessage decodes one frame with the default settings of a Decoder. It is
// safe for concurrent use.
func ParseMessage(msg []byte, isText bool) (Message, error) {
	d := decoders.Get().(*Decoder)
	defer decoders.Put(d)
	return d.Decode(msg, isText)
}

// reading is one JSON message while it is being decoded. Its methods read
// fields: those named want… fail the message when the field is wrong, the others
// leave the field out and warn. null is the same as absent.
type reading struct {
	fields
	names *names
	base  BaseJSONChannelMessage
	err   *DecodeError
}

// decodeJSON decodes a JSON message. typ and channel, from a binary header, are
// used when the message does not name its own.
func (d *Decoder) decodeJSON(text, typ, channel string) (Message, error) {
	r := reading{names: d.names}
	r.base.Typ, r.base.Chan = typ, channel
	if class, detail, offset := r.index(text); class != "" {
		r.fail(class, "", detail)
		r.err.Offset = offset
		return nil, r.err
	}
	if r.route(); r.err != nil {
		return nil, r.err
	}
	m := r.message(text)
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// route reads type and channel.
func (r *reading) route() {
	if v := r.get(fieldType); v != "" {
		r.base.Typ = ""
		r.base.Typ = r.typeName(r.wantString(fieldType))
	}
	if v := r.get(fieldChannel); v != "" {
		if name := r.wantString(fieldChannel); name != "" {
			r.base.Chan = r.names.str(name)
		}
	}
	if r.base.Typ == "" && r.get(fieldError) != "" && r.err == nil {
		r.base.Typ = ErrorType
	}
}

// typeName returns the constant for a known type.
func (r *reading) typeName(s string) string {
	switch s {
	case ControlMessageType:
		return ControlMessageType
	case MetadataType:
		return MetadataType
	case MessageType:
		return MessageType
	case EventType:
		return EventType
	}
	return r.names.str(s)
}

// message decodes the fields of the message by its type. A keep-alive is known by
// its event alone (protocol.md 3.3.7).
func (r *reading) message(text string) Message {
	alive := kind(r.fields[fieldEvent]) == '"' && stringValue(r.fields[fieldEvent]) == KeepAliveEvent
	if r.base.Typ == DataType && !alive {
		return r.data()
	}
	r.base.src = &source{text: text}
	if alive {
		return r.control()
	}
	switch r.base.Typ {
	case ControlMessageType:
		return r.control()
	case MetadataType:
		return r.metadata()
	case MessageType:
		return r.info()
	case EventType:
		return r.event()
	case ExpiredTSIDType:
		return r.expired()
	case ErrorType:
		return r.errorMessage()
	case AuthenticatedType:
		return r.authenticated()
	case ComputationStartedType:
		return r.computationStarted()
	case EstimationType:
		return r.estimation()
	case "":
		r.missing("type")
		return nil
	}
	return &UnknownMessage{BaseJSONChannelMessage: r.base}
}

// fail keeps the first error.
func (r *reading) fail(class, field, detail string) {
	if r.err == nil {
		r.err = &DecodeError{
			Class: class, Channel: strings.Clone(r.base.Chan), Type: strings.Clone(r.base.Typ),
			Field: field, Offset: -1, Detail: detail,
		}
	}
}

// wrongType fails a field that has another JSON type than wanted.
func (r *reading) wrongType(field, value, want string) {
	r.fail(ClassJSONType, field, "field "+quote(field)+" is "+kindName(value)+" ("+oneLine(value)+"), want "+want)
}

// warn notes a field that was repaired or dropped.
func (r *reading) warn(field string) {
	if r.base.src != nil { // a data message has no place for warnings
		r.base.src.warnings = append(r.base.src.warnings, field)
	}
}

// get returns a field, "" when it is absent or null.
func (r *reading) get(field int) string { return notNull(r.fields[field]) }

func notNull(v string) string {
	if kind(v) == 'n' {
		return ""
	}
	return v
}

// want returns a field that must be present.
func (r *reading) want(field int) string {
	v := r.get(field)
	if v == "" {
		r.missing(fieldNames[field])
	}
	return v
}

func (r *reading) missing(path string) {
	r.fail(ClassMissingField, path, "field "+quote(path)+" is missing")
}

// wantString returns a string that must be present.
func (r *reading) wantString(field int) string {
	v := r.want(field)
	if v == "" {
		return ""
	}
	if kind(v) != '"' {
		r.wrongType(fieldNames[field], v, "a string")
		return ""
	}
	return stringValue(v)
}

// wantTSID returns a tsId that must be present.
func (r *reading) wantTSID(field int) idtool.ID {
	if s, at := r.wantString(field), fieldNames[field]; r.err == nil {
		id, why := parseTSID(s)
		if why != "" {
			r.fail(ClassBadTSID, at, why)
		}
		return id
	}
	return 0
}

// str returns a string field.
func (r *reading) str(field int) string { return r.strOf(r.fields[field], fieldNames[field]) }

// strOf returns a string value, which path names in a warning.
func (r *reading) strOf(v, path string) string {
	switch kind(v) {
	case '"':
		return stringValue(v)
	case 0, 'n':
	default:
		r.warn(path)
	}
	return ""
}

// intOf returns an integer value. A fraction is cut off and a string with a
// number in it is read, both with a warning.
func (r *reading) intOf(v, path string) int64 {
	n, form := intValue(v)
	switch {
	case form == intPlain:
		return n
	case kind(v) == 0 || kind(v) == 'n':
		return 0
	case kind(v) == '"':
		if s := stringValue(v); isNumber(s) {
			n, _ = intValue(s)
		}
	}
	r.warn(path)
	return n
}

// smallIntOf is intOf for a field of type int.
func (r *reading) smallIntOf(v, path string) int {
	n := r.intOf(v, path)
	if int64(int(n)) != n {
		r.warn(path)
		return 0
	}
	return int(n)
}

func isNumber(s string) bool {
	c := scanner{s: s}
	return kind(s) == '0' && c.number() && c.i == len(s)
}

// millis returns a time field as it is kept in a message.
func (r *reading) millis(field int) uint64 {
	return uint64(r.intOf(r.fields[field], fieldNames[field]))
}

// objectOf returns a value that should be an object, "" when it is not.
func (r *reading) objectOf(v, path string) string {
	switch kind(v) {
	case '{':
		return v
	case 0, 'n':
	default:
		r.warn(path)
	}
	return ""
}

// arrayOf returns a value that should be an array, "" when it is not.
func (r *reading) arrayOf(v, path string) string {
	switch kind(v) {
	case '[':
		return v
	case 0, 'n':
	default:
		r.warn(path)
	}
	return ""
}
