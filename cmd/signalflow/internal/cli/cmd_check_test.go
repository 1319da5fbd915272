package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// check runs the command on paths and returns what it prints.
func check(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	code = a.main(t.Context(), append([]string{"check"}, args...))
	return code, out.String(), errs.String()
}

type checkOutput struct {
	Summary     jsonSummary
	Diagnostics []jsonDiagnostic
}

// A collection of detectors in Terraform, each with one wrong token in one of the places
// that a token can have. What is found is where a search of the text finds the token.
func TestCheckFindsTokens(t *testing.T) {
	folder := t.TempDir()
	tokens := map[string]string{} // by file
	random := rand.New(rand.NewPCG(4, 2))
	const variables = `variable "environment" { type = string }
variable "limit" {
  type    = number
  default = 90
}
variable "transformation" {
  type    = string
  default = ".min(over='15m')"
}
locals {
  by     = "by=['host', 'zone']"
  filter = "filter('env', '${var.environment}') and not filter('stage', 'dev*')"
}
`
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("variables.tf", variables)
	for i := range 200 {
		token := fmt.Sprintf("zq%dzq", i)
		name := fmt.Sprintf("detector%03d.tf", i)
		tokens[filepath.Join(folder, name)] = token
		put(name, plant(i, token, random))
	}
	code, stdout, stderr := check(t, "-o", "json", folder)
	var out checkOutput
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if code != exitProgram || out.Summary.Programs != 200 || out.Summary.Files != 201 {
		t.Errorf("ends with %d: %s", code, stderr)
	}
	for _, d := range out.Diagnostics {
		token, ok := tokens[d.File]
		if !ok {
			t.Errorf("%s is found once more: %+v", d.File, d)
			continue
		}
		delete(tokens, d.File)
		text, _ := os.ReadFile(d.File)
		at := bytes.Index(text, []byte(token))
		line := 1 + bytes.Count(text[:at], []byte("\n"))
		column := 1 + utf8.RuneCount(text[1+bytes.LastIndexByte(text[:at], '\n'):at])
		if d.Line != line || d.Column != column || d.EndLine != line || d.EndColumn != column+len(token) {
			t.Errorf("%s: %q is found at %d:%d to %d:%d (%s), but stands at %d:%d in\n%s",
				d.File, token, d.Line, d.Column, d.EndLine, d.EndColumn, d.Message, line, column, text)
		}
	}
	for file, token := range tokens {
		t.Errorf("%s: %s is not found", file, token)
	}
}

// plant returns a detector in Terraform with a wrong token.
func plant(i int, token string, random *rand.Rand) string {
	wrong := []string{
		"x = " + token + "('é', 5)\nx.publish('x')",                                      // a function
		"data('ü', filter=${local.filter})." + token + "().publish('y')",                 // a method
		"data('m', ${local.filter}, " + token + "='1m').publish('z')",                    // an argument
		"data('m').scale(" + token + ").publish('a')",                                    // a name
		token + " = data('m', ${local.filter})${var.transformation}",                     // an unused variable
		"data('m')${var.transformation}.mean(${local.by})." + token + "(5).publish('b')", // behind interpolations
		"if True:\n    # é ${var.limit}\n    data('m').fill('ä' + " + token + ").publish('c')",
		"data('$${b} %%{c} é').sum(by='$${d}')." + token + ".publish('d')", // behind escapes
	}[i%8]
	var lines []string
	lines = append(lines, "cpu = data('cpu', filter=${local.filter}).mean(${local.by})${var.transformation}.publish('cpu')")
	for range random.IntN(6) {
		lines = append(lines, "data('metric.${var.environment}.ß').percentile(pct=99, ${local.by}).publish('p')", "", "  # a comment, \"quoted\" $${x}")
	}
	lines = append(lines, strings.Split(wrong, "\n")...)
	lines = append(lines, "detect(when(cpu > ${var.limit}, lasting='%{ if var.limit > 5 }15m%{ else }5m%{ endif }')).publish('high')")
	rule := "  rule {\n    detect_label = \"high\"\n    severity     = \"Critical\"\n  }\n"
	resource := fmt.Sprintf("resource \"signalfx_detector\" \"d%d\" {\n  name = \"é\"\n", i)
	text := strings.Join(lines, "\n")
	switch i / 8 % 4 {
	case 0: // a heredoc with its indentation
		indent := strings.Repeat(" ", 4+2*random.IntN(3))
		text = "<<-EOF\n" + indent + strings.ReplaceAll(text, "\n", "\n"+indent) + "\n  EOF"
	case 1:
		text = "<<EOF\n" + text + "\nEOF"
	case 2: // in quotes
		text = `"` + strings.NewReplacer("\n", `\n`, `"`, `\"`).Replace(text) + `"`
	default: // elsewhere
		resource = fmt.Sprintf("locals {\n  text%d = <<-EOT\n\t\t%s\n\tEOT\n}\n%s", i, strings.ReplaceAll(text, "\n", "\n\t\t"), resource)
		text = fmt.Sprintf("trimspace(local.text%d)", i)
	}
	return resource + "  program_text = " + text + "\n" + rule + "}\n"
}

