package messages

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/signalfx/signalfx-go/idtool"
)

// DataMessage is a set of points that share a logical timestamp: one step of one
// publish() output. It has the same form whether it came as a binary frame or as
// JSON.
type DataMessage struct {
	BaseMessage
	BaseChannelMessage
	TimestampedMessage // the logical timestamp
	Payloads           []DataPayload

	// MaxDelayMillis is the effective max delay of this step in milliseconds,
	// known only if HasMaxDelay.
	MaxDelayMillis int64
	HasMaxDelay    bool

	// Version is the version of the binary frame, 0 for a message that came as
	// JSON or was built.
	Version uint8
}

// ValType is the type of a value on the wire.
type ValType uint8

// Value types of a point.
const (
	ValTypeNull   ValType = 0 // no value; String calls it Unknown, as it always did
	ValTypeLong   ValType = 1 // signed 64-bit integer
	ValTypeDouble ValType = 2 // IEEE 754 64-bit number
	ValTypeInt    ValType = 3 // signed 32-bit integer, kept in 64 bits
)

// String returns "long", "double", "int32" or "Unknown".
func (vt ValType) String() string {
	switch vt {
	case ValTypeLong:
		return "long"
	case ValTypeDouble:
		return "double"
	case ValTypeInt:
		return "int32"
	}
	return "Unknown"
}

// DataPayload is one point: a series and its value. Val is the value as on the
// wire, 8 bytes big-endian.
type DataPayload struct {
	Type ValType
	TSID idtool.ID
	Val  [8]byte
}

// LongPayload returns a point with an integer.
func LongPayload(id idtool.ID, v int64) DataPayload {
	p := DataPayload{Type: ValTypeLong, TSID: id}
	binary.BigEndian.PutUint64(p.Val[:], uint64(v))
	return p
}

// DoublePayload returns a point with a floating-point number.
func DoublePayload(id idtool.ID, v float64) DataPayload {
	p := DataPayload{Type: ValTypeDouble, TSID: id}
	binary.BigEndian.PutUint64(p.Val[:], math.Float64bits(v))
	return p
}

// Value returns the value as int64, float64 or int32 by its type, nil for null
// and for an unknown type.
func (dp *DataPayload) Value() interface{} {
	switch dp.Type {
	case ValTypeLong:
		return dp.Int64()
	case ValTypeDouble:
		return dp.Float64()
	case ValTypeInt:
		return dp.Int32()
	}
	return nil
}

// AsFloat returns the value as a float64, whatever its type; ok is false for null
// and for an unknown type. A long above 2^53 is rounded.
func (dp *DataPayload) AsFloat() (v float64, ok bool) {
	switch dp.Type {
	case ValTypeDouble:
		return dp.Float64(), true
	case ValTypeLong, ValTypeInt:
		return float64(dp.Int64()), true
	}
	return 0, false
}

// Int64 returns the value of a point of type long or int.
func (dp *DataPayload) Int64() int64 { return int64(binary.BigEndian.Uint64(dp.Val[:])) }

// Float64 returns the value of a point of type double.
func (dp *DataPayload) Float64() float64 {
	return math.Float64frombits(binary.BigEndian.Uint64(dp.Val[:]))
}

// Int32 returns the value of a point of type int, which sits in the last four
// bytes.
func (dp *DataPayload) Int32() int32 { return int32(binary.BigEndian.Uint32(dp.Val[4:])) }

// NewData returns a data message at a logical time in milliseconds since the Unix
// epoch.
func NewData(logicalMs int64, points []DataPayload) *DataMessage {
	m := &DataMessage{Payloads: points}
	m.Typ, m.TimestampMillis = DataType, uint64(logicalMs)
	return m
}

// String lists the points.
func (dm *DataMessage) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data message on channel %q at %d:", dm.Chan, int64(dm.TimestampMillis))
	for i := range dm.Payloads {
		p := &dm.Payloads[i]
		fmt.Fprintf(&b, " %s=%v (%s)", AppendTSID(nil, p.TSID), p.Value(), p.Type)
	}
	return b.String()
}

// data decodes the JSON form (protocol.md 3.7).
func (r *reading) data() Message {
	m := &DataMessage{BaseMessage: r.base.BaseMessage, BaseChannelMessage: r.base.BaseChannelMessage}
	m.TimestampMillis = uint64(r.wantTime(fieldLogicalTimestamp))
	if v := r.get(fieldMaxDelay); v != "" {
		var form intForm
		m.MaxDelayMillis, form = intValue(v)
		m.HasMaxDelay = form >= intExact
	}
	v := r.want(fieldData)
	if v == "" {
		return m
	}
	if kind(v) != '[' {
		r.wrongType("data", v, "an array")
		return m
	}
	m.Payloads = make([]DataPayload, 0, min(strings.Count(v, "{"), len(v)/minPointText+1))
	c := scanner{s: v, i: 1}
	for first := true; r.err == nil && c.another(first, ']'); first = false {
		m.Payloads = append(m.Payloads, r.point(&c, len(m.Payloads)))
	}
	return m
}

