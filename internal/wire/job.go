package wire

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// job is one running computation. Its goroutine belongs to the server, not to a connection,
// because a computation may outlive its readers.
type job struct {
	server *Server
	origin uint64 // connection or response that asked for it; 0 over HTTP without a stream
	id     Identity
	req    *Request
	handle string
	ctx    context.Context
	cancel context.CancelCauseFunc
	out    Output

	outlives bool        // goes on without readers: persistent, or in the background
	prepared func(error) // told once whether the request was accepted; nil: an error goes to the readers
	onEnd    func()      // called when it has returned; may be nil

	mu     sync.Mutex
	unread *time.Timer // runs while a computation that outlives its readers has none
	over   bool
}

// newJob makes a computation without readers.
func (s *Server) newJob(id Identity, req *Request, origin uint64) *job {
	j := &job{server: s, origin: origin, id: id, req: req, handle: newHandle()}
	j.outlives = req.Persistent || req.Type == StartRequest
	j.ctx, j.cancel = context.WithCancelCause(context.Background())
	j.out.job = j
	j.out.past.limit = s.opt.MaxAttachBytes
	return j
}

// firstReader adds the reader that asked for the computation, before it runs.
func (j *job) firstReader(r *reader) {
	if !j.req.After.IsZero() {
		r.stage, r.after, r.resuming = joining, j.req.After.UnixMilli(), true
	}
	j.out.readers = append(j.out.readers, r)
}

// newHandle makes an unguessable handle in the form of protocol.md 6.3.
func newHandle() string {
	var id [8]byte
	rand.Read(id[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// run is the goroutine of the job.
func (j *job) run() {
	defer j.server.ended(j)
	defer j.cancel(nil)
	err := errComputation // what it is if the backend ends the goroutine itself
	defer func() { j.end(err) }()
	if j.req.Type == StartRequest {
		j.leave()
	}
	err = j.compute()
}

// end says the last word and frees what the job has taken. The name of a channel is free
// when the writer takes that word, so that whoever has read it may use the name again, and
// nobody earlier: the messages of two computations would mix on one channel.
func (j *job) end(err error) {
	j.announce(err) // if it never came to that
	j.finish(err)
	j.server.release(j)
	if j.onEnd != nil {
		j.onEnd()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.over = true
	if j.unread != nil {
		j.unread.Stop()
	}
}

// announce tells whoever waits for it whether the request was accepted.
func (j *job) announce(err error) {
	tell := j.prepared
	if tell == nil {
		return
	}
	j.prepared = nil
	if err != nil && errors.Is(context.Cause(j.ctx), ErrShutdown) {
		err = errClosed
	}
	tell(err)
}

// errClosed answers requests that come too late.
var errClosed = &Error{Code: 503, Type: TypeInternalError, Message: ErrShutdown.Error()}

// errComputation hides from the client how the backend failed.
var errComputation = errors.New("internal error in the computation")

// compute prepares and runs the computation. A panic of the backend ends this computation
// and no other.
func (j *job) compute() (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.server.opt.Logger.Error("computation panicked", "handle", j.handle, "panic", p, "stack", string(debug.Stack()))
			err = errComputation
		}
	}()
	computation, err := j.server.backend.Prepare(j.ctx, j.id, j.req)
	if err != nil {
		return err
	}
	j.begin()
	return computation.Run(j.ctx, &j.out)
}

// begin lets readers know, and further ones join.
func (j *job) begin() {
	j.out.mu.Lock()
	if j.out.state == preparing {
		j.out.state = running
	}
	j.out.mu.Unlock()
	now := j.nowMs()
	// These fail only where each later message does too, so Run finds out itself.
	j.out.send(messages.NewStreamStart(now), nil)
	j.out.send(messages.NewJobStart(j.handle, now), nil)
	j.announce(nil)
}

// finish sends the terminal message that the end of the computation calls for, unless the
// backend has sent one. Readers that are gone do not get it, and nobody does when the server
// ends: clients resume what is lost with its connection, but not what was aborted
// (protocol.md 6.6).
func (j *job) finish(err error) {
	if j.out.over {
		return
	}
	var last messages.Message
	var stop *StopError
	switch cause := context.Cause(j.ctx); {
	case cause == nil && err == nil:
		last = messages.NewEndOfChannel(j.nowMs())
	case cause == nil:
		last = asMessage(err)
	case errors.As(cause, &stop):
		last = messages.NewChannelAbort("STOPPED", stop.Reason, j.nowMs())
	default:
		if errors.Is(cause, ErrShutdown) {
			j.out.desert()
		}
		last = messages.NewChannelAbort("FAILED", cause.Error(), j.nowMs())
	}
	if err := j.out.send(last, nil); err != nil {
		j.server.opt.Logger.Error("cannot encode the end of a computation", "handle", j.handle, "error", err)
		j.out.send(asMessage(errComputation), nil) // the client waits for some end
	}
}

// leave starts the time that a computation may live without a reader.
func (j *job) leave() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over && j.unread == nil {
		j.unread = time.AfterFunc(j.server.opt.PersistentGrace, func() { j.cancel(ErrUnread) })
	}
}

// read ends that time: there is a reader again.
func (j *job) read() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.unread != nil {
		j.unread.Stop()
		j.unread = nil
	}
}

// touch is a keepalive request: the time without a reader counts anew.
func (j *job) touch() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over && j.unread != nil {
		j.unread.Reset(j.server.opt.PersistentGrace)
	}
}

// feedback is the answer to a feedback request, a form of our own (protocol.md 1.2): the
// state of the computation, "running" as a rule, how many readers it has, the logical time of its last data in
// milliseconds (0 before the first), and the latest information messages, one of each kind
// and place of the program.
func (j *job) feedback() any {
	o := &j.out
	o.mu.Lock()
	defer o.mu.Unlock()
	state := map[runState]string{preparing: "preparing", running: "running", ended: "ended", deserted: "ending"}[o.state]
	infos := make([]json.RawMessage, 0, len(o.past.infos))
	for _, i := range o.past.infos {
		infos = append(infos, i.text)
	}
	return struct {
		ID       string            `json:"id"`
		State    string            `json:"state"`
		Readers  int               `json:"readers"`
		LastMs   int64             `json:"logicalTimestampMs"`
		Messages []json.RawMessage `json:"messages"`
	}{j.handle, state, len(o.readers), o.lastMs, infos}
}

// nowMs is at least 1, because control messages always have a timestamp (protocol.md 8.7).
func (j *job) nowMs() uint64 { return uint64(max(1, j.server.opt.Now().UnixMilli())) }
