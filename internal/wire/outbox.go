package wire

import (
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"time"
)

// Sizes of the write path in bytes.
const (
	chunkBytes      = 64 << 10 // frames of one channel are gathered up to this size
	batchBytes      = 64 << 10 // small chunks of several channels share a write up to this size
	maxControlBytes = 1 << 20  // answers to a peer that sends requests and does not read
)

// WebSocket opcodes (RFC 6455, 5.2), and one of our own.
const (
	opNone   = 0 // bytes that need no frame: an SSE event
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPong   = 10
)

var (
	errFull     = errors.New("queue is full")
	errGone     = errors.New("connection is closed")
	errDetached = errors.New("channel is detached")
)

// outbox holds the finished frames of one connection, or the events of one SSE response,
// until its writer takes them. Channels take turns, one chunk each, so that a busy one delays the others by one chunk at
// most; what belongs to the connection goes first.
type outbox struct {
	wake chan struct{} // tells the writer that there is work

	mu    sync.Mutex
	limit int      // for the channels together
	bytes int      // waiting in all queues
	taken uint64   // bytes that the writer has taken so far
	first queue    // authenticated, KEEP_ALIVE, pong, answers without a computation
	ready []*queue // queues with chunks, in turn
	state outboxState
	last  []byte // close frame, written after everything else
}

type outboxState uint8

const (
	open    outboxState = iota
	closing             // nothing more comes in; the writer empties the queues, then writes last
	gone                // nothing is written any more
)

// queue is the part of an outbox that belongs to one channel.
type queue struct {
	box     *outbox
	limit   int
	bytes   int      // waiting in chunks
	chunks  []*chunk // the last one is being filled
	waiting bool     // a sender waits for room
	room    chan struct{}
	dropped bool   // detached: frames are refused from now on
	ended   bool   // has its terminal message
	emptied func() // called under the outbox when the writer takes the terminal message
}

// chunk is a run of whole frames.
type chunk struct{ frames []byte }

var chunkPool = sync.Pool{New: func() any { return new(chunk) }}

func (c *chunk) release() {
	if cap(c.frames) <= chunkBytes {
		c.frames = c.frames[:0]
		chunkPool.Put(c)
	}
}

func newOutbox(limit int) *outbox {
	b := &outbox{wake: make(chan struct{}, 1), limit: limit}
	b.first = queue{box: b, limit: maxControlBytes}
	return b
}

// newQueue makes the queue of a channel; emptied may be nil.
func (b *outbox) newQueue(limit int, emptied func()) *queue {
	return &queue{box: b, limit: limit, room: make(chan struct{}, 1), emptied: emptied}
}

// full reports whether there is no room for so many bytes more. An empty queue always has
// room: one channel cannot shut another one out. Callers hold the outbox.
func (q *queue) full(size int) bool {
	b := q.box
	return q.bytes > 0 && (q.bytes+size > q.limit || q != &b.first && b.bytes+size > b.limit)
}

// push adds one frame. It returns errFull when the queue has no room for it; the last frame
// of a channel, its terminal message, always finds room.
func (q *queue) push(opcode byte, payload []byte, last bool) error {
	b := q.box
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == open && !q.dropped && !last && q.full(len(payload)) {
		q.waiting = true
		return errFull
	}
	return q.add(opcode, payload, last)
}

// pushAll adds what a reader gets at once when it joins a computation. Together that may be
// more than the queue holds otherwise, but not more than the connection has room for.
func (q *queue) pushAll(opcode byte, payloads [][]byte) error {
	b := q.box
	b.mu.Lock()
	defer b.mu.Unlock()
	size := 0
	for _, p := range payloads {
		size += len(p)
	}
	if b.bytes > 0 && b.bytes+size > b.limit {
		return errFull
	}
	for _, p := range payloads {
		if err := q.add(opcode, p, false); err != nil {
			return err
		}
	}
	return nil
}

// add is push without a look at the room. Callers hold the outbox.
func (q *queue) add(opcode byte, payload []byte, last bool) error {
	b := q.box
	switch {
	case b.state != open:
		return errGone
	case q.dropped:
		return errDetached
	}
	if len(q.chunks) == 0 && q != &b.first {
		b.ready = append(b.ready, q)
	}
	c := q.tail(len(payload))
	before := len(c.frames)
	c.frames = appendFrame(c.frames, opcode, payload)
	q.bytes += len(c.frames) - before
	b.bytes += len(c.frames) - before
	q.ended = last
	signal(b.wake)
	return nil
}

// tail returns the chunk that the next frame goes into.
func (q *queue) tail(size int) *chunk {
	if n := len(q.chunks); n > 0 {
		if c := q.chunks[n-1]; len(c.frames)+size <= chunkBytes {
			return c
		}
	}
	c := chunkPool.Get().(*chunk)
	q.chunks = append(q.chunks, c)
	return c
}

