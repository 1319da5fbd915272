package messages

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
)

// typedView builds the normalised form of a message as vectors.json has it, out
// of the typed fields only.
func typedView(m Message) map[string]any {
	v := map[string]any{"type": m.Type()}
	if c, ok := m.(ChannelMessage); ok {
		v["channel"] = c.Channel()
	}
	switch m := m.(type) {
	case *DataMessage:
		viewData(v, m)
	case *BaseControlMessage:
		viewControl(v, m)
	case *StreamStartControlMessage:
		viewControl(v, &m.BaseControlMessage)
		v["traceId"] = m.TraceID
	case *JobStartControlMessage:
		viewControl(v, &m.BaseControlMessage)
		v["handle"] = m.Handle
	case *JobProgressControlMessage:
		viewControl(v, &m.BaseControlMessage)
		v["progress"] = number(m.Progress)
	case *EndOfChannelControlMessage:
		viewControl(v, &m.BaseControlMessage)
	case *KeepAliveControlMessage:
		viewControl(v, &m.BaseControlMessage)
	case *ChannelAbortControlMessage:
		viewControl(v, &m.BaseControlMessage)
		v["abortInfo"] = map[string]any{"sf_job_abortState": m.AbortInfo.State, "sf_job_abortReason": m.AbortInfo.Reason}
	case *MetadataMessage:
		v["tsId"] = tsidText(int64(m.TSID))
		v["properties"] = viewProperties(&m.Properties)
	case *ExpiredTSIDMessage:
		v["tsId"] = m.TSID
	case *EventMessage:
		v["tsId"] = tsidText(int64(m.TSID))
		v["timestampMs"] = number(m.TimestampMillis)
		v["metadata"], v["properties"] = plain(m.Metadata), plain(m.Properties)
	case *InfoMessage:
		v["logicalTimestampMs"] = number(m.LogicalTimestampMillis)
		v["message"] = viewBlock(&m.MessageBlock)
	case *ErrorMessage:
		v["error"], v["errorType"], v["message"] = number(m.Error), m.ErrorType, m.Message
		v["context"], v["errors"] = plain(m.Context), plain(m.Errors)
	case *AuthenticatedMessage:
		v["orgId"], v["userId"] = m.OrgID, m.UserID
	case *ComputationStartedMessage:
		v["computationId"] = m.ComputationID
	case *EstimationMessage:
		v["result"] = plain(m.Result)
	case *UnknownMessage:
		for k, e := range plain(m.RawData()).(map[string]any) {
			v[k] = e
		}
	}
	return v
}

func viewControl(v map[string]any, m *BaseControlMessage) {
	v["event"], v["timestampMs"] = m.Event, number(m.TimestampMillis)
}

func viewData(v map[string]any, m *DataMessage) {
	v["logicalTimestampMs"] = number(int64(m.TimestampMillis))
	isBinary := m.Version != 0
	if isBinary {
		v["version"] = number(m.Version)
	}
	if m.HasMaxDelay {
		v["maxDelayMs"] = number(m.MaxDelayMillis)
	}
	names := map[ValType]string{ValTypeNull: "null", ValTypeLong: "long", ValTypeDouble: "double", ValTypeInt: "int"}
	points := []any{}
	for _, p := range m.Payloads {
		point := map[string]any{"tsId": tsidText(int64(p.TSID)), "value": nil}
		if isBinary {
			point["valueType"] = names[p.Type]
		}
		point["value"] = viewValue(p.Value())
		points = append(points, point)
	}
	v["data"] = points
}

// viewValue writes the numbers that JSON lacks as the vectors do.
func viewValue(v any) any {
	f, isFloat := v.(float64)
	switch {
	case isFloat && math.IsNaN(f):
		return "NaN"
	case isFloat && math.IsInf(f, 1):
		return "Infinity"
	case isFloat && math.IsInf(f, -1):
		return "-Infinity"
	}
	return number(v)
}

func viewProperties(p *MetadataProperties) map[string]any {
	v := map[string]any{}
	for k, e := range p.InternalProperties {
		v[k] = plain(e)
	}
	for k, e := range p.CustomProperties {
		v[k] = e
	}
	for k, e := range p.CustomRaw {
		v[k] = plain(e)
	}
	if p.Metric != "" {
		v["sf_metric"] = p.Metric
	}
	if p.OriginatingMetric != "" {
		v["sf_originatingMetric"] = p.OriginatingMetric
	}
	if p.ResolutionMS != 0 {
		v["sf_resolutionMs"] = number(p.ResolutionMS)
	}
	return v
}

func viewBlock(b *MessageBlock) map[string]any {
	v := map[string]any{
		"messageCode": b.Code, "messageLevel": b.Level, "timestampMs": number(b.TimestampMillis),
		"numInputTimeSeries": number(b.NumInputTimeseries), "blockContexts": plain(b.BlockContexts),
		"blockSerialNumbers": plain(b.BlockSerialNumbers), "contents": plain(b.Contents),
	}
	ids := []any{}
	for _, id := range b.TSIDs {
		ids = append(ids, tsidText(int64(id)))
	}
	v["tsIds"] = ids
	return v
}

// tsidText is the text of a tsId by the standard library (protocol.md 7).
func tsidText(v int64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(v)))
}

// plain passes a value through encoding/json, so that numbers become json.Number.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return err.Error()
	}
	return out
}

func number(v any) any { return plain(v) }