// SARIF names a file by a URI.
func TestFileURI(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.tf": "a/b.tf", "a b/ü.tf": "a%20b/%C3%BC.tf", "/x/a.tf": "file:///x/a.tf", "<stdin>": "%3Cstdin%3E", "a:b.flow": "./a:b.flow",
	} {
		if got := fileURI(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// A fix inside of another one waits for the next time.
func TestFixesDoNotOverlap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.flow")
	if err := os.WriteFile(path, []byte("s = data('m')\n(s.stream('a') < 2 < 5).publish()\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"s = data('m')\n(s.stream('a') < 2 and 2 < 5).publish()\n",
		"s = data('m')\n(s.publish('a') < 2 and 2 < 5).publish()\n",
	} {
		check(t, "--fix", path)
		if got, _ := os.ReadFile(path); string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// The reference mentions every flag of check.
func TestCheckIsInReference(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "\n## signalflow check\n")
	part, _, _ = strings.Cut(part, "\n## ")
	(&app{}).checkCommand().Flags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(part, "--"+f.Name) {
			t.Errorf("docs/cli.md does not mention --%s of check", f.Name)
		}
	})
	for _, format := range checkOutputs {
		if !strings.Contains(part, "`"+format+"`") {
			t.Errorf("docs/cli.md does not mention the format %s of check", format)
		}
	}
}

// BenchmarkCheck checks 5,000 programs of 300 to 3,000 characters in files of their own, on
// one processor; a turn of it is all of them.
func BenchmarkCheck(b *testing.B) {
	const programs = 5000
	folder := b.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	size := 0
	for i := range programs {
		text := realistic(random, 300+random.IntN(2700))
		size += len(text)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("p%04d.flow", i)), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for b.Loop() {
		code, stdout, stderr := check(b, folder)
		if code != exitOK || !strings.Contains(stderr, "5000 programs in 5000 files: 0 errors, 0 warnings") {
			b.Fatalf("%s%s", stdout, stderr)
		}
	}
	b.ReportMetric(float64(size)/programs, "chars/program")
	b.ReportMetric(float64(b.N*programs)/b.Elapsed().Seconds(), "programs/s")
}

// realistic returns a detector program of about a length, of parts that people write.
func realistic(random *rand.Rand, length int) string {
	var b strings.Builder
	for n := 0; b.Len() < length; n++ {
		limit := 50 + random.IntN(40)
		fmt.Fprintf(&b, "# part %d: what is used of what is there, by host\n", n)
		fmt.Fprintf(&b, "used%d = data('memory.used.%d.%d', filter=filter('env', 'prod') and not filter('host', 'test-*'), rollup='average', extrapolation='zero').mean(by=['host', 'zone'])\n", n, n, random.IntN(100))
		fmt.Fprintf(&b, "total%d = data('memory.total', filter=filter('env', 'prod')).mean(by=['host', 'zone'])\n", n)
		fmt.Fprintf(&b, "ratio%d = (used%d / total%d).scale(100).min(over='15m').publish('ratio %d')\n", n, n, n, n)
		fmt.Fprintf(&b, "detect(when(ratio%d > %d, lasting='15m', at_least=0.9)).publish('CRIT %d')\n", n, limit+5, n)
		fmt.Fprintf(&b, "detect(when(ratio%d > %d, lasting='15m') and (not when(ratio%d > %d, lasting='15m'))).publish('MAJ %d')\n", n, limit, n, limit+5, n)
	}
	return b.String()
}
