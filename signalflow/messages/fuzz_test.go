package messages

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var classes = []string{
	ClassShortHeader, ClassUnsupportedVersion, ClassUnknownType, ClassUnknownFlags, ClassBadChannel, ClassUnsupportedEncoding,
	ClassTruncatedBody, ClassCountExceedsBody, ClassTrailingBytes, ClassBadValueType, ClassBadIntRange, ClassInflate,
	ClassInflateLimit, ClassJSON, ClassJSONType, ClassMissingField, ClassBadTSID,
}

const fuzzLimit = 64 << 10

// survives decodes a frame and checks what must hold for any: an error says what
// is wrong; a message can be encoded in each form and is the same when decoded
// again.
func survives(t *testing.T, frame []byte, isText bool) Message {
	d := Decoder{MaxInflated: fuzzLimit}
	m, err := d.Decode(frame, isText)
	if err != nil {
		var e *DecodeError
		if m != nil || !errors.As(err, &e) || !slices.Contains(classes, e.Class) || e.Detail == "" || e.Offset > max(len(frame), fuzzLimit) {
			t.Fatalf("message %v, error %#v", m, err)
		}
		if len(e.Error()) > 1000 || !utf8.ValidString(e.Error()) {
			t.Fatalf("error text %q", e)
		}
		return nil
	}
	touch(m)
	text, err := AppendText(nil, m, "")
	if err != nil {
		t.Fatalf("%#v: %v", m, err)
	}
	if !json.Valid(text) || !utf8.Valid(text) {
		t.Fatalf("%#v became %q", m, text)
	}
	again, err := d.Decode(text, true)
	if err != nil || !equivalent(onText(m), again) {
		t.Fatalf("%#v\nbecame %s\nthen %#v %v", m, text, again, err)
	}
	c, ok := m.(ChannelMessage)
	if _, code := frameType(m); !ok || badChannel(c.Channel()) != "" || code != nil && m.Type() != DataType {
		return m
	}
	for _, o := range []BinaryOptions{{}, {Gzip: true, Version: 3}} {
		frame, err := AppendBinary(nil, m, "", o)
		if err != nil {
			t.Fatalf("%#v: %v", m, err)
		}
		if len(frame) > fuzzLimit/2 {
			continue
		}
		again, err := d.Decode(frame, false)
		if err != nil || !equivalent(onWire(m, o), again) {
			t.Fatalf("%#v\nbecame %x\nthen %#v %v", m, frame, again, err)
		}
	}
	return m
}

// touch calls what reads a message.
func touch(m Message) {
	if s, ok := m.(interface{ String() string }); ok {
		_ = s.String()
	}
	switch m := m.(type) {
	case *InfoMessage:
		access(m.Contents)
	case *EventMessage:
		_, _, _, _, _, _, _ = m.Inputs(), m.Is(), m.Was(), m.IncidentID(), m.Severity(), m.DetectLabel(), m.Annotations()
	}
}

