package eval

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFidelity: docs/fidelity.md tells of every function and method how far it is what is documented,
// and of every open question how we read it.
func TestFidelity(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "fidelity.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, code := range regexp.MustCompile("`[^`\n]*`").FindAllString(string(text), -1) {
		for _, word := range regexp.MustCompile(`[a-z_0-9]+`).FindAllString(code, -1) {
			named[word] = true
		}
	}
	names := 0
	for _, table := range tables {
		for _, name := range slices.Sorted(maps.Keys(table.table)) {
			if names++; !named[name] {
				t.Errorf("docs/fidelity.md does not name %s of the %s", name, table.name)
			}
		}
	}
	spec, err := os.ReadFile(filepath.Join("..", "..", "docs", "spec", "language.md"))
	if err != nil {
		t.Fatal(err)
	}
	questions := 0
	for _, m := range regexp.MustCompile(`(?m)^\| (OQ-[0-9]+) \|`).FindAllStringSubmatch(string(spec), -1) {
		if questions++; !regexp.MustCompile(m[1] + `\b`).MatchString(string(text)) {
			t.Errorf("docs/fidelity.md does not tell how %s is read", m[1])
		}
	}
	t.Logf("%d functions and methods, %d open questions", names, questions)
	if names < 80 || questions < 40 || !strings.Contains(string(text), "Unsupported") {
		t.Error("the tables were not found")
	}
}