// pop takes the oldest chunk and tells a waiting sender once half the queue is free.
// Callers hold the outbox.
func (q *queue) pop() *chunk {
	c := q.chunks[0]
	q.chunks[0] = nil
	q.chunks = q.chunks[1:]
	if len(q.chunks) == 0 {
		q.chunks = nil
	}
	q.bytes -= len(c.frames)
	q.box.bytes -= len(c.frames)
	q.box.taken += uint64(len(c.frames))
	if q.waiting && q.bytes <= q.limit/2 {
		q.waiting = false
		signal(q.room)
	}
	if q.ended && len(q.chunks) == 0 && q.emptied != nil {
		q.emptied()
	}
	return c
}

// progress returns how many bytes the writer has taken so far.
func (b *outbox) progress() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// drop forgets what waits and refuses what comes: the channel is detached.
func (q *queue) drop() {
	q.box.mu.Lock()
	defer q.box.mu.Unlock()
	q.dropped = true
	q.clear()
}

func (q *queue) clear() {
	for _, c := range q.chunks {
		c.release()
	}
	q.box.bytes -= q.bytes
	q.chunks, q.bytes = nil, 0
	if q.waiting {
		q.waiting = false
		signal(q.room)
	}
}

// next takes the frames of one write: what the connection itself has to say, then one chunk
// of each channel in turn until batch is full. A large chunk is returned as it is, so that
// it is not copied; the caller releases it. more is false when nothing will come any more.
func (b *outbox) next(batch []byte) (frames []byte, owned *chunk, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == gone {
		return nil, nil, false
	}
	for len(b.first.chunks) > 0 {
		c := b.first.pop()
		batch = append(batch, c.frames...)
		c.release()
	}
	for len(b.ready) > 0 && len(batch) < batchBytes {
		q := b.ready[0]
		if len(q.chunks) == 0 { // dropped
			b.ready = b.ready[1:]
			continue
		}
		large := len(q.chunks[0].frames) > batchBytes/2
		if large && len(batch) > 0 {
			break // it comes first in the next batch
		}
		b.ready = b.ready[1:]
		c := q.pop()
		if len(q.chunks) > 0 {
			b.ready = append(b.ready, q)
		}
		if large {
			return c.frames, c, true
		}
		batch = append(batch, c.frames...)
		c.release()
	}
	if len(batch) == 0 && b.state == closing {
		b.state = gone
		return b.last, nil, len(b.last) > 0
	}
	return batch, nil, true
}

// drain hands what comes to write, as much as fits at a time, until the outbox has ended or
// write fails. It calls tick once a period, also when there is always something to write.
func (b *outbox) drain(period time.Duration, tick func(), write func(frames []byte) error) error {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	var buf []byte
	for {
		select {
		case <-ticker.C:
			tick()
		default:
		}
		frames, owned, more := b.next(buf[:0])
		if len(frames) == 0 {
			if !more {
				return nil
			}
			select {
			case <-b.wake:
			case <-ticker.C:
				tick()
			}
			continue
		}
		err := write(frames)
		if owned != nil {
			owned.release()
		} else if cap(frames) <= 2*batchBytes {
			buf = frames
		}
		if err != nil {
			return err
		}
	}
}

// close refuses further frames and has last, a close frame, written at the end: after what
// waits, or at once if that is to be dropped. Later calls change nothing.
func (b *outbox) close(last []byte, dropWaiting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != open {
		return
	}
	b.state = closing
	b.last = last
	if dropWaiting {
		b.clear()
	}
	signal(b.wake)
}

// seal ends the outbox after what it holds, without a last frame. Callers hold the outbox.
func (b *outbox) seal() {
	if b.state == open {
		b.state = closing
	}
}

// fail ends the outbox at once: the socket is of no use any more.
func (b *outbox) fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = gone
	b.clear()
	signal(b.wake)
}

func (b *outbox) clear() {
	b.first.clear()
	for _, q := range b.ready {
		q.clear()
	}
	b.ready = nil
}

// signal leaves a note in a one-place channel.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// appendFrame appends one unmasked, unfragmented WebSocket frame (RFC 6455, 5.2), or the
// payload alone for opNone.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	const final = 0x80
	n := len(payload)
	if opcode == opNone {
		return append(dst, payload...)
	}
	dst = append(dst, final|opcode)
	switch {
	case n < 126:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = append(dst, 126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, 127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, payload...)
}

// closeFrame makes a close frame. The reason is cut to what a frame can hold.
func closeFrame(code int, reason string) []byte {
	const maxReason = 123
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") // no half character at the cut
	}
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	return appendFrame(nil, opClose, append(payload, reason...))
}
