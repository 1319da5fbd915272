package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// SSEEvent is one event of an event stream, the form of messages over HTTP
// (protocol.md 5).
type SSEEvent struct {
	Name  string        // the message type; "message" when the stream gave none
	ID    string        // the last id of the stream so far, "" when none came
	Data  []byte        // the lines of data, joined by newlines
	Retry time.Duration // a reconnect delay that came since the event before; 0: none
}

// ErrSSETooLong is wrapped by the error of an SSEReader whose event, or line, is
// longer than its limit.
var ErrSSETooLong = errors.New("longer than the limit")

const (
	sseBuffer     = 16 << 10 // bytes read at once
	keptSSEBuffer = 4 << 20  // a buffer larger than this is not kept for the next event
	longestPrefix = len("\ufeffdata: ")
)

// An SSEReader reads an event stream by the rules of its standard: lines end with
// LF, CRLF or CR; an event ends with an empty line and is dropped when it has no
// data or the stream ends inside it; the id is sticky, the name is not. It holds
// one event at most and belongs to one goroutine.
type SSEReader struct {
	in      io.Reader
	limit   int
	readErr error // of in; what it gave before comes first
	err     error // what Next returns from now on

	// data[0]:data[1] are the bytes of buf with the data so far, pos:len(buf) those
	// not read yet. Data is joined in place: a line always takes more room with its
	// field name than without.
	buf     []byte
	data    [2]int
	hasData bool
	pos     int
	scanned int  // no line end before this
	skipLF  bool // the line before ended with CR
	began   bool // the first line is behind, and with it a byte order mark

	name     string
	id       string // of the event that is being read
	lastID   string
	retry    time.Duration
	comments int
}

// NewSSEReader returns a reader of a stream whose events have at most limit bytes
// of data each; 0 means DefaultMaxInflated.
func NewSSEReader(r io.Reader, limit int) *SSEReader {
	if limit <= 0 {
		limit = DefaultMaxInflated
	}
	return &SSEReader{in: r, limit: limit}
}

// Next returns the next event. Its Data is valid until the next call. The error is
// io.EOF at the end of the stream, wraps ErrSSETooLong, or is that of the stream;
// it is returned by every later call, too.
func (r *SSEReader) Next() (SSEEvent, error) {
	r.data, r.hasData, r.name = [2]int{}, false, ""
	for r.err == nil {
		end := r.lineEnd()
		if end < 0 {
			r.fill()
			continue
		}
		line := r.buf[r.pos:end]
		if !r.began {
			r.began = true
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		start := end - len(line)
		r.skipLF = r.buf[end] == '\r'
		r.pos, r.scanned = end+1, end+1
		if len(line) > 0 {
			r.field(line, start)
			continue
		}
		if r.lastID = r.id; r.hasData {
			e := SSEEvent{Name: r.name, ID: r.lastID, Data: r.buf[r.data[0]:r.data[1]:r.data[1]], Retry: r.retry}
			if e.Name == "" {
				e.Name = MessageType
			}
			r.retry = 0
			return e, nil
		}
		r.name = ""
	}
	return SSEEvent{}, r.err
}

// LastID returns the id that a request to resume the stream names: that of the last
// complete event.
func (r *SSEReader) LastID() string { return r.lastID }

// Comments returns how many comment lines came. Servers send them to keep a quiet
// stream alive.
func (r *SSEReader) Comments() int { return r.comments }

// lineEnd returns where the line at pos ends, -1 when its end is not there yet. It
// looks at a small window at a time, so that a stream whose lines end with CR is not
// searched to its end for an LF at each of them.
func (r *SSEReader) lineEnd() int {
	const window = 512
	if r.skipLF && r.pos < len(r.buf) {
		r.skipLF = false
		if r.buf[r.pos] == '\n' {
			r.pos++
			r.scanned = r.pos
		}
	}
	for r.scanned < len(r.buf) {
		w := r.buf[r.scanned:min(r.scanned+window, len(r.buf))]
		end := bytes.IndexByte(w, '\n')
		if end >= 0 {
			w = w[:end]
		}
		if cr := bytes.IndexByte(w, '\r'); cr >= 0 {
			end = cr
		}
		if end >= 0 {
			return r.scanned + end
		}
		r.scanned += len(w)
	}
	return -1
}

// field reads one line, which begins at a position of buf.
func (r *SSEReader) field(line []byte, start int) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		r.addData(start+len(line)-len(value), len(value))
	case "event":
		r.name = typeConstant(value)
	case "id":
		if string(value) != r.id && bytes.IndexByte(value, 0) < 0 {
			r.id = string(value)
		}
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 32); err == nil {
			r.retry = time.Duration(ms) * time.Millisecond
		}
	case "":
		r.comments++
	}
}

