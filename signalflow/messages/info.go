package messages

import (
	"slices"
	"time"

	"github.com/signalfx/signalfx-go/idtool"
)

// InfoMessage is an information message about a computation (protocol.md 3.4).
// Any of them may be repeated.
type InfoMessage struct {
	BaseJSONChannelMessage
	LogicalTimestampMillis uint64 `json:"logicalTimestampMs"`
	MessageBlock           `json:"message"`
}

// LogicalTimestamp returns the logical time of the message, in the local zone.
func (im *InfoMessage) LogicalTimestamp() time.Time {
	return time.UnixMilli(int64(im.LogicalTimestampMillis))
}

// UnmarshalJSON decodes a whole information message; a missing type is taken as
// "message". The error is a *DecodeError.
func (im *InfoMessage) UnmarshalJSON(raw []byte) error {
	d := Decoder{}
	m, err := d.decodeJSON(string(raw), MessageType, "")
	if err != nil {
		return err
	}
	info, ok := m.(*InfoMessage)
	if !ok {
		return &DecodeError{Class: ClassJSONType, Type: m.Type(), Field: "type", Offset: -1,
			Detail: `field "type" is ` + quote(m.Type()) + `, want "message"`}
	}
	*im = *info
	return nil
}

// MessageBlock is the body of an information message.
type MessageBlock struct {
	TimestampedMessage // the logical time that the message is about

	Code               string `json:"messageCode"`  // such as JobRunningResolution; the set is open
	Level              string `json:"messageLevel"` // such as "INFO" or "WARNING"
	NumInputTimeseries int    `json:"numInputTimeSeries"`

	// Contents is a …Contents type for a known code and the plain map for others.
	// It is nil when absent, and holds whatever came when that was no object.
	Contents interface{} `json:"-"`

	// ContentsRaw is the contents as a map, nil when absent or no object.
	ContentsRaw map[string]interface{} `json:"contents"`

	BlockContexts      []BlockContext `json:"blockContexts"`      // places in the program, empty for the whole run
	BlockSerialNumbers []int          `json:"blockSerialNumbers"` // numbers of the program blocks
	TSIDs              []idtool.ID    `json:"tsIds"`              // input series concerned, for some codes
}

// BlockContext is a place in the program text, counted from 1.
type BlockContext struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// NewInfo returns an information message at a logical time in milliseconds since
// the Unix epoch. contents may be nil.
func NewInfo(code, level string, logicalMs int64, contents map[string]any) *InfoMessage {
	m := &InfoMessage{LogicalTimestampMillis: uint64(logicalMs)}
	m.Typ, m.Code, m.Level = MessageType, code, level
	m.MessageBlock.TimestampMillis = uint64(logicalMs)
	if contents != nil {
		m.ContentsRaw, m.Contents = contents, typedContents(code, contents)
	}
	return m
}

func (r *reading) info() Message {
	m := &InfoMessage{BaseJSONChannelMessage: r.base, LogicalTimestampMillis: r.millis(fieldLogicalTimestamp)}
	if r.get(fieldLogicalTimestamp) == "" {
		r.warn("logicalTimestampMs")
	}
	v := r.want(fieldMessage)
	if v == "" {
		return m
	}
	if kind(v) != '{' {
		r.wrongType("message", v, "an object")
		return m
	}
	r.block(v, &m.MessageBlock)
	return m
}

// block decodes the object of an information message.
func (r *reading) block(v string, b *MessageBlock) {
	contents := ""
	for it := membersOf(v); it.next(); {
		switch v := it.val; it.key {
		case "messageCode":
			if k := kind(v); k != '"' && k != 'n' {
				r.wrongType("message.messageCode", v, "a string")
				return
			}
			b.Code = r.names.str(r.strOf(v, ""))
		case "messageLevel":
			b.Level = r.names.str(r.strOf(v, "message.messageLevel"))
		case "timestampMs":
			b.TimestampMillis = uint64(r.intOf(v, "message.timestampMs"))
		case "numInputTimeSeries":
			b.NumInputTimeseries = r.smallIntOf(v, "message.numInputTimeSeries")
		case "contents":
			contents = notNull(v)
		case "blockContexts":
			b.BlockContexts = r.blockContexts(v)
		case "blockSerialNumbers":
			b.BlockSerialNumbers = r.blockNumbers(v)
		case "blockSerialNumber": // the form of 2016
			b.BlockSerialNumbers = []int{r.smallIntOf(v, "message.blockSerialNumber")}
		case "tsIds":
			b.TSIDs = r.tsids(v)
		}
	}
	if b.Code == "" {
		r.warn("message.messageCode")
	}
	r.contents(contents, b)
}

