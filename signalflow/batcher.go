package signalflow

import "github.com/signalfx/signalflow-client-go/signalflow/messages"

// batcher puts the data messages of one logical timestamp together (protocol.md 6.5). The
// wire has neither a count nor an end marker, so it learns how many messages a step has.
type batcher struct {
	emit func(step)

	steps int // messages of a step; 0 until it is known
	fewer int // steps in a row that had fewer

	open   []*messages.DataMessage
	at     int64 // timestamp of the open step
	begun  int   // counts opened steps, so that a timer knows which one it meant
	any    bool  // a step was closed in this run
	closed int64 // its timestamp
	size   int   // and how many messages it had, late ones included
}

// step is the data of one logical timestamp.
type step struct {
	at         int64 // milliseconds
	msgs       []*messages.DataMessage
	incomplete bool
	late       bool
}

// restart begins another run of the same program: what is open is forgotten, what was
// learned is not.
func (b *batcher) restart() {
	b.open, b.any, b.fewer = nil, false, 0
}

// data takes a data message.
func (b *batcher) data(m *messages.DataMessage) {
	at := int64(m.TimestampMillis)
	switch {
	case len(b.open) > 0 && at < b.at || len(b.open) == 0 && b.any && at <= b.closed:
		b.belated(m)
		return
	case len(b.open) > 0 && at > b.at:
		b.close(false)
	}
	if len(b.open) == 0 {
		b.at = at
		b.begun++
	}
	b.open = append(b.open, m)
	if b.steps > 0 && len(b.open) >= b.steps {
		b.fewer = 0
		b.end(false)
	}
}

// belated delivers a message of a step that is closed. If it belongs to the one that was
// closed last, then steps have become larger.
func (b *batcher) belated(m *messages.DataMessage) {
	at := int64(m.TimestampMillis)
	if b.any && at == b.closed {
		if b.size++; b.size > b.steps {
			b.steps, b.fewer = b.size, 0
		}
	}
	b.emit(step{at: at, msgs: []*messages.DataMessage{m}, late: true})
}

// info tells of an information message: the steps before it are complete.
func (b *batcher) info(at int64) {
	if len(b.open) > 0 && at >= b.at {
		b.close(false)
	}
}

// giveUp stops waiting for the rest of a step.
func (b *batcher) giveUp(begun int) {
	if len(b.open) > 0 && b.begun == begun {
		b.close(true)
	}
}

// finish ends the run. One that was cut off leaves no step that is whole for sure.
func (b *batcher) finish(cut bool) {
	if len(b.open) > 0 {
		b.end(cut || len(b.open) < b.steps)
	}
}

// close closes the open step and learns from it.
func (b *batcher) close(maybe bool) {
	n := len(b.open)
	incomplete := maybe || n < b.steps
	switch {
	case n > b.steps:
		b.steps, b.fewer = n, 0
	case n < b.steps:
		if b.fewer++; b.fewer == 2 {
			b.steps, b.fewer = n, 0
		}
	default:
		b.fewer = 0
	}
	b.end(incomplete)
}

func (b *batcher) end(incomplete bool) {
	s := step{at: b.at, msgs: b.open, incomplete: incomplete}
	b.any, b.closed, b.size, b.open = true, b.at, len(b.open), nil
	b.emit(s)
}
