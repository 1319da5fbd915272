package messages

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

const metadataText = `{"type":"metadata","channel":"ch-1","tsId":"AAAAAFx9Hi8","properties":{"computationId":"GzExampleAA","az":"eu-west-1a","host":"web-17",` +
	`"sf_key":["az","host","sf_metric","computationId"],"sf_metric":"_SF_COMP_GzExampleAA_01-PUBLISH_METRIC","sf_originatingMetric":"demo.requests",` +
	`"sf_resolutionMs":1000,"sf_createdOnMs":1537140753712,"sf_streamLabel":"A","sf_type":"MetricTimeSeries"}}`

func decodeMetadata(t testing.TB, properties string) *MetadataMessage {
	t.Helper()
	m, err := ParseMessage([]byte(`{"type":"metadata","channel":"c","tsId":"AAAAAAAAAAE","properties":`+properties+`}`), true)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*MetadataMessage)
}

// TestCustomProperties turns each JSON type into text, and keeps what was no text
// as it came.
func TestCustomProperties(t *testing.T) {
	m := decodeMetadata(t, `{"text":"a\u00e9\"b","empty":"","int":1537140753712,"big":12345678901234567890,"float":1.50E+3,"yes":true,"no":false,
		"none":null, "list": [ 1, "a b", {"x" : null} ], "object": { "a" : "b c" }, "twice": 5, "twice": "last", "again":"first", "again": null,
		"sf_text":"s","sf_num":1.5,"sf_null":null,"sf_list":["a",2],"sf_key":"not a list"}`)
	want := MetadataProperties{
		InternalProperties: map[string]any{"sf_text": "s", "sf_num": 1.5, "sf_null": nil, "sf_list": []any{"a", 2.0}, "sf_key": "not a list"},
		CustomProperties: map[string]string{
			"text": "aé\"b", "empty": "", "int": "1537140753712", "big": "12345678901234567890", "float": "1.50E+3", "yes": "true", "no": "false",
			"list": `[1,"a b",{"x":null}]`, "object": `{"a":"b c"}`, "twice": "last",
		},
		CustomRaw: map[string]json.RawMessage{
			"int": json.RawMessage("1537140753712"), "big": json.RawMessage("12345678901234567890"), "float": json.RawMessage("1.50E+3"),
			"yes": json.RawMessage("true"), "no": json.RawMessage("false"), "none": json.RawMessage("null"),
			"list": json.RawMessage(`[1,"a b",{"x":null}]`), "object": json.RawMessage(`{"a":"b c"}`), "again": json.RawMessage("null"),
		},
	}
	if !reflect.DeepEqual(m.Properties, want) {
		t.Errorf("got  %+v\nwant %+v", m.Properties, want)
	}
	if len(m.Warnings()) > 0 {
		t.Errorf("warnings %q", m.Warnings())
	}
}

// TestMetadataNumbers: numbers in an unusual form are repaired and named, and
// never lose the message.
func TestMetadataNumbers(t *testing.T) {
	for _, test := range []struct {
		json string
		ms   int
		warn bool
	}{
		{"1000", 1000, false}, {"-1", -1, false}, {"null", 0, false}, {"1537140753712", 1537140753712, false},
		{"1000.0", 1000, true}, {"1.5E12", 1500000000000, true}, {"1000.9", 1000, true}, {`"1000"`, 1000, true}, {`"1e3"`, 1000, true},
		{`" 1000"`, 0, true}, {`"fast"`, 0, true}, {`""`, 0, true}, {"[]", 0, true}, {"{}", 0, true}, {"true", 0, true},
		{"9223372036854775808", 0, true}, {"1e400", 0, true}, {`"99999999999999999999"`, 0, true},
	} {
		m := decodeMetadata(t, `{"sf_resolutionMs":`+test.json+`,"sf_createdOnMs":`+test.json+`,"host":"h"}`)
		p := &m.Properties
		if p.ResolutionMS != test.ms || p.CreatedOnMS != test.ms || p.CustomProperties["host"] != "h" {
			t.Errorf("%s: resolution %d, created %d, %v", test.json, p.ResolutionMS, p.CreatedOnMS, p.CustomProperties)
		}
		if got := len(m.Warnings()) == 2; got != test.warn {
			t.Errorf("%s: warnings %q", test.json, m.Warnings())
		}
	}
}

// TestMetadataPropertiesJSON uses the documented methods alone.
func TestMetadataPropertiesJSON(t *testing.T) {
	const text = `{"az":"a1","n":1.50,"sf_createdOnMs":5,"sf_key":["az"],"sf_metric":"m","sf_originatingMetric":"o","sf_resolutionMs":1000}`
	var p MetadataProperties
	if err := json.Unmarshal([]byte(" "+text), &p); err != nil {
		t.Fatal(err)
	}
	if p.Metric != "m" || p.OriginatingMetric != "o" || p.ResolutionMS != 1000 || p.CreatedOnMS != 5 || p.CustomProperties["n"] != "1.50" {
		t.Errorf("%+v", p)
	}
	got, err := json.Marshal(&p)
	if err != nil || string(got) != text {
		t.Errorf("got  %s %v\nwant %s", got, err, text)
	}
	p.Metric, p.CustomProperties["az"] = "other", "b2"
	if got, err = json.Marshal(&p); err != nil || !strings.Contains(string(got), `"sf_metric":"other"`) || !strings.Contains(string(got), `"az":"b2"`) {
		t.Errorf("a change is lost: %s %v", got, err)
	}
	if err := json.Unmarshal([]byte("null"), &p); err != nil || p.Metric != "" {
		t.Errorf("null: %v, %+v", err, p)
	}
	for _, bad := range []string{"[]", "5", `"x"`} {
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	if err := p.UnmarshalJSON([]byte(`{"a"`)); err == nil {
		t.Error("broken JSON is accepted")
	}
}

// TestManyProperties has more of each sort than the decoder has room for at first.
func TestManyProperties(t *testing.T) {
	want := map[string]any{}
	for i := range 60 {
		name := strings.Repeat("x", i+1)
		want[name], want["sf_"+name] = name, name
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	m := decodeMetadata(t, string(text))
	if len(m.Properties.CustomProperties) != 60 || len(m.Properties.InternalProperties) != 60 {
		t.Errorf("%d custom, %d internal", len(m.Properties.CustomProperties), len(m.Properties.InternalProperties))
	}
	for name, v := range m.Properties.CustomProperties {
		if v != name || m.Properties.InternalProperties["sf_"+name] != name {
			t.Errorf("%s is %s and %v", name, v, m.Properties.InternalProperties["sf_"+name])
		}
	}
}

// TestMetadataMemory keeps the properties of many messages: about 1 KB for each
// with ten properties, and nothing of the message.
func TestMetadataMemory(t *testing.T) {
	const n, limit = 2000, 1100
	var d Decoder
	kept := make([]MetadataProperties, n)
	frame := []byte(metadataText + strings.Repeat(" ", 2000)) // a text that would show if it were kept
	var before, after runtime.MemStats
	for i := range kept {
		if i == 1 { // the decoder's own memory exists by now
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		m, err := d.Decode(frame, true)
		if err != nil {
			t.Fatal(err)
		}
		kept[i] = m.(*MetadataMessage).Properties
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / (n - 1)
	t.Logf("%d bytes each, besides the struct", each)
	if each > limit {
		t.Errorf("%d bytes each, want at most %d", each, limit)
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(&d)
}