func FuzzText(f *testing.F) {
	for _, v := range loadVectors(f).Vectors {
		if v.IsText {
			f.Add(v.frame(f))
		}
	}
	for _, m := range built() {
		text, err := AppendText(nil, m, "ch-1")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		" {\t\"a\\u0000\\ud83d\\ude00\\ud800x\\\"\\\\\\/\\b\\f\\n\\r\\t\" :\r[ ] , \"\" : { } }\n", `{"a":-0,"b":-0.0e-0,"c":1E+400,"d":1e-400,"e":0.1,"f":12345678901234567890}`,
		`{"a":01}`, `{"a":1.}`, `{"a":+1}`, `{"a":.5}`, `{"a":1e}`, `{"a":-}`, `{"a":"\x"}`, `{"a":"\u12G4"}`, "{\"a\":\"\t\"}", `{"a":tru}`, `{"a":nul`, `{"a",1}`, `{"a":1,}`, `[1,]`, `[1 2]`,
		`{'a':1}`, `{"a":1}}`, `"x"`, `5`, `true `, `{"a":"1234567\"9"}`, `{"a":"12345678\u00e9"}`, `{"a":{"b":[{"c":null}]},"a":2}`, "\ufeff{}", "{\"a\":\"1234567\t90123456\"}", "{\"a\":\"123\x0156789012345678\"}", `{"type":"data","event":"KEEP_ALIVE"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		likeStandard(t, text)
		survives(t, text, true)
	})
}

// likeStandard compares the scanner with encoding/json: what is valid, and what
// the values are.
func likeStandard(t *testing.T, text []byte) {
	var f fields
	class, detail, _ := f.index(string(text))
	want := ""
	switch trimmed := bytes.TrimLeft(text, " \t\r\n"); {
	case !utf8.Valid(text) || !json.Valid(text):
		want = ClassJSON
	case trimmed[0] != '{':
		want = ClassJSONType
	}
	if class != want {
		t.Fatalf("%q: class %q (%s), want %q", text, class, detail, want)
	}
	var standard map[string]any
	if want != "" || json.Unmarshal(text, &standard) != nil { // a number beyond float64
		return
	}
	if ours := objectValue(string(text), new(names)); !reflect.DeepEqual(ours, standard) {
		t.Fatalf("%q:\nours     %#v\nstandard %#v", text, ours, standard)
	}
	for i, name := range fieldNames {
		if _, ok := standard[name]; ok != (f[i] != "") {
			t.Fatalf("%q: field %s is %q", text, name, f[i])
		}
		if f[i] != "" && !reflect.DeepEqual(anyValue(f[i], nil), standard[name]) {
			t.Fatalf("%q: field %s is %q, want %v", text, name, f[i], standard[name])
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil || compact.String() != string(appendCompact(nil, string(text))) {
		t.Fatalf("%q: compact %q, want %q", text, appendCompact(nil, string(text)), compact.String())
	}
}

func FuzzBinary(f *testing.F) {
	for _, v := range loadVectors(f).Vectors {
		if !v.IsText {
			f.Add(v.frame(f))
		}
	}
	for _, m := range built() {
		frame, err := AppendBinary(nil, m, "ch-1", BinaryOptions{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		m := survives(t, frame[:len(frame):len(frame)], false)
		v, err := ViewData(frame)
		if !bytes.Equal(frame, before) {
			t.Fatal("the frame was changed")
		}
		data, isData := m.(*DataMessage)
		if err != nil {
			if isData && data.Version != 0 && len(frame) >= headerSize && frameFlags(frame) == 0 {
				t.Fatalf("decodes but has no view: %v", err)
			}
			return
		}
		if !isData || data.Version == 0 || v.Len() != len(data.Payloads) || string(v.Channel()) != data.Chan || v.TimestampMillis() != int64(data.TimestampMillis) {
			t.Fatalf("view %+v, message %v", v, m)
		}
		for i := range v.Len() {
			p, q := v.At(i), data.Payloads[i]
			x, ok := p.AsFloat()
			y, ok2 := q.AsFloat()
			if p.TSID != q.TSID || p.Type != q.Type || p.Bits != binary.BigEndian.Uint64(q.Val[:]) || ok != ok2 || math.Float64bits(x) != math.Float64bits(y) {
				t.Fatalf("point %d: %+v, %+v", i, p, q)
			}
		}
	})
}

func frameFlags(b []byte) byte {
	if b[0] == 2 && b[1] == 0 {
		return b[3]
	}
	return b[2]
}

// FuzzGzip compresses a body, spoils one byte and cuts it, and compares with what
// the standard library makes of it.
func FuzzGzip(f *testing.F) {
	for _, v := range loadVectors(f).Vectors {
		b := v.frame(f)
		if len(b) > headerSize && !v.IsText {
			f.Add(b[headerSize:], b[1], b[2], uint16(0), byte(0), uint16(0))
			f.Add(b[headerSize:], b[1], b[2]|flagGzip, uint16(5), byte(1), uint16(0))
		}
	}
	f.Add([]byte(unknownJSON), byte(2), byte(flagJSON), uint16(3), byte(8), uint16(0))
	f.Add([]byte(unknownJSON), byte(2), byte(flagJSON), uint16(0), byte(0), uint16(1))
	f.Fuzz(func(t *testing.T, body []byte, code, flags byte, at uint16, spoil byte, cut uint16) {
		whole := gzipFrame(t, code, flags, gzip.Header{}, body)
		packed := whole[headerSize:]
		packed[int(at)%len(packed)] ^= spoil
		packed = packed[:len(packed)-int(cut)%len(packed)]
		survives(t, whole[:headerSize+len(packed)], false)

		// The standard library takes reserved flags, no long names and no zlib.
		if len(packed) > 3 && (packed[0] != 0x1f || packed[3]&0xe0 != 0 || packed[3]&0x18 != 0 && len(packed) > 512) {
			return
		}
		want, ok := standardGunzip(packed)
		z, limit := new(inflater), int64(fuzzLimit)
		err := z.inflate(&frame{body: packed}, limit)
		switch {
		case ok && int64(len(want)) > limit:
			if err == nil || err.Class != ClassInflateLimit {
				t.Fatalf("%d bytes with a limit of %d: %v", len(want), limit, err)
			}
		case ok != (err == nil):
			t.Fatalf("%x: standard %v, ours %v", packed, ok, err)
		case ok && !bytes.Equal(want, z.out):
			t.Fatalf("%x: standard %x, ours %x", packed, want, z.out)
		}
	})
}

// standardGunzip inflates one member with nothing behind it, at most a little more
// than the limit.
func standardGunzip(packed []byte) ([]byte, bool) {
	in := bytes.NewReader(packed)
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, false
	}
	r.Multistream(false)
	out, err := io.ReadAll(io.LimitReader(r, fuzzLimit+1))
	if err == nil && len(out) > fuzzLimit {
		return out, true
	}
	return out, err == nil && in.Len() == 0
}

func FuzzTSID(f *testing.F) {
	file := loadVectors(f)
	for _, v := range file.TSIDs {
		f.Add(v.String)
	}
	for _, v := range file.BadTSIDs {
		f.Add(v.String)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseTSID(s)
		b, standard := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSuffix(s, "="))
		want := standard == nil && len(b) == 8 && (len(s) == 11 || len(s) == 12) && !strings.ContainsAny(s, "\r\n")
		if want != (err == nil) {
			t.Fatalf("%q: %d, %v", s, id, err)
		}
		if err != nil {
			if id != 0 {
				t.Fatalf("%q: %d beside an error", s, id)
			}
			return
		}
		if uint64(id) != binary.BigEndian.Uint64(b) || string(AppendTSID(nil, id)) != strings.TrimSuffix(s, "=") || id.String() != strings.TrimSuffix(s, "=") {
			t.Fatalf("%q: %d", s, id)
		}
	})
}

// FuzzEvent varies what is in an event: its properties, and the JSON in strings
// that some of them hold.
func FuzzEvent(f *testing.F) {
	for _, v := range loadVectors(f).Vectors {
		if p, ok := v.Decoded["properties"]; ok {
			text, err := json.Marshal(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text), `{"_S1":{"key":{"az":"a1"},"value":"81.5"},"_S2":{"value":80}}`)
		}
	}
	f.Add(`{"inputs":{"_S1":3,"_S2":{"key":5}},"event_annotations":[]}`, `{"a":4}`)
	f.Fuzz(func(t *testing.T, properties, inner string) {
		text := append([]byte(`{"type":"event","channel":"c","tsId":"__________4","timestampMs":1,"properties":`), properties...)
		m := survives(t, append(text, '}'), true)
		if _, ok := m.(*EventMessage); m != nil && !ok && json.Valid([]byte(properties)) && !strings.Contains(properties, "type") {
			t.Fatalf("%s came out as %T", text, m)
		}
		built := NewEvent(1, 1, nil, map[string]any{"inputs": inner, "inputValues": inner, "inputSources": inner})
		touch(built)
		if utf8.ValidString(inner) {
			for name := range built.Inputs() {
				var standard map[string]any
				if err := json.Unmarshal([]byte(inner), &standard); err == nil && standard[name] == nil && !strings.Contains(inner, "null") {
					t.Fatalf("input %q is not in %s", name, inner)
				}
			}
		}
		encoded, err := AppendText(nil, built, "c")
		if err != nil {
			t.Fatal(err)
		}
		again := survives(t, encoded, true)
		if utf8.ValidString(inner) && again.(*EventMessage).Properties["inputs"] != inner {
			t.Fatalf("%q became %v", inner, again)
		}
	})
}
