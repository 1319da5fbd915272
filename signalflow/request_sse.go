package signalflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Kinds that only HTTP has.
const (
	kindConnect  requestKind = "connect"  // nothing but the token
	kindFeedback requestKind = "feedback" // what a computation has said so far
)

// maxAnswer bounds the body of an answer that is not a stream, in bytes.
const maxAnswer = 1 << 20

// call is one request to be answered over HTTP.
type call struct {
	request
	after  time.Time
	stream bool // the answer is a stream of events
}

// answer is a good answer: a stream with its body open, or all of another body.
type answer struct {
	resp *http.Response
	body []byte
}

// attemptError is an attempt that can be made again.
type attemptError struct {
	err     error
	reached bool // the server may have acted on it
}

func (e *attemptError) Error() string { return e.err.Error() }

// serverError is what the server says against a request, in the form of the protocol.
type serverError struct {
	message *messages.ErrorMessage
	size    int // of the answer, in bytes
}

func (e *serverError) Error() string { return e.message.Message }

// call sends a request until there is an answer, as long as the call may wait. The response
// of a stream lives as long as life.
func (t *sseTransport) call(ctx, life context.Context, c call) (answer, error) {
	wait, cancel := context.WithTimeout(ctx, t.conf.connectTimeout)
	defer cancel()
	defer context.AfterFunc(life, cancel)()
	var last error
	for pauses := (backoff{}); ; {
		if err := t.final(); err != nil {
			return answer{}, err
		}
		if wait.Err() != nil {
			return answer{}, t.gaveUp(life, last, ctx.Err())
		}
		a, err := t.attempt(wait, life, c)
		var failed *attemptError
		if !errors.As(err, &failed) {
			return a, err
		}
		if wait.Err() == nil {
			last = failed.err
			t.report(last)
		}
		if failed.reached && c.outlives() { // a second one would run beside the first
			return answer{}, t.gaveUp(life, fmt.Errorf("the program may have been started: %w", failed.err), ctx.Err())
		}
		sleep(wait, pauses.next(0))
	}
}

// outlives reports whether what a request begins goes on without its answer.
func (c *call) outlives() bool { return c.kind == kindStart || c.text("persistent") == "true" }

// gaveUp is the error of a call that waits no longer. Only the end of the client ends a
// response before it is there.
func (t *sseTransport) gaveUp(life context.Context, last, cause error) error {
	if life.Err() != nil {
		return ErrClosed
	}
	return &ConnectError{URL: shown(t.base), Last: last, Err: cause}
}

// attempt makes one request. The error is an *attemptError, an *AuthError or a *serverError.
func (t *sseTransport) attempt(wait, life context.Context, c call) (answer, error) {
	token := t.conf.token()
	if strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return answer{}, t.authError(0, "the token holds a line break or another control character")
	}
	ctx, cancel := context.WithCancel(life)
	var reached atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { reached.Store(true) }})
	stop := context.AfterFunc(wait, cancel)
	resp, err := t.http.RoundTrip(t.httpRequest(ctx, c, token))
	if err == nil && c.stream && resp.StatusCode == http.StatusOK {
		err = t.checkStream(resp)
		if err == nil && stop() {
			resp.Body = &endingBody{resp.Body, cancel}
			return answer{resp: resp}, nil
		}
	}
	defer cancel()
	defer stop()
	var body []byte
	if resp != nil {
		if err == nil {
			body, err = readAnswer(resp.Body)
		}
		if errors.Is(err, errLongAnswer) && resp.StatusCode >= 300 {
			body, err = nil, nil // of an error the status is enough
		}
		resp.Body.Close()
	}
	if err == nil {
		err = wait.Err()
	}
	if err != nil {
		return answer{}, &attemptError{t.attemptFailed(c, err), reached.Load()}
	}
	return t.judge(c, resp, body, token)
}

var errLongAnswer = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)

// readAnswer reads a whole body.
func readAnswer(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errLongAnswer
	}
	return body, err
}

// endingBody ends the request with its response.
type endingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *endingBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

func (t *sseTransport) attemptFailed(c call, err error) error {
	return fmt.Errorf("signalflow: %s at %s: %w", c.kind, t.base.Host, err)
}

// checkStream refuses a good answer that is no stream of events.
func (t *sseTransport) checkStream(resp *http.Response) error {
	coding := resp.Header.Get("Content-Encoding")
	if coding == "gzip" {
		return errors.New("the answer is compressed, which was not asked for; Compress(true) asks for it")
	}
	if coding != "" && coding != "identity" {
		return fmt.Errorf("the answer has the content coding %q, which was not asked for", t.conf.redact(coding))
	}
	kind := resp.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(kind); media == "text/event-stream" || kind == "" {
		return nil
	}
	return fmt.Errorf("the answer %s is %q instead of a stream of events; is the stream URL right?", resp.Status, t.conf.redact(kind))
}

