package messages

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/signalfx/signalfx-go/idtool"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// built lists one message of each kind, made by a Go program.
func built() []Message {
	info := NewInfo(FindLimitedResultSet, "WARNING", 1751328000000, map[string]any{"matchedSize": 41000, "limitSize": int64(30000)})
	info.BlockContexts, info.BlockSerialNumbers = []BlockContext{{1, 5}}, []int{0}
	info.NumInputTimeseries, info.TSIDs = 2, []idtool.ID{42, -1}
	listed := NewError(0, "", "", nil)
	listed.Errors = []ErrorItem{{Code: "ANALYTICS_INTERNAL_ERROR"}, {Code: "X", Context: map[string]any{"n": 1.5}}}
	started, estimation := &ComputationStartedMessage{ComputationID: "GzExampleAA"}, &EstimationMessage{Result: json.RawMessage(` { "any" : [ 1 ] } `)}
	unknown := &UnknownMessage{}
	unknown.Typ = LogDataType
	delayed := NewData(1751328000000, []DataPayload{
		LongPayload(1551703599, -9007199254740993), DoublePayload(2712847316, 98.6), DoublePayload(3, 5), {TSID: 4},
		DoublePayload(5, math.NaN()), DoublePayload(6, 1e300), {Type: ValTypeInt, TSID: 7, Val: [8]byte{7: 9}},
	})
	delayed.HasMaxDelay, delayed.MaxDelayMillis = true, 2000
	return []Message{
		NewAuthenticated("GzOrgAAAAAA", "GzUserAAAAA"), NewAuthenticated("", ""),
		NewStreamStart(1), NewJobStart("GzExampleAA", 2), NewJobProgress(40.5, 3), NewEndOfChannel(4),
		NewChannelAbort("STOPPED", "done", 5), NewChannelAbort("", "", 5), NewKeepAlive(6), NewControl("SOMETHING_NEW", 0),
		info, NewInfo(FetchNumTimeseries, "INFO", 0, nil),
		NewMetadata(1551703599, &MetadataProperties{
			Metric: "demo.requests", ResolutionMS: 1000,
			InternalProperties: map[string]any{"sf_type": "MetricTimeSeries", "sf_key": []any{"az", "sf_metric"}, "sf_metric": "another", "sf_isPreQuantized": true},
			CustomProperties:   map[string]string{"az": "a1", "n": "1.50", "changed": "new"},
			CustomRaw:          map[string]json.RawMessage{"n": json.RawMessage("1.50"), "changed": json.RawMessage("7"), "none": json.RawMessage("null")},
		}),
		NewMetadata(1, nil), NewExpired(-2),
		NewEvent(-2, 1751328010000, nil, map[string]any{"incidentId": "GzIncidentA", "is": "anomalous", "was": "ok", "inputs": map[string]any{"_S1": map[string]any{"value": 81.5}}}),
		NewError(400, "ANALYTICS_PROGRAM_NAME_ERROR", "no such name", &ErrorContext{BindingName: "foo", Line: 1, Column: 5, ProgramText: "data(foo)", Reference: "NAME", Traceback: []any{"a", nil}}),
		NewError(401, "", "", nil), listed, started, estimation, unknown, NewData(0, nil), delayed,
	}
}

