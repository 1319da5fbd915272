package eval

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// maxImports bounds how many imports are going on inside one another.
const maxImports = 64

// module is a module or package that a program has imported. It runs once in a program, in
// a scope of its own that sees the built-ins and nothing else; all that import it share its
// values (language-detectors.md 5.1).
type module struct {
	name    string // "a.b.c"
	scope   *scope
	pack    bool // it has modules inside
	loading bool // its own statements are running
}

// importModules evaluates "import a.b, c as d". Without "as", a name of parts binds its
// first one, from which the others are reached as attributes.
func (ev *evaluator) importModules(s *syntax.Import) *syntax.Error {
	for _, n := range s.Modules {
		m, err := ev.load(n.Path.Parts, n.Path)
		if err != nil {
			return err
		}
		id := n.As
		if id == nil {
			id = n.Path.Parts[0]
			if m, err = ev.load(n.Path.Parts[:1], n.Path); err != nil {
				return err
			}
		}
		if err := ev.bind(id, m); err != nil {
			return err
		}
	}
	return nil
}

// importNames evaluates "from a.b import c" and "from a.b import *".
func (ev *evaluator) importNames(s *syntax.FromImport) *syntax.Error {
	m, err := ev.load(s.Module.Parts, s.Module)
	if err != nil {
		return err
	}
	if s.Star {
		return ev.importAll(m, s)
	}
	for _, n := range s.Names {
		id := n.Path.Parts[0]
		v, err := ev.memberOf(m, id)
		if err != nil {
			return err
		}
		if n.As != nil {
			id = n.As
		}
		if err := ev.bind(id, v); err != nil {
			return err
		}
	}
	return nil
}

// importAll binds every name of a module that does not begin with an underscore.
func (ev *evaluator) importAll(m *module, s *syntax.FromImport) *syntax.Error {
	star := syntax.Span{From: s.To - 1, To: s.To}
	for _, name := range slices.Sorted(maps.Keys(m.scope.names)) {
		if err := ev.spend(1, star); err != nil {
			return err
		}
		if strings.HasPrefix(name, "_") {
			continue
		}
		if err := ev.bind(&syntax.Ident{Span: star, Name: name}, m.scope.names[name].value); err != nil {
			return err
		}
	}
	return nil
}

// memberOf returns what a name means in a module: a name that it binds, also by an import,
// or of a package a module inside.
func (ev *evaluator) memberOf(m *module, id *syntax.Ident) (value, *syntax.Error) {
	if b, ok := m.scope.names[id.Name]; ok {
		return b.value, nil
	}
	if m.pack {
		parts := append(strings.Split(m.name, "."), id.Name)
		if p, _ := ev.library.locate(parts); p.path != "" {
			return ev.loadFrom(p, strings.Join(parts, "."), id)
		}
	}
	err := ev.errorf(syntax.NameError, id, "module '%s' has no name '%s'", m.name, id.Name)
	names := slices.Sorted(maps.Keys(m.scope.names))
	if near := spell.Nearest(id.Name, names); near != "" {
		return nil, err.WithHint("did you mean '%s'?", near)
	}
	if m.pack {
		_, err.Hint = ev.library.locate(append(strings.Split(m.name, "."), id.Name))
	}
	return nil, err
}

// load returns the module of a name, given by its parts.
func (ev *evaluator) load(ids []*syntax.Ident, at syntax.Node) (*module, *syntax.Error) {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = id.Name
	}
	name := strings.Join(parts, ".")
	p, hint := ev.library.locate(parts)
	if p.path == "" {
		err := ev.errorf(syntax.NameError, at, "module '%s' is not found", name)
		err.Hint = hint
		return nil, err
	}
	return ev.loadFrom(p, name, at)
}

// loadFrom returns the module of a file, and runs it if the program has not yet.
func (ev *evaluator) loadFrom(p place, name string, at syntax.Node) (*module, *syntax.Error) {
	if m, ok := ev.modules[p]; ok {
		if m.loading {
			return nil, ev.errorf(syntax.NameError, at, "import cycle: %s", ev.cycle(m))
		}
		return m, nil
	}
	if len(ev.loading) >= maxImports {
		return nil, ev.errorf(syntax.LimitError, at, "imports inside one another exceed %d", maxImports)
	}
	f := ev.library.read(p)
	if err := ev.spend(f.size/16, at); err != nil {
		return nil, err
	}
	in, err := ev.check(f, name, at)
	if err != nil {
		return nil, err
	}
	m := &module{name: name, scope: in.scope, pack: path.Base(p.path) == packageModule, loading: true}
	ev.modules[p] = m
	ev.loading = append(ev.loading, m)
	_, err = in.block(f.file.Stmts)
	ev.loading = ev.loading[:len(ev.loading)-1]
	m.loading = false
	if err != nil {
		delete(ev.modules, p)
		return nil, ev.called("import "+name, at, err)
	}
	return m, nil
}

// check returns an evaluator for a module, unless it cannot be read or has mistakes that
// every program would meet.
func (ev *evaluator) check(f *moduleFile, name string, at syntax.Node) (*evaluator, *syntax.Error) {
	if f.err != nil {
		return nil, ev.errorf(syntax.NameError, at, "module '%s' cannot be read: %v", name, f.err)
	}
	if len(f.errs) > 0 {
		ev.fault.more = f.errs[1:]
		return nil, ev.called("import "+name, at, f.errs[0])
	}
	return &evaluator{compilation: ev.compilation, src: f.file.Source, scope: newScope(nil), depth: ev.depth}, nil
}

// cycle names the modules of a circle of imports, from the one that it comes back to.
func (ev *evaluator) cycle(m *module) string {
	i := slices.Index(ev.loading, m)
	var names []string
	for _, l := range ev.loading[i:] {
		names = append(names, l.name)
	}
	return strings.Join(append(names, m.name), " imports ")
}
