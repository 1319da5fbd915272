package eval

import (
	"strings"
	"testing"
)

// A job's arguments are read by Args['name'] and Args.get('name', default).
func TestJobArguments(t *testing.T) {
	args := map[string]string{"ui.dashboard_window": "1h", "n": "7"}
	for program, want := range map[string]string{
		"assert Args['n'] == '7'":                                    "",
		"assert Args.get('n') == Args['n']":                          "",
		"data('m').mean(over=Args['ui.dashboard_window']).publish()": "",
		"x = Args['other']":                                          "the job was started without an argument 'other' (Args.get() takes a default for it)",
		"x = Args[0]":                                                "the name of an argument must be a text, not a",
		"assert Args.get('other', 'none') == 'none'":                 "",
	} {
		_, err := Compile(program+"\ndata('m').publish('x')", Options{Args: args})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", program, err, want)
		}
	}
}
