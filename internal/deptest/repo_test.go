// Package deptest keeps the shape of the project as a test: who may import whom, which
// modules exist and what they require, and which texts must not be in the repository.
//
// Everything is read from files through package os, never from `go list` in a child
// process: go test knows the files that a test opened, so it runs this one again when they
// change, and it would not know what a child process has read.
package deptest

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	ourModule = "github.com/signalfx/signalflow-client-go"
	fromHere  = "../.." // the root of the repository, seen from this folder
)

// A repo is the project as it lies on disk: what Git ignores is left out, what is not
// committed yet is not.
type repo struct {
	files    map[string][]byte   // by path, relative to the root
	packages map[string]*goFiles // by folder, "." for the root
	modules  map[string]*module  // by folder, "." for the root
}

// goFiles is one folder of Go files.
type goFiles struct {
	folder  string
	names   []string // the package names in it, those of external tests without _test
	imports []goImport
}

// A goImport is one import of one file.
type goImport struct {
	path string
	test bool   // the importing file is a test
	at   string // file:line
}

// open reads the project that this test belongs to.
func open(t *testing.T) *repo {
	t.Helper()
	r, err := load(os.DirFS(fromHere))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// load reads a project: its files, the imports of its Go files, and its go.mod files.
func load(root fs.FS) (*repo, error) {
	ignored, err := readIgnored(root)
	if err != nil {
		return nil, err
	}
	r := &repo{files: map[string][]byte{}, packages: map[string]*goFiles{}, modules: map[string]*module{}}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".git" || ignored.match(name, d.IsDir()):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return r.add(name, text)
	})
	return r, err
}

// add files one file under what it is.
func (r *repo) add(name string, text []byte) error {
	r.files[name] = text
	folder, base := path.Split(name)
	folder = path.Clean(folder)
	switch {
	case unseenByGo(folder):
		return nil
	case base == "go.mod":
		m, err := parseModule(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.modules[folder] = m
	case path.Ext(base) == ".go":
		return r.addGo(folder, name, text)
	}
	return nil
}

func (r *repo) addGo(folder, name string, text []byte) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.ImportsOnly|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	p := r.packages[folder]
	if p == nil {
		p = &goFiles{folder: folder}
		r.packages[folder] = p
	}
	test := strings.HasSuffix(name, "_test.go")
	pkgName := f.Name.Name
	if test {
		pkgName = strings.TrimSuffix(pkgName, "_test")
	}
	if !slices.Contains(p.names, pkgName) {
		p.names = append(p.names, pkgName)
	}
	for _, spec := range f.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		at := fmt.Sprintf("%s:%d", name, fset.Position(spec.Pos()).Line)
		p.imports = append(p.imports, goImport{path: importPath, test: test, at: at})
	}
	return nil
}

// folders returns the folders with Go files, sorted.
func (r *repo) folders() []string { return slices.Sorted(maps.Keys(r.packages)) }

// moduleOf returns the folder of the module that a folder belongs to.
func (r *repo) moduleOf(folder string) string {
	for ; folder != "."; folder = path.Dir(folder) {
		if r.modules[folder] != nil {
			break
		}
	}
	return folder
}

// ourFolder returns the folder of an import path that belongs to this repository.
func ourFolder(importPath string) (folder string, ours bool) {
	if importPath == ourModule {
		return ".", true
	}
	folder, ours = strings.CutPrefix(importPath, ourModule+"/")
	if folder == "v2" || strings.HasPrefix(folder, "v2/") {
		return "", false // the published module, which only internal/e2e compares us with
	}
	return folder, ours
}

// isStd tells whether an import path belongs to the standard library: its first element
// has no dot.
func isStd(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// unseenByGo tells whether the go command passes over a folder.
func unseenByGo(folder string) bool {
	for element := range strings.SplitSeq(folder, "/") {
		hidden := strings.HasPrefix(element, ".") && element != "."
		if hidden || strings.HasPrefix(element, "_") || element == "testdata" {
			return true
		}
	}
	return false
}

// ignore is the part of .gitignore that this project uses: names, names with *, and
// folders with a trailing slash; a slash elsewhere ties the pattern to the root.
type ignore []string

func readIgnored(root fs.FS) (ignore, error) {
	text, err := fs.ReadFile(root, ".gitignore")
	if err != nil {
		return nil, err
	}
	var patterns ignore
	for line := range bytes.Lines(text) {
		pattern := strings.TrimSpace(string(line))
		if pattern == "" || pattern[0] == '#' {
			continue
		}
		if _, err := path.Match(pattern, ""); err != nil || pattern[0] == '!' || strings.Contains(pattern, "**") {
			return nil, fmt.Errorf(".gitignore: pattern %q is not understood here; write it plainer or teach ignore.match", pattern)
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

func (patterns ignore) match(name string, isDir bool) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		pattern, onlyDirs := strings.CutSuffix(pattern, "/")
		if onlyDirs && !isDir {
			return false
		}
		subject := path.Base(name)
		if strings.Contains(pattern, "/") {
			subject, pattern = name, strings.TrimPrefix(pattern, "/")
		}
		ok, _ := path.Match(pattern, subject)
		return ok
	})
}
