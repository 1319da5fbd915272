package messages

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/signalfx/signalfx-go/idtool"
)

// MetadataMessage describes a time series before its first point or event. A
// repeat replaces what was known.
type MetadataMessage struct {
	BaseJSONChannelMessage
	TSID       idtool.ID          `json:"tsId"`
	Properties MetadataProperties `json:"properties"`
}

// MetadataProperties are the properties of a time series (protocol.md 3.5). They
// share no memory with the message they came in, so that a copy of them may be
// kept without keeping the message.
type MetadataProperties struct {
	Metric            string `json:"sf_metric"`
	OriginatingMetric string `json:"sf_originatingMetric"`
	ResolutionMS      int    `json:"sf_resolutionMs"` // milliseconds; 0 when absent
	CreatedOnMS       int    `json:"sf_createdOnMs"`  // milliseconds since the epoch; 0 when absent

	// InternalProperties has every property whose name begins with sf_, also
	// those that have a field above, with numbers as float64.
	InternalProperties map[string]interface{} `json:"-"`

	// CustomProperties has every other property as text: a number as it was
	// written, a list or object as compact JSON. A null is left out.
	CustomProperties map[string]string `json:"-"`

	// CustomRaw has the JSON of the custom properties that are not text: numbers,
	// booleans, lists, objects and nulls. It is nil when there are none.
	CustomRaw map[string]json.RawMessage `json:"-"`
}

// NewMetadata returns the metadata message of a series. It shares the maps of
// props.
func NewMetadata(tsid idtool.ID, props *MetadataProperties) *MetadataMessage {
	m := &MetadataMessage{TSID: tsid}
	m.Typ = MetadataType
	if props != nil {
		m.Properties = *props
	}
	return m
}

// Names of the properties that have a field.
const (
	propMetric            = "sf_metric"
	propOriginatingMetric = "sf_originatingMetric"
	propResolution        = "sf_resolutionMs"
	propCreatedOn         = "sf_createdOnMs"
	internalPrefix        = "sf_"
)

func (r *reading) metadata() Message {
	m := &MetadataMessage{BaseJSONChannelMessage: r.base, TSID: r.wantTSID(fieldTSID)}
	v := r.get(fieldProperties)
	if v != "" && kind(v) != '{' {
		r.wrongType("properties", v, "an object")
		return m
	}
	r.properties(v, &m.Properties)
	return m
}

// property is a member of the properties object.
type property struct{ key, val string }

// properties decodes an object of properties, "" being an empty one.
func (r *reading) properties(v string, p *MetadataProperties) {
	var room [24]property
	internal, custom := room[:0:12], room[12:12]
	size := 0
	if v != "" {
		for it := membersOf(v); it.next(); {
			if strings.HasPrefix(it.key, internalPrefix) {
				internal = append(internal, property{it.key, it.val})
			} else {
				custom = append(custom, property{it.key, it.val})
				size += len(it.val)
			}
		}
	}
	p.InternalProperties = make(map[string]interface{}, len(internal))
	for _, m := range internal {
		r.internalProperty(m, p)
	}
	p.CustomProperties = make(map[string]string, len(custom))
	var text strings.Builder // all values in one piece of memory
	text.Grow(size)
	for _, m := range custom {
		r.customProperty(m, p, &text)
	}
	if len(p.CustomRaw) == 0 {
		p.CustomRaw = nil
	}
}

func (r *reading) internalProperty(m property, p *MetadataProperties) {
	value := anyValue(m.val, r.names)
	p.InternalProperties[r.names.str(m.key)] = value
	switch m.key {
	case propMetric:
		p.Metric = r.textProperty(value, "properties.sf_metric")
	case propOriginatingMetric:
		p.OriginatingMetric = r.textProperty(value, "properties.sf_originatingMetric")
	case propResolution:
		p.ResolutionMS = r.smallIntOf(m.val, "properties.sf_resolutionMs")
	case propCreatedOn:
		p.CreatedOnMS = r.smallIntOf(m.val, "properties.sf_createdOnMs")
	}
}

func (r *reading) textProperty(value any, path string) string {
	s, ok := value.(string)
	if !ok && value != nil {
		r.warn(path)
	}
	return s
}

func (r *reading) customProperty(m property, p *MetadataProperties, text *strings.Builder) {
	key := r.names.str(m.key)
	if kind(m.val) == '"' {
		delete(p.CustomRaw, key) // of a repeated key the last counts
		p.CustomProperties[key] = piece(text, stringValue(m.val))
		return
	}
	if p.CustomRaw == nil {
		p.CustomRaw = make(map[string]json.RawMessage)
	}
	raw := appendCompact(make([]byte, 0, len(m.val)), m.val)
	p.CustomRaw[key] = raw
	if kind(m.val) == 'n' {
		delete(p.CustomProperties, key)
		return
	}
	p.CustomProperties[key] = piece(text, string(raw))
}

