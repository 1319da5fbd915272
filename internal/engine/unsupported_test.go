package engine_test

import (
	"errors"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// What compiles and has no operator here is refused by Run, with its name and place.
func TestNotRunYet(t *testing.T) {
	for program, want := range map[string]string{
		"data('m').publish()\n(data('m') + events('e').count()).publish()": "engine: line 2:14: events() is not run yet",
		"events('e').publish()":              "engine: line 1:1: events() is not run yet",
		"alerts().publish()":                 "engine: line 1:1: alerts() is not run yet",
		"detect(data('m') > 1).publish('A')": "engine: line 1:1: detect() is not run yet",
		"detect(when(data('m') > 1, '5m'), off=data('m') < 1).publish()": "engine: line 1:1: detect() is not run yet",
	} {
		g, err := eval.Compile(program, eval.Options{})
		if err != nil {
			t.Errorf("%s: %v", program, err)
			continue
		}
		err = engine.Run(t.Context(), g, overSlots(memstore.New(memstore.Options{}), 1), newRecorder(t))
		var unsupported *engine.UnsupportedError
		if !errors.As(err, &unsupported) || err.Error() != want {
			t.Errorf("%s: %v, want %s", program, err, want)
		}
		if checked := engine.Check(g); checked == nil || checked.Error() != want {
			t.Errorf("%s: Check says %v", program, checked)
		}
	}
}
