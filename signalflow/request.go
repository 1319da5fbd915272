package signalflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// AuthType is the type field of an [AuthRequest]; it always marshals to "authenticate".
type AuthType string

// MarshalJSON returns "authenticate".
func (AuthType) MarshalJSON() ([]byte, error) { return []byte(`"authenticate"`), nil }

// ExecuteType is the type field of an [ExecuteRequest]; it always marshals to "execute".
type ExecuteType string

// MarshalJSON returns "execute".
func (ExecuteType) MarshalJSON() ([]byte, error) { return []byte(`"execute"`), nil }

// DetachType is the type field of a [DetachRequest]; it always marshals to "detach".
type DetachType string

// MarshalJSON returns "detach".
func (DetachType) MarshalJSON() ([]byte, error) { return []byte(`"detach"`), nil }

// StopType is the type field of a [StopRequest]; it always marshals to "stop".
type StopType string

// MarshalJSON returns "stop".
func (StopType) MarshalJSON() ([]byte, error) { return []byte(`"stop"`), nil }

// AuthRequest is the first request on a connection (protocol.md 2.2). The client sends it.
type AuthRequest struct {
	// This should not be set manually
	Type      AuthType `json:"type"`
	Token     string   `json:"token"`
	UserAgent string   `json:"userAgent,omitempty"`
}

// ExecuteRequest describes a computation to start (protocol.md 2.3 and 2.4). Only Program
// is needed. The client never writes into the request, so one value may start many
// computations.
type ExecuteRequest struct {
	// This should not be set manually
	Type    ExecuteType `json:"type"`
	Program string      `json:"program"`
	// Channel names the computation on its connection: 1 to 16 characters of ASCII, unique
	// among the client's live computations. Empty: ch-1, ch-2, … in turn.
	Channel string `json:"channel"`

	// Start and Stop bound the logical time that is computed; they win over StartMs and
	// StopMs when set. Unset: from now, for ever.
	Start time.Time `json:"-"`
	Stop  time.Time `json:"-"`
	// Resolution is the finest interval wanted; the server may choose a coarser one, see
	// [Computation.Resolution]. Rounded up to whole milliseconds. Unset: the server's choice.
	Resolution time.Duration `json:"-"`
	// MaxDelay is the longest wait for late input, at most 15 minutes. Rounded up to whole
	// milliseconds. Unset: the server adapts it to the lag that it sees.
	MaxDelay time.Duration `json:"-"`

	StartMs      int64 `json:"start"`      // milliseconds since the Unix epoch
	StopMs       int64 `json:"stop"`       // milliseconds since the Unix epoch
	ResolutionMs int64 `json:"resolution"` // milliseconds
	MaxDelayMs   int64 `json:"maxDelay"`   // milliseconds

	// Immediate pulls the stop time in, so that the run does not wait for data still to come.
	Immediate bool `json:"immediate"`
	// Timezone is the IANA name of the zone for calendar windows. Unset: UTC.
	Timezone string `json:"timezone"`

	// Args are what the program reads with Args.get('name'), for example "ui.dashboard_window": a
	// map[string]any, or whatever else encodes as a JSON object.
	Args any `json:"programArgs,omitempty"`

	// Persistent keeps the computation when its last reader is gone: until it is stopped,
	// reaches its stop time, or nobody has sent KeepAlive for a time of the server's choice.
	Persistent bool `json:"persistent,omitempty"`
	// WithDerivedMetadata asks for the custom properties and tags of the source series in
	// the metadata of the output.
	WithDerivedMetadata bool `json:"withDerivedMetadata,omitempty"`
	// ResolutionAdjustable lets the server coarsen the resolution that was asked for.
	ResolutionAdjustable bool `json:"resolutionAdjustable,omitempty"`
	// DisableAllMetricPublishes keeps published streams from being stored as metrics.
	DisableAllMetricPublishes bool `json:"disableAllMetricPublishes,omitempty"`
	// OffsetByMaxDelay, UsedByDetectorUI and UseCache are known by name only, from another
	// client's type definitions (protocol.md 2.4).
	OffsetByMaxDelay bool `json:"offsetByMaxDelay,omitempty"`
	UsedByDetectorUI bool `json:"usedByDetectorUI,omitempty"`
	UseCache         bool `json:"useCache,omitempty"`

	// Extra are further fields, which this package does not know: a map[string]any, or
	// whatever else encodes as a JSON object. Over HTTP they become parameters of the query.
	Extra any `json:"-"`

	// ResumeAfter is the last logical timestamp that is known already: output begins with
	// the next. It is the header Last-Event-ID over HTTP, which means data: events of that
	// timestamp that had not come yet may be left out. WebSocket has no such thing and leaves
	// it out, see [Client.Stream] for resuming on both.
	ResumeAfter time.Time `json:"-"`

	// Overflow is the policy of this computation when its queue is full. Unset: the
	// client's, see [OnOverflow].
	Overflow OverflowPolicy `json:"-"`
}

