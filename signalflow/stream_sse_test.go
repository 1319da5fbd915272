package signalflow

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

const smallStream = "event: control-message\ndata: {\"event\":\"JOB_START\",\"handle\":\"GzExampleAA\"}\n\n" +
	": keep-alive\n\n" +
	"id: data-1\nevent: data\ndata: {\"logicalTimestampMs\":1,\r\ndata: \"data\":[]}\r\n\r\n" +
	"event: control-message\ndata: {\"event\":\"END_OF_CHANNEL\"}\n\n"

// A response that ends before the computation does is a lost connection, wherever it is cut;
// one that is complete is not, however it ends.
func TestSSECutAtEveryByte(t *testing.T) {
	whole := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smallStream), smallStream)
	header := strings.Index(whole, "\r\n\r\n") + 4
	last := strings.LastIndex(whole, "\n\r\n0\r\n") + 1
	for n := header; n <= len(whole); n++ {
		synctest.Test(t, func(t *testing.T) {
			s := &httpScript{t: t, listen: memnet.Listen("script"), conns: make(map[net.Conn]bool)}
			var served sync.WaitGroup
			served.Go(func() { serveRaw(s.listen, whole[:n]) })
			defer served.Wait()
			defer s.listen.Close()
			client := s.client()
			defer client.Close()
			comp := execute(t, client)
			drainData(comp)
			var lost *ConnectionLostError
			if n >= last != (comp.Err() == nil) || n < last && !errors.As(comp.Err(), &lost) {
				t.Fatalf("%d of %d bytes: %v", n, len(whole), comp.Err())
			}
			if lost != nil && (lost.Code != 1006 || lost.Reason == "") {
				t.Errorf("%d of %d bytes: %+v", n, len(whole), lost)
			}
			handle, err := comp.Handle(t.Context())
			if told := n >= header+len("xx\r\n")+strings.Index(smallStream, "\n\n")+2; told != (handle != "") || (err == nil) != told {
				t.Errorf("%d of %d bytes: handle %q, %v", n, len(whole), handle, err)
			}
		})
	}
}

// serveRaw answers one request on each connection with a text, and closes it.
func serveRaw(l net.Listener, text string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.Copy(io.Discard, r.Body)
			io.WriteString(conn, text)
		}
		conn.Close()
	}
}

// Nothing that a server sends as events stops the stream, or passes unnoticed.
func TestSSEGarbage(t *testing.T) {
	garbage := []string{
		"event: data\ndata: {\"data\":[\n\n", "data\n\n", "event: control-message\ndata: []\n\n", "event: data\ndata: {\"logicalTimestampMs\":1,\"data\":5}\n\n",
		"event: metadata\ndata: {\"tsId\":\"x\",\"properties\":{}}\n\n", "event: message\ndata: \xff\n\n",
	}
	ignored := []string{
		"\n\n\n", ": x\n\n", "garbage\n\n", "event: error\n\n", "retry: x\nid: \x00\n\n", "event: novelty\ndata: {}\n\n", "event: control-message\ndata: {\"event\":\"KEEP_ALIVE\"}\n\n",
		"event: authenticated\ndata: {}\n\n", "\x00\x01\x02\n",
	}
	onHTTP(t, func(c *httpExchange) {
		c.start()
		for i, g := range append(garbage, ignored...) {
			c.raw(g)
			c.data(int64(i), 1)
		}
		c.end()
	}, func(t *testing.T, s *httpScript) {
		var log errorLog
		comp := execute(t, s.client(OnError(log.add)))
		want := len(garbage) + len(ignored)
		if n := drainData(comp); n != want || comp.Err() != nil {
			t.Errorf("%d messages of %d, %v", n, want, comp.Err())
		}
		synctest.Wait()
		if n := comp.Stats().Gaps; n != len(garbage) || len(log.all()) != n || !log.contains("not understood") {
			t.Errorf("%d gaps of %d, OnError got %v", n, len(garbage), log.all())
		}
	})
}

func TestSSEReadLimit(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		c.start()
		c.data(1, 10)
		c.data(2, 100)
		c.hang()
	}, func(t *testing.T, s *httpScript) {
		var log errorLog
		comp := execute(t, s.client(ReadLimit(1000), OnError(log.add)))
		n := drainData(comp)
		var lost *ConnectionLostError
		if n != 1 || !errors.As(comp.Err(), &lost) || lost.Code != 1009 || !strings.Contains(lost.Reason, "ReadLimit (1000 bytes)") {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
		synctest.Wait()
		if len(log.all()) != 1 {
			t.Errorf("OnError got %v", log.all())
		}
	})
}

