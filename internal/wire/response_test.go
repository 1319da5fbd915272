package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Headers that keep proxies from holding events back; one response, one end.
func TestResponse(t *testing.T) {
	server := NewServer(sending(2), Options{})
	defer server.Close()
	w := call(server, "POST", "/execute", "p")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !w.Flushed || !strings.HasSuffix(w.Body.String(), "\n\n") || !strings.Contains(w.Body.String(), "END_OF_CHANNEL") {
		t.Errorf("flushed %v, body ends with %.200q", w.Flushed, w.Body.String()[w.Body.Len()-100:])
	}
}

func TestKeepAliveComments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			time.Sleep(46 * time.Second)
			return nil
		}), Options{})
		resp := post(t.Context(), t, caller(t, l), "/execute", "p")
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n: keep-alive\n"); n != 3 {
			t.Errorf("%d comments in 46 s:\n%s", n, text)
		}
	})
}

// A client that goes away detaches, also while its program is prepared; a persistent
// computation goes on.
func TestGoingAwayIsADetach(t *testing.T) {
	for name, c := range map[string]struct {
		path    string
		prepare bool
		want    error
	}{
		"running":    {"/execute", false, ErrDetached},
		"preparing":  {"/execute", true, ErrDetached},
		"persistent": {"/execute?persistent=true", false, ErrUnread},
		"start":      {"/start", true, ErrUnread},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				causes := make(chan error, 1)
				begun := make(chan struct{}, 1)
				backend := gatedBackend{
					funcBackend: func(ctx context.Context, _ *Output) error {
						<-ctx.Done()
						causes <- context.Cause(ctx)
						return nil
					},
					prepare: func(ctx context.Context) error {
						begun <- struct{}{}
						if c.prepare {
							<-ctx.Done()
						}
						return nil
					},
				}
				server, l := serve(t, backend, Options{})
				ctx, cancel := context.WithCancel(t.Context())
				req, _ := http.NewRequestWithContext(ctx, "POST", "http://memnet"+c.path, strings.NewReader("p"))
				req.Header.Set("X-SF-Token", "good")
				asked := make(chan struct{})
				web := caller(t, l)
				go func() {
					defer close(asked)
					if resp, err := web.Do(req); err == nil {
						io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
				}()
				<-begun
				synctest.Wait()
				cancel()
				<-asked
				if cause := <-causes; cause != c.want {
					t.Errorf("ended with %v, want %v", cause, c.want)
				}
				synctest.Wait()
				if list := server.Connections(); len(list) != 0 {
					t.Errorf("left over: %v", list)
				}
			})
		})
	}
}

// A body that is cut or never comes is not a program.
func TestCutBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &recording{}
		_, l := serve(t, backend, Options{})
		for name, cut := range map[string]bool{"cut": true, "stalled": false} {
			nc, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(nc, "POST /execute HTTP/1.1\r\nHost: x\r\nX-SF-Token: good\r\nContent-Length: 100\r\n\r\ndata('x').publish()")
			begin := time.Now()
			if cut {
				nc.Close()
				synctest.Wait()
				continue
			}
			answer, err := io.ReadAll(nc)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || time.Since(begin) > time.Minute {
				t.Errorf("%s: after %v %q, %v", name, time.Since(begin), answer, err)
			}
			nc.Close()
		}
		synctest.Wait()
		if len(backend.seen) != 0 {
			t.Errorf("prepared %+v", backend.seen[0])
		}
	})
}

func TestResponsesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(untilEnd), Options{MaxResponses: 2})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := caller(t, l)
		for range 2 {
			if resp := post(ctx, t, c, "/execute", "p"); resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
		}
		if resp := post(ctx, t, c, "/execute", "p"); resp.StatusCode != 429 {
			t.Errorf("a third response has status %d", resp.StatusCode)
		}
		cancel()
		synctest.Wait()
		if list := server.Connections(); len(list) != 0 {
			t.Errorf("left over: %v", list)
		}
		if resp := post(t.Context(), t, c, "/execute", "p"); resp.StatusCode != 200 {
			t.Errorf("after the others have gone: status %d", resp.StatusCode)
		}
	})
}

