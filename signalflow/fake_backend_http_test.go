package signalflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// httpFake is a fake in a bubble, with plain HTTP requests to it.
type httpFake struct {
	*FakeBackend
	t    *testing.T
	http *http.Client
}

// inHTTPFake runs a test with a fake whose program "p" puts out two series.
func inHTTPFake(t *testing.T, test func(f *httpFake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := memnet.Listen("fake")
		f := &httpFake{t: t, FakeBackend: &FakeBackend{AccessToken: "abcd", Listen: func() (net.Listener, error) { return listener, nil }}}
		f.AddProgramTSIDs("p", []idtool.ID{1, 2})
		f.AddTSIDMetadata(1, &messages.MetadataProperties{Metric: "m"})
		f.SetTSIDFloatData(1, 1.5)
		f.SetTSIDNullData(2)
		f.Start()
		defer f.Stop()
		transport := &http.Transport{DialContext: listener.DialContext, DisableCompression: true}
		defer transport.CloseIdleConnections()
		f.http = &http.Client{Transport: transport}
		test(f)
	})
}

// ask sends a request; header is name, value and so on.
func (f *httpFake) ask(method, path, body string, header ...string) *http.Response {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, "http://fake/v2/signalflow"+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("X-SF-Token", "abcd")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := f.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp
}

// text is ask for an answer that is not a stream, or one that is read to its end.
func (f *httpFake) text(method, path, body string, header ...string) string {
	f.t.Helper()
	resp := f.ask(method, path, body, header...)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(text)))
}

// ids returns the ids of the data events of a stream, in order and without repeats.
func ids(stream string) (list []string) {
	r := messages.NewSSEReader(strings.NewReader(stream), 0)
	for {
		ev, err := r.Next()
		if err != nil {
			return list
		}
		if ev.Name == messages.DataType && (len(list) == 0 || list[len(list)-1] != ev.ID) {
			list = append(list, ev.ID)
		}
	}
}

const pastRange = "start=1000000&stop=1003000&resolution=1000"

func TestFakeServesHTTP(t *testing.T) {
	inHTTPFake(t, func(f *httpFake) {
		if got := f.text("HEAD", "", ""); got != "204 " {
			t.Errorf("a good token: %s", got)
		}
		got := f.text("POST", "/execute?"+pastRange, `{"programText":"p","programArgs":{"window":"10m"}}`, "Content-Type", "application/json", "User-Agent", "tester")
		if !strings.Contains(got, "event: metadata\n") || !strings.Contains(got, "JOB_RUNNING_RESOLUTION") || !strings.Contains(got, "END_OF_CHANNEL") {
			t.Errorf("output:\n%s", got)
		}
		if list := fmt.Sprint(ids(got)); list != "[data-1000000 data-1001000 data-1002000 data-1003000]" {
			t.Errorf("data events %s", list)
		}
		last := f.Requests()[len(f.Requests())-1]
		if last.Type != "execute" || !last.SSE || last.Connection == 0 || last.Args["window"] != "10m" || last.Program != "p" {
			t.Errorf("request %+v", last)
		}
		if got := f.text("POST", "/preflight?"+pastRange, "p"); !strings.Contains(got, "END_OF_CHANNEL") {
			t.Errorf("preflight: %s", got)
		}
		f.AddProgramTSIDs("GzIncidentA", []idtool.ID{1})
		if got := f.text("POST", "/explain?incidentId=GzIncidentA&"+pastRange, ""); !strings.Contains(got, "1.5") {
			t.Errorf("explain: %s", got)
		}
		f.AddProgramError("bad", "no good")
		if got := f.text("POST", "/execute", "bad"); got != `400 {"code":400,"errorType":"","message":"no good"}` {
			t.Errorf("a refused program: %s", got)
		}
		if got := f.text("POST", "/execute", "p", "X-SF-Token", "wrong"); !strings.HasPrefix(got, "401 ") || strings.Contains(got, "wrong") {
			t.Errorf("a wrong token: %s", got)
		}
	})
}

