package lint

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/eval"
)

var (
	section = regexp.MustCompile(`(?m)^### ([a-z-]+) \((error|warning|info)\)$`)
	fenced  = regexp.MustCompile("(?s)```signalflow\n(.*?)```")
)

// docs/rules.md has a part for each rule, in the order of Rules, with its severity and two
// programs: one that breaks the rule, and nothing graver, and one that keeps all of them.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	heads := section.FindAllStringSubmatchIndex(doc, -1)
	if len(heads) != len(Rules) {
		t.Fatalf("%d parts for %d rules", len(heads), len(Rules))
	}
	for i, rule := range Rules {
		end := len(doc)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		name, severity, text := doc[heads[i][2]:heads[i][3]], doc[heads[i][4]:heads[i][5]], doc[heads[i][1]:end]
		if name != rule.Name || severity != rule.Severity.String() {
			t.Errorf("part %d is of %s (%s), want %s (%s)", i+1, name, severity, rule.Name, rule.Severity)
			continue
		}
		programs := fenced.FindAllStringSubmatch(text, -1)
		if rule.Name == "file" {
			continue // it is about no program; the command tests it
		}
		if len(programs) != 2 {
			t.Errorf("%s: %d programs, want one that breaks the rule and one that keeps it", rule.Name, len(programs))
			continue
		}
		t.Run(rule.Name, func(t *testing.T) {
			if got := found(programs[0][1]); !strings.HasPrefix(got, rule.Name) || strings.Contains(got, " ") {
				t.Errorf("the first program breaks %q", got)
			}
			if got := found(programs[1][1]); got != "" {
				t.Errorf("the second program breaks %q", got)
			}
		})
	}
}

// found returns the rules that a program of the document breaks.
func found(text string) string {
	seen := map[string]bool{}
	var rules []string
	for _, f := range Check(program(text), Options{}) {
		if !seen[f.Rule] {
			seen[f.Rule] = true
			rules = append(rules, f.Rule)
		}
	}
	return strings.Join(rules, " ")
}

// Every rule that the compiler warns by can be switched off and looked up.
func TestRulesOfTheCompiler(t *testing.T) {
	for _, rule := range eval.Rules {
		if severities[rule] != Warning {
			t.Errorf("the rule %s is not listed as one of warnings", rule)
		}
	}
}
