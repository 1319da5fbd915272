package signalflow

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Resources and API.
var resourceDefects = map[string]func(t *testing.T){
	"E1": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			for ch := c.start(); ch != ""; ch = c.start() {
				c.text("%s", infoText(ch, messages.JobRunningResolution, `{"resolutionMs":1000}`))
				c.binary(dataFrame(ch, 1000, points(1)...))
				c.end(ch)
			}
		}, func(t *testing.T, s *scriptServer) {
			client := s.client()
			if err := client.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			before := len(clientGoroutines())
			for range 100 {
				drainData(execute(t, client))
			}
			synctest.Wait()
			if after := len(clientGoroutines()); after > before {
				t.Errorf("goroutines %d → %d after 100 runs with unread information", before, after)
			}
		})
	},
	"E2": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			for ms := range int64(1000) {
				c.binary(dataFrame(ch, ms, points(100)...))
			}
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client(QueueSize(100<<10)))
			synctest.Wait()
			if comp.mail.bytes > 100<<10 {
				t.Errorf("queue holds %d bytes", comp.mail.bytes)
			}
			if n, d := drainData(comp), comp.Stats().DroppedData; n+d != 1000 || n == 0 {
				t.Errorf("%d read, %d dropped", n, d)
			}
		})
	},
	"E3": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
			client := s.client()
			client.Close()
			client.Close()
			if _, err := client.Execute(t.Context(), &ExecuteRequest{Program: "x"}); !errors.Is(err, ErrClosed) {
				t.Errorf("Execute after Close: %v", err)
			}
			if err := client.Stop(t.Context(), &StopRequest{Handle: "h"}); !errors.Is(err, ErrClosed) {
				t.Errorf("Stop after Close: %v", err)
			}
			if err := client.Detach(t.Context(), &DetachRequest{Channel: "c"}); !errors.Is(err, ErrClosed) {
				t.Errorf("Detach after Close: %v", err)
			}
		})
	},
	"E4": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			a, b := c.start(), c.start()
			c.binary(dataFrame(a, 1, points(1)...))
			c.binary(dataFrame(b, 2, points(1)...))
			c.end(a)
			c.end(b)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			client := s.client()
			req := &ExecuteRequest{Program: "p"}
			first, _ := client.Execute(t.Context(), req)
			second, err := client.Execute(t.Context(), req)
			if err != nil || req.Channel != "" || *req != (ExecuteRequest{Program: "p"}) {
				t.Fatalf("request changed: %+v (%v)", req, err)
			}
			if a, b := drainData(first), drainData(second); a != 1 || b != 1 {
				t.Errorf("data messages: %d and %d", a, b)
			}
		})
	},
	"E5": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
			client := s.client()
			for _, bad := range []string{"12345678901234567", "a\x00b", "ü"} {
				if _, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Channel: bad}); err == nil {
					t.Errorf("channel name %q is taken", bad)
				}
			}
			if _, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Channel: "1234567890123456"}); err != nil {
				t.Error(err)
			}
			if _, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Channel: "1234567890123456"}); err == nil {
				t.Error("a channel name that is in use is taken")
			}
		})
	},
	"E6": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
			client := s.client()
			first, second := execute(t, client), execute(t, client)
			if err := first.Detach(t.Context()); err != nil {
				t.Error(err)
			}
			if err := client.Detach(t.Context(), &DetachRequest{Channel: second.Channel()}); err != nil {
				t.Error(err)
			}
			drainData(first)
			drainData(second)
			if first.Err() != nil || second.Err() != nil {
				t.Errorf("after Detach: %v, %v", first.Err(), second.Err())
			}
		})
	},
	"E7": func(t *testing.T) { // a data race, seen by -race
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			for range 100 {
				c.text("%s", infoText(ch, messages.JobRunningResolution, `{"resolutionMs":1000}`))
			}
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for m := range comp.Info() {
					go m.RawData()
					m.RawData()
				}
			}()
			for range 100 {
				comp.Resolution(t.Context())
			}
			<-done
		})
	},
	"E8": func(t *testing.T) {
		for _, test := range []struct {
			req  ExecuteRequest
			want string
		}{
			{ExecuteRequest{Program: "p"}, `{"type":"execute","program":"p"}`},
			{ExecuteRequest{Program: "p", Resolution: time.Microsecond}, `{"type":"execute","program":"p","resolution":1}`},
			{ExecuteRequest{Program: "p", Start: time.Unix(0, 0)}, `{"type":"execute","program":"p","start":1}`},
			{ExecuteRequest{Program: "p", StopMs: 5, MaxDelay: 2 * time.Second, Immediate: true, Timezone: "Europe/Oslo"},
				`{"type":"execute","program":"p","stop":5,"maxDelay":2000,"immediate":true,"timezone":"Europe/Oslo"}`},
		} {
			got, err := json.Marshal(test.req)
			if err != nil || string(got) != test.want {
				t.Errorf("got %s (%v), want %s", got, err, test.want)
			}
		}
	},
	"E9": func(t *testing.T) {
		m := decodeOK(t, []byte(`{"type":"event","channel":"c","tsId":"AAAAAAAAAAE","timestampMs":1,"properties":{"is":"ANOMALOUS","was":"ok","inputs":{"_S1":{"key":{"az":"a1"},"value":"81.5"}}}}`), true).(*messages.EventMessage)
		if m.Is() != "anomalous" || m.Inputs()["_S1"].Key["az"] != "a1" {
			t.Errorf("%+v", m)
		}
	},
}