// A resumed stream goes on behind the last event, with the batches and planned messages of
// the first run (protocol.md 6.6).
func TestFakeResumesBehindTheLastEvent(t *testing.T) {
	inHTTPFake(t, func(f *httpFake) {
		f.AddProgramMessages("p", 3, messages.NewEvent(1, 0, nil, nil))
		whole := f.text("POST", "/execute?"+pastRange, "p")
		for after, want := range map[string]string{
			"data-1000000": "[data-1001000 data-1002000 data-1003000]",
			"data-1001500": "[data-1002000 data-1003000]",
			"data-1003000": "[]",
			"other-1":      fmt.Sprint(ids(whole)),
			"data-x":       fmt.Sprint(ids(whole)),
		} {
			got := f.text("POST", "/execute?"+pastRange, "p", "Last-Event-ID", after)
			if list := fmt.Sprint(ids(got)); list != want {
				t.Errorf("after %s: %s, want %s", after, list, want)
			}
			wantEvent := after != "data-1003000"
			if strings.Contains(got, "event: event\n") != wantEvent || !strings.Contains(got, "END_OF_CHANNEL") {
				t.Errorf("after %s:\n%s", after, got)
			}
			if data, info := strings.Index(got, "event: data"), strings.Index(got, "JOB_RUNNING_RESOLUTION"); wantEvent && info < data {
				t.Errorf("after %s the information comes before the first batch", after)
			}
		}
		// Without a start the output begins behind the event as well.
		now := time.Now().UnixMilli()
		got := f.text("POST", fmt.Sprintf("/execute?stop=%d", now+1000), "p", "Last-Event-ID", fmt.Sprintf("data-%d", now-2000))
		if list := ids(got); len(list) != 3 || list[0] != fmt.Sprintf("data-%d", now-1000) {
			t.Errorf("from 2 s ago to 1 s ahead: %v", list)
		}
	})
}

// A response counts as a connection, and can be cut like one, also in mid-event.
func TestFakeCutsResponses(t *testing.T) {
	inHTTPFake(t, func(f *httpFake) {
		for name, kill := range map[string]func(id uint64) bool{
			"one":   f.KillConnection,
			"after": func(id uint64) bool { return f.KillConnectionAfter(id, 10) },
			"all":   func(uint64) bool { f.KillExistingConnections(); return true },
		} {
			resp := f.ask("POST", "/execute", "p")
			list := f.Connections()
			if len(list) != 1 || !list[0].SSE || !list[0].Authenticated || list[0].Channels != 1 {
				t.Fatalf("connections %+v", list)
			}
			synctest.Wait()
			if !kill(list[0].ID) {
				t.Error("it does not know the response")
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: the response ends with %v", name, err)
			}
			if whole := bytes.HasSuffix(text, []byte("\n\n")); whole == (name == "after") {
				t.Errorf("%s: it ends with %q", name, text[max(0, len(text)-20):])
			}
			if err := f.WaitForRunning(f.t.Context(), "p", 0); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestFakeRunsInTheBackground(t *testing.T) {
	inHTTPFake(t, func(f *httpFake) {
		handle := strings.TrimSuffix(strings.TrimPrefix(f.text("POST", "/start", "p"), `200 {"id":"`), `"}`)
		time.Sleep(90 * time.Second)
		resp := f.ask("POST", "/"+handle+"/attach", "")
		defer resp.Body.Close()
		time.Sleep(2 * time.Second)
		if got := f.text("GET", "/"+handle+"/feedback", ""); !strings.Contains(got, `"state":"running","readers":1`) || !strings.Contains(got, "JOB_RUNNING_RESOLUTION") {
			t.Errorf("feedback: %s", got)
		}
		if got := f.text("POST", "/"+handle+"/keepalive", ""); got != `200 {"id":"`+handle+`"}` {
			t.Errorf("keepalive: %s", got)
		}
		if got := f.text("POST", "/"+handle+"/stop?reason=done", ""); got != `200 {"id":"`+handle+`"}` {
			t.Errorf("stop: %s", got)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		output := string(text)
		for _, part := range []string{"STREAM_START", handle, "event: metadata", "event: data", "JOB_RUNNING_RESOLUTION", `"sf_job_abortReason":"done"`} {
			at := strings.Index(output, part)
			if at < 0 {
				t.Errorf("%s is missing, or comes too early, in\n%s", part, text)
				break
			}
			output = output[at:]
		}
		if got := f.text("POST", "/"+handle+"/stop", ""); !strings.HasPrefix(got, "404 ") {
			t.Errorf("a second stop: %s", got)
		}
	})
}