// piece writes s and returns the part of the text that it takes.
func piece(text *strings.Builder, s string) string {
	start := text.Len()
	text.WriteString(s)
	return text.String()[start:]
}

// UnmarshalJSON decodes an object of properties, leniently: a value of another
// type than its field is left out of the field.
func (mp *MetadataProperties) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(string(b))
	if !json.Valid(b) || kind(text) != '{' && kind(text) != 'n' {
		return &DecodeError{Class: ClassJSONType, Type: MetadataType, Field: "properties", Offset: -1,
			Detail: "the properties are not a JSON object"}
	}
	*mp = MetadataProperties{}
	var r reading
	r.properties(notNull(text), mp)
	return nil
}

// MarshalJSON encodes all properties as one object, in the order of their names.
// Fields that are not zero win over the maps.
func (mp *MetadataProperties) MarshalJSON() ([]byte, error) {
	var w writing
	w.properties(mp)
	return w.b, w.err
}

func (w *writing) metadata(m *MetadataMessage) {
	w.base(MetadataType, m.Chan, m.src)
	w.tsid(m.TSID)
	w.key("properties")
	w.properties(&m.Properties)
}

func (w *writing) tsid(id idtool.ID) {
	w.key("tsId")
	w.b = append(AppendTSID(append(w.b, '"'), id), '"')
}

// properties writes the object.
func (w *writing) properties(p *MetadataProperties) {
	keys := make([]string, 0, len(p.InternalProperties)+len(p.CustomProperties)+len(p.CustomRaw)+4)
	for k := range p.InternalProperties {
		keys = append(keys, k)
	}
	for k := range p.CustomProperties {
		keys = append(keys, k)
	}
	for k := range p.CustomRaw {
		keys = append(keys, k)
	}
	for _, k := range []string{propMetric, propOriginatingMetric, propResolution, propCreatedOn} {
		if p.field(k) != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	outer := w.comma
	w.b, w.comma = append(w.b, '{'), false
	for _, k := range slices.Compact(keys) {
		w.property(k, p)
	}
	w.b, w.comma = append(w.b, '}'), outer
}

// field returns the value of the field behind a name, nil when there is none or
// it is zero.
func (p *MetadataProperties) field(name string) any {
	switch {
	case name == propMetric && p.Metric != "":
		return p.Metric
	case name == propOriginatingMetric && p.OriginatingMetric != "":
		return p.OriginatingMetric
	case name == propResolution && p.ResolutionMS != 0:
		return p.ResolutionMS
	case name == propCreatedOn && p.CreatedOnMS != 0:
		return p.CreatedOnMS
	}
	return nil
}

// sameField tells whether a field has the value that is read from a property, so
// that the property, which may have another form, can be written as it came.
func sameField(field, property any) bool {
	n, isInt := field.(int)
	if !isInt {
		return field == property
	}
	text, err := appendValue(nil, property)
	var r reading
	return err == nil && r.smallIntOf(string(text), "") == n
}

func (w *writing) property(name string, p *MetadataProperties) {
	internal, isInternal := p.InternalProperties[name]
	if v := p.field(name); v != nil && !(isInternal && sameField(v, internal)) {
		w.value(name, v)
		return
	}
	if isInternal {
		w.value(name, internal)
		return
	}
	text, isText := p.CustomProperties[name]
	if raw, ok := p.CustomRaw[name]; ok && (!isText || text == string(raw)) {
		w.text(name, string(raw))
		return
	}
	w.str(name, text)
}

// ExpiredTSIDMessage tells that a series has left the output.
type ExpiredTSIDMessage struct {
	BaseJSONChannelMessage
	TSID string `json:"tsId"` // canonical text form, 11 characters
}

// NewExpired returns the expiry message of a series.
func NewExpired(tsid idtool.ID) *ExpiredTSIDMessage {
	m := &ExpiredTSIDMessage{TSID: string(AppendTSID(nil, tsid))}
	m.Typ = ExpiredTSIDType
	return m
}

// ID returns the tsId as a number; the text of a decoded message is always good.
func (m *ExpiredTSIDMessage) ID() (idtool.ID, error) { return ParseTSID(m.TSID) }

func (r *reading) expired() Message {
	id := r.wantTSID(fieldTSID)
	return &ExpiredTSIDMessage{BaseJSONChannelMessage: r.base, TSID: string(AppendTSID(nil, id))}
}

func (w *writing) expired(m *ExpiredTSIDMessage) {
	w.base(ExpiredTSIDType, m.Chan, m.src)
	id, err := m.ID()
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("tsId: %w", err)
	}
	w.tsid(id)
}