// minPointText is the length of the shortest point in JSON, a bound on how many
// points a text can hold.
const minPointText = len(`{"tsId":"AAAAAAAAAAA","value":0}`)

// wantTime reads a time that must be there, as an integer of 64 bits.
func (r *reading) wantTime(field int) int64 {
	v := r.want(field)
	if v == "" {
		return 0
	}
	n, form := intValue(v)
	if form < intExact {
		r.wrongType(fieldNames[field], v, "an integer within int64")
	}
	return n
}

// point decodes element i of the data array and moves over it.
func (r *reading) point(c *scanner, i int) DataPayload {
	if start := c.i; c.s[start] != '{' {
		c.value()
		r.wrongType(pointPath(i, ""), c.s[start:c.i], "an object")
		return DataPayload{}
	}
	var id, value string
	c.down()
	for first := true; ; first = false {
		key, at, more := c.member(first)
		if !more {
			break
		}
		switch unescape(key) {
		case "tsId":
			id = c.s[at:c.i]
		case "value":
			value = c.s[at:c.i]
		}
	}
	c.depth--
	switch {
	case notNull(id) == "":
		r.missing(pointPath(i, ".tsId"))
	case kind(id) != '"':
		r.wrongType(pointPath(i, ".tsId"), id, "a string")
	case value == "":
		r.missing(pointPath(i, ".value"))
	default:
		tsid, why := parseTSID(stringValue(id))
		if why != "" {
			r.fail(ClassBadTSID, pointPath(i, ".tsId"), why)
		}
		return r.pointValue(tsid, value, i)
	}
	return DataPayload{}
}

func pointPath(i int, field string) string { return "data[" + strconv.Itoa(i) + "]" + field }

// pointValue reads a number as long if it is written as an integer that fits,
// else as double.
func (r *reading) pointValue(id idtool.ID, v string, i int) DataPayload {
	if kind(v) == 'n' {
		return DataPayload{TSID: id}
	}
	if kind(v) == '0' && !fractional(v) && v != "-0" {
		if n, form := intValue(v); form == intPlain {
			return LongPayload(id, n)
		}
	}
	f, err := strconv.ParseFloat(v, 64)
	if kind(v) != '0' || err != nil {
		r.wrongType(pointPath(i, ".value"), v, "a number of 64 bits or null")
	}
	return DoublePayload(id, f)
}

// data writes the JSON form. A double that is NaN or infinite has no JSON form
// and becomes null; in an event stream it is left out, as null is (protocol.md 8.7).
func (w *writing) data(m *DataMessage) {
	w.typeName(DataType)
	w.channelName(m.Chan)
	w.int("logicalTimestampMs", int64(m.TimestampMillis))
	if m.HasMaxDelay {
		w.int("maxDelayMs", m.MaxDelayMillis)
	}
	w.open("data", '[')
	for i := range m.Payloads {
		if w.sse && !m.Payloads[i].hasJSON() {
			continue
		}
		if w.comma {
			w.b = append(w.b, ',')
		}
		w.comma = true
		w.b = append(w.b, `{"tsId":"`...)
		w.b = AppendTSID(w.b, m.Payloads[i].TSID)
		w.b = append(w.b, `","value":`...)
		w.point(&m.Payloads[i], i)
		w.b = append(w.b, '}')
	}
	w.close(']')
}

// hasJSON tells whether JSON can hold the value; an unknown type is not for it to judge.
func (dp *DataPayload) hasJSON() bool {
	f := dp.Float64()
	return dp.Type != ValTypeNull && (dp.Type != ValTypeDouble || !math.IsNaN(f) && !math.IsInf(f, 0))
}

func (w *writing) point(p *DataPayload, i int) {
	switch p.Type {
	case ValTypeNull:
		w.b = append(w.b, "null"...)
	case ValTypeLong, ValTypeInt:
		w.b = strconv.AppendInt(w.b, p.Int64(), 10)
	case ValTypeDouble:
		w.b = appendDouble(w.b, p.Float64())
	default:
		if w.err == nil {
			w.err = fmt.Errorf("point %d has the unknown value type %d", i, p.Type)
		}
	}
}

// appendDouble writes a double so that it is read as one again: with a point or
// an exponent.
func appendDouble(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	start := len(dst)
	dst = appendFloat(dst, f)
	for _, b := range dst[start:] {
		if b == '.' || b == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}