// judge tells what a complete answer means.
func (t *sseTransport) judge(c call, resp *http.Response, body []byte, token string) (answer, error) {
	status := resp.StatusCode
	switch {
	case status == http.StatusUnauthorized:
		err := t.authError(status, t.reason(status, body))
		t.refuse(err, token)
		return answer{}, err
	case c.kind == kindConnect && (status < 500 || status == http.StatusNotImplemented):
		return answer{resp: resp}, nil
	case status >= 200 && status < 300 && !c.stream:
		return answer{resp: resp, body: body}, nil
	case status == http.StatusForbidden:
		return answer{}, t.authError(status, t.reason(status, body))
	case status >= 400 && status < 500:
		if m := errorAnswer(status, body); m != nil {
			return answer{}, &serverError{m, len(body)}
		}
	}
	err := fmt.Errorf("the server answers %d %s", status, http.StatusText(status))
	switch {
	case status >= 300 && status < 400:
		err = fmt.Errorf("%w, a redirect, which is not followed with a token; is the stream URL right?", err)
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		err = fmt.Errorf("%w; is the stream URL right?", err)
	}
	reached := status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests
	return answer{}, &attemptError{t.attemptFailed(c, err), reached}
}

func (t *sseTransport) authError(code int, reason string) *AuthError {
	return &AuthError{Code: code, Reason: reason, Realm: realmOf(t.base)}
}

// reason returns what an answer says about a refusal.
func (t *sseTransport) reason(status int, body []byte) string {
	if m := errorAnswer(status, body); m != nil && m.Message != "" {
		return t.conf.redact(m.Message)
	}
	return http.StatusText(status)
}

// errorAnswer reads the body of a refusal (protocol.md 1.3), nil when it is no JSON object.
func errorAnswer(status int, body []byte) *messages.ErrorMessage {
	var d messages.Decoder
	m, err := d.DecodeSSE(messages.SSEEvent{Name: messages.ErrorType, Data: body})
	if err != nil {
		return nil
	}
	e, ok := m.(*messages.ErrorMessage)
	if !ok {
		e = messages.NewError(status, "", "", nil)
	}
	if e.Error == 0 {
		e.Error = status
	}
	if e.Message == "" && e.ErrorType == "" && len(e.Errors) == 0 {
		e.Message = "the server answers " + http.StatusText(status)
	}
	return e
}

// httpRequest renders a request as method, path, query and body.
func (t *sseTransport) httpRequest(ctx context.Context, c call, token string) *http.Request {
	u := *t.base
	method := http.MethodPost
	steps := []string{string(c.kind)}
	switch c.kind {
	case kindConnect:
		method, steps = http.MethodHead, nil
	case kindFeedback:
		method = http.MethodGet
		fallthrough
	case kindAttach, kindStop, kindKeepAlive:
		steps = []string{c.text(fieldHandle), string(c.kind)}
	}
	u.RawPath = u.EscapedPath()
	for _, step := range steps {
		u.Path += "/" + step
		u.RawPath += "/" + url.PathEscape(step)
	}
	u.RawQuery = c.query(u.Query())
	body, contentType := c.content()
	req := &http.Request{Method: method, URL: &u, Host: u.Host, Header: t.conf.header.Clone(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	if body != nil {
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
		req.Header.Set("Content-Type", contentType)
	}
	t.setHeader(req.Header, c, token)
	return req.WithContext(ctx)
}

func (t *sseTransport) setHeader(h http.Header, c call, token string) {
	if token != "" {
		h.Set("X-SF-Token", token)
	}
	if t.conf.userAgent != "" {
		h.Set("User-Agent", t.conf.userAgent)
	}
	h.Set("Accept", "application/json, */*;q=0.5")
	if c.stream {
		h.Set("Accept", "text/event-stream")
	}
	if !c.after.IsZero() {
		h.Set("Last-Event-ID", "data-"+strconv.FormatInt(c.after.UnixMilli(), 10))
	}
}

// query adds the options to the query of the stream URL: every field that is not in the path
// or the body, and has a meaning over HTTP.
func (r *request) query(q url.Values) string {
	for _, f := range r.fields {
		switch f.name {
		case fieldChannel, fieldCompress, fieldProgram, fieldProgramArgs, fieldHandle:
		default:
			q.Set(f.name, f.text())
		}
	}
	return q.Encode()
}

// content returns the body and its type: the bare program, or JSON when it has arguments.
// Both are nil and "" for a request without a program.
func (r *request) content() (body []byte, contentType string) {
	program, args := r.text(fieldProgram), r.text(fieldProgramArgs)
	switch {
	case args != "":
		content := struct {
			ProgramText string          `json:"programText"`
			ProgramArgs json.RawMessage `json:"programArgs"`
		}{program, json.RawMessage(args)}
		return marshal(content), "application/json"
	case program != "":
		return []byte(program), "text/plain; charset=utf-8"
	}
	return nil, ""
}

// startedID reads the answer to start, whose form is not documented (protocol.md 1.2): an
// object with the id, the id as a JSON string, or bare.
func startedID(body []byte) (string, error) {
	var object struct{ ID, ComputationID, Handle string }
	var id string
	text := strings.TrimSpace(string(body))
	switch {
	case json.Unmarshal(body, &object) == nil:
		for _, id = range []string{object.ID, object.ComputationID, object.Handle} {
			if id != "" {
				break
			}
		}
	case json.Unmarshal(body, &id) == nil:
	case len(text) <= 256 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`{}[]<>"`, r) }):
		id = text
	}
	if id == "" {
		return "", errors.New("signalflow: the answer to start holds no id of a computation")
	}
	return id, nil
}
