package messages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// AppendText appends a message as one JSON object, the form of a text frame. The
// type is that of the Go value; channel, unless "", replaces the message's own. A
// message that was decoded keeps the fields that this package does not know. The
// result is always valid JSON in valid UTF-8. On an error dst is returned as it
// was.
func AppendText(dst []byte, m Message, channel string) ([]byte, error) {
	w := writing{b: append(dst, '{'), channel: channel}
	w.message(m)
	if w.err != nil {
		return dst, fmt.Errorf("encode %T: %w", m, w.err)
	}
	return append(w.b, '}'), nil
}

// message writes the members of any message of this package.
func (w *writing) message(m Message) {
	var known []string
	switch m := m.(type) {
	case *DataMessage:
		w.data(m)
	case *StreamStartControlMessage:
		w.streamStart(m)
		known = []string{"type", "channel", "event", "timestampMs", "traceId"}
	case *JobStartControlMessage:
		w.jobStart(m)
		known = []string{"type", "channel", "event", "timestampMs", "handle"}
	case *JobProgressControlMessage:
		w.jobProgress(m)
		known = []string{"type", "channel", "event", "timestampMs", "progress"}
	case *EndOfChannelControlMessage:
		w.control(&m.BaseControlMessage, EndOfChannelEvent)
		known = []string{"type", "channel", "event", "timestampMs"}
	case *ChannelAbortControlMessage:
		w.channelAbort(m)
		known = []string{"type", "channel", "event", "timestampMs", "abortInfo"}
	case *KeepAliveControlMessage:
		w.control(&m.BaseControlMessage, KeepAliveEvent)
		known = []string{"type", "channel", "event", "timestampMs"}
	case *BaseControlMessage:
		w.control(m, "")
		known = []string{"type", "channel", "event", "timestampMs"}
	case *MetadataMessage:
		w.metadata(m)
		known = []string{"type", "channel", "tsId", "properties"}
	case *ExpiredTSIDMessage:
		w.expired(m)
		known = []string{"type", "channel", "tsId"}
	case *EventMessage:
		w.event(m)
		known = []string{"type", "channel", "tsId", "timestampMs", "logicalTimestampMs", "metadata", "properties"}
	case *InfoMessage:
		w.info(m)
		known = []string{"type", "channel", "logicalTimestampMs", "message"}
	case *ErrorMessage:
		w.errorMessage(m)
		known = []string{"type", "channel", "error", "code", "errorType", "message", "context", "errors"}
	case *AuthenticatedMessage:
		w.authenticated(m)
		known = []string{"type", "channel", "orgId", "userId"}
	case *ComputationStartedMessage:
		w.computationStarted(m)
		known = []string{"type", "channel", "computationId"}
	case *EstimationMessage:
		w.estimation(m)
		known = []string{"type", "channel", "result"}
	case *UnknownMessage:
		if m.Typ == "" {
			w.err = errors.New("its type is empty")
		}
		w.base(m.Typ, m.Chan, m.src)
		known = []string{"type", "channel"}
	default:
		w.err = errors.New("not a message of this package")
	}
	if w.src != nil {
		w.others(strings.TrimSpace(w.src.text), known...)
	}
}

// base writes type and channel.
func (w *writing) base(typ, channel string, src *source) {
	w.source(src)
	w.typeName(typ)
	w.channelName(channel)
}

// BinaryOptions chooses the form of a binary frame. The zero value is version 1
// without compression, which every client reads.
type BinaryOptions struct {
	Gzip    bool  // compress the body
	Version uint8 // 1, or 3 to send the max delay of data; 0 means 1
}

// AppendBinary appends a message as a binary frame (protocol.md 4): data as
// 17-byte points, everything else as JSON. channel, unless "", replaces the
// message's own; it must have 1 to 16 bytes without NUL. Null points are left out
// and 32-bit integers go out as longs, since some clients misread both. On an
// error dst is returned as it was.
func AppendBinary(dst []byte, m Message, channel string, o BinaryOptions) ([]byte, error) {
	if o.Version == 0 {
		o.Version = 1
	}
	if o.Version != 1 && o.Version != 3 {
		return dst, fmt.Errorf("encode %T: binary version %d is not 1 or 3", m, o.Version)
	}
	if channel == "" {
		if c, ok := m.(ChannelMessage); ok {
			channel = c.Channel()
		}
	}
	if why := badChannel(channel); why != "" {
		return dst, fmt.Errorf("encode %T: channel %s %s", m, quote(channel), why)
	}
	frame, err := appendFrame(dst, m, channel, o)
	if err != nil {
		return dst, fmt.Errorf("encode %T: %w", m, err)
	}
	return frame, nil
}

// badChannel says why a name cannot stand in a binary header, "" when it can.
func badChannel(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > 16:
		return "is longer than 16 bytes"
	case strings.IndexByte(name, 0) >= 0:
		return "contains a NUL"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	}
	return ""
}

func appendFrame(dst []byte, m Message, channel string, o BinaryOptions) ([]byte, error) {
	start := len(dst)
	var header [headerSize]byte
	header[0] = o.Version
	copy(header[4:], channel)
	dst = append(dst, header[:]...)
	var err error
	if data, ok := m.(*DataMessage); ok {
		dst[start+1] = typeData
		dst, err = appendData(dst, data, o.Version)
	} else {
		if dst[start+1], err = frameType(m); err != nil {
			return nil, err
		}
		dst[start+2] = flagJSON
		dst, err = AppendText(dst, m, channel)
	}
	if err != nil || !o.Gzip {
		return dst, err
	}
	dst[start+2] |= flagGzip
	return deflate(dst, start+headerSize)
}

// frameType is the code of a JSON message in a binary header.
func frameType(m Message) (uint8, error) {
	switch m.(type) {
	case *StreamStartControlMessage, *JobStartControlMessage, *JobProgressControlMessage, *EndOfChannelControlMessage,
		*ChannelAbortControlMessage, *KeepAliveControlMessage, *BaseControlMessage:
		return 1, nil
	case *InfoMessage:
		return 2, nil
	case *EventMessage:
		return 3, nil
	case *MetadataMessage:
		return 4, nil
	case *ErrorMessage:
		return 6, nil
	case *AuthenticatedMessage:
		return 7, nil
	case *ComputationStartedMessage:
		return 8, nil
	case *EstimationMessage:
		return 9, nil
	case *ExpiredTSIDMessage:
		return 10, nil
	}
	for code, name := range frameTypes {
		if code != 0 && name == m.Type() {
			return uint8(code), nil
		}
	}
	return 0, fmt.Errorf("type %s has no binary form", quote(m.Type()))
}

// appendData appends the binary body of a data message.
func appendData(dst []byte, m *DataMessage, version uint8) ([]byte, error) {
	dst = slices.Grow(dst, 20+len(m.Payloads)*pointSize)
	dst = binary.BigEndian.AppendUint64(dst, m.TimestampMillis)
	if version != 1 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(m.MaxDelayMillis))
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	var n uint32
	for i := range m.Payloads {
		p := &m.Payloads[i]
		t := p.Type
		switch t {
		case ValTypeNull:
			continue
		case ValTypeInt:
			t = ValTypeLong
		case ValTypeLong, ValTypeDouble:
		default:
			return dst, fmt.Errorf("point %d has the unknown value type %d", i, t)
		}
		dst = append(dst, byte(t))
		dst = binary.BigEndian.AppendUint64(dst, uint64(p.TSID))
		dst = append(dst, p.Val[:]...)
		n++
	}
	binary.BigEndian.PutUint32(dst[at:], n)
	return dst, nil
}
