package signalflow

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A logger may block, and may close the client: it is called under no lock of the client.
func TestLoggerThatClosesTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScriptServer(t, nil)
		s.listen.Close()
		var client *Client
		ready := make(chan struct{})
		closed := make(chan struct{})
		var once sync.Once
		handler := handlerFunc(func(r slog.Record) {
			if r.Level < slog.LevelWarn {
				return
			}
			<-ready
			if !client.reports.mu.TryLock() {
				t.Error("the logger is called under a lock that Close needs")
				return
			}
			client.reports.mu.Unlock()
			once.Do(func() {
				go func() { client.Close(); close(closed) }()
				select {
				case <-closed:
				case <-time.After(10 * time.Second):
					t.Error("Close waits for the logger")
				}
			})
		})
		client = s.client(Logger(slog.New(handler)))
		close(ready)
		pass(time.Minute)
	})
}

// handlerFunc is a slog.Handler.
type handlerFunc func(slog.Record)

func (f handlerFunc) Enabled(context.Context, slog.Level) bool { return true }

func (f handlerFunc) Handle(_ context.Context, r slog.Record) error { f(r); return nil }

func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler { return f }

func (f handlerFunc) WithGroup(string) slog.Handler { return f }

// Close meets a connection that has just been authenticated.
func TestCloseWhileAConnectionIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScriptServer(t, func(c *scriptConn) { c.drain() })
		connected := make(chan struct{})
		var once sync.Once
		handler := handlerFunc(func(r slog.Record) {
			once.Do(func() {
				close(connected)
				pass(10 * time.Millisecond) // while Close runs
			})
		})
		client := s.client(Logger(slog.New(handler)))
		<-connected
		start := time.Now()
		client.Close()
		if d := time.Since(start); d > 500*time.Millisecond {
			t.Errorf("Close took %v", d)
		}
		pass(time.Minute)
		if left := clientGoroutines(); len(left) > 0 {
			t.Errorf("%d goroutines are left a minute after Close: %s", len(left), left[0])
		}
	})
}

// useEverything begins computations of two policies and calls all their methods at once,
// until the client is closed.
func useEverything(t *testing.T, client *Client) *sync.WaitGroup {
	ctx := context.Background()
	wg := new(sync.WaitGroup)
	for i := range 8 {
		wg.Go(func() {
			policy := []OverflowPolicy{DropOldest, Block}[i%2]
			comp, err := client.Execute(ctx, &ExecuteRequest{Program: "p", Overflow: policy})
			if err != nil {
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				return
			}
			wg.Go(func() { comp.Handle(ctx); comp.Stats(); comp.Stop(ctx) })
			wg.Go(func() { comp.Events(); comp.Detach(ctx) })
			drainData(comp)
			if err := comp.Err(); err != nil && !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		})
	}
	return wg
}

// Whatever is called while Close runs returns, and nothing is left.
func TestEverythingDuringClose(t *testing.T) {
	for round := range 30 {
		onScript(t, func(c *scriptConn) {
			var reader sync.WaitGroup
			defer reader.Wait()
			ch := c.start()
			reader.Go(c.drain)
			for ms := int64(0); ch != "" && c.binary(dataFrame(ch, ms, points(1)...)) == nil; ms++ {
				pass(time.Duration(ms%2) * time.Millisecond)
			}
		}, func(t *testing.T, s *scriptServer) {
			client := s.client(MaxChannels(2), QueueSize(10<<10), OnOverflow(DropOldest))
			wg := useEverything(t, client)
			for range round { // the first rounds close while the connections are made
				runtime.Gosched()
			}
			start := time.Now()
			client.Close()
			if d := time.Since(start); d > 500*time.Millisecond {
				t.Errorf("Close took %v", d)
			}
			wg.Wait()
			synctest.Wait()
			if left := clientGoroutines(); len(left) > 0 {
				t.Errorf("%d goroutines are left: %s", len(left), left[0])
			}
			pass(time.Second) // for the server
		})
	}
}

func TestCloseInAnyState(t *testing.T) {
	states := map[string]func(t *testing.T) *Client{
		"dialling": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			return s.client(Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }))
		},
		"authenticating": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.auth = func(c *scriptConn, _ map[string]any) bool { c.drain(); return false }
			return s.client()
		},
		"backoff": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.listen.Close()
			return s.client()
		},
		"ready": func(t *testing.T) *Client {
			return newScriptServer(t, func(c *scriptConn) { c.drain() }).client()
		},
		"failed": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.auth = func(c *scriptConn, _ map[string]any) bool { c.goodbye(4401, "no"); return false }
			return s.client()
		},
		"writing": func(t *testing.T) *Client {
			s := newScriptServer(t, func(c *scriptConn) { c.hang() })
			c := s.client(WriteTimeout(time.Hour), ReadTimeout(time.Hour))
			c.Connect(t.Context())
			go c.Execute(context.Background(), &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
			return c
		},
		"data unread": func(t *testing.T) *Client {
			s := newScriptServer(t, func(c *scriptConn) {
				ch := c.start()
				for range 1000 {
					c.binary(dataFrame(ch, 1, points(10)...))
				}
				c.drain()
			})
			c := s.client()
			execute(t, c).Data()
			return c
		},
		"OnError blocked": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.listen.Close()
			var c *Client
			c = s.client(OnError(func(error) { pass(20 * time.Second) }))
			return c
		},
		"OnError closing": func(t *testing.T) *Client {
			s := newScriptServer(t, nil)
			s.listen.Close()
			ready := make(chan *Client, 1)
			c := s.client(OnError(func(error) { c := <-ready; c.Close(); ready <- c }))
			ready <- c
			return c
		},
	}
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := state(t)
				waiting := make(chan error, 1)
				go func() {
					_, err := c.Execute(context.Background(), &ExecuteRequest{Program: "p"})
					waiting <- err
				}()
				pass(time.Second)
				start := time.Now()
				c.Close()
				if d := time.Since(start); d > time.Second {
					t.Errorf("Close took %v", d)
				}
				var auth *AuthError
				if err := <-waiting; err != nil && !errors.Is(err, ErrClosed) && !errors.As(err, &auth) {
					t.Errorf("waiting Execute: %v", err)
				}
				if _, err := c.Execute(context.Background(), &ExecuteRequest{Program: "p"}); !errors.Is(err, ErrClosed) {
					t.Errorf("Execute after Close: %v", err)
				}
				pass(time.Minute) // for what the test itself has left waiting
			})
		})
	}
}

func TestOnErrorAfterClose(t *testing.T) {
	onScript(t, nil, func(t *testing.T, s *scriptServer) {
		s.listen.Close()
		closed := false
		client := s.client(OnError(func(error) {
			if closed {
				t.Error("OnError was called after Close")
			}
		}))
		pass(5 * time.Second)
		client.Close()
		closed = true
		pass(time.Minute)
	})
}
