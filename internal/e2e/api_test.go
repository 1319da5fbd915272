package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The two import paths of the documented API.
const (
	ourPath       = "github.com/signalfx/signalflow-client-go/signalflow"
	publishedPath = "github.com/signalfx/signalflow-client-go/v2/signalflow"
)

// TestAPICompatible compares what the published client exports with what ours does: each
// name, signature, field with its tag, method set and constant value of the published one
// must be the same here. Ours may have more of everything but interface methods.
func TestAPICompatible(t *testing.T) {
	load := exportedTypes(t)
	for _, folder := range []string{"", "/messages"} {
		published, err := load.Import(publishedPath + folder)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := load.Import(ourPath + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, difference := range comparePackages(published, ours) {
			t.Errorf("package %s: %s", published.Name(), difference)
		}
	}
}

// exportedTypes returns an importer that reads both packages, and what they import, as the
// compiler has exported them.
func exportedTypes(t *testing.T) types.Importer {
	t.Helper()
	files := map[string]string{}
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export",
		ourPath, ourPath+"/messages", publishedPath, publishedPath+"/messages")
	list.Env = append(os.Environ(), "GOWORK=off")
	var failure bytes.Buffer
	list.Stderr = &failure
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", list, err, failure.Bytes())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("%s is not a dependency of either client", path)
		}
		return os.Open(files[path])
	})
}

func comparePackages(published, ours *types.Package) (differences []string) {
	for _, name := range published.Scope().Names() {
		want := published.Scope().Lookup(name)
		if !want.Exported() {
			continue
		}
		if got := ours.Scope().Lookup(name); got == nil {
			differences = append(differences, name+" is missing")
		} else {
			differences = append(differences, compareObjects(want, got)...)
		}
	}
	return differences
}

// compareObjects compares two declarations of one name.
func compareObjects(want, got types.Object) []string {
	if a, b := fmt.Sprintf("%T", want), fmt.Sprintf("%T", got); a != b {
		return []string{fmt.Sprintf("%s is a %s, was a %s", want.Name(), b, a)}
	}
	if a, b := shape(want.Type()), shape(got.Type()); a != b {
		return []string{fmt.Sprintf("%s is %s, was %s", want.Name(), b, a)}
	}
	switch want := want.(type) {
	case *types.Const:
		if got := got.(*types.Const); !constant.Compare(want.Val(), token.EQL, got.Val()) {
			return []string{fmt.Sprintf("%s = %v, was %v", want.Name(), got.Val(), want.Val())}
		}
	case *types.TypeName:
		return compareTypes(want, got.(*types.TypeName))
	}
	return nil
}

func compareTypes(want, got *types.TypeName) (differences []string) {
	name := want.Name()
	if want.IsAlias() != got.IsAlias() {
		differences = append(differences, name+" is an alias on one side only")
	}
	if types.Comparable(want.Type()) && !types.Comparable(got.Type()) {
		differences = append(differences, name+" cannot be compared with == any more")
	}
	if fields, ok := want.Type().Underlying().(*types.Struct); ok {
		differences = append(differences, compareFields(name, fields, got)...)
	} else if a, b := shape(want.Type().Underlying()), shape(got.Type().Underlying()); a != b {
		differences = append(differences, fmt.Sprintf("%s is %s underneath, was %s", name, b, a))
	}
	if types.IsInterface(want.Type()) {
		return differences
	}
	differences = append(differences, compareMethods(name, want.Type(), got.Type())...)
	return append(differences, compareMethods("*"+name, types.NewPointer(want.Type()), types.NewPointer(got.Type()))...)
}

