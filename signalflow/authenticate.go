package signalflow

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// secret is the token that the client presents, and the ones before it, which must not show
// in errors either.
type secret struct {
	mu   sync.Mutex
	now  string
	past []string
}

// maxPastTokens bounds how many replaced tokens are kept out of texts.
const maxPastTokens = 8

func (s *secret) get() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *secret) set(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != "" && s.now != token {
		s.past = append(s.past, s.now)
		s.past = s.past[max(0, len(s.past)-maxPastTokens):]
	}
	s.now = token
}

// redact takes the tokens out of a text.
func (s *secret) redact(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range append(s.past[:len(s.past):len(s.past)], s.now) {
		if token != "" {
			text = strings.ReplaceAll(text, token, "[token]")
		}
	}
	return text
}

// Authenticate replaces the access token: for an expiring one, to switch organization, or
// after an *[AuthError]. It presents the new token on every open connection and returns when
// the server has accepted it; computations go on. New connections and requests use it.
//
// A token that the server refuses is an *[AuthError]: the service then closes the connection
// and ends the programs that were sent on it (protocol.md 1.5), and every call of the client
// returns that error until a good token is given. Over HTTP nothing is presented until the
// next request.
func (c *Client) Authenticate(ctx context.Context, token string) error {
	if token == "" {
		return errors.New("signalflow: the new token is empty")
	}
	if c.isClosed() {
		return ErrClosed
	}
	c.conf.setToken(token)
	c.mu.Lock()
	if c.beside != nil {
		c.beside.authenticate(ctx)
	}
	c.mu.Unlock()
	return c.transport.authenticate(ctx)
}
