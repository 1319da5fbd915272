package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Types of the requests that a Backend prepares (protocol.md 2).
const (
	ExecuteRequest   = "execute"
	PreflightRequest = "preflight"
	StartRequest     = "start"
	ExplainRequest   = "explain"
)

// Types of the requests that it does not see.
const (
	authenticateRequest = "authenticate"
	attachRequest       = "attach"
	stopRequest         = "stop"
	detachRequest       = "detach"
	keepaliveRequest    = "keepalive"
	feedbackRequest     = "feedback" // HTTP only
)

// maxChannelBytes is the room for a channel name in a binary header (protocol.md 4.2).
const maxChannelBytes = 16

// maxMaxDelay is the longest that a job may be told to wait for late input, with maxDelay or
// minDelay (protocol.md 2.4, language.md 6), in milliseconds.
const maxMaxDelay = 900_000

// Request is one client request with its fields in one form, however the client spelt them
// (protocol.md 2.1 and 2.13). Absent fields, zeros and empty strings are zero values.
type Request struct {
	Type    string // execute, stop, …
	Channel string
	Program string
	Args    map[string]any // programArgs, what the program reads as Args[…]; nil = none

	Start, Stop TimeSpec
	Resolution  time.Duration // the finest wanted; 0 = automatic
	MaxDelay    time.Duration // 0 = automatic
	MinDelay    time.Duration // shortest wait for late data; not documented for requests (language.md 4.1)
	Timezone    string        // a known IANA name; "" = UTC

	Immediate                 bool
	Compress                  bool
	Persistent                bool
	WithDerivedMetadata       bool
	ResolutionAdjustable      bool
	DisableAllMetricPublishes bool
	OffsetByMaxDelay          bool
	UsedByDetectorUI          bool
	UseCache                  bool

	// After is the logical time of the last data that the client has (protocol.md 6.6); zero =
	// it has none. The output begins behind it. HTTP only.
	After time.Time

	Handle     string // stop, keepalive, attach, feedback
	Filters    string // attach
	IncidentID string // explain
	Reason     string // stop, detach
	UserAgent  string // authenticate

	// Received is the text as it came. A token is cut out.
	Received json.RawMessage
}

// Range returns the asked time range, with relative times counted from now. A zero time
// means that the field was absent. A run that is resumed starts at After, so that it puts out
// what comes behind it, and at any rate before its stop.
func (r *Request) Range(now time.Time) (start, stop time.Time) {
	start, stop = r.Start.At(now), r.Stop.At(now)
	if r.After.IsZero() {
		return start, stop
	}
	from := r.After
	if from.After(now) {
		from = now
	}
	if !stop.IsZero() && !from.Before(stop) {
		from = stop.Add(-time.Millisecond)
	}
	if start.IsZero() || from.After(start) {
		start = from
	}
	return start, stop
}

// TimeSpec is a start or stop time: absolute, relative to the time of the request, or absent.
type TimeSpec struct {
	Ms   int64         // milliseconds since the Unix epoch; 0 when relative or absent
	Back time.Duration // how long before the request, when relative
	Text string        // a relative time as it was sent, such as "-15m"
}

// IsZero reports whether the field was absent.
func (t TimeSpec) IsZero() bool { return t == TimeSpec{} }

// At returns the time meant, or the zero time when the field was absent.
func (t TimeSpec) At(now time.Time) time.Time {
	switch {
	case t.IsZero():
		return time.Time{}
	case t.Text != "":
		return now.Add(-t.Back)
	}
	return time.UnixMilli(t.Ms)
}

// ParseRequest decodes the text of one request. The error is an *Error that names the field
// and its allowed values. The request is returned with an error too, as far as it was
// readable, so that the answer finds its channel.
func ParseRequest(text []byte) (*Request, error) {
	req := &Request{}
	var f fields
	if err := json.Unmarshal(text, &f.raw); err != nil || f.raw == nil {
		return req, badRequest("a request is one JSON object: %v", jsonFault(err))
	}
	// First what addresses an answer, then the rest.
	req.Type = f.text("type")
	req.Channel = f.text("channel")
	req.Received = withoutSecrets(req.Type, f.raw, text)
	if f.err != nil {
		return req, f.err
	}
	if req.Type == "" {
		return req, badRequest(`field "type" is missing`)
	}
	f.rest(req)
	if f.err == nil && req.needsChannel() {
		if err := checkChannel(req.Channel); err != nil {
			return req, err
		}
	}
	if f.err != nil {
		return req, f.err
	}
	return req, req.check()
}

// rest reads all fields but type and channel.
func (f *fields) rest(req *Request) {
	f.options(req)
	req.Program = f.text("program")
	req.Args = f.object("programArgs")
	req.Handle = f.text("handle")
	req.Filters = f.text("filters")
	req.IncidentID = f.text("incidentId")
	req.Reason = f.text("reason")
	req.UserAgent = f.text("userAgent")
}

// needsChannel tells whether a request over WebSocket has a channel. That of start may be
// left out.
func (r *Request) needsChannel() bool {
	switch r.Type {
	case ExecuteRequest, PreflightRequest, ExplainRequest, attachRequest, detachRequest:
		return true
	case StartRequest:
		return r.Channel != ""
	}
	return false
}

