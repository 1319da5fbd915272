package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The reference mentions every flag of fmt and explain, and its examples are what the
// commands print.
func TestReferenceOfFmtAndExplain(t *testing.T) {
	content, err := os.ReadFile("../../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	part := func(name string) string {
		_, after, ok := strings.Cut(string(content), "\n## signalflow "+name+"\n")
		if !ok {
			t.Fatalf("docs/cli.md has no part about %s", name)
		}
		text, _, _ := strings.Cut(after, "\n## ")
		return text
	}
	a := &app{}
	for name, command := range map[string]*cobra.Command{"fmt": a.fmtCommand(), "explain": a.explainCommand()} {
		text := part(name)
		command.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(text, "--"+f.Name) {
				t.Errorf("docs/cli.md does not mention --%s of %s", f.Name, name)
			}
		})
	}

	_, example, _ := strings.Cut(part("explain"), "```\n$ signalflow explain \"")
	program, want, _ := strings.Cut(example, "\"\n")
	want, _, _ = strings.Cut(want, "```\n")
	if code, got, errs := runApp(t, "explain", program); code != exitOK || got != want || errs != "" {
		t.Errorf("explain ends with %d %q and prints\n%s\nwant\n%s", code, errs, got, want)
	}

	_, example, _ = strings.Cut(part("fmt"), "```hcl\n")
	example, _, _ = strings.Cut(example, "```\n")
	file := &fileToFormat{name: "a.tf", stdin: true, text: "resource \"signalfx_detector\" \"a\" {\n" + example + "}\n"}
	findPrograms([]*fileToFormat{file})
	if got, mistakes := file.format(); got != file.text || len(file.programs) != 1 || mistakes != nil {
		t.Errorf("the example of Terraform is formatted as\n%s%v", got, mistakes)
	}
}

// runApp runs the command without standard input and environment.
func runApp(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	code = a.main(t.Context(), args)
	return code, out.String(), errs.String()
}
