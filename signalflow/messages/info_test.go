package messages

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"
)

func decodeInfo(t *testing.T, code, contents string) *InfoMessage {
	t.Helper()
	m, err := ParseMessage([]byte(`{"type":"message","channel":"c","logicalTimestampMs":7,"message":{"messageCode":"`+code+`","contents":`+contents+`}}`), true)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*InfoMessage)
}

// show prints the results of one accessor.
func show(results ...any) string { return strings.TrimSuffix(fmt.Sprintln(results...), "\n") }

// access calls every documented accessor and its sibling, and prints the results.
func access(contents any) string {
	switch c := contents.(type) {
	case JobRunningResolutionContents:
		return show(c.ResolutionMS()) + "/" + show(c.Resolution())
	case JobDetectedLagContents:
		return show(c.LagMS()) + "/" + show(c.Lag())
	case JobInitialMaxDelayContents:
		return show(c.MaxDelayMS()) + "/" + show(c.MaxDelay()) + "/" + show(c.DeadlineType())
	case JobDetectedResolutionContents:
		return show(c.Detected()) + "/" + show(c.Original())
	case FindLimitedResultSetContents:
		return show(c.MatchedSize(), c.LimitSize()) + "/" + show(c.Matched()) + "/" + show(c.Limit())
	case FindMatchedNoTimeseriesContents:
		return show(c.MatchedNoTimeseriesQuery()) + "/" + show(c.Query())
	case FindMatchedDimensionsContents:
		return show(c.DimensionCounts())
	case FetchInactiveEmittersContents:
		return show(c.MaxExtrapolations()) + "/" + show(c.NumInactiveMembers())
	case GroupByMissingPropertyContents:
		return show(c.GroupByMissingProperties()) + "/" + show(c.PropertyNames())
	}
	return fmt.Sprintf("%T %v", contents, contents)
}

// TestContents reads the contents of each code when they are right, absent and
// wrong: what is absent is never 0 unnoticed, and nothing panics.
func TestContents(t *testing.T) {
	for _, test := range []struct{ code, contents, want string }{
		{JobRunningResolution, `{"resolutionMs":1000}`, "1000/1000 true"},
		{JobRunningResolution, `{}`, "0/0 false"},
		{JobRunningResolution, `{"resolutionMs":"1000"}`, "0/0 false"},
		{JobRunningResolution, `{"resolutionMs":0}`, "0/0 true"},
		{JobRunningResolution, `{"resolutionMs":1.5}`, "0/0 false"},
		{JobRunningResolution, `{"resolutionMs":1e300}`, "0/0 false"},
		{JobRunningResolution, `null`, "<nil> <nil>"},
		{JobRunningResolution, `[1]`, "[]interface {} [1]"},
		{JobDetectedLag, `{"lagMs":10000}`, "10000/10000 true"},
		{JobInitialMaxDelay, `{"maxDelayMs":2000,"deadlineType":"AUTOMATIC"}`, "2000/2000 true/AUTOMATIC true"},
		{JobInitialMaxDelay, `{"deadlineType":5}`, "0/0 false/ false"},
		{JobDetectedResolution, `{"detectedResolutionMs":10000,"originalResolutionMs":1000}`, "10000 true/1000 true"},
		{FindLimitedResultSet, `{"matchedSize":41000,"limitSize":30000}`, "41000 30000/41000 true/30000 true"},
		{FindMatchedNoTimeseries, `{"query":"sf_metric:nope"}`, "sf_metric:nope/sf_metric:nope true"},
		{FindMatchedNoTimeseries, `{"query":null}`, "/ false"},
		{FindMatchedDimensions, `{"dimensionCounts":[{"count":2,"dimensions":["host","sf_metric"]}]}`, "[{2 [host sf_metric]}] true"},
		{FindMatchedDimensions, `{"dimensionCounts":[{"count":2,"dimensions":[1]}]}`, "[] false"},
		{FindMatchedDimensions, `{"dimensionCounts":[7]}`, "[] false"},
		{FetchInactiveEmitters, `{"maxExtrapolations":-1,"numInactiveMembers":1}`, "-1 true/1 true"},
		{GroupByMissingProperty, `{"propertyNames":["az","team"]}`, "[az team]/[az team] true"},
		{GroupByMissingProperty, `{"propertyNames":["az",5]}`, "[]/[] false"},
		{GroupByMissingProperty, `{"propertyName":"az"}`, "[]/[] false"},
		{"NEVER_SEEN_BEFORE", `{"a":[1]}`, "map[string]interface {} map[a:[1]]"},
	} {
		if got := access(decodeInfo(t, test.code, test.contents).Contents); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.code, test.contents, got, test.want)
		}
	}
	made := NewInfo(FindLimitedResultSet, "INFO", 1, map[string]any{"matchedSize": 7, "limitSize": int64(5)})
	if got := access(made.Contents); got != "7 5/7 true/5 true" {
		t.Errorf("made by a program: %s", got)
	}
	made = NewInfo(GroupByMissingProperty, "INFO", 1, map[string]any{"propertyNames": []string{"az"}})
	if got := access(made.Contents); got != "[az]/[az] true" {
		t.Errorf("made by a program: %s", got)
	}
}

// TestInfoUnmarshal uses the documented method alone.
func TestInfoUnmarshal(t *testing.T) {
	var m InfoMessage
	const text = `{"logicalTimestampMs":1751328000000,"message":{"messageCode":"JOB_DETECTED_LAG","contents":{"lagMs":5},"timestampMs":1751327999000,"tsIds":["AAAAAAAAAAE"]}}`
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if m.Type() != MessageType || m.Code != JobDetectedLag || m.Contents.(JobDetectedLagContents).LagMS() != 5 || !reflect.DeepEqual(m.TSIDs, []idtool.ID{1}) {
		t.Errorf("%+v", m)
	}
	if !m.LogicalTimestamp().Equal(time.UnixMilli(1751328000000)) || !m.Timestamp().Equal(time.UnixMilli(1751327999000)) {
		t.Errorf("%v, %v", m.LogicalTimestamp(), m.Timestamp())
	}
	for _, bad := range []string{`{}`, `[]`, `{"type":"error","error":1}`, `{"message":"x"}`} {
		if err := json.Unmarshal([]byte(bad), &m); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// TestTimesBefore1970: negative times keep their meaning, in both forms of data
// too.
func TestTimesBefore1970(t *testing.T) {
	data := NewData(-1000, nil)
	data.Chan = "c"
	frame, err := AppendBinary(nil, data, "", BinaryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := AppendText(nil, data, "")
	if err != nil {
		t.Fatal(err)
	}
	want := time.UnixMilli(-1000)
	for _, test := range []struct {
		frame  []byte
		isText bool
	}{{frame, false}, {text, true}, {[]byte(`{"type":"control-message","channel":"c","event":"X","timestampMs":-1000}`), true}} {
		m, err := ParseMessage(test.frame, test.isText)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.(interface{ Timestamp() time.Time }).Timestamp(); !got.Equal(want) {
			t.Errorf("%v: %v", m, got)
		}
	}
}
