package messages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/signalfx/signalfx-go/idtool"
)

// BinaryMessageHeader is the header of a binary frame in its usual layout
// (protocol.md 4.2). Channel is padded with NUL.
type BinaryMessageHeader struct {
	Version     uint8
	MessageType uint8
	Flags       uint8
	Reserved    uint8
	Channel     [16]byte
}

// DataMessageHeader begins the body of a binary data frame of version 1.
// TimestampMillis is the logical timestamp, ElementCount the number of points.
type DataMessageHeader struct {
	TimestampMillis uint64
	ElementCount    uint32
}

const (
	headerSize = 20
	pointSize  = 17

	flagGzip = 0x01 // the body is compressed, with gzip or zlib
	flagJSON = 0x02 // the body is a JSON object

	typeData = 5
)

// frameTypes maps the type code of a binary header to the type of a message.
var frameTypes = [...]string{
	1: ControlMessageType, 2: MessageType, 3: EventType, 4: MetadataType, typeData: DataType, 6: ErrorType,
	7: AuthenticatedType, 8: ComputationStartedType, 9: EstimationType, 10: ExpiredTSIDType, 11: LogDataType,
	12: LiveTailStartedType,
}

// frame is a binary frame that was taken apart: its header and its body.
type frame struct {
	version uint8
	code    uint8
	flags   uint8
	channel []byte
	body    []byte
}

// error describes what is wrong with the frame.
func (f *frame) error(class string, offset int, detail string) *DecodeError {
	e := &DecodeError{Class: class, Channel: string(f.channel), Offset: offset, Detail: detail}
	if int(f.code) < len(frameTypes) {
		e.Type = frameTypes[f.code]
	}
	return e
}

// split takes a frame apart and checks its header. The parts alias b.
func split(b []byte, ignoreReserved bool) (f frame, err *DecodeError) {
	if len(b) < headerSize {
		return f, f.error(ClassShortHeader, 0, fmt.Sprintf("a binary frame begins with a header of 20 bytes, this one has %d bytes", len(b)))
	}
	f = frame{version: b[0], code: b[1], flags: b[2], body: b[headerSize:]}
	if f.version == 2 && b[1] == 0 { // the version takes two bytes
		f.code, f.flags = b[2], b[3]
	}
	name := b[4:headerSize]
	end := bytes.IndexByte(name, 0)
	if end < 0 {
		end = len(name)
	}
	f.channel = name[:end]
	switch {
	case f.version == 0 || f.version > 3:
		return f, f.error(ClassUnsupportedVersion, 0, "binary version "+strconv.Itoa(int(f.version))+", want 1, 2 or 3")
	case f.code == 0 || int(f.code) >= len(frameTypes):
		return f, f.error(ClassUnknownType, 1, "message type "+strconv.Itoa(int(f.code))+", want 1 to 12")
	case f.flags&^(flagGzip|flagJSON) != 0 && !ignoreReserved:
		return f, f.error(ClassUnknownFlags, 2, fmt.Sprintf("reserved bits 0x%02x are set in the flags", f.flags&^(flagGzip|flagJSON)))
	}
	if why := badName(name, end); why != "" {
		f.channel = nil
		return f, f.error(ClassBadChannel, 4, "the channel "+why)
	}
	return f, nil
}

// badName says what is wrong with the channel field, "" when it is good.
func badName(field []byte, end int) string {
	if end == 0 {
		return "is empty"
	}
	for _, b := range field[end:] {
		if b != 0 {
			return "has a NUL inside: " + quote(string(field))
		}
	}
	if !utf8.Valid(field[:end]) {
		return "is not valid UTF-8: " + quote(string(field[:end]))
	}
	return ""
}

func (d *Decoder) decodeBinary(b []byte) (Message, error) {
	f, derr := split(b, d.IgnoreReservedFlags)
	if derr != nil {
		return nil, derr
	}
	if f.flags&flagGzip == 0 {
		return d.decodeBody(&f)
	}
	z := inflaters.Get().(*inflater)
	defer z.release()
	body, derr := z.inflate(&f, d.limit())
	if derr != nil {
		return nil, derr
	}
	f.body = body
	return d.decodeBody(&f)
}

func (d *Decoder) limit() int64 {
	if d.MaxInflated > 0 {
		return d.MaxInflated
	}
	return DefaultMaxInflated
}

// decodeBody decodes a frame whose body is not compressed any more.
func (d *Decoder) decodeBody(f *frame) (Message, error) {
	if f.flags&flagJSON != 0 {
		return d.decodeJSON(string(f.body), frameTypes[f.code], d.names.bytes(f.channel))
	}
	v, err := f.view()
	if err != nil {
		return nil, err
	}
	return v.message(d.names.bytes(f.channel)), nil
}

