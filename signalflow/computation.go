package signalflow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// stopGrace is how long a stopped computation may take to say that it ended.
const stopGrace = 5 * time.Second

// Computation is one running SignalFlow program. [Client.Execute] makes it; it lives until
// the server ends it, the caller stops or detaches it, or the connection is lost. All
// methods may be called concurrently.
//
// Data, Events, Info, Expirations and Control are views on the one ordered queue of the
// computation. Each starts to be read for the caller with its first call, which also starts
// the goroutine that feeds it, and is closed once the computation has ended and the caller
// has taken what was queued. An ended computation whose rest nobody takes for 30 seconds
// drops it.
type Computation struct {
	// Mutex is part of the documented type. The client does not use it.
	sync.Mutex

	client  *Client
	channel string
	program string
	tap     tap // takes the messages in place of the queue; nil for the queue
	mail    mailbox
	link    link // set by bind, before any message comes

	mu       sync.Mutex
	views    [laneCount]any // the typed channels, made when asked for
	changed  chan struct{}  // closed when what a getter waits for may have come; made by waiters
	ended    bool
	err      error // why it ended
	open     bool  // Execute has returned it
	stopping bool  // the caller asked for the end
	grace    *time.Timer
	gaps     int
	info     jobInfo
	metadata metadataStore
}

// tap takes the messages of a computation in place of its queue, in their order.
type tap interface {
	// deliver takes a message that was size bytes long on the wire: everything but errors.
	// It may wait for room until abandoned is closed, if its computation has the policy
	// Block. An error says that there is no room: the computation ends with it.
	deliver(m messages.Message, size int, abandoned <-chan struct{}) error
	// gap says that a message could not be decoded.
	gap()
	// ended comes once, with what Err returns. It may come while deliver runs, and then
	// nothing follows.
	ended(err error)
}

func newComputation(c *Client, channel string, o opening) *Computation {
	comp := &Computation{
		client:  c,
		channel: channel,
		program: o.program,
		tap:     o.tap,
		mail:    mailbox{limit: c.conf.queueSize, policy: o.overflow},
	}
	comp.mail.finished = func() { c.finished(comp) }
	return comp
}

// Channel returns the name of the computation's channel on its connection.
func (c *Computation) Channel() string { return c.channel }

// Data returns the channel of data messages: one for each publish() of the program and
// each logical timestamp. It is closed when the computation has ended and all of them have
// been read; [Computation.Err] then says how it ended.
func (c *Computation) Data() <-chan *messages.DataMessage {
	return view[*messages.DataMessage](c, laneData)
}

// Events returns the channel of events: those of detectors, and those that events() found.
func (c *Computation) Events() <-chan *messages.EventMessage {
	return view[*messages.EventMessage](c, laneEvents)
}

// Info returns the channel of information messages about the run.
func (c *Computation) Info() <-chan *messages.InfoMessage {
	return view[*messages.InfoMessage](c, laneInfo)
}

// Expirations returns the channel of series that left the output.
func (c *Computation) Expirations() <-chan *messages.ExpiredTSIDMessage {
	return view[*messages.ExpiredTSIDMessage](c, laneExpirations)
}

// Control returns the channel of every message that the other channels do not carry and
// that is not metadata: control messages such as JOB_PROGRESS, and messages of a type that
// this client does not know, with their raw JSON.
func (c *Computation) Control() <-chan messages.Message {
	return view[messages.Message](c, laneControl)
}

// bind tells the way back to the server (sink).
func (c *Computation) bind(l link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
}

