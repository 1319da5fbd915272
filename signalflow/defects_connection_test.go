package signalflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Connection handling.
var connectionDefects = map[string]func(t *testing.T){
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
}