// A reader that does not read is given up; it costs a bounded amount of memory until then.
func TestStuckResponseIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			err := sending(0)(ctx, out)
			ended <- context.Cause(ctx)
			return err
		}), Options{MaxQueueBytes: 1 << 20})
		post(t.Context(), t, caller(t, l), "/execute", "p")
		synctest.Wait()
		if n := waiting(server); n > 1<<20+100<<10 {
			t.Errorf("%d bytes wait", n)
		}
		begin := time.Now()
		if cause := <-ended; cause != ErrSlowConsumer || time.Since(begin) > 10*time.Second {
			t.Errorf("ended with %v after %v", cause, time.Since(begin))
		}
		time.Sleep(31 * time.Second)
		if list := server.Connections(); len(list) != 0 {
			t.Errorf("after the write timeout there is %v", list)
		}
	})
}

// A response begins with a keep-alive, also when there is nothing else to say yet: it takes
// the header to the client, and tells it from when on silence is a loss.
func TestResponseBeginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(untilEnd), Options{})
		c := caller(t, l)
		handle := startInBackground(t, l)
		begin := time.Now()
		for name, path := range map[string]string{"execute": "/execute", "attach": "/" + handle + "/attach"} {
			resp := post(t.Context(), t, c, path, "p")
			first := make([]byte, len(keepAliveComment))
			if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != keepAliveComment {
				t.Errorf("%s begins with %q, %v", name, first, err)
			}
			resp.Body.Close()
		}
		if took := time.Since(begin); took > 0 {
			t.Errorf("the responses began after %v", took)
		}
		server.Close()
	})
}

// Shutdown ends responses without a last word; Close cuts them, be they stuck or not.
func TestEndWithResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, funcBackend(untilEnd), Options{})
		resp := post(t.Context(), t, caller(t, l), "/execute", "p")
		done := make(chan error, 1)
		go func() { done <- server.Shutdown(t.Context()) }()
		text, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(text), "JOB_START") || strings.Contains(string(text), "CHANNEL_ABORT") {
			t.Errorf("%v after\n%s", err, text)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server, l := serve(t, sending(0), Options{})
		c := caller(t, l)
		for range 2 {
			post(t.Context(), t, c, "/execute", "p") // and do not read
		}
		synctest.Wait()
		begin := time.Now()
		if err := server.Close(); err != nil || time.Since(begin) > time.Second {
			t.Errorf("Close took %v: %v", time.Since(begin), err)
		}
	})
}

// A resumed response has what comes behind the last event, data as well as events, and the
// information behind its first batch, however the backend takes the request (protocol.md 6.6).
func TestResume(t *testing.T) {
	server := NewServer(funcBackend(func(ctx context.Context, out *Output) error {
		out.Send(messages.NewMetadata(1, &messages.MetadataProperties{}))
		for ms := int64(1); ms <= 5; ms++ {
			out.Send(messages.NewData(ms, []messages.DataPayload{messages.LongPayload(1, ms)}))
			out.Send(messages.NewData(ms, nil))
			if ms == 1 {
				out.Send(messages.NewInfo("X", "INFO", 1, nil))
			}
			out.Send(messages.NewEvent(1, ms, nil, nil))
		}
		return nil
	}), Options{})
	defer server.Close()
	for id, want := range map[string]string{
		"data-3": "metadata data4 data4 event4 message data5 data5 event5",
		"data-5": "metadata message",
		"data-0": "metadata data1 data1 message event1 data2 data2 event2 data3 data3 event3 data4 data4 event4 data5 data5 event5",
		"3":      "metadata data1 data1 message event1 data2 data2 event2 data3 data3 event3 data4 data4 event4 data5 data5 event5",
	} {
		w := call(server, "POST", "/execute", "p", "Last-Event-ID", id)
		var got []string
		in := messages.NewSSEReader(w.Body, 0)
		var d messages.Decoder
		for {
			ev, err := in.Next()
			if err != nil {
				break
			}
			name := ev.Name
			switch m, _ := d.DecodeSSE(ev); m := m.(type) {
			case *messages.DataMessage:
				name = fmt.Sprint(name, m.TimestampMillis)
			case *messages.EventMessage:
				name = fmt.Sprint(name, m.TimestampMillis)
			}
			got = append(got, name)
		}
		if text := strings.Join(got, " "); text != "control-message control-message "+want+" control-message" {
			t.Errorf("after %s: %s", id, text)
		}
	}
}

