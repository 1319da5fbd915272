package signalflow

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/wire"
)

// tokens is a server's list of tokens, and of those presented to it.
type tokens struct {
	mu        sync.Mutex
	good      map[string]bool
	presented []string
}

func (k *tokens) judge(token string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.presented = append(k.presented, token)
	if k.good[token] {
		return nil
	}
	return errors.New("no such token " + token) // a server that says too much
}

func (k *tokens) allow(token string, good bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.good[token] = good
}

func (k *tokens) count(token string) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.presented {
		if p == token {
			n++
		}
	}
	return n
}

// onTokens runs a test over each transport against a server that knows the first token.
func onTokens(t *testing.T, test func(t *testing.T, k *tokens, log *errorLog, c *Client, ws bool), options ...ClientParam) {
	t.Helper()
	var k *tokens
	log := new(errorLog)
	back := func() *runBackend {
		k = &tokens{good: map[string]bool{firstToken: true}}
		return &runBackend{refuse: k.judge, play: func(_ int, ctx context.Context, out *wire.Output, _ *wire.Request) error { return live(ctx, out) }}
	}
	options = append(options, AccessToken(firstToken), OnError(log.add))
	onRuns(t, back, func(t *testing.T, b *runBackend, g *gate, c *Client) {
		_, ws := c.transport.(*wsTransport)
		test(t, k, log, c, ws)
		for _, err := range log.all() {
			checkNoTokens(t, err)
		}
	}, options...)
}

const (
	firstToken = "first-secret-token"
	newToken   = "other-secret-token"
	badToken   = "wrong-secret-token"
)

func checkNoTokens(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, token := range []string{firstToken, newToken, badToken} {
			if strings.Contains(err.Error(), token) {
				t.Errorf("a token is in %T: %v", err, err)
			}
		}
	}
}

// A good token is presented wherever there is a connection, and what runs goes on.
func TestAuthenticateAccepted(t *testing.T) {
	onTokens(t, func(t *testing.T, k *tokens, log *errorLog, c *Client, ws bool) {
		var streams []*Stream
		for _, policy := range []OverflowPolicy{FailComputation, FailComputation, Block} { // three connections
			streams = append(streams, stream(t, c, Options{Overflow: policy}))
		}
		for _, s := range streams {
			go drainStream(s)
		}
		k.allow(newToken, true)
		if err := c.Authenticate(t.Context(), newToken); err != nil {
			t.Fatal(err)
		}
		if n := k.count(newToken); ws && n != 3 || !ws && n != 0 {
			t.Errorf("presented %d times", n)
		}
		k.allow(firstToken, false)
		stream(t, c, Options{})
		pass(time.Minute)
		for _, s := range streams {
			if st := s.Stats(); s.Err() != nil || st.Resumes != 0 || !st.Running {
				t.Errorf("%v, %+v", s.Err(), st)
			}
		}
		if n := k.count(firstToken); n > 3 {
			t.Errorf("the old token was presented %d times", n)
		}
	}, MaxChannels(1))
}

// A bad one ends what the server ends, everything says so, it is not presented again, and a
// good one brings the client back.
func TestAuthenticateRefused(t *testing.T) {
	onTokens(t, func(t *testing.T, k *tokens, log *errorLog, c *Client, ws bool) {
		s := stream(t, c, Options{})
		ended := make(chan error, 1)
		go func() { _, err := drainStream(s); ended <- err }()
		pass(time.Second)
		err := c.Authenticate(t.Context(), badToken)
		if !ws {
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Stream(t.Context(), "p", Options{}) // the first to present it
			s.Close()                                      // its response is not touched
		}
		if !errors.As(err, new(*AuthError)) {
			t.Fatalf("Authenticate: %v", err)
		}
		checkNoTokens(t, err)
		if err := <-ended; ws && !errors.As(err, new(*AuthError)) {
			t.Errorf("the stream: %v", err)
		}
		checkNoTokens(t, s.Err())
		for name, call := range map[string]func() error{
			"Stream":    func() error { _, err := c.Stream(t.Context(), "p", Options{}); return err },
			"Query":     func() error { _, err := c.Query(t.Context(), "p", Options{}); return err },
			"Latest":    func() error { _, err := c.Latest(t.Context(), "p", time.Hour, Options{}); return err },
			"Execute":   func() error { _, err := c.Execute(t.Context(), &ExecuteRequest{Program: "p"}); return err },
			"Start":     func() error { _, err := c.Start(t.Context(), &ExecuteRequest{Program: "p"}); return err },
			"Connect":   func() error { return c.Connect(t.Context()) },
			"KeepAlive": func() error { return c.KeepAlive(t.Context(), "h") },
		} {
			err := call()
			if !errors.As(err, new(*AuthError)) {
				t.Errorf("%s: %v", name, err)
			}
			checkNoTokens(t, err)
		}
		pass(time.Hour)
		if n := k.count(badToken); n != 1 {
			t.Errorf("the refused token was presented %d times", n)
		}
		k.allow(newToken, true)
		if err := c.Authenticate(t.Context(), newToken); err != nil {
			t.Fatal(err)
		}
		if again := stream(t, c, Options{}); again.Handle() == "" {
			if pass(time.Second); again.Handle() == "" {
				t.Error("the client has not come back")
			}
		}
	})
}

// A call that ends early, or is one of many, takes nothing from the others.
func TestAuthenticateConcurrently(t *testing.T) {
	onTokens(t, func(t *testing.T, k *tokens, log *errorLog, c *Client, ws bool) {
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.allow(newToken, true)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for range 10 {
			c.Authenticate(ended, newToken)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := c.Authenticate(ctx, newToken); err != nil {
			t.Fatalf("after calls whose context had ended: %v", err)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				token := [2]string{firstToken, newToken}[i%2]
				if err := c.Authenticate(ctx, token); err != nil {
					t.Errorf("%v", err)
				}
			})
			wg.Go(func() { stream(t, c, Options{}).Close() })
		}
		wg.Wait()
		if err := c.Authenticate(ctx, ""); err == nil {
			t.Error("no token, no error")
		}
		c.Close()
		if err := c.Authenticate(ctx, newToken); err != ErrClosed {
			t.Errorf("after Close: %v", err)
		}
	})
}

// A server that does not answer keeps the call no longer than its context.
func TestAuthenticateWithoutAnswer(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		c.expect("authenticate")
		c.expect("authenticate")
		c.text(`{"type":"authenticated"}`)
		c.text(`{"type":"authenticated"}`)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		c := s.client()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Authenticate(ctx, newToken); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := c.Authenticate(t.Context(), newToken); err != nil {
			t.Errorf("%v", err)
		}
		closing := make(chan error, 1)
		go func() { closing <- c.Authenticate(t.Context(), badToken) }()
		synctest.Wait()
		c.Close()
		if err := <-closing; err != ErrClosed {
			t.Errorf("closed while it waits: %v", err)
		}
	})
}
