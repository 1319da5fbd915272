package programs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// module is a folder of Terraform files.
type module struct {
	folder    string
	files     map[string]*tfFile // by base name
	variables map[string]*definition
	locals    map[string]*definition
	given     map[string]*definition    // by the files of values, and by Options.Vars
	sources   map[string]*syntax.Source // by the name that ranges have
	whole     map[string]bool           // files that are the program of a resource
}

type tfFile struct {
	src   *syntax.Source
	body  *hclsyntax.Body
	diags hcl.Diagnostics
}

// definition is what a name of Terraform means.
type definition struct {
	expr  hclsyntax.Expression // nil: none
	typed cty.Type             // of a variable; cty.DynamicPseudoType: any

	value cty.Value
	state uint8 // of value
}

const (
	unevaluated = iota
	evaluating
	evaluated
)

// scope is what an expression sees besides variables and locals.
type scope struct {
	key   string // of the instance, as Terraform writes it: ["a"]
	each  cty.Value
	count cty.Value
	vars  map[string]cty.Value // in a template file: all that there is
}

// module returns the module that a file belongs to. Files of its folder that cannot be read
// are left out: who asks for them hears of it.
func (r *reader) module(name, content string) *module {
	folder := filepath.Dir(name)
	if m := r.modules[folder]; m != nil {
		if f := m.files[filepath.Base(name)]; f == nil || f.src.Text != content {
			m.add(name, content) // what standard input stands for is newer than what is there
		}
		return m
	}
	m := &module{folder: folder, files: map[string]*tfFile{}, variables: map[string]*definition{}, locals: map[string]*definition{},
		given: map[string]*definition{}, sources: map[string]*syntax.Source{}, whole: map[string]bool{}}
	r.modules[folder] = m
	m.add(name, content)
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".tf" || m.files[e.Name()] != nil || e.IsDir() {
			continue
		}
		path := filepath.Join(folder, e.Name())
		if text, err := readFile(path); err == nil {
			m.add(path, text)
		}
	}
	r.values(m)
	return m
}

// add parses a file and notes what it declares; of one with mistakes nothing.
func (m *module) add(name, content string) {
	src := syntax.NewSource(name, content)
	m.sources[name] = src
	parsed, diags := hclsyntax.ParseConfig([]byte(content), name, hcl.InitialPos)
	body := parsed.Body.(*hclsyntax.Body)
	m.files[filepath.Base(name)] = &tfFile{src, body, diags}
	if diags.HasErrors() {
		return
	}
	for _, b := range body.Blocks {
		switch {
		case b.Type == "variable" && len(b.Labels) == 1:
			m.variables[b.Labels[0]] = variable(b.Body)
		case b.Type == "locals":
			for name, attr := range b.Body.Attributes {
				m.locals[name] = &definition{expr: attr.Expr, typed: cty.DynamicPseudoType}
			}
		}
	}
}

func variable(body *hclsyntax.Body) *definition {
	d := &definition{typed: cty.DynamicPseudoType}
	if attr := body.Attributes["type"]; attr != nil {
		if t, _, diags := typeexpr.TypeConstraintWithDefaults(attr.Expr); !diags.HasErrors() {
			d.typed = t
		}
	}
	if attr := body.Attributes["default"]; attr != nil {
		d.expr = attr.Expr
	}
	return d
}

// values reads the values of variables: the files that Terraform reads by itself, then
// those of the options, then its single values.
func (r *reader) values(m *module) {
	files := []string{filepath.Join(m.folder, "terraform.tfvars")}
	auto, _ := filepath.Glob(filepath.Join(m.folder, "*.auto.tfvars"))
	files = append(files, auto...)
	for i, path := range append(files, r.options.VarFiles...) {
		text, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) && i < len(files) {
			continue
		}
		if err != nil {
			r.problemOnce(path, err)
			continue
		}
		src := syntax.NewSource(path, text)
		m.sources[path] = src
		parsed, diags := hclsyntax.ParseConfig([]byte(text), path, hcl.InitialPos)
		for _, d := range diags {
			if d.Severity == hcl.DiagError && !r.seen[path] {
				r.Problems = append(r.Problems, hclProblem(src, d))
			}
		}
		r.seen[path] = true
		if diags.HasErrors() {
			continue
		}
		for name, attr := range parsed.Body.(*hclsyntax.Body).Attributes {
			m.give(name, attr.Expr)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.options.Vars)) {
		value := r.options.Vars[name]
		file := fmt.Sprintf("<--var %s>", name)
		d := m.variables[name]
		if d == nil || d.typed == cty.String || d.typed == cty.DynamicPseudoType {
			value = `"` + escapeTemplate(quoteHCL.Replace(value)) + `"`
		}
		src := syntax.NewSource(file, value)
		expr, diags := hclsyntax.ParseExpression([]byte(value), file, hcl.InitialPos)
		if diags.HasErrors() {
			r.problemOnce(file, fmt.Errorf("%s is no value of its type", value))
			continue
		}
		m.sources[file] = src
		m.give(name, expr)
	}
}