// receive takes a message from the connection's reader (sink).
func (c *Computation) receive(m messages.Message, size int) {
	switch m := m.(type) {
	case *messages.DataMessage:
		c.deliver(laneData, m, size)
	case *messages.MetadataMessage:
		if c.tap != nil {
			c.deliver(laneControl, m, size)
			return
		}
		properties := m.Properties // a copy, which does not hold on to the message
		c.learn(func() { c.metadata.set(m.TSID, &properties) })
	case *messages.EventMessage:
		c.deliver(laneEvents, m, size)
	case *messages.InfoMessage:
		c.learn(func() { c.info.read(m) })
		c.deliver(laneInfo, m, size)
	case *messages.ExpiredTSIDMessage:
		if id, err := messages.ParseTSID(m.TSID); err == nil {
			c.learn(func() { c.metadata.expire(id) })
		}
		c.deliver(laneExpirations, m, size)
	case *messages.JobStartControlMessage:
		c.learn(func() { c.info.handle.set(m.Handle, true) })
		c.deliver(laneControl, m, size)
	case *messages.JobProgressControlMessage:
		c.learn(func() { c.info.progress.set(m.Progress, true) })
		c.deliver(laneControl, m, size)
	case *messages.EndOfChannelControlMessage:
		c.deliver(laneControl, m, size)
		c.end(nil)
	case *messages.ChannelAbortControlMessage:
		c.deliver(laneControl, m, size)
		c.aborted(m.AbortInfo)
	case *messages.ErrorMessage:
		c.end(c.client.conf.channelError(m, c.program))
	default:
		c.deliver(laneControl, m, size)
	}
}

// dataCost estimates, from above, the heap that a queued data message holds.
func dataCost(m *messages.DataMessage) int { return 27*cap(m.Payloads) + 256 }

// jsonCost does so for a message that was decoded from size bytes of JSON.
func jsonCost(size int) int { return 8*size + 1024 }

// deliver queues a message, or hands it to the tap, and ends the computation when there is
// no room for it.
func (c *Computation) deliver(l lane, m messages.Message, size int) {
	err := c.put(l, m, size)
	if err == nil {
		return
	}
	c.link.begin(detachRequest(c.channel, "reader too slow"))
	c.end(err)
}

func (c *Computation) put(l lane, m messages.Message, size int) error {
	if c.tap != nil {
		return c.tap.deliver(m, size, c.link.down())
	}
	cost := jsonCost(size)
	if m, ok := m.(*messages.DataMessage); ok {
		cost = dataCost(m)
	}
	if c.mail.put(l, m, cost, c.link.down()) {
		return nil
	}
	return &OverflowError{Channel: l.String(), Dropped: c.mail.droppedCounts()[l]}
}

// learn changes what the getters wait for, and wakes them.
func (c *Computation) learn(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.wakeLocked()
}

func (c *Computation) wakeLocked() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *Computation) aborted(info messages.AbortInfo) {
	c.mu.Lock()
	asked := c.stopping && info.State == "STOPPED"
	c.mu.Unlock()
	if asked {
		c.end(nil)
		return
	}
	c.end(&AbortError{State: info.State, Reason: c.client.conf.redact(info.Reason)})
}

// gap counts a message that could not be decoded (sink).
func (c *Computation) gap(*messages.DecodeError) {
	if c.tap != nil {
		c.tap.gap()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gaps++
}

// lost ends the computation with its connection (sink).
func (c *Computation) lost(err error) { c.end(err) }

// end ends the computation: the first call decides what Err returns.
func (c *Computation) end(err error) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	if c.stopping && errors.As(err, new(*ConnectionLostError)) {
		err = nil // the caller had asked for the end already
	}
	c.ended, c.err = true, err
	if c.grace != nil {
		c.grace.Stop()
	}
	c.wakeLocked()
	l := c.link
	c.mu.Unlock()
	if l != nil {
		l.release()
	}
	c.client.forget(c)
	c.mail.end()
	if c.tap != nil {
		c.tap.ended(err)
	}
}

// Err returns why the computation ended, and nil while it runs. It is nil after a complete
// run and after Stop or Detach; otherwise a *[ComputationError], *[AuthError],
// *[AbortError], *[ConnectionLostError], *[OverflowError], or [ErrClosed].
func (c *Computation) Err() error {
	c.mu.Lock()
	ended, err := c.ended, c.err
	c.mu.Unlock()
	if !ended || err != nil {
		return err
	}
	if l, n := c.mail.starved(); n > 0 {
		if c.client.isClosed() {
			return ErrClosed
		}
		return &OverflowError{Channel: l.String(), Dropped: n}
	}
	return nil
}

