package graph

import (
	"bytes"
	"encoding/json"
)

// MarshalJSON writes a graph for programs: an object with its nodes, how many queries it
// makes, and what is to be known about its resolution. Durations are in milliseconds, lines
// and columns count from 1, nodes are called as in String.
func (g *Graph) MarshalJSON() ([]byte, error) {
	out := jsonGraph{Nodes: []jsonNode{}, Remarks: []jsonRemark{}}
	histories, published := g.Histories(), g.Published()
	for i := range g.Nodes {
		out.Nodes = append(out.Nodes, g.jsonNode(NodeID(i), histories[i], published[i]))
	}
	for _, r := range g.Resolution() {
		remark := jsonRemark{Text: r.Text}
		if r.Node >= 0 {
			remark.Node = name(r.Node)
		}
		out.Remarks = append(out.Remarks, remark)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // n1 > 90 is for reading
	err := e.Encode(out)
	return b.Bytes(), err
}

type jsonGraph struct {
	Nodes   []jsonNode   `json:"nodes"`
	Remarks []jsonRemark `json:"resolution"`
}

type jsonRemark struct {
	Node string `json:"node,omitempty"`
	Text string `json:"text"`
}

type jsonNode struct {
	ID         string       `json:"id"`
	Operator   string       `json:"operator"`
	Expression string       `json:"expression"`
	Does       string       `json:"does"`
	Inputs     []string     `json:"inputs"`
	Span       jsonSpan     `json:"span"`
	Kind       string       `json:"kind"`
	Key        jsonKey      `json:"key"`
	Rollup     *jsonRollup  `json:"rollup,omitempty"`
	Window     *jsonWindow  `json:"window,omitempty"`
	History    *jsonHistory `json:"history,omitempty"`
	Published  bool         `json:"published"`
}

type jsonSpan struct {
	Module    string `json:"module,omitempty"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
}

type jsonKey struct {
	Names    []string `json:"names"`
	Optional []string `json:"optional"`
	Open     bool     `json:"open"`
}

type jsonRollup struct {
	Name   string            `json:"name,omitempty"`
	ByType map[string]Rollup `json:"byType,omitempty"`
	Why    string            `json:"why"`
}

type jsonWindow struct {
	What string `json:"what"`
	Text string `json:"text"`
	Ms   int64  `json:"ms"`
}

type jsonHistory struct {
	Ms      int64 `json:"ms"`
	Slots   int   `json:"slots"`
	Endless bool  `json:"endless"`
}

func (g *Graph) jsonNode(id NodeID, history History, published bool) jsonNode {
	n := g.Nodes[id]
	out := jsonNode{
		ID: name(id), Operator: n.Op.String(), Expression: g.Expression(id), Does: g.Describe(id), Inputs: []string{},
		Span:      jsonSpan{n.Span.File, n.Span.Line, n.Span.Column, n.Span.EndLine, n.Span.EndColumn},
		Kind:      n.Kind.String(),
		Key:       jsonKey{append([]string{}, n.Key.Names...), append([]string{}, n.Key.Optional...), n.Key.Open},
		Published: published,
	}
	for _, in := range n.Inputs {
		out.Inputs = append(out.Inputs, name(in))
	}
	if r, ok := RollupOf(n.Op); ok {
		out.Rollup = &jsonRollup{r.Name, r.ByType, r.Why}
	}
	if w, ok := WindowOf(n.Op); ok {
		out.Window = &jsonWindow{w.What, w.Text, w.Length.Milliseconds()}
	}
	if !history.IsZero() {
		out.History = &jsonHistory{history.Time.Milliseconds(), history.Slots, history.Endless}
	}
	return out
}
