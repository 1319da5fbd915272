package e2e

import (
	"encoding/json"
	"reflect"
	"testing"

	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// TestSameMeaning decodes well-formed frames with both packages: what the
// published one understands must come out the same.
func TestSameMeaning(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		for _, frame := range [][]byte{dataFrame(n), zipped(dataFrame(n))} {
			theirs, err := peer.ParseMessage(frame, false)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := messages.ParseMessage(frame, false)
			if err != nil {
				t.Fatal(err)
			}
			a, b := theirs.(*peer.DataMessage), ours.(*messages.DataMessage)
			if a.Channel() != b.Channel() || a.Timestamp() != b.Timestamp() || a.Type() != b.Type() || len(a.Payloads) != len(b.Payloads) {
				t.Fatalf("theirs %v, ours %v", a, b)
			}
			for i := range a.Payloads {
				p, q := &a.Payloads[i], &b.Payloads[i]
				if p.TSID != q.TSID || p.Value() != q.Value() || p.Val != q.Val || uint8(p.Type) != uint8(q.Type) || p.Int64() != q.Int64() || p.Float64() != q.Float64() {
					t.Errorf("point %d: theirs %v, ours %v", i, p, q)
				}
			}
		}
	}
	for _, f := range textFrames {
		theirs, err := peer.ParseMessage([]byte(f.text), true)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := messages.ParseMessage([]byte(f.text), true)
		if err != nil {
			t.Fatal(err)
		}
		if reflect.TypeOf(theirs).String() != reflect.TypeOf(ours).String() {
			t.Errorf("%s is %T, ours %T", f.name, theirs, ours)
		}
		if a, b := theirs.(peer.JSONMessage).RawData(), ours.(messages.JSONMessage).RawData(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: raw data %v, ours %v", f.name, a, b)
		}
		if a, b := fieldsOf(t, theirs), fieldsOf(t, ours); !contains(b, a) {
			t.Errorf("%s:\ntheirs %v\nours   %v", f.name, a, b)
		}
	}
}

// TestPeerReadsOurs encodes messages here and lets the published package read
// them.
func TestPeerReadsOurs(t *testing.T) {
	data := messages.NewData(1751328000000, []messages.DataPayload{messages.LongPayload(1, -5), messages.DoublePayload(2, 2.5), {TSID: 3}})
	for _, packed := range []bool{false, true} {
		frame, err := messages.AppendBinary(nil, data, "ch-1", messages.BinaryOptions{Gzip: packed})
		if err != nil {
			t.Fatal(err)
		}
		m, err := peer.ParseMessage(frame, false)
		if err != nil {
			t.Fatal(err)
		}
		got := m.(*peer.DataMessage)
		if got.Channel() != "ch-1" || len(got.Payloads) != 2 || got.Payloads[0].Value() != int64(-5) || got.Payloads[1].Value() != 2.5 {
			t.Errorf("%v", got)
		}
	}
	for _, m := range []messages.Message{
		messages.NewAuthenticated("o", "u"), messages.NewStreamStart(1), messages.NewJobStart("h", 2), messages.NewJobProgress(5, 3),
		messages.NewEndOfChannel(4), messages.NewChannelAbort("STOPPED", "", 5), messages.NewKeepAlive(6),
		messages.NewInfo(messages.GroupByMissingProperty, "INFO", 7, map[string]any{"propertyNames": []string{"az"}}),
		messages.NewMetadata(8, &messages.MetadataProperties{Metric: "m", ResolutionMS: 1000, CustomProperties: map[string]string{"az": "a\"1"}}),
		messages.NewExpired(9), messages.NewEvent(10, 11, nil, nil), messages.NewError(400, "", "no \"name\"", &messages.ErrorContext{Line: 1}),
	} {
		text, err := messages.AppendText(nil, m, "ch-1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := peer.ParseMessage(text, true)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.Type() != m.Type() {
			t.Errorf("%s is a %s", text, got.Type())
		}
		if e, ok := got.(*peer.ErrorMessage); ok && e.Message != "no \"name\"" {
			t.Errorf("%+v", e)
		}
		if p, ok := got.(*peer.MetadataMessage); ok && (p.TSID != 8 || p.Properties.CustomProperties["az"] != "a\"1" || p.Properties.ResolutionMS != 1000) {
			t.Errorf("%+v", p)
		}
	}
}

// fieldsOf lists the exported fields of a message through encoding/json.
func fieldsOf(t *testing.T, m any) (fields map[string]any) {
	text, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// contains tells whether all members of part are in whole. A zero may be left out:
// the published package writes one for a property that is absent.
func contains(whole, part any) bool {
	w, ok := whole.(map[string]any)
	p, ok2 := part.(map[string]any)
	if !ok || !ok2 {
		return reflect.DeepEqual(whole, part)
	}
	for k, v := range p {
		if _, ok := w[k]; !(!ok && v == 0.0) && !contains(w[k], v) {
			return false
		}
	}
	return true
}
