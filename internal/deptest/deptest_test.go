package deptest

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// sound builds a project in memory that breaks no rule: one file for each row of the table,
// importing all that the row allows.
func sound() fstest.MapFS {
	files := fstest.MapFS{}
	write(files, ".gitignore", "/bin/\n*.out\nnode_modules/\n")
	write(files, "go.work", "go 1.25.0\n\nuse (\n\t.\n\t./cmd/signalflow\n)\n")
	root := fmt.Sprintf("module %s\n\ngo %s\n\nrequire (\n", ourModule, rootGo)
	for _, r := range rootRequires {
		root += fmt.Sprintf("\t%s %s\n", r.path, r.version)
	}
	write(files, "go.mod", root+")\n")
	write(files, "cmd/signalflow/go.mod", "module m\n\ngo 1.25.0\n\nreplace "+ourModule+" => ../..\n")
	write(files, "internal/e2e/go.mod", "module m\n\ngo 1.25.0\n\nreplace "+ourModule+" => ../..\n")
	write(files, "v2/go.mod", "module m\n\ngo "+rootGo+"\n\nreplace "+ourModule+" => ..\n")
	write(files, "v2/v2_test.go", goSource("v2_test", ourModule+"/v2/signalflow"))
	write(files, "internal/e2e/e2e_test.go", goSource("e2e", ourModule+"/v2/signalflow"))
	write(files, "docs/decisions/0001-one.md", "# 0001: One\n")
	var lines []string
	for _, row := range table {
		lines = append(lines, row.markdown())
		imports := append([]string{"fmt"}, row.others...)
		for _, folder := range row.ours {
			imports = append(imports, ourModule+"/"+folder)
		}
		write(files, row.folder+"/code.go", goSource(path.Base(row.folder), imports...))
	}
	write(files, picture, strings.Join(lines, "\n")+"\n")
	return files
}

func write(files fstest.MapFS, name, text string) {
	files[name] = &fstest.MapFile{Data: []byte(text)}
}

func goSource(name string, imports ...string) string {
	text := "package " + name + "\n\n"
	for _, i := range imports {
		text += fmt.Sprintf("import _ %q\n", i)
	}
	return text
}

// checkAll runs every check of this package.
func checkAll(r *repo) (faults []string) {
	for _, check := range []func(*repo) []string{
		checkTable, checkBanned, checkTestImports, checkWalls, checkNames, checkModules, checkTexts, checkPicture, checkDecisions,
	} {
		faults = append(faults, check(r)...)
	}
	return append(faults, checkCircles(r, "cmd/signalflow/internal")...)
}