// addData joins n bytes at a position of buf to the data before.
func (r *SSEReader) addData(at, n int) {
	if !r.hasData {
		r.hasData, r.data = true, [2]int{at, at + n}
	} else {
		end := r.data[1]
		r.buf[end] = '\n'
		r.data[1] = end + 1 + copy(r.buf[end+1:], r.buf[at:at+n])
	}
	if r.data[1]-r.data[0] > r.limit {
		r.tooLong()
	}
}

func (r *SSEReader) tooLong() {
	r.err = fmt.Errorf("an event of the stream is %w of %d bytes", ErrSSETooLong, r.limit)
}

// fill reads more of a line that is not complete.
func (r *SSEReader) fill() {
	switch {
	case r.readErr != nil:
		r.err = r.readErr
		return
	case r.data[1]-r.data[0]+len(r.buf)-r.pos > r.limit+longestPrefix:
		r.tooLong()
		return
	}
	r.makeRoom()
	for range 100 { // a reader that returns nothing for ever is broken
		var n int
		n, r.readErr = r.in.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if n > 0 || r.readErr != nil {
			return
		}
	}
	r.readErr = io.ErrNoProgress
}

// makeRoom makes room for at least half of sseBuffer behind the bytes not read yet. It
// moves what is kept to the front, and what it cannot fit there to a larger buffer.
func (r *SSEReader) makeRoom() {
	if !r.hasData {
		r.data = [2]int{r.pos, r.pos}
	}
	kept, unread := r.buf[r.data[0]:r.data[1]], r.buf[r.pos:]
	size := len(kept) + len(unread)
	to := r.buf[:0]
	switch {
	case cap(r.buf) > keptSSEBuffer && size < sseBuffer/2:
		to = make([]byte, 0, sseBuffer)
	case cap(r.buf)-len(r.buf) >= sseBuffer/2 && size > 0:
		return
	case cap(r.buf)-size < sseBuffer/2:
		to = make([]byte, 0, max(sseBuffer, min(2*cap(r.buf), r.limit+longestPrefix+sseBuffer)))
	}
	r.buf = append(append(to, kept...), unread...)
	r.scanned -= r.pos - len(kept)
	r.data, r.pos = [2]int{0, len(kept)}, len(kept)
}

// typeConstant returns the constant for a known type.
func typeConstant(name []byte) string {
	switch string(name) {
	case DataType:
		return DataType
	case MetadataType:
		return MetadataType
	case ControlMessageType:
		return ControlMessageType
	case MessageType:
		return MessageType
	case EventType:
		return EventType
	}
	return string(name)
}

// DecodeSSE decodes an event of an event stream: the type is the name of the event
// unless the JSON has its own. The event is not kept. An error is always a
// *DecodeError and concerns this one message only.
func (d *Decoder) DecodeSSE(ev SSEEvent) (Message, error) {
	if d.names == nil {
		d.names = new(names)
	}
	return d.decodeJSON(string(ev.Data), d.names.str(ev.Name), "")
}

// SSEOptions chooses the form of an event. The zero value is one line of data.
type SSEOptions struct {
	Pretty bool // the JSON over many lines of data
}

// AppendSSE appends a message as an event (protocol.md 5): its type is the name of the
// event, type and channel are not in the JSON, and data has the id "data-" and its
// logical timestamp. A point without a value that JSON can hold is left out: null, NaN
// and the infinities. On an error dst is returned as it was.
func AppendSSE(dst []byte, m Message, o SSEOptions) ([]byte, error) {
	name, err := sseName(m)
	if err != nil {
		return dst, fmt.Errorf("encode %T: %w", m, err)
	}
	b := append(append(append(dst, "event: "...), name...), '\n')
	if data, ok := m.(*DataMessage); ok {
		b = append(strconv.AppendInt(append(b, "id: data-"...), int64(data.TimestampMillis), 10), '\n')
	}
	w := writing{b: append(b, "data: {"...), sse: true}
	if w.message(m); w.err != nil {
		return dst, fmt.Errorf("encode %T: %w", m, w.err)
	}
	w.b = append(w.b, '}')
	if o.Pretty {
		var lines bytes.Buffer
		if err := json.Indent(&lines, w.b[len(b)+len("data: "):], "data: ", "  "); err != nil {
			return dst, fmt.Errorf("encode %T: %w", m, err)
		}
		w.b = append(w.b[:len(b)+len("data: ")], lines.Bytes()...)
	}
	return append(w.b, '\n', '\n'), nil
}

// sseName is the name of a message's event.
func sseName(m Message) (string, error) {
	switch m := m.(type) {
	case *DataMessage:
		return DataType, nil
	case *UnknownMessage:
		if m.Typ == "" || strings.ContainsAny(m.Typ, "\r\n") {
			return "", fmt.Errorf("the type %s cannot name an event", quote(m.Typ))
		}
		return strings.ToValidUTF8(m.Typ, "\uFFFD"), nil
	}
	code, err := frameType(m)
	if err != nil {
		return "", err
	}
	return frameTypes[code], nil
}
