package eval

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// good and bad hold, by what a parameter wants, arguments that it takes and does not take.
var samples = map[*want]struct{ good, bad []string }{
	wantText:        {[]string{"'max'", "'null'"}, []string{"5", "['x']", "True"}},
	wantName:        {[]string{"'x'", "'*'"}, []string{"5", "''", "['x']"}},
	wantBoolean:     {[]string{"True", "False"}, []string{"'yes'", "1"}},
	wantFilter:      {[]string{"filter('a', 'b')"}, []string{"'a:b'", "True"}},
	wantInteger:     {[]string{"5", "-1", "4 / 2"}, []string{"1.5", "'5'", "True"}},
	wantDuration:    {[]string{"'1h'", "5", "duration('1h')"}, []string{"'x'", "[5]", "True"}},
	wantLength:      {[]string{"'1h'", "5000", "duration('1h')"}, []string{"0", "'0s'", "'x'", "True"}},
	wantNames:       {[]string{"'a'", "['a', 'b']", "('a',)", "[]"}, []string{"5", "''", "['a', 5]", "['']"}},
	wantNamesOrTrue: {[]string{"'a'", "['a', 'b']", "True"}, []string{"5", "''", "['a', 5]"}},
	wantTerms:       {[]string{"'a'", "['a', 'b*']", "''"}, []string{"5", "['a', 5]", "None"}},
}

// callers yields each built-in with the text that stands before its arguments.
func callers(yield func(prefix string, b *builtin) bool) {
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if !yield(name, functions[name]) {
			return
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if !yield("data('m')."+name, methods[name]) {
			return
		}
	}
}

// required returns arguments for the required parameters of a built-in, but for one.
func required(b *builtin, but string) []string {
	var args []string
	for _, p := range b.params {
		if p.def == "" && p.name != but {
			args = append(args, samples[p.want].good[0])
		}
	}
	return args
}

func compileError(program string) *syntax.Error {
	_, err := Compile(program, Options{})
	var e *syntax.Error
	errors.As(err, &e)
	return e
}

// Every parameter of every built-in takes what its signature says and refuses the rest.
func TestSignatures(t *testing.T) {
	for prefix, b := range callers {
		call := func(args ...string) string { return prefix + "(" + strings.Join(args, ", ") + ")" }
		refused := func(program string, kinds ...syntax.ErrorKind) {
			t.Helper()
			if e := compileError(program); e == nil || !slices.Contains(kinds, e.Kind) || !strings.Contains(e.Msg, b.name+"()") {
				t.Errorf("%s: %v", program, e)
			}
		}
		if e := compileError(call(required(b, "")...)); e != nil {
			t.Errorf("%s: %v", call(required(b, "")...), e)
		}
		refused(call(append(required(b, ""), "nonsense=1")...), syntax.ArgumentError)
		for _, p := range b.params {
			if p.def == "" {
				refused(call(required(b, p.name)...), syntax.ArgumentError)
			}
			if p.rest {
				for _, arg := range samples[p.want].bad {
					refused(call(append(required(b, ""), arg)...), syntax.TypeError, syntax.ArgumentError)
				}
				continue
			}
			named := func(arg string) string { return call(append(required(b, p.name), p.name+"="+arg)...) }
			if p.name == "key" { // of filter: what follows it is given by place, so it must be too
				named = func(arg string) string { return call(append([]string{arg}, required(b, p.name)...)...) }
			}
			if p.def != "" {
				for _, arg := range []string{"None", p.def} {
					if e := compileError(named(arg)); e != nil && !p.later {
						t.Errorf("%s: %v", named(arg), e)
					}
				}
			}
			if p.later {
				refused(named("'x'"), syntax.UnsupportedError)
				continue
			}
			if _, ok := samples[p.want]; !ok {
				t.Fatalf("no samples for argument %s of %s()", p.name, b.name)
			}
			accepted := false
			for _, arg := range samples[p.want].good {
				e := compileError(named(arg))
				accepted = accepted || e == nil
				if e != nil && p.want != wantText { // a text may have to be one of a set
					t.Errorf("%s: %v", named(arg), e)
				}
			}
			if !accepted {
				t.Errorf("argument %s of %s() takes none of %v", p.name, b.name, samples[p.want].good)
			}
			for _, arg := range samples[p.want].bad {
				refused(named(arg), syntax.TypeError, syntax.ArgumentError)
			}
			refused(call(append(required(b, p.name), p.name+"="+samples[p.want].good[0], p.name+"="+samples[p.want].good[0])...), syntax.ArgumentError)
		}
	}
}

// The names that language.md 9 lists are known: none of them is "not defined".
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
			name, known := m[1], functionsNotBuilt
			built := functions
			if strings.Contains(kind, "method") || strings.Contains(kind, "Aggregation") || strings.Contains(kind, "Transformation") || kind == "Output" {
				known, built = methodsNotBuilt, methods
			}
			_, works := built[name]
			if _, later := known[name]; works == later {
				t.Errorf("%s %s: built %v, known not to be %v", kind, name, works, later)
			}
		}
	}
	if names < 85 {
		t.Errorf("the index of the specification has %d names: has its form changed?", names)
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
	for section, content := range map[string]string{
		"functions":         reference(functions),
		"methods":           reference(methods),
		"functions not yet": notYet(functionsNotBuilt, false),
		"methods not yet":   notYet(methodsNotBuilt, false),
		"never":             notYet(functionsNotBuilt, true),
	} {
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

func reference(table map[string]*builtin) string {
	var b strings.Builder
	b.WriteString("| | |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", table[name].signature(), table[name].doc)
	}
	return b.String()
}

func notYet(table map[string]string, refused bool) string {
	var names []string
	for name, why := range table {
		if (why == never) == refused {
			names = append(names, "`"+name+"`")
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ") + ".\n"
}
