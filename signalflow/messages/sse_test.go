package messages

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// sseVector is one stream of testdata/vectors.json with the events it holds.
type sseVector struct {
	Name, Hex, Note string
	Events          []struct {
		Event string
		ID    *string
		JSON  json.RawMessage
	}
}

func (v *sseVector) stream(t testing.TB) []byte {
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func loadSSE(t testing.TB) []sseVector {
	text, err := os.ReadFile("../../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ SSE []sseVector }
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.SSE) != 8 {
		t.Fatalf("%d streams: the file is not the one of protocol.md 10", len(f.SSE))
	}
	return f.SSE
}

// kept is an event that outlives the next call.
func kept(e SSEEvent) SSEEvent {
	e.Data = bytes.Clone(e.Data)
	if e.Data == nil {
		e.Data = []byte{}
	}
	return e
}

// readSSE reads a stream to its end.
func readSSE(in io.Reader, limit int) (events []SSEEvent, r *SSEReader, err error) {
	r = NewSSEReader(in, limit)
	for {
		e, err := r.Next()
		if err != nil {
			return events, r, err
		}
		events = append(events, kept(e))
	}
}

func TestSSEVectors(t *testing.T) {
	for _, v := range loadSSE(t) {
		t.Run(v.Name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"whole": bytes.NewReader(v.stream(t)), "bytes": iotest.OneByteReader(bytes.NewReader(v.stream(t))),
				"end with the data": iotest.DataErrReader(bytes.NewReader(v.stream(t))),
			} {
				events, _, err := readSSE(in, 0)
				if err != io.EOF || len(events) != len(v.Events) {
					t.Fatalf("%s: %d events, %v; want %d", how, len(events), err, len(v.Events))
				}
				for i, e := range events {
					checkSSE(t, &v, i, e)
				}
			}
		})
	}
}

func checkSSE(t *testing.T, v *sseVector, i int, e SSEEvent) {
	want := v.Events[i]
	id := ""
	if want.ID != nil {
		id = *want.ID
	}
	if e.Name != want.Event || e.ID != id || !reflect.DeepEqual(plain(json.RawMessage(e.Data)), plain(want.JSON)) {
		t.Errorf("event %d is %s %q %s, want %s %q %s", i, e.Name, e.ID, e.Data, want.Event, id, want.JSON)
	}
	if strings.Contains(v.Note, "3000 ms") && e.Retry != 3*time.Second {
		t.Errorf("retry %v", e.Retry)
	}
	m, err := new(Decoder).DecodeSSE(e)
	if err != nil {
		t.Fatal(err)
	}
	wanted, _ := floats(want.JSON).(map[string]any)
	wanted["type"] = want.Event
	for _, diff := range compare("", wanted, typedView(m), false) {
		t.Error(diff)
	}
}

// floats passes a value through encoding/json, so that 52.0 becomes 52.
func floats(v any) (out any) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return err.Error()
	}
	return plain(out)
}