// TestGolden compares the text and the binary form of every kind with a file.
// Run with -update to write it.
func TestGolden(t *testing.T) {
	var got strings.Builder
	for _, m := range built() {
		text, err := AppendText(nil, m, "ch-1")
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Errorf("not JSON: %s", text)
		}
		fmt.Fprintf(&got, "%T\n%s\n", m, text)
		frame, err := AppendBinary(nil, m, "ch-1", BinaryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, isData := m.(*DataMessage); isData {
			fmt.Fprintf(&got, "%s\n", hex.EncodeToString(frame))
		} else {
			fmt.Fprintf(&got, "%x + the same\n", frame[:headerSize])
			if !bytes.Equal(frame[headerSize:], text) {
				t.Errorf("the binary form of %T has another text", m)
			}
		}
	}
	const file = "testdata/encoded.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// TestRoundTripBuilt decodes what was built: the same message comes out, in every
// form, with nothing to warn about.
func TestRoundTripBuilt(t *testing.T) {
	for _, m := range built() {
		text, err := AppendText(nil, m, "ch-1")
		if err != nil {
			t.Fatal(err)
		}
		first, err := ParseMessage(text, true)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if reflect.TypeOf(first) != reflect.TypeOf(m) {
			t.Errorf("%T came back as %T", m, first)
		}
		if j, ok := first.(JSONMessage); ok && len(j.JSONBase().Warnings()) > 0 {
			t.Errorf("%s: warnings %q", text, j.JSONBase().Warnings())
		}
		again, err := AppendText(nil, first, "")
		if err != nil {
			t.Fatal(err)
		}
		second, err := ParseMessage(again, true)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if !equivalent(first, second) {
			t.Errorf("%s\nbecame %s", text, again)
		}
	}
}

// TestUnknownFieldsSurvive: what this package does not know is passed on, at each
// level.
func TestUnknownFieldsSurvive(t *testing.T) {
	for _, text := range []string{
		`{"type":"control-message","channel":"ch-1","event":"ATTACH","channelsAttached":[1,{"a":"b"}]}`,
		`{"type":"control-message","channel":"ch-1","event":"CHANNEL_ABORT","timestampMs":0,"abortInfo":{"sf_job_abortState":"A","sf_job_abortReason":"B","more":[1.50]},"x":null}`,
		`{"type":"message","channel":"ch-1","logicalTimestampMs":1,"message":{"messageCode":"X","pipeline":"p","pipelineOffset":3},"y":1e400}`,
		`{"type":"error","channel":"ch-1","error":400,"context":{"line":1,"hint":"h"}}`,
		`{"type":"brand-new","channel":"ch-1","deep":{"a":[[[{}]]]}}`,
		`{"type":"expired-tsid","channel":"ch-1","tsId":"AAAAAAAAAAE","why":"gone"}`,
	} {
		m, err := ParseMessage([]byte(" "+text+"\n"), true)
		if err != nil {
			t.Fatal(err)
		}
		got, err := AppendText(nil, m, "")
		if err != nil || string(got) != text {
			t.Errorf("got  %s %v\nwant %s", got, err, text)
		}
	}
}

// TestAwkwardText puts characters into every string that break naive JSON.
func TestAwkwardText(t *testing.T) {
	const awkward = "a\"b\\c/\b\f\n\r\t\x00\x1f\x7f<>& \u2028é\U0001F600\xff\xed\xa0\x80"
	want := strings.ToValidUTF8(awkward, "\uFFFD")
	want = strings.Replace(awkward, "\xff\xed\xa0\x80", strings.Repeat("\uFFFD", 4), 1)
	for _, m := range []Message{
		NewJobStart(awkward, 1), NewChannelAbort(awkward, awkward, 1), NewControl(awkward, 1),
		NewError(400, awkward, awkward, &ErrorContext{ProgramText: awkward, Traceback: map[string]any{awkward: awkward}}),
		NewInfo(awkward, awkward, 1, map[string]any{awkward: []any{awkward}}),
		NewMetadata(1, &MetadataProperties{CustomProperties: map[string]string{awkward: awkward}, InternalProperties: map[string]any{"sf_" + awkward: awkward}}),
		NewEvent(1, 1, map[string]any{awkward: awkward}, map[string]any{"is": awkward}), NewAuthenticated(awkward, awkward),
	} {
		text, err := AppendText(nil, m, awkward)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) || !utf8.Valid(text) {
			t.Errorf("%T: %q", m, text)
		}
		got, err := ParseMessage(text, true)
		if err != nil {
			t.Fatalf("%T: %v", m, err)
		}
		if c, ok := got.(ChannelMessage); ok && c.Channel() != want {
			t.Errorf("channel %q, want %q", c.Channel(), want)
		}
		if e, ok := got.(*ErrorMessage); ok && (e.Message != want || e.Context.ProgramText != want) {
			t.Errorf("%+v, want %q", e, want)
		}
	}
}

