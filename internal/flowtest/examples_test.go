package flowtest_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
)

// What an example of language.md is, so that none can be forgotten and none can change without
// its script. Of sections 2, 4, 5 and 10, apart from the counts of section 5.1:
//
//   - a row of a table whose last cell is a result, or that tells one in a sentence;
//   - a line of text that tells a result, and the lines of the same paragraph behind it.
//
// A script names an example by quoting its line behind "# example:", in front of a program that
// shows it, or a part of it. Every number of the line has to be one of these programs, of their
// data or their results, unless it stands behind "# beside:" with the reason.
var (
	sections = regexp.MustCompile(`^(2|4|5|10)\b`)
	counted  = regexp.MustCompile(`^5\.1\b`)
	heading  = regexp.MustCompile(`^#+ ([0-9.]*[0-9])`)
	value    = "(?:-|T|F|all|`|,|/|[a-z]:|\\[|\\]|-?[0-9.]+)"
	result   = regexp.MustCompile(`^(?:` + value + `|;| )+$`)
	tells    = regexp.MustCompile("\\b[Ee]xamples?\\b" + // says so
		"|`\\[(-?[0-9.]+|-)(, |\\])" + "|`\\{\\w+:\\w+" + "|`[XG]\\." + // values, series, the data X and G
		"|\\bgives? [`0-9]" + "|` is [`0-9]" + "|is the [0-9]+th|uses [0-9]+") // in words
	program = regexp.MustCompile(`^[0-9]+ \|`)                             // of section 10
	mark    = regexp.MustCompile(`^(?:[*] |[0-9]+\. |\| )?(.*?)(?: \|)?$`) // of a list or a table
)

// example is a line of the specification.
type example struct {
	section string
	line    int
	text    string // without the mark of a list or a table
}

// examples returns the examples of a specification.
func examples(spec string) (found []example) {
	section, inside := "", false
	lines := strings.Split(spec, "\n")
	for i, line := range lines {
		if m := heading.FindStringSubmatch(line); m != nil {
			section, inside = m[1], false
			continue
		}
		if !sections.MatchString(section) || counted.MatchString(section) {
			continue
		}
		row := strings.HasPrefix(line, "|")
		if line == "" || row || mark.FindStringSubmatch(line)[1] != line {
			inside = false
		}
		if row {
			cells := strings.Split(strings.Trim(line, "| "), "|")
			last := strings.TrimSpace(cells[len(cells)-1])
			if strings.HasPrefix(line, "| ---") || strings.HasPrefix(lines[i+1], "| ---") || !result.MatchString(last) && !tells.MatchString(line) {
				continue
			}
		} else if inside = inside || tells.MatchString(line); !inside {
			continue
		}
		found = append(found, example{section, i + 1, mark.FindStringSubmatch(line)[1]})
	}
	return found
}

// shows is an example with the programs that show it.
type shows struct {
	programs []*flowtest.Case
	bodies   []string  // of the programs and of what stands behind them
	beside   []float64 // numbers that are no part of them
}

// quote adds what a script quotes, whose text is given as well, and tells what it quotes in vain.
func quote(shown map[string]*shows, s *flowtest.Script, text string) (vain []string) {
	lines := strings.Split(text, "\n")
	last := &shows{}
	for i, line := range lines {
		if reason, ok := strings.CutPrefix(line, "# beside: "); ok {
			last.beside = append(last.beside, numbers(reason)...)
		}
		quoted, ok := strings.CutPrefix(line, "# example: ")
		if !ok {
			continue
		}
		at := slices.IndexFunc(s.Cases, func(c *flowtest.Case) bool { return c.Line > i })
		if last = shown[quoted]; last == nil || at < 0 {
			vain = append(vain, s.Name+":"+strconv.Itoa(i+1)+": "+line)
			last = &shows{}
			continue
		}
		c := s.Cases[at]
		end := c.Line
		for end < len(lines) && !strings.HasPrefix(lines[end], "load ") && !strings.HasPrefix(lines[end], "program") {
			end++
		}
		last.programs = append(last.programs, c)
		last.bodies = append(last.bodies, strings.Join(lines[c.Line-1:end], "\n"))
	}
	return vain
}

var (
	number    = regexp.MustCompile(`(?:^|[^\w.])(-?[0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?)(?:[a-z]{1,2}\b|\b)`)
	reference = regexp.MustCompile(`§[0-9.]+|OQ-[0-9]+`)
)

// numbers returns the numbers of a text.
func numbers(text string) (found []float64) {
	text = strings.ReplaceAll(reference.ReplaceAllString(text, ""), ",", " , ")
	for at := number.FindStringSubmatchIndex(text); at != nil; at = number.FindStringSubmatchIndex(text) {
		if x, err := strconv.ParseFloat(text[at[2]:at[3]], 64); err == nil {
			found = append(found, x)
		}
		text = text[at[3]:]
	}
	return found
}

// missing returns the numbers of a text that are not in the programs, their data or what they give.
func (s *shows) missing(text string) (absent []float64) {
	known := slices.Clone(s.beside)
	for _, body := range s.bodies {
		known = append(known, numbers(body)...)
		for field := range strings.FieldsSeq(body) {
			steps, _ := flowtest.ParseSteps(field)
			for _, st := range steps {
				known = append(known, st.Values...)
			}
		}
	}
	for _, c := range s.programs {
		known = append(known, c.Options.Resolution.Seconds())
		for _, p := range c.Load {
			known = append(known, p.Value)
			known = append(known, numbers(p.Series.Dimensions.String())...)
		}
	}
	for _, x := range numbers(program.ReplaceAllString(text, "")) {
		if !slices.ContainsFunc(known, func(y float64) bool { return math.Abs(math.Abs(x)-math.Abs(y)) < 1e-9 }) {
			absent = append(absent, x)
		}
	}
	return absent
}

// TestExamples: every worked example of the specification is a program of a script.
func TestExamples(t *testing.T) {
	spec, err := os.ReadFile(filepath.Join("..", "..", "docs", "spec", "language.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := examples(string(spec))
	shown := map[string]*shows{}
	for _, e := range all {
		shown[e.text] = &shows{}
	}
	cases := 0
	for path, s := range scripts(t) {
		cases += len(s.Cases)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range quote(shown, s, string(text)) {
			t.Errorf("no example of language.md reads so, or no program stands behind it: %s", line)
		}
	}
	have, programs, reasons := 0, 0, 0
	for _, e := range all {
		s := shown[e.text]
		if len(s.beside) > 0 {
			reasons++
		}
		switch absent := s.missing(e.text); {
		case len(s.programs) == 0:
			t.Errorf("language.md:%d: no script shows the example of section %s: %s", e.line, e.section, e.text)
		case len(absent) > 0:
			t.Errorf("language.md:%d: %v of the example are not in its programs: %s", e.line, absent, e.text)
		default:
			have++
			if program.MatchString(e.text) && e.section == "10" {
				programs++
			}
		}
	}
	t.Logf("worked examples %d of %d, reference programs %d of 12; %d programs of scripts; %d examples tell numbers beside their results, each with its reason in the script",
		have, len(all), programs, cases, reasons)
	t.Log("left out: section 5.1, which counts what programs in use hold, and computes nothing")
	if programs != 12 {
		t.Errorf("%d reference programs, not 12", programs)
	}
}
