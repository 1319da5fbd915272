package wire_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

func parseID(text string) idtool.ID {
	id, err := messages.ParseTSID(text)
	if err != nil {
		panic(err)
	}
	return id
}

// parsePoints reads "AAAAAAAAAAE=12 AAAAAAAAAAI=1.5 AAAAAAAAAAM=null AAAAAAAAAAQ=int:7":
// a number without a point is a long.
func parsePoints(text string) []messages.DataPayload {
	var points []messages.DataPayload
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		id := parseID(name)
		if value == "null" {
			points = append(points, messages.DataPayload{TSID: id})
		} else if number, isInt := strings.CutPrefix(value, "int:"); isInt {
			n, err := strconv.ParseInt(number, 10, 32)
			if err != nil {
				panic(err)
			}
			p := messages.LongPayload(id, n)
			p.Type = messages.ValTypeInt
			points = append(points, p)
		} else if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			points = append(points, messages.LongPayload(id, n))
		} else if f, err := strconv.ParseFloat(value, 64); err == nil {
			points = append(points, messages.DoublePayload(id, f))
		} else {
			panic("bad point " + field)
		}
	}
	return points
}

// describeData shows a binary data frame as conversation files write it. It reads the bytes
// itself, so that it does not share faults with the code under test.
func describeData(frame []byte) (string, error) {
	body, marks, err := openFrame(frame)
	if err != nil {
		return "", err
	}
	if len(body) < 12 {
		return "", fmt.Errorf("body of %d bytes", len(body))
	}
	count := int(binary.BigEndian.Uint32(body[8:]))
	points := body[12:]
	if len(points) != 17*count {
		return "", fmt.Errorf("%d points in %d bytes", count, len(points))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "data%s %s %d", marks, channelOf(frame), int64(binary.BigEndian.Uint64(body)))
	for ; len(points) > 0; points = points[17:] {
		text.WriteString(" " + describePoint(points[:17]))
	}
	return text.String(), nil
}

func describePoint(p []byte) string {
	id := idtool.ID(binary.BigEndian.Uint64(p[1:]))
	bits := binary.BigEndian.Uint64(p[9:])
	name := string(messages.AppendTSID(nil, id))
	switch p[0] {
	case 1:
		return fmt.Sprintf("%s=%d", name, int64(bits))
	case 2:
		value := strconv.FormatFloat(math.Float64frombits(bits), 'g', -1, 64)
		if !strings.ContainsAny(value, ".eNI") {
			value += ".0"
		}
		return name + "=" + value
	}
	return fmt.Sprintf("%s=type%d:%x", name, p[0], bits)
}

// openFrame returns the body of a binary frame and what is special about it.
func openFrame(frame []byte) (body []byte, marks string, err error) {
	if len(frame) < 20 {
		return nil, "", fmt.Errorf("frame of %d bytes", len(frame))
	}
	if frame[0] != 1 {
		marks += fmt.Sprintf(" v%d", frame[0])
	}
	if flags := frame[2]; flags&^3 != 0 || frame[3] != 0 {
		return nil, "", fmt.Errorf("flags %#x, reserved %#x", flags, frame[3])
	}
	body = frame[20:]
	if frame[2]&1 == 0 {
		return body, marks, nil
	}
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	body, err = io.ReadAll(zr)
	return body, marks + " gzip", err
}

func channelOf(frame []byte) string { return strings.TrimRight(string(frame[4:20]), "\x00") }
