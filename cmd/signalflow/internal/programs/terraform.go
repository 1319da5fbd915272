package programs

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// maxInstances bounds the programs that one resource makes with for_each.
const maxInstances = 100

// terraform reads the programs of a file of Terraform. What its expressions need comes out
// of all files of its folder.
func (r *reader) terraform(name, content string) {
	m := r.module(name, content)
	file := m.files[filepath.Base(name)]
	for _, d := range file.diags {
		if d.Severity == hcl.DiagError {
			r.Problems = append(r.Problems, hclProblem(file.src, d))
		}
	}
	if file.diags.HasErrors() {
		return // of the rest the library is not sure either
	}
	for _, block := range file.body.Blocks {
		address := strings.Join(block.Labels, ".")
		if block.Type != "resource" {
			address = strings.TrimSuffix(block.Type+"."+address, ".")
		}
		for _, s := range m.scopes(block.Body) {
			w := walker{module: m, scope: s, file: file, address: address + s.key, kind: resourceKind(block)}
			w.block(block.Body)
			r.Programs = append(r.Programs, w.found...)
			r.Problems = append(r.Problems, w.problems...)
		}
	}
	for path := range m.whole {
		r.whole[filepath.Clean(path)] = true
	}
}

// hclProblem returns what the HCL library says of a file.
func hclProblem(src *syntax.Source, d *hcl.Diagnostic) Problem {
	p := Problem{Place: Place{File: src.Name}, Msg: strings.TrimSuffix(d.Summary, ".")}
	if d.Detail != "" {
		p.Msg += ": " + strings.Join(strings.Fields(d.Detail), " ")
	}
	if d.Subject != nil {
		p.Place = placeOf(src, *d.Subject)
	}
	return p
}

func placeOf(src *syntax.Source, rng hcl.Range) Place {
	return placeIn(src, rng.Start.Byte, rng.End.Byte)
}

// resourceKind returns what the programs in a block are for.
func resourceKind(block *hclsyntax.Block) Kind {
	if block.Type != "resource" || len(block.Labels) == 0 {
		return Flow
	}
	switch t := block.Labels[0]; {
	case strings.HasSuffix(t, "_detector"):
		return Detector
	case strings.HasSuffix(t, "_slo"):
		return SLO
	case strings.HasSuffix(t, "_chart"), strings.HasSuffix(t, "_event_feed"):
		return Chart
	}
	return Flow
}

// scopes returns a scope for each instance that for_each makes of a block; one in which
// each is not known when that cannot be told.
func (m *module) scopes(body *hclsyntax.Body) []*scope {
	if attr := body.Attributes["for_each"]; attr != nil {
		v := m.eval(attr.Expr, &scope{})
		if !v.IsNull() && v.IsWhollyKnown() && v.CanIterateElements() && v.LengthInt() > 0 && v.LengthInt() <= maxInstances {
			var list []*scope
			for it := v.ElementIterator(); it.Next(); {
				key, value := it.Element()
				if v.Type().IsSetType() {
					key = value
				}
				if key.Type() != cty.String {
					return []*scope{{}}
				}
				list = append(list, &scope{
					key:  fmt.Sprintf("[%q]", key.AsString()),
					each: cty.ObjectVal(map[string]cty.Value{"key": key, "value": value}),
				})
			}
			return list
		}
	}
	if body.Attributes["count"] != nil {
		return []*scope{{count: cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(0)})}}
	}
	return []*scope{{}}
}

// walker looks for programs in one instance of a block.
type walker struct {
	*module
	scope    *scope
	file     *tfFile
	address  string
	kind     Kind
	found    []*Program
	problems []Problem
}

// block finds the program of a block and those of the blocks in it.
func (w *walker) block(body *hclsyntax.Body) {
	if attr := body.Attributes["program_text"]; attr != nil {
		w.program(body, attr)
	}
	for _, inner := range body.Blocks {
		w.block(inner.Body)
	}
}

func (w *walker) program(body *hclsyntax.Body, attr *hclsyntax.Attribute) {
	a := assembler{module: w.module, scope: w.scope, count: new(int)}
	a.expr(attr.Expr)
	if *a.count > maxExpressions {
		w.problems = append(w.problems, Problem{Place: placeOf(w.file.src, attr.Expr.Range()), Msg: fmt.Sprintf("more than %d expressions make this text", maxExpressions)})
		return
	}
	a.fill()
	p := a.text.program(Program{File: w.file.src.Name, Name: w.address, Kind: w.kind, AllLabels: true})
	if t := readTemplate(w.file.src, unparen(attr.Expr).Range()); t != nil {
		p.Body = t.body()
	}
	switch w.kind {
	case Detector:
		w.labels(p, body, "rule", "detect_label")
	case Chart:
		w.labels(p, body, "viz_options", "label")
		w.labels(p, body, "event_options", "label")
	case SLO:
		for _, name := range []string{"good_events_label", "total_events_label"} {
			if attr := body.Attributes[name]; attr != nil {
				p.Labels = append(p.Labels, w.label(attr.Expr))
			}
		}
	}
	w.found = append(w.found, p)
}

// labels notes the labels that the blocks of a type name by an attribute.
func (w *walker) labels(p *Program, body *hclsyntax.Body, block, name string) {
	for _, b := range body.Blocks {
		switch {
		case b.Type == "dynamic" && len(b.Labels) == 1 && b.Labels[0] == block:
			p.AllLabels = false
		case b.Type == block && b.Body.Attributes[name] != nil:
			l := w.label(b.Body.Attributes[name].Expr)
			l.Lines = w.lines(b.TypeRange.Start.Line-1, l.At.Start.Line)
			if severity := b.Body.Attributes["severity"]; severity != nil {
				l.Severity = w.string(severity.Expr)
			}
			p.Labels = append(p.Labels, l)
			p.AllLabels = p.AllLabels && l.Known
		}
	}
}

func (w *walker) label(x hclsyntax.Expression) Label {
	v := w.eval(x, w.scope)
	s, ok := asString(v)
	at := labelPlace(w.file.src, x)
	return Label{Text: s, Known: ok, At: at, Lines: w.lines(at.Start.Line-1, at.Start.Line)}
}

// lines returns lines of the file.
func (w *walker) lines(first, last int) (list []string) {
	for n := first; n <= last; n++ {
		list = append(list, w.file.src.Line(n))
	}
	return list
}

// string returns the value of an expression as text; empty when it is not known.
func (w *walker) string(x hclsyntax.Expression) string {
	s, _ := asString(w.eval(x, w.scope))
	return s
}

// labelPlace returns the place of a label, without the quotes around it.
func labelPlace(src *syntax.Source, x hclsyntax.Expression) Place {
	rng := x.Range()
	if t := readTemplate(src, rng); t != nil && t.form == quoted && t.to-t.from > 2 {
		return placeIn(src, t.from+1, t.to-1)
	}
	return placeOf(src, rng)
}

func unparen(x hclsyntax.Expression) hclsyntax.Expression {
	for {
		p, ok := x.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return x
		}
		x = p.Expression
	}
}