// options reads the fields of protocol.md 2.4.
func (f *fields) options(req *Request) {
	req.Start = f.moment("start")
	req.Stop = f.moment("stop")
	req.Resolution = f.millis("resolution", 1<<31-1)
	req.MaxDelay = f.millis("maxDelay", maxMaxDelay)
	req.MinDelay = f.millis("minDelay", maxMaxDelay)
	req.Timezone = f.text("timezone")
	req.Immediate = f.flag("immediate")
	req.Compress = f.flag("compress")
	req.Persistent = f.flag("persistent")
	req.WithDerivedMetadata = f.flag("withDerivedMetadata")
	req.ResolutionAdjustable = f.flag("resolutionAdjustable")
	req.DisableAllMetricPublishes = f.flag("disableAllMetricPublishes")
	req.OffsetByMaxDelay = f.flag("offsetByMaxDelay")
	req.UsedByDetectorUI = f.flag("usedByDetectorUI")
	req.UseCache = f.flag("useCache")
}

// check looks at what each type needs besides a channel (protocol.md 2.2 to 2.11).
func (r *Request) check() error {
	if r.Timezone != "" {
		// "Local" would mean the zone of this machine.
		if _, err := time.LoadLocation(r.Timezone); err != nil || r.Timezone == "Local" {
			return badRequest("field \"timezone\": unknown zone %q; use an IANA name such as Europe/Oslo", r.Timezone)
		}
	}
	if !r.Start.IsZero() && !r.Stop.IsZero() && (r.Start.Text == "") == (r.Stop.Text == "") {
		if err := r.checkRange(time.Time{}); err != nil {
			return err
		}
	}
	switch r.Type {
	case ExecuteRequest, StartRequest, PreflightRequest:
		if strings.TrimSpace(r.Program) == "" {
			return badRequest(`field "program" is missing or empty`)
		}
		if r.Type == PreflightRequest && (r.Start.IsZero() || r.Stop.IsZero()) {
			return badRequest(`preflight looks at a past range: fields "start" and "stop" are both needed`)
		}
	case ExplainRequest:
		if r.IncidentID == "" {
			return badRequest(`field "incidentId" is missing or empty`)
		}
	case attachRequest:
		if r.Resolution != 0 {
			return badRequest(`field "resolution": attach cannot change the resolution of a running computation; leave it out`)
		}
		fallthrough
	case stopRequest, keepaliveRequest:
		if r.Handle == "" {
			return badRequest("field \"handle\" is missing: %s names a computation by the handle of its JOB_START", r.Type)
		}
	}
	return nil
}

// checkRange holds start and stop against each other; an absent start is now.
func (r *Request) checkRange(now time.Time) error {
	start, stop := r.Start.At(now), r.Stop.At(now)
	if start.IsZero() {
		start = now
	}
	if stop.IsZero() || stop.After(start) {
		return nil
	}
	return badRequest("field \"stop\" (%s) must be later than \"start\" (%s)", r.Stop.describe("absent"), r.Start.describe("absent, so now"))
}

func (t TimeSpec) describe(absent string) string {
	switch {
	case t.IsZero():
		return absent
	case t.Text != "":
		return t.Text
	}
	return fmt.Sprint(t.Ms)
}

func checkChannel(name string) error {
	switch {
	case name == "":
		return badRequest(`field "channel" is missing or empty`)
	case len(name) > maxChannelBytes:
		return badRequest("field \"channel\": %s has %d bytes, allowed are 1 to %d", clip(name), len(name), maxChannelBytes)
	}
	for _, c := range []byte(name) {
		if c == 0 || c > 0x7f {
			return badRequest("field \"channel\": %q has a byte that is not ASCII or is NUL", name)
		}
	}
	return nil
}

// tokenOf returns the token of an authenticate request. It is kept out of Request, which
// people print and record.
func tokenOf(text []byte) (string, error) {
	var f fields
	if err := json.Unmarshal(text, &f.raw); err != nil {
		return "", badRequest("a request is one JSON object: %v", jsonFault(err))
	}
	token := f.text("token")
	if f.err == nil && token == "" {
		f.err = badRequest(`field "token" is missing or empty`)
	}
	return token, f.err
}

// withoutSecrets returns a copy of a request without the fields that are, or may be meant to
// be, a token: by their name in any request, and all but the known ones of authenticate.
func withoutSecrets(kind string, raw map[string]json.RawMessage, text []byte) json.RawMessage {
	clean := maps.Clone(raw)
	maps.DeleteFunc(clean, func(name string, _ json.RawMessage) bool {
		known := name == "type" || name == "userAgent"
		return strings.Contains(strings.ToLower(name), "token") || kind == authenticateRequest && !known
	})
	if len(clean) == len(raw) && kind != authenticateRequest {
		return slices.Clone(text)
	}
	text, err := json.Marshal(clean)
	if err != nil { // a map of valid JSON always encodes
		return json.RawMessage("{}")
	}
	return text
}
