package cli

import (
	"errors"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

func TestDescribe(t *testing.T) {
	tests := []struct {
		name string
		err  error
		file string
		want string
	}{
		{"a place", &signalflow.ComputationError{Code: 400, ErrorType: "ANALYTICS_PROGRAM_NAME_ERROR", Line: 1, Column: 1,
			Message: "line 1:1: name 'daat' is not defined (did you mean 'data'?)", Snippet: "daat('m').publish()"}, "",
			"error: name 'daat' is not defined (did you mean 'data'?)\n  1:1 | daat('m').publish()\n      | ^~~~\n"},
		{"in a file", &signalflow.ComputationError{Code: 400, Line: 2, Column: 5, Message: "line 2:5: unexpected ')'", Snippet: "A = )"}, "cpu.flow",
			"error: unexpected ')'\n  cpu.flow:2:5 | A = )\n               |     ^\n"},
		{"another server's words", &signalflow.ComputationError{Code: 400, Line: 1, Column: 6, Message: "Error executing SignalFlow program", Snippet: "data(foo)"}, "",
			"error: Error executing SignalFlow program\n  1:6 | data(foo)\n      |      ^~~\n"},
		{"no place", &signalflow.ComputationError{Code: 429, ErrorType: "TOO_MANY", Message: "too many jobs"}, "", "error: 429 (TOO_MANY): too many jobs\n"},
		{"a place outside the text", &signalflow.ComputationError{Line: 9, Column: 40, Message: "odd"}, "", "error: odd\n  9:40 | \n       | ^\n"},
	}
	for _, tt := range tests {
		err := describe(tt.err, program{file: tt.file})
		var p *programError
		if !errors.As(err, &p) || !errors.Is(err, tt.err) {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if p.rendered != tt.want {
			t.Errorf("%s:\n%q\nwant\n%q", tt.name, p.rendered, tt.want)
		}
	}
	lost := &signalflow.ConnectionLostError{}
	if err := describe(lost, program{}); err != error(lost) {
		t.Errorf("another error becomes %v", err)
	}
}
