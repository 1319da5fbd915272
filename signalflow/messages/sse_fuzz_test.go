package messages

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"
)

// FuzzSSE compares with a reader that has the whole stream before it, for reads of any size.
func FuzzSSE(f *testing.F) {
	for _, v := range loadSSE(f) {
		f.Add(v.stream(f), uint16(7))
	}
	f.Add([]byte("\ufeffid: 1\r\ndata\rdata: x\n\rretry: 5\n:c\nevent\n\n"), uint16(1))
	f.Add([]byte(strings.Repeat("data: "+strings.Repeat("z", 600)+"\r", 60)+"\r"), uint16(5000))
	f.Fuzz(func(t *testing.T, stream []byte, chunk uint16) {
		want := wholeSSE(string(stream))
		got, r, err := readSSE(&chunked{stream, int(chunk) + 1}, 0)
		if err != io.EOF || !slices.EqualFunc(got, want, sameSSE) {
			t.Fatalf("%q:\ngot  %+q, %v\nwant %+q", stream, got, err, want)
		}
		if cap(r.buf) > 4*(len(stream)+sseBuffer) {
			t.Fatalf("a buffer of %d bytes", cap(r.buf))
		}
		var d Decoder
		for _, e := range got {
			if m, err := d.DecodeSSE(e); err == nil {
				if _, err := AppendSSE(nil, m, SSEOptions{Pretty: true}); err != nil && !strings.Contains(err.Error(), "cannot name an event") {
					t.Fatalf("%v of %q", err, e.Data)
				}
			}
		}
	})
}

type chunked struct {
	rest []byte
	size int
}

func (c *chunked) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// wholeSSE reads a stream by the words of the standard.
func wholeSSE(stream string) (events []SSEEvent) {
	stream = strings.TrimPrefix(stream, "\ufeff")
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(stream, "\n")
	var name, data, id string
	var retry time.Duration
	for _, line := range lines[:len(lines)-1] { // the last one has no end
		if line == "" {
			if data != "" {
				if name == "" {
					name = "message"
				}
				events = append(events, SSEEvent{Name: name, ID: id, Data: []byte(strings.TrimSuffix(data, "\n")), Retry: retry})
				retry = 0
			}
			name, data = "", ""
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			data += value + "\n"
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 32); err == nil {
				retry = time.Duration(ms) * time.Millisecond
			}
		}
	}
	return events
}

func BenchmarkSSE(b *testing.B) {
	points := make([]DataPayload, 1000)
	for i := range points {
		points[i] = DoublePayload(idtool.ID(i+1), float64(i)*1.1)
	}
	m := NewData(1751328000000, points)
	event, err := AppendSSE(nil, m, SSEOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("write", func(b *testing.B) {
		b.SetBytes(int64(len(event)))
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf, _ = AppendSSE(buf[:0], m, SSEOptions{})
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(event)))
		b.ReportAllocs()
		r := NewSSEReader(repeated(event), 0)
		for b.Loop() {
			if _, err := r.Next(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(event)))
		b.ReportAllocs()
		r := NewSSEReader(repeated(event), 0)
		var d Decoder
		for b.Loop() {
			e, _ := r.Next()
			if _, err := d.DecodeSSE(e); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// repeated is an endless stream of the same event.
func repeated(event []byte) io.Reader { return &endless{event: event} }

type endless struct {
	event []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.event[e.at:])
	e.at = (e.at + n) % len(e.event)
	return n, nil
}
