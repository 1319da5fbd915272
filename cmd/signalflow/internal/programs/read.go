package programs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// Stdin is the path that stands for standard input, StdinName what it is called.
const (
	Stdin     = "-"
	StdinName = "<stdin>"
)

// maxFile is the longest file that is read, in bytes.
const maxFile = 16 << 20

// Options says how programs are read. The zero value works.
type Options struct {
	Vars      map[string]string // values of Terraform variables, before all others
	VarFiles  []string          // files with further ones, the last first
	StdinName string            // the name of the file that standard input stands for; empty: StdinName, a program
}

// Result is what Read has found.
type Result struct {
	Files    int // that were read
	Programs []*Program
	Problems []Problem
}

// Read returns the programs of files and folders, in the order of the paths and of the
// files. In a folder these are the files .flow, .tf and .json of it and of the folders in
// it, except those that begin with a dot and node_modules; a .json file without a program
// is passed over. A path that is given by name is read whatever its ending: as Terraform,
// as JSON, or else as one program.
//
// What cannot be read is a Problem, and the others are read all the same.
func Read(paths []string, stdin io.Reader, o Options) Result {
	r := &reader{options: o, modules: map[string]*module{}, seen: map[string]bool{}, whole: map[string]bool{}}
	for _, path := range paths {
		if path == Stdin {
			r.stdin(stdin)
			continue
		}
		r.path(path)
	}
	// The file of a resource's program is no program of its own.
	r.Programs = slices.DeleteFunc(r.Programs, func(p *Program) bool {
		return p.Kind == Flow && p.Name == "" && r.whole[filepath.Clean(p.File)]
	})
	return r.Result
}

type reader struct {
	Result
	options Options
	modules map[string]*module // of Terraform, by folder
	seen    map[string]bool    // a file that is given twice is read once
	whole   map[string]bool    // files that are the program of a resource
}

func (r *reader) problem(file string, err error) {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	r.Problems = append(r.Problems, Problem{Place: Place{File: file}, Msg: err.Error()})
}

func (r *reader) stdin(in io.Reader) {
	text, err := readAll(in)
	name := r.options.StdinName
	if name == "" {
		name = StdinName
	}
	if err != nil {
		r.problem(name, err)
		return
	}
	r.file(name, text, true)
}

func (r *reader) path(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		r.problem(path, err)
	case info.IsDir():
		r.folder(path)
	default:
		r.open(path, true)
	}
}

// folder reads the files of a folder and of those in it.
func (r *reader) folder(root string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			r.problem(path, err)
		case d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules"):
			return fs.SkipDir
		case d.Type().IsRegular() && slices.Contains([]string{".flow", ".tf", ".json"}, filepath.Ext(name)) && !strings.HasSuffix(name, ".js.flow"):
			r.open(path, false)
		}
		return nil
	})
	if err != nil {
		r.problem(root, err)
	}
}

// open reads a file; named tells that it was asked for by name.
func (r *reader) open(path string, named bool) {
	if key := filepath.Clean(path); r.seen[key] {
		return
	} else {
		r.seen[key] = true
	}
	text, err := readFile(path)
	if err != nil {
		r.problem(path, err)
		return
	}
	r.file(path, text, named)
}

// file reads the programs of a file.
func (r *reader) file(name, text string, named bool) {
	r.Files++
	before := len(r.Programs) + len(r.Problems)
	switch filepath.Ext(name) {
	case ".tf":
		r.terraform(name, text)
	case ".json":
		if !r.json(name, text, named) {
			r.Files--
			return
		}
	default:
		r.Programs = append(r.Programs, flowProgram(name, text))
	}
	// Most files of Terraform have none, and hooks and editors name all that change.
	if named && filepath.Ext(name) != ".tf" && len(r.Programs)+len(r.Problems) == before {
		r.Problems = append(r.Problems, Problem{Place: Place{File: name}, Msg: "no program is in this file"})
	}
}

// flowProgram returns the program that a file is. A byte order mark is no part of it.
func flowProgram(name, content string) *Program {
	src := syntax.NewSource(name, content)
	from := 0
	if strings.HasPrefix(content, "\ufeff") {
		from = len("\ufeff")
	}
	var t text
	t.add(segment{text: content[from:], src: src, from: from, to: len(content), exact: true})
	return t.program(Program{File: name, AllLabels: true,
		Body: &Body{File: name, From: from, To: len(content), Parts: []Part{{Text: content[from:]}}}})
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readAll(f)
}

func readAll(in io.Reader) (string, error) {
	var b strings.Builder
	switch n, err := io.Copy(&b, io.LimitReader(in, maxFile+1)); {
	case err != nil:
		return "", err
	case n > maxFile:
		return "", fmt.Errorf("the file is longer than %d bytes", maxFile)
	}
	return b.String(), nil
}
