package messages

import (
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
func (f *frame) split(b []byte, ignoreReserved bool) *DecodeError {
	if len(b) < headerSize {
		return f.error(ClassShortHeader, 0, fmt.Sprintf("a binary frame begins with a header of 20 bytes, this one has %d bytes", len(b)))
	}
	f.version, f.code, f.flags, f.body = b[0], b[1], b[2], b[headerSize:]
	at := 1
	if f.version == 2 && b[1] == 0 { // the version takes two bytes
		f.code, f.flags, at = b[2], b[3], 2
	}
	field := b[4:headerSize]
	n, why := nameIn(field)
	f.channel = field[:n]
	switch {
	case f.version == 0 || f.version > 3:
		return f.error(ClassUnsupportedVersion, 0, "binary version "+strconv.Itoa(int(f.version))+", want 1, 2 or 3")
	case f.code == 0 || int(f.code) >= len(frameTypes):
		return f.error(ClassUnknownType, at, "message type "+strconv.Itoa(int(f.code))+", want 1 to 12")
	case f.flags&^(flagGzip|flagJSON) != 0 && !ignoreReserved:
		return f.error(ClassUnknownFlags, at+1, fmt.Sprintf("reserved bits 0x%02x are set in the flags", f.flags&^(flagGzip|flagJSON)))
	case why != "":
		f.channel = nil
		return f.error(ClassBadChannel, 4, "the channel "+why+": "+quote(string(field)))
	}
	return nil
}

// nameIn returns the length of the name in a channel field, and what is wrong
// with it, "" when it is good.
func nameIn(field []byte) (n int, why string) {
	var high byte
	for n < len(field) && field[n] != 0 {
		high |= field[n]
		n++
	}
	for _, b := range field[n:] {
		if b != 0 {
			return n, "has a NUL inside"
		}
	}
	if n == 0 {
		return n, "is empty"
	}
	if high >= utf8.RuneSelf && !utf8.Valid(field[:n]) {
		return n, "is not valid UTF-8"
	}
	return n, ""
}

func (d *Decoder) decodeBinary(b []byte) (Message, error) {
	var v DataView
	f := &v.frame
	if err := f.split(b, d.IgnoreReservedFlags); err != nil {
		return nil, err
	}
	if f.flags&flagGzip != 0 {
		z := d.inflater()
		defer z.release()
		if err := z.inflate(f, d.limit()); err != nil {
			return nil, err
		}
		f.body = z.out
	}
	channel := d.names.bytes(f.channel)
	if f.flags&flagJSON != 0 {
		return d.decodeJSON(string(f.body), frameTypes[f.code], channel)
	}
	if err := v.read(); err != nil {
		return nil, err
	}
	m, bad := v.message(channel)
	if bad != nil {
		return nil, bad
	}
	return m, nil
}

// Inflate appends a binary frame with its body inflated and its gzip flag
// cleared, so that a DataView can read it. A frame that is not compressed is
// appended as it is. The error is a *DecodeError; dst is then returned as it was.
func (d *Decoder) Inflate(dst, b []byte) ([]byte, error) {
	var f frame
	if err := f.split(b, d.IgnoreReservedFlags); err != nil {
		return dst, err
	}
	if f.flags&flagGzip == 0 {
		return append(dst, b...), nil
	}
	z := d.inflater()
	defer z.release()
	if err := z.inflate(&f, d.limit()); err != nil {
		return dst, err
	}
	flags := len(dst) + 2
	if b[0] == 2 && b[1] == 0 {
		flags++
	}
	dst = append(append(dst, b[:headerSize]...), z.out...)
	dst[flags] &^= flagGzip
	return dst, nil
}

func (d *Decoder) limit() int64 {
	if d.MaxInflated > 0 {
		return d.MaxInflated
	}
	return DefaultMaxInflated
}

// DataView reads an uncompressed binary data frame in place. Making one checks
// the whole frame, but copies nothing and allocates nothing; it is valid as long
// as the frame is not changed. [Decoder.Inflate] makes compressed frames readable.
type DataView struct {
	frame     frame
	timestamp int64
	maxDelay  int64
	points    []byte
}

// ViewData makes a view of a binary data frame. A frame that is compressed, or
// not binary data, is a *DecodeError of class unsupported_encoding.
func ViewData(b []byte) (v DataView, err error) {
	f := &v.frame
	if err := f.split(b, false); err != nil {
		return DataView{}, err
	}
	if f.flags != 0 {
		return DataView{}, f.error(ClassUnsupportedEncoding, 2, "a view reads uncompressed binary data only")
	}
	if err := v.read(); err != nil {
		return DataView{}, err
	}
	if err := v.check(); err != nil {
		return DataView{}, err
	}
	return v, nil
}

// read takes the body of the frame apart, which is binary data (protocol.md 4.3).
func (v *DataView) read() *DecodeError {
	f, head := &v.frame, 12
	if f.code != typeData {
		return f.error(ClassUnsupportedEncoding, 2, "a "+frameTypes[f.code]+" has no binary form, want the JSON flag")
	}
	if f.version != 1 {
		head = 20
	}
	body := f.body
	if len(body) < head {
		return f.error(ClassTruncatedBody, headerSize, fmt.Sprintf("a body of version %d begins with %d bytes, this one has %d bytes", f.version, head, len(body)))
	}
	v.timestamp, v.points = int64(binary.BigEndian.Uint64(body)), body[head:]
	if f.version != 1 {
		v.maxDelay = int64(binary.BigEndian.Uint64(body[8:]))
	}
	count := int64(binary.BigEndian.Uint32(body[head-4:]))
	switch left := int64(len(v.points)) - count*pointSize; {
	case left < 0:
		return f.error(ClassCountExceedsBody, headerSize+head, fmt.Sprintf("%d points are announced, which take %d bytes, and %d bytes are there", count, count*pointSize, len(v.points)))
	case left > 0:
		return f.error(ClassTrailingBytes, headerSize+len(body)-int(left), fmt.Sprintf("%d bytes follow the %d points that are announced", left, count))
	}
	return nil
}

// check looks at the value type of every point.
func (v *DataView) check() *DecodeError {
	for at := 0; at < len(v.points); at += pointSize {
		if v.points[at] >= byte(ValTypeInt) {
			if err := v.checkPoint(at); err != nil {
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

// A Point is one point of a view: a series and its value. It fits in registers,
// which a DataPayload does not.
type Point struct {
	TSID idtool.ID
	Type ValType
	Bits uint64 // the value field: a two's complement integer, or IEEE 754 for a double
}

// AsFloat is DataPayload.AsFloat.
func (p Point) AsFloat() (v float64, ok bool) {
	switch p.Type {
	case ValTypeDouble:
		return math.Float64frombits(p.Bits), true
	case ValTypeNull:
		return 0, false
	}
	return float64(int64(p.Bits)), true
}

// Int64 returns the value of a point of type long or int.
func (p Point) Int64() int64 { return int64(p.Bits) }

// At returns point i, 0 <= i < Len.
func (v *DataView) At(i int) Point {
	p := (*[pointSize]byte)(v.points[i*pointSize:])
	return Point{
		TSID: idtool.ID(binary.BigEndian.Uint64(p[1:9])),
		Type: ValType(p[0]),
		Bits: binary.BigEndian.Uint64(p[9:17]),
	}
}

// Message copies the view into a message of its own.
func (v *DataView) Message() *DataMessage {
	m, _ := v.message(string(v.frame.channel)) // the points were checked when the view was made
	return m
}

// singleMessage is a message with its point in one piece of memory: a program that
// aggregates everything has one point in each message.
type singleMessage struct {
	DataMessage
	point [1]DataPayload
}

// message copies the points, and checks each on the way.
func (v *DataView) message(channel string) (*DataMessage, *DecodeError) {
	var m *DataMessage
	if v.Len() == 1 {
		single := new(singleMessage)
		m = &single.DataMessage
		m.Payloads = single.point[:]
	} else {
		m = &DataMessage{Payloads: make([]DataPayload, v.Len())}
	}
	m.Typ, m.Chan, m.TimestampMillis = DataType, channel, uint64(v.timestamp)
	m.MaxDelayMillis, m.HasMaxDelay, m.Version = v.maxDelay, v.frame.version > 1, v.frame.version
	for i := range m.Payloads {
		p := (*[pointSize]byte)(v.points[i*pointSize:])
		if p[0] >= byte(ValTypeInt) {
			if err := v.checkPoint(i * pointSize); err != nil {
				return nil, err
			}
		}
		out := &m.Payloads[i]
		out.Type = ValType(p[0])
		out.TSID = idtool.ID(binary.BigEndian.Uint64(p[1:9]))
		out.Val = [8]byte(p[9:17])
	}
	return m, nil
}
