package wire

import (
	"encoding/json"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// gzipFrom is the size of a frame in bytes from which compressing it is tried.
const gzipFrom = 512

// reader is one place where the messages of a computation go: a channel of a WebSocket
// connection or an SSE response. A computation has any number of them.
type reader struct {
	job     *job
	q       *queue
	channel string // "" over SSE
	form    form

	// What follows belongs to the Output that the reader is in.

	stage    stage
	after    int64 // milliseconds; data up to here is not for this reader. Not for live ones
	resuming bool  // nor are events
	keep     func(*messages.MetadataProperties) bool
	kept     map[idtool.ID]struct{} // series that keep wants; nil without keep

	frame, zipped []byte // reused between messages
}

// form is how messages look to a reader (protocol.md 4.1 and 5).
type form uint8

const (
	textForm   form = iota // WebSocket: JSON in text frames, data in binary ones
	binaryForm             // WebSocket with compress: everything in binary frames
	sseForm
)

// stage is how far a reader is that did not see the run from its beginning. It has to see
// the data of one logical timestamp whole, and before any information message, as if the run
// began there (protocol.md 3.1 a and b).
type stage uint8

const (
	live       stage = iota
	joining          // has seen no data yet
	firstBatch       // has seen some of the data of time after
)

// lose takes the reader away: it is detached or its connection is gone.
func (r *reader) lose(cause error) {
	r.job.out.remove(r, cause)
	r.q.drop()
}

// catchUp decides what a reader that is not live yet gets for m: whether the information
// messages so far, and whether m after them.
func (r *reader) catchUp(m messages.Message) (history, itself bool) {
	switch m := m.(type) {
	case *messages.DataMessage:
		switch ms := int64(m.TimestampMillis); {
		case r.stage == joining && ms <= r.after:
			return false, false
		case r.stage == joining:
			r.stage, r.after = firstBatch, ms
			return false, true
		case ms == r.after:
			return false, true
		}
		r.stage = live
		return true, true
	case *messages.InfoMessage: // the last one of the history
		if r.stage == joining {
			return false, false
		}
		r.stage = live
		return true, false
	case *messages.EventMessage:
		return false, !r.resuming || r.stage != joining || int64(m.TimestampMillis) > r.after
	}
	if Terminal(m) {
		r.stage = live
		return true, true
	}
	return false, true
}

// filtered returns the part of a message that the filter of an attach request wants, nil for
// none of it. The same number of data messages comes for each time, empty ones too.
func (r *reader) filtered(m messages.Message) messages.Message {
	if r.keep == nil {
		return m
	}
	switch m := m.(type) {
	case *messages.MetadataMessage:
		if !r.keep(&m.Properties) {
			delete(r.kept, m.TSID)
			return nil
		}
		r.kept[m.TSID] = struct{}{}
	case *messages.DataMessage:
		some := *m
		some.Payloads = make([]messages.DataPayload, 0, len(m.Payloads))
		for _, p := range m.Payloads {
			if _, wanted := r.kept[p.TSID]; wanted {
				some.Payloads = append(some.Payloads, p)
			}
		}
		return &some
	case *messages.EventMessage:
		if _, wanted := r.kept[m.TSID]; !wanted {
			return nil
		}
	case *messages.ExpiredTSIDMessage:
		id, err := messages.ParseTSID(m.TSID)
		if _, wanted := r.kept[id]; err != nil || !wanted {
			return nil
		}
		delete(r.kept, id)
	}
	return m
}

// encode makes the bytes of a message, without the header of a WebSocket frame. They are
// valid until the next call.
func (r *reader) encode(m messages.Message) (op byte, payload []byte, err error) {
	if r.form == sseForm {
		if e, ok := m.(*messages.ErrorMessage); ok {
			m = withErrors(e)
		}
		r.frame, err = messages.AppendSSE(r.frame[:0], m, messages.SSEOptions{})
		return opNone, r.frame, err
	}
	if _, isData := m.(*messages.DataMessage); r.form == textForm && !isData {
		r.frame, err = messages.AppendText(r.frame[:0], m, r.channel)
		return opText, r.frame, err
	}
	r.frame, err = messages.AppendBinary(r.frame[:0], m, r.channel, messages.BinaryOptions{})
	if err != nil || r.form == textForm || len(r.frame) < gzipFrom {
		return opBinary, r.frame, err
	}
	r.zipped, err = messages.AppendBinary(r.zipped[:0], m, r.channel, messages.BinaryOptions{Gzip: true})
	if err != nil || len(r.zipped) < len(r.frame) {
		return opBinary, r.zipped, err
	}
	return opBinary, r.frame, nil
}

// withErrors adds the list that readers of SSE look for (protocol.md 8.7 rule 6).
func withErrors(e *messages.ErrorMessage) *messages.ErrorMessage {
	if len(e.Errors) > 0 {
		return e
	}
	c := *e
	item := messages.ErrorItem{Code: e.ErrorType, Context: map[string]any{}}
	if text := contextOf(e); text != nil {
		json.Unmarshal(text, &item.Context) // was JSON a moment ago
	}
	c.Errors = []messages.ErrorItem{item}
	return &c
}
