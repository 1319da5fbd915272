package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// ErrOrder is wrapped by the errors of Output.Send for messages that break the order of
// protocol.md 3.1: data that goes back in time, or data for an expired series.
var ErrOrder = errors.New("message out of order")

// Output takes the messages of one computation to all its readers. It is used by one
// goroutine at a time and keeps neither the messages nor anything they point to.
type Output struct {
	job *job

	// Of the goroutine that sends.
	over    bool // has sent a terminal message
	expired expiredSeries
	behind  []delivery // readers that had no room for a message
	onWait  func()     // see OnWait

	// mu guards what readers that come and go share with the sender, who holds it while a
	// message goes into the queues but never while it waits for room in one.
	mu      sync.Mutex
	readers []*reader
	state   runState
	hasData bool
	lastMs  int64 // of the last data message
	past    history
}

// maxExpired is how many expired series an Output knows at most: a job whose series come and go
// all the time would remember ever more. Data for one that expired longer ago is not noticed.
const maxExpired = 4096

// expiredSeries is the series that have expired last, and have not come back.
type expiredSeries struct {
	ids   map[idtool.ID]struct{} // nil until a series expires
	order []idtool.ID            // a ring of maxExpired
	next  int
}

func (e *expiredSeries) add(id idtool.ID) {
	if e.ids == nil {
		e.ids = make(map[idtool.ID]struct{})
	}
	e.ids[id] = struct{}{}
	if len(e.order) < maxExpired {
		e.order = append(e.order, id)
		return
	}
	delete(e.ids, e.order[e.next])
	e.order[e.next] = id
	e.next = (e.next + 1) % maxExpired
}

// runState is how far a computation is, as its readers see it.
type runState uint8

const (
	preparing runState = iota
	running            // has had its JOB_START
	ended              // has had its terminal message
	deserted           // lost its last reader, and ends
)

// RawForm is a message as it goes out: the payload of a binary frame for a channel, and an
// SSE event.
type RawForm struct {
	Frame func(channel string) []byte
	Event func() []byte
}

func (f *RawForm) of(r *reader) (op byte, payload []byte) {
	if r.form == sseForm {
		return opNone, f.Event()
	}
	return opBinary, f.Frame(r.channel)
}

// delivery is an encoded message that waits for room.
type delivery struct {
	r       *reader
	op      byte
	payload []byte
}

// Handle is the id of the computation, which its JOB_START has announced. Metadata carries
// it as computationId.
func (o *Output) Handle() string { return o.job.handle }

// OnWait has f called each time before Send waits for room, so that the computation can free
// what others need meanwhile. It is called on the goroutine that sends, and set before the first
// message.
func (o *Output) OnWait(f func()) { o.onWait = f }

// Send queues one message for all readers. It waits while the queue of one is full, each in
// turn. A reader that takes nothing for Options.SlowConsumerAfter ends the computation with
// ErrSlowConsumer if it is the only one. If there are others, it has that time to make room,
// and then loses its own channel alone. After the context of the computation has ended Send
// returns the cause. A computation that lives without readers goes on: what it sends then is
// dropped.
//
// Send may be given a terminal message, after which it returns ErrEnded. An error that wraps
// ErrOrder means that the message was refused and nothing was sent.
func (o *Output) Send(m messages.Message) error { return o.SendFrame(m, nil) }

// SendFrame is Send for test doubles that have to say what a server should not: readers get
// what form makes of m, as it is. A nil form makes it Send.
func (o *Output) SendFrame(m messages.Message, form *RawForm) error {
	if o.over {
		return ErrEnded
	}
	if o.job.ctx.Err() != nil {
		return context.Cause(o.job.ctx)
	}
	if err := o.checkOrder(m); err != nil {
		return err
	}
	return o.send(m, form)
}

// checkOrder keeps rules (c) and (e) of protocol.md 3.1.
func (o *Output) checkOrder(m messages.Message) error {
	switch m := m.(type) {
	case *messages.DataMessage:
		if ms := int64(m.TimestampMillis); ms < o.lastMs {
			return fmt.Errorf("%w: data for %d after data for %d", ErrOrder, ms, o.lastMs)
		}
		if len(o.expired.ids) > 0 {
			for i := range m.Payloads {
				if _, gone := o.expired.ids[m.Payloads[i].TSID]; gone {
					return fmt.Errorf("%w: data for expired series %s without new metadata", ErrOrder, m.Payloads[i].TSID)
				}
			}
		}
	case *messages.ExpiredTSIDMessage:
		id, err := messages.ParseTSID(m.TSID)
		if err != nil {
			return err
		}
		o.expired.add(id)
	case *messages.MetadataMessage:
		delete(o.expired.ids, m.TSID)
	}
	return nil
}

