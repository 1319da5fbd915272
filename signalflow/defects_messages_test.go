package signalflow

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Messages are lost, computations hang.
var lostMessageDefects = map[string]func(t *testing.T){
	"B1": func(t *testing.T) { // a message after the end must not stop the client
		for _, end := range []string{
			`{"type":"control-message","channel":%q,"event":"END_OF_CHANNEL"}`,
			`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT"}`,
			`{"type":"error","channel":%q,"error":400}`,
		} {
			onScript(t, func(c *scriptConn) {
				for ch := c.start(); ch != ""; ch = c.start() {
					c.text("%s", fmt.Sprintf(end, ch))
					c.end(ch)
					c.text("%s", infoText(ch, messages.JobRunningResolution, `{"resolutionMs":1000}`))
					c.binary(dataFrame(ch, 1000, points(1)...))
				}
			}, func(t *testing.T, s *scriptServer) {
				client := s.client()
				for range 3 {
					if n := drainData(execute(t, client)); n != 0 {
						t.Errorf("%d data messages after the end", n)
					}
				}
			})
		}
	},
	"B2": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			for ch := c.start(); ch != ""; ch = c.start() {
				c.end(ch)
			}
		}, func(t *testing.T, s *scriptServer) {
			client := s.client()
			for range 10 {
				drainData(execute(t, client))
			}
			pass(retireAfter + time.Second)
			synctest.Wait()
			client.mu.Lock()
			defer client.mu.Unlock()
			if n := len(client.comps) + len(client.unread); n != 0 {
				t.Errorf("%d finished computations are kept", n)
			}
			if n := len(client.transport.(*wsTransport).shared.routes); n != 0 {
				t.Errorf("%d finished channels are kept", n)
			}
		})
	},
	"B3": func(t *testing.T) {
		for _, broken := range []string{`"error":"400"`, `"error":400,"context":"x"`, `"errors":{}`, `"message":5`} {
			onScript(t, func(c *scriptConn) {
				c.text(`{"type":"error","channel":%q,%s}`, c.start(), broken)
				c.drain()
			}, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				drainData(comp)
				if comp.Err() == nil {
					t.Errorf("%s: no error", broken)
				}
			})
		}
	},
	"B4": func(t *testing.T) {
		m := decodeOK(t, []byte(`{"type":"metadata","channel":"c","tsId":"AAAAAAAAAAE","properties":{"sf_resolutionMs":"1000","host":"a"}}`), true).(*messages.MetadataMessage)
		if m.Properties.ResolutionMS != 1000 || m.Properties.CustomProperties["host"] != "a" {
			t.Errorf("metadata with a text for a number: %+v", m.Properties)
		}
		if m := decodeOK(t, []byte(infoText("c", "NEW_CODE", `[1,2]`)), true).(*messages.InfoMessage); m.Code != "NEW_CODE" {
			t.Errorf("information with an array: %+v", m)
		}
	},
	"B5": func(t *testing.T) {
		for _, ts := range []string{"-1", "1.5", `"soon"`, "null", "1e30"} {
			onScript(t, func(c *scriptConn) {
				c.text(`{"type":"control-message","channel":%q,"event":"END_OF_CHANNEL","timestampMs":%s}`, c.start(), ts)
				c.drain()
			}, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				drainData(comp) // hangs, and synctest fails, if the end was lost
				if comp.Err() != nil {
					t.Errorf("timestamp %s: %v", ts, comp.Err())
				}
			})
		}
	},
	"B6": func(t *testing.T) {
		m := decodeOK(t, []byte(`{"type":"data","channel":"ch-1","logicalTimestampMs":1000,"data":[{"tsId":"AAAAAAAAAAE","value":1.5}]}`), true)
		if d, ok := m.(*messages.DataMessage); !ok || d.Payloads[0].Value() != 1.5 {
			t.Errorf("JSON data in a text frame: %v", m)
		}
	},
	"B7": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			c.text(`{"type":"error","error":500,"message":"I feel unwell"}`)
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			var log errorLog
			drainData(execute(t, s.client(OnError(log.add))))
			synctest.Wait()
			if !log.contains("I feel unwell") {
				t.Errorf("error without channel: OnError got %v", log.all())
			}
		})
	},
	"B8": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			c.text(`{"type":"control-message","channel":%q,"event":"JOB_PROGRESS","progress":40}`, ch)
			c.text(`{"type":"control-message","channel":%q,"event":"SOMETHING_NEW","x":1}`, ch)
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			var raw []string
			for m := range comp.Control() {
				raw = append(raw, fmt.Sprint(m.(messages.JSONMessage).RawData()["event"]))
			}
			if want := []string{"STREAM_START", "JOB_START", "JOB_PROGRESS", "SOMETHING_NEW", "END_OF_CHANNEL"}; !slices.Equal(raw, want) {
				t.Errorf("control messages %v, want %v", raw, want)
			}
			if p, err := comp.Progress(t.Context()); p != 40 || err != nil {
				t.Errorf("progress %v %v", p, err)
			}
		})
	},
	"B9": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			c.text(`{"type":"estimation","channel":%q,"result":{"a":1}}`, ch)
			c.text(`{"type":"something-new","channel":%q,"x":1}`, ch)
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			var types []string
			for m := range comp.Control() {
				types = append(types, m.Type())
			}
			if !slices.Contains(types, "estimation") || !slices.Contains(types, "something-new") {
				t.Errorf("types %v", types)
			}
		})
	},
	"B10": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			c.binary(dataFrame(ch, 1000, point{9, 1, 0}))
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			var log errorLog
			comp := execute(t, s.client(OnError(log.add)))
			drainData(comp)
			synctest.Wait()
			if comp.Stats().Gaps != 1 || len(log.all()) != 1 {
				t.Errorf("gaps %d, errors %v", comp.Stats().Gaps, log.all())
			}
		})
	},
	"B12": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			c.text("%s", metadataText(ch, 1, "a"))
			c.binary(dataFrame(ch, 1000, double(1, 5)))
			c.text(`{"type":"expired-tsid","channel":%q,"tsId":%q}`, ch, idtool.ID(1))
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			<-comp.Expirations()
			m := <-comp.Data()
			if p, err := comp.TSIDMetadata(t.Context(), m.Payloads[0].TSID); err != nil || p.CustomProperties["host"] != "a" {
				t.Errorf("metadata of a delivered point: %v %v", p, err)
			}
		})
	},
	"B13": func(t *testing.T) {
		m := decodeOK(t, []byte(`{"type":"metadata","channel":"c","tsId":"AAAAAAAAAAE","properties":{"n":null,"ms":1537140753712,"l":["a", 1]}}`), true).(*messages.MetadataMessage)
		want := map[string]string{"ms": "1537140753712", "l": `["a",1]`}
		if got := m.Properties.CustomProperties; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("custom properties %v, want %v", got, want)
		}
	},
	"B14": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			c.text("%s", infoText(ch, messages.JobRunningResolution, `{}`))
			c.text("%s", infoText(ch, messages.JobDetectedLag, `null`))
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			if r, err := comp.Resolution(t.Context()); !errors.Is(err, ErrNotReported) {
				t.Errorf("resolution %v %v", r, err)
			}
			if l, err := comp.Lag(t.Context()); !errors.Is(err, ErrNotReported) {
				t.Errorf("lag %v %v", l, err)
			}
		})
	},
}
