package eval

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// The names that language.md 9 lists are in the tables that their kind says.
func TestDocumentedNames(t *testing.T) {
	spec, err := os.ReadFile("../../docs/spec/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, index, _ := strings.Cut(string(spec), "\n## 9. Name index\n")
	index, _, _ = strings.Cut(index, "\n## ")
	names := 0
	for line := range strings.Lines(index) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(line, "`") {
			continue
		}
		kind := strings.TrimSpace(cells[1])
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(cells[2], -1) {
			names++
			name, table := m[1], functions
			switch {
			case strings.HasPrefix(kind, "Histogram"):
				table = histogramMethods
			case strings.Contains(kind, "method"), strings.Contains(kind, "Aggregation"), strings.Contains(kind, "Transformation"), kind == "Output":
				table = methods
			}
			if table[name] == nil && refused[name] == "" && name != "Args" && name != "lasting" {
				t.Errorf("%s %s is not in its table", kind, name)
			}
		}
	}
	if names < 85 {
		t.Errorf("the index of the specification has %d names: has its form changed?", names)
	}
}

// Every built-in says what it does, and no name that helps is one that does not exist.
func TestTables(t *testing.T) {
	for prefix, b := range callers {
		if b.doc == "" || strings.HasSuffix(b.doc, ".") || b.call == nil {
			t.Errorf("%s: its line of documentation is %q", prefix, b.doc)
		}
		names := map[string]bool{}
		for _, p := range b.params {
			if names[p.name] || p.want == nil {
				t.Errorf("%s: argument %s", prefix, p.name)
			}
			names[p.name] = true
		}
		for _, pair := range slices.Concat(b.excludes, b.needs, b.either) {
			if !names[pair[0]] || !names[pair[1]] {
				t.Errorf("%s: no arguments %v", prefix, pair)
			}
		}
	}
	for name, other := range instead {
		known := regexp.MustCompile(`(\w+)\(`).FindStringSubmatch(other)
		if methods[name] != nil || known != nil && methods[known[1]] == nil && functions[known[1]] == nil {
			t.Errorf("%s: use %s", name, other)
		}
	}
	for name := range refused {
		if functions[name] != nil {
			t.Errorf("%s is refused, and there is one", name)
		}
	}
}

// docs/language.md lists what is in the tables, and its examples compile.
func TestDocs(t *testing.T) {
	const path = "../../docs/language.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	sections := map[string]string{"boolean methods": listed(methodsOf(stream{boolean: true})), "refused": refusals()}
	for _, table := range tables {
		sections[table.name] = reference(table.table)
	}
	for section, content := range sections {
		begin, end := "<!-- "+section+" -->\n", "<!-- end -->\n"
		head, rest, ok := strings.Cut(text, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no section %q", path, section)
		}
		text = head + begin + content + end + tail
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if text != string(data) {
		t.Errorf("%s is not up to date: go test ./internal/eval -update", path)
	}
	examples := regexp.MustCompile("(?s)```signalflow\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) == 0 {
		t.Errorf("%s has no examples", path)
	}
	for _, m := range examples {
		g, err := Compile(m[1], Options{})
		if err != nil {
			t.Errorf("%s\n%v", m[1], err)
			continue
		}
		if !slices.ContainsFunc(g.Nodes, func(n graph.Node) bool { _, ok := n.Op.(*graph.Publish); return ok }) {
			t.Errorf("%s\npublishes nothing", m[1])
		}
	}
}

// reference writes a table of built-ins, a line each.
func reference(table map[string]*builtin) string {
	var b strings.Builder
	b.WriteString("| | |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", table[name].signature(), table[name].doc)
	}
	return b.String()
}

// listed writes the names of a table.
func listed(table map[string]*builtin) string {
	var names []string
	for name := range table {
		names = append(names, "`"+name+"`")
	}
	slices.Sort(names)
	return strings.Join(names, ", ") + ".\n"
}

func refusals() string {
	var b strings.Builder
	b.WriteString("| | |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, refused[name])
	}
	return b.String()
}

// What a recursion computes again and again is one node each time.
func TestMerging(t *testing.T) {
	g, err := Compile(`
def level(s, n):
    return s if n == 0 else max(level(s, n - 1), level(s, n - 1).timeshift('1w')) + level(s, n - 1).mean(over='1h')
level(data('m'), 6).publish()
`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	calls := 1
	for range 6 { // each level takes the one below it three times, and adds four operators
		calls = 3*calls + 4
	}
	if n := len(g.Nodes); n > 30 || calls < 2000 {
		t.Errorf("%d operator calls make %d nodes\n%s", calls, n, g)
	}
}
