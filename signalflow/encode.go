package signalflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// request is one request in the form that both transports render: over WebSocket it is one
// JSON object, over HTTP a path, a query and a body (protocol.md 1.3 and 2).
type request struct {
	kind   requestKind
	fields []field // in order, without the type; what is unset is left out
}

// requestKind is the type of a request.
type requestKind string

const (
	kindAuthenticate requestKind = "authenticate"
	kindExecute      requestKind = "execute"
	kindPreflight    requestKind = "preflight"
	kindExplain      requestKind = "explain"
	kindStart        requestKind = "start"
	kindAttach       requestKind = "attach"
	kindDetach       requestKind = "detach"
	kindStop         requestKind = "stop"
	kindKeepAlive    requestKind = "keepalive"
)

// Names of the fields that the HTTP transport does not put into the query.
const (
	fieldChannel     = "channel"
	fieldProgram     = "program"
	fieldProgramArgs = "programArgs"
	fieldHandle      = "handle"
	fieldCompress    = "compress"
)

// field is one field of a request. The value is a string, an int64, a bool, or JSON.
type field struct {
	name  string
	value any
}

// on returns the request with a channel; "" is none.
func (r request) on(channel string) request {
	if channel != "" {
		r.fields = slices.Insert(slices.Clone(r.fields), 0, field{fieldChannel, channel})
	}
	return r
}

// add adds a field unless its value is unset: "", 0, false or nil (protocol.md 2.1).
func (r *request) add(name string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case int64:
		if v == 0 {
			return
		}
	case bool:
		if !v {
			return
		}
	case json.RawMessage:
		if v == nil {
			return
		}
	}
	r.fields = append(r.fields, field{name, value})
}

// addExtra adds fields that this package does not know, in the order of their names.
func (r *request) addExtra(extra any) error {
	members, err := object("Extra", extra)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if known[name] {
			return fmt.Errorf("signalflow: Extra of a request holds %q, which has a field of its own", name)
		}
		r.add(name, members[name])
	}
	return nil
}

// object returns the members of a value that encodes as a JSON object; nil has none.
func object(what string, v any) (members map[string]json.RawMessage, err error) {
	if v == nil {
		return nil, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("signalflow: %s of a request: %w", what, err)
	}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("signalflow: %s of a request must be an object, such as a map[string]any, not %T", what, v)
	}
	return members, nil
}

// known are the names that Extra may not hold.
var known = map[string]bool{
	"type": true, "token": true, "incidentId": true, "filters": true, "reason": true,
	fieldChannel: true, fieldProgram: true, fieldProgramArgs: true, fieldHandle: true, fieldCompress: true,
	"start": true, "stop": true, "resolution": true, "maxDelay": true, "immediate": true, "timezone": true,
	"persistent": true, "withDerivedMetadata": true, "resolutionAdjustable": true,
	"disableAllMetricPublishes": true, "offsetByMaxDelay": true, "usedByDetectorUI": true, "useCache": true,
}

// text returns a field as text, "" when it is not there.
func (r *request) text(name string) string {
	for _, f := range r.fields {
		if f.name == name {
			return f.text()
		}
	}
	return ""
}

// text returns the value as it goes into a query.
func (f field) text() string {
	switch v := f.value.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case json.RawMessage:
		var s string
		if json.Unmarshal(v, &s) == nil {
			return s
		}
		return string(v)
	}
	panic(fmt.Sprintf("signalflow: a field holds a %T", f.value))
}

// body returns the request as one JSON object, for a WebSocket text frame.
func (r *request) body() []byte {
	b := append([]byte(`{"type":`), marshal(string(r.kind))...)
	for _, f := range r.fields {
		b = append(append(append(b, ','), marshal(f.name)...), ':')
		b = append(b, marshal(f.value)...)
	}
	return append(b, '}')
}

// marshal encodes a value of this package's own, which cannot fail.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("signalflow: marshal %T: %v", v, err))
	}
	return b
}
