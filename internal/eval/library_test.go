package eval

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// files makes a folder of files: "path: text" each.
func files(list ...string) fstest.MapFS {
	folder := fstest.MapFS{}
	for _, f := range list {
		path, text, _ := strings.Cut(f, ": ")
		folder[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

// A package comes out of the first folder that holds it, with all of its modules.
func TestFolders(t *testing.T) {
	library := NewLibrary(
		files("a/__init__.flow: ", "a/first.flow: x = 'first a'", "b/notes.md: no module"),
		files("a/__init__.flow: ", "a/second.flow: x = 'second a'", "b/__init__.flow: ", "c.flow: x = 'c'"),
		files("c/__init__.flow: x = 'c of the third'", "d/e/__init__.flow: ", "d/e/f.flow: x = 'f'"),
	)
	for _, tc := range []struct{ program, want string }{
		{"from a.first import x", "'first a'"},
		{"from a.second import x", "error: line 1:6: module 'a.second' is not found"},
		{"from a import first\nx = first.x", "'first a'"},
		{"from a import secnd as x", "error: line 1:15: module 'a' has no name 'secnd'"},
		{"from a import frst as x", "error: line 1:15: module 'a' has no name 'frst' (did you mean 'first'?)"},
		{"import b as x", "error: line 1:8: module 'b' is not found (the folder b has no __init__.flow)"},
		{"from b.notes import x", "error: line 1:6: module 'b.notes' is not found"},
		{"from c import x", "'c'"},
		{"from d.e.f import x", "'f'"},
		{"from d.e import f\nx = f.x", "'f'"},
		{"import d.e.f as g\nx = g.x", "'f'"},
		{"import d.e.f", "error: line 1:8: module 'd' is not found (the folder d has no __init__.flow)"},
		{"import d.e.f.x", "error: line 1:8: module 'd.e.f.x' is not found (write: from d.e.f import x)"},
		{"from d.e import f\nx = f.y", "error: line 2:7: module 'd.e.f' has no name 'y'"},
		{"import c.x as x", "error: line 1:8: module 'c.x' is not found (write: from c import x)"},
		{"import e as x", "error: line 1:8: module 'e' is not found"},
		{"import signalfx as x", "error: line 1:8: module 'signalfx' is not found"},
	} {
		got := ""
		if ev, err := run(tc.program, Options{Library: library}); err != nil {
			got = "error: " + err.Error()
		} else if v, ok := ev.scope.find("x"); ok {
			got = show(v)
		}
		if got != tc.want {
			t.Errorf("%q\n got %s\nwant %s", tc.program, got, tc.want)
		}
	}
}

// The package itself given for the folder that holds it is a likely slip.
func TestPackageForFolder(t *testing.T) {
	_, err := Compile("from signalfx.detectors import x", Options{Library: NewLibrary(files("__init__.flow: ", "detectors/__init__.flow: x = 1"))})
	const want = "line 1:6: module 'signalfx.detectors' is not found (a folder that is given is a package itself; give the folder that holds it)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// broken is a folder whose files cannot be read.
type broken struct{ fstest.MapFS }

type brokenFile struct{ fs.File }

func (b broken) Open(name string) (fs.File, error) {
	f, err := b.MapFS.Open(name)
	return brokenFile{f}, err
}

func (brokenFile) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// Stat does not go through Open.
func (b broken) Stat(name string) (fs.FileInfo, error) { return b.MapFS.Stat(name) }

func TestUnreadableModules(t *testing.T) {
	long := files("long.flow: " + strings.Repeat("#", maxModuleSize) + "\n")
	for _, tc := range []struct {
		folder fs.FS
		name   string
		want   string
	}{
		{broken{files("m.flow: x = 1")}, "m", "line 1:8: module 'm' cannot be read: the disk is gone"},
		{long, "long", "line 1:8: module 'long' cannot be read: the file is longer than 1048576 bytes"},
		{files("text.flow: a = '\xff'\n\x00"), "text", "text.flow: line 1:6: the text is not valid UTF-8 (in import text at line 1:8)"},
	} {
		_, err := Compile("import "+tc.name, Options{Library: NewLibrary(tc.folder)})
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// Imports inside one another end at a limit, and a function of a module counts its calls
// where its caller left off.
func TestImportDepth(t *testing.T) {
	folder := files()
	for i := range maxImports + 1 {
		folder[fmt.Sprintf("m%d.flow", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "import m%d\nx = 1", i+1)}
	}
	folder[fmt.Sprintf("m%d.flow", maxImports+1)] = &fstest.MapFile{Data: []byte("x = 1")}
	_, err := Compile("import m0", Options{Library: NewLibrary(folder)})
	want := fmt.Sprintf("m%d.flow: line 1:8: imports inside one another exceed 64", maxImports-1)
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if _, err := Compile("import m2", Options{Library: NewLibrary(folder)}); err != nil {
		t.Errorf("64 imports inside one another: %v", err)
	}
	_, err = Compile("def f(n):\n  if n == 0: import m\n  else: f(n - 1)\nf(30)",
		Options{Library: NewLibrary(files("m.flow: def g(n): return n if n == 0 else g(n - 1)\ng(40)"))})
	if err == nil || !strings.Contains(err.Error(), "m.flow: line 1:35: call depth exceeds 64") {
		t.Errorf("calls of a function, and of a module that it imports: %v", err)
	}
}

// Compilations share the files of a library and nothing else.
func TestSharedLibrary(t *testing.T) {
	library := testLibrary()
	const program = "from acme.streams import load\nfrom acme.bad import functions\nload().publish()"
	var want string
	var wg sync.WaitGroup
	graphs := make([]string, 8)
	for i := range graphs {
		wg.Go(func() {
			g, err := Compile(program, Options{Library: library})
			if err != nil {
				t.Error(err)
				return
			}
			graphs[i] = g.String()
		})
	}
	wg.Wait()
	g, err := Compile(program, Options{Library: testLibrary()})
	if err != nil {
		t.Fatal(err)
	}
	want = g.String()
	for _, got := range graphs {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A module is read once, and what is wrong in it is told every time.
func TestMistakesOfModules(t *testing.T) {
	library := testLibrary()
	for range 2 {
		_, err := Compile("import acme.bad.names as n", Options{Library: library})
		const want = "acme/bad/names.flow: line 1:5: name 'on' is not defined; " +
			"acme/bad/names.flow: line 2:10: name 'filtr' is not defined (did you mean 'filter'?) (in import acme.bad.names at line 1:8)"
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
