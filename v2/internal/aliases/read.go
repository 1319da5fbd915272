package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// A source is what a package exports, each kind by name. Methods and fields need no alias:
// they come with their types.
type source struct {
	name   string // of the package
	consts map[string]bool
	vars   map[string]bool
	types  map[string]*ast.TypeSpec
	funcs  map[string]function
}

// A function is a function with the import paths of its file, by their names there.
type function struct {
	decl    *ast.FuncDecl
	imports map[string]string
}

// read collects the exported names of the Go files of a folder, tests apart.
func read(folder string) (*source, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	src := &source{
		consts: map[string]bool{}, vars: map[string]bool{},
		types: map[string]*ast.TypeSpec{}, funcs: map[string]function{},
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		src.name = file.Name.Name
		if err := src.add(file); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if src.name == "" {
		return nil, fmt.Errorf("%s: no Go files", folder)
	}
	return src, nil
}

func (src *source) add(file *ast.File) error {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = importPath
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.IsExported() {
				src.funcs[decl.Name.Name] = function{decl, imports}
			}
		case *ast.GenDecl:
			if err := src.addSpecs(decl); err != nil {
				return err
			}
		}
	}
	return nil
}

func (src *source) addSpecs(decl *ast.GenDecl) error {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				src.types[spec.Name.Name] = spec
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				switch {
				case !name.IsExported():
				case decl.Tok == token.CONST:
					src.consts[name.Name] = true
				case !strings.HasPrefix(name.Name, "Err"):
					// Nobody assigns to an error value, so a copy of it is as good. Of any
					// other variable the two packages would each have their own.
					return fmt.Errorf("variable %s: a copy does not follow its original, so only error values, named Err…, can be repeated; export a function instead", name.Name)
				default:
					src.vars[name.Name] = true
				}
			}
		}
	}
	return nil
}
