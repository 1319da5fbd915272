package wire

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

func notFound(handle string) *Error {
	return &Error{Code: 404, Type: TypeNotFound, Message: fmt.Sprintf("no computation with the handle %s runs in this organization", clip(handle))}
}

// join adds a reader to a computation that runs already (protocol.md 2.8). It gets
// STREAM_START, JOB_START with the handle and the metadata of the series that are live, then
// what comes from now on: data from the next logical timestamp, and behind the first of it
// the latest information messages. An error means that it got nothing.
func (o *Output) join(r *reader) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.state != running:
		return notFound(o.job.handle)
	case o.past.limit < 0:
		return badRequest("this server keeps no metadata for further readers; execute the program again instead")
	case o.past.overflown:
		return &Error{Code: 429, Type: TypeTooLarge, Message: fmt.Sprintf("the metadata of the computation is more than the %d bytes that are kept for further readers; execute the program again instead", o.past.limit)}
	}
	r.stage, r.after = joining, -1
	if o.hasData {
		r.after = o.lastMs
	}
	now := o.job.nowMs()
	first := []messages.Message{messages.NewStreamStart(now), messages.NewJobStart(o.job.handle, now)}
	for _, id := range slices.SortedFunc(maps.Keys(o.past.series), func(a, b idtool.ID) int { return cmp.Compare(a, b) }) {
		m, err := messages.ParseMessage(o.past.series[id], true)
		if err != nil {
			return fmt.Errorf("metadata of %s: %w", id, err)
		}
		first = append(first, m)
	}
	switch err := pushAll(r, first); {
	case errors.Is(err, errFull):
		return &Error{Code: 429, Type: TypeTooLarge, Message: "the connection has no room for the metadata of the computation; read faster, or attach over another connection"}
	case err != nil:
		return err
	}
	o.readers = append(o.readers, r)
	o.job.read()
	return nil
}

// tell gives a reader the information messages so far. Callers hold mu.
func (o *Output) tell(r *reader) error {
	infos := make([]messages.Message, 0, len(o.past.infos))
	for _, i := range o.past.infos {
		m, err := messages.ParseMessage(i.text, true)
		if err != nil {
			return fmt.Errorf("information message: %w", err)
		}
		infos = append(infos, m)
	}
	if err := pushAll(r, infos); !errors.Is(err, errFull) {
		return err
	}
	return nil // they will be repeated; a reader that is so far behind has other worries
}

func pushAll(r *reader, list []messages.Message) error {
	var op byte
	payloads := make([][]byte, 0, len(list))
	for _, m := range list {
		if m = r.filtered(m); m == nil {
			continue
		}
		of, payload, err := r.encode(m)
		if err != nil {
			return err
		}
		op = of
		payloads = append(payloads, slices.Clone(payload))
	}
	return r.q.pushAll(op, payloads)
}

// remove takes a reader away, if it is still there. cause ends a computation that nobody
// reads any more, unless it may live on without.
func (o *Output) remove(r *reader, cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.Index(o.readers, r)
	if i < 0 {
		return
	}
	o.readers = slices.Delete(o.readers, i, i+1)
	o.unread(cause)
}

// unread looks whether somebody still reads. Callers hold mu.
func (o *Output) unread(cause error) {
	switch {
	case len(o.readers) > 0 || o.state == ended:
	case o.job.outlives:
		o.job.leave()
	default:
		o.state = deserted
		o.job.cancel(cause)
	}
}
