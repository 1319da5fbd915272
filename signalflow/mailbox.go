package signalflow

import (
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// A lane is one of the channels that a computation's messages are seen through.
type lane int

const (
	laneData lane = iota
	laneEvents
	laneInfo
	laneExpirations
	laneControl
	laneCount
)

func (l lane) String() string {
	return [laneCount]string{"data", "events", "info", "expirations", "control"}[l]
}

// item is one queued message.
type item struct {
	seq  uint64 // arrival order over all lanes
	cost int    // bytes that it holds, estimated from above
	msg  messages.Message
}

// mailbox is the one ordered queue of a computation. Each message has its place in the
// order of arrival; a lane holds those of its kind, so that a view can take them without
// searching. The sum over all lanes is bounded in bytes.
//
// The reader of the connection puts, and only waits under the policy Block. A view takes.
type mailbox struct {
	mu          sync.Mutex
	limit       int
	policy      OverflowPolicy
	seq         uint64
	bytes       int
	ended       bool // nothing more will be put
	restDropped bool // what was left after the end
	anyAsked    bool // somebody has asked for a lane
	lanes       [laneCount]laneQueue

	finished func()        // called once, when the mailbox has ended and is empty
	done     bool          // it was called
	taken    uint64        // counts takes, so that retire can tell whether anybody reads
	room     chan struct{} // policy Block: signals a take
	discard  chan struct{} // closed when the rest is dropped; made on first use
	timer    *time.Timer   // drops the rest of an ended mailbox that nobody reads
}

type laneQueue struct {
	items   ring
	asked   bool          // somebody holds the channel
	handed  bool          // its view holds a message that is not delivered yet
	given   ring          // what was handed over and may not have reached the reader yet
	out     outlet        // the view's channel; set when asked
	wake    chan struct{} // signals a put or the end to the view; made when asked
	dropped int           // messages that did not and will not reach a reader
	cut     int           // those of them that were dropped after the computation's end
}

// outlet is the Go channel of a view.
type outlet interface {
	offer(messages.Message) bool // sends without waiting, and reports whether that was possible
	waiting() int                // how many messages the reader has not received yet
}

// retireAfter is how long an ended computation keeps messages that nobody takes.
const retireAfter = 30 * time.Second

// put queues a message. It reports false when the lane overflowed, that is when the
// message found no room and the policy is FailComputation. abandoned ends a wait under the
// policy Block.
func (m *mailbox) put(l lane, msg messages.Message, cost int, abandoned <-chan struct{}) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		if m.ended {
			m.lanes[l].dropped++
			return true
		}
		if m.makeRoom(cost) {
			break
		}
		if q := &m.lanes[l]; !m.mayWait(q) {
			q.dropped++
			return !q.asked
		}
		if m.room == nil {
			m.room = make(chan struct{}, 1)
		}
		room := m.room
		m.mu.Unlock()
		select {
		case <-room:
			m.mu.Lock()
		case <-abandoned:
			m.mu.Lock()
			m.lanes[l].dropped++
			return true
		}
	}
	m.add(&m.lanes[l], item{seq: m.seq, cost: cost, msg: msg})
	return true
}

// add hands a message over at once when the view is empty-handed and its channel has room,
// which spares the turn of the view's goroutine. Otherwise it queues it.
func (m *mailbox) add(q *laneQueue, it item) {
	m.seq++
	m.bytes += it.cost
	if q.out == nil || q.handed || q.items.len() > 0 || !q.out.offer(it.msg) {
		q.items.push(it)
		q.signal()
		return
	}
	m.taken++
	m.give(q, it)
}

// give keeps the books of a message that is on its way to the reader.
func (m *mailbox) give(q *laneQueue, it item) {
	q.given.push(item{cost: it.cost})
	if q.given.len() > viewBuffer+1 {
		m.reclaim(q)
	}
}

// mayWait reports whether a message of a lane is worth waiting for a reader. As long as
// nobody has asked for anything, the caller may just not have got round to it.
func (m *mailbox) mayWait(q *laneQueue) bool {
	return m.policy == Block && (q.asked || !m.anyAsked)
}

// makeRoom drops what the policy allows until cost fits, and reports whether it does. A
// message that finds the queue without anything that a reader waits for always fits.
func (m *mailbox) makeRoom(cost int) bool {
	if m.bytes+cost > m.limit {
		for l := range m.lanes {
			m.reclaim(&m.lanes[l])
		}
	}
	for m.bytes+cost > m.limit {
		victim := m.oldest(func(q *laneQueue) bool { return !q.asked && !m.mayWait(q) })
		if victim == nil && m.policy == DropOldest {
			victim = m.oldest(func(*laneQueue) bool { return true })
		}
		if victim == nil {
			return m.empty()
		}
		m.bytes -= victim.items.pop().cost
		victim.dropped++
	}
	return true
}

