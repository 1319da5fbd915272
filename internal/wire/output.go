package wire

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// gzipFrom is the size of a frame in bytes from which compressing it is tried.
const gzipFrom = 512

// ErrOrder is wrapped by the errors of Output.Send for messages that break the order of
// protocol.md 3.1: data that goes back in time, or data for an expired series.
var ErrOrder = errors.New("message out of order")

// Output takes the messages of one computation. It is used by one goroutine at a time and
// keeps neither the messages nor anything they point to.
type Output struct {
	job      *job
	q        *queue
	compress bool

	ended   bool // a terminal message was sent
	lastMs  int64
	expired map[idtool.ID]struct{} // nil until a series expires

	frame, zipped []byte // reused between messages
}

// Handle is the id of the computation, which its JOB_START has announced. Metadata carries
// it as computationId.
func (o *Output) Handle() string { return o.job.handle }

// Send queues one message for the channel. It waits while the queue of the channel is full;
// a reader that takes nothing for Options.SlowConsumerAfter ends the computation with
// ErrSlowConsumer. After the context of the computation has ended it returns the cause. A
// persistent computation without a reader goes on: what it sends is dropped.
//
// Send may be given a terminal message, after which it returns ErrEnded. An error that wraps
// ErrOrder means that the message was refused and nothing was sent.
func (o *Output) Send(m messages.Message) error {
	if o.ended {
		return ErrEnded
	}
	if o.job.ctx.Err() != nil {
		return context.Cause(o.job.ctx)
	}
	if err := o.checkOrder(m); err != nil {
		return err
	}
	return o.send(m)
}

// checkOrder keeps rules (c) and (e) of protocol.md 3.1.
func (o *Output) checkOrder(m messages.Message) error {
	switch m := m.(type) {
	case *messages.DataMessage:
		ms := int64(m.TimestampMillis)
		if ms < o.lastMs {
			return fmt.Errorf("%w: data for %d after data for %d", ErrOrder, ms, o.lastMs)
		}
		if len(o.expired) > 0 {
			for i := range m.Payloads {
				if _, gone := o.expired[m.Payloads[i].TSID]; gone {
					return fmt.Errorf("%w: data for expired series %s without new metadata", ErrOrder, m.Payloads[i].TSID)
				}
			}
		}
		o.lastMs = ms
	case *messages.ExpiredTSIDMessage:
		id, err := messages.ParseTSID(m.TSID)
		if err != nil {
			return err
		}
		if o.expired == nil {
			o.expired = make(map[idtool.ID]struct{})
		}
		o.expired[id] = struct{}{}
	case *messages.MetadataMessage:
		delete(o.expired, m.TSID)
	}
	return nil
}

// send encodes and queues a message without looking at order or context.
func (o *Output) send(m messages.Message) error {
	op, frame, err := o.encode(m)
	if err != nil {
		return err
	}
	if Terminal(m) {
		o.ended = true
		o.job.server.release(o.job)
	}
	return o.enqueue(op, frame)
}

// SendFrame queues the payload of a text or binary frame as it is. It is for test doubles
// that have to say what a server should not: nothing about the payload is checked.
func (o *Output) SendFrame(text bool, payload []byte) error {
	if o.ended {
		return ErrEnded
	}
	if o.job.ctx.Err() != nil {
		return context.Cause(o.job.ctx)
	}
	if text {
		return o.enqueue(opText, payload)
	}
	return o.enqueue(opBinary, payload)
}

// enqueue hands a payload to the writer. A terminal message finds room always.
func (o *Output) enqueue(op byte, payload []byte) error {
	err := o.q.push(op, payload, o.ended)
	if errors.Is(err, errFull) {
		err = o.pushWhenRoom(op, payload)
	}
	switch {
	case errors.Is(err, errDetached), errors.Is(err, errGone):
		if o.job.req.Persistent {
			return nil
		}
		return ErrDisconnected
	}
	return err
}

// pushWhenRoom waits for the reader to take something. It gives up when the reader takes
// nothing at all for the agreed time, of no channel: that another one had its turn is not
// the fault of this one.
func (o *Output) pushWhenRoom(op byte, frame []byte) error {
	patience := o.job.server.opt.SlowConsumerAfter
	if patience < 0 {
		o.job.cancel(ErrSlowConsumer)
		return ErrSlowConsumer
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	seen := o.q.box.progress()
	for {
		select {
		case <-o.q.room:
			if err := o.q.push(op, frame, false); !errors.Is(err, errFull) {
				return err
			}
		case <-o.job.ctx.Done():
			return context.Cause(o.job.ctx)
		case <-timer.C:
			now := o.q.box.progress()
			if now == seen {
				o.job.cancel(ErrSlowConsumer)
				return ErrSlowConsumer
			}
			seen = now
			timer.Reset(patience)
		}
	}
}

// encode makes the WebSocket payload of a message (protocol.md 4.1).
func (o *Output) encode(m messages.Message) (op byte, payload []byte, err error) {
	_, isData := m.(*messages.DataMessage)
	if !o.compress && !isData {
		o.frame, err = messages.AppendText(o.frame[:0], m, o.job.req.Channel)
		return opText, o.frame, err
	}
	o.frame, err = messages.AppendBinary(o.frame[:0], m, o.job.req.Channel, messages.BinaryOptions{})
	if err != nil || !o.compress || len(o.frame) < gzipFrom {
		return opBinary, o.frame, err
	}
	o.zipped, err = messages.AppendBinary(o.zipped[:0], m, o.job.req.Channel, messages.BinaryOptions{Gzip: true})
	if err != nil || len(o.zipped) < len(o.frame) {
		return opBinary, o.zipped, err
	}
	return opBinary, o.frame, nil
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
