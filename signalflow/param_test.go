package signalflow

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestBadParams(t *testing.T) {
	for name, test := range map[string]struct {
		param ClientParam
		want  string
	}{
		"ReadTimeout 0":      {ReadTimeout(0), "ReadTimeout must be positive"},
		"ReadTimeout -1":     {ReadTimeout(-time.Second), "ReadTimeout must be positive"},
		"WriteTimeout 0":     {WriteTimeout(0), "WriteTimeout must be positive"},
		"ConnectTimeout 0":   {ConnectTimeout(0), "ConnectTimeout must be positive"},
		"QueueSize 0":        {QueueSize(0), "QueueSize must be positive"},
		"ReadLimit 0":        {ReadLimit(0), "ReadLimit must be positive"},
		"MaxChannels 0":      {MaxChannels(0), "MaxChannels must be positive"},
		"OnOverflow 9":       {OnOverflow(9), "no OverflowPolicy"},
		"nil":                {nil, "option 1 of NewClient is nil"},
		"Logger nil":         {Logger(nil), "Logger is nil"},
		"realm empty":        {StreamURLForRealm(""), "is no realm"},
		"realm upper case":   {StreamURLForRealm("US1"), "is no realm"},
		"realm with dot":     {StreamURLForRealm("us1.evil.example"), "is no realm"},
		"realm with slash":   {StreamURLForSplunkRealm("us1/"), "is no realm"},
		"realm hyphen":       {StreamURLForRealm("-us1"), "is no realm"},
		"realm too long":     {StreamURLForRealm(strings.Repeat("a", 64)), "is no realm"},
		"URL without scheme": {StreamURL("stream.us1.signalfx.com"), "scheme must be ws, wss, http or https"},
		"URL of another":     {StreamURL("ftp://stream.us1.signalfx.com/"), "scheme must be ws, wss, http or https"},
		"URL without host":   {StreamURL("wss:///v2/signalflow"), "has no host"},
		"URL with password":  {StreamURL("wss://me:secret@stream.us1.signalfx.com/"), "AccessToken"},
		"URL with a token":   {StreamURL("wss://secret@stream.us1.signalfx.com/"), "AccessToken"},
		"URL with a key":     {StreamURL("ftp://stream.us1.signalfx.com/?key=secret"), "scheme must be"},
	} {
		c, err := NewClient(test.param)
		if err == nil {
			c.Close()
			t.Errorf("%s is taken", name)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q in it", name, err, test.want)
		}
	}
}

// The query of a stream URL belongs to a gateway: it is sent, and it is not shown, since it may
// hold a key.
func TestQueryOfStreamURL(t *testing.T) {
	const asked = "key=secret&resolution=7"
	synctest.Test(t, func(t *testing.T) {
		s := newScriptServer(t, nil)
		var query string
		s.upgrade = func(w http.ResponseWriter, r *http.Request) bool {
			query = r.URL.RawQuery
			w.WriteHeader(http.StatusBadGateway)
			return false
		}
		client := s.client(StreamURL("ws://stream.us9.signalfx.com/v2/signalflow?" + asked + "#secret"))
		_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
		if err == nil || strings.Contains(err.Error()+client.String(), "secret") || query != asked {
			t.Errorf("query %q, %v, %v", query, err, client)
		}
	})
	onHTTP(t, func(c *httpExchange) { c.status(502, "") }, func(t *testing.T, s *httpScript) {
		client := s.client(StreamURL("http://stream.us9.signalfx.com/v2/signalflow?" + asked + "#secret"))
		_, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Resolution: time.Second})
		if query := s.request().r.URL.Query(); query.Get("key") != "secret" || len(query["resolution"]) != 1 || query.Get("resolution") != "1000" {
			t.Errorf("query %v", query)
		}
		if err == nil || strings.Contains(err.Error()+client.String(), "secret") {
			t.Errorf("%v, %v", err, client)
		}
	})
}

func TestBadRequests(t *testing.T) {
	onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
		client := s.client()
		for want, req := range map[string]*ExecuteRequest{
			"is nil":                 nil,
			"has no program":         {},
			"resolution is negative": {Program: "p", Resolution: -1},
			"max delay is negative":  {Program: "p", MaxDelayMs: -1},
		} {
			if _, err := client.Execute(t.Context(), req); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		if err := client.Stop(t.Context(), &StopRequest{}); err == nil || !strings.Contains(err.Error(), "no handle") {
			t.Errorf("stop without handle: %v", err) // the service closes the socket on it
		}
		if err := client.Detach(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "no channel") {
			t.Errorf("detach without channel: %v", err)
		}
	})
}

func TestComputationErrorText(t *testing.T) {
	for want, e := range map[string]ComputationError{
		"400 (TYPE): message": {Code: 400, ErrorType: "TYPE", Message: "message"},
		"400: message":        {Code: 400, Message: "message"},
		"(TYPE): message":     {ErrorType: "TYPE", Message: "message"},
		"400 (TYPE)":          {Code: 400, ErrorType: "TYPE"},
		"message":             {Message: "message"},
		"computation failed, the server gave no reason": {},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
