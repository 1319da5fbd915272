package messages

import "unicode/utf8"

// The top-level fields that some kind of message has.
const (
	fieldType = iota
	fieldChannel
	fieldEvent
	fieldTimestamp
	fieldHandle
	fieldProgress
	fieldAbortInfo
	fieldTraceID
	fieldTSID
	fieldProperties
	fieldMetadata
	fieldLogicalTimestamp
	fieldMessage
	fieldMaxDelay
	fieldData
	fieldError
	fieldCode
	fieldErrorType
	fieldContext
	fieldErrors
	fieldOrgID
	fieldUserID
	fieldComputationID
	fieldResult
	fieldCount
)

var fieldNames = [fieldCount]string{
	"type", "channel", "event", "timestampMs", "handle", "progress", "abortInfo", "traceId", "tsId", "properties",
	"metadata", "logicalTimestampMs", "message", "maxDelayMs", "data", "error", "code", "errorType", "context", "errors",
	"orgId", "userId", "computationId", "result",
}

// fieldOf is the inverse of fieldNames, -1 for any other name.
func fieldOf(name string) int {
	switch name {
	case "type":
		return fieldType
	case "channel":
		return fieldChannel
	case "event":
		return fieldEvent
	case "timestampMs":
		return fieldTimestamp
	case "handle":
		return fieldHandle
	case "progress":
		return fieldProgress
	case "abortInfo":
		return fieldAbortInfo
	case "traceId":
		return fieldTraceID
	case "tsId":
		return fieldTSID
	case "properties":
		return fieldProperties
	case "metadata":
		return fieldMetadata
	case "logicalTimestampMs":
		return fieldLogicalTimestamp
	case "message":
		return fieldMessage
	case "maxDelayMs":
		return fieldMaxDelay
	case "data":
		return fieldData
	case "error":
		return fieldError
	case "code":
		return fieldCode
	case "errorType":
		return fieldErrorType
	case "context":
		return fieldContext
	case "errors":
		return fieldErrors
	case "orgId":
		return fieldOrgID
	case "userId":
		return fieldUserID
	case "computationId":
		return fieldComputationID
	case "result":
		return fieldResult
	}
	return -1
}

// fields holds the values of the known top-level fields of one message, "" for
// those that are absent.
type fields [fieldCount]string

// index checks the whole text and notes its known fields; of a repeated one the
// last counts.
func (f *fields) index(text string) (class, detail string, offset int) {
	if !utf8.ValidString(text) {
		return ClassJSON, "JSON text is not valid UTF-8", -1
	}
	c := scanner{s: text}
	c.space()
	if c.i >= len(text) || text[c.i] != '{' {
		start := c.i
		if c.value() && c.end() {
			return ClassJSONType, "the message is " + kindName(text[start:]) + ", want an object", -1
		}
		return ClassJSON, "not valid JSON: " + c.fail, c.i
	}
	c.down()
	for first := true; ; first = false {
		key, at, more := c.member(first)
		if !more {
			break
		}
		if i := fieldOf(unescape(key)); i >= 0 {
			f[i] = text[at:c.i]
		}
	}
	if c.fail != "" || !c.end() {
		return ClassJSON, "not valid JSON: " + c.fail, c.i
	}
	return "", "", 0
}
