package eval

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

const (
	moduleSuffix  = ".flow"
	packageModule = "__init__" + moduleSuffix

	maxModuleSize = 1 << 20 // bytes of one file
)

// Library is where the modules of imports come from (language-detectors.md 5.1): folders
// that hold packages. A package is a folder with a file __init__.flow, a module is a file
// name.flow. A file is read and checked once for all compilations, which may share a
// Library at the same time; it does not notice when a file changes.
type Library struct {
	folders []fs.FS

	mu    sync.Mutex
	files map[place]*moduleFile
}

// NewLibrary returns a library of folders. All modules of a package come out of the first
// folder that holds the outermost package of it.
func NewLibrary(folders ...fs.FS) *Library {
	return &Library{folders: folders, files: map[place]*moduleFile{}}
}

// place is where the file of a module is.
type place struct {
	folder int    // index of Library.folders
	path   string // inside the folder
}

// moduleFile is a file that has been read, with its tree or its mistakes.
type moduleFile struct {
	size int
	file *syntax.File
	errs syntax.Errors
	err  error // it cannot be read
}

// locate finds the module of a name, given by its parts. A file "a/b.flow" comes before
// the package "a/b". Without one, the hint tells how far the name leads.
func (l *Library) locate(parts []string) (p place, hint string) {
	if l == nil || len(l.folders) == 0 {
		return place{}, "no folder with modules is given"
	}
	for i, folder := range l.folders {
		if !isFile(folder, parts[0]+moduleSuffix) && !isFolder(folder, parts[0]) {
			continue
		}
		name := path.Join(parts...)
		for _, file := range []string{name + moduleSuffix, path.Join(name, packageModule)} {
			if isFile(folder, file) {
				return place{i, file}, ""
			}
		}
		return place{}, lost(folder, parts)
	}
	for _, folder := range l.folders {
		if isFile(folder, packageModule) {
			return place{}, "a folder that is given is a package itself; give the folder that holds it"
		}
	}
	return place{}, nearestModule(l.folders, ".", parts[0])
}

// lost tells where in a folder a name leads to nothing.
func lost(folder fs.FS, parts []string) string {
	at := "."
	for i, part := range parts {
		next := path.Join(at, part)
		switch {
		case isFolder(folder, next):
		case isFile(folder, next+moduleSuffix) && i < len(parts)-1:
			return "write: from " + strings.Join(parts[:i+1], ".") + " import " + parts[i+1]
		default:
			return nearestModule([]fs.FS{folder}, at, part)
		}
		at = next
	}
	return "the folder " + at + " has no " + packageModule
}

// nearestModule suggests a module or package for a name that a folder does not have.
func nearestModule(folders []fs.FS, at, name string) string {
	var names []string
	for _, folder := range folders {
		entries, _ := fs.ReadDir(folder, at) // without entries there is nothing to suggest
		for _, e := range entries {
			if file, ok := strings.CutSuffix(e.Name(), moduleSuffix); ok || e.IsDir() {
				names = append(names, file)
			}
		}
	}
	if near := spell.Nearest(name, names); near != "" {
		return "did you mean '" + near + "'?"
	}
	return ""
}

func isFile(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.Mode().IsRegular()
}

func isFolder(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.IsDir()
}

// read returns the parsed file of a module.
func (l *Library) read(p place) *moduleFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.files[p]; ok {
		return f
	}
	f := parseModule(l.folders[p.folder], p.path)
	l.files[p] = f
	return f
}

func parseModule(folder fs.FS, name string) *moduleFile {
	text, err := readAtMost(folder, name, maxModuleSize)
	if err != nil {
		return &moduleFile{err: err}
	}
	f := &moduleFile{size: len(text)}
	file, err := syntax.Parse(name, text)
	if err != nil {
		if !errors.As(err, &f.errs) {
			f.err = err
		}
		return f
	}
	f.file, f.errs = file, resolve.Check(file, builtinNames())
	return f
}

func readAtMost(folder fs.FS, name string, most int64) (string, error) {
	r, err := folder.Open(name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var b strings.Builder
	switch n, err := io.Copy(&b, io.LimitReader(r, most+1)); {
	case err != nil:
		return "", err
	case n > most:
		return "", errors.New("the file is longer than " + strconv.FormatInt(most, 10) + " bytes")
	}
	return b.String(), nil
}
