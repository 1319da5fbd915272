package messages

import (
	"encoding/json"
	"math"
	"strconv"
)

// BaseControlMessage is the base of control messages, and the whole message for
// an event that this package does not know.
type BaseControlMessage struct {
	BaseJSONChannelMessage
	TimestampedMessage
	Event string `json:"event"`
}

// StreamStartControlMessage is the first message of a channel.
type StreamStartControlMessage struct {
	BaseControlMessage
	TraceID string `json:"traceId"` // "" when absent
}

// JobStartControlMessage gives the handle of a computation, which its later
// requests need.
type JobStartControlMessage struct {
	BaseControlMessage
	Handle string `json:"handle"`
}

// JobProgressControlMessage tells how far a computation is primed with history.
type JobProgressControlMessage struct {
	BaseControlMessage
	Progress float64 `json:"progress"` // per cent, 0 to 100
}

// EndOfChannelControlMessage is the normal end of a channel.
type EndOfChannelControlMessage struct {
	BaseControlMessage
}

// ChannelAbortControlMessage is the end of a computation before its time, by a
// fault or by a stop request.
type ChannelAbortControlMessage struct {
	BaseControlMessage
	AbortInfo AbortInfo `json:"abortInfo"`
}

// AbortInfo says why a channel was aborted.
type AbortInfo struct {
	State  string          `json:"sf_job_abortState"`  // such as "STOPPED"; "" when absent
	Reason string          `json:"sf_job_abortReason"` // free text; "" when absent
	Raw    json.RawMessage `json:"-"`                  // the whole object as it came; nil when absent
}

// KeepAliveControlMessage tells that the connection is alive. It has no channel,
// and may have no type.
type KeepAliveControlMessage struct {
	BaseControlMessage
}

// NewControl returns a control message with the given event, at a time in
// milliseconds since the Unix epoch.
func NewControl(event string, timestampMs uint64) *BaseControlMessage {
	m := new(BaseControlMessage)
	m.Typ, m.Event, m.TimestampMillis = ControlMessageType, event, timestampMs
	return m
}

// NewStreamStart returns the first message of a channel.
func NewStreamStart(timestampMs uint64) *StreamStartControlMessage {
	return &StreamStartControlMessage{BaseControlMessage: *NewControl(StreamStartEvent, timestampMs)}
}

// NewJobStart returns the message that gives the handle of a computation.
func NewJobStart(handle string, timestampMs uint64) *JobStartControlMessage {
	return &JobStartControlMessage{BaseControlMessage: *NewControl(JobStartEvent, timestampMs), Handle: handle}
}

// NewJobProgress returns a progress message, in per cent.
func NewJobProgress(percent float64, timestampMs uint64) *JobProgressControlMessage {
	return &JobProgressControlMessage{BaseControlMessage: *NewControl(JobProgressEvent, timestampMs), Progress: percent}
}

// NewEndOfChannel returns the normal end of a channel.
func NewEndOfChannel(timestampMs uint64) *EndOfChannelControlMessage {
	return &EndOfChannelControlMessage{BaseControlMessage: *NewControl(EndOfChannelEvent, timestampMs)}
}

// NewChannelAbort returns the end of a channel before its time.
func NewChannelAbort(state, reason string, timestampMs uint64) *ChannelAbortControlMessage {
	return &ChannelAbortControlMessage{
		BaseControlMessage: *NewControl(ChannelAbortEvent, timestampMs),
		AbortInfo:          AbortInfo{State: state, Reason: reason},
	}
}

// NewKeepAlive returns a keep-alive of the connection.
func NewKeepAlive(timestampMs uint64) *KeepAliveControlMessage {
	return &KeepAliveControlMessage{BaseControlMessage: *NewControl(KeepAliveEvent, timestampMs)}
}

// abortChannelEvent is a name for CHANNEL_ABORT that one client expects.
const abortChannelEvent = "ABORT_CHANNEL"

func (r *reading) control() Message {
	event := r.wantString(fieldEvent)
	base := BaseControlMessage{BaseJSONChannelMessage: r.base, Event: event}
	base.TimestampMillis = r.millis(fieldTimestamp)
	switch event {
	case StreamStartEvent:
		return &StreamStartControlMessage{BaseControlMessage: base, TraceID: r.str(fieldTraceID)}
	case JobStartEvent:
		return &JobStartControlMessage{BaseControlMessage: base, Handle: r.wantString(fieldHandle)}
	case JobProgressEvent:
		return &JobProgressControlMessage{BaseControlMessage: base, Progress: r.progress()}
	case EndOfChannelEvent:
		return &EndOfChannelControlMessage{BaseControlMessage: base}
	case ChannelAbortEvent, abortChannelEvent:
		base.Event = ChannelAbortEvent
		return &ChannelAbortControlMessage{BaseControlMessage: base, AbortInfo: r.abortInfo()}
	case KeepAliveEvent:
		return &KeepAliveControlMessage{BaseControlMessage: base}
	}
	return &base
}

func (r *reading) progress() float64 {
	v := r.want(fieldProgress)
	if v == "" {
		return 0
	}
	f, err := strconv.ParseFloat(v, 64)
	if kind(v) != '0' || err != nil || math.IsInf(f, 0) {
		r.wrongType("progress", v, "a number")
	}
	return f
}

func (r *reading) abortInfo() (a AbortInfo) {
	v := r.objectOf(r.fields[fieldAbortInfo], "abortInfo")
	if v == "" {
		return a
	}
	a.Raw = json.RawMessage(v)
	for it := membersOf(v); it.next(); {
		switch it.key {
		case "sf_job_abortState":
			a.State = r.strOf(it.val, "abortInfo.sf_job_abortState")
		case "sf_job_abortReason":
			a.Reason = r.strOf(it.val, "abortInfo.sf_job_abortReason")
		}
	}
	return a
}

// control writes the fields that every control message has. event is the one that
// the Go type stands for, "" for the unknown.
func (w *writing) control(m *BaseControlMessage, event string) {
	w.source(m.src)
	switch {
	case m.Typ == "" && (event == KeepAliveEvent || m.Event == KeepAliveEvent):
	case event == KeepAliveEvent:
		w.typeName(m.Typ)
	default:
		w.typeName(ControlMessageType)
	}
	w.channelName(m.Chan)
	if event == "" {
		event = m.Event
	}
	w.str("event", event)
	if w.keep(fieldTimestamp, m.TimestampMillis != 0) {
		w.int("timestampMs", int64(m.TimestampMillis))
	}
}

func (w *writing) streamStart(m *StreamStartControlMessage) {
	w.control(&m.BaseControlMessage, StreamStartEvent)
	if w.had(fieldTraceID) || m.TraceID != "" {
		w.str("traceId", m.TraceID)
	}
}

func (w *writing) jobStart(m *JobStartControlMessage) {
	w.control(&m.BaseControlMessage, JobStartEvent)
	w.str("handle", m.Handle)
}

func (w *writing) jobProgress(m *JobProgressControlMessage) {
	w.control(&m.BaseControlMessage, JobProgressEvent)
	w.float("progress", m.Progress)
}

func (w *writing) channelAbort(m *ChannelAbortControlMessage) {
	w.control(&m.BaseControlMessage, ChannelAbortEvent)
	a := &m.AbortInfo
	if w.keep(fieldAbortInfo, a.State != "" || a.Reason != "") {
		w.open("abortInfo", '{')
		w.str("sf_job_abortState", a.State)
		w.str("sf_job_abortReason", a.Reason)
		w.others(string(a.Raw), "sf_job_abortState", "sf_job_abortReason")
		w.close('}')
	}
}