// foreign is a message type of someone else.
type foreign struct{ BaseMessage }

// TestEncodeErrors: what cannot be encoded is an error, and dst stays as it was.
func TestEncodeErrors(t *testing.T) {
	odd := NewData(1, []DataPayload{LongPayload(1, 1), {Type: 9}})
	for name, m := range map[string]Message{
		"foreign": &foreign{}, "value type 9": odd, "bad tsId": &ExpiredTSIDMessage{TSID: "AAA"},
		"raw": &EstimationMessage{Result: json.RawMessage("{")}, "raw utf-8": &EstimationMessage{Result: json.RawMessage("\"\xff\"")},
		"channel in it": NewEvent(1, 1, nil, map[string]any{"x": make(chan int)}),
		"NaN":           NewEvent(1, 1, nil, map[string]any{"x": []any{math.NaN()}}),
		"custom raw":    NewMetadata(1, &MetadataProperties{CustomRaw: map[string]json.RawMessage{"x": json.RawMessage("nul")}}),
		"progress":      NewJobProgress(math.Inf(1), 1),
		"no type":       &UnknownMessage{},
	} {
		if out, err := AppendText([]byte("kept"), m, "ch-1"); err == nil || string(out) != "kept" {
			t.Errorf("%s: text %q, %v", name, out, err)
		}
		if out, err := AppendBinary([]byte("kept"), m, "ch-1", BinaryOptions{Gzip: true}); err == nil || string(out) != "kept" {
			t.Errorf("%s: binary %q, %v", name, out, err)
		}
	}
	for _, channel := range []string{"", "seventeen-letters", "a\x00b", "\xff"} {
		if out, err := AppendBinary(nil, NewEndOfChannel(1), channel, BinaryOptions{}); err == nil {
			t.Errorf("channel %q: %q", channel, out)
		}
	}
	if _, err := AppendBinary(nil, NewEndOfChannel(1), "c", BinaryOptions{Version: 2}); err == nil {
		t.Error("version 2 is written")
	}
}

// TestChannelStamp: the given channel replaces the message's own, which stays as
// it is.
func TestChannelStamp(t *testing.T) {
	m := NewEndOfChannel(1)
	m.Chan = "own"
	for _, test := range []struct{ channel, want string }{{"", "own"}, {"other", "other"}} {
		for _, form := range []bool{true, false} {
			frame, err := AppendText(nil, m, test.channel)
			if !form {
				frame, err = AppendBinary(nil, m, test.channel, BinaryOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseMessage(frame, form)
			if err != nil || got.(ChannelMessage).Channel() != test.want || m.Chan != "own" {
				t.Errorf("%v, %v, want %s", got, err, test.want)
			}
		}
	}
}

// TestAppendBinaryInPlace: with room in dst nothing more is allocated.
func TestAppendBinaryInPlace(t *testing.T) {
	m := NewData(1, make([]DataPayload, 100))
	for i := range m.Payloads {
		m.Payloads[i] = DoublePayload(idtool.ID(i), float64(i))
	}
	dst := make([]byte, 0, 8192)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := AppendBinary(dst, m, "ch-1", BinaryOptions{}); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	packed, err := AppendBinary(dst, m, "ch-1", BinaryOptions{Gzip: true})
	if err != nil || &packed[0] != &dst[:1][0] {
		t.Errorf("a compressed frame is not in the memory it was given: %v", err)
	}
}

// Clients read the first shape of an error or the second, and some fail on a field that is
// not there: a server over HTTP sends both (protocol.md 8.7).
func TestErrorInBothShapesIsWhole(t *testing.T) {
	m := NewError(500, "", "went wrong", nil)
	m.Errors = []ErrorItem{{Code: "INTERNAL"}}
	text, err := AppendSSE(nil, m, SSEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"error":500`, `"errorType":""`, `"message":"went wrong"`, `"errors":[`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}