func (m *module) give(name string, x hclsyntax.Expression) {
	t := cty.DynamicPseudoType
	if d := m.variables[name]; d != nil {
		t = d.typed
	}
	m.given[name] = &definition{expr: x, typed: t}
}

// problemOnce notes a problem with a file that several modules read.
func (r *reader) problemOnce(file string, err error) {
	if !r.seen[file] {
		r.seen[file] = true
		r.problem(file, err)
	}
}

// named returns what var.name or local.name means; nil if it is not known.
func (m *module) named(root, name string) *definition {
	switch root {
	case "var":
		if d := m.given[name]; d != nil {
			return d
		}
		return m.variables[name]
	case "local":
		return m.locals[name]
	}
	return nil
}

// eval returns the value of an expression; unknown is what cannot be told.
func (m *module) eval(x hclsyntax.Expression, s *scope) cty.Value {
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: functions()}
	objects := map[string]map[string]cty.Value{}
	for _, t := range x.Variables() {
		root := t.RootName()
		if s.vars != nil {
			if v, ok := s.vars[root]; ok {
				ctx.Variables[root] = v
			} else {
				ctx.Variables[root] = cty.DynamicVal
			}
			continue
		}
		attr, _ := first(t)
		switch {
		case root == "each" && s.each != cty.NilVal:
			ctx.Variables[root] = s.each
		case root == "count" && s.count != cty.NilVal:
			ctx.Variables[root] = s.count
		case (root == "var" || root == "local") && attr != "":
			if objects[root] == nil {
				objects[root] = map[string]cty.Value{}
			}
			objects[root][attr] = m.value(m.named(root, attr))
		case root == "path" && attr != "":
			ctx.Variables[root] = m.paths()
		default:
			ctx.Variables[root] = cty.DynamicVal
		}
	}
	for root, attrs := range objects {
		ctx.Variables[root] = cty.ObjectVal(attrs)
	}
	v, diags := x.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	v, _ = v.UnmarkDeep()
	return v
}

func (m *module) paths() cty.Value {
	folder := cty.StringVal(filepath.ToSlash(m.folder))
	return cty.ObjectVal(map[string]cty.Value{"module": folder, "root": folder, "cwd": cty.StringVal(".")})
}

// first returns the name after the root of a traversal, and whether nothing follows it.
func first(t hcl.Traversal) (name string, only bool) {
	if len(t) < 2 {
		return "", false
	}
	attr, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return "", false
	}
	return attr.Name, len(t) == 2
}

// value returns the value of a definition. One that needs itself is not known.
func (m *module) value(d *definition) cty.Value {
	switch {
	case d == nil:
		return cty.DynamicVal
	case d.state == evaluated:
		return d.value
	case d.state == evaluating:
		return cty.DynamicVal
	case d.expr == nil:
		return cty.UnknownVal(d.typed)
	}
	d.state = evaluating
	v := m.eval(d.expr, &scope{})
	if converted, err := convert.Convert(v, d.typed.WithoutOptionalAttributesDeep()); err == nil {
		v = converted
	}
	d.value, d.state = v, evaluated
	return v
}

// asString returns a value as a template of Terraform writes it, if it is known.
func asString(v cty.Value) (string, bool) {
	if v.IsNull() || !v.IsKnown() {
		return "", false
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() || !s.IsKnown() {
		return "", false
	}
	return s.AsString(), true
}

// resolvePath returns the path of a file that an expression names.
func (m *module) resolvePath(x hclsyntax.Expression, s *scope) (string, bool) {
	path, ok := asString(m.eval(x, s))
	if !ok || strings.ContainsRune(path, 0) {
		return "", false
	}
	return filepath.FromSlash(path), true
}
