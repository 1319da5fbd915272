package eval

import (
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// publishBuiltin is publish(), and streamBuiltin its old name (language.md 3.2).
var (
	publishBuiltin = publisher("publish", "sends the stream out of the program, under a label if one is given, and returns it")
	streamBuiltin  = publisher("stream", "the old name of `publish`")
)

func publisher(name, doc string) *builtin {
	return &builtin{
		name: name,
		params: []param{
			{name: "label", want: wantText, def: "None"},
			{name: "enable", want: wantBoolean, def: "True"},
		},
		doc: doc,
		call: func(a *args) (value, *syntax.Error) {
			a.node(&graph.Publish{
				Label:   string(given(a, "label", text(""))),
				Enabled: bool(given(a, "enable", boolean(true))),
			}, a.input())
			return a.fn.on, nil
		},
	}
}
