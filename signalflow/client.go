package signalflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// closeGrace bounds how long Close waits for what it has told to end. What it waits for
// ends by itself; only a dialer or an OnError function that ignores its end takes longer.
const closeGrace = 800 * time.Millisecond

// Client runs SignalFlow programs over one connection to a server, and over further ones
// when there are more computations than [MaxChannels] or the policy [Block] asks for it.
// All methods may be called concurrently.
type Client struct {
	// Mutex is part of the documented type. The client does not use it.
	sync.Mutex

	conf      config
	transport transport
	reports   *errorQueue

	windows windows

	mu          sync.Mutex
	comps       map[string]*Computation // live, by channel
	beside      *sseTransport           // for requests that WebSocket lacks; nil until then
	streams     map[*Stream]bool        // live
	unread      map[*Computation]bool   // those whose queue may still be read, the live ones included
	nextChannel int
	closed      bool
	done        chan struct{}  // closed when Close has finished
	feeders     sync.WaitGroup // of the views
}

// NewClient returns a client that starts to connect in the background at once; over HTTP
// there is nothing to connect before the first request. It needs an
// [AccessToken]; everything else has a default. The error is that of an option. The token
// is for the server to judge: a wrong, empty or forgotten one is an [*AuthError] of Execute.
func NewClient(options ...ClientParam) (*Client, error) {
	c := &Client{
		conf:    defaultConfig(),
		comps:   make(map[string]*Computation),
		unread:  make(map[*Computation]bool),
		streams: make(map[*Stream]bool),
		done:    make(chan struct{}),
	}
	for i, option := range options {
		if option == nil {
			return nil, fmt.Errorf("signalflow: option %d of NewClient is nil", i+1)
		}
		if err := option(c); err != nil {
			return nil, err
		}
	}
	c.reports = newErrorQueue(c.conf.onError, c.conf.logger)
	c.transport = newTransport(&c.conf, c.reports.report)
	return c, nil
}

// String names the endpoint. It keeps the client's innards out of formatted text.
func (c *Client) String() string { return "signalflow.Client(" + shown(c.conf.url) + ")" }

// GoString is String, for %#v.
func (c *Client) GoString() string { return c.String() }

// Connect waits until the client is connected and authenticated. Calling it is optional:
// it tells a wrong token or address before the first program runs. The error is a
// *[ConnectError], an *[AuthError] or [ErrClosed].
func (c *Client) Connect(ctx context.Context) error { return c.transport.connect(ctx) }

// forget removes a computation that has ended: its channel name is free again.
func (c *Client) forget(comp *Computation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.comps[comp.channel] == comp {
		delete(c.comps, comp.channel)
	}
}

// finished removes a computation that has ended and has nothing queued any more.
func (c *Client) finished(comp *Computation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.unread, comp)
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// own has Close end a stream; false when the client is closed.
func (c *Client) own(s *Stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.streams[s] = true
	}
	return !c.closed
}

// disown forgets a stream that is over.
func (c *Client) disown(s *Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, s)
}

// goFeed runs f as a goroutine that Close waits for; false when the client is closed.
func (c *Client) goFeed(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.feeders.Go(f)
	return true
}

// all returns every computation that is live or has messages left to read.
func (c *Client) all() []*Computation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.unread))
}

// Close ends every computation, with [ErrClosed], and every connection. It may be called
// more than once and from anywhere, the OnError function included; it returns within a
// second, and after it nothing of the client runs any more.
func (c *Client) Close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		<-c.done
		return
	}
	c.closed = true
	streams := slices.Collect(maps.Keys(c.streams))
	c.mu.Unlock()
	defer close(c.done)

	for _, s := range streams {
		s.finish(ErrClosed)
	}
	for _, comp := range c.all() {
		comp.end(ErrClosed)
		comp.mail.drop()
	}
	c.transport.close()
	if c.beside != nil {
		c.beside.close()
	}
	c.reports.close()
	c.feeders.Wait()
}

// waitFor waits for a group, at most for the time given. Beyond it only a function of the
// caller's own keeps the group, and this goroutine with it.
func waitFor(wg *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