// encode returns the request, without its channel, as one of the kinds that take the options
// of protocol.md 2.4. The error is that of a value in Args or Extra.
func (er *ExecuteRequest) encode(kind requestKind) (request, error) {
	r := request{kind: kind}
	r.add(fieldProgram, er.Program)
	r.add("start", timeMs(er.Start, er.StartMs))
	r.add("stop", timeMs(er.Stop, er.StopMs))
	r.add("resolution", durationMs(er.Resolution, er.ResolutionMs))
	r.add("maxDelay", durationMs(er.MaxDelay, er.MaxDelayMs))
	r.add("immediate", er.Immediate)
	r.add("timezone", er.Timezone)
	r.add("persistent", er.Persistent)
	r.add("withDerivedMetadata", er.WithDerivedMetadata)
	r.add("resolutionAdjustable", er.ResolutionAdjustable)
	r.add("disableAllMetricPublishes", er.DisableAllMetricPublishes)
	r.add("offsetByMaxDelay", er.OffsetByMaxDelay)
	r.add("usedByDetectorUI", er.UsedByDetectorUI)
	r.add("useCache", er.UseCache)
	args, err := object("Args", er.Args)
	if err != nil {
		return r, err
	}
	if len(args) > 0 {
		r.add(fieldProgramArgs, json.RawMessage(marshal(args)))
	}
	return r, r.addExtra(er.Extra)
}

// MarshalJSON returns the request as it goes over the wire: times and durations in
// milliseconds, unset fields left out.
func (er ExecuteRequest) MarshalJSON() ([]byte, error) {
	r, err := er.encode(kindExecute)
	if err != nil {
		return nil, err
	}
	r = r.on(er.Channel)
	return r.body(), nil
}

// timeMs returns a time in milliseconds since the epoch. On the wire 0 means unset, so
// the epoch itself goes out as the millisecond after it, which is in the same slot.
func timeMs(t time.Time, ms int64) int64 {
	if t.IsZero() {
		return ms
	}
	if ms = t.UnixMilli(); ms == 0 {
		ms = 1
	}
	return ms
}

// durationMs rounds up, because a duration that is set must not become 0, which is unset.
func durationMs(d time.Duration, ms int64) int64 {
	if d == 0 {
		return ms
	}
	if d < 0 {
		return int64(d / time.Millisecond)
	}
	return int64((d-1)/time.Millisecond) + 1
}

func (er *ExecuteRequest) validate() error {
	if er == nil {
		return errors.New("signalflow: execute request is nil")
	}
	if er.Program == "" {
		return errors.New("signalflow: execute request has no program")
	}
	return er.validateOptions()
}

// validateOptions checks all but the program.
func (er *ExecuteRequest) validateOptions() error {
	if er.Overflow < 0 || er.Overflow > Block {
		return fmt.Errorf("signalflow: %d is no OverflowPolicy", er.Overflow)
	}
	if er.Resolution < 0 || er.ResolutionMs < 0 {
		return errors.New("signalflow: resolution is negative; leave it 0 for the server's choice")
	}
	if er.MaxDelay < 0 || er.MaxDelayMs < 0 {
		return errors.New("signalflow: max delay is negative; it goes from 0 to 15 minutes")
	}
	if er.Channel != "" {
		return validateChannel(er.Channel)
	}
	return nil
}

// validateRange checks what a preflight needs (protocol.md 2.5).
func (er *ExecuteRequest) validateRange() error {
	if er.Start.IsZero() && er.StartMs == 0 || er.Stop.IsZero() && er.StopMs == 0 {
		return errors.New("signalflow: preflight needs a Start and a Stop: it looks at a past range")
	}
	return nil
}

// validateChannel keeps to what fits the 16 bytes of a binary header (protocol.md 2.1).
func validateChannel(name string) error {
	if len(name) > 16 {
		return fmt.Errorf("signalflow: channel name %q has %d bytes, at most 16 fit", name, len(name))
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' {
			return fmt.Errorf("signalflow: channel name %q holds a character that is not printable ASCII", name)
		}
	}
	return nil
}

// DetachRequest ends a channel's output without stopping its computation for others
// (protocol.md 2.9).
type DetachRequest struct {
	// This should not be set manually
	Type    DetachType `json:"type"`
	Channel string     `json:"channel"`
	Reason  string     `json:"reason"`
}

func detachRequest(channel, reason string) request {
	r := request{kind: kindDetach}
	r.add("reason", reason)
	return r.on(channel)
}

// StopRequest ends a computation for everybody (protocol.md 2.10).
type StopRequest struct {
	// This should not be set manually
	Type   StopType `json:"type"`
	Handle string   `json:"handle"`
	Reason string   `json:"reason"`
}

func stopRequest(handle, reason string) request {
	r := request{kind: kindStop}
	r.add(fieldHandle, handle)
	r.add("reason", reason)
	return r
}

func keepAliveRequest(handle string) request {
	r := request{kind: kindKeepAlive}
	r.add(fieldHandle, handle)
	return r
}

// AttachRequest joins a computation that runs already (protocol.md 2.8).
type AttachRequest struct {
	// Handle names the computation, see [Computation.Handle] and [Client.Start].
	Handle string
	// Channel names the output on its connection, as in [ExecuteRequest].
	Channel string
	// Filters is a filter over the output in the form of the language, for example
	// filter('az', 'a1'). Unset: everything.
	Filters string
	// Resolution is the finest interval wanted. Unset: that of the computation.
	Resolution time.Duration
	// Overflow is the policy when the queue is full. Unset: the client's.
	Overflow OverflowPolicy
	// Extra are further fields, as in [ExecuteRequest].
	Extra any
}

func (ar *AttachRequest) validate() error {
	if ar == nil || ar.Handle == "" {
		return errors.New("signalflow: attach request has no handle")
	}
	options := ExecuteRequest{Channel: ar.Channel, Resolution: ar.Resolution, Overflow: ar.Overflow}
	return options.validateOptions()
}

func (ar *AttachRequest) encode() (request, error) {
	r := request{kind: kindAttach}
	r.add(fieldHandle, ar.Handle)
	r.add("filters", ar.Filters)
	r.add("resolution", durationMs(ar.Resolution, 0))
	return r, r.addExtra(ar.Extra)
}
