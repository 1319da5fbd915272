package server

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// What a backend cannot do it refuses, in words that say what to do instead.
func TestPrepareRefuses(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{})})
	const program = "data('m').publish()"
	for name, c := range map[string]struct {
		req  wire.Request
		want string
	}{
		"explain":                             {wire.Request{Type: wire.ExplainRequest, IncidentID: "GzIncidentA"}, "explain is not served"},
		"args":                                {wire.Request{Type: wire.ExecuteRequest, Program: program, Args: map[string]any{"a": []any{1}}}, `field "programArgs": "a" must be a text, a number or a boolean`},
		"preflight":                           {wire.Request{Type: wire.PreflightRequest, Program: program}, "it needs a detect(...).publish()"},
		"a program with an error comes first": {wire.Request{Type: wire.PreflightRequest, Program: "dta('m')"}, "name 'dta'"},
	} {
		_, err := b.Prepare(t.Context(), wire.Identity{}, &c.req)
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != 400 || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %v, want 400 with %q", name, err, c.want)
		}
	}
	for _, kind := range []string{wire.ExecuteRequest, wire.StartRequest} {
		if _, err := b.Prepare(t.Context(), wire.Identity{}, &wire.Request{Type: kind, Program: program}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestFilter(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{})})
	series := &messages.MetadataProperties{OriginatingMetric: "cpu", CustomProperties: map[string]string{"host": "alpha", "az": "a"}}
	for filters, want := range map[string]bool{
		"filter('host', 'a*')":                             true,
		"filter('host', 'b*')":                             false,
		"filter('host', 'a*') and not filter('az', 'a')":   false,
		"(filter('az', 'x') or filter('sf_metric','cpu'))": true,
	} {
		keep, err := b.Filter(t.Context(), wire.Identity{}, filters)
		if err != nil {
			t.Errorf("%s: %v", filters, err)
		} else if keep(series) != want {
			t.Errorf("%s: %v, want %v", filters, !want, want)
		}
	}
	for _, filters := range []string{
		"host:a", "None", "filter('host'", "", "1",
		"filter('a', 'b')).publish()\ndata('*', filter=filter('c', 'd')",
		"filter('a', 'b'), resolution='1s'); data('x', filter=filter('a', 'b')",
	} {
		_, err := b.Filter(t.Context(), wire.Identity{}, filters)
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != 400 || !strings.Contains(e.Message, `"filters"`) {
			t.Errorf("%q: %v", filters, err)
		}
	}
}

// A program reads the arguments of its job, whatever JSON type they came as.
func TestArguments(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{})})
	for want, v := range map[string]any{"15m": "15m", "7": json.Number("7"), "0.5": 0.5, "true": true} {
		program := "x = Args.get('ui.window', 'none')\nassert x == '" + want + "', x\ndata('m').publish()"
		for _, args := range []map[string]any{{"ui.window": v}, nil} {
			_, err := b.Prepare(t.Context(), wire.Identity{}, &wire.Request{Type: wire.ExecuteRequest, Program: program, Args: args})
			if (err == nil) != (args != nil) {
				t.Errorf("%v: %v", args, err)
			}
		}
	}
}

// The error of a function tells the way to it.
func TestTraceback(t *testing.T) {
	b := New(Options{Source: memstore.New(memstore.Options{})})
	_, err := b.Prepare(t.Context(), wire.Identity{}, &wire.Request{Program: "def f(x):\n    assert x > 1, 'too small'\n    return x\nf(0)\ndata('m').publish()"})
	var e *wire.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if calls, _ := e.Context.Traceback.([]any); e.Context.Line != 2 || len(calls) != 1 || calls[0] != "f() at line 4:1" {
		t.Errorf("%+v", e.Context)
	}
}
