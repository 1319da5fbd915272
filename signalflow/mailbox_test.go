package signalflow

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Random puts and takes: no message is lost without being counted, none comes twice or out
// of order, and the bound holds.
func TestMailboxKeepsItsBooks(t *testing.T) {
	for _, policy := range []OverflowPolicy{FailComputation, DropOldest} {
		for seed := range uint64(200) {
			synctest.Test(t, func(t *testing.T) { // for the timer of the end
				checkBooks(t, policy, rand.New(rand.NewPCG(seed, 1)))
			})
		}
	}
}

func checkBooks(t *testing.T, policy OverflowPolicy, r *rand.Rand) {
	const limit = 1000
	finished := 0
	m := &mailbox{limit: limit, policy: policy, finished: func() { finished++ }}
	var put, taken [laneCount]int
	var last [laneCount]int64
	take := func(l lane) bool {
		it, ok, _ := m.take(l)
		if ok {
			taken[l]++
			if n := int64(it.msg.(*messages.DataMessage).TimestampMillis); n <= last[l] {
				t.Fatalf("lane %v: message %d after %d", l, n, last[l])
			} else {
				last[l] = n
			}
		}
		return ok
	}
	for i := range 500 {
		l := lane(r.IntN(int(laneCount)))
		switch r.IntN(4) {
		case 0, 1:
			cost := 1 + r.IntN(300)
			msg := messages.NewData(int64(i+1), nil)
			if put[l]++; !m.put(l, msg, cost, nil) && (policy != FailComputation || !m.lanes[l].asked) {
				t.Fatalf("overflow of lane %v under policy %d", l, policy)
			}
		case 2:
			if m.lanes[l].asked {
				take(l)
			}
		case 3:
			if i > 50*int(l) && !m.lanes[l].asked { // one lane after the other gets a reader
				m.ask(l, full{})
			}
		}
		if queued := m.bytes; queued > limit && !oneMessage(m) {
			t.Fatalf("%d bytes are queued", queued)
		}
	}
	m.end()
	for l := range laneCount {
		m.ask(l, full{})
		for take(l) {
		}
		if sum := taken[l] + m.droppedCounts()[l]; sum != put[l] {
			t.Errorf("lane %v: %d put, %d taken, %d dropped", l, put[l], taken[l], m.droppedCounts()[l])
		}
	}
	for l := range m.lanes {
		m.reclaim(&m.lanes[l])
	}
	if m.bytes != 0 || finished != 1 {
		t.Errorf("%d bytes left, finished %d times", m.bytes, finished)
	}
}

// full is the channel of a view that has no room and of which everything is received.
type full struct{}

func (full) offer(messages.Message) bool { return false }
func (full) waiting() int                { return 0 }

// oneMessage: a message larger than what is left is taken when nothing else is queued.
func oneMessage(m *mailbox) bool {
	n := 0
	for l := range m.lanes {
		n += m.lanes[l].items.len()
	}
	return n <= 1
}

func TestMailboxEvictsTheOldestOfAll(t *testing.T) {
	m := &mailbox{limit: 30, policy: FailComputation, finished: func() {}}
	m.put(laneInfo, messages.NewData(1, nil), 10, nil)
	m.put(laneData, messages.NewData(2, nil), 10, nil)
	m.put(laneInfo, messages.NewData(3, nil), 10, nil)
	m.ask(laneData, full{})
	m.put(laneEvents, messages.NewData(4, nil), 20, nil) // costs both infos, not the data that has a reader
	if d := m.droppedCounts(); d[laneInfo] != 2 || d[laneData] != 0 || m.bytes != 30 {
		t.Errorf("dropped %v, %d bytes", d, m.bytes)
	}
	if it, ok, _ := m.take(laneData); !ok || it.seq != 1 {
		t.Errorf("data: %v %v", it, ok)
	}
}

func TestExpiredMetadataIsBounded(t *testing.T) {
	var s metadataStore
	for id := range idtool.ID(2 * maxExpired) {
		s.set(id, &messages.MetadataProperties{})
		s.expire(id)
	}
	if _, ok := s.get(2*maxExpired - 1); !ok || len(s.expired) != maxExpired || len(s.live) != 0 {
		t.Errorf("%d expired and %d live series are kept", len(s.expired), len(s.live))
	}
	s.set(5, &messages.MetadataProperties{Metric: "back"})
	if p, ok := s.get(5); !ok || p.Metric != "back" {
		t.Error("a series that returned is not known")
	}
}

// A series that expires, returns and expires again keeps its place among the newest.
func TestExpiredMetadataOfASeriesThatReturns(t *testing.T) {
	var s metadataStore
	s.set(1, &messages.MetadataProperties{})
	s.expire(1)
	s.set(1, &messages.MetadataProperties{Metric: "again"})
	s.expire(1)
	for id := range idtool.ID(maxExpired - 1) {
		s.set(id+10, &messages.MetadataProperties{})
		s.expire(id + 10)
	}
	if p, ok := s.get(1); !ok || p.Metric != "again" {
		t.Error("a series was forgotten by the place of its first expiry")
	}
}
