package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/signalfx/signalfx-go/idtool"
)

// TestVectorsCut decodes every vector cut at every length: each is a *DecodeError,
// apart from bad vectors that a cut makes good, and takes little memory.
func TestVectorsCut(t *testing.T) {
	const limit, constant = 64 << 10, 256 << 10
	for _, v := range loadVectors(t).Vectors {
		d := Decoder{MaxInflated: limit}
		frame := v.frame(t)
		for n := range len(frame) {
			var before, after runtime.MemStats
			cut := slices.Clone(frame[:n:n])
			runtime.ReadMemStats(&before)
			m, err := d.Decode(cut, v.IsText)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > limit+constant {
				t.Errorf("%s cut at %d: %d bytes allocated", v.Name, n, used)
			}
			var e *DecodeError
			if m == nil && !errors.As(err, &e) || m != nil && err != nil {
				t.Errorf("%s cut at %d: message %v, error %v", v.Name, n, m, err)
			}
			if m != nil && v.Expect == "ok" {
				t.Errorf("%s cut at %d decodes: %v", v.Name, n, m)
			}
		}
	}
}

// TestBeyondTheBody puts a good point behind the end of a short frame, in the
// spare capacity of its slice: it must not be read.
func TestBeyondTheBody(t *testing.T) {
	whole, err := AppendBinary(nil, NewData(1, []DataPayload{LongPayload(1, 1), LongPayload(2, 2)}), "ch-1", BinaryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if m, err := ParseMessage(whole[:n], false); err == nil {
			t.Errorf("%d of %d bytes decode: %v", n, len(whole), m)
		}
	}
}

