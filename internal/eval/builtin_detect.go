package eval

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// detectFunctions returns the functions of detectors (language-detectors.md 1, 2, 3.1).
func detectFunctions() []*builtin {
	atLeast := param{name: "at_least", want: wantAtLeast, def: "1.0"}
	return []*builtin{
		{
			name: "detect",
			params: []param{
				{name: "on", want: wantCondition},
				{name: "off", want: wantCondition, def: "None"},
				{name: "mode", want: wantDetectMode, def: "None"},
				{name: "annotations", want: wantAnnotations, def: "None"},
				{name: "event_annotations", want: wantTexts, def: "None"},
				{name: "auto_resolve_after", want: wantOffset, def: "None"},
			},
			doc:  "alerts, raised by the condition `on` and cleared by `off`, or when `on` is over; `mode` is `paired` or `split`",
			call: makeDetect,
		},
		{
			name:   "when",
			params: []param{{name: "predicate", want: wantCondition}, {name: "lasting", want: wantLasting, def: "None"}, atLeast},
			doc:    "the condition, if it holds for a time, or for a share of it", stream: true,
			call: makeWhen,
		},
		{
			name: "lasting", params: []param{{name: "duration", want: wantOffset}, atLeast},
			doc: "a time and a share of it, for `when`",
			call: func(a *args) (value, *syntax.Error) {
				share := a.get("at_least").value
				if share == nil {
					share = float(1)
				}
				return lasting{given(a, "duration", duration(0)), share}, nil
			},
		},
		{
			name: "annotate",
			params: []param{
				{name: "stream", want: wantAnyStream}, {name: "label", want: wantText},
				{name: "extra", want: wantTexts, def: "None"},
			},
			doc: "a stream to draw with the alerts of `detect`, with a label",
			call: func(a *args) (value, *syntax.Error) {
				v := annotation{stream: a.get("stream").value.(stream), label: a.text("label"), extra: series.Labels(given(a, "extra", labels(nil)))}
				v.cost = 1 + len(v.label)/16
				for _, l := range v.extra {
					v.cost += 1 + (len(l.Name)+len(l.Value))/16
				}
				return v, nil
			},
		},
	}
}

var wantDetectMode = words("mode", "paired", "split")

func makeWhen(a *args) (value, *syntax.Error) {
	predicate := a.get("predicate").value.(stream)
	op := &graph.When{AtLeast: a.number("at_least", 1)}
	switch l := a.get("lasting").value.(type) {
	case lasting:
		if a.has("at_least") {
			return nil, a.ev.errorf(syntax.ArgumentError, a.get("at_least").at, "'at_least' and a lasting() cannot be combined in when()").
				WithHint("the share is the second argument of lasting()")
		}
		op.AtLeast, _ = number(l.atLeast)
		op.Lasting = time.Duration(l.over)
	case duration:
		op.Lasting = time.Duration(l)
	}
	if op.Lasting == 0 { // one slot, in which the condition is what it is
		a.ev.graph.Call(predicate.node)
		return predicate, nil
	}
	return a.result(op, predicate.node)
}

func makeDetect(a *args) (value, *syntax.Error) {
	op := &graph.Detect{
		Split:            a.text("mode") == "split",
		EventAnnotations: series.Labels(given(a, "event_annotations", labels(nil))),
		AutoResolveAfter: a.length("auto_resolve_after"),
	}
	if a.has("auto_resolve_after") && op.AutoResolveAfter == 0 {
		op.AutoResolveAfter = time.Millisecond // at the first slot that tells nothing
	}
	inputs := []graph.NodeID{a.get("on").value.(stream).node}
	if off, ok := a.get("off").value.(stream); ok {
		op.Off = true
		inputs = append(inputs, off.node)
	}
	for _, v := range given(a, "annotations", list(nil)) {
		drawn := v.(annotation)
		op.Annotations = append(op.Annotations, graph.Annotation{Label: drawn.label, Extra: drawn.extra})
		inputs = append(inputs, drawn.stream.node)
	}
	return a.result(op, inputs...)
}
