package eval

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

const atlas = "testdata/library/atlas"

// acceptance holds for each row of language-detectors.md 6.1 to 6.9 that is a construct of
// the language a pattern for it, which some module of the test library has.
var acceptance = []struct{ row, pattern string }{
	// 6.1
	{"dedent to a level never opened", `(?m)^    if wide:\n            # .*\n            edge = high\n        # less deep\n        else:`},
	{"comments inside function heads", `def \w+\(.*\n +# `},
	{"comments inside bodies", `:\n    # a comment in a body`},
	{"non-ASCII characters in comments", `#.*[^\x00-\x7f]`},
	{"no line terminator at the end", `again\(1\)\z`},
	{"empty module", `\A\z`},
	{"trailing blanks", `(?m)[ \t]+$`},
	{"backslash between method calls", `\)\.mean\( \\\n`},
	{"backslash after (", `\( \\\n`},
	{"backslash before and", `\\\n +and`},
	{"trailing dot plus backslash", `\. \\\n`},
	{"line breaks inside brackets", `\[\n|\{\n|\(\n`},
	{"double quotes inside single quotes", `'\{"`},
	{"{{{name}}} inside texts", `\{\{\{\w+\}\}\}`},
	{"exponent form", `1e6`},
	{"small fraction", `0\.000001`},
	{"no space around operators", `a>1`},
	{"no space around keyword =", `off =when`},
	{"space after keyword =", `on= when`},
	// 6.2
	{"nested def", `\n    def `},
	{"recursion on a number", `previous\(stream - stream\.delta\(\), n - 1\)`},
	{"recursion on a list of streams", `determinant\(\[`},
	{"recursion inside a nested function", `level\(k - 1\)`},
	{"return of a tuple", `return edge\(-k\), edge\(k\)`},
	{"return of a dict", `return \{`},
	{"return None", `return None\n`},
	{"bare return", `return\n`},
	{"function that falls off its end", `if orientation == 'out_of_band':\n        return .*\n\n`},
	{"if, elif, else", `elif orientation == 'below'`},
	{"if on a bare name", `if use_count:`},
	{"same name in several branches", `edge = high(.*\n)+.*edge = low`},
	{"unpacking at module level", `(?m)^\w+, \w+ = make_entry`},
	{"index of a call result", `bounds\(stream\)\[0\]`},
	{"assert alone", `assert value > 0\n`},
	{"assert with a dict", `assert .*, \{`},
	{"assert with a call", `assert .*, range_message\(`},
	{"assert 0 > 1", `assert 0 > 1`},
	{"call whose value is dropped", `\n    checks\.check_range`},
	{"comprehension run for its effects", `\n    \[s\.publish`},
	{"from package import module", `from atlas import checks`},
	{"import as", `import checks, constants as c`},
	{"import of a function", `from atlas\.checks import check_positive`},
	// 6.3
	{"default that is a call", `=lasting\('5m', 1\)`},
	{"default that is an attribute of a module", `=c\.WINDOWS|=constants\.WINDOWS\[1\]`},
	{"default that is a subscript of a module", `=constants\.GROUPS\['service'\]\['by'\]`},
	{"default that is a list", `edges=\[1, 2\.5, 5\]`},
	{"annotations", `fire_threshold: float=90`},
	{"parameter hides a built-in, its default calls it", `duration=duration\('15m'\)`},
	{"local name hides a built-in", `all = union`},
	{"parameter hides a name", `median=5`},
	{"underscore", `list_|scope_`},
	{"star argument", `\(\*list_\)`},
	{"keyword argument that forwards None", `auto_resolve_after=auto_resolve_after`},
	{"call of a module attribute", `checks\.unknown\(`},
	{"unknown keyword, an error when called", `detector\(stream, alpha=alpha\)`},
	// 6.4
	{"and, or, not", ` and .* or |not ONLY`},
	{"comparison of streams", `a == b or a != b`},
	{"is a number", `stream is 0 `},
	{"unary minus", `edge\(-k\)`},
	{"conditional expression", ` if stream is not None else None`},
	{"nested conditional with streams", `a if \(a < b and a < c\) else b if b < c else c`},
	{"nested comprehension", `\[\[p / q for q in`},
	{"comprehension that builds streams and filters", `\[data\(metric, filter=filter\(.*for e in`},
	{"lambda that captures a name", `lambda x: .* x < limit`},
	{"slice [i+1:]", `\[i\+1:\]`},
	{"slice [:i]", `\[:i\]`},
	{"slice [1:]", `rows\[1:\]`},
	{"dict with integer keys", `50: 'svc`},
	{"list + list", `\] \+ \[`},
	{"text + text", `'atlas\.' \+ name`},
	{"duration * number", `\* duration\('1d'\)`},
	{"duration / duration", `window / duration`},
	{"duration - duration", `hours - duration`},
	{"duration / number", `\* hours / 2`},
	{"number >= None, an error there", `assert fire_threshold >= 0`},
	{"not filter", `not ONLY_ERRORS`},
	{"not False", `not False`},
	{"filter and filter", `scope and custom and c\.NO_ERRORS`},
	{"filter or filter", `a or b or filter`},
	{"None and filter", `a and filter\(`},
	{"stream test and static test", `stream is not None and threshold is not None`},
	{"term that is always true", `stream >= 0 or stream < 0 or stream is None`},
	// 6.5 and 6.6, the forms that are more than a call
	{"when with lasting and at_least", `when\(.*, at_least=`},
	{"attributes of a lasting", `fire_lasting\.duration, at_least=fire_lasting\.at_least`},
	{"max of numbers", `max\(x - 0\.5, 0\)`},
	{"range", `range\(1, n \+ 1\)`},
	{"combine", `combine\(0 if`},
	{"by=[] and by=None", `by=\[\].*|by=None`},
	// 6.8, 6.9
	{"message by a function", `def range_message`},
	{"publish inside a function", `stream\.publish\(name, enable=show\)`},
	{"result of publish used further", `\.publish\('kept', enable=True\)\n    return kept`},
}