// TestChecksFind breaks each rule once: a check that cannot fail proves nothing.
func TestChecksFind(t *testing.T) {
	tests := []struct {
		name       string
		file, text string // written over the sound project; an empty text removes the file
		want       string // part of the one fault; empty when there must be none
	}{
		{"sound", ".gitignore", "# nothing\n", ""},
		{"test may import its own module", "syntax/x_test.go", goSource("syntax_test", ourModule+"/internal/engine", "net/http/httptest"), ""},
		{"ignored folder", "bin/x.go", "not Go", ""},
		{"ignored name", "docs/node_modules/a/go.mod", "module a\n", ""},
		{"ignored pattern", "docs/cpu.out", "/" + "tmp/x", ""},
		{"testdata is not a package", "syntax/testdata/util/a.go", goSource("util", "testing"), ""},
		{"own import", "internal/series/x.go", goSource("series", ourModule+"/internal/spell"), "internal/series/x.go:3: internal/series imports internal/spell; of ours it may import nothing: a leaf"},
		{"third-party import", "signalflow/messages/x.go", goSource("messages", "github.com/goccy/go-json"), "imports github.com/goccy/go-json; of others it may import github.com/signalfx/signalfx-go/idtool: "},
		{"published client", "signalflow/x.go", goSource("signalflow", ourModule+"/v2/signalflow"), "/v2/signalflow; of others it may import"},
		{"no row", "internal/extra/x.go", goSource("extra"), "internal/extra: is not in the import table"},
		{"no package", "syntax/code.go", "", "syntax: is in the import table but has no Go files"},
		{"testing in linked code", "syntax/x.go", goSource("syntax", "testing/fstest"), "linked code imports testing/fstest"},
		{"httptest in linked code", "signalflow/x.go", goSource("signalflow", "net/http/httptest"), "linked code imports net/http/httptest"},
		{"library in a root test", "syntax/x_test.go", goSource("syntax", "github.com/stretchr/testify/assert"), "a test imports github.com/stretchr/testify/assert"},
		{"library in an application test", "cmd/signalflow/internal/term/x_test.go", goSource("term", "github.com/stretchr/testify/assert"), "a test imports github.com/stretchr/testify/assert"},
		{"application in a root test", "syntax/x_test.go", goSource("syntax", ourModule+"/cmd/signalflow/internal/cli"), "a test imports " + ourModule + "/cmd"},
		{"comparisons in an application test", "cmd/signalflow/internal/term/x_test.go", goSource("term", ourModule+"/internal/e2e"), "a test imports " + ourModule + "/internal/e2e"},
		{"wall", "internal/engine/x.go", goSource("engine", "net"), "internal/engine reaches net: the engine sees"},
		{"circle through a test", "cmd/signalflow/internal/term/x_test.go", goSource("term_test", ourModule+"/cmd/signalflow/internal/cli"), "circle: cmd/signalflow/internal/cli → cmd/signalflow/internal/term → cmd/signalflow/internal/cli"},
		{"empty name", "internal/e2e/util/x.go", goSource("util"), `the name "util" says nothing`},
		{"folder and package differ", "internal/e2e/peer/x.go", goSource("other"), "holds package other"},
		{"further module", "docs/go.mod", "module docs\nreplace " + ourModule + " => ..\n", "a further one needs"},
		{"third requirement", "go.mod", string(sound()["go.mod"].Data) + "require example.com/x v1.0.0 // indirect\n", "whoever imports the client inherits the list"},
		{"replace in the library", "go.mod", string(sound()["go.mod"].Data) + "replace example.com/x => ./x\n", "go.mod: has replace"},
		{"Go version", "go.mod", strings.Replace(string(sound()["go.mod"].Data), "go "+rootGo, "go 1.26", 1), "forces every user to upgrade"},
		{"comparisons in the workspace", "go.work", "go 1.25.0\nuse .\nuse ./cmd/signalflow\nuse ./internal/e2e\n", "internal/e2e stays out"},
		{"published client replaced", "internal/e2e/go.mod", "module m\nreplace (\n" + ourModule + " => ../..\n" + ourModule + "/v2 => ../..\n)\n", "compare us with us"},
		{"aliases that cost more", "v2/go.mod", string(sound()["v2/go.mod"].Data) + "require example.com/x v1.0.0\n", "which the library does not"},
		{"aliases for a newer Go", "v2/go.mod", strings.Replace(string(sound()["v2/go.mod"].Data), "go "+rootGo, "go 1.26", 1), "like the library's"},
		{"aliases in the workspace", "go.work", "go 1.25.0\nuse .\nuse ./cmd/signalflow\nuse ./v2\n", "internal/e2e stays out"},
		{"more than aliases", "v2/signalflow/x.go", goSource("signalflow", "github.com/gorilla/websocket"), "of others it may import nothing"},
		{"nested module without replace", "cmd/signalflow/go.mod", "module m\n", "would not build against this tree"},
		{"outside folder", "docs/x.md", "one\ntwo: ../" + "shared/spec\n", "docs/x.md:2: holds"},
		{"machine path", "Makefile", "X = /" + "tmp/x\n", "a path of one machine"},
		{"home folder", "Makefile", "X='/" + "home/me/x'\n", "a path of one machine"},
		{"registry", "docs/x.md", "https://registry." + "npmjs.org/x", "the host of a package registry"},
		{"fetching the published project", "README.md", "    go get -u " + ourModule + "/v2\n", "describe the replace line"},
		{"unfinished work", "syntax/x.go", "package syntax // " + "TO" + "DO: more\n", "a note about unfinished work"},
		{"picture", picture, "no table\n", "the import table has no line"},
		{"record name", "docs/decisions/2-two.md", "# 2: Two\n", "is named NNNN"},
		{"record title", "docs/decisions/0002-two.md", "Two\n", "does not start with its title"},
		{"record numbers", "docs/decisions/0003-three.md", "# 0003: Three\n", "not exactly one record 0002"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := sound()
			write(files, test.file, test.text)
			if test.text == "" {
				delete(files, test.file)
			}
			r, err := load(files)
			if err != nil {
				t.Fatal(err)
			}
			faults := checkAll(r)
			switch {
			case test.want == "":
				report(t, faults)
			case len(faults) == 0:
				t.Errorf("nothing found, want %q", test.want)
			case test.name != "picture" && len(faults) > 1:
				t.Errorf("%d faults, want one:\n%s", len(faults), strings.Join(faults, "\n"))
			case !strings.Contains(faults[0], test.want):
				t.Errorf("found %q, want %q", faults[0], test.want)
			}
		})
	}
}

// TestIgnoreIsUnderstood keeps .gitignore within what ignore.match reads.
func TestIgnoreIsUnderstood(t *testing.T) {
	for _, pattern := range []string{"!kept", "a/**/b", "[a"} {
		files := fstest.MapFS{}
		write(files, ".gitignore", pattern+"\n")
		if _, err := load(files); err == nil || !strings.Contains(err.Error(), "not understood") {
			t.Errorf("pattern %q: error %v, want one that says it is not understood", pattern, err)
		}
	}
}