// compareFields compares the exported fields of a struct, embedded ones included.
func compareFields(name string, want *types.Struct, typ *types.TypeName) (differences []string) {
	fault := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	got, ok := typ.Type().Underlying().(*types.Struct)
	if !ok {
		return []string{name + " is not a struct any more"}
	}
	for i := range want.NumFields() {
		field := want.Field(i)
		if !field.Exported() {
			continue
		}
		j := slices.IndexFunc(slices.Collect(got.Fields()), func(f *types.Var) bool { return f.Name() == field.Name() })
		if j < 0 {
			fault("%s.%s is missing", name, field.Name())
			continue
		}
		if a, b := shape(field.Type()), shape(got.Field(j).Type()); a != b {
			fault("%s.%s is %s, was %s", name, field.Name(), b, a)
		}
		if a, b := want.Tag(i), got.Tag(j); a != b {
			fault("%s.%s has the tag %s, had %s", name, field.Name(), strconv.Quote(b), strconv.Quote(a))
		}
		if field.Embedded() != got.Field(j).Embedded() {
			fault("%s.%s is embedded on one side only", name, field.Name())
		}
	}
	return differences
}

// compareMethods compares the exported methods that can be called on a type, promoted ones
// included, and on what they stand: a method that is found through another path of
// embedding is still the same method to a caller.
func compareMethods(name string, want, got types.Type) (differences []string) {
	methods := types.NewMethodSet(got)
	for method := range types.NewMethodSet(want).Methods() {
		f := method.Obj()
		if !f.Exported() {
			continue
		}
		selected := methods.Lookup(f.Pkg(), f.Name())
		if selected == nil {
			differences = append(differences, fmt.Sprintf("(%s).%s is missing", name, f.Name()))
		} else if a, b := shape(method.Type()), shape(selected.Type()); a != b {
			differences = append(differences, fmt.Sprintf("(%s).%s is %s, was %s", name, f.Name(), b, a))
		}
	}
	return differences
}

// shape writes a type so that those of both clients can be compared: with the import paths
// of ours, and signatures without the names of parameters.
func shape(t types.Type) string {
	if s, ok := types.Unalias(t).(*types.Signature); ok {
		return "func" + tuple(s.Params(), s.Variadic()) + tuple(s.Results(), false)
	}
	return types.TypeString(t, func(p *types.Package) string {
		return strings.Replace(p.Path(), publishedPath, ourPath, 1)
	})
}

func tuple(vars *types.Tuple, variadic bool) string {
	var list []string
	for v := range vars.Variables() {
		list = append(list, shape(v.Type()))
	}
	if variadic {
		list = append(list, "...")
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// documentedProgram makes use of every documented name.
const documentedProgram = "testdata/documented.go"

// TestDocumentedProgram compiles one program against both clients: nothing but the import
// path may be different, and nothing that is documented may be left out of it.
func TestDocumentedProgram(t *testing.T) {
	source, err := os.ReadFile(documentedProgram)
	if err != nil {
		t.Fatal(err)
	}
	load := exportedTypes(t)
	compileProgram(t, load, source)
	used := compileProgram(t, load, bytes.ReplaceAll(source, []byte(ourPath), []byte(publishedPath)))
	for _, name := range documentedNames(t) {
		if !used[name] {
			t.Errorf("docs/spec/api.md documents %s, which %s does not use", name, documentedProgram)
		}
	}
}

// compileProgram checks a program like the compiler and returns the names that it uses.
func compileProgram(t *testing.T, load types.Importer, source []byte) map[string]bool {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, documentedProgram, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	uses := map[*ast.Ident]types.Object{}
	conf := types.Config{Importer: load, Error: func(err error) { t.Error(err) }}
	conf.Check("main", files, []*ast.File{file}, &types.Info{Uses: uses})
	used := map[string]bool{}
	for _, object := range uses {
		used[object.Name()] = true
	}
	return used
}

var (
	codeBlock    = regexp.MustCompile("(?s)```\n(.*?)```")
	aside        = regexp.MustCompile("//[^\n]*|/\\*.*?\\*/|`[^`]*`|\"[^\"]*\"")
	exportedName = regexp.MustCompile(`\b[A-Z]\w*`)
)

// documentedNames lists the exported identifiers in the code of docs/spec/api.md.
func documentedNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/spec/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, block := range codeBlock.FindAllSubmatch(text, -1) {
		names = append(names, exportedName.FindAllString(string(aside.ReplaceAll(block[1], nil)), -1)...)
	}
	if len(names) < 200 {
		t.Fatalf("found only %d names in docs/spec/api.md", len(names))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