// Stats tells what a computation's readers did not get.
type Stats struct {
	// Messages dropped for each channel, because nobody asked for it and the queue was
	// full, by the policy DropOldest, or because nobody took the rest after the end.
	DroppedData, DroppedEvents, DroppedInfo, DroppedExpirations, DroppedControl int
	// Gaps counts the messages that could not be decoded. Each was reported to OnError.
	Gaps int
}

// Stats returns counts since the start of the computation.
func (c *Computation) Stats() Stats {
	d := c.mail.droppedCounts()
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		DroppedData:        d[laneData],
		DroppedEvents:      d[laneEvents],
		DroppedInfo:        d[laneInfo],
		DroppedExpirations: d[laneExpirations],
		DroppedControl:     d[laneControl],
		Gaps:               c.gaps,
	}
}

// Stop ends the computation on the server, for every reader of it. It returns when the
// request is written; Data is closed when the server has confirmed, 5 seconds later at the
// latest. A computation whose handle has not come yet is detached instead.
//
// A deferred Stop wants a context that has not ended by then, such as
// context.WithoutCancel(ctx); with one that has, the computation is detached after those 5
// seconds.
func (c *Computation) Stop(ctx context.Context) error { return c.StopWithReason(ctx, "") }

// StopWithReason is [Computation.Stop] with a reason, which the server repeats in the
// message that ends the channel.
func (c *Computation) StopWithReason(ctx context.Context, reason string) error {
	handle, ok := c.beginStop()
	if !ok {
		return nil
	}
	if handle == "" {
		return c.DetachWithReason(ctx, reason)
	}
	return c.link.send(ctx, stopRequest(handle, reason))
}

// beginStop marks that the caller wants the end and starts the time that it may take. It
// returns the handle, and false when the computation has ended already.
func (c *Computation) beginStop() (handle string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return "", false
	}
	c.stopping = true
	if c.info.handle.ok && c.grace == nil {
		c.grace = time.AfterFunc(stopGrace, c.giveUp)
	}
	return c.info.handle.v, true
}

// runsAs reports whether the computation is live under a handle.
func (c *Computation) runsAs(handle string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended && c.info.handle.v == handle
}

// giveUp ends a stopped computation that the server did not end.
func (c *Computation) giveUp() {
	c.mu.Lock()
	ended, l := c.ended, c.link
	c.mu.Unlock()
	if !ended {
		l.begin(detachRequest(c.channel, ""))
		c.end(nil)
	}
}

// Detach ends the output of the computation at once. On the server it goes on if others
// read it.
func (c *Computation) Detach(ctx context.Context) error { return c.DetachWithReason(ctx, "") }

// DetachWithReason is [Computation.Detach] with a reason for the server.
func (c *Computation) DetachWithReason(ctx context.Context, reason string) error {
	c.mu.Lock()
	ended, l := c.ended, c.link
	c.stopping = true
	c.mu.Unlock()
	if ended {
		return nil
	}
	written := l.begin(detachRequest(c.channel, reason))
	c.end(nil)
	err := written(ctx)
	if errors.As(err, new(*ConnectionLostError)) {
		return nil // it took the computation with it
	}
	return err
}

// abandon ends the computation from this side, without waiting: nobody else is to read it.
func (c *Computation) abandon() {
	c.mu.Lock()
	ended, l, handle := c.ended, c.link, c.info.handle
	c.mu.Unlock()
	if ended {
		return
	}
	if handle.ok {
		l.begin(stopRequest(handle.v, ""))
	}
	l.begin(detachRequest(c.channel, ""))
	c.end(nil)
}

// handle returns the handle, "" when it has not come.
func (c *Computation) handle() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info.handle.v
}

// isOpen reports whether Execute has returned the computation.
func (c *Computation) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}
