package signalflow

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// fakeStamp gives a message without a timestamp one: the logical time at, or the present
// for control messages.
func fakeStamp(m messages.Message, now, at time.Time) messages.Message {
	logical, present := uint64(at.UnixMilli()), uint64(now.UnixMilli())
	switch m := m.(type) {
	case *messages.DataMessage:
		c := *m
		stampMs(&c.TimestampMillis, logical)
		return &c
	case *messages.InfoMessage:
		c := *m
		stampMs(&c.LogicalTimestampMillis, logical)
		stampMs(&c.MessageBlock.TimestampMillis, logical)
		return &c
	case *messages.EventMessage:
		c := *m
		stampMs(&c.TimestampMillis, logical)
		return &c
	case *messages.JobProgressControlMessage:
		c := *m
		stampMs(&c.TimestampMillis, present)
		return &c
	case *messages.ChannelAbortControlMessage:
		c := *m
		stampMs(&c.TimestampMillis, present)
		return &c
	case *messages.EndOfChannelControlMessage:
		c := *m
		stampMs(&c.TimestampMillis, present)
		return &c
	case *messages.BaseControlMessage:
		c := *m
		stampMs(&c.TimestampMillis, present)
		return &c
	}
	return m
}

func stampMs(ms *uint64, value uint64) {
	if *ms == 0 {
		*ms = value
	}
}

// fakeDataFrame makes a binary data frame (protocol.md 4.2, 4.3) with points of all types,
// also of those that a server should not send.
func fakeDataFrame(channel string, ms int64, points []messages.DataPayload) []byte {
	const version, dataType = 1, 5
	frame := make([]byte, 20, 32+17*len(points))
	frame[0], frame[1] = version, dataType
	copy(frame[4:], channel)
	frame = binary.BigEndian.AppendUint64(frame, uint64(ms))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(points)))
	for _, p := range points {
		frame = append(frame, byte(p.Type))
		frame = binary.BigEndian.AppendUint64(frame, uint64(p.TSID))
		frame = append(frame, p.Val[:]...)
	}
	return frame
}

// fakeDataEvent makes the same for an event stream (protocol.md 5), where only null is
// something special.
func fakeDataEvent(ms int64, points []messages.DataPayload) []byte {
	type point struct {
		ID    string `json:"tsId"`
		Value any    `json:"value"`
	}
	list := make([]point, 0, len(points))
	for _, p := range points {
		v := p.Value()
		if f, ok := v.(float64); ok {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				continue // JSON has no such number
			}
			text := strconv.FormatFloat(f, 'g', -1, 64)
			if !strings.ContainsAny(text, ".e") {
				text += ".0" // not a long
			}
			v = json.RawMessage(text)
		}
		list = append(list, point{string(messages.AppendTSID(nil, p.TSID)), v})
	}
	text, _ := json.Marshal(list) // numbers and null
	return fmt.Appendf(nil, "event: data\nid: data-%d\ndata: {\"data\":%s,\"logicalTimestampMs\":%d}\n\n", ms, text, ms)
}
