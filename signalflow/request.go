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

	// Overflow is the policy of this computation when its queue is full. Unset: the
	// client's, see [OnOverflow].
	Overflow OverflowPolicy `json:"-"`
}

// executeJSON is an execute request on the wire: what is unset is left out (protocol.md 2.1).
type executeJSON struct {
	Type       ExecuteType `json:"type"`
	Channel    string      `json:"channel,omitempty"`
	Program    string      `json:"program"`
	Start      int64       `json:"start,omitempty"`
	Stop       int64       `json:"stop,omitempty"`
	Resolution int64       `json:"resolution,omitempty"`
	MaxDelay   int64       `json:"maxDelay,omitempty"`
	Immediate  bool        `json:"immediate,omitempty"`
	Compress   bool        `json:"compress,omitempty"`
	Timezone   string      `json:"timezone,omitempty"`
}

func (er *ExecuteRequest) wire() executeJSON {
	return executeJSON{
		Channel:    er.Channel,
		Program:    er.Program,
		Start:      timeMs(er.Start, er.StartMs),
		Stop:       timeMs(er.Stop, er.StopMs),
		Resolution: durationMs(er.Resolution, er.ResolutionMs),
		MaxDelay:   durationMs(er.MaxDelay, er.MaxDelayMs),
		Immediate:  er.Immediate,
		Timezone:   er.Timezone,
	}
}

// MarshalJSON returns the request as it goes over the wire: times and durations in
// milliseconds, unset fields left out.
func (er ExecuteRequest) MarshalJSON() ([]byte, error) { return json.Marshal(er.wire()) }

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

type detachJSON struct {
	Type    DetachType `json:"type"`
	Channel string     `json:"channel"`
	Reason  string     `json:"reason,omitempty"`
}

// StopRequest ends a computation for everybody (protocol.md 2.10).
type StopRequest struct {
	// This should not be set manually
	Type   StopType `json:"type"`
	Handle string   `json:"handle"`
	Reason string   `json:"reason"`
}

type stopJSON struct {
	Type   StopType `json:"type"`
	Handle string   `json:"handle"`
	Reason string   `json:"reason,omitempty"`
}

// marshal encodes one of this package's own requests, which cannot fail.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("signalflow: marshal %T: %v", v, err))
	}
	return b
}
