package signalflow

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// One bad frame kills the process or corrupts data.
var badFrameDefects = map[string]func(t *testing.T){
	"A1": func(t *testing.T) {
		m := decodeOK(t, dataFrame("channel-Ab3dE9zQ", 1000, double(1, 1)), false).(*messages.DataMessage)
		if m.Channel() != "channel-Ab3dE9zQ" || len(m.Payloads) != 1 {
			t.Errorf("16-byte channel: %v", m)
		}
	},
	"A2": func(t *testing.T) { decodeFails(t, dataFrame("ch-1", 1000)[:25], messages.ClassTruncatedBody) },
	"A3": func(t *testing.T) {
		frame := dataFrame("ch-1", 1000, points(3)...)
		decodeFails(t, frame[:len(frame)-1], messages.ClassCountExceedsBody)
		frame[28] = 0xff
		decodeFails(t, frame, messages.ClassCountExceedsBody)
	},
	"A4": func(t *testing.T) {
		frame := dataFrame("ch-1", 1000, points(3)...)
		frame[31] = 5
		decodeFails(t, gzipBody(frame), messages.ClassCountExceedsBody)
		decodeFails(t, gzipBody(dataFrame("ch-1", 1000)[:24]), messages.ClassTruncatedBody)
	},
	"A5": func(t *testing.T) {
		frame := dataFrame("ch-1", 1000, points(1)...)
		frame[0] = 9
		decodeFails(t, frame, messages.ClassUnsupportedVersion)
		frame[0], frame[1] = 1, 77
		decodeFails(t, frame, messages.ClassUnknownType)
		v3 := append(append(append([]byte{3, 5}, frame[2:28]...), 0, 0, 0, 0, 0, 0, 0x0d, 0x6e), frame[28:]...)
		if m := decodeOK(t, v3, false).(*messages.DataMessage); len(m.Payloads) != 1 || m.MaxDelayMillis != 3438 {
			t.Errorf("version 3: %v", m)
		}
	},
	"A6": func(t *testing.T) {
		frame := append(dataFrame("ch-1", 0)[:20], metadataText("ch-1", 1, "a")...)
		frame[1], frame[2] = 4, 2
		if m := decodeOK(t, frame, false).(*messages.MetadataMessage); m.TSID != 1 {
			t.Errorf("JSON in a binary frame: %v", m)
		}
	},
	"A7": func(t *testing.T) {
		minus7 := int64(-7)
		m := decodeOK(t, dataFrame("ch-1", 1000, point{3, 1, uint64(minus7)}), false).(*messages.DataMessage)
		if v := m.Payloads[0].Value(); v != int32(-7) {
			t.Errorf("int value: %v (%T)", v, v)
		}
	},
	"A8": func(t *testing.T) {
		bomb := gzipBody(append(dataFrame("ch-1", 1000)[:20], make([]byte, 1<<20)...))
		d := messages.Decoder{MaxInflated: 64 << 10}
		if _, err := d.Decode(bomb, false); classOf(err) != messages.ClassInflateLimit {
			t.Errorf("gzip bomb: %v", err)
		}
		onScript(t, func(c *scriptConn) { c.start(); c.binary(make([]byte, 5000)); c.drain() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client(ReadLimit(1000)))
			drainData(comp)
			var lost *ConnectionLostError
			if !errors.As(comp.Err(), &lost) || !strings.Contains(lost.Reason, "ReadLimit") {
				t.Errorf("message above the read limit: %v", comp.Err())
			}
		})
	},
	"A10": func(t *testing.T) {
		m := decodeOK(t, dataFrame("ch-1", 1000, point{0, 1, 0}), false).(*messages.DataMessage)
		if v, ok := m.Payloads[0].AsFloat(); ok || m.Payloads[0].Type != messages.ValTypeNull {
			t.Errorf("null point: %v %v %v", v, ok, m.Payloads[0].Type)
		}
		decodeFails(t, dataFrame("ch-1", 1000, point{9, 1, 0}), messages.ClassBadValueType)
	},
	"A11": func(t *testing.T) {
		for _, broken := range []string{`"error":null`, `"error":400,"errorType":null`, `"errors":null,"message":null`} {
			onScript(t, func(c *scriptConn) {
				c.text(`{"type":"error","channel":%q,%s}`, c.start(), broken)
				c.drain()
			}, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				drainData(comp)
				if !errors.As(comp.Err(), new(*ComputationError)) {
					t.Errorf("%s: %v", broken, comp.Err())
				}
			})
		}
	},
	"A12": func(t *testing.T) {
		for _, contents := range []string{`{}`, `null`, `{"propertyNames":[1,"az"]}`, `{"propertyNames":"az"}`} {
			m := decodeOK(t, []byte(infoText("ch-1", messages.GroupByMissingProperty, contents)), true).(*messages.InfoMessage)
			if m.Code != messages.GroupByMissingProperty {
				t.Errorf("%s: code %q", contents, m.Code)
			}
		}
	},
	"A13": func(t *testing.T) {
		for _, bad := range []string{"AAA", "AAAAAAA", "!!!!!!!!!!!", ""} {
			decodeFails(t, fmt.Appendf(nil, `{"type":"expired-tsid","channel":"ch-1","tsId":%q}`, bad), messages.ClassBadTSID, true)
		}
	},
}

func decodeOK(t *testing.T, frame []byte, isText bool) messages.Message {
	t.Helper()
	m, err := messages.ParseMessage(frame, isText)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func decodeFails(t *testing.T, frame []byte, class string, isText ...bool) {
	t.Helper()
	if _, err := messages.ParseMessage(frame, len(isText) > 0); classOf(err) != class {
		t.Errorf("error %v, want class %s", err, class)
	}
}

func classOf(err error) string {
	var bad *messages.DecodeError
	if errors.As(err, &bad) {
		return bad.Class
	}
	return ""
}

// gzipBody compresses the body of a binary frame and sets its flag.
func gzipBody(frame []byte) []byte {
	var b bytes.Buffer
	b.Write(frame[:20])
	w := gzip.NewWriter(&b)
	w.Write(frame[20:])
	w.Close()
	out := b.Bytes()
	out[2] |= 1
	return out
}
