package wire

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// job is one running computation. Its goroutine belongs to the server, not to the
// connection, because a persistent computation outlives its reader.
type job struct {
	server *Server
	conn   *conn
	id     Identity
	req    *Request
	handle string
	ctx    context.Context
	cancel context.CancelCauseFunc
	out    Output

	mu     sync.Mutex
	unread *time.Timer // runs while a persistent computation has no reader
	over   bool
}

func newJob(c *conn, id Identity, req *Request) *job {
	j := &job{server: c.server, conn: c, id: id, req: req, handle: newHandle()}
	j.ctx, j.cancel = context.WithCancelCause(context.Background())
	q := c.box.newQueue(c.server.opt.MaxQueueBytes, func() { c.release(j) })
	j.out = Output{job: j, q: q, compress: req.Compress}
	return j
}

// newHandle makes an unguessable handle in the form of protocol.md 6.3.
func newHandle() string {
	var id [8]byte
	rand.Read(id[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// run is the goroutine of the job.
func (j *job) run() {
	defer j.server.ended()
	defer j.cancel(nil)
	err := errComputation // what it is if the backend ends the goroutine itself
	defer func() { j.end(err) }()
	err = j.compute()
}

// end says the last word and frees what the job has taken. The name of the channel is free
// when the writer takes that word, so that whoever has read it may use the name again, and
// nobody earlier: the messages of two computations would mix on one channel.
func (j *job) end(err error) {
	j.finish(err)
	j.server.release(j)
	j.conn.ended()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.over = true
	if j.unread != nil {
		j.unread.Stop()
	}
}

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
	now := j.nowMs()
	// These fail only where each later message does too, so Run finds out itself.
	j.out.Send(messages.NewStreamStart(now))
	j.out.Send(messages.NewJobStart(j.handle, now))
	return computation.Run(j.ctx, &j.out)
}

// finish sends the terminal message that the end of the computation calls for, unless the
// backend has sent one or nobody is there to read it.
func (j *job) finish(err error) {
	if j.out.ended {
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
	case errors.Is(cause, ErrDetached), errors.Is(cause, ErrDisconnected):
		return
	default:
		last = messages.NewChannelAbort("FAILED", cause.Error(), j.nowMs())
	}
	if err := j.out.send(last); err != nil && !errors.Is(err, ErrDisconnected) {
		j.server.opt.Logger.Error("cannot encode the end of a computation", "handle", j.handle, "error", err)
		j.out.send(asMessage(errComputation)) // the client waits for some end
	}
}

// loseReader is called when the channel is detached or its connection is gone.
func (j *job) loseReader(cause error) {
	j.out.q.drop()
	if !j.req.Persistent {
		j.cancel(cause)
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over && j.unread == nil {
		j.unread = time.AfterFunc(j.server.opt.PersistentGrace, func() { j.cancel(ErrUnread) })
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

// nowMs is at least 1, because control messages always have a timestamp (protocol.md 8.7).
func (j *job) nowMs() uint64 { return uint64(max(1, j.server.opt.Now().UnixMilli())) }
