package messages

import "encoding/json"

// AuthenticatedMessage tells that the token was accepted. Either id may be "".
type AuthenticatedMessage struct {
	BaseJSONMessage
	OrgID  string `json:"orgId"`
	UserID string `json:"userId"`
}

// NewAuthenticated returns the answer to a good token.
func NewAuthenticated(orgID, userID string) *AuthenticatedMessage {
	m := &AuthenticatedMessage{OrgID: orgID, UserID: userID}
	m.Typ = AuthenticatedType
	return m
}

// ComputationStartedMessage answers a request to run in the background.
type ComputationStartedMessage struct {
	BaseJSONChannelMessage
	ComputationID string `json:"computationId"`
}

// EstimationMessage carries a result whose shape is not documented.
type EstimationMessage struct {
	BaseJSONChannelMessage
	Result json.RawMessage `json:"result"` // nil when absent
}

// UnknownMessage is a message of a type that this package does not know. Raw and
// RawData have all of it.
type UnknownMessage struct {
	BaseJSONChannelMessage
}

func (r *reading) authenticated() Message {
	return &AuthenticatedMessage{
		BaseJSONMessage: r.base.BaseJSONMessage, OrgID: r.str(fieldOrgID), UserID: r.str(fieldUserID),
	}
}

func (r *reading) computationStarted() Message {
	return &ComputationStartedMessage{BaseJSONChannelMessage: r.base, ComputationID: r.wantString(fieldComputationID)}
}

func (r *reading) estimation() Message {
	m := &EstimationMessage{BaseJSONChannelMessage: r.base}
	if v := r.get(fieldResult); v != "" {
		m.Result = json.RawMessage(v)
	}
	return m
}

func (w *writing) authenticated(m *AuthenticatedMessage) {
	w.base(AuthenticatedType, "", m.src)
	if m.OrgID != "" || w.had(fieldOrgID) {
		w.str("orgId", m.OrgID)
	}
	if m.UserID != "" || w.had(fieldUserID) {
		w.str("userId", m.UserID)
	}
}

func (w *writing) computationStarted(m *ComputationStartedMessage) {
	w.base(ComputationStartedType, m.Chan, m.src)
	w.str("computationId", m.ComputationID)
}

func (w *writing) estimation(m *EstimationMessage) {
	w.base(EstimationType, m.Chan, m.src)
	if m.Result != nil {
		w.text("result", string(m.Result))
	}
}
