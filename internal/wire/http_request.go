package wire

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parse reads the parts of an HTTP request: options from the query, the program from the
// body, the handle from the path (protocol.md 1.3). They become the fields of the same
// request over WebSocket.
func (x *exchange) parse() (*Request, error) {
	req := &Request{Type: x.kind, Received: json.RawMessage("{}")}
	raw, err := queryFields(x.r.URL.RawQuery)
	if err != nil {
		return req, err
	}
	raw["type"] = quoted(x.kind)
	if x.handle != "" {
		raw["handle"] = quoted(x.handle)
	}
	body, err := x.readBody()
	if err == nil {
		switch x.kind {
		case ExecuteRequest, PreflightRequest, StartRequest:
			err = x.readProgram(body, raw)
		}
	}
	text, _ := json.Marshal(raw) // a map of valid JSON
	req.Received = withoutSecrets(x.kind, raw, text)
	if err != nil {
		return req, err
	}
	f := fields{raw: raw}
	f.rest(req)
	if x.kind == ExecuteRequest || x.kind == StartRequest {
		req.After = afterEvent(x.r.Header.Get("Last-Event-ID"))
	}
	if f.err != nil {
		return req, f.err
	}
	return req, req.check()
}

// elsewhere are the fields of a request that do not come from the query over HTTP.
var elsewhere = []string{"type", "channel", "handle", "program", "programArgs", "userAgent", "compress"}

// textFields are always text, also if they look like a number.
var textFields = []string{"timezone", "reason", "filters", "incidentId"}

// queryFields reads the query. A parameter that is given twice may have been put there by
// somebody else, so it is refused.
func queryFields(query string) (map[string]json.RawMessage, error) {
	values, err := url.ParseQuery(query)
	if err != nil { // its text repeats the query
		return nil, badRequest("the query of the address is malformed")
	}
	raw := make(map[string]json.RawMessage, len(values)+3)
	for name, list := range values {
		if len(list) > 1 {
			return nil, badRequest("query parameter %s is given %d times", clip(name), len(list))
		}
		switch {
		case slices.Contains(elsewhere, name):
		case !slices.Contains(textFields, name) && isScalar(list[0]):
			raw[name] = json.RawMessage(list[0])
		default:
			raw[name] = quoted(list[0])
		}
	}
	return raw, nil
}

// isScalar tells whether a text is a JSON number or boolean as it stands.
func isScalar(text string) bool {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil || strings.TrimSpace(text) != text {
		return false
	}
	switch v.(type) {
	case float64, bool:
		return true
	}
	return false
}

func quoted(text string) json.RawMessage {
	b, _ := json.Marshal(text) // text always encodes
	return b
}

// readProgram adds the fields of the body: the program as plain text, or JSON with
// programText and programArgs.
func (x *exchange) readProgram(body []byte, raw map[string]json.RawMessage) error {
	kind, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil && x.r.Header.Get("Content-Type") != "" {
		return unsupported("the content type is malformed")
	}
	body, err = toUTF8(body, params["charset"])
	if err != nil {
		return err
	}
	switch kind {
	case "text/plain", "":
		raw["program"] = quoted(string(body))
		return nil
	case "application/json":
		return programOf(body, raw)
	}
	return unsupported("content type " + clip(kind) + " is not supported")
}

func unsupported(why string) *Error {
	return &Error{Code: 415, Type: TypeBadRequest, Message: why + "; send the program as text/plain in UTF-8, or application/json with programText and programArgs"}
}

// programOf reads a JSON body. A key that would be ignored is refused: options belong in the
// query.
func programOf(body []byte, raw map[string]json.RawMessage) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return badRequest("the body must be one JSON object: %v", jsonFault(err))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "programText":
			if v := string(fields[name]); v[0] != '"' && v != "null" {
				return badRequest("field %q must be a string, not %s", name, kindOf(fields[name]))
			}
			raw["program"] = fields[name]
		case "programArgs":
			raw[name] = fields[name]
		default:
			return badRequest("key %s in the body is not known; it takes programText and programArgs, options go into the query", clip(name))
		}
	}
	return nil
}

// readBody reads the body up to ReadLimit. ServeHTTP has set a time for that, which is over
// now: reading on tells when the client goes away.
func (x *exchange) readBody() ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, x.server.opt.ReadLimit))
	if err == nil && x.r.ContentLength != 0 {
		http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &Error{Code: 413, Type: TypeTooLarge, Message: "the body is longer than " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes"}
	case err != nil:
		return nil, badRequest("the body ended before it was complete")
	}
	return body, nil
}

// toUTF8 takes what clients send: UTF-8, or ISO-8859-1 if they say so.
func toUTF8(body []byte, charset string) ([]byte, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii":
		if !utf8.Valid(body) {
			return nil, badRequest("the body is not valid UTF-8")
		}
		return body, nil
	case "iso-8859-1", "latin1":
		text := make([]rune, len(body))
		for i, b := range body {
			text[i] = rune(b)
		}
		return []byte(string(text)), nil
	}
	return nil, unsupported("charset " + clip(charset) + " is not supported")
}

// afterEvent reads the id of the last event that a client has: that of a data event
// (protocol.md 5 and 6.6). Ids of another form are ignored.
func afterEvent(id string) time.Time {
	digits, ok := strings.CutPrefix(id, "data-")
	ms, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || ms > maxMoment {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}
