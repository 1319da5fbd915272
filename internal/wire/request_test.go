package wire

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

type requestVector struct {
	Name  string
	Text  string
	Means map[string]any
}

func requestVectors(t testing.TB) []requestVector {
	t.Helper()
	text, err := os.ReadFile("../../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Requests []requestVector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Requests) == 0 {
		t.Fatal("no requests in the vectors")
	}
	return file.Requests
}

// meaning is a request in the notation of the vectors. Absent and false flags are the same
// to a server, so false is left out on both sides.
func meaning(r *Request) map[string]any {
	m := map[string]any{}
	put := func(name string, v any) {
		if !reflect.ValueOf(v).IsZero() {
			m[name] = v
		}
	}
	moment := func(name string, t TimeSpec) {
		put(name, float64(t.Ms))
		if t.Text != "" {
			m[name] = t.Text
		}
	}
	put("type", r.Type)
	put("channel", r.Channel)
	put("program", r.Program)
	moment("start", r.Start)
	moment("stop", r.Stop)
	put("resolution", float64(r.Resolution.Milliseconds()))
	put("maxDelay", float64(r.MaxDelay.Milliseconds()))
	put("timezone", r.Timezone)
	put("immediate", r.Immediate)
	put("persistent", r.Persistent)
	put("compress", r.Compress)
	put("handle", r.Handle)
	put("reason", r.Reason)
	return m
}

func TestRequestVectors(t *testing.T) {
	for _, v := range requestVectors(t) {
		req, err := ParseRequest([]byte(v.Text))
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		want := map[string]any{}
		for key, value := range v.Means {
			if value != false {
				want[key] = value
			}
		}
		if got := meaning(req); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", v.Name, got, want)
		}
	}
}

func TestParseRequestOptions(t *testing.T) {
	req, err := ParseRequest([]byte(`{"type":"execute","channel":"c","program":"p","withDerivedMetadata":true,"resolutionAdjustable":"True",
		"disableAllMetricPublishes":"true","offsetByMaxDelay":true,"usedByDetectorUI":1,"useCache":"1","timezone":"Europe/Oslo","resolution":1e4,"maxDelay":"900000","minDelay":5e3}`))
	if err != nil {
		t.Fatal(err)
	}
	if !req.WithDerivedMetadata || !req.ResolutionAdjustable || !req.DisableAllMetricPublishes || !req.OffsetByMaxDelay || !req.UsedByDetectorUI || !req.UseCache {
		t.Errorf("flags are lost: %+v", req)
	}
	if req.Timezone != "Europe/Oslo" || req.Resolution != 10*time.Second || req.MaxDelay != 15*time.Minute || req.MinDelay != 5*time.Second {
		t.Errorf("values are lost: %+v", req)
	}
}

func TestRelativeTimes(t *testing.T) {
	now := time.UnixMilli(1751328000000)
	for text, want := range map[string]time.Duration{
		"-1s": time.Second, "-15m": 15 * time.Minute, "-2h": 2 * time.Hour, "-1d": 24 * time.Hour, "-1w": 7 * 24 * time.Hour,
	} {
		req, err := ParseRequest([]byte(`{"type":"execute","channel":"c","program":"p","start":"` + text + `"}`))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if start, stop := req.Range(now); !start.Equal(now.Add(-want)) || !stop.IsZero() {
			t.Errorf("%s: from %v to %v", text, start, stop)
		}
	}
	for _, text := range []string{"-0m", "15m", "-15", "-m", "--1m", "-1y", "-99999999999w", "-2147483647w", "soon", "1.5"} {
		if _, err := ParseRequest([]byte(`{"type":"execute","channel":"c","program":"p","start":"` + text + `"}`)); err == nil {
			t.Errorf("start %q is accepted", text)
		} else if !strings.Contains(err.Error(), `"start"`) {
			t.Errorf("the error does not name the field: %v", err)
		}
	}
}

// A malformed request still tells where its answer goes.
func TestParseRequestKeepsTheChannel(t *testing.T) {
	req, err := ParseRequest([]byte(`{"type":"execute","channel":"c","program":"p","start":true}`))
	if err == nil || req.Channel != "c" || req.Type != "execute" {
		t.Errorf("request %+v, error %v", req, err)
	}
	if e, ok := err.(*Error); !ok || e.Code != 400 {
		t.Errorf("error %#v", err)
	}
}

func TestNoTokenInRequest(t *testing.T) {
	const secret = "S3CRET-TOKEN"
	text := []byte(`{"token":"` + secret + `","type":"authenticate","userAgent":"ua"}`)
	req, err := ParseRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := tokenOf(text); token != secret || err != nil {
		t.Errorf("token %q, %v", token, err)
	}
	if req.UserAgent != "ua" {
		t.Errorf("user agent %q", req.UserAgent)
	}
	if string(req.Received) != `{"type":"authenticate","userAgent":"ua"}` {
		t.Errorf("received %s", req.Received)
	}
	for _, other := range []string{
		`{"type":"authenticate","Token":"` + secret + `"}`,
		`{"type":"authenticate","access_token":"` + secret + `","userAgent":"ua"}`,
		`{"type":"authenticate","auth":{"token":"` + secret + `"},"userAgent":"ua"}`,
		`{"type":"execute","channel":"c","program":"p","X-SF-TOKEN":"` + secret + `"}`,
	} {
		if req, err := ParseRequest([]byte(other)); err != nil || strings.Contains(string(req.Received), secret) {
			t.Errorf("%s: received %s, %v", other, req.Received, err)
		}
	}
	for _, broken := range []string{`{"type":"authenticate","token":"` + secret, `["` + secret + `"]`, `{"token":"` + secret + `","type":7}`} {
		req, err := ParseRequest([]byte(broken))
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(string(req.Received), secret) {
			t.Errorf("%s: request %+v, error %v", broken, req, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, v := range requestVectors(f) {
		f.Add([]byte(v.Text))
	}
	f.Add([]byte(`{"type":"execute","channel":"c","program":"p","resolution":1e-999999999,"start":"-9999999999999w"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		req, err := ParseRequest(text)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Errorf("error of type %T", err)
			}
			return
		}
		if req.MaxDelay < 0 || req.MaxDelay > 15*time.Minute || req.Resolution < 0 || req.Start.Back < 0 || req.Start.Ms < 0 {
			t.Errorf("out of range: %+v", req)
		}
		if req.Type == ExecuteRequest && (req.Channel == "" || len(req.Channel) > 16 || req.Program == "") {
			t.Errorf("incomplete: %+v", req)
		}
		// What was kept of the text means the same.
		again, err := ParseRequest(req.Received)
		if err != nil || !reflect.DeepEqual(meaning(again), meaning(req)) {
			t.Errorf("received %s: %+v, %v", req.Received, again, err)
		}
	})
}