func TestSSERules(t *testing.T) {
	event := func(name, id, data string) SSEEvent { return SSEEvent{Name: name, ID: id, Data: []byte(data)} }
	for _, c := range []struct {
		stream string
		want   []SSEEvent
	}{
		{"", nil},
		{"\n\n\n", nil},
		{"data\n\ndata\ndata\n\ndata:", []SSEEvent{event("message", "", ""), event("message", "", "\n")}},
		{"data:a\ndata: b\ndata:  c\n\n", []SSEEvent{event("message", "", "a\nb\n c")}},
		{"data: a\r\rdata: b\r\n\r\ndata: c\n\n", []SSEEvent{event("message", "", "a"), event("message", "", "b"), event("message", "", "c")}},
		{"\ufeffdata: a\n\n\ufeffdata: b\n\n", []SSEEvent{event("message", "", "a")}},
		{"event: x\nevent: y\ndata: a\n\ndata: b\n\n", []SSEEvent{event("y", "", "a"), event("message", "", "b")}},
		{"event: x\nevent:\ndata: a\n\n", []SSEEvent{event("message", "", "a")}},
		{"id: 1\n\nid: 2\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []SSEEvent{event("message", "2", "a"), event("message", "2", "b"), event("message", "", "c")}},
		{"id: 1\x00\ndata: a\n\n", []SSEEvent{event("message", "", "a")}},
		{"retry: 10\n\nretry: 20x\ndata: a\n\ndata: b\n\n", []SSEEvent{{Name: "message", Data: []byte("a"), Retry: 10 * time.Millisecond}, event("message", "", "b")}},
		{"retry: -1\nretry: 99999999999999999999\ndata: a\n\n", []SSEEvent{event("message", "", "a")}},
		{": data: x\nDATA: x\nother: x\n data: x\ndata : x\n\n", nil},
		{"data: a\ndata: lost", nil},
	} {
		want := make([]SSEEvent, 0)
		want = append(want, c.want...)
		for _, in := range []io.Reader{strings.NewReader(c.stream), iotest.OneByteReader(strings.NewReader(c.stream))} {
			got, _, err := readSSE(in, 0)
			if err != io.EOF || !slices.EqualFunc(got, want, sameSSE) {
				t.Errorf("%q:\ngot  %+q, %v\nwant %+q", c.stream, got, err, want)
			}
		}
	}
}

func sameSSE(a, b SSEEvent) bool {
	return a.Name == b.Name && a.ID == b.ID && a.Retry == b.Retry && bytes.Equal(a.Data, b.Data)
}

// An id counts once its event is complete: what comes after it is resumed.
func TestSSELastID(t *testing.T) {
	_, r, _ := readSSE(strings.NewReader(": a\n:b\n\nid: data-1\ndata: x\n\nid: data-2\ndata: y\n"), 0)
	if r.LastID() != "data-1" || r.Comments() != 2 {
		t.Errorf("last id %q, %d comments", r.LastID(), r.Comments())
	}
}

// An event is there as soon as its last byte has come, whatever ends its lines.
func TestSSEDoesNotWait(t *testing.T) {
	for _, end := range []string{"\n", "\r", "\r\n"} {
		in, out := io.Pipe()
		r := NewSSEReader(in, 0)
		for i := range 3 {
			go io.WriteString(out, "data: "+strconv.Itoa(i)+end+end)
			if e, err := r.Next(); err != nil || string(e.Data) != strconv.Itoa(i) {
				t.Errorf("%q: event %q, %v", end, e.Data, err)
			}
		}
		out.Close()
	}
}

func TestSSELimit(t *testing.T) {
	line := strings.Repeat("x", 1000)
	for name, c := range map[string]struct {
		stream string
		want   int
	}{
		"just fits":         {"data: " + line + "\n\ndata: " + line + "\n\n", 2},
		"one byte more":     {"data: y\n\ndata: " + line + "x\n\n", 1},
		"many lines fit":    {"data: " + line[:499] + "\ndata: " + line[:500] + "\n\n", 1},
		"many lines more":   {"data: y\n\ndata: " + line[:500] + "\ndata: " + line[:500] + "\n\n", 1},
		"many empty lines":  {strings.Repeat("data\n", 2000), 0},
		"endless line":      {"data: y\n\n" + strings.Repeat(line, 100), 1},
		"endless comment":   {"data: y\n\n:" + strings.Repeat(line, 100), 1},
		"comments are free": {"data: y\n" + strings.Repeat(":"+line[:900]+"\n", 100) + "data: z\n\n", 1},
	} {
		for how, in := range map[string]io.Reader{"whole": strings.NewReader(c.stream), "bytes": iotest.OneByteReader(strings.NewReader(c.stream))} {
			events, r, err := readSSE(in, 1000)
			fits := strings.Contains(name, "fit") || strings.Contains(name, "free")
			if len(events) != c.want || fits != (err == io.EOF) || fits == errors.Is(err, ErrSSETooLong) {
				t.Errorf("%s, %s: %d events, %v", name, how, len(events), err)
			}
			if _, again := r.Next(); again != err {
				t.Errorf("%s: then %v", name, again)
			}
			if cap(r.buf) > 2*sseBuffer {
				t.Errorf("%s: a buffer of %d bytes", name, cap(r.buf))
			}
		}
	}
}

// What a reader holds is bounded by its limit, and a large buffer does not stay.
func TestSSEMemory(t *testing.T) {
	const size = 10 << 20
	big := "data: " + strings.Repeat("x", size) + "\n\n"
	lines := strings.Repeat("data: "+strings.Repeat("y", 1<<10)+"\n", size>>10-20) + "\n"
	r := NewSSEReader(strings.NewReader(big+lines+big+"data: small\n\ndata: small\n\n"), size)
	for i, want := range []int{size, (size>>10-20)*(1<<10+1) - 1, size, 5} {
		e, err := r.Next()
		if err != nil || len(e.Data) != want {
			t.Fatalf("event %d: %d bytes, %v; want %d", i, len(e.Data), err, want)
		}
		if cap(r.buf) > size+4*sseBuffer {
			t.Errorf("event %d: a buffer of %d bytes", i, cap(r.buf))
		}
	}
	if _, _, err := readSSE(strings.NewReader(big), size-1); !errors.Is(err, ErrSSETooLong) {
		t.Errorf("%v", err)
	}
	events, r, _ := readSSE(strings.NewReader(big+strings.Repeat("data: small\n\n", 10000)), size)
	if len(events) != 10001 || cap(r.buf) > sseBuffer {
		t.Errorf("%d events, a buffer of %d bytes is kept", len(events), cap(r.buf))
	}
}

func TestSSEReadError(t *testing.T) {
	broken := errors.New("broken")
	events, _, err := readSSE(io.MultiReader(strings.NewReader("data: a\n\ndata: b\n\nda"), iotest.ErrReader(broken)), 0)
	if err != broken || len(events) != 2 {
		t.Errorf("%d events, %v", len(events), err)
	}
	if _, _, err := readSSE(nothing{}, 0); err != io.ErrNoProgress {
		t.Errorf("%v", err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

// Every kind of message goes through both forms and comes back the same.
func TestSSERoundTrip(t *testing.T) {
	for _, o := range []SSEOptions{{}, {Pretty: true}} {
		var stream []byte
		for _, m := range built() {
			var err error
			if stream, err = AppendSSE(stream, m, o); err != nil {
				t.Fatal(err)
			}
		}
		if lines := bytes.Count(stream, []byte("\n")); o.Pretty != (lines > 4*len(built())) {
			t.Errorf("%+v: %d lines", o, lines)
		}
		events, _, err := readSSE(bytes.NewReader(stream), 0)
		if err != io.EOF || len(events) != len(built()) {
			t.Fatalf("%d events, %v", len(events), err)
		}
		for i, m := range built() {
			checkSSERoundTrip(t, m, events[i])
		}
	}
}

func checkSSERoundTrip(t *testing.T, m Message, e SSEEvent) {
	text, err := AppendText(nil, m, "ch-1")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := ParseMessage(text, true)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(e.Data, &members); err != nil {
		t.Fatal(err)
	}
	if members["type"] != nil || members["channel"] != nil || e.Name != decoded.Type() {
		t.Errorf("event %s: %s", e.Name, e.Data)
	}
	again, err := new(Decoder).DecodeSSE(e)
	if err != nil {
		t.Fatalf("%v in %s", err, e.Data)
	}
	if want := onSSE(decoded); !equivalent(want, again) {
		t.Errorf("%+v\nbecame %s\nthen %+v", want, e.Data, again)
	}
	if data, ok := m.(*DataMessage); ok && e.ID != fmt.Sprintf("data-%d", data.TimestampMillis) {
		t.Errorf("id %q of %v", e.ID, data)
	}
}

// onSSE is what remains of a message in an event stream: no channel, and no points that
// JSON cannot hold.
func onSSE(m Message) Message {
	data, ok := m.(*DataMessage)
	if !ok {
		m, _ = stripped(m).(Message)
		if c := reflect.ValueOf(m).Elem().FieldByName("Chan"); c.IsValid() {
			c.SetString("")
		}
		return m
	}
	c := *onText(m).(*DataMessage)
	c.Chan = ""
	c.Payloads = nil
	for _, p := range data.Payloads {
		if f, _ := p.AsFloat(); p.Type == ValTypeNull || math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		if p.Type == ValTypeInt {
			p.Type = ValTypeLong
		}
		c.Payloads = append(c.Payloads, p)
	}
	return &c
}

// A message that came over a WebSocket goes on without its type and channel, and with all
// the rest.
func TestSSEOfADecodedMessage(t *testing.T) {
	m, err := ParseMessage([]byte(`{"type":"something-new","channel":"ch-1","b":{"c" : [ 1 ]},"a":"\r\n"}`), true)
	if err != nil {
		t.Fatal(err)
	}
	b, err := AppendSSE([]byte("before "), m, SSEOptions{})
	if want := "before event: something-new\ndata: {\"b\":{\"c\":[1]},\"a\":\"\\r\\n\"}\n\n"; string(b) != want || err != nil {
		t.Errorf("%q, %v; want %q", b, err, want)
	}
}

func TestSSEBadMessage(t *testing.T) {
	bad := NewData(1, []DataPayload{{Type: 9, TSID: 1}})
	unnamed, split := &UnknownMessage{}, &UnknownMessage{}
	split.Typ = "a\nb"
	infinite := NewEvent(1, 1, nil, map[string]any{"x": math.Inf(1)})
	for _, m := range []Message{bad, unnamed, split, infinite} {
		if b, err := AppendSSE([]byte("dst"), m, SSEOptions{}); err == nil || string(b) != "dst" {
			t.Errorf("%+v became %q, %v", m, b, err)
		}
	}
}

func TestDecodeSSEErrors(t *testing.T) {
	for _, c := range []struct{ name, data, class string }{
		{"data", `{"data":[`, ClassJSON},
		{"data", ``, ClassJSON},
		{"data", `[]`, ClassJSONType},
		{"data", `{"logicalTimestampMs":1}`, ClassMissingField},
		{"control-message", "{\"event\":\"\xff\"}", ClassJSON},
	} {
		m, err := new(Decoder).DecodeSSE(SSEEvent{Name: c.name, Data: []byte(c.data)})
		var e *DecodeError
		if m != nil || !errors.As(err, &e) || e.Class != c.class {
			t.Errorf("%s %q: %v, %v", c.name, c.data, m, err)
		}
	}
	m, err := new(Decoder).DecodeSSE(SSEEvent{Name: "novelty", Data: []byte(`{}`)})
	if err != nil || m.Type() != "novelty" {
		t.Errorf("%v, %v", m, err)
	}
}