// reclaim gives back the bytes of what the reader of a lane has taken. The mailbox cannot
// see a receive from a Go channel, so it looks at how much of what it gave is still there.
func (m *mailbox) reclaim(q *laneQueue) {
	if q.given.len() == 0 || q.out == nil {
		return
	}
	waiting := q.out.waiting()
	if q.handed {
		waiting++
	}
	for q.given.len() > waiting {
		m.bytes -= q.given.pop().cost
	}
}

// oldest returns the lane, of those that ok accepts, whose head is the oldest message.
func (m *mailbox) oldest(ok func(*laneQueue) bool) *laneQueue {
	var found *laneQueue
	for l := range m.lanes {
		q := &m.lanes[l]
		if q.items.len() > 0 && ok(q) && (found == nil || q.items.head().seq < found.items.head().seq) {
			found = q
		}
	}
	return found
}

func (m *mailbox) empty() bool {
	for l := range m.lanes {
		if m.lanes[l].items.len() > 0 {
			return false
		}
	}
	return true
}

// ask marks a lane as having a reader and reports whether there is, or may come, anything
// to read.
func (m *mailbox) ask(l lane, out outlet) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := &m.lanes[l]
	q.asked, q.out, m.anyAsked = true, out, true
	q.wake = make(chan struct{}, 1)
	m.signalRoom() // messages of other lanes need not be kept any more
	return !m.ended || q.items.len() > 0
}

// withdraw says that the channel of a lane is about to be closed: nothing may be sent on it.
func (m *mailbox) withdraw(l lane) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lanes[l].out = nil
}

// take returns the next message of a lane; the one before it counts as delivered then. ok
// is false when nothing is there now; more says whether something may still come.
func (m *mailbox) take(l lane) (it item, ok, more bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := &m.lanes[l]
	q.handed = false
	if q.items.len() == 0 {
		m.finishIfDone()
		return item{}, false, !m.ended
	}
	m.taken++
	q.handed = true
	it = q.items.pop()
	m.give(q, it)
	m.signalRoom()
	return it, true, true
}

func (m *mailbox) signalRoom() {
	select {
	case m.room <- struct{}{}: // a nil channel is never ready
	default:
	}
}

// end closes the mailbox for further messages; what is queued can still be taken for
// retireAfter.
func (m *mailbox) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	m.ended = true
	for l := range m.lanes {
		m.lanes[l].signal()
	}
	m.signalRoom()
	last := m.taken
	m.timer = time.AfterFunc(retireAfter, func() { m.retire(last) })
	m.finishIfDone()
}

// finishIfDone ends the wait for readers when nothing is left for them. A message that a
// view holds in its hand counts as left.
func (m *mailbox) finishIfDone() {
	if !m.ended || m.done || !m.restDropped && (m.anyHanded() || !m.empty()) {
		return
	}
	m.done = true
	m.timer.Stop()
	m.finished()
}

func (m *mailbox) anyHanded() bool {
	for l := range m.lanes {
		if m.lanes[l].handed {
			return true
		}
	}
	return false
}

// retire drops the rest when nothing was taken since the count last.
func (m *mailbox) retire(last uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return
	}
	if m.taken != last {
		last := m.taken
		m.timer = time.AfterFunc(retireAfter, func() { m.retire(last) })
		return
	}
	m.dropRest()
}

// drop ends the mailbox and drops what is queued.
func (m *mailbox) drop() {
	m.end()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropRest()
}

func (m *mailbox) dropRest() {
	if m.restDropped {
		return
	}
	m.restDropped = true
	for l := range m.lanes {
		q := &m.lanes[l]
		q.dropped += q.items.len()
		q.cut += q.items.len()
		q.items, q.given = ring{}, ring{}
	}
	m.bytes = 0
	if m.discard == nil {
		m.discard = make(chan struct{})
	}
	close(m.discard)
	m.finishIfDone()
}

// discarded is closed when the rest of the queue is dropped.
func (m *mailbox) discarded() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.discard == nil {
		m.discard = make(chan struct{})
	}
	return m.discard
}

// lost counts one message that a view had taken and could not hand over.
func (m *mailbox) lost(l lane) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lanes[l].dropped++
	m.lanes[l].cut++
}

// starved returns a lane with a reader whose rest was dropped after the end, and how many
// messages it did not get.
func (m *mailbox) starved() (lane, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for l := range m.lanes {
		if q := &m.lanes[l]; q.asked && q.cut > 0 {
			return lane(l), q.cut
		}
	}
	return 0, 0
}

func (m *mailbox) droppedCounts() (counts [laneCount]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for l := range m.lanes {
		counts[l] = m.lanes[l].dropped
	}
	return counts
}

func (q *laneQueue) signal() {
	select {
	case q.wake <- struct{}{}: // a nil channel is never ready
	default:
	}
}
