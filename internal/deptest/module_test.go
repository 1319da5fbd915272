package deptest

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A module is what a go.mod or go.work file says.
type module struct {
	directives map[string][]string // "go", "module", "toolchain", "use", "replace", … → arguments of each line
	requires   []requirement
}

type requirement struct {
	path, version string
	indirect      bool
}

// parseModule reads the syntax that go.mod and go.work share: one directive a line, or
// several in parentheses.
func parseModule(text []byte) (*module, error) {
	m := &module{directives: map[string][]string{}}
	block := "" // the directive whose parentheses are open
	for line := range bytes.Lines(text) {
		code, comment, _ := strings.Cut(string(line), "//")
		fields := strings.Fields(code)
		switch {
		case len(fields) == 0:
			continue
		case fields[0] == ")":
			block = ""
			continue
		case len(fields) == 2 && fields[1] == "(":
			block = fields[0]
			continue
		}
		if block != "" {
			fields = append([]string{block}, fields...)
		}
		if len(fields) < 2 {
			return nil, fmt.Errorf("directive %q has no argument", fields[0])
		}
		if fields[0] != "require" {
			m.directives[fields[0]] = append(m.directives[fields[0]], strings.Join(fields[1:], " "))
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("requirement %q is not a path and a version", strings.Join(fields[1:], " "))
		}
		m.requires = append(m.requires, requirement{fields[1], fields[2], strings.TrimSpace(comment) == "indirect"})
	}
	return m, nil
}

// The modules, and why they are apart: docs/decisions/0001-three-modules.md, and for v2
// docs/decisions/0008-aliases-under-v2.md.
var (
	moduleFolders = []string{".", "cmd/signalflow", "internal/e2e", "v2"}
	inWorkspace   = []string{".", "./cmd/signalflow"}
)

// What the library costs a program that imports it: these two modules, and this Go version.
var (
	rootRequires = []requirement{
		{path: "github.com/gorilla/websocket", version: "v1.5.3"},
		{path: "github.com/signalfx/signalfx-go", version: "v1.40.1"},
	}
	rootGo = "1.25.0"
)

func TestModules(t *testing.T) {
	report(t, checkModules(open(t)))
}

func checkModules(r *repo) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if got := slices.Sorted(maps.Keys(r.modules)); !slices.Equal(got, moduleFolders) {
		fault("modules are in %q, want %q: a further one needs a decision record", got, moduleFolders)
	}
	for folder, m := range r.modules {
		if folder != "." {
			faults = append(faults, checkNested(folder, m)...)
		}
	}
	if v2 := r.modules["v2"]; v2 != nil {
		faults = append(faults, checkAliases(v2)...)
	}
	root := r.modules["."]
	if root == nil {
		fault("go.mod: missing")
		return faults
	}
	if got := root.directives["module"]; !slices.Equal(got, []string{ourModule}) {
		fault("go.mod: module %q, want %q: the import paths of api.md are fixed", got, ourModule)
	}
	if got := root.directives["go"]; !slices.Equal(got, []string{rootGo}) {
		fault("go.mod: go %q, want %q: a higher one forces every user to upgrade", got, rootGo)
	}
	if !slices.Equal(root.requires, rootRequires) {
		fault("go.mod: requires %v, want exactly %v: whoever imports the client inherits the list", root.requires, rootRequires)
	}
	for _, name := range []string{"replace", "exclude", "toolchain"} {
		if root.directives[name] != nil {
			fault("go.mod: has %s, which does not work for those who import the module", name)
		}
	}
	return append(faults, checkWorkspace(r)...)
}

// checkNested looks at a module below the root: until the library is published it must
// take it from here, and it must never replace the published client.
func checkNested(folder string, m *module) (faults []string) {
	up, err := filepath.Rel(filepath.FromSlash(folder), ".")
	if err != nil {
		return []string{err.Error()}
	}
	want := ourModule + " => " + filepath.ToSlash(up)
	if !slices.Contains(m.directives["replace"], want) {
		faults = append(faults, fmt.Sprintf("%s: no line `replace %s`: it would not build against this tree", path.Join(folder, "go.mod"), want))
	}
	for _, line := range m.directives["replace"] {
		if strings.HasPrefix(line, ourModule+"/v2") {
			faults = append(faults, fmt.Sprintf("%s: `replace %s`: the published client must be the published one, or we compare us with us", path.Join(folder, "go.mod"), line))
		}
	}
	return faults
}

// checkAliases looks at the module that programs for the published client import: it must
// cost them what the library costs, and no more.
func checkAliases(m *module) (faults []string) {
	if got := m.directives["go"]; !slices.Equal(got, []string{rootGo}) {
		faults = append(faults, fmt.Sprintf("v2/go.mod: go %q, want %q like the library's", got, rootGo))
	}
	for _, req := range m.requires {
		req.indirect = false
		if req.path != ourModule && !slices.Contains(rootRequires, req) {
			faults = append(faults, fmt.Sprintf("v2/go.mod: requires %s %s, which the library does not", req.path, req.version))
		}
	}
	return faults
}

func checkWorkspace(r *repo) []string {
	work, err := parseModule(r.files["go.work"])
	if err != nil {
		return []string{fmt.Sprintf("go.work: %v", err)}
	}
	if got := work.directives["use"]; !slices.Equal(got, inWorkspace) {
		return []string{fmt.Sprintf("go.work: uses %q, want %q: internal/e2e stays out, so that its published peers are the published ones, and v2, which has their path", got, inWorkspace)}
	}
	if work.directives["replace"] != nil {
		return []string{"go.work: has replace, which hides what the go.mod files say"}
	}
	return nil
}

// report fails the test with each fault on a line of its own.
func report(t *testing.T, faults []string) {
	t.Helper()
	for _, fault := range faults {
		t.Error(fault)
	}
}