// What comes too late is told so.
func TestShutdownWhilePreparing(t *testing.T) {
	for _, path := range []string{"/execute", "/start"} {
		synctest.Test(t, func(t *testing.T) {
			server, l := serve(t, gatedBackend{prepare: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, Options{})
			done := make(chan error, 1)
			time.AfterFunc(time.Second, func() { done <- server.Shutdown(t.Context()) })
			if resp := post(t.Context(), t, caller(t, l), path, "p"); resp.StatusCode != 503 {
				t.Errorf("%s: status %d", path, resp.StatusCode)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// A connection is cut after exactly so many bytes, on both transports.
func TestKillConnectionAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			<-release
			out.Send(messages.NewData(1, make([]messages.DataPayload, 100)))
			return untilEnd(ctx, out)
		}), Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		hear(t, ws, "STREAM_START")
		hear(t, ws, "JOB_START")
		if !server.KillConnectionAfter(1, 1000) || server.KillConnectionAfter(7, 1) {
			t.Error("it does not know which connections there are")
		}
		close(release)
		rest, err := io.ReadAll(ws.NetConn())
		if len(rest) != 1000 || err != nil {
			t.Errorf("%d bytes, %v", len(rest), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			<-release
			out.Send(messages.NewData(1, []messages.DataPayload{messages.LongPayload(1, 1)}))
			return untilEnd(ctx, out)
		}), Options{})
		resp := post(t.Context(), t, caller(t, l), "/execute", "p")
		synctest.Wait()
		head := make([]byte, 4096)
		n, _ := io.ReadAtLeast(resp.Body, head, 100)
		for !strings.Contains(string(head[:n]), "JOB_START") {
			more, _ := resp.Body.Read(head[n:])
			n += more
		}
		server.KillConnectionAfter(1, 20)
		close(release)
		rest, err := io.ReadAll(resp.Body)
		if string(rest) != "event: data\nid: data" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

// A writer that has no deadlines, as inside other handlers, can be cut all the same.
func TestKillBehindAnotherHandler(t *testing.T) {
	server := NewServer(funcBackend(untilEnd), Options{})
	defer server.Close()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(struct {
			http.ResponseWriter
			http.Flusher
		}{w, w.(http.Flusher)}, r)
	}))
	defer web.Close()
	req, _ := http.NewRequest("POST", web.URL+"/execute", strings.NewReader("p"))
	req.Header.Set("X-SF-Token", "good")
	resp, err := web.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	server.KillConnections()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v after %s", err, text)
	}
}

// Over TCP, through a server with timeouts of its own, one connection serves one response
// after the other.
func TestConnectionIsReused(t *testing.T) {
	server := NewServer(sending(3), Options{WriteTimeout: time.Minute})
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	dials := 0
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}}
	defer c.CloseIdleConnections()
	for range 20 {
		req, _ := http.NewRequest("POST", web.URL+"/v2/signalflow/execute", strings.NewReader("p"))
		req.Header.Set("X-SF-Token", "good")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(text), "END_OF_CHANNEL") {
			t.Fatalf("%v after %.100s", err, text)
		}
	}
	if dials != 1 {
		t.Errorf("%d connections", dials)
	}
}

// Over HTTP/2 many responses share a connection, and one can be cut without the others.
func TestOverHTTP2(t *testing.T) {
	release := make(chan struct{})
	server := NewServer(funcBackend(func(ctx context.Context, out *Output) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}), Options{})
	defer server.Close()
	web := httptest.NewUnstartedServer(server)
	web.EnableHTTP2 = true
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	defer web.Close()
	ask := func() *http.Response {
		req, _ := http.NewRequest("POST", web.URL+"/v2/signalflow/execute", strings.NewReader("p"))
		req.Header.Set("X-SF-Token", "good")
		resp, err := web.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor != 2 {
			t.Fatalf("the protocol is %s", resp.Proto)
		}
		return resp
	}
	cut, whole := ask(), ask()
	defer cut.Body.Close()
	defer whole.Body.Close()
	server.KillConnection(1)
	if text, err := io.ReadAll(cut.Body); err == nil {
		t.Errorf("a cut response ends well: %s", text)
	}
	close(release)
	if text, err := io.ReadAll(whole.Body); err != nil || !strings.Contains(string(text), "END_OF_CHANNEL") {
		t.Errorf("%v after %s", err, text)
	}
}
