package wire

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
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
	j.out = Output{job: j, q: c.box.newQueue(c.server.opt.MaxQueueBytes), compress: req.Compress}
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
	err := j.compute()
	j.finish(err)
	j.release()
	j.mu.Lock()
	j.over = true
	if j.unread != nil {
		j.unread.Stop()
	}
	j.mu.Unlock()
}

// compute prepares and runs the computation. A panic of the backend ends this computation
// and no other.
func (j *job) compute() (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.server.opt.Logger.Error("computation panicked", "handle", j.handle, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error in the computation")
		}
	}()
	computation, err := j.server.backend.Prepare(j.ctx, j.id, j.req)
	if err != nil {
		return err
	}
	now := j.nowMs()
	for _, m := range []messages.Message{messages.NewStreamStart(now), messages.NewJobStart(j.handle, now)} {
		if err := j.out.Send(m); err != nil {
			return err
		}
	}
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
		j.server.opt.Logger.Error("cannot end the channel", "handle", j.handle, "error", err)
	}
}

// release frees the channel name and the handle. It is called before the terminal message
// goes out, so that whoever has read that may use the name again.
func (j *job) release() {
	j.conn.release(j)
	j.server.release(j)
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
