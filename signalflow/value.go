package signalflow

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Value is the value of a point with the type that it has on the wire: an integer, a
// floating-point number, or null. The zero Value is null. Values can be compared with ==.
type Value struct {
	kind messages.ValType // null, long or double
	bits uint64
}

// IntValue returns a Value that holds an integer.
func IntValue(v int64) Value { return Value{messages.ValTypeLong, uint64(v)} }

// FloatValue returns a Value that holds a floating-point number.
func FloatValue(v float64) Value { return Value{messages.ValTypeDouble, math.Float64bits(v)} }

// valueOf reads the value of a payload (protocol.md 4.3).
func valueOf(p *messages.DataPayload) Value {
	if p.Type == messages.ValTypeDouble || p.Type == messages.ValTypeLong {
		return Value{p.Type, binary.BigEndian.Uint64(p.Val[:])}
	}
	if p.Type == messages.ValTypeInt { // sign-extended to 64 bits
		return Value{messages.ValTypeLong, binary.BigEndian.Uint64(p.Val[:])}
	}
	return Value{}
}

// IsNull reports whether there is no value.
func (v Value) IsNull() bool { return v.kind == messages.ValTypeNull }

// AsFloat returns the value as a float64; ok is false for null. An integer beyond 2^53 is
// rounded, see [Value.AsInt].
func (v Value) AsFloat() (f float64, ok bool) {
	switch v.kind {
	case messages.ValTypeDouble:
		return math.Float64frombits(v.bits), true
	case messages.ValTypeLong:
		return float64(int64(v.bits)), true
	}
	return 0, false
}

// Float64 returns the value as AsFloat does, and NaN for null.
func (v Value) Float64() float64 {
	if f, ok := v.AsFloat(); ok {
		return f
	}
	return math.NaN()
}

// AsInt returns an integer exactly; ok is false for everything else.
func (v Value) AsInt() (i int64, ok bool) {
	if v.kind == messages.ValTypeLong {
		return int64(v.bits), true
	}
	return 0, false
}

// Any returns an int64, a float64 or nil.
func (v Value) Any() any {
	if i, ok := v.AsInt(); ok {
		return i
	}
	if f, ok := v.AsFloat(); ok {
		return f
	}
	return nil
}

// String returns the shortest text that stands for the value, "null" for null.
func (v Value) String() string {
	if i, ok := v.AsInt(); ok {
		return strconv.FormatInt(i, 10)
	}
	if f, ok := v.AsFloat(); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return "null"
}

// MarshalJSON returns a number, or null. What JSON has no number for becomes the text
// "NaN", "+Inf" or "-Inf".
func (v Value) MarshalJSON() ([]byte, error) {
	if f, ok := v.AsFloat(); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return json.Marshal(v.String())
	}
	return json.Marshal(v.Any())
}
