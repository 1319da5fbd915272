package server

import (
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
		"args":                                {wire.Request{Type: wire.ExecuteRequest, Program: program, Args: map[string]any{"a": "b"}}, `"programArgs" is not supported`},
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
