package signalflow

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

// Whatever is called while Close runs returns, and nothing is left.
func TestSSEEverythingDuringClose(t *testing.T) {
	for round := range 20 {
		onHTTP(t, func(c *httpExchange) {
			if strings.HasSuffix(c.r.URL.Path, "/stop") {
				c.status(200, "{}")
				return
			}
			c.start()
			for ms := int64(0); c.r.Context().Err() == nil && c.data(ms, 1) == nil; ms++ {
				pass(time.Duration(ms%2) * time.Millisecond)
			}
		}, func(t *testing.T, s *httpScript) {
			client := s.client(QueueSize(10<<10), OnOverflow(DropOldest))
			wg := useEverything(t, client)
			for range 3 * round { // the first rounds close while the connections are made
				runtime.Gosched()
			}
			closeSSE(t, s, client)
			wg.Wait()
		})
	}
}

// closeSSE closes a client and checks that nothing is left of it.
func closeSSE(t *testing.T, s *httpScript, client *Client) {
	t.Helper()
	start := time.Now()
	client.Close()
	if d := time.Since(start); d > 100*time.Millisecond {
		t.Errorf("Close took %v", d)
	}
	if n := s.open(); n != 0 {
		t.Errorf("%d connections are left after Close", n)
	}
	for _, g := range clientGoroutines() {
		if strings.Contains(g, "sseStream") {
			t.Errorf("a response is still read after Close: %s", g)
		}
	}
	synctest.Wait() // for what net/http has to clear away
	if left := clientGoroutines(); len(left) > 0 {
		t.Errorf("%d goroutines are left after Close: %s", len(left), left[0])
	}
}

func TestSSECloseInAnyState(t *testing.T) {
	hang := func(c *httpExchange) { c.hang() }
	options := map[string][]ClientParam{
		"unread":   {QueueSize(10 << 10)},
		"dialling": {Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() })},
		"TLS":      {StreamURL("https://stream.us9.signalfx.com"), Dialer(func(context.Context, string, string) (net.Conn, error) { c, _ := memnet.Pipe(); return c, nil })},
	}
	for name, serve := range map[string]func(c *httpExchange){
		"dialling":  hang,
		"TLS":       hang,
		"no header": hang,
		"refused":   func(c *httpExchange) { c.status(401, "") },
		"backoff":   func(c *httpExchange) { c.status(500, "") },
		"no body":   func(c *httpExchange) { c.status(400, "{"); c.raw("{"); c.hang() },
		"running":   func(c *httpExchange) { c.start(); c.hang() },
		"idle":      func(c *httpExchange) { c.start(); c.end() },
		"not ended": func(c *httpExchange) { c.start(); c.end(); c.hang() },
		"unread": func(c *httpExchange) {
			c.start()
			for c.data(1, 1000) == nil {
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onHTTP(t, serve, func(t *testing.T, s *httpScript) {
				client := s.client(options[name]...)
				waiting := make(chan error, 1)
				go func() {
					comp, err := client.Execute(context.Background(), &ExecuteRequest{Program: "p", Overflow: Block})
					if err == nil {
						comp.Data()
					}
					waiting <- err
				}()
				pass(700 * time.Millisecond)
				closeSSE(t, s, client)
				start := time.Now()
				if err := <-waiting; time.Since(start) > 0 || err != nil && !errors.Is(err, ErrClosed) && !errors.As(err, new(*AuthError)) {
					t.Error(err)
				}
				if _, err := client.Execute(context.Background(), &ExecuteRequest{Program: "p"}); !errors.Is(err, ErrClosed) {
					t.Errorf("Execute after Close: %v", err)
				}
				client.Close()
			})
		})
	}
}

// A dialer that does not honour its context cannot hold Close up for long, and what it
// brings too late is closed.
func TestSSELateDial(t *testing.T) {
	onHTTP(t, func(c *httpExchange) { c.start() }, func(t *testing.T, s *httpScript) {
		client := s.client(Dialer(func(_ context.Context, network, addr string) (net.Conn, error) {
			pass(5 * time.Second)
			return s.dial(t.Context(), network, addr)
		}))
		go client.Execute(t.Context(), &ExecuteRequest{Program: "p"})
		synctest.Wait()
		start := time.Now()
		client.Close()
		if d := time.Since(start); d > closeGrace {
			t.Errorf("Close took %v", d)
		}
		pass(10 * time.Second)
		if s.dials() != 1 || s.open() != 0 {
			t.Errorf("%d connections dialled, %d open", s.dials(), s.open())
		}
	})
}

// Nothing of a client is left after Close when a TLS connection is stuck in the middle of a
// write, and the stuck call has its answer in time.
func TestSSEStuckTLS(t *testing.T) {
	for _, protocol := range []string{"h2", "http/1.1"} {
		synctest.Test(t, func(t *testing.T) {
			s := &httpScript{t: t, listen: memnet.Listen("script"), conns: make(map[net.Conn]bool)}
			var served sync.WaitGroup
			served.Go(func() {
				conn, err := s.listen.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{newCertificate(t)}, NextProtos: []string{protocol}}).Handshake()
				<-t.Context().Done() // reads nothing
			})
			client := s.client(StreamURL("https://stream.us9.signalfx.com"), TLSConfig(&tls.Config{InsecureSkipVerify: true}))
			start := time.Now()
			_, err := client.Execute(t.Context(), &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
			if d := time.Since(start); !errors.As(err, new(*ConnectError)) || d != DefaultConnectTimeout {
				t.Errorf("%v after %v", err, d)
			}
			s.listen.Close()
			go client.Execute(t.Context(), &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
			pass(time.Second)
			closeSSE(t, s, client)
		})
	}
}
