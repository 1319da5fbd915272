package signalflow

import (
	"context"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// route leads from a channel of a connection to its sink, and is the way back (link).
type route struct {
	conn    *wsConn
	channel string
	named   bool // by the caller, so that the name may come again
	sink    sink

	// The rest is guarded by the connection's mutex.

	opened bool // its request was written: from then on it is told when the connection is lost
	over   bool // the last message of the channel came
}

// maxStale bounds how many names a connection remembers whose run may still send. Beyond
// it the connection takes no more names of the caller's choice.
const maxStale = 4096

// takes reports whether the connection can carry a request beside at most limit-1 others.
// It cannot while an earlier run of the same name may still send on it: messages carry
// nothing but the name.
func (c *wsConn) takes(r openRequest, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takesLocked(r, limit)
}

func (c *wsConn) takesLocked(r openRequest, limit int) bool {
	free := !r.named || !c.stale[r.channel] && len(c.stale) < maxStale
	if c.limit > 0 {
		limit = min(limit, c.limit)
	}
	return c.cause == nil && len(c.routes) < limit && free
}

// register routes the channel of a request to s. It returns nil when the connection does
// not take it.
func (c *wsConn) register(r openRequest, s sink, limit int) *route {
	rt := &route{conn: c, channel: r.channel, named: r.named, sink: s}
	s.bind(rt)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.takesLocked(r, limit) {
		return nil
	}
	c.routes[r.channel] = rt
	return rt
}

// written says that the request of a route was written. When the connection was lost in the
// meantime, the sink is told now.
func (c *wsConn) written(rt *route) {
	c.mu.Lock()
	tooLate := c.routes == nil && !rt.over
	rt.opened = true
	c.mu.Unlock()
	if tooLate {
		rt.sink.lost(c.goneError())
	}
}

// openSinks forgets all routes and returns the sinks of those whose request was written.
// A call that is still writing finds out by itself, see written.
func (c *wsConn) openSinks() (sinks []sink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rt := range c.routes {
		if rt.opened {
			sinks = append(sinks, rt.sink)
		}
	}
	c.routes = nil
	return sinks
}

// sinkFor returns the sink that a message is for, or nil when nobody waits for it.
func (c *wsConn) sinkFor(channel string, m messages.Message) sink {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notice = "" // whatever the server complained about did not end the connection
	rt := c.routes[channel]
	if e, ok := m.(*messages.ErrorMessage); ok && isTooManyChannels(e.Message) {
		c.limit = max(1, len(c.routes)-1)
	}
	if last(m) {
		delete(c.stale, channel)
		if rt != nil {
			rt.over = true
		}
	}
	if rt == nil {
		return nil
	}
	return rt.sink
}

// last reports whether a message is the last one of its channel.
func last(m messages.Message) bool {
	switch m.(type) {
	case *messages.ErrorMessage, *messages.EndOfChannelControlMessage, *messages.ChannelAbortControlMessage:
		return true
	}
	return false
}

// release forgets the channel (link). A further connection that carries nothing any more is
// shut.
func (rt *route) release() {
	c := rt.conn
	c.mu.Lock()
	if c.routes[rt.channel] == rt {
		delete(c.routes, rt.channel)
		if rt.named && !rt.over {
			c.stale[rt.channel] = true
		}
	}
	idle := c.transient && len(c.routes) == 0
	c.mu.Unlock()
	if idle {
		c.shut(errIdle)
	}
}

func (rt *route) send(ctx context.Context, r request) error { return rt.conn.send(ctx, r.body()) }

func (rt *route) begin(r request) (wait func(context.Context) error) {
	return rt.conn.begin(r.body())
}

func (rt *route) down() <-chan struct{} { return rt.conn.gone }
