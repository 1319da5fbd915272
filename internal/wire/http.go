package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// routes are the requests that are served over HTTP (protocol.md 1.2), by the last part of
// the path, with their methods. The base path itself tells who asks whether the token is good.
var routes = map[string][]string{
	"connect":        {http.MethodGet},
	ExecuteRequest:   {http.MethodPost},
	PreflightRequest: {http.MethodPost},
	ExplainRequest:   {http.MethodPost},
	StartRequest:     {http.MethodPost},
	attachRequest:    {http.MethodPost},
	stopRequest:      {http.MethodPost},
	keepaliveRequest: {http.MethodPost},
	feedbackRequest:  {http.MethodGet, http.MethodHead},
	"":               {http.MethodGet, http.MethodHead},
}

// route splits a path, under whatever prefix, into the request and the handle it is about.
func route(path string) (kind, handle string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	kind = parts[len(parts)-1]
	switch kind {
	case "", "signalflow":
		return "", "", true
	case attachRequest, stopRequest, keepaliveRequest, feedbackRequest:
		if len(parts) > 1 {
			handle = parts[len(parts)-2]
		}
		return kind, handle, handle != ""
	}
	_, ok = routes[kind]
	return kind, "", ok
}

// ServeHTTP serves all requests of protocol.md 1.2, under any prefix: the WebSocket at
// …/connect, and over HTTP …/execute, …/preflight, …/explain and …/{id}/attach, which answer
// with an SSE stream, …/start, …/{id}/stop, …/{id}/keepalive and …/{id}/feedback, which answer
// with JSON. GET or HEAD of the base path is answered with 204 if the token is good. Errors
// are JSON: 401 for the token, 404, 405, 413, 415, 429, and what the backend says.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Before an answer the rest of the body is read, also if nobody wants it. Where there
		// are no deadlines the server around this one has its own.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.opt.WriteTimeout))
	}
	kind, handle, ok := route(r.URL.Path)
	if !ok {
		httpError(w, &Error{Code: 404, Type: TypeNotFound, Message: "nothing at " + clip(r.URL.Path) + "; there are /v2/signalflow/connect, /execute, /preflight, /start and others"})
		return
	}
	if methods := routes[kind]; !slices.Contains(methods, r.Method) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		httpError(w, &Error{Code: 405, Type: TypeBadRequest, Message: clip(r.URL.Path) + " takes " + strings.Join(methods, " or ")})
		return
	}
	if kind == "connect" {
		s.ServeWebSocket(w, r)
		return
	}
	if !s.enter() {
		httpError(w, errClosed)
		return
	}
	defer s.leave()
	x := &exchange{server: s, w: w, r: r, kind: kind, handle: handle}
	if err := x.serve(); err != nil {
		httpError(w, err)
	}
}

// exchange is one HTTP request and its answer.
type exchange struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	kind   string
	handle string
	id     Identity
}

// serve answers the request, or returns the error that is the answer. A panic of the backend
// stays here: what it says may hold a token.
func (x *exchange) serve() (err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			x.server.opt.Logger.Error("request panicked", "request", x.kind, "stack", string(debug.Stack()))
			err = errComputation
		}
	}()
	if err := x.authenticate(); err != nil {
		return err
	}
	switch x.kind {
	case "":
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	case StartRequest, stopRequest, keepaliveRequest, feedbackRequest:
		req, err := x.request(ConnInfo{SSE: true})
		if err != nil {
			return err
		}
		return x.answer(req)
	}
	return x.stream()
}

// authenticate reads the token from its header (protocol.md 1.3).
func (x *exchange) authenticate() error {
	token := x.r.Header.Get("X-SF-Token")
	if token == "" {
		return &Error{Code: 401, Type: TypeUnauthorized, Message: "the header X-SF-Token is missing"}
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.server.opt.AuthTimeout)
	defer cancel()
	id, err := x.server.backend.Authenticate(ctx, token)
	if err == nil {
		x.id = id
		return nil
	}
	x.server.opt.Logger.Warn("authentication refused", "request", x.kind)
	code := 401
	var e *Error
	if errors.As(err, &e) && e.Code == 403 {
		code = 403
	}
	return &Error{Code: code, Type: TypeUnauthorized, Message: refusal(err, token)}
}

// request reads the request and has it observed.
func (x *exchange) request(info ConnInfo) (*Request, error) {
	req, err := x.parse()
	if err == nil {
		err = req.checkRange(x.server.opt.Now())
	}
	if x.server.opt.Observe != nil {
		info.RemoteAddr, info.UserAgent = x.r.RemoteAddr, x.r.UserAgent()
		info.Authenticated, info.Identity = true, x.id
		x.server.opt.Observe(info, req, err)
	}
	return req, err
}

// answer serves what is answered with JSON.
func (x *exchange) answer(req *Request) error {
	if req.Type == StartRequest {
		return x.start(req)
	}
	j := x.server.job(req.Handle, x.id.OrgID)
	if j == nil {
		return notFound(req.Handle)
	}
	switch req.Type {
	case stopRequest:
		j.cancel(&StopError{Reason: req.Reason})
	case keepaliveRequest:
		j.touch()
	case feedbackRequest:
		httpJSON(x.w, http.StatusOK, j.feedback())
		return nil
	}
	x.answerID(j)
	return nil
}

// start answers with the handle once the program is accepted.
func (x *exchange) start(req *Request) error {
	j := x.server.newJob(x.id, req, 0)
	prepared := make(chan error, 1)
	j.prepared = func(err error) { prepared <- err }
	if err := x.server.start(j); err != nil {
		return err
	}
	select {
	case err := <-prepared:
		if err != nil {
			return err
		}
		x.answerID(j)
	case <-x.r.Context().Done(): // nobody hears the answer; the computation was asked for
	}
	return nil
}

func (x *exchange) answerID(j *job) {
	httpJSON(x.w, http.StatusOK, struct {
		ID string `json:"id"`
	}{j.handle})
}

func httpJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // fails if the client has gone
}

// httpError answers in the shape of protocol.md 1.3.
func httpError(w http.ResponseWriter, err error) {
	m := asMessage(err)
	body := struct {
		Code    int             `json:"code"`
		Type    string          `json:"errorType"`
		Message string          `json:"message"`
		Context json.RawMessage `json:"context,omitempty"`
	}{m.Error, m.ErrorType, m.Message, contextOf(m)}
	status := m.Error
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	httpJSON(w, status, body)
}

// contextOf returns the context of an error in the form of the messages, nil if it has none.
func contextOf(m *messages.ErrorMessage) json.RawMessage {
	var body struct {
		Context json.RawMessage `json:"context"`
	}
	text, err := messages.AppendText(nil, m, "")
	if err != nil || json.Unmarshal(text, &body) != nil { // a traceback that is no JSON; the message itself tells
		return nil
	}
	return body.Context
}
