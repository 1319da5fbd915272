package wire

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// keepAliveComment tells the reader of an SSE response that it still stands, at its beginning
// and then once a period.
const keepAliveComment = ": keep-alive\n\n"

// response is an SSE response (protocol.md 5). It is written by the goroutine of ServeHTTP.
type response struct {
	server  *Server
	id      uint64
	request *http.Request
	who     Identity
	w       http.ResponseWriter
	control *http.ResponseController
	box     *outbox
	fuse    fuse
	ctx     context.Context // ends when the client goes away, or with kill
	cancel  context.CancelFunc

	mu     sync.Mutex
	killed bool
	done   bool // ServeHTTP has returned; the writer is of no use any more
}

// stream answers with the output of a computation, a new one or one that runs already. The
// end of the response is a detach.
func (x *exchange) stream() error {
	p := &response{
		server: x.server, id: x.server.nextID(), request: x.r, who: x.id, w: x.w,
		control: http.NewResponseController(x.w), box: newOutbox(x.server.opt.MaxConnectionBytes),
	}
	p.ctx, p.cancel = context.WithCancel(x.r.Context())
	defer p.cancel()
	req, err := x.request(ConnInfo{ID: p.id, SSE: true, Channels: 1})
	if err != nil {
		return err
	}
	if err := x.server.addResponse(p); err != nil {
		return err
	}
	defer x.server.removeResponse(p)
	defer p.finish()
	r, err := x.open(p, req)
	if err == nil {
		p.write()
		r.lose(p.cause())
	}
	if p.cause() == ErrDisconnected {
		panic(http.ErrAbortHandler) // the way to cut a response short
	}
	return err
}

// open finds or starts the computation whose output is asked for. An error is the answer;
// without one, the response may begin.
func (x *exchange) open(p *response, req *Request) (*reader, error) {
	if req.Type == attachRequest {
		return x.attach(p, req)
	}
	j := x.server.newJob(x.id, req, p.id)
	r := p.newReader(j)
	prepared := make(chan error, 1)
	j.prepared = func(err error) { prepared <- err }
	j.firstReader(r)
	if err := x.server.start(j); err != nil {
		return nil, err
	}
	select {
	case err := <-prepared:
		return r, err
	case <-p.ctx.Done():
		r.lose(p.cause())
		return nil, errGone // read by nobody
	}
}

func (x *exchange) attach(p *response, req *Request) (*reader, error) {
	j := x.server.job(req.Handle, x.id.OrgID)
	if j == nil {
		return nil, notFound(req.Handle)
	}
	r := p.newReader(j)
	if err := x.server.filter(p.ctx, x.id, req, r); err != nil {
		return nil, err
	}
	return r, j.out.join(r)
}

func (p *response) newReader(j *job) *reader {
	r := &reader{job: j, form: sseForm}
	r.q = p.box.newQueue(p.server.opt.MaxQueueBytes, p.box.seal)
	return r
}

// write sends what comes until the terminal message is out or the client has gone.
func (p *response) write() {
	header := p.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // a proxy is not to hold events back
	p.w.WriteHeader(http.StatusOK)
	defer context.AfterFunc(p.ctx, p.box.fail)()
	p.keepAlive() // clients that know of them notice a response that has died
	err := p.box.drain(p.server.opt.KeepAlive, p.keepAlive, p.writeOnce)
	if err != nil {
		if p.ctx.Err() == nil && err != errCut {
			p.server.opt.Logger.Warn("response given up", "connection", p.id, "error", err)
		}
		p.kill()
	}
}

func (p *response) keepAlive() { p.box.first.push(opNone, []byte(keepAliveComment), false) }

// writeOnce writes whole events at once and sends them off.
func (p *response) writeOnce(events []byte) error {
	n, cut := p.fuse.burn(len(events))
	if !p.setDeadline() {
		return errCut
	}
	if _, err := p.w.Write(events[:n]); err != nil {
		return err
	}
	if err := p.control.Flush(); err != nil {
		return err
	}
	if cut {
		return errCut
	}
	return nil
}

// setDeadline gives the next write its time; it refuses after kill. A writer without
// deadlines has those of the server around it.
func (p *response) setDeadline() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.killed {
		p.control.SetWriteDeadline(time.Now().Add(p.server.opt.WriteTimeout))
	}
	return !p.killed
}

// kill cuts the response as a network failure does. A write that is under way fails.
func (p *response) kill() {
	p.mu.Lock()
	p.killed = true
	if !p.done {
		p.control.SetWriteDeadline(time.Now())
	}
	p.mu.Unlock()
	p.cancel()
	p.box.fail()
}

func (p *response) killAfter(bytes int64) { p.fuse.light(bytes) }

// endPolitely lets what waits be written, and nothing else.
func (p *response) endPolitely() { p.box.close(nil, false) }

func (p *response) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
}

// cause is why the reader is lost: over HTTP, going away is a detach (protocol.md 1.2).
func (p *response) cause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return ErrDisconnected
	}
	return ErrDetached
}

func (p *response) info() ConnInfo {
	return ConnInfo{
		ID: p.id, SSE: true, RemoteAddr: p.request.RemoteAddr, Authenticated: true,
		Identity: p.who, UserAgent: p.request.UserAgent(), Channels: 1,
	}
}

// addResponse lists a response until removeResponse, unless its organization has too many.
func (s *Server) addResponse(p *response) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	org, most := p.who.OrgID, s.opt.MaxResponses
	switch {
	case s.closed: // nobody would cut it
		return errClosed
	case most > 0 && s.responses[org] >= most:
		return &Error{Code: 429, Type: TypeTooManyJobs, Message: fmt.Sprintf("too many responses are open (limit %d)", most)}
	}
	s.responses[org]++
	s.links[p.id] = p
	return nil
}

func (s *Server) removeResponse(p *response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	decrease(s.responses, p.who.OrgID)
	delete(s.links, p.id)
}
