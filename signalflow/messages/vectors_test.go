package messages

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// vector is one entry of testdata/vectors.json (protocol.md 10).
type vector struct {
	Name    string
	IsText  bool
	Hex     string
	Expect  string
	Decoded map[string]any
	Error   struct {
		Code     string
		Contains []string
	}
	Options  struct{ MaxInflatedBytes int64 }
	Warnings []string
}

func (v *vector) frame(t testing.TB) []byte {
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return b
}

type vectorFile struct {
	Vectors []vector
	TSIDs   []struct {
		Int64  int64
		String string
	} `json:"tsIds"`
	BadTSIDs []struct{ String, Error string } `json:"badTsIds"`
}

func loadVectors(t testing.TB) *vectorFile {
	text, err := os.ReadFile("../../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&f); err != nil {
		t.Fatal(err)
	}
	if len(f.Vectors) != 124 || len(f.TSIDs) != 11 || len(f.BadTSIDs) != 11 {
		t.Fatalf("%d vectors, %d tsIds, %d bad ones: the file is not the one of protocol.md 10", len(f.Vectors), len(f.TSIDs), len(f.BadTSIDs))
	}
	return &f
}

func TestVectors(t *testing.T) {
	var d Decoder // one for all, so that what it remembers is tested as well
	for _, v := range loadVectors(t).Vectors {
		t.Run(v.Name, func(t *testing.T) {
			d.MaxInflated = v.Options.MaxInflatedBytes
			frame := v.frame(t)
			m, err := d.Decode(frame, v.IsText)
			for i := range frame { // the frame must not be kept
				frame[i] = 0xAA
			}
			if v.Expect == "error" {
				checkError(t, &v, m, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkDecoded(t, &v, m)
			checkAgain(t, &v, m)
		})
	}
}

func checkError(t *testing.T, v *vector, m Message, err error) {
	var e *DecodeError
	if !errors.As(err, &e) {
		t.Fatalf("message %v, error %v, want a *DecodeError of class %s", m, err, v.Error.Code)
	}
	if m != nil {
		t.Errorf("a message came beside the error: %v", m)
	}
	if e.Class != v.Error.Code {
		t.Errorf("class %s, want %s (%v)", e.Class, v.Error.Code, err)
	}
	for _, part := range v.Error.Contains {
		if !strings.Contains(e.Detail, part) {
			t.Errorf("detail %q does not say %q", e.Detail, part)
		}
	}
	channel := v.channel(t)
	if channel != "" && e.Channel != channel {
		t.Errorf("channel %q in the error, want %q", e.Channel, channel)
	}
	if !strings.Contains(err.Error(), e.Class) || !strings.Contains(err.Error(), e.Detail) {
		t.Errorf("the text %q lacks class or detail", err)
	}
}

// channel is the channel that a decoder can know of a bad frame, read without the
// code under test.
func (v *vector) channel(t *testing.T) string {
	b := v.frame(t)
	if v.IsText {
		var m struct{ Channel any }
		if json.Unmarshal(b, &m) != nil || bytes.ContainsRune(b, '\uFFFD') {
			return ""
		}
		s, _ := m.Channel.(string)
		return s
	}
	if len(b) < 20 || v.Error.Code == ClassBadChannel {
		return ""
	}
	return string(bytes.TrimRight(b[4:20], "\x00"))
}

// checkDecoded compares the typed fields with the vector, and the warnings.
func checkDecoded(t *testing.T, v *vector, m Message) {
	for _, diff := range compare("", v.Decoded, typedView(m), false) {
		t.Error(diff)
	}
	var warnings []string
	if j, ok := m.(JSONMessage); ok {
		warnings = j.JSONBase().Warnings()
	}
	if !slices.Equal(warnings, v.Warnings) {
		t.Errorf("warnings %q, want %q", warnings, v.Warnings)
	}
}

// checkAgain encodes the message in each form, compares the text with the vector
// too, and decodes it once more.
func checkAgain(t *testing.T, v *vector, m Message) {
	text, err := AppendText(nil, m, "")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if _, isData := m.(*DataMessage); !isData {
		for _, diff := range compare("", v.Decoded, got, true) {
			t.Errorf("encoded: %s", diff)
		}
	}
	again, err := ParseMessage(text, true)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if !equivalent(onText(m), again) {
		t.Errorf("decoded again: %+v\nwas: %+v\ntext: %s", again, m, text)
	}
	if c, ok := m.(ChannelMessage); !ok || c.Channel() == "" || len(c.Channel()) > 16 || m.Type() == "something-new" {
		return
	}
	for _, o := range []BinaryOptions{{}, {Gzip: true}, {Version: 3}, {Version: 3, Gzip: true}} {
		frame, err := AppendBinary(nil, m, "", o)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		again, err := ParseMessage(frame, false)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		if !equivalent(onWire(m, o), again) {
			t.Errorf("%+v: decoded again: %+v\nwas: %+v", o, again, m)
		}
	}
}

// onWire is what remains of a message in a binary frame: no null points, long in
// place of int, and the header's type for a keep-alive without one.
func onWire(m Message, o BinaryOptions) Message {
	if alive, ok := m.(*KeepAliveControlMessage); ok && alive.Typ == "" {
		c := *alive
		c.Typ = ControlMessageType
		return &c
	}
	data, ok := m.(*DataMessage)
	if !ok {
		return m
	}
	c := *data
	c.Version, c.Payloads = max(1, o.Version), nil
	if c.Version == 1 {
		c.HasMaxDelay, c.MaxDelayMillis = false, 0
	} else {
		c.HasMaxDelay = true
	}
	for _, p := range data.Payloads {
		if p.Type == ValTypeInt {
			p.Type = ValTypeLong
		}
		if p.Type != ValTypeNull {
			c.Payloads = append(c.Payloads, p)
		}
	}
	return &c
}

// onText is what remains of a data message in JSON: long in place of int, null in
// place of what is not a number, no version.
func onText(m Message) Message {
	data, ok := m.(*DataMessage)
	if !ok {
		return m
	}
	c := *data
	c.Version, c.Payloads = 0, []DataPayload{}
	for _, p := range data.Payloads {
		switch f, _ := p.AsFloat(); {
		case p.Type == ValTypeNull || math.IsNaN(f) || math.IsInf(f, 0):
			p = DataPayload{TSID: p.TSID}
		case p.Type == ValTypeInt:
			p.Type = ValTypeLong
		}
		c.Payloads = append(c.Payloads, p)
	}
	return &c
}

// equivalent compares two messages field by field, apart from the text they came
// from.
func equivalent(a, b Message) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.DeepEqual(stripped(a), stripped(b))
}

// stripped copies a message without its source and the copies of raw text in it,
// with nil for empty lists and maps where the encoder writes an empty one.
func stripped(m Message) any {
	v := reflect.New(reflect.TypeOf(m).Elem())
	v.Elem().Set(reflect.ValueOf(m).Elem())
	m = v.Interface().(Message)
	if j, ok := m.(JSONMessage); ok {
		j.JSONBase().src = nil
	}
	switch m := m.(type) {
	case *DataMessage:
		if len(m.Payloads) == 0 {
			m.Payloads = nil
		}
	case *ChannelAbortControlMessage:
		m.AbortInfo.Raw = nil
	case *EstimationMessage:
		m.Result = appendCompact(nil, string(m.Result))
	case *EventMessage:
		if len(m.Metadata) == 0 {
			m.Metadata = nil
		}
		if len(m.Properties) == 0 {
			m.Properties = nil
		}
	case *ErrorMessage:
		m.Errors = slices.Clone(m.Errors)
		for i := range m.Errors {
			if len(m.Errors[i].Context) == 0 {
				m.Errors[i].Context = nil
			}
		}
	}
	return m
}

// compare lists where got differs from want. A member that want does not have, or
// has as null, must be absent, null, zero or empty in got, unless strict: then it
// must be absent or null, apart from what the encoder always adds.
func compare(path string, want, got any, strict bool) (diffs []string) {
	wm, ok := want.(map[string]any)
	gm, ok2 := got.(map[string]any)
	if ok && ok2 {
		for k, w := range wm {
			diffs = append(diffs, compare(path+"."+k, w, gm[k], strict)...)
		}
		for k, g := range gm {
			if _, ok := wm[k]; ok || !strict && isZero(g) || strict && (g == nil || k == "metadata" && isZero(g)) {
				continue
			}
			diffs = append(diffs, fmt.Sprintf("%s.%s = %v, want none", path, k, g))
		}
		return diffs
	}
	if wl, ok := want.([]any); ok {
		gl, ok := got.([]any)
		if len(wl) == 0 && got == nil && !strict {
			return nil
		}
		if !ok || len(wl) != len(gl) {
			return []string{fmt.Sprintf("%s = %v, want %v", path, got, want)}
		}
		for i := range wl {
			diffs = append(diffs, compare(fmt.Sprintf("%s[%d]", path, i), wl[i], gl[i], strict)...)
		}
		return diffs
	}
	if want == nil && !strict && isZero(got) && !strings.HasSuffix(path, ".value") {
		return nil
	}
	if fmt.Sprintf("%T %v", want, want) != fmt.Sprintf("%T %v", got, got) {
		return []string{fmt.Sprintf("%s = %v (%T), want %v (%T)", path, got, got, want, want)}
	}
	return nil
}

func isZero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, e := range v {
			if !isZero(e) {
				return false
			}
		}
		return true
	}
	return false
}