// contents decodes the contents, which depend on the code.
func (r *reading) contents(v string, b *MessageBlock) {
	switch kind(v) {
	case 0:
	case '{':
		b.ContentsRaw = objectValue(v, r.names)
		b.Contents = typedContents(b.Code, b.ContentsRaw)
	default:
		b.Contents = anyValue(v, r.names)
		if _, known := typedContents(b.Code, nil).(map[string]interface{}); !known {
			r.warn("message.contents")
		}
	}
}

func (r *reading) blockContexts(v string) (list []BlockContext) {
	const path = "message.blockContexts"
	if v = r.arrayOf(v, path); v == "" {
		return nil
	}
	for it := elementsOf(v); it.next(); {
		var b BlockContext
		object := r.objectOf(it.val, path)
		if object == "" {
			continue
		}
		for it := membersOf(object); it.next(); {
			switch it.key {
			case "line":
				b.Line = r.smallIntOf(it.val, path+".line")
			case "column":
				b.Column = r.smallIntOf(it.val, path+".column")
			}
		}
		list = append(list, b)
	}
	return list
}

func (r *reading) blockNumbers(v string) (list []int) {
	const path = "message.blockSerialNumbers"
	if v = r.arrayOf(v, path); v == "" {
		return nil
	}
	for it := elementsOf(v); it.next(); {
		list = append(list, r.smallIntOf(it.val, path))
	}
	return list
}

// tsids reads a list of tsIds and leaves out the bad ones.
func (r *reading) tsids(v string) (list []idtool.ID) {
	const path = "message.tsIds"
	if v = r.arrayOf(v, path); v == "" {
		return nil
	}
	bad := false
	for it := elementsOf(v); it.next(); {
		id, why := idtool.ID(0), "not a string"
		if kind(it.val) == '"' {
			id, why = parseTSID(stringValue(it.val))
		}
		if why != "" {
			bad = true
			continue
		}
		list = append(list, id)
	}
	if bad {
		r.warn(path)
	}
	return list
}

func (w *writing) info(m *InfoMessage) {
	w.base(MessageType, m.Chan, m.src)
	if w.keep(fieldLogicalTimestamp, m.LogicalTimestampMillis != 0) {
		w.int("logicalTimestampMs", int64(m.LogicalTimestampMillis))
	}
	w.open("message", '{')
	w.block(&m.MessageBlock)
	w.close('}')
}

// blockKeys are the members of a message block that this package knows.
var blockKeys = []string{
	"messageCode", "messageLevel", "timestampMs", "numInputTimeSeries", "contents",
	"blockContexts", "blockSerialNumbers", "blockSerialNumber", "tsIds",
}

func (w *writing) block(b *MessageBlock) {
	old := notNull(w.old[fieldMessage])
	had := keysOf(old)
	keep := func(name string, set bool) bool {
		return set || w.src == nil || slices.Contains(had, name)
	}
	w.str("messageCode", b.Code)
	if keep("messageLevel", b.Level != "") {
		w.str("messageLevel", b.Level)
	}
	if keep("timestampMs", b.TimestampMillis != 0) {
		w.int("timestampMs", int64(b.TimestampMillis))
	}
	if keep("numInputTimeSeries", b.NumInputTimeseries != 0) {
		w.int("numInputTimeSeries", int64(b.NumInputTimeseries))
	}
	switch {
	case b.ContentsRaw != nil:
		w.value("contents", b.ContentsRaw)
	case b.Contents != nil:
		w.value("contents", b.Contents)
	}
	if keep("blockContexts", len(b.BlockContexts) > 0) {
		w.blockContexts(b.BlockContexts)
	}
	if keep("blockSerialNumbers", len(b.BlockSerialNumbers) > 0) {
		w.blockNumbers(b.BlockSerialNumbers)
	}
	if len(b.TSIDs) > 0 || slices.Contains(had, "tsIds") {
		w.tsids(b.TSIDs)
	}
	w.others(old, blockKeys...)
}

func (w *writing) blockContexts(list []BlockContext) {
	w.open("blockContexts", '[')
	for _, c := range list {
		w.next('{')
		w.int("line", int64(c.Line))
		w.int("column", int64(c.Column))
		w.close('}')
	}
	w.close(']')
}

func (w *writing) blockNumbers(list []int) {
	w.open("blockSerialNumbers", '[')
	for _, n := range list {
		w.number(int64(n))
	}
	w.close(']')
}

func (w *writing) tsids(list []idtool.ID) {
	w.open("tsIds", '[')
	for _, id := range list {
		w.next('"')
		w.b = AppendTSID(w.b, id)
		w.close('"')
	}
	w.close(']')
}