// A server that keeps a quiet response alive is given up when it does not any more. One that
// never did may take all the time it wants.
func TestSSESilence(t *testing.T) {
	for name, alive := range map[string]string{"comment": ": keep-alive\n", "event": "event: control-message\ndata: {\"event\":\"KEEP_ALIVE\"}\n\n", "none": ""} {
		t.Run(name, func(t *testing.T) {
			onHTTP(t, func(c *httpExchange) {
				c.start()
				for range 10 {
					pass(50 * time.Second)
					c.raw(alive)
				}
				pass(2 * time.Hour)
				c.end()
			}, func(t *testing.T, s *httpScript) {
				start := time.Now()
				comp := execute(t, s.client())
				drainData(comp)
				want := 500*time.Second + DefaultReadTimeout
				if alive == "" {
					want = 500*time.Second + 2*time.Hour
				}
				if d := time.Since(start); d != want {
					t.Errorf("ended after %v, want %v", d, want)
				}
				if silent := errors.Is(comp.Err(), errQuiet); silent != (alive != "") || !silent && comp.Err() != nil {
					t.Error(comp.Err())
				}
			})
		})
	}
}

// A program that was accepted says so at once: what does not even begin, or stalls in its first
// chunk, is lost. What an attached computation says first may take its time.
func TestSSEBeginningStalls(t *testing.T) {
	for name, sent := range map[string]string{"empty": "", "first chunk": "1000\r\n: keep-alive\n\n"} {
		t.Run(name, func(t *testing.T) {
			onHTTP(t, func(c *httpExchange) {
				conn, _, err := http.NewResponseController(c).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"+sent)
				io.Copy(io.Discard, conn)
			}, func(t *testing.T, s *httpScript) {
				start := time.Now()
				comp := execute(t, s.client())
				drainData(comp)
				if d := time.Since(start); d != DefaultReadTimeout || !errors.Is(comp.Err(), errQuiet) {
					t.Errorf("after %v: %v", d, comp.Err())
				}
			})
		})
	}
	onHTTP(t, func(c *httpExchange) {
		c.raw("") // the header
		pass(time.Hour)
		c.end()
	}, func(t *testing.T, s *httpScript) {
		comp, err := s.client().Attach(t.Context(), &AttachRequest{Handle: "h"})
		if err != nil {
			t.Fatal(err)
		}
		drainData(comp)
		if err := comp.Err(); err != nil {
			t.Error(err)
		}
	})
}

