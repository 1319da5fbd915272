package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const remedy = "run make generate"

// TestComplete compares the exported names of the library with those of this module, both
// ways, by a reading of its own: what the generator overlooks is found here.
func TestComplete(t *testing.T) {
	for _, folder := range packages {
		library := exported(t, filepath.Join(root, folder))
		aliases := exported(t, filepath.Dir(target(folder)))
		if len(library) < 40 {
			t.Errorf("%s: only %d exported names found", folder, len(library))
		}
		for _, fault := range compare(library, aliases) {
			t.Errorf("v2/%s: %s: %s", folder, fault, remedy)
		}
	}
}

// compare returns what one of two sets of exported names lacks, or has as another kind.
func compare(library, aliases map[string]string) (faults []string) {
	for name, kind := range library {
		if aliases[name] != kind {
			faults = append(faults, fmt.Sprintf("has no %s %s", kind, name))
		}
	}
	for name, kind := range aliases {
		if library[name] == "" {
			faults = append(faults, fmt.Sprintf("has %s %s, which the library does not have", kind, name))
		}
	}
	slices.Sort(faults)
	return faults
}

func TestCompareFindsGaps(t *testing.T) {
	faults := compare(
		map[string]string{"Same": "type", "Gone": "func", "Other": "var"},
		map[string]string{"Same": "type", "More": "func", "Other": "const"})
	want := []string{"has func More, which the library does not have", "has no func Gone", "has no var Other"}
	if !slices.Equal(faults, want) {
		t.Errorf("found %q, want %q", faults, want)
	}
}

// exported returns the kind of each exported name that the Go files of a folder declare.
func exported(t *testing.T, folder string) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, file := range parse(t, folder) {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				if fn.Recv == nil && ast.IsExported(fn.Name.Name) {
					names[fn.Name.Name] = "func"
				}
				continue
			}
			kind := decl.(*ast.GenDecl).Tok.String()
			for _, spec := range decl.(*ast.GenDecl).Specs {
				ast.Inspect(spec, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.TypeSpec:
						names[n.Name.Name] = kind
					case *ast.ValueSpec:
						for _, name := range n.Names {
							names[name.Name] = kind
						}
					}
					return false
				})
			}
		}
	}
	for name := range names {
		if !ast.IsExported(name) {
			delete(names, name)
		}
	}
	return names
}

// parse reads the Go files of a folder, tests apart.
func parse(t *testing.T, folder string) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// TestNothingElse asks that each declaration of this module repeats the library's of the same
// name: a type is an alias, a value the value, and a function one call.
func TestNothingElse(t *testing.T) {
	for _, folder := range packages {
		from := path.Base(folder)
		for _, file := range parse(t, filepath.Dir(target(folder))) {
			for _, decl := range file.Decls {
				for _, fault := range strangers(decl, from) {
					t.Errorf("v2/%s: %s is more than an alias: %s", folder, fault, remedy)
				}
			}
		}
	}
}

// strangers returns the names of a declaration that are not aliases of their namesakes.
func strangers(decl ast.Decl, from string) (names []string) {
	same := func(name string, e ast.Expr) {
		if index, ok := e.(*ast.IndexExpr); ok {
			e = index.X
		}
		if index, ok := e.(*ast.IndexListExpr); ok {
			e = index.X
		}
		sel, ok := e.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != name || sel.X.(*ast.Ident).Name != from {
			names = append(names, name)
		}
	}
	if fn, ok := decl.(*ast.FuncDecl); ok {
		if fn.Recv != nil || len(fn.Body.List) != 1 {
			return []string{fn.Name.Name}
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok {
				same(fn.Name.Name, call.Fun)
			}
			return !ok
		})
		return names
	}
	for _, spec := range decl.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if same(spec.Name.Name, spec.Type); !spec.Assign.IsValid() {
				names = append(names, spec.Name.Name)
			}
		case *ast.ValueSpec:
			for i, name := range spec.Names {
				same(name.Name, spec.Values[i])
			}
		}
	}
	return names
}

func TestStrangersAreFound(t *testing.T) {
	const text = `package p
import "lib"
type A = lib.A
type B lib.B
type C = lib.A
type G[T any] = lib.G[T]
const D = lib.D
const E = 5
func F(x int) int { return lib.F(x) }
func H(x int) int { return lib.F(x) }
func I() { lib.I(); lib.I() }
`
	file, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, decl := range file.Decls {
		found = append(found, strangers(decl, "lib")...)
	}
	if want := []string{"B", "C", "E", "H", "I"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

// TestGenerated finds signatures that have changed since the files were written.
func TestGenerated(t *testing.T) {
	for _, folder := range packages {
		want, err := generate(folder)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(target(folder))
		if err != nil {
			t.Fatalf("%v: %s", err, remedy)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what its generator writes: %s", target(folder), remedy)
		}
	}
}

// TestWrite covers the forms that the library may come to use.
func TestWrite(t *testing.T) {
	const text = `package lib
import ("context"; h "net/http")
type ( A struct{}; G[K comparable, V any] map[K]V; hidden int )
const ( C = 1; D A = iota; hiddenConst = 2 )
var ErrOne, errTwo = f()
func (A) Method() {}
func F(ctx context.Context, _ string, a, b *A, rest ...func(h.Header) error) (n int, err error) { return }
func None() {}
func Unnamed(int, ...A) (A, error) { panic(0) }
func Map[K comparable, V any](m G[K, V], each func(K) V) G[K, V] { return m }
`
	const want = `// Code generated by internal/aliases from the library. DO NOT EDIT.

package lib

import (
	"context"
	h "net/http"

	"example.com/lib"
)

// The constants of [example.com/lib].
const (
	C = lib.C
	D = lib.D
)

// The error values of [example.com/lib]: the same ones, so == and errors.Is see no difference.
var (
	ErrOne = lib.ErrOne
)

// A is [lib.A].
type A = lib.A

// G is [lib.G].
type G[K comparable, V any] = lib.G[K, V]

// F is [lib.F].
func F(ctx context.Context, arg1 string, a, b *A, rest ...func(h.Header) error) (n int, err error) {
	return lib.F(ctx, arg1, a, b, rest...)
}

// Map is [lib.Map].
func Map[K comparable, V any](m G[K, V], each func(K) V) G[K, V] { return lib.Map[K, V](m, each) }

// None is [lib.None].
func None() { lib.None() }

// Unnamed is [lib.Unnamed].
func Unnamed(arg0 int, arg1 ...A) (A, error) { return lib.Unnamed(arg0, arg1...) }
`
	got, err := writeText(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("wrote:\n%s\nwant:\n%s", got, want)
	}
	if formatted, err := format.Source(got); err != nil || !bytes.Equal(formatted, got) {
		t.Errorf("not formatted: %v", err)
	}
}

// TestRefused names what no alias can stand for.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"package lib; var Default = 1":                        "variable Default: a copy does not follow",
		"package lib; type a int; func F(x []a) {}":           "func F: its signature has a, which is not exported",
		"package lib; func F(lib int) {}":                     "func F: a parameter is named lib",
		"package lib; import \"x.org/lib\"; func F(lib.T) {}": "func F: lib means both",
		"package lib; func F(":                                "expected",
	} {
		if got, err := writeText(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q; wrote\n%s", text, err, want, got)
		}
	}
	if _, err := read(t.TempDir()); err == nil {
		t.Error("a folder without Go files: no error")
	}
}

func writeText(t *testing.T, text string) ([]byte, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "lib.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	src, err := read(folder)
	if err != nil {
		return nil, err
	}
	return src.write("example.com/lib")
}
