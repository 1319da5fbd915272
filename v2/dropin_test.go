// Package v2 tests this module from outside: programs that were written for the published
// client are built against it.
package v2_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/v2/signalflow"
)

// TestDropIn takes a program that was written for the published client, in a module outside
// of the checkout, and changes nothing but two replace lines of its go.mod: it builds, its
// tests pass, and it runs. Nothing is downloaded: what the build of the library needs is all
// that it needs.
func TestDropIn(t *testing.T) {
	module := outside(t, "testdata/autoscaler")
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	goMod := fmt.Sprintf(`module example.com/autoscaler

go 1.21

require (
	github.com/signalfx/signalflow-client-go/v2 v2.4.0
	github.com/signalfx/signalfx-go v1.40.1
)

replace github.com/signalfx/signalflow-client-go/v2 => %q

replace github.com/signalfx/signalflow-client-go => %q
`, filepath.Join(checkout, "v2"), checkout)
	put(t, filepath.Join(module, "go.mod"), []byte(goMod))
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(module, "go.sum"), sums)

	run(t, module, "go", "vet", "./...")
	run(t, module, "go", "test", "-count=1", "./...")
	run(t, module, "go", "build", "-o", "autoscaler", ".")

	fake := signalflow.NewRunningFakeBackend()
	defer fake.Stop()
	const query = "data('queue.length').sum().publish()"
	fake.AddProgramTSIDs(query, []idtool.ID{7})
	fake.SetTSIDFloatData(7, 42)
	program := filepath.Join(module, "autoscaler")
	if got := run(t, module, program, "-url", fake.URL(), "-token", fake.AccessToken, "-query", query); got != "42\n" {
		t.Errorf("the program says %q, want 42", got)
	}
}

// TestDocumentedNames builds the program that uses each documented name, under the published
// import path, against this module.
func TestDocumentedNames(t *testing.T) {
	const program = "../internal/e2e/testdata/documented.go"
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	const library = `"github.com/signalfx/signalflow-client-go/`
	if !bytes.Contains(text, []byte(library)) {
		t.Fatalf("%s does not import the library", program)
	}
	file := filepath.Join(t.TempDir(), "documented.go")
	put(t, file, bytes.ReplaceAll(text, []byte(library), []byte(library+"v2/")))
	run(t, ".", "go", "vet", file)
}

// outside copies the files of a folder to one that is not in the checkout.
func outside(t *testing.T, folder string) string {
	t.Helper()
	module := t.TempDir()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no Go files: %v", folder, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(module, filepath.Base(name)), text)
	}
	for above := module; above != filepath.Dir(above); above = filepath.Dir(above) {
		if _, err := os.Stat(filepath.Join(above, "go.work")); err == nil {
			t.Fatalf("%s is inside a workspace: set TMPDIR to a folder outside of the checkout", module)
		}
	}
	return module
}

func put(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs a command in a folder, without network and workspace, and returns its output.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=-mod=mod")
	var out, failure strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd, err, out.String(), failure.String())
	}
	return out.String()
}
