package signalflow

import "time"

// streamQueue holds the items that the loop over a stream has not taken yet. It is bounded in
// bytes. The stream's mutex guards it.
type streamQueue struct {
	limit   int
	policy  OverflowPolicy
	asked   bool // a loop has begun at some time
	items   []entry
	head    int // of items
	bytes   int
	dropped int
	shut    bool          // it has overflowed: nothing more is taken
	wake    chan struct{} // tells the loop that there is something, or the end
	room    chan struct{} // policy Block: tells that something was taken
	blocked bool          // the connection waits for that
	freed   time.Time     // when it last stopped to wait
}

// entry is an item on its way to the loop.
type entry struct {
	item Item
	cost int // bytes that it holds, estimated from above
}

func (q *streamQueue) len() int { return len(q.items) - q.head }

// push adds an item, whatever the bound; fit then keeps to it.
func (q *streamQueue) push(e entry) {
	if q.shut {
		q.dropped++
		return
	}
	if q.head > len(q.items)/2 && len(q.items) == cap(q.items) { // so that most are moved once at most
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, e)
	q.bytes += e.cost
	q.signal()
}

func (q *streamQueue) pop() (Item, bool) {
	if q.len() == 0 {
		return nil, false
	}
	e := q.items[q.head]
	q.items[q.head] = entry{}
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	q.bytes -= e.cost
	select {
	case q.room <- struct{}{}: // a nil channel is never ready
	default:
	}
	return e.item, true
}

// fit keeps to the bound: it drops the oldest where the policy allows that, and reports
// false where it does not. The newest item always stays.
func (q *streamQueue) fit() bool {
	for q.bytes > q.limit && q.len() > 1 {
		if q.policy == Block || q.policy == FailComputation && q.asked {
			return q.policy == Block
		}
		q.pop()
		q.dropped++
	}
	return true
}

// trim drops the newest items until the bound is kept, and takes no further ones: what the
// loop still gets has no hole.
func (q *streamQueue) trim() {
	for q.bytes > q.limit && q.len() > 1 {
		last := len(q.items) - 1
		q.bytes -= q.items[last].cost
		q.items[last] = entry{}
		q.items = q.items[:last]
		q.dropped++
	}
	q.shut = true
}

// full reports whether a reader of the connection has to wait, under the policy Block.
func (q *streamQueue) full() bool { return q.policy == Block && q.bytes > q.limit && q.len() > 0 }

// holdsUp reports whether what has not come for a time may just be waiting for the loop.
func (q *streamQueue) holdsUp(wait time.Duration) bool {
	return q.full() || q.blocked || time.Since(q.freed) < wait
}

func (q *streamQueue) clear() {
	q.items, q.head, q.bytes = nil, 0, 0
}

func (q *streamQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
