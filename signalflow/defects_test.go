package signalflow

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// defects holds one test for each defect of the published client that protocol.md 8.2
// lists. Each fails on that client's behaviour.
var defects = map[string]func(t *testing.T){
	"A1": func(t *testing.T) {
		m := decodeOK(t, dataFrame("channel-Ab3dE9zQ", 1000, double(1, 1)), false).(*messages.DataMessage)
		if m.Channel() != "channel-Ab3dE9zQ" || len(m.Payloads) != 1 {
			t.Errorf("16-byte channel: %v", m)
		}
	},
	"A2": func(t *testing.T) { decodeFails(t, dataFrame("ch-1", 1000)[:25], messages.ClassTruncatedBody) },
	"A3": func(t *testing.T) {
		frame := dataFrame("ch-1", 1000, points(3)...)
		decodeFails(t, frame[:len(frame)-1], messages.ClassCountExceedsBody)
		frame[28] = 0xff
		decodeFails(t, frame, messages.ClassCountExceedsBody)
	},
	"A4": func(t *testing.T) {
		frame := dataFrame("ch-1", 1000, points(3)...)
		frame[31] = 5
		decodeFails(t, gzipBody(frame), messages.ClassCountExceedsBody)
		decodeFails(t, gzipBody(dataFrame("ch-1", 1000)[:24]), messages.ClassTruncatedBody)
	},
	"A5": func(t *testing.T) {
		frame := dataFrame("ch-1", 1000, points(1)...)
		frame[0] = 9
		decodeFails(t, frame, messages.ClassUnsupportedVersion)
		frame[0], frame[1] = 1, 77
		decodeFails(t, frame, messages.ClassUnknownType)
		v3 := append(append(append([]byte{3, 5}, frame[2:28]...), 0, 0, 0, 0, 0, 0, 0x0d, 0x6e), frame[28:]...)
		if m := decodeOK(t, v3, false).(*messages.DataMessage); len(m.Payloads) != 1 || m.MaxDelayMillis != 3438 {
			t.Errorf("version 3: %v", m)
		}
	},
	"A6": func(t *testing.T) {
		frame := append(dataFrame("ch-1", 0)[:20], metadataText("ch-1", 1, "a")...)
		frame[1], frame[2] = 4, 2
		if m := decodeOK(t, frame, false).(*messages.MetadataMessage); m.TSID != 1 {
			t.Errorf("JSON in a binary frame: %v", m)
		}
	},
	"A7": func(t *testing.T) {
		minus7 := int64(-7)
		m := decodeOK(t, dataFrame("ch-1", 1000, point{3, 1, uint64(minus7)}), false).(*messages.DataMessage)
		if v := m.Payloads[0].Value(); v != int32(-7) {
			t.Errorf("int value: %v (%T)", v, v)
		}
	},
	"A8": func(t *testing.T) {
		bomb := gzipBody(append(dataFrame("ch-1", 1000)[:20], make([]byte, 1<<20)...))
		d := messages.Decoder{MaxInflated: 64 << 10}
		if _, err := d.Decode(bomb, false); classOf(err) != messages.ClassInflateLimit {
			t.Errorf("gzip bomb: %v", err)
		}
		onScript(t, func(c *scriptConn) { c.start(); c.binary(make([]byte, 5000)); c.drain() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client(ReadLimit(1000)))
			drainData(comp)
			var lost *ConnectionLostError
			if !errors.As(comp.Err(), &lost) || !strings.Contains(lost.Reason, "ReadLimit") {
				t.Errorf("message above the read limit: %v", comp.Err())
			}
		})
	},
	"A10": func(t *testing.T) {
		m := decodeOK(t, dataFrame("ch-1", 1000, point{0, 1, 0}), false).(*messages.DataMessage)
		if v, ok := m.Payloads[0].AsFloat(); ok || m.Payloads[0].Type != messages.ValTypeNull {
			t.Errorf("null point: %v %v %v", v, ok, m.Payloads[0].Type)
		}
		decodeFails(t, dataFrame("ch-1", 1000, point{9, 1, 0}), messages.ClassBadValueType)
	},
	"A11": func(t *testing.T) {
		for _, broken := range []string{`"error":null`, `"error":400,"errorType":null`, `"errors":null,"message":null`} {
			onScript(t, func(c *scriptConn) {
				c.text(`{"type":"error","channel":%q,%s}`, c.start(), broken)
				c.drain()
			}, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				drainData(comp)
				if !errors.As(comp.Err(), new(*ComputationError)) {
					t.Errorf("%s: %v", broken, comp.Err())
				}
			})
		}
	},
	"A12": func(t *testing.T) {
		for _, contents := range []string{`{}`, `null`, `{"propertyNames":[1,"az"]}`, `{"propertyNames":"az"}`} {
			m := decodeOK(t, []byte(infoText("ch-1", messages.GroupByMissingProperty, contents)), true).(*messages.InfoMessage)
			if m.Code != messages.GroupByMissingProperty {
				t.Errorf("%s: code %q", contents, m.Code)
			}
		}
	},
	"A13": func(t *testing.T) {
		for _, bad := range []string{"AAA", "AAAAAAA", "!!!!!!!!!!!", ""} {
			decodeFails(t, fmt.Appendf(nil, `{"type":"expired-tsid","channel":"ch-1","tsId":%q}`, bad), messages.ClassBadTSID, true)
		}
	},

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

	"C1": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			c.text(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"FAILED","sf_job_abortReason":"too big"}}`, c.start())
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			var abort *AbortError
			if !errors.As(comp.Err(), &abort) || abort.State != "FAILED" || abort.Reason != "too big" {
				t.Errorf("abort: %v", comp.Err())
			}
		})
	},
	"C2": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.NetConn().Close() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			if !errors.As(comp.Err(), new(*ConnectionLostError)) {
				t.Errorf("lost connection: %v", comp.Err())
			}
		})
	},
	"C3": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); pass(time.Second); c.NetConn().Close() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			start := time.Now()
			drainData(comp)
			if d := time.Since(start) - time.Second; d > 100*time.Millisecond {
				t.Errorf("loss noticed after %v", d)
			}
		})
	},
	"C4": func(t *testing.T) {
		for name, refuse := range refusals {
			t.Run(name, func(t *testing.T) { testRefusedToken(t, refuse) })
		}
	},
	"C5": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			pass(time.Second)
			c.text(`{"type":"error","channel":%q,"error":400,"message":"no"}`, ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			_, err := comp.Resolution(context.Background())
			if !errors.As(err, new(*ComputationError)) {
				t.Errorf("getter of a failed computation: %v", err)
			}
			if err := comp.Stop(context.Background()); err != nil {
				t.Errorf("stop of a failed computation: %v", err)
			}
		})
	},
	"C6": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := comp.Resolution(ctx)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrMetadataTimeout) {
				t.Errorf("cancelled getter: %v", err)
			}
		})
	},
	"C7": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for id := range idtool.ID(1000) {
				comp.TSIDMetadata(ctx, id)
			}
			if n := len(comp.metadata.live) + len(comp.metadata.expired); n != 0 {
				t.Errorf("%d entries for series that were only asked for", n)
			}
		})
	},
	"C8": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			c.text(`{"type":"error","channel":%q,"error":400,"errorType":"NAME","message":"no","context":{"line":1,"column":8,"bindingName":"m"}}`, c.start())
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			var ce *ComputationError
			if !errors.As(comp.Err(), &ce) || ce.Line != 1 || ce.Column != 8 || ce.Snippet != "data('m').publish()" || ce.Context.BindingName != "m" {
				t.Errorf("%+v", ce)
			}
			if ce.Error() != "400 (NAME): no" {
				t.Errorf("text %q", ce.Error())
			}
		})
	},

	"D1": func(t *testing.T) { testRefusedPort(t) },
	"D2": func(t *testing.T) {
		var b backoff
		seen := map[time.Duration]bool{}
		for range 20 {
			seen[b.next(0)] = true
		}
		if len(seen) < 15 {
			t.Errorf("waits without jitter: %v", seen)
		}
		if d := b.next(healthyAfter); d > firstBackoff {
			t.Errorf("after a healthy connection the wait is %v", d)
		}
		onScript(t, func(c *scriptConn) { c.drain() }, func(t *testing.T, s *scriptServer) {
			s.listen.Close()
			client := s.client()
			pass(20 * time.Second) // well inside a long wait
			start := time.Now()
			client.Close()
			if d := time.Since(start); d > 0 {
				t.Errorf("Close during a wait took %v", d)
			}
		})
	},
	"D4": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			go func() {
				pass(10 * time.Minute) // says nothing, but answers pings
				c.end(ch)
			}()
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			if comp.Err() != nil {
				t.Errorf("silent stream: %v", comp.Err())
			}
		})
	},
	"D5": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			c.start()
			c.hang() // reads nothing: the client's writes back up
		}, func(t *testing.T, s *scriptServer) {
			client := s.client(WriteTimeout(time.Hour), ReadTimeout(24*time.Hour))
			execute(t, client)
			big := strings.Repeat("#", 1<<20)
			for range 3 { // the first fills the network, the next wait for the writer
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				start := time.Now()
				_, err := client.Execute(ctx, &ExecuteRequest{Program: big})
				cancel()
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			}
		})
	},
	"D6": func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			closed := make(chan error, 1)
			s := newScriptServer(t, func(c *scriptConn) {
				_, _, err := c.ReadMessage()
				closed <- err
			})
			var header string
			s.upgrade = func(w http.ResponseWriter, r *http.Request) bool { header = r.Header.Get("X-Custom"); return true }
			client := s.client(Header(http.Header{"X-Custom": {"yes"}}))
			if err := client.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			client.Close()
			if err := <-closed; !strings.Contains(fmt.Sprint(err), "close 1000") {
				t.Errorf("server saw %v, want a close frame", err)
			}
			if header != "yes" {
				t.Errorf("header %q", header)
			}
		})
	},
	"D7": func(t *testing.T) {
		for param, want := range map[string]ClientParam{
			"wss://stream.us1.signalfx.com/v2/signalflow":                  StreamURLForRealm("us1"),
			"wss://stream.eu0.observability.splunkcloud.com/v2/signalflow": StreamURLForSplunkRealm("eu0"),
			"wss://stream.jp0.signalfx.com/v2/signalflow":                  StreamURL("wss://stream.jp0.signalfx.com/v2/signalflow/connect"),
			"ws://127.0.0.1:1/v2/signalflow":                               StreamURL("ws://127.0.0.1:1/v2/signalflow/"),
		} {
			c := &Client{conf: defaultConfig()}
			if err := want(c); err != nil || c.conf.url.String() != param {
				t.Errorf("got %s (%v), want %s", c.conf.url, err, param)
			}
		}
	},
	"D8": func(t *testing.T) {
		for range 20 {
			onScript(t, func(c *scriptConn) {
				ch := c.start()
				for ms := int64(0); c.binary(dataFrame(ch, ms, points(1)...)) == nil; ms++ {
				}
			}, func(t *testing.T, s *scriptServer) {
				client := s.client()
				comp := execute(t, client)
				<-comp.Data()
				client.Close() // the bubble fails if anything of the client is left
			})
		}
	},

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

func TestPublishedDefects(t *testing.T) {
	for _, id := range slices.Sorted(mapKeys(defects)) {
		t.Run(id, defects[id])
	}
}

// TestDefectsComplete compares with the list of the specification. A9 is the codec's
// benchmark; B11 and D3 come with the streams that survive a lost connection.
func TestDefectsComplete(t *testing.T) {
	spec, err := os.ReadFile("../docs/spec/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{"A9", "B11", "D3"}
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-E]\d+) (R )?\|`).FindAllSubmatch(spec, -1) {
		id := string(m[1])
		n++
		if defects[id] == nil && !slices.Contains(elsewhere, id) {
			t.Errorf("defect %s has no test", id)
		}
	}
	if n != len(defects)+len(elsewhere) {
		t.Errorf("the specification lists %d defects, %d have a test and %d are elsewhere", n, len(defects), len(elsewhere))
	}
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// onScript runs a test in a bubble against a server that serves every connection so.
func onScript(t *testing.T, serve func(c *scriptConn), test func(t *testing.T, s *scriptServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newScriptServer(t, serve)) })
}

func decodeOK(t *testing.T, frame []byte, isText bool) messages.Message {
	t.Helper()
	m, err := messages.ParseMessage(frame, isText)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func decodeFails(t *testing.T, frame []byte, class string, isText ...bool) {
	t.Helper()
	if _, err := messages.ParseMessage(frame, len(isText) > 0); classOf(err) != class {
		t.Errorf("error %v, want class %s", err, class)
	}
}

func classOf(err error) string {
	var bad *messages.DecodeError
	if errors.As(err, &bad) {
		return bad.Class
	}
	return ""
}

// gzipBody compresses the body of a binary frame and sets its flag.
func gzipBody(frame []byte) []byte {
	var b bytes.Buffer
	b.Write(frame[:20])
	w := gzip.NewWriter(&b)
	w.Write(frame[20:])
	w.Close()
	out := b.Bytes()
	out[2] |= 1
	return out
}
