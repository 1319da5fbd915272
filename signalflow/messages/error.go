package messages

// ErrorMessage ends a channel, or concerns the connection when it has no channel.
// It comes in several shapes (protocol.md 3.9); a field of a wrong type never
// loses the message.
type ErrorMessage struct {
	BaseJSONChannelMessage
	Context   ErrorContext `json:"context"`
	Error     int          `json:"error"` // HTTP-like code, 0 when absent
	ErrorType string       `json:"errorType"`
	Message   string       `json:"message"`
	Errors    []ErrorItem  `json:"errors"` // the form of errors of a running computation
}

// ErrorContext is the place of an error in the program. Line and Column count
// from 1 and are 0 when absent.
type ErrorContext struct {
	BindingName string      `json:"bindingName"`
	Column      int         `json:"column"`
	Line        int         `json:"line"`
	ProgramText string      `json:"programText"`
	Reference   string      `json:"reference"`
	Traceback   interface{} `json:"traceback"`
}

// ErrorItem is one error of a running computation.
type ErrorItem struct {
	Code    string                 `json:"code"`
	Context map[string]interface{} `json:"context"`
}

// NewError returns an error message. context may be nil.
func NewError(code int, errorType, message string, context *ErrorContext) *ErrorMessage {
	m := &ErrorMessage{Error: code, ErrorType: errorType, Message: message}
	m.Typ = ErrorType
	if context != nil {
		m.Context = *context
	}
	return m
}

func (r *reading) errorMessage() Message {
	m := &ErrorMessage{
		BaseJSONChannelMessage: r.base,
		ErrorType:              r.str(fieldErrorType),
		Message:                r.str(fieldMessage),
	}
	code := fieldError
	if r.get(fieldError) == "" && r.get(fieldCode) != "" { // the name in HTTP answers
		code = fieldCode
	}
	m.Error = r.smallIntOf(r.fields[code], fieldNames[code])
	if v := r.objectOf(r.fields[fieldContext], "context"); v != "" {
		m.Context = r.errorContext(v)
	}
	if v := r.arrayOf(r.fields[fieldErrors], "errors"); v != "" {
		m.Errors = r.errorItems(v)
	}
	return m
}

func (r *reading) errorContext(v string) (c ErrorContext) {
	for it := membersOf(v); it.next(); {
		switch it.key {
		case "bindingName":
			c.BindingName = r.strOf(it.val, "context.bindingName")
		case "column":
			c.Column = r.smallIntOf(it.val, "context.column")
		case "line":
			c.Line = r.smallIntOf(it.val, "context.line")
		case "programText":
			c.ProgramText = r.strOf(it.val, "context.programText")
		case "reference":
			c.Reference = r.strOf(it.val, "context.reference")
		case "traceback":
			c.Traceback = anyValue(it.val, r.names)
		}
	}
	return c
}

func (r *reading) errorItems(v string) (list []ErrorItem) {
	for it := elementsOf(v); it.next(); {
		v := r.objectOf(it.val, "errors")
		if v == "" {
			continue
		}
		var e ErrorItem
		for it := membersOf(v); it.next(); {
			switch it.key {
			case "code":
				e.Code = r.strOf(it.val, "errors.code")
			case "context":
				if v := r.objectOf(it.val, "errors.context"); v != "" {
					e.Context = objectValue(v, r.names)
				}
			}
		}
		list = append(list, e)
	}
	return list
}

// contextKeys are the members of a context that have a field.
var contextKeys = []string{"bindingName", "column", "line", "programText", "reference", "traceback"}

func (w *writing) errorMessage(m *ErrorMessage) {
	w.base(ErrorType, m.Chan, m.src)
	listed := len(m.Errors) > 0
	// A built error of the first shape has all its fields, also beside a list.
	whole := w.src == nil && (!listed || m.Error != 0 || m.ErrorType != "" || m.Message != "")
	if whole || w.had(fieldError) || m.Error != 0 {
		w.int("error", int64(m.Error))
	}
	if whole || w.had(fieldErrorType) || m.ErrorType != "" {
		w.str("errorType", m.ErrorType)
	}
	if whole || w.had(fieldMessage) || m.Message != "" {
		w.str("message", m.Message)
	}
	if !m.Context.empty() || w.had(fieldContext) {
		w.open("context", '{')
		w.errorContext(&m.Context)
		if kind(w.old[fieldContext]) == '{' {
			w.others(w.old[fieldContext], contextKeys...)
		}
		w.close('}')
	}
	if listed || w.had(fieldErrors) {
		w.errorItems(m.Errors)
	}
}

func (c *ErrorContext) empty() bool {
	return c.BindingName == "" && c.Column == 0 && c.Line == 0 && c.ProgramText == "" && c.Reference == "" && c.Traceback == nil
}

func (w *writing) errorContext(c *ErrorContext) {
	if c.BindingName != "" {
		w.str("bindingName", c.BindingName)
	}
	if c.Line != 0 {
		w.int("line", int64(c.Line))
	}
	if c.Column != 0 {
		w.int("column", int64(c.Column))
	}
	if c.ProgramText != "" {
		w.str("programText", c.ProgramText)
	}
	if c.Reference != "" {
		w.str("reference", c.Reference)
	}
	if c.Traceback != nil {
		w.value("traceback", c.Traceback)
	}
}

func (w *writing) errorItems(list []ErrorItem) {
	w.open("errors", '[')
	for _, e := range list {
		w.next('{')
		w.str("code", e.Code)
		w.object("context", e.Context)
		w.close('}')
	}
	w.close(']')
}