// Under the policy Block a slow reader stops the reading of its response, for as long as it
// likes, and loses nothing; nobody else waits.
func TestSSEBlock(t *testing.T) {
	const steps, points = 200, 300
	var written chan int
	onHTTP(t, func(c *httpExchange) {
		c.start()
		c.raw(": keep-alive\n")
		if c.number > 1 {
			c.end()
			return
		}
		for i := range steps {
			c.data(int64(i), points)
			select {
			case <-written:
			default:
			}
			written <- i + 1
		}
		c.end()
	}, func(t *testing.T, s *httpScript) {
		written = make(chan int, 1)
		client := s.client(QueueSize(64<<10), OnOverflow(Block), ReadTimeout(time.Minute))
		comp := execute(t, client)
		data := comp.Data()
		<-data
		pass(time.Hour)
		if n := <-written; n > steps/2 {
			t.Errorf("%d of %d messages were taken", n, steps)
		}
		drainData(execute(t, client))
		n := 1
		for range data {
			n++
		}
		if n != steps || comp.Err() != nil {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
	})
}

// What follows the last message is not read for long, and never heard of.
func TestSSEAfterTheEnd(t *testing.T) {
	var gone chan time.Time
	onHTTP(t, func(c *httpExchange) {
		c.start()
		c.end()
		c.data(1, 1)
		c.event("error", `{"message":"late"}`)
		if c.number == 1 {
			c.hang()
		} else {
			for c.raw(strings.Repeat(":\n", 1000)) == nil {
			}
		}
		gone <- time.Now()
	}, func(t *testing.T, s *httpScript) {
		gone = make(chan time.Time)
		var log errorLog
		client := s.client(OnError(log.add))
		for range 2 {
			start := time.Now()
			comp := execute(t, client)
			if n := drainData(comp); n != 0 || comp.Err() != nil || time.Since(start) > 0 {
				t.Errorf("%d messages, %v after %v", n, comp.Err(), time.Since(start))
			}
			if end := <-gone; end.Sub(start) > 2*restGrace {
				t.Errorf("the response was ended after %v", end.Sub(start))
			}
		}
		if len(log.all()) > 0 {
			t.Error(log.all())
		}
	})
}

// A reader that falls behind ends its computation, and with it the response.
func TestSSEOverflow(t *testing.T) {
	var gone chan struct{}
	onHTTP(t, func(c *httpExchange) {
		c.start()
		for i := int64(0); c.r.Context().Err() == nil; i++ {
			if c.data(i, 1000) != nil {
				break
			}
			pass(time.Millisecond)
		}
		close(gone)
	}, func(t *testing.T, s *httpScript) {
		gone = make(chan struct{})
		comp := execute(t, s.client(QueueSize(100<<10)))
		comp.Data()
		<-gone
		drainData(comp)
		if err := comp.Err(); !errors.As(err, new(*OverflowError)) {
			t.Error(err)
		}
	})
}

// Compress asks for gzip, and what comes so is read as it comes.
func TestSSEGzip(t *testing.T) {
	onHTTP(t, func(c *httpExchange) {
		if c.r.Header.Get("Accept-Encoding") != "gzip" {
			c.start()
			c.end()
			return
		}
		c.Header().Set("Content-Encoding", "gzip")
		c.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		z := gzip.NewWriter(c)
		for _, part := range strings.SplitAfter(smallStream, "\n\n") {
			io.WriteString(z, part)
			z.Flush()
			c.raw("")
			pass(time.Second)
		}
		z.Close()
	}, func(t *testing.T, s *httpScript) {
		comp := execute(t, s.client(Compress(true)))
		start := time.Now()
		<-comp.Data()
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("the first data came after %v", d)
		}
		drainData(comp)
		if comp.Err() != nil {
			t.Error(comp.Err())
		}
		drainData(execute(t, s.client()))
		if got := s.request().r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("Accept-Encoding %q without Compress", got)
		}
	})
}

// Over TLS the responses share one connection, whose pings notice a dead peer.
func TestSSEOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &httpScript{t: t, listen: memnet.Listen("script"), conns: make(map[net.Conn]bool), serve: func(c *httpExchange) {
			if c.r.ProtoMajor != 2 {
				t.Errorf("the request came over %s", c.r.Proto)
			}
			c.start()
			if c.number == 1 {
				c.hang()
				return
			}
			for i := range 100 {
				c.data(int64(i), 100)
			}
			c.end()
		}}
		server := &http.Server{Handler: s, TLSConfig: &tls.Config{Certificates: []tls.Certificate{newCertificate(t)}}}
		var served sync.WaitGroup
		served.Go(func() { server.ServeTLS(s.listen, "", "") })
		defer served.Wait()
		defer server.Close()
		var dead *pausedConn
		client := s.client(StreamURL("https://stream.us9.signalfx.com/v2/signalflow"), TLSConfig(&tls.Config{InsecureSkipVerify: true}),
			Dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := s.dial(ctx, network, addr)
				dead = &pausedConn{Conn: conn, paused: make(chan struct{})}
				return dead, err
			}))
		quiet := execute(t, client)
		if n := drainData(execute(t, client)); n != 100 || s.open() != 1 {
			t.Errorf("%d messages, %d connections", n, s.open())
		}
		pass(time.Hour)
		if err := quiet.Err(); err != nil {
			t.Fatalf("after an hour: %v", err)
		}
		close(dead.paused)
		start := time.Now()
		drainData(quiet)
		if d := time.Since(start); d > DefaultReadTimeout+time.Second || !errors.As(quiet.Err(), new(*ConnectionLostError)) {
			t.Errorf("%v after %v", quiet.Err(), d)
		}
		closeSSE(t, s, client)
	})
}

// pausedConn gets nothing from its peer any more once it is paused.
type pausedConn struct {
	net.Conn
	paused chan struct{}
}

func (c *pausedConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		select {
		case <-c.paused:
			if err == nil {
				continue
			}
		default:
		}
		return n, err
	}
}