// DataView reads an uncompressed binary data frame in place. Making one checks
// the whole frame, but copies nothing and allocates nothing; it is valid as long
// as the frame is not changed. Use a Decoder's Inflate for compressed frames.
type DataView struct {
	frame     frame
	timestamp int64
	maxDelay  int64
	points    []byte
}

// ViewData makes a view of a binary data frame. A frame that is compressed, or
// not binary data, is a *DecodeError of class unsupported_encoding.
func ViewData(b []byte) (DataView, error) {
	f, err := split(b, false)
	if err == nil && f.flags != 0 {
		err = f.error(ClassUnsupportedEncoding, 2, "a view reads uncompressed binary data only")
	}
	if err != nil {
		return DataView{}, err
	}
	v, err := f.view()
	if err != nil {
		return DataView{}, err
	}
	return v, nil
}

// view checks the body of binary data (protocol.md 4.3).
func (f *frame) view() (v DataView, err *DecodeError) {
	if f.code != typeData {
		return v, f.error(ClassUnsupportedEncoding, 2, "a "+frameTypes[f.code]+" has no binary form, want the JSON flag")
	}
	head := 12
	if f.version != 1 {
		head = 20
	}
	body := f.body
	if len(body) < head {
		return v, f.error(ClassTruncatedBody, headerSize, fmt.Sprintf("a body of version %d begins with %d bytes, this one has %d bytes", f.version, head, len(body)))
	}
	v = DataView{frame: *f, timestamp: int64(binary.BigEndian.Uint64(body)), points: body[head:]}
	if f.version != 1 {
		v.maxDelay = int64(binary.BigEndian.Uint64(body[8:]))
	}
	count := int64(binary.BigEndian.Uint32(body[head-4:]))
	switch left := int64(len(v.points)) - count*pointSize; {
	case left < 0:
		return v, f.error(ClassCountExceedsBody, headerSize+head, fmt.Sprintf("%d points are announced, which take %d bytes, and %d bytes are there", count, count*pointSize, len(v.points)))
	case left > 0:
		return v, f.error(ClassTrailingBytes, headerSize+len(body)-int(left), fmt.Sprintf("%d bytes follow the %d points that are announced", left, count))
	}
	return v, v.check()
}

// check looks at the value type of every point.
func (v *DataView) check() *DecodeError {
	for p := v.points; len(p) >= pointSize; p = p[pointSize:] {
		if p[0] >= byte(ValTypeInt) {
			if err := v.checkPoint(len(v.points) - len(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *DataView) checkPoint(at int) *DecodeError {
	p := v.points[at:]
	offset := headerSize + len(v.frame.body) - len(v.points) + at
	if p[0] > byte(ValTypeInt) {
		return v.frame.error(ClassBadValueType, offset, fmt.Sprintf("value type %d of the point at index %d, want 0 to 3", p[0], at/pointSize))
	}
	n := int64(binary.BigEndian.Uint64(p[9:]))
	if n < math.MinInt32 || n > math.MaxInt32 {
		return v.frame.error(ClassBadIntRange, offset+9, fmt.Sprintf("int value %d of the point at index %d does not fit 32 bits", n, at/pointSize))
	}
	return nil
}

// Channel returns the channel name. It aliases the frame.
func (v *DataView) Channel() []byte { return v.frame.channel }

// TimestampMillis returns the logical timestamp in milliseconds since the epoch.
func (v *DataView) TimestampMillis() int64 { return v.timestamp }

// MaxDelayMillis returns the effective max delay in milliseconds; ok is false for
// version 1, which does not tell it.
func (v *DataView) MaxDelayMillis() (ms int64, ok bool) { return v.maxDelay, v.frame.version > 1 }

// Len returns the number of points.
func (v *DataView) Len() int { return len(v.points) / pointSize }

// At returns point i, 0 <= i < Len.
func (v *DataView) At(i int) DataPayload {
	p := v.points[i*pointSize:][:pointSize]
	return DataPayload{
		Type: ValType(p[0]),
		TSID: idtool.ID(binary.BigEndian.Uint64(p[1:])),
		Val:  [8]byte(p[9:]),
	}
}

// Message copies the view into a message of its own.
func (v *DataView) Message() *DataMessage { return v.message(string(v.frame.channel)) }

func (v *DataView) message(channel string) *DataMessage {
	m := &DataMessage{
		Version: v.frame.version, HasMaxDelay: v.frame.version > 1, MaxDelayMillis: v.maxDelay,
		Payloads: make([]DataPayload, v.Len()),
	}
	m.Typ, m.Chan, m.TimestampMillis = DataType, channel, uint64(v.timestamp)
	b := v.points
	for i := range m.Payloads {
		p, out := b[:pointSize], &m.Payloads[i]
		out.Type = ValType(p[0])
		out.TSID = idtool.ID(binary.BigEndian.Uint64(p[1:]))
		binary.NativeEndian.PutUint64(out.Val[:], binary.NativeEndian.Uint64(p[9:]))
		b = b[pointSize:]
	}
	return m
}
