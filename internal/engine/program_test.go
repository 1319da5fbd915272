package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// TestPrograms runs programs as they are written: the reference programs of section 10 of
// the language specification, and more, over its data.
func TestPrograms(t *testing.T) {
	tests := []struct {
		name, program, want string
	}{
		{"10.1", "data('m').sum().publish('A')", "A{} = 16 12 17 12"},
		{"10.2", "data('m').mean(by='dc').publish('A')", "A{dc:x} = 3 2 7 6\nA{dc:y} = 10 10 10 -"},
		{"10.3", "data('m').count(by=['dc']).publish('A')", "A{dc:x} = 2 1 1 2\nA{dc:y} = 1 1 1 0"},
		{"10.4", "data('m', extrapolation='last_value').sum(by='dc').publish('A')", "A{dc:x} = 6 7 9 12\nA{dc:y} = 10 10 10 10"},
		{"10.6", "s = data('m')\n(s / s.sum(by='dc')).publish('share')",
			"share{dc:x,host:a} = 0.1667 1 - 0.3333\nshare{dc:x,host:b} = 0.8333 - 1 0.6667\nshare{dc:y,host:c} = 1 1 1 -"},
		{"10.8", "data('m').max(over='20s').publish('A')",
			"A{dc:x,host:a} = 1 2 2 4\nA{dc:x,host:b} = 5 5 7 8\nA{dc:y,host:c} = 10 10 10 10"},
		{"filters", "data('m', filter=filter('dc', 'x') and not filter('host', 'b*')).publish('A')", "A{dc:x,host:a} = 1 2 - 4"},
		{"pattern", "data('*', filter=filter('dc', '*')).count().publish('A')", "A{} = 3 2 2 2"},
		{"comparison", "(data('m').sum() > 12).publish('A')", "A{} = 1 0 1 0"},
		{"two outputs", "s = data('m').sum().publish('raw').sum(over='20s').publish('sum')", "raw{} = 16 12 17 12\nsum{} = 16 28 29 29"},
		{"static booleans", "s = data('m').sum() > 12\n(False and s).publish('A')\n(True or s).publish('B')\n(True and s).publish('C')\n(1 > 2 < s.count()).publish('D')",
			"A{} = 0 0 0 0\nB{} = 1 1 1 1\nC{} = 1 0 1 0\nD{} = 0 0 0 0"},
		// The metric is no part of a key, so the larger key is that of the right side.
		{"metadata of the larger key", "(data('m', filter=filter('dc', 'x')).sum(by='sf_metric') * data('m', filter=filter('host', 'c')).sum(by='dc')).sum(by='host').publish('A')",
			"A{host:c} = 60 20 70 -"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := memstore.New(memstore.Options{Now: clockAt(0).Now})
			for _, line := range dataM {
				name, values, _ := strings.Cut(line, " = ")
				load(store, name, values, 10*time.Second)
			}
			g, err := eval.Compile(test.program, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := newRecorder(t)
			if err := engine.Run(context.Background(), g, overSlots(store, 4), r); err != nil {
				t.Fatal(err)
			}
			if got := r.rows(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