// send encodes and queues a message without looking at order or context.
func (o *Output) send(m messages.Message, form *RawForm) error {
	last := Terminal(m)
	if last {
		o.job.server.release(o.job) // whoever reads it finds the handle gone
	}
	o.behind = o.behind[:0]
	lost, err := o.deliver(m, form, last)
	if err != nil || last || !lost && len(o.behind) == 0 {
		return err
	}
	for _, d := range o.behind {
		if err := o.pushWhenRoom(d); err != nil {
			return err
		}
	}
	if o.job.ctx.Err() != nil { // that was the last reader
		return context.Cause(o.job.ctx)
	}
	return nil
}

// deliver puts a message into the queues of all readers, or for those without room into
// behind. It reports whether some are gone.
func (o *Output) deliver(m messages.Message, form *RawForm, last bool) (lost bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if data, ok := m.(*messages.DataMessage); ok {
		o.lastMs, o.hasData = int64(data.TimestampMillis), true
	} else {
		o.past.note(m)
	}
	for i, r := range o.readers {
		switch failed := o.give(r, m, form, last); {
		case failed == nil:
		case errors.Is(failed, errDetached), errors.Is(failed, errGone):
			o.readers[i], lost = nil, true
		default: // it cannot be encoded
			err = failed
		}
	}
	if lost {
		o.readers = slices.DeleteFunc(o.readers, func(r *reader) bool { return r == nil })
	}
	switch {
	case last && err == nil:
		o.over, o.state, o.readers = true, ended, nil
	case lost:
		o.unread(ErrDisconnected)
	}
	return lost, err
}

// give puts a message into the queue of one reader. Callers hold mu.
func (o *Output) give(r *reader, m messages.Message, form *RawForm, last bool) error {
	if r.stage != live {
		told, itself := r.catchUp(m)
		if told {
			if err := o.tell(r); err != nil {
				return err
			}
		}
		if !itself {
			return nil
		}
	}
	if r.keep != nil {
		if m = r.filtered(m); m == nil {
			return nil
		}
	}
	var op byte
	var payload []byte
	var err error
	if form != nil {
		op, payload = form.of(r)
	} else if op, payload, err = r.encode(m); err != nil {
		return err
	}
	if err = r.q.push(op, payload, last); errors.Is(err, errFull) {
		o.behind = append(o.behind, delivery{r, op, payload})
		return nil
	}
	return err
}

// pushWhenRoom waits for a reader to take something. As long as it is the only one, it gives
// up when the reader takes nothing at all for the agreed time, of no channel: that another
// channel had its turn is not the fault of this one.
func (o *Output) pushWhenRoom(d delivery) error {
	patience := o.job.server.opt.SlowConsumerAfter
	if patience < 0 {
		return o.giveUp(d.r)
	}
	if o.onWait != nil {
		o.onWait()
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	seen := d.r.q.box.progress()
	for {
		select {
		case <-d.r.q.room:
			switch err := d.r.q.push(d.op, d.payload, false); {
			case errors.Is(err, errFull):
			case errors.Is(err, errDetached), errors.Is(err, errGone):
				o.remove(d.r, ErrDisconnected)
				return nil
			default:
				return err
			}
		case <-o.job.ctx.Done():
			return context.Cause(o.job.ctx)
		case <-timer.C:
			now := d.r.q.box.progress()
			if now == seen || !o.isOnly(d.r) {
				return o.giveUp(d.r)
			}
			seen = now
			timer.Reset(patience)
		}
	}
}

func (o *Output) isOnly(r *reader) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.readers) == 1 && o.readers[0] == r
}

// giveUp ends the output of a slow reader: the computation with it, unless others read it.
func (o *Output) giveUp(r *reader) error {
	o.mu.Lock()
	only := len(o.readers) == 1 && o.readers[0] == r
	if only {
		o.state = deserted // nobody joins any more
	}
	o.mu.Unlock()
	if only {
		o.job.cancel(ErrSlowConsumer)
		return ErrSlowConsumer
	}
	o.remove(r, ErrSlowConsumer)
	op, payload, err := r.encode(messages.NewChannelAbort("FAILED", ErrSlowConsumer.Error(), o.job.nowMs()))
	if err == nil {
		err = r.q.push(op, payload, true)
	}
	if errors.Is(err, errDetached) || errors.Is(err, errGone) {
		return nil
	}
	return err
}

// desert lets all readers go without a word, and nobody joins any more.
func (o *Output) desert() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.readers, o.state = nil, deserted
}

// Terminal reports whether nothing may follow the message on its channel.
func Terminal(m messages.Message) bool {
	switch m := m.(type) {
	case *messages.EndOfChannelControlMessage, *messages.ChannelAbortControlMessage, *messages.ErrorMessage:
		return true
	case *messages.BaseControlMessage:
		return m.Event == messages.EndOfChannelEvent || m.Event == messages.ChannelAbortEvent
	}
	return false
}