func TestParseTSID(t *testing.T) {
	f := loadVectors(t)
	for _, v := range f.TSIDs {
		id, err := ParseTSID(v.String)
		if err != nil || int64(id) != v.Int64 {
			t.Errorf("ParseTSID(%q) = %d, %v, want %d", v.String, id, err, v.Int64)
		}
		if text := string(AppendTSID([]byte("x"), id)); text != "x"+strings.TrimSuffix(v.String, "=") {
			t.Errorf("AppendTSID(x, %d) = %s", id, text)
		}
		if text := idtool.ID(v.Int64).String(); text != strings.TrimSuffix(v.String, "=") {
			t.Errorf("idtool prints %d as %s", v.Int64, text)
		}
	}
	for _, v := range f.BadTSIDs {
		var e *DecodeError
		if id, err := ParseTSID(v.String); !errors.As(err, &e) || e.Class != v.Error || id != 0 {
			t.Errorf("ParseTSID(%q) = %d, %v, want class %s", v.String, id, err, v.Error)
		}
	}
	if n := testing.AllocsPerRun(100, func() { ParseTSID("AAAAAFx9Hi8") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestDecodeErrors checks the fields of the error, and how it reads.
func TestDecodeErrors(t *testing.T) {
	for _, test := range []struct {
		text string
		want DecodeError
		line string
	}{
		{`{"type":"metadata","channel":"ch-1","tsId":"AAA","properties":{}}`,
			DecodeError{ClassBadTSID, "ch-1", "metadata", "tsId", -1, `tsId "AAA" does not hold 8 bytes: want 11 characters of URL-safe base64`},
			`bad metadata message on channel "ch-1": bad_tsid: tsId "AAA" does not hold 8 bytes: want 11 characters of URL-safe base64`},
		{`{"type":"data","channel":"ch-1","logicalTimestampMs":1,"data":[{"tsId":"AAAAAFx9Hi8","value":1},{"value":2}]}`,
			DecodeError{ClassMissingField, "ch-1", "data", "data[1].tsId", -1, `field "data[1].tsId" is missing`},
			`bad data message on channel "ch-1": missing_field: field "data[1].tsId" is missing`},
		{`{"type":"data","channel":"ch-1","logicalTimestampMs":1,"data":[{"tsId":"AAAAAFx9Hi8","value":1e999}]}`,
			DecodeError{ClassJSONType, "ch-1", "data", "data[0].value", -1, `field "data[0].value" is a number (1e999), want a number of 64 bits or null`},
			`bad data message on channel "ch-1": json_type: field "data[0].value" is a number (1e999), want a number of 64 bits or null`},
		{`{"type":"control-message","x":tru}`,
			DecodeError{ClassJSON, "", "", "", 30, `not valid JSON: found 't' where true is wanted`},
			`bad message: json: not valid JSON: found 't' where true is wanted (at byte 30)`},
		{`{"type":"error","error":400,"channel":` + strings.Repeat("[", 100000),
			DecodeError{ClassJSON, "", "", "", 10037, `not valid JSON: it is nested deeper than 10000 levels`},
			`bad message: json: not valid JSON: it is nested deeper than 10000 levels (at byte 10037)`},
	} {
		_, err := ParseMessage([]byte(test.text), true)
		var e *DecodeError
		if !errors.As(err, &e) {
			t.Fatalf("%.80s: %v", test.text, err)
		}
		if *e != test.want || e.Error() != test.line {
			t.Errorf("%.80s:\n got %+v\n     %s\nwant %+v\n     %s", test.text, *e, e, test.want, test.line)
		}
	}
}

// TestLenient lists messages that must be delivered although something in them is
// wrong, with the fields that are named.
func TestLenient(t *testing.T) {
	for _, test := range []struct {
		text     string
		warnings []string
	}{
		{`{"type":"control-message","channel":"c","event":"END_OF_CHANNEL","timestampMs":-5}`, nil},
		{`{"type":"control-message","channel":"c","event":"END_OF_CHANNEL","timestampMs":5.5}`, []string{"timestampMs"}},
		{`{"type":"control-message","channel":"c","event":"CHANNEL_ABORT","timestampMs":1e400,"abortInfo":"x"}`, []string{"timestampMs", "abortInfo"}},
		{`{"type":"control-message","channel":"c","event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":null,"sf_job_abortReason":7}}`, []string{"abortInfo.sf_job_abortReason"}},
		{`{"type":"message","channel":"c","message":{"messageCode":"GROUPBY_MISSING_PROPERTY"}}`, []string{"logicalTimestampMs"}},
		{`{"type":"message","channel":"c","logicalTimestampMs":1,"message":{"messageCode":"JOB_DETECTED_LAG","contents":[],"tsIds":["AAA","AAAAAAAAAAE"],"blockContexts":{},"blockSerialNumber":4}}`,
			[]string{"message.tsIds", "message.blockContexts", "message.contents"}},
		{`{"type":"metadata","channel":"c","tsId":"AAAAAAAAAAE","properties":{"sf_resolutionMs":"1000","sf_createdOnMs":1.5E12,"sf_metric":5}}`,
			[]string{"properties.sf_resolutionMs", "properties.sf_createdOnMs", "properties.sf_metric"}},
		{`{"type":"error","channel":"c","error":1.5,"errorType":5,"message":[],"context":{"line":"x","column":"7"},"errors":[{"code":1,"context":2},3]}`,
			[]string{"errorType", "message", "error", "context.line", "context.column", "errors.code", "errors.context", "errors"}},
		{`{"type":"event","channel":"c","timestampMs":"soon","metadata":1,"properties":"x"}`, []string{"tsId", "timestampMs", "metadata", "properties"}},
		{`{"type":"authenticated","orgId":5}`, []string{"orgId"}},
	} {
		m, err := ParseMessage([]byte(test.text), true)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got := m.(JSONMessage).JSONBase().Warnings(); !slices.Equal(got, test.warnings) {
			t.Errorf("%s:\nwarnings %q, want %q", test.text, got, test.warnings)
		}
	}
}

// TestDeepNesting has much text deep inside: looking at it once for each level
// would take minutes.
func TestDeepNesting(t *testing.T) {
	const depth, size = 9990, 1 << 20
	inner := `["` + strings.Repeat("x", size) + `","y"` + strings.Repeat(`,1`, size/16) + `]`
	for _, brackets := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
		nested := strings.Repeat(brackets[0], depth) + inner + strings.Repeat(brackets[1], depth)
		for _, text := range []string{
			`{"type":"event","properties":{"a":` + nested + `},"metadata":{},"tsId":"AAAAAAAAAAE","timestampMs":1}`,
			`{"type":"metadata","properties":{"a":` + nested + `,"sf_a":` + nested + `},"tsId":"AAAAAAAAAAE"}`,
			`{"type":"message","message":{"messageCode":"X","contents":` + nested + `},"logicalTimestampMs":1}`,
			`{"type":"x","a":` + nested + `}`,
		} {
			m, err := ParseMessage([]byte(text), true)
			if err != nil {
				t.Fatal(err)
			}
			out, err := AppendText(nil, m, "")
			if err != nil || len(out) < len(text) {
				t.Fatalf("%d bytes became %d: %v", len(text), len(out), err)
			}
			if m.(JSONMessage).RawData() == nil {
				t.Error("no raw data")
			}
		}
	}
}

// TestJSONData reads numbers in all their forms: integers exactly, the rest as
// doubles.
func TestJSONData(t *testing.T) {
	values := []struct {
		json string
		want any
	}{
		{"0", int64(0)}, {"-9223372036854775808", int64(math.MinInt64)}, {"9223372036854775807", int64(math.MaxInt64)},
		{"9223372036854775808", 9223372036854775808.0}, {"1.0", 1.0}, {"1e3", 1000.0}, {"-2.5E-1", -0.25}, {"1e-400", 0.0},
		{"-0", math.Copysign(0, -1)}, {"null", nil},
	}
	text := `{"type":"data","channel":"c","logicalTimestampMs":1.7513280E12,"maxDelayMs":"soon","data":[`
	for i, v := range values {
		if i > 0 {
			text += " ,"
		}
		text += `{ "value" : ` + v.json + `, "x":{}, "tsId":"AAAAAAAAAAE"}`
	}
	m, err := ParseMessage([]byte(text+"]}"), true)
	if err != nil {
		t.Fatal(err)
	}
	data := m.(*DataMessage)
	if data.TimestampMillis != 1751328000000 || data.HasMaxDelay || len(data.Payloads) != len(values) {
		t.Fatalf("%+v", data)
	}
	for i, v := range values {
		got := data.Payloads[i].Value()
		if got != v.want || fmt.Sprint(got) != fmt.Sprint(v.want) {
			t.Errorf("%s is %v (%T), want %v", v.json, got, got, v.want)
		}
	}
}

// TestSynonyms reads the names that only some sources use, and writes the usual
// ones.
func TestSynonyms(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"type":"control-message","channel":"c","event":"ABORT_CHANNEL","timestampMs":1,"abortInfo":{"sf_job_abortState":"S","sf_job_abortReason":"R"}}`,
			`{"type":"control-message","channel":"c","event":"CHANNEL_ABORT","timestampMs":1,"abortInfo":{"sf_job_abortState":"S","sf_job_abortReason":"R"}}`},
		{`{"type":"error","code":401,"message":"m"}`, `{"type":"error","error":401,"message":"m"}`},
		{`{"error":"7"}`, `{"type":"error","error":7}`},
		{`{"type":"message","logicalTimestampMs":1,"message":{"messageCode":"X","blockSerialNumber":4}}`,
			`{"type":"message","logicalTimestampMs":1,"message":{"messageCode":"X","blockSerialNumbers":[4]}}`},
		{`{"type":"something","event":"KEEP_ALIVE","timestampMs":1}`, `{"type":"something","event":"KEEP_ALIVE","timestampMs":1}`},
		{`{"type":"expired-tsid","tsId":"AAAAAAAAAAE="}`, `{"type":"expired-tsid","tsId":"AAAAAAAAAAE"}`},
	} {
		m, err := ParseMessage([]byte(test.text), true)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got, err := AppendText(nil, m, ""); err != nil || string(got) != test.want {
			t.Errorf("%s\nbecame %s %v\nwant   %s", test.text, got, err, test.want)
		}
	}
}

// TestRepeatedField: the last of a repeated field counts, as in encoding/json.
func TestRepeatedField(t *testing.T) {
	m, err := ParseMessage([]byte(`{"type":"data","type":"authenticated","orgId":"a","org\u0049d":"b"}`), true)
	if a, ok := m.(*AuthenticatedMessage); err != nil || !ok || a.OrgID != "b" {
		t.Errorf("%v, %v", m, err)
	}
}

// TestRawDataIsShared calls RawData from many goroutines: all get the same map,
// which is what encoding/json makes of the text.
func TestRawDataIsShared(t *testing.T) {
	const text = ` {"type":"new","channel":"c","a":[1,2.5,-3e2,"x\u00e9\n",true,false,null,{"b":{}}],"n":9007199254740993} `
	m, err := ParseMessage([]byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	maps := make([]map[string]any, 8)
	for i := range maps {
		wg.Go(func() { maps[i] = m.(JSONMessage).RawData() })
	}
	wg.Wait()
	for _, got := range maps {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if reflect.ValueOf(got).Pointer() != reflect.ValueOf(maps[0]).Pointer() {
			t.Error("two maps were made")
		}
	}
	raw := m.(*UnknownMessage).Raw()
	if string(raw) != text {
		t.Errorf("Raw is %s", raw)
	}
	raw[1] = 'X'
	if string(m.(*UnknownMessage).Raw()) != text {
		t.Error("Raw gives away the message's own memory")
	}
	if built := NewEndOfChannel(1); built.RawData() != nil || built.Raw() != nil || built.Warnings() != nil {
		t.Error("a message that was built has raw data")
	}
}

func TestReservedFlags(t *testing.T) {
	frame, err := AppendBinary(nil, NewData(1, nil), "ch-1", BinaryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	frame[2] |= 0x80
	if _, err := new(Decoder).Decode(frame, false); err == nil {
		t.Error("a reserved flag is accepted")
	}
	d := Decoder{IgnoreReservedFlags: true}
	if _, err := d.Decode(frame, false); err != nil {
		t.Error(err)
	}
}

// TestDecoderRemembersLittle feeds more names than a decoder keeps.
func TestDecoderRemembersLittle(t *testing.T) {
	var d Decoder
	for i := range 10 * namesBuckets * namesWays {
		id := string(AppendTSID(nil, idtool.ID(i)))
		m, err := d.Decode([]byte(`{"type":"`+id+`","channel":"`+id+`"}`), true)
		if err != nil {
			t.Fatal(err)
		}
		if u := m.(*UnknownMessage); u.Type() != id || u.Channel() != id {
			t.Fatalf("%s came out as %s on %s", id, u.Type(), u.Channel())
		}
	}
	for _, name := range []string{"short", strings.Repeat("x", namesMaxLen+1)} {
		for range 2 {
			given := strings.Clone(name)
			if got := d.names.str(given); got != name || unsafe.StringData(got) == unsafe.StringData(given) {
				t.Errorf("%s came back as %s, or shares memory", name, got)
			}
		}
	}
}

// TestDataAllocations: at most three allocations for data of any size.
func TestDataAllocations(t *testing.T) {
	for _, n := range []int{0, 1, 16, 1000} {
		points := make([]DataPayload, n)
		for i := range points {
			points[i] = DoublePayload(idtool.ID(i), float64(i))
		}
		frame, err := AppendBinary(nil, NewData(1, points), "ch-1", BinaryOptions{Version: 3})
		if err != nil {
			t.Fatal(err)
		}
		var d Decoder
		if got := testing.AllocsPerRun(100, func() {
			if _, err := d.Decode(frame, false); err != nil {
				t.Error(err)
			}
		}); got > 3 {
			t.Errorf("%d points: %v allocations", n, got)
		}
		if got := testing.AllocsPerRun(100, func() {
			v, err := ViewData(frame)
			for i := range v.Len() {
				p := v.At(i)
				if f, ok := p.AsFloat(); !ok || f != float64(i) || p.TSID != idtool.ID(i) {
					t.Fatal(f, ok, err)
				}
			}
		}); got != 0 {
			t.Errorf("view of %d points: %v allocations", n, got)
		}
	}
}

func TestPayloadValues(t *testing.T) {
	neg := DataPayload{Type: ValTypeInt, Val: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf9}}
	for _, test := range []struct {
		p     DataPayload
		value any
		float float64
		ok    bool
		name  string
	}{
		{LongPayload(1, math.MinInt64), int64(math.MinInt64), math.MinInt64, true, "long"},
		{DoublePayload(1, -2.5), -2.5, -2.5, true, "double"},
		{neg, int32(-7), -7, true, "int32"},
		{DataPayload{Val: [8]byte{1}}, nil, 0, false, "Unknown"},
		{DataPayload{Type: 9, Val: [8]byte{1}}, nil, 0, false, "Unknown"},
	} {
		f, ok := test.p.AsFloat()
		if test.p.Value() != test.value || f != test.float || ok != test.ok || test.p.Type.String() != test.name {
			t.Errorf("%+v: Value %v, AsFloat %v %v, %s", test.p, test.p.Value(), f, ok, test.p.Type)
		}
	}
}