func TestAcceptanceRows(t *testing.T) {
	var texts []string
	err := fs.WalkDir(os.DirFS(atlas), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(atlas + "/" + path)
		texts = append(texts, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range acceptance {
		found := false
		for _, text := range texts {
			found = found || regexp.MustCompile(row.pattern).MatchString(text)
		}
		if !found {
			t.Errorf("no module has: %s", row.row)
		}
	}
}

// Every module of the test library loads alone, and every function of it is called by one
// of the programs.
func TestAcceptance(t *testing.T) {
	_, programs := chunks(t, "testdata/acceptance.flow")
	var all strings.Builder
	for _, c := range programs {
		all.WriteString(c.program + "\n")
	}
	modules, functions := 0, 0
	err := fs.WalkDir(os.DirFS("testdata/library"), "atlas", func(path string, d fs.DirEntry, err error) error {
		name, ok := strings.CutSuffix(path, moduleSuffix)
		if err != nil || !ok {
			return err
		}
		modules++
		name = strings.TrimSuffix(strings.ReplaceAll(name, "/", "."), ".__init__")
		if _, err := Compile("import "+name, Options{Library: testLibrary()}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text, err := os.ReadFile("testdata/library/" + path)
		if err != nil {
			return err
		}
		file, err := syntax.Parse(path, string(text))
		if err != nil {
			return err
		}
		for _, s := range file.Stmts {
			def, ok := s.(*syntax.Def)
			if !ok || def.Name.Name == "broken" || def.Name.Name == "unknown" || def.Name.Name == "by_of" {
				continue // core_errors.flow has those that are there to fail
			}
			functions++
			if !regexp.MustCompile(`\b` + def.Name.Name + `\(|` + def.Name.Name + ` as d\b`).MatchString(all.String()) {
				t.Errorf("%s.%s() is called by no program", name, def.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if modules < 12 || functions < 40 {
		t.Errorf("%d modules with %d functions", modules, functions)
	}
	golden(t, "testdata/acceptance.flow", func(t *testing.T, program string) string {
		g, err := Compile(program, Options{Library: testLibrary()})
		if err != nil {
			t.Errorf("%s\n%v", program, err)
			return program
		}
		published := 0
		for _, n := range g.Nodes {
			if _, ok := n.Op.(*graph.Publish); ok {
				published++
			}
		}
		return fmt.Sprintf("%s\n#= %d nodes, %d published", program, len(g.Nodes), published)
	})
}
